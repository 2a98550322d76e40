/**
 * What a bounded clock can be compared with, and its two edges.
 */
import { type Interval, interval, requireEpochMs, type WallInstant } from '../core/index.ts';

/** A moment to compare with: epoch milliseconds, a wall instant, or an interval of epoch milliseconds. */
export type TimeTarget = number | WallInstant | Interval;

/** The earliest that the moment can be. @throws TC_NOT_FINITE, TC_DURATION_AS_EPOCH, TC_OUT_OF_RANGE. */
export function earliestOf(operation: string, moment: TimeTarget): number {
  if (isNumber(moment)) return requireEpochMs(operation, moment);
  return isWallInstant(moment) ? moment.epochMilliseconds : requireEpochMs(operation, moment.earliest);
}

/** The latest that the moment can be. @throws TC_NOT_FINITE, TC_DURATION_AS_EPOCH, TC_OUT_OF_RANGE. */
export function latestOf(operation: string, moment: TimeTarget): number {
  if (isNumber(moment)) return requireEpochMs(operation, moment);
  return isWallInstant(moment) ? moment.epochMilliseconds : requireEpochMs(operation, moment.latest);
}

/** Both edges. @throws TC_NOT_FINITE, TC_DURATION_AS_EPOCH, TC_OUT_OF_RANGE, TC_INVERTED_INTERVAL. */
export function edgesOf(operation: string, moment: TimeTarget): Interval {
  return interval(earliestOf(operation, moment), latestOf(operation, moment));
}

/** Anything that is no object is refused like a number that is no epoch. */
function isNumber(moment: TimeTarget): moment is number {
  const given: unknown = moment;
  return typeof given !== 'object' || given === null;
}

/** Not by `instanceof`: the instant may come from the other copy (ESM or CommonJS) of this package. */
function isWallInstant(moment: WallInstant | Interval): moment is WallInstant {
  return 'epochMilliseconds' in moment;
}
