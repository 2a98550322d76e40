/**
 * Intervals that contain the truth, edges included.
 *
 * Think in intervals, not in points: a reading of time is a range, and two ranges that share a point have no order
 * (Marzullo, "Maintaining the Time in a Distributed System", 1983; Spanner's TrueTime, OSDI 2012). Every operation here
 * rounds outward, so a result is never narrower than the exact one, not by one ulp.
 */
import { describeValue } from './describe-value.ts';
import { ClockError } from './errors.ts';
import { addDown, addUp, subtractDown, subtractUp } from './rounding.ts';

/** A closed range in milliseconds: the truth lies inside or on an edge. */
export interface Interval {
  readonly earliest: number;
  readonly latest: number;
}

/** How two intervals are ordered; `overlapping` means that nobody can know, and touching edges overlap. */
export type Order = 'before' | 'after' | 'overlapping';

/**
 * Makes an interval from its two edges.
 *
 * @param earliest - The lower edge, in ms; may be -Infinity.
 * @param latest - The upper edge, in ms; may be Infinity; not below `earliest`.
 * @throws TC_NOT_FINITE when an edge is NaN or no number; TC_INVERTED_INTERVAL when `earliest > latest`.
 *
 * @example
 * ```ts
 * import { compareIntervals, interval } from 'truechimer';
 *
 * const a = interval(1000, 1010);
 * const b = interval(1005, 1020);
 * console.log(compareIntervals(a, b)); // overlapping: neither is known to be first
 * ```
 */
export function interval(earliest: number, latest: number): Interval {
  if (!isNumber(earliest) || !isNumber(latest)) {
    throw new ClockError(
      'TC_NOT_FINITE',
      `interval: requires two numbers, got [${describeValue(earliest)}, ${describeValue(latest)}] ms. Pass numbers; use infinities for an open side.`,
      { earliestMs: earliest, latestMs: latest },
    );
  }
  if (earliest > latest) {
    throw new ClockError(
      'TC_INVERTED_INTERVAL',
      `interval: earliest must not be above latest, got [${earliest}, ${latest}] ms. ` +
        'Two facts that contradict each other have no interval: use intersectIntervals and handle undefined.',
      { earliestMs: earliest, latestMs: latest },
    );
  }
  return { earliest, latest };
}

function isNumber(edge: unknown): boolean {
  return typeof edge === 'number' && !Number.isNaN(edge);
}

/** Tells whether the interval contains the value, edges included. */
export function containsMs(range: Interval, valueMs: number): boolean {
  return range.earliest <= valueMs && valueMs <= range.latest;
}

/** The width in ms, rounded up. */
export function widthMs(range: Interval): number {
  return range.earliest === range.latest ? 0 : subtractUp(range.latest, range.earliest);
}

/** The point in the middle, rounded to nearest: for display and point estimates only, never for an order. */
export function midpointMs(range: Interval): number {
  return range.earliest + (range.latest - range.earliest) / 2;
}

/** What both intervals contain, or undefined when they contradict each other: there is no inverted interval. */
export function intersectIntervals(a: Interval, b: Interval): Interval | undefined {
  const earliest = Math.max(a.earliest, b.earliest);
  const latest = Math.min(a.latest, b.latest);
  return earliest <= latest ? { earliest, latest } : undefined;
}

/** The smallest interval that contains both. */
export function hullOfIntervals(a: Interval, b: Interval): Interval {
  return { earliest: Math.min(a.earliest, b.earliest), latest: Math.max(a.latest, b.latest) };
}

/** How much an interval is opened on each side; both are distances, never below 0. */
export interface Widening {
  readonly earlierByMs: number;
  readonly laterByMs: number;
}

/**
 * Opens an interval on each side, rounding outward.
 *
 * @throws TC_OUT_OF_RANGE when a widening is negative or NaN: widening never narrows.
 */
export function widenInterval(range: Interval, by: Widening): Interval {
  if (!(by.earlierByMs >= 0) || !(by.laterByMs >= 0)) {
    throw new ClockError(
      'TC_OUT_OF_RANGE',
      `widenInterval: requires widenings of at least 0 ms, got ${by.earlierByMs} and ${by.laterByMs} ms. ` +
        'Widening never narrows; intersect with another interval to learn more.',
      { ...by },
    );
  }
  return { earliest: subtractDown(range.earliest, by.earlierByMs), latest: addUp(range.latest, by.laterByMs) };
}

/** The interval moved by an exactly known distance in ms, rounding outward. */
export function shiftInterval(range: Interval, byMs: number): Interval {
  return { earliest: addDown(range.earliest, byMs), latest: addUp(range.latest, byMs) };
}

/** Every sum of a value of `a` and a value of `b`. */
export function addIntervals(a: Interval, b: Interval): Interval {
  return { earliest: addDown(a.earliest, b.earliest), latest: addUp(a.latest, b.latest) };
}

/** Every difference of a value of `a` and a value of `b`. */
export function subtractIntervals(a: Interval, b: Interval): Interval {
  return { earliest: subtractDown(a.earliest, b.latest), latest: subtractUp(a.latest, b.earliest) };
}

/**
 * Orders two intervals: `before` and `after` are certain, `overlapping` is an honest "cannot know".
 *
 * Touching intervals overlap, because the truth may be the shared edge. Midpoints are never compared.
 */
export function compareIntervals(a: Interval, b: Interval): Order {
  if (a.latest < b.earliest) return 'before';
  if (b.latest < a.earliest) return 'after';
  return 'overlapping';
}
