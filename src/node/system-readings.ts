/**
 * The machine's context switches, read between the slow looks.
 *
 * They tell a stopped process from a stopped machine, but only those within the gap: what the machine switched before it must be known, up to a
 * moment shortly before and at the rate of that moment. So /proc/stat is read every few wake-ups, and at each wake-up while the machine is
 * busier than it was: a burst that is over must not pass for what is usual. What bursts between the last reading and the gap is not seen.
 */
import type { ClockPort } from '../core/index.ts';
import type { EarlierReading } from '../pause/index.ts';
import type { PauseSources } from './pause-sources.ts';
import type { CountersDraft } from './procfs-counters.ts';

/**
 * At every fourth wake-up of the default interval; what came before a gap would else be up to a second's. Twice as often costs a fifth more in an
 * idle process.
 */
const CALM_EVERY_MS = 190;

/** Whoever was held while reading does not know whether the totals are of before or after. */
const READ_MS_MAX = 5;

/** A machine that switches this many times as often as it lately did is busy with something. */
const BUSY_RATIO = 2;

/** What is calm is learnt anew: a machine that stays busier counts as calm after some readings. */
const CALM_GROWTH = 1.1;

/** Per ms: no machine is calmer, whatever one reading was. */
const CALM_RATE_MIN = 0.05;

/** Reads when it is due, and keeps the last two readings. */
export class SystemReadings {
  readonly #port: ClockPort;
  readonly #sources: PauseSources;
  #kept: EarlierReading[] = [];
  #lastCount: number | undefined;
  #lastMs = NaN;
  #calmRate = Infinity;
  #isBusy = false;
  #dueMs: number;

  constructor(rim: { readonly port: ClockPort; readonly sources: PauseSources }) {
    this.#port = rim.port;
    this.#sources = rim.sources;
    this.#dueMs = rim.port.monotonicMs();
  }

  /** The machine is busier than it was: the next wake-up shall read, whatever the process does. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Whether to read at a wake-up in time: for the next one, if that is late. */
  isDue(atMs: number): boolean {
    return this.#isBusy || atMs >= this.#dueMs;
  }

  read(atMs: number): void {
    const counters: CountersDraft = {};
    this.#sources.enterSystem(counters);
    this.#note(counters.systemSwitchCount, atMs);
    if (counters.systemSwitchCount === undefined) return;
    if (this.#port.monotonicMs() - atMs > READ_MS_MAX) return;
    this.#kept = [...this.#kept.slice(-1).map(switchesOnly), { monotonicMs: atMs, counters }];
  }

  /** What was read since the last slow look, oldest first. */
  take(): readonly EarlierReading[] {
    const kept = this.#kept;
    this.#kept = [];
    return kept;
  }

  /** A slow look has read the same file. The rate of a gap is not usual, and the next wake-up reads. */
  slowLook(count: number | undefined, look: { readonly atMs: number; readonly isLate: boolean }): void {
    if (look.isLate) this.#lastCount = undefined;
    this.#note(count, look.atMs);
    if (look.isLate) this.#isBusy = count !== undefined;
  }

  #note(count: number | undefined, atMs: number): void {
    const rate = ((count ?? NaN) - (this.#lastCount ?? NaN)) / (atMs - this.#lastMs);
    this.#lastCount = count;
    this.#lastMs = atMs;
    this.#dueMs = atMs + CALM_EVERY_MS;
    this.#isBusy = rate > BUSY_RATIO * this.#calmRate;
    if (rate >= 0) this.#calmRate = Math.max(CALM_RATE_MIN, Math.min(rate, CALM_GROWTH * this.#calmRate));
  }
}

/** The older of two readings is there for the rate of switches. Stolen time comes in ticks of 10 ms: so short a time would tell a wild rate of it. */
function switchesOnly({ monotonicMs, counters }: EarlierReading): EarlierReading {
  return { monotonicMs, counters: { systemSwitchCount: counters.systemSwitchCount } };
}
