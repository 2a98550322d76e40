/**
 * What is kept of wake-ups: how late they were, in two native histograms, and the lengths of pauses for `suggestLeaseTtl`.
 *
 * A process that samples itself takes one sample of a long pause in which it would have taken many (coordinated omission; Gil Tene, "How
 * NOT to Measure Latency", 2013). The corrected histogram has those as well: a pause of length g adds g - T, g - 2T and so on. They say
 * what somebody who called at random saw; the raw one says how often the process was late.
 */
import { createHistogram, type Histogram, type RecordableHistogram } from 'node:perf_hooks';
import { betweenMs, type JoinablePause, type PauseTail } from '../pause/index.ts';

/** Samples added for one pause at the most; of a longer one every n-th is left out. */
export const CORRECTION_SAMPLES_MAX = 1000;

/** An hour: a longer pause is counted as one of an hour. */
const HIGHEST_NS = 3.6e12;

const NS_PER_MS = 1e6;

/** Wake-ups kept until they are entered: those of a second, at the default interval. */
const PENDING_MAX = 20;

/** Values in nanoseconds, as `monitorEventLoopDelay` has them. Reading either brings both up to date; one that is kept lags up to 20 wake-ups that were in time. */
export interface PauseHistograms {
  /** How late each wake-up was. */
  readonly raw: Histogram;
  /** The same, with the samples that long pauses prevented. */
  readonly corrected: Histogram;
}

/**
 * Records how late wake-ups were.
 *
 * They are entered many at once: in an idle process two calls into native code cost more than the whole rest of writing a number down.
 */
export class LatenessRecorder implements PauseHistograms {
  readonly #raw: RecordableHistogram = createHistogram({ lowest: 1, highest: HIGHEST_NS, figures: 2 });
  readonly #corrected: RecordableHistogram = createHistogram({ lowest: 1, highest: HIGHEST_NS, figures: 2 });
  readonly #intervalMs: number;
  readonly #pendingMs = new Float64Array(PENDING_MAX);
  #pendingCount = 0;

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  get raw(): Histogram {
    this.#enter();
    return this.#raw;
  }

  get corrected(): Histogram {
    this.#enter();
    return this.#corrected;
  }

  /** Records one wake-up; a pause at once, for whoever keeps a histogram. */
  record(lateMs: number, when: 'now' | 'soon' = 'soon'): void {
    this.#pendingMs[this.#pendingCount] = lateMs;
    this.#pendingCount += 1;
    if (when === 'now' || this.#pendingCount === PENDING_MAX) this.#enter();
  }

  #enter(): void {
    for (let index = 0; index < this.#pendingCount; index += 1) {
      const lateMs = this.#pendingMs[index] ?? 0;
      const lateNs = nanoseconds(lateMs);
      this.#raw.record(lateNs);
      this.#corrected.record(lateNs);
      if (lateMs > this.#intervalMs) this.#correct(lateMs);
    }
    this.#pendingCount = 0;
  }

  #correct(lateMs: number): void {
    const missed = Math.floor(lateMs / this.#intervalMs);
    const stride = Math.max(1, Math.ceil(missed / CORRECTION_SAMPLES_MAX)) * this.#intervalMs;
    for (let restMs = lateMs - stride; restMs > 0; restMs -= stride) this.#corrected.record(nanoseconds(restMs));
  }
}

/** At least a nanosecond: the histogram knows no 0. */
function nanoseconds(lateMs: number): number {
  return Math.min(HIGHEST_NS, Math.max(1, Math.round(lateMs * NS_PER_MS)));
}

/** Buckets for each doubling of the length: a length is known to 1/16. */
const BUCKETS_PER_OCTAVE = 16;

/** From 2^-1 ms to 2^37 ms: more than the longest duration, 1e11 ms. */
const LOWEST_EXPONENT = -1;
const HIGHEST_EXPONENT = 37;

const BUCKETS: number = (HIGHEST_EXPONENT - LOWEST_EXPONENT) * BUCKETS_PER_OCTAVE;

/**
 * Pauses with less than this between them count as one, in ms: a renewal may not get through meanwhile, and then both cost a lease what one
 * would that is as long as they and what lies between. Hardly a round trip that is answered takes longer.
 */
export const APART_MS = 1000;

/** The lengths of all pauses, in 5 KB whatever their number. A pause counts as longer than something when it may have been. */
export class PauseLengths implements PauseTail {
  readonly unseenBelowMs: number;
  readonly #counts = new Float64Array(BUCKETS);
  #endlessCount = 0;
  /** The last one, with all that it was joined to. */
  #lastMs = 0;
  observedMs = 1;
  longestMs = 0;

  constructor(unseenBelowMs: number) {
    this.unseenBelowMs = unseenBelowMs;
  }

  /** Adds a pause that came after another, or was the first. */
  addPause(pause: JoinablePause, before: JoinablePause | undefined): void {
    this.add(pause.maxMs, betweenMs(before, pause));
  }

  /**
   * Adds a pause that was at most this long, and came so long after the last one; `Infinity` counts as longer than anything. One that came too
   * soon for a renewal in between replaces the last one: they are one.
   */
  add(lengthMs: number, sinceLastMs?: number): void {
    const isJoined = sinceLastMs !== undefined && sinceLastMs < APART_MS;
    if (isJoined) this.#count(this.#lastMs, -1);
    this.#lastMs = isJoined ? this.#lastMs + sinceLastMs + lengthMs : lengthMs;
    this.#count(this.#lastMs, 1);
    if (this.#lastMs < Infinity) this.longestMs = Math.max(this.longestMs, this.#lastMs);
  }

  #count(lengthMs: number, change: 1 | -1): void {
    if (lengthMs === Infinity) {
      this.#endlessCount += change;
      return;
    }
    const bucket = bucketOf(lengthMs);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + change;
  }

  /** At least as many as were longer; at most those that were longer than 15/16 of it. */
  countAbove(lengthMs: number): number {
    let count = this.#endlessCount;
    if (lengthMs >= this.longestMs) return count;
    for (let bucket = bucketOf(lengthMs); bucket < BUCKETS; bucket += 1) count += this.#counts[bucket] ?? 0;
    return count;
  }
}

/** Evenly spaced within each octave. */
function bucketOf(lengthMs: number): number {
  if (!(lengthMs > 2 ** LOWEST_EXPONENT)) return 0;
  const exponent = Math.floor(Math.log2(lengthMs));
  const within = Math.floor((lengthMs / 2 ** exponent - 1) * BUCKETS_PER_OCTAVE);
  const clamped = Math.min(BUCKETS_PER_OCTAVE - 1, Math.max(0, within));
  return Math.min(BUCKETS - 1, (exponent - LOWEST_EXPONENT) * BUCKETS_PER_OCTAVE + clamped);
}
