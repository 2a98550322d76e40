/**
 * What a bounded clock can be compared with, and its two edges.
 */
import {
  ClockError,
  ClockTypeError,
  describeValue,
  EPOCH_MS_MAX,
  type Interval,
  isDate,
  requireEpochMs,
  requireNumber,
  type WallInstant,
} from '../core/index.ts';

/** A moment to compare with: epoch milliseconds, a wall instant, or an interval of epoch milliseconds. */
export type TimeTarget = number | WallInstant | Interval;

/** The latest number that is believed to be milliseconds, in the year 5138; microseconds have been above it since 1973. */
export const TARGET_MS_MAX = 1e15;

/** The earliest that the moment can be. @throws TC_NOT_FINITE, TC_DURATION_AS_EPOCH, TC_OUT_OF_RANGE, TC_INVERTED_INTERVAL. */
export function earliestOf(operation: string, moment: TimeTarget): number {
  return typeof moment === 'number' ? requireMomentMs(operation, moment) : edgesOf(operation, moment).earliest;
}

/** The latest that the moment can be. @throws TC_NOT_FINITE, TC_DURATION_AS_EPOCH, TC_OUT_OF_RANGE, TC_INVERTED_INTERVAL. */
export function latestOf(operation: string, moment: TimeTarget): number {
  return typeof moment === 'number' ? requireMomentMs(operation, moment) : edgesOf(operation, moment).latest;
}

/**
 * Both edges.
 *
 * @throws TC_NOT_FINITE, TC_DURATION_AS_EPOCH, TC_OUT_OF_RANGE, TC_INVERTED_INTERVAL; TC_CLOCK_MISMATCH for a monotonic instant,
 * TC_INVALID_ARGUMENT for an unbounded reading.
 */
export function edgesOf(operation: string, moment: TimeTarget): Interval {
  const given: unknown = moment;
  if (typeof given === 'number') return pointAt(requireMomentMs(operation, given));
  if (typeof given !== 'object' || given === null) throw noMoment(operation, given);
  // Not by `instanceof`: the instant may come from the other copy (ESM or CommonJS) of this package.
  if ('epochMilliseconds' in given) {
    return pointAt(requireNumber(operation, given.epochMilliseconds as number, INSTANT_RANGE));
  }
  if ('earliest' in given || 'latest' in given) return requireInterval(operation, given as Interval);
  throw noMoment(operation, given);
}

const INSTANT_RANGE = { what: 'an epoch in milliseconds', min: -EPOCH_MS_MAX, max: EPOCH_MS_MAX, unit: 'ms' };

function pointAt(epochMs: number): Interval {
  return { earliest: epochMs, latest: epochMs };
}

function requireInterval(operation: string, { earliest, latest }: Interval): Interval {
  requireMomentMs(operation, earliest);
  requireMomentMs(operation, latest);
  if (earliest <= latest) return { earliest, latest };
  throw new ClockError(
    'TC_INVERTED_INTERVAL',
    `${operation}: earliest must not be above latest, got [${earliest}, ${latest}] ms. ` +
      'Make intervals with interval(earliest, latest), which refuses these where they come from.',
    { earliestMs: earliest, latestMs: latest },
  );
}

function requireMomentMs(operation: string, epochMs: number): number {
  if (Math.abs(epochMs) > TARGET_MS_MAX && Number.isFinite(epochMs)) {
    throw new ClockError(
      'TC_OUT_OF_RANGE',
      `${operation}: requires milliseconds since 1970, got ${epochMs}, which is microseconds or nanoseconds. ` +
        'Divide them down to milliseconds; for a moment after the year 33658 pass WallInstant.fromEpochMilliseconds(ms).',
      { epochMs, maxMs: TARGET_MS_MAX },
    );
  }
  return requireEpochMs(operation, epochMs);
}

/** What to say of something that names no moment at all. */
function noMoment(operation: string, given: unknown): ClockError | ClockTypeError {
  const what = 'requires a moment (epoch milliseconds, a wall instant or an interval of epochs)';
  if (typeof given === 'object' && given !== null) {
    if ('clock' in given && typeof given.clock === 'symbol') {
      return new ClockTypeError(
        'TC_CLOCK_MISMATCH',
        `${operation}: ${what}, got a monotonic instant. Use at(instant) for the true time at it, and compare that.`,
      );
    }
    if ('status' in given && given.status === 'unbounded') {
      return new ClockError(
        'TC_INVALID_ARGUMENT',
        `${operation}: ${what}, got an unbounded reading. Ask for its status first: it names no moment.`,
      );
    }
  }
  const remedy = isDate(given) ? 'Pass date.getTime().' : 'Pass a number, such as Date.parse(text).';
  return new ClockError('TC_NOT_FINITE', `${operation}: ${what}, got ${describeValue(given)}. ${remedy}`);
}
