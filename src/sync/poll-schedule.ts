/**
 * When to ask a source again: a burst at the start, then as seldom as the width allows, and never faster than the source permits.
 *
 * Adaptive rule: between two measurements the interval opens by twice drift bound times poll interval. While that is a
 * small part of the width that the path gives anyway, asking less often costs little, so the interval doubles; when it
 * dominates, it halves. The gain of asking more often is only its square root (`docs/algorithms/polling.md`).
 */
import { type Interval, ratioFromPpmUp, widthMs } from '../core/index.ts';
import { NTP_POLL_MS_MAX } from './ntp-pace.ts';
import type { MeasureOutcome, Pace } from './time-source.ts';

/** After failures the interval doubles up to this: a source that comes back is found within about a minute. */
export const FAILURE_POLL_MS_MAX = 64_000;

/** Asking is spread over a tenth of the interval, later only: clients must not beat in step, nor faster than allowed. */
const JITTER_RATIO = 0.1;

/** The interval doubles while drift between polls adds less than this share of the width. */
const GROWTH_SHARE_LOW = 0.125;

/** The interval halves when drift between polls adds more than this share of the width. */
const GROWTH_SHARE_HIGH = 0.5;

/** This many bursts may follow each other closely: a laptop is closed and opened, a clock is set twice. */
const BURSTS_MAX = 3;

/** One more burst is allowed every so many shortest polling intervals. */
const POLLS_PER_BURST = 8;

/** The polling state of one source. Times are monotonic readings in ms, given as arguments. */
export class PollSchedule {
  readonly #pace: () => Pace;
  readonly #random: () => number;
  #burstLeft: number;
  #pollMs: number;
  #failures = 0;
  #rateFloorMs = 0;
  #lastAskedMs = -Infinity;
  #bursts = BURSTS_MAX - 1;
  #burstsCountedMs = -Infinity;
  #denied = false;

  /**
   * @param pace - Read before each decision: it can depend on the address in use.
   * @param random - Uniform in [0, 1).
   */
  constructor(pace: () => Pace, random: () => number) {
    this.#pace = pace;
    this.#random = random;
    this.#burstLeft = pace().burstCount;
    this.#pollMs = pace().pollMinMs;
  }

  /** Whether the source forbade asking again. */
  get denied(): boolean {
    return this.#denied;
  }

  /** The interval in force, in ms. */
  get pollMs(): number {
    return this.#clampPoll(this.#pollMs);
  }

  /**
   * Asks again soon, with a burst: after a fault, what is known must be measured again. When bursts come too often it asks at the
   * shortest polling interval instead, so that a source which faults all the time cannot make us hammer the others.
   */
  hurry(monotonicMs: number): void {
    const pace = this.#pace();
    this.#failures = 0;
    this.#pollMs = pace.pollMinMs;
    if (this.#burstLeft > 0 || !this.#mayBurst(monotonicMs, pace)) return;
    this.#burstLeft = pace.burstCount;
  }

  /** Takes one burst from the allowance, if there is one. */
  #mayBurst(monotonicMs: number, pace: Pace): boolean {
    const earned = Math.floor((monotonicMs - this.#burstsCountedMs) / (POLLS_PER_BURST * pace.pollMinMs));
    if (earned > 0) {
      this.#bursts = Math.min(BURSTS_MAX, this.#bursts + earned);
      this.#burstsCountedMs = monotonicMs;
    }
    if (this.#bursts === 0) return false;
    // A full allowance earns nothing: the time since it was filled must not give a fourth burst right after the third.
    if (this.#bursts === BURSTS_MAX) this.#burstsCountedMs = monotonicMs;
    this.#bursts -= 1;
    return true;
  }

  /** Notes that the source is being asked now. */
  asked(monotonicMs: number): void {
    // The burst at the start counts like any other: the next one is earned from now on.
    if (this.#burstsCountedMs === -Infinity) this.#burstsCountedMs = monotonicMs;
    this.#lastAskedMs = monotonicMs;
    if (this.#burstLeft > 0) this.#burstLeft -= 1;
  }

  /** Learns from the outcome; `theta` is what is known of this source now. */
  learn(outcome: MeasureOutcome, theta: Interval | undefined, driftPpm: number): void {
    if (outcome.outcome === 'denied') {
      this.#denied = true;
    } else if (outcome.outcome === 'rate-limited') {
      this.#rateFloorMs = Math.max(this.pollMs, Math.min(this.pollMs * 2, NTP_POLL_MS_MAX));
      this.#pollMs = this.#rateFloorMs;
      this.#burstLeft = 0;
    } else if (outcome.outcome === 'measured') {
      this.#failures = 0;
      if (theta !== undefined && this.#burstLeft === 0) this.#adapt(widthMs(theta), driftPpm);
    } else {
      this.#failures += 1;
    }
  }

  /** The monotonic reading at which to ask next; undefined when never again. */
  nextMs(nowMs: number): number | undefined {
    if (this.#denied) return undefined;
    return Math.max(nowMs, this.#lastAskedMs + this.#gapMs());
  }

  #gapMs(): number {
    const pace = this.#pace();
    if (this.#burstLeft > 0) return Math.max(pace.burstSpacingMs, this.#rateFloorMs);
    const retryMs = Math.max(pace.pollMinMs, FAILURE_POLL_MS_MAX);
    const backedOffMs = Math.min(pace.pollMinMs * 2 ** Math.min(this.#failures - 1, 20), retryMs);
    const gapMs = this.#failures > 0 ? Math.max(backedOffMs, this.#rateFloorMs) : this.pollMs;
    return gapMs * (1 + JITTER_RATIO * this.#random());
  }

  #adapt(knownWidthMs: number, driftPpm: number): void {
    const growthMs = 2 * ratioFromPpmUp(driftPpm) * this.pollMs;
    if (growthMs < GROWTH_SHARE_LOW * knownWidthMs) this.#pollMs = this.#clampPoll(this.pollMs * 2);
    else if (growthMs > GROWTH_SHARE_HIGH * knownWidthMs) this.#pollMs = this.#clampPoll(this.pollMs / 2);
  }

  /** Within the pace; but a source that said RATE is asked as seldom as it wants, however often we would like to. */
  #clampPoll(pollMs: number): number {
    const pace = this.#pace();
    return Math.max(Math.min(Math.max(pollMs, pace.pollMinMs), pace.pollMaxMs), this.#rateFloorMs);
  }
}
