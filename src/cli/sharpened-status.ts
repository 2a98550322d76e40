/**
 * What single sources say, as sharp as the bound itself.
 *
 * The status of a bounded clock places its sources on the wall clock by ordinary readings, which blurs them by up to the wall clock's
 * granularity; the bound is placed by tick edges. The same clock's offset by both ways shows how much of the blur is certain, and
 * that much is taken off.
 */
import { type Interval, intersectIntervals } from '../core/index.ts';
import type { ClockStatus, WallOffset } from '../sync/index.ts';

/** How far each edge can be moved inward; never below 0. */
interface Blur {
  readonly earlierMs: number;
  readonly laterMs: number;
}

/**
 * Takes the blur of ordinary readings off the offsets in a status.
 *
 * @param status - Read before both offsets, so that it is at least as blurred as `plain`.
 * @param plain - The offset by ordinary readings.
 * @param sharp - The offset by tick edges, read last.
 */
export function sharpenStatus(status: ClockStatus, plain: WallOffset, sharp: WallOffset): ClockStatus {
  if (plain.status === 'unbounded' || sharp.status === 'unbounded') return status;
  const blur = {
    earlierMs: Math.max(0, sharp.earliestMs - plain.earliestMs),
    laterMs: Math.max(0, plain.latestMs - sharp.latestMs),
  };
  const sources = status.sources.map((source) =>
    source.offset === undefined ? source : { ...source, offset: sharpen(source.offset, blur) },
  );
  return { ...status, sources };
}

/** An interval without its blur; as it was, if nothing were left of it. */
function sharpen(offset: Interval, blur: Blur): Interval {
  const toEarliest = { earliest: offset.earliest + blur.earlierMs, latest: Infinity };
  const toLatest = { earliest: -Infinity, latest: offset.latest - blur.laterMs };
  return intersectIntervals(toEarliest, toLatest) ?? offset;
}
