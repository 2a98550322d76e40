/**
 * From the monotonic axis to the wall clock: true time minus wall time.
 *
 * Large numbers are subtracted from each other first, where the difference is exact or nearly so.
 */
import {
  addDown,
  addUp,
  type Interval,
  midpointMs,
  multiplyUp,
  type Premises,
  subtractDown,
  subtractUp,
} from '../core/index.ts';
import type { WallOffset } from './clock-status.ts';
import { clampEstimate, confidenceInterval, midpointEstimate, type PointEstimate } from './estimate.ts';
import type { Snapshot } from './snapshot.ts';

/** theta (true - base - monotonic) as an offset of the wall clock, given wall - monotonic. */
export function offsetFromTheta(theta: Interval, baseMs: number, wallRelation: Interval): Interval {
  return {
    earliest: addDown(subtractDown(baseMs, wallRelation.latest), theta.earliest),
    latest: addUp(subtractUp(baseMs, wallRelation.earliest), theta.latest),
  };
}

/** The bounds of theta, relative to the snapshot's own base, at a reading not before the anchor. */
export function thetaOfSnapshot(snapshot: Snapshot, monotonicMs: number): Interval {
  const growthMs = multiplyUp(Math.max(0, subtractUp(monotonicMs, snapshot.anchorMs)), snapshot.hiRate);
  return { earliest: subtractDown(snapshot.loMs, growthMs), latest: addUp(snapshot.hiMs, growthMs) };
}

/** What an offset is made from. */
export interface WallOffsetInput {
  readonly snapshot: Snapshot;
  readonly monotonicMs: number;
  /** wall - monotonic. */
  readonly wallRelation: Interval;
  /** The estimate of theta relative to `estimateBaseMs`, if there is one. */
  readonly estimate: PointEstimate | undefined;
  readonly estimateBaseMs: number;
  readonly level: number;
  readonly premises: Premises;
}

/** The bounds and the estimate of the wall clock's offset. */
export function wallOffsetFrom(input: WallOffsetInput): WallOffset {
  const { snapshot, wallRelation } = input;
  const bounds = offsetFromTheta(thetaOfSnapshot(snapshot, input.monotonicMs), snapshot.baseMs, wallRelation);
  const estimate = clampEstimate(estimateOffset(input, bounds), bounds);
  const confidence = confidenceInterval(estimate, input.level, bounds);
  return {
    status: 'bounded',
    earliestMs: bounds.earliest,
    latestMs: bounds.latest,
    estimateMs: estimate.thetaMs,
    standardErrorMs: estimate.standardErrorMs,
    confidence,
    premises: input.premises,
  };
}

function estimateOffset(input: WallOffsetInput, bounds: Interval): PointEstimate {
  const { estimate, estimateBaseMs, wallRelation } = input;
  if (estimate === undefined) return midpointEstimate(bounds);
  const relationErrorMs = (wallRelation.latest - wallRelation.earliest) / 2 / Math.sqrt(3);
  return {
    thetaMs: estimateBaseMs - midpointMs(wallRelation) + estimate.thetaMs,
    standardErrorMs: Math.hypot(estimate.standardErrorMs, relationErrorMs),
  };
}
