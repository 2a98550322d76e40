/**
 * One wake-up: reads what is needed, and no more.
 *
 * The fast signals are read each time; the slow ones once a second, after a gap, and when the wall clock has moved against the monotonic
 * one, which is how a suspend shows at once though the monotonic clock did not count it. Clocks are read last, the monotonic one at the very
 * end: a pause while reading makes this wake-up late, and then it is read again with everything.
 */
import type { ClockPort } from '../core/index.ts';
import { PAUSE_COUNTERS, SUSPEND_MS_MIN } from '../pause/index.ts';
import type { PauseSources, ReadingDraft } from './pause-sources.ts';
import type { CountersDraft } from './procfs-counters.ts';

/** How often slow signals are read, in ms. */
export const SLOW_EVERY_MS = 1000;

/** After the start they are read sooner and then twice as late each time: a rate must be known before the first gap. */
const SLOW_EVERY_MS_FIRST = 50;

/**
 * The switches of the whole system tell a stopped process from a stopped machine, but only those within the gap. So they are read at every
 * fourth wake-up of the default interval, when files are read anyway; those that came before the gap would else be up to a second's.
 * Twice as often costs a fifth more in an idle process, and leaves fewer stops of a few tenths of a second open on a busy machine.
 */
const SYSTEM_EVERY_MS = 190;

/** Whoever was held while reading does not know whether the totals are of before or after. */
const SYSTEM_READ_MS_MAX = 5;

/** A coarser boot clock would look like suspends of up to its step. */
const BOOT_STEP_MS_MAX = 10;

/**
 * Without /proc a whole second of uptime cannot be told from a clock of whole seconds: one reading in a hundred counts as coarse. After this
 * many in a row the clock is.
 */
const COARSE_READINGS_MAX = 3;

/** At the start that must be known at once: this many readings take longer than the 10 ms until the next hundredth. */
const FIRST_READINGS_MAX = 10_000;

/** A wake-up that is late by no more of the threshold than this hardly waited for a processor: Node's timers count whole milliseconds. */
const PROMPT_SHARE = 0.04;

/** What was found at one wake-up; filled in place, and valid until the second wake-up after it. */
export interface Sample {
  readonly reading: ReadingDraft;
  /** How late it came; less than 0 when it was early. */
  lateMs: number;
  isLate: boolean;
  /** The slow signals were read as well. */
  isSlow: boolean;
}

/** Reads at wake-ups. */
export class PauseSampler {
  readonly #port: ClockPort;
  readonly #sources: PauseSources;
  readonly #intervalMs: number;
  readonly #thresholdMs: number;
  readonly #stepMs: number;
  #current: Sample = emptySample();
  #next: Sample = emptySample();
  #lastMs: number;
  #slowEveryMs: number = SLOW_EVERY_MS_FIRST;
  #slowDueMs: number;
  readonly #system: CountersDraft = {};
  #systemAtMs = NaN;
  #systemDueMs: number;
  #hasReadFiles = false;
  #wallAheadMs = NaN;
  #bootAheadMs = NaN;
  #coarseReadings = 0;

  constructor(
    rim: { readonly port: ClockPort; readonly sources: PauseSources },
    limits: { readonly intervalMs: number; readonly thresholdMs: number; readonly clockStepMs: number },
  ) {
    this.#port = rim.port;
    this.#sources = rim.sources;
    this.#intervalMs = limits.intervalMs;
    this.#thresholdMs = limits.thresholdMs;
    this.#stepMs = limits.clockStepMs;
    this.#lastMs = this.#port.monotonicMs();
    this.#slowDueMs = this.#lastMs;
    this.#systemDueMs = this.#lastMs;
    for (let reading = 0; reading < FIRST_READINGS_MAX && this.#readBootMs() === undefined; reading += 1);
  }

  /** Whether there is a clock apart from the monotonic one that counts suspend, fine enough to tell. */
  get hasBootClock(): boolean {
    return !this.#port.monotonicCountsSuspend && this.readsBootTime;
  }

  /** Whether boot time is read: where the monotonic clock counts suspend they are the same. */
  get readsBootTime(): boolean {
    return this.#port.monotonicCountsSuspend || this.#coarseReadings < COARSE_READINGS_MAX;
  }

  /** How long this process has not run that no wake-up has seen yet: the next one is overdue, or boot time ran ahead. In ms. */
  unseenMs(): number {
    const overdueMs = this.#port.monotonicMs() - this.#lastMs - this.#intervalMs;
    return this.#counted(overdueMs) + this.#counted(this.#suspendedMs());
  }

  /** The wake-up now; the last one reads everything. */
  take(isLast = false): Sample {
    const beganMs = this.#port.monotonicMs();
    const sample = this.#next;
    this.#next = this.#current;
    this.#current = sample;
    const isSlow = isLast || this.#isLate(beganMs) || beganMs >= this.#slowDueMs || this.#wallMoved(beganMs);
    this.#read(sample, isSlow ? 'everything' : this.#isPrompt(beganMs) ? 'what-grew' : 'fast');
    // The process paused while reading: now it is late, and what tells why was not read, or before the pause.
    if (!this.#isLate(beganMs) && this.#isLate(sample.reading.monotonicMs)) this.#read(sample, 'everything');
    const { monotonicMs } = sample.reading;
    const dueMs = this.#lastMs + this.#intervalMs;
    sample.reading.dueMs = dueMs;
    sample.lateMs = monotonicMs - dueMs;
    sample.reading.isCutShort = isLast;
    sample.isLate = sample.lateMs >= this.#thresholdMs;
    this.#lastMs = monotonicMs;
    if (!sample.isSlow && this.#hasReadFiles && monotonicMs >= this.#systemDueMs) this.#readSystem(monotonicMs);
    return sample;
  }

  /** For the next wake-up, if that is late. */
  #readSystem(atMs: number): void {
    this.#sources.enterSystem(this.#system);
    this.#systemDueMs = atMs + SYSTEM_EVERY_MS;
    const hasRead = this.#system.systemSwitchCount !== undefined;
    this.#systemAtMs = hasRead && this.#port.monotonicMs() - atMs <= SYSTEM_READ_MS_MAX ? atMs : NaN;
  }

  #counted(lostMs: number): number {
    return lostMs >= this.#thresholdMs ? lostMs : 0;
  }

  #suspendedMs(): number {
    if (!this.hasBootClock) return 0;
    const bootMs = this.#readBootMs();
    const aheadMs = bootMs === undefined ? 0 : bootMs - this.#port.monotonicMs() - this.#bootAheadMs;
    return aheadMs >= SUSPEND_MS_MIN ? aheadMs : 0;
  }

  #isLate(nowMs: number): boolean {
    return nowMs - this.#lastMs - this.#intervalMs >= 0.9 * this.#thresholdMs;
  }

  #isPrompt(nowMs: number): boolean {
    return nowMs - this.#lastMs - this.#intervalMs <= PROMPT_SHARE * this.#thresholdMs;
  }

  #wallMoved(nowMs: number): boolean {
    const movedMs = this.#port.wallMs() - nowMs - this.#wallAheadMs;
    return Math.abs(movedMs) >= this.#stepMs / 2;
  }

  #read(sample: Sample, what: 'everything' | 'fast' | 'what-grew'): void {
    const { reading } = sample;
    const port = this.#port;
    const isSlow = what === 'everything';
    if (sample.isSlow) clear(reading);
    sample.isSlow = isSlow;
    this.#hasReadFiles = this.#sources.enterFast(reading.counters, what === 'what-grew');
    if (isSlow) this.#readSlow(reading);
    const beganMs = port.monotonicMs();
    reading.bootMs = isSlow ? this.#readBootMs() : undefined;
    reading.wallMs = port.wallMs();
    reading.monotonicMs = port.monotonicMs();
    reading.readSpanMs = reading.monotonicMs - beganMs;
    this.#wallAheadMs = reading.wallMs - reading.monotonicMs;
    if (reading.bootMs !== undefined) this.#bootAheadMs = reading.bootMs - reading.monotonicMs;
  }

  /** `undefined` where it is too coarse to tell, at least this time. */
  #readBootMs(): number | undefined {
    const bootMs = this.#port.bootMs();
    // How coarse it is shows in the reading.
    const isCoarse = !this.#port.monotonicCountsSuspend && this.#port.granularity.bootMs > BOOT_STEP_MS_MAX;
    this.#coarseReadings = isCoarse ? this.#coarseReadings + 1 : 0;
    return isCoarse ? undefined : bootMs;
  }

  #readSlow(reading: ReadingDraft): void {
    const atMs = this.#port.monotonicMs();
    if (!Number.isNaN(this.#systemAtMs)) {
      reading.earlier = { monotonicMs: this.#systemAtMs, counters: { ...this.#system } };
      this.#systemAtMs = NaN;
    }
    this.#systemDueMs = atMs + SYSTEM_EVERY_MS;
    this.#sources.enterSlow(reading, { atMs, isLate: this.#isLate(atMs) });
    this.#slowDueMs = atMs + this.#slowEveryMs;
    this.#slowEveryMs = Math.min(SLOW_EVERY_MS, 2 * this.#slowEveryMs);
  }
}

function emptySample(): Sample {
  const reading: ReadingDraft = { monotonicMs: 0, counters: {} };
  clear(reading);
  return { reading, lateMs: 0, isLate: false, isSlow: false };
}

/** What was read at an earlier wake-up is not of this one: a total that is entered twice would have stood still. */
function clear(reading: ReadingDraft): void {
  for (const name of PAUSE_COUNTERS) reading.counters[name] = undefined;
  reading.earlier = undefined;
  reading.processorCount = undefined;
  reading.traced = undefined;
  reading.vmMarker = undefined;
  reading.vmGeneration = undefined;
}
