/**
 * The answer to "what time is it?": an interval that contains the truth, or an honest refusal.
 *
 * An untrusted answer carries no number. ClockBound returns an interval beside the status "unknown", and callers forget
 * to look at the status; a union cannot be forgotten.
 */
import { compareIntervals, type Interval, type Order } from './interval.ts';

/** Which kind of UTC the sources speak; the two differ by up to a second around a leap second and must not be mixed. */
export type TimeScale = 'utc' | 'smeared-utc';

/** What a bound rests on. While all of this is true of the world, the true time is inside. */
export interface Premises {
  /** The local monotonic clock runs within this rate of true time, in ppm. */
  readonly driftPpm: number;
  /** At most this many of the configured sources lie. */
  readonly falsetickersTolerated: number;
  /** How many sources are configured. */
  readonly sourcesConfigured: number;
  /** How many of them had evidence when the bound was computed. */
  readonly sourcesAnswering: number;
  /** The time scale of the sources, and so of the bound. */
  readonly timeScale: TimeScale;
}

/** The true time lies in `[earliest, latest]`, in milliseconds since 1970-01-01 UTC, while the premises hold. */
export interface BoundedTime extends Interval {
  readonly status: 'bounded';
  readonly premises: Premises;
}

/** Why no bound can be given. `docs/guarantees.md` says what clears each. */
export type UnboundedReason =
  /** No source has been measured yet. */
  | 'synchronizing'
  /** Fewer sources have evidence than might be lying. */
  | 'too-few-sources'
  /** Too few sources agree with each other. */
  | 'no-agreement'
  /** The machine slept, or the clocks jumped apart: what was known is void until measured again. */
  | 'clock-discontinuity'
  /** A leap second is due or just passed: UTC itself is ambiguous until measured again. */
  | 'leap-second'
  /** The last agreement is older than the holdover limit. */
  | 'holdover-expired'
  /** The clock was stopped. */
  | 'stopped';

/** Every `UnboundedReason`, for exhaustive tables. */
export const UNBOUNDED_REASONS: readonly UnboundedReason[] = [
  'synchronizing',
  'too-few-sources',
  'no-agreement',
  'clock-discontinuity',
  'leap-second',
  'holdover-expired',
  'stopped',
];

/** No interval to misuse: only the reason, and a sentence for people. */
export interface UnboundedTime {
  readonly status: 'unbounded';
  readonly reason: UnboundedReason;
  readonly detail: string;
}

/** A reading of true time: look at `status` first, the type makes you. */
export type Bounded = BoundedTime | UnboundedTime;

/** How two bounded readings are ordered; `unbounded` when either carries no interval. */
export type BoundedOrder = Order | 'unbounded';

/**
 * Orders two readings of true time, with certainty or not at all.
 *
 * @returns `before` or `after` only when it is certain under the premises of both; `overlapping` when nobody can know;
 * `unbounded` when either has no interval.
 *
 * @example
 * ```ts
 * import { type Bounded, compareBounded } from 'truechimer';
 *
 * function mayOverwrite(mine: Bounded, stored: Bounded): boolean {
 *   return compareBounded(mine, stored) === 'after'; // refuses when it cannot know
 * }
 * ```
 */
export function compareBounded(a: Bounded, b: Bounded): BoundedOrder {
  if (a.status === 'unbounded' || b.status === 'unbounded') return 'unbounded';
  return compareIntervals(a, b);
}
