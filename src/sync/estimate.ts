/**
 * The best single guess of the offset, which is statistics and never a guarantee.
 *
 * Estimates and bounds are different things and have different types: a bound holds while its premises hold; an estimate
 * is biased by half the path asymmetry, which no client can measure, and its confidence interval does not cover that.
 * An estimate is clamped into the bounds, never the other way round.
 */
import { addUp, driftGrowthMs, type Interval, midpointMs, requireNumber } from '../core/index.ts';

/** One past exchange as an estimator sees it. */
export interface EstimatorSample {
  /** The middle of what the exchange proves about theta. */
  readonly thetaMs: number;
  /** The round trip, without the source's dwell. */
  readonly delayMs: number;
  /** How far the source's clock may be from true time, by its own claim. */
  readonly sourceErrorMs: number;
  /** The monotonic reading on receipt. */
  readonly atMs: number;
}

/** A point with its standard error; both in ms. */
export interface PointEstimate {
  readonly thetaMs: number;
  readonly standardErrorMs: number;
}

/** The range that holds the truth with a stated probability, if the errors are as the estimator models them. */
export interface ConfidenceInterval {
  /** The probability, between 0 and 1. */
  readonly level: number;
  readonly lowMs: number;
  readonly highMs: number;
}

/** Turns recent exchanges of the truechimers into a point estimate. Pure: the same samples give the same answer. */
export interface Estimator {
  /** A name for reports. */
  readonly name: string;
  /**
   * @param samples - Exchanges of one or more agreeing sources, in order of receipt for each source.
   * @param atMs - The monotonic reading for which the estimate is wanted.
   * @param driftPpm - The drift bound, for ageing.
   * @returns Undefined when there is no sample.
   */
  estimate(samples: readonly EstimatorSample[], atMs: number, driftPpm: number): PointEstimate | undefined;
}

/** How many of the newest exchanges the least-delay estimator looks at; RFC 5905's clock filter has 8 stages. */
const WINDOW_SAMPLES = 8;

/** A uniform error of half-width h has a standard deviation of h / sqrt(3). */
const UNIFORM_DEVIATION = 1 / Math.sqrt(3);

/**
 * The midpoint of the exchange with the least delay among the newest (RFC 5905 section 10, the clock filter): delay only
 * adds error, so the fastest exchange is the one that knows most. What the source admits to, and what drift can have done since,
 * count as delay (root distance): a near server with a poor clock knows less than a far one with a good clock.
 *
 * The standard error is the root mean square distance of the other midpoints from it (the RFC's peer jitter), with a uniform error
 * over what the exchange itself proves counted as one more observation, so that two equal midpoints are no certainty; never more
 * than that uniform error alone; plus what drift can have done since.
 */
export const leastDelayEstimator: Estimator = {
  name: 'least-delay',
  estimate(samples, atMs, driftPpm) {
    const window = newest(samples);
    const distanceMs = (sample: EstimatorSample): number =>
      sample.delayMs / 2 + sample.sourceErrorMs + driftGrowthMs(atMs - sample.atMs, driftPpm);
    const best = window.reduce<EstimatorSample | undefined>(
      (least, sample) => (least === undefined || isBetter(sample, least, distanceMs) ? sample : least),
      undefined,
    );
    if (best === undefined) return undefined;
    const agedMs = driftGrowthMs(atMs - best.atMs, driftPpm) * UNIFORM_DEVIATION;
    const ownMs = (best.delayMs / 2 + best.sourceErrorMs) * UNIFORM_DEVIATION;
    const claimedMs = best.sourceErrorMs * UNIFORM_DEVIATION;
    const others = window.filter((sample) => sample !== best);
    const squares = others.reduce((sum, sample) => sum + (sample.thetaMs - best.thetaMs) ** 2, 0);
    const jitterMs = Math.min(ownMs, Math.sqrt((squares + ownMs ** 2) / (others.length + 1)));
    return { thetaMs: best.thetaMs, standardErrorMs: addUp(Math.max(jitterMs, claimedMs), agedMs) };
  },
};

function newest(samples: readonly EstimatorSample[]): readonly EstimatorSample[] {
  return [...samples]
    .sort((a, b) => {
      if (a.atMs !== b.atMs) return b.atMs - a.atMs;
      if (a.delayMs !== b.delayMs) return a.delayMs - b.delayMs;
      return a.thetaMs === b.thetaMs ? a.sourceErrorMs - b.sourceErrorMs : a.thetaMs - b.thetaMs;
    })
    .slice(0, WINDOW_SAMPLES);
}

/** Less distance is better; among equals the newer one, then the smaller theta, so that arrival order decides nothing. */
function isBetter(a: EstimatorSample, b: EstimatorSample, distanceMs: (sample: EstimatorSample) => number): boolean {
  const difference = distanceMs(a) - distanceMs(b);
  if (difference !== 0) return difference < 0;
  if (a.atMs !== b.atMs) return a.atMs > b.atMs;
  if (a.thetaMs !== b.thetaMs) return a.thetaMs < b.thetaMs;
  return a.sourceErrorMs < b.sourceErrorMs;
}

/** Moves an estimate into the bounds: the truth is there, so a guess outside is known to be wrong. */
export function clampEstimate(estimate: PointEstimate, bounds: Interval): PointEstimate {
  const thetaMs = Math.min(Math.max(estimate.thetaMs, bounds.earliest), bounds.latest);
  return { thetaMs, standardErrorMs: estimate.standardErrorMs };
}

/** The middle of the bounds, as uniform: when there is no sample to say more. */
export function midpointEstimate(bounds: Interval): PointEstimate {
  return { thetaMs: midpointMs(bounds), standardErrorMs: ((bounds.latest - bounds.earliest) / 2) * UNIFORM_DEVIATION };
}

/**
 * The confidence interval of a normal error around the estimate, both cut to the bounds.
 *
 * @param level - Strictly between 0 and 1; higher is wider.
 * @throws TC_NOT_FINITE, TC_OUT_OF_RANGE.
 */
export function confidenceInterval(estimate: PointEstimate, level: number, bounds: Interval): ConfidenceInterval {
  const halfMs = normalDeviate(requireConfidence('confidenceInterval', level)) * estimate.standardErrorMs;
  const { thetaMs } = clampEstimate(estimate, bounds);
  return {
    level,
    lowMs: Math.max(bounds.earliest, thetaMs - halfMs),
    highMs: Math.min(bounds.latest, thetaMs + halfMs),
  };
}

/** The highest confidence level: beyond it a normal tail says nothing about real clocks. */
export const CONFIDENCE_MAX = 0.999_999;

/** Returns the confidence level when it is one. @throws TC_NOT_FINITE, TC_OUT_OF_RANGE. */
export function requireConfidence(operation: string, level: number): number {
  return requireNumber(operation, level, { what: 'a confidence level', min: 1e-6, max: CONFIDENCE_MAX });
}

/** The z for which a standard normal lies in [-z, z] with probability `level`; by bisection on the distribution. */
export function normalDeviate(level: number): number {
  let low = 0;
  let high = 8;
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (centralProbability(middle) < level) low = middle;
    else high = middle;
  }
  return high;
}

/** P(-z <= Z <= z) by the series of Abramowitz and Stegun, 26.2.10, doubled. */
function centralProbability(z: number): number {
  let term = z;
  let sum = z;
  for (let odd = 3; term > sum * 1e-17 && odd < 400; odd += 2) {
    term *= (z * z) / odd;
    sum += term;
  }
  return 2 * sum * (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI));
}
