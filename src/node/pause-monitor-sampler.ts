/**
 * One wake-up: reads what is needed, and no more.
 *
 * The fast signals are read unless the thread slept from the last wake-up to this one; the slow ones once a second, after a gap, and when the
 * wall clock has moved against the monotonic one, which is how a suspend shows at once though the monotonic clock did not count it. Clocks are
 * read last, the monotonic one at the very end: a pause while reading makes this wake-up late, and then it is read again with everything.
 */
import type { ClockPort } from '../core/index.ts';
import { PAUSE_COUNTERS, SUSPEND_MS_MIN } from '../pause/index.ts';
import type { PauseSources, ReadingDraft } from './pause-sources.ts';
import { SystemReadings } from './system-readings.ts';

/** How often slow signals are read, in ms. */
export const SLOW_EVERY_MS = 1000;

/** After the start they are read sooner and then twice as late each time: a rate must be known before the first gap. */
const SLOW_EVERY_MS_FIRST = 50;

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

/** A wake-up of a process with nothing else to do takes less, also on a slow machine. */
const AWAKE_MS_MAX = 1;

/** What the thread did and is not read must not add up: no more than this share of the threshold, and no more than so many ms. */
const UNREAD_SHARE_MAX = 0.06;
export const UNREAD_MS_MAX = 3;

/** Nor must what it may have waited for a processor at prompt wake-ups. */
const WAIT_SHARE_MAX = 0.12;

/** After so many wake-ups in a row between which the thread slept it is at rest: a second, at the default interval. */
const RESTING_WAKE_UPS = 20;

/** What `enterFast` enters of the thread. */
const FAST_COUNTERS = ['eluActiveMs', 'eluIdleMs', 'threadCpuMs', 'runMs', 'waitMs'] as const;

/** What was found at one wake-up; filled in place, and valid until the next wake-up but one. After a rest the last one is brought up to date. */
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
  #beganMs: number;
  #slowEveryMs: number = SLOW_EVERY_MS_FIRST;
  #slowDueMs: number;
  readonly #system: SystemReadings;
  /** What a rest may have left out since the last reading. */
  #unreadMs = 0;
  #waitedMs = 0;
  #sleptWakeUps = 0;
  #wallAheadMs = NaN;
  #bootAheadMs = NaN;
  #coarseReadings = 0;

  constructor(
    rim: { readonly port: ClockPort; readonly sources: PauseSources },
    limits: { readonly intervalMs: number; readonly thresholdMs: number; readonly clockStepMs: number },
  ) {
    this.#port = rim.port;
    this.#sources = rim.sources;
    this.#system = new SystemReadings(rim);
    this.#intervalMs = limits.intervalMs;
    this.#thresholdMs = limits.thresholdMs;
    this.#stepMs = limits.clockStepMs;
    this.#lastMs = this.#port.monotonicMs();
    this.#beganMs = this.#lastMs;
    this.#slowDueMs = this.#lastMs;
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

  /** Whether the thread has slept from wake-up to wake-up for a while. */
  get isResting(): boolean {
    return this.#sleptWakeUps >= RESTING_WAKE_UPS;
  }

  /** How long this process has not run that no wake-up has seen yet: the next one is overdue, or boot time ran ahead. In ms. */
  unseenMs(): number {
    const overdueMs = this.#port.monotonicMs() - this.#lastMs - this.#intervalMs;
    return this.#counted(overdueMs) + this.#counted(this.#suspendedMs());
  }

  /** A wake-up begins, before anything is read; returns how late it is, in ms, less than 0 when it is early. */
  begin(): number {
    this.#beganMs = this.#port.monotonicMs();
    return this.#beganMs - (this.#lastMs + this.#intervalMs);
  }

  /** What is read at the wake-up that has begun; the last one reads everything. */
  take(isLast = false): Sample {
    const port = this.#port;
    const beganMs = this.#beganMs;
    const awakeMs = this.#sources.awakeMs(beganMs);
    const hasSlept = awakeMs < AWAKE_MS_MAX && this.#isPrompt(beganMs);
    this.#sleptWakeUps = hasSlept ? this.#sleptWakeUps + 1 : 0;
    const wallMs = port.wallMs();
    const movedMs = wallMs - beganMs - this.#wallAheadMs;
    const hasMoved = Math.abs(movedMs) >= this.#stepMs / 2;
    const isSlow = isLast || hasMoved || beganMs >= this.#slowDueMs || this.#isLate(beganMs);
    if (hasSlept && !isSlow && this.#mayRest(awakeMs)) {
      const endedMs = port.monotonicMs();
      if (this.#isPrompt(endedMs)) return this.#rest(awakeMs, { beganMs, wallMs, endedMs });
    }
    return this.#look(isSlow, isLast);
  }

  #mayRest(awakeMs: number): boolean {
    if (this.#system.isBusy) return false;
    const waitedMs = this.#waitedMs + Math.max(0, this.#beganMs - this.#lastMs - this.#intervalMs);
    if (waitedMs > WAIT_SHARE_MAX * this.#thresholdMs) return false;
    return this.#unreadMs + awakeMs <= Math.min(UNREAD_MS_MAX, UNREAD_SHARE_MAX * this.#thresholdMs);
  }

  /** The thread slept, and its totals are those of the last wake-up: what it was awake is laid to what comes next. */
  #rest(
    awakeMs: number,
    read: { readonly beganMs: number; readonly wallMs: number; readonly endedMs: number },
  ): Sample {
    const { beganMs, wallMs, endedMs } = read;
    if (this.#current.isSlow) this.#copyFast();
    const sample = this.#current;
    const { reading } = sample;
    const { counters } = reading;
    counters.processCpuMs = this.#sources.processCpuMs();
    if (counters.eluIdleMs !== undefined) counters.eluIdleMs += endedMs - this.#lastMs - awakeMs;
    reading.monotonicMs = endedMs;
    reading.wallMs = wallMs;
    reading.readSpanMs = endedMs - beganMs;
    this.#wallAheadMs = wallMs - endedMs;
    this.#unreadMs += awakeMs;
    this.#waitedMs += Math.max(0, beganMs - this.#lastMs - this.#intervalMs);
    this.#time(sample);
    if (this.#system.isDue(endedMs)) this.#system.read(endedMs);
    return sample;
  }

  /**
   * Only what the detector has not been given can be brought up to date. What was read with everything it has been given: of that the totals of
   * the thread are what they were, and a slow total that is entered twice would have stood still.
   */
  #copyFast(): void {
    const { counters } = this.#current.reading;
    const sample = this.#swapped();
    clear(sample.reading);
    sample.isSlow = false;
    sample.reading.isCutShort = false;
    sample.reading.bootMs = undefined;
    for (const name of FAST_COUNTERS) sample.reading.counters[name] = counters[name];
  }

  #swapped(): Sample {
    const sample = this.#next;
    this.#next = this.#current;
    this.#current = sample;
    return sample;
  }

  #look(isSlow: boolean, isLast: boolean): Sample {
    const sample = this.#swapped();
    this.#unreadMs = 0;
    this.#waitedMs = 0;
    this.#read(sample, isSlow);
    // The process paused while reading: now it is late, and what tells why was not read, or before the pause.
    if (!this.#isLate(this.#beganMs) && this.#isLate(sample.reading.monotonicMs)) this.#read(sample, true);
    sample.reading.isCutShort = isLast;
    this.#time(sample);
    if (sample.isSlow) sample.reading.earlier = this.#system.take();
    else if (this.#system.isDue(this.#lastMs)) this.#system.read(this.#lastMs);
    return sample;
  }

  #time(sample: Sample): void {
    const { monotonicMs } = sample.reading;
    const dueMs = this.#lastMs + this.#intervalMs;
    sample.reading.dueMs = dueMs;
    sample.lateMs = monotonicMs - dueMs;
    sample.isLate = sample.lateMs >= this.#thresholdMs;
    this.#lastMs = monotonicMs;
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

  #read(sample: Sample, isSlow: boolean): void {
    const { reading } = sample;
    const port = this.#port;
    if (sample.isSlow) clear(reading);
    sample.isSlow = isSlow;
    this.#sources.enterFast(reading.counters);
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
    const look = { atMs, isLate: this.#isLate(atMs) };
    this.#sources.enterSlow(reading, look);
    this.#system.slowLook(reading.counters.systemSwitchCount, look);
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
