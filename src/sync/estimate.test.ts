import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  clampEstimate,
  CONFIDENCE_MAX,
  confidenceInterval,
  type EstimatorSample,
  leastDelayEstimator,
  midpointEstimate,
  normalDeviate,
  type PointEstimate,
} from './estimate.ts';

/** Small whole numbers, so that ties are everywhere. */
const sample: fc.Arbitrary<EstimatorSample> = fc.record({
  thetaMs: fc.integer({ min: 0, max: 3 }).map((n) => n * 0.1),
  delayMs: fc.integer({ min: 0, max: 3 }).map((n) => n * 0.7),
  sourceErrorMs: fc.integer({ min: 0, max: 2 }).map((n) => n * 0.35),
  atMs: fc.integer({ min: 0, max: 6 }),
});

const bounds = fc
  .tuple(fc.double({ min: -1e4, max: 1e4, noNaN: true }), fc.double({ min: 0, max: 100, noNaN: true }))
  .map(([earliest, width]) => ({ earliest, latest: earliest + width }));

const anyEstimate: fc.Arbitrary<PointEstimate> = fc.record({
  thetaMs: fc.double({ min: -1e5, max: 1e5, noNaN: true }),
  standardErrorMs: fc.double({ min: 0, max: 1000, noNaN: true }),
});

const level = fc.double({ min: 1e-6, max: CONFIDENCE_MAX, noNaN: true });

type Estimate = typeof leastDelayEstimator.estimate;

function indifferentToOrder(estimate: Estimate): fc.IProperty<[[EstimatorSample[], EstimatorSample[]]]> {
  const pairs = fc
    .array(sample, { maxLength: 14 })
    .chain((samples) =>
      fc.tuple(
        fc.constant(samples),
        fc.shuffledSubarray(samples, { minLength: samples.length, maxLength: samples.length }),
      ),
    );
  return fc.property(pairs, ([samples, shuffled]) => {
    expect(estimate(shuffled, 10, 50)).toEqual(estimate(samples, 10, 50));
  });
}

describe('the least-delay estimator', () => {
  const at = (atMs: number, thetaMs: number, delayMs: number, sourceErrorMs = 0): EstimatorSample => ({
    atMs,
    thetaMs,
    delayMs,
    sourceErrorMs,
  });

  it('does not let a near server with a poor clock speak for the others', () => {
    const good = [at(0, 0.1, 20, 0.5), at(1, -0.1, 20, 0.5), at(2, 0, 20, 0.5)];
    const poor = at(3, 400, 0.1, 900);
    const estimate = leastDelayEstimator.estimate([...good, poor], 3, 50)!;
    expect(Math.abs(estimate.thetaMs)).toBeLessThan(1);
    expect(leastDelayEstimator.estimate([poor], 3, 50)!.standardErrorMs).toBeGreaterThan(500);
  });

  it('gives the same answer in any order of arrival, ties included', () => {
    fc.assert(indifferentToOrder(leastDelayEstimator.estimate), { numRuns: 5000 });
  });

  it('the law catches one that takes the last eight as they came', () => {
    const asTheyCame: Estimate = (samples, atMs, driftPpm) =>
      leastDelayEstimator.estimate(samples.slice(-8), atMs, driftPpm);
    expect(fc.check(indifferentToOrder(asTheyCame), { numRuns: 5000 }).failed).toBe(true);
  });

  it('is the midpoint of the fastest of the newest eight', () => {
    const slow = Array.from({ length: 7 }, (_, index) => at(10 + index, 3, 5));
    expect(leastDelayEstimator.estimate([at(1, 99, 0.1), ...slow, at(20, 2, 4)], 20, 0)?.thetaMs).toBe(2);
    expect(leastDelayEstimator.estimate([at(12, 99, 0.1), ...slow.slice(1)], 20, 0)?.thetaMs).toBe(99);
  });

  it('takes a single exchange as uniform over what it proves', () => {
    const one = leastDelayEstimator.estimate([at(0, 5, 12)], 0, 50)!;
    expect(one.thetaMs).toBe(5);
    expect(one.standardErrorMs).toBeCloseTo(6 / Math.sqrt(3), 12);
  });

  it('grows with age by the drift bound, whichever way', () => {
    const young = leastDelayEstimator.estimate([at(1000, 5, 12)], 1000, 50)!.standardErrorMs;
    const old = leastDelayEstimator.estimate([at(1000, 5, 12)], 1_001_000, 50)!.standardErrorMs;
    expect(old - young).toBeCloseTo(50 / Math.sqrt(3), 6);
  });

  it('is never less sure than the fastest exchange alone', () => {
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 12 }), (samples) => {
        const { standardErrorMs } = leastDelayEstimator.estimate(samples, 6, 0)!;
        expect(standardErrorMs).toBeGreaterThanOrEqual(0);
        expect(standardErrorMs).toBeLessThanOrEqual(3 * 0.7);
      }),
    );
  });

  it('has no opinion without a sample', () => {
    expect(leastDelayEstimator.estimate([], 0, 50)).toBeUndefined();
  });
});

describe('an estimate and its bounds', () => {
  it('is moved into them, and stays where it is when it is inside', () => {
    fc.assert(
      fc.property(anyEstimate, bounds, (estimate, range) => {
        const { thetaMs, standardErrorMs } = clampEstimate(estimate, range);
        expect(thetaMs >= range.earliest && thetaMs <= range.latest).toBe(true);
        expect(standardErrorMs).toBe(estimate.standardErrorMs);
        if (estimate.thetaMs >= range.earliest && estimate.thetaMs <= range.latest)
          expect(thetaMs).toBe(estimate.thetaMs);
      }),
    );
  });

  it('is the middle without a sample', () => {
    expect(midpointEstimate({ earliest: 2, latest: 8 })).toEqual({
      thetaMs: 5,
      standardErrorMs: 3 * (1 / Math.sqrt(3)),
    });
  });
});

describe('confidenceInterval', () => {
  it('is inside the bounds and never inverted, even for an estimate outside', () => {
    fc.assert(
      fc.property(anyEstimate, level, bounds, (estimate, one, range) => {
        const { lowMs, highMs } = confidenceInterval(estimate, one, range);
        expect(lowMs).toBeLessThanOrEqual(highMs);
        expect(lowMs).toBeGreaterThanOrEqual(range.earliest);
        expect(highMs).toBeLessThanOrEqual(range.latest);
      }),
    );
  });

  it('is wider at a higher level', () => {
    fc.assert(
      fc.property(anyEstimate, level, level, bounds, (estimate, a, b, range) => {
        const lower = confidenceInterval(estimate, Math.min(a, b), range);
        const higher = confidenceInterval(estimate, Math.max(a, b), range);
        expect(higher.lowMs).toBeLessThanOrEqual(lower.lowMs);
        expect(higher.highMs).toBeGreaterThanOrEqual(lower.highMs);
      }),
    );
  });

  it('is what a table says', () => {
    const wide = { earliest: -100, latest: 100 };
    const { lowMs, highMs } = confidenceInterval({ thetaMs: 1, standardErrorMs: 2 }, 0.95, wide);
    expect(lowMs).toBeCloseTo(1 - 2 * 1.959_963_985, 7);
    expect(highMs).toBeCloseTo(1 + 2 * 1.959_963_985, 7);
  });

  it.each([0, 1, -0.5, 95, NaN, Infinity])('refuses %d as a level', (wrong) => {
    expect(() => confidenceInterval({ thetaMs: 0, standardErrorMs: 1 }, wrong, { earliest: 0, latest: 1 })).toThrow(
      /\[TC_/u,
    );
  });
});

describe('normalDeviate', () => {
  it.each([
    [0.5, 0.674_489_750_2],
    [0.682_689_492_1, 1],
    [0.9, 1.644_853_626_9],
    [0.95, 1.959_963_984_5],
    [0.99, 2.575_829_303_5],
    [0.999, 3.290_526_731_5],
    [0.999_999, 4.891_638_475_7],
  ])('of %d is %d', (one, z) => {
    expect(normalDeviate(one)).toBeCloseTo(z, 8);
  });

  it('grows with the level', () => {
    fc.assert(fc.property(level, level, (a, b) => normalDeviate(Math.min(a, b)) <= normalDeviate(Math.max(a, b))));
  });
});
