/**
 * What a read needs, published as one object: two lines, one for each edge.
 *
 * `earliest = base + (m + lo + loRate * (m - anchor))`, small terms first, so that the only rounding that matters is the last
 * addition; the error of every operation is folded into `lo` and `hi` when the snapshot is made, and a read costs nothing for it.
 */
import {
  addDown,
  addUp,
  type Interval,
  multiplyUp,
  type Premises,
  ratioFromPpmUp,
  subtractDown,
  subtractUp,
} from '../core/index.ts';
import type { AxisPremises } from './running-intersection.ts';

/** Two lines on the monotonic axis, valid from `anchorMs` until `voidAfterMs`. */
export interface Snapshot {
  /** A whole number of epoch milliseconds. */
  readonly baseMs: number;
  /** The monotonic reading at which the lines begin to open. */
  readonly anchorMs: number;
  /** Lower line at the anchor, less every rounding error of a read. */
  readonly loMs: number;
  /** Slope of the lower line: at most 0. */
  readonly loRate: number;
  /** Upper line at the anchor, plus every rounding error of a read and the clock's granularity. */
  readonly hiMs: number;
  /** Slope of the upper line: at least 0. */
  readonly hiRate: number;
  /** From this monotonic reading on the snapshot says nothing. */
  readonly voidAfterMs: number;
  readonly premises: Premises;
}

/** A snapshot that says nothing: every read takes the slow path. */
export const VOID_SNAPSHOT: Snapshot = {
  baseMs: 0,
  anchorMs: Infinity,
  loMs: -Infinity,
  loRate: 0,
  hiMs: Infinity,
  hiRate: 0,
  voidAfterMs: -Infinity,
  premises: {
    driftPpm: 0,
    falsetickersTolerated: 0,
    sourcesConfigured: 0,
    sourcesAnswering: 0,
    timeScale: 'utc',
  },
};

/** What a snapshot is made from. */
export interface SnapshotInput {
  /** The bounds of theta at `anchorMs`. */
  readonly theta: Interval;
  readonly anchorMs: number;
  readonly voidAfterMs: number;
  readonly axis: AxisPremises;
  readonly premises: Premises;
}

/** Makes the snapshot for an agreed interval of theta. */
export function makeSnapshot(input: SnapshotInput): Snapshot {
  const { theta, anchorMs, voidAfterMs, axis } = input;
  const shiftMs = Math.round(theta.earliest);
  const baseMs = axis.baseMs + shiftMs;
  const lo = subtractDown(theta.earliest, shiftMs);
  const hi = addUp(subtractUp(theta.latest, shiftMs), granularityUp(axis));
  const rate = ratioFromPpmUp(axis.driftPpm);
  const spanMs = Math.max(Math.abs(anchorMs), Math.abs(voidAfterMs));
  const slackMs = readSlackMs({ baseMs, loMs: lo, hiMs: hi, spanMs, rate });
  return {
    baseMs,
    anchorMs,
    loMs: subtractDown(lo, slackMs),
    loRate: -rate,
    hiMs: addUp(hi, slackMs),
    hiRate: rate,
    voidAfterMs,
    premises: input.premises,
  };
}

/** A reading m was taken somewhere in [m, m + g): the upper edge has to cover all of it, and the drift over it. */
function granularityUp(axis: AxisPremises): number {
  return multiplyUp(axis.granularityMs, addUp(1, ratioFromPpmUp(axis.driftPpm)));
}

/**
 * The most that the roundings of one read can lose: half an ulp of the result for the last addition, and three roundings of
 * the small terms, each at most half an ulp of their largest possible magnitude.
 */
function readSlackMs(terms: { baseMs: number; loMs: number; hiMs: number; spanMs: number; rate: number }): number {
  const smallMs = 2 * terms.spanMs * (1 + terms.rate) + Math.abs(terms.loMs) + Math.abs(terms.hiMs);
  const resultMs = Math.abs(terms.baseMs) + smallMs;
  const halfUlpOfResult = 2 ** (Math.floor(Math.log2(resultMs)) - 53);
  return addUp(halfUlpOfResult, smallMs * 2 ** -51);
}

/** The lower edge at a monotonic reading not before the anchor. */
export function earliestAt(snapshot: Snapshot, monotonicMs: number): number {
  return snapshot.baseMs + (monotonicMs + (snapshot.loMs + snapshot.loRate * (monotonicMs - snapshot.anchorMs)));
}

/** The upper edge at a monotonic reading not before the anchor. */
export function latestAt(snapshot: Snapshot, monotonicMs: number): number {
  return snapshot.baseMs + (monotonicMs + (snapshot.hiMs + snapshot.hiRate * (monotonicMs - snapshot.anchorMs)));
}

/** Both edges at any reading: before the anchor the lines open toward the past as they do toward the future. */
export function boundsAt(snapshot: Snapshot, monotonicMs: number): Interval {
  if (monotonicMs >= snapshot.anchorMs) {
    return { earliest: earliestAt(snapshot, monotonicMs), latest: latestAt(snapshot, monotonicMs) };
  }
  const agoMs = subtractUp(snapshot.anchorMs, monotonicMs);
  const lo = subtractDown(snapshot.loMs, multiplyUp(agoMs, snapshot.hiRate));
  const hi = addUp(snapshot.hiMs, multiplyUp(agoMs, snapshot.hiRate));
  return {
    earliest: addDown(snapshot.baseMs, addDown(monotonicMs, lo)),
    latest: addUp(snapshot.baseMs, addUp(monotonicMs, hi)),
  };
}
