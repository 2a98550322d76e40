import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  absolute,
  add,
  compare,
  compareDouble,
  exact,
  multiply,
  ordinalOf,
  rational,
  smallestDoubleAtLeast,
} from '../../test/support/rational.ts';
import { DRIFT_PPM_DEFAULT, DRIFT_PPM_MAX, driftGrowthMs, ratioFromPpmUp, requireDriftPpm } from './rate.ts';
import { multiplyUp } from './rounding.ts';

const MILLIONTH = rational(1n, 1_000_000n);

const driftPpm = fc.oneof(fc.double({ noNaN: true, min: 0, max: DRIFT_PPM_MAX }), fc.constantFrom(0, 1, 15, 50, 200));
const elapsedMs = fc.oneof(
  fc.double({ noNaN: true, min: -1e11, max: 1e11 }),
  fc.integer({ min: 0, max: 1_000_000 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

function exactGrowth(elapsed: number, ppm: number) {
  return multiply(multiply(absolute(exact(elapsed)), exact(ppm)), MILLIONTH);
}

describe('a part per million as a ratio', () => {
  it('is the smallest double above 1e-6, since the literal 1e-6 is below it', () => {
    expect(compareDouble(1e-6, MILLIONTH)).toBe(-1);
    expect(compareDouble(ratioFromPpmUp(1), MILLIONTH)).toBe(1);
    expect(ratioFromPpmUp(1)).toBe(smallestDoubleAtLeast(MILLIONTH));
  });

  const neverBelow = (ratio: (ppm: number) => number) =>
    fc.property(driftPpm, (ppm) => compareDouble(ratio(ppm), multiply(exact(ppm), MILLIONTH)) >= 0);

  it('is never below the exact ratio, for any rate', () => {
    fc.assert(neverBelow(ratioFromPpmUp), { numRuns: 1000 });
    expect(ratioFromPpmUp(0)).toBe(0);
  });

  it('the law refuses 1e-6 itself, even with the product rounded up', () => {
    expect(fc.check(neverBelow((ppm) => ppm * 1e-6)).failed).toBe(true);
    expect(
      fc.check(
        neverBelow((ppm) => multiplyUp(ppm, 1e-6)),
        { numRuns: 1000 },
      ).failed,
    ).toBe(true);
  });
});

describe('driftGrowthMs', () => {
  const neverBelow = (growth: (elapsed: number, ppm: number) => number) =>
    fc.property(
      elapsedMs,
      driftPpm,
      (elapsed, ppm) => compareDouble(growth(elapsed, ppm), exactGrowth(elapsed, ppm)) >= 0,
    );

  it('is never below the exact growth, whichever way the time lies', () => {
    fc.assert(neverBelow(driftGrowthMs), { numRuns: 1000 });
  });

  it('is at most a few ulp above it at the magnitudes of clocks', () => {
    const slack = rational(1n + (1n << 50n), 1n << 50n);
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, min: 1e-3, max: 1e11 }),
        fc.double({ noNaN: true, min: 1e-3, max: DRIFT_PPM_MAX }),
        (elapsed, ppm) => {
          const growth = driftGrowthMs(elapsed, ppm);
          return compareDouble(growth, multiply(exactGrowth(elapsed, ppm), slack)) <= 0;
        },
      ),
    );
    expect(driftGrowthMs(1000, 50)).toBeCloseTo(0.05, 12);
  });

  it('depends on the distance only, and is 0 for a perfect clock and for no time', () => {
    fc.assert(
      fc.property(elapsedMs, driftPpm, (elapsed, ppm) => driftGrowthMs(elapsed, ppm) === driftGrowthMs(-elapsed, ppm)),
    );
    expect(driftGrowthMs(1e9, 0)).toBe(0);
    expect(driftGrowthMs(0, 50)).toBe(0);
  });

  it('grows with the time and with the rate', () => {
    fc.assert(
      fc.property(elapsedMs, elapsedMs, driftPpm, (a, b, ppm) => {
        const [near, far] = Math.abs(a) <= Math.abs(b) ? [a, b] : [b, a];
        return driftGrowthMs(near, ppm) <= driftGrowthMs(far, ppm);
      }),
    );
  });

  it('covers a step taken in two pieces: opening twice is never narrower than opening once', () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, min: 0, max: 1e9 }),
        fc.double({ noNaN: true, min: 0, max: 1e9 }),
        driftPpm,
        (a, b, ppm) => {
          const pieces = add(exact(driftGrowthMs(a, ppm)), exact(driftGrowthMs(b, ppm)));
          return compare(pieces, add(exactGrowth(a, ppm), exactGrowth(b, ppm))) >= 0;
        },
      ),
    );
  });

  it('the law refuses ordinary arithmetic', () => {
    expect(fc.check(neverBelow((elapsed, ppm) => Math.abs(elapsed) * ppm * 1e-6)).failed).toBe(true);
    expect(fc.check(neverBelow((elapsed, ppm) => (Math.abs(elapsed) * ppm) / 1e6)).failed).toBe(true);
    expect(fc.check(neverBelow((elapsed, ppm) => multiplyUp(elapsed, ratioFromPpmUp(ppm)))).failed).toBe(true);
  });
});

describe('requireDriftPpm', () => {
  it('passes every rate from 0 to a tenth, edges included', () => {
    fc.assert(fc.property(driftPpm, (ppm) => ordinalOf(requireDriftPpm('test', ppm)) === ordinalOf(ppm)));
    expect(requireDriftPpm('test', DRIFT_PPM_MAX)).toBe(DRIFT_PPM_MAX);
    expect(requireDriftPpm('test', DRIFT_PPM_DEFAULT)).toBe(50);
  });

  it('refuses what is no drift bound, with the unit', () => {
    expect(() => requireDriftPpm('test', -1)).toThrow(expect.objectContaining({ code: 'TC_OUT_OF_RANGE' }));
    expect(() => requireDriftPpm('test', 100_001)).toThrow('got 100001 ppm');
    expect(() => requireDriftPpm('test', NaN)).toThrow(expect.objectContaining({ code: 'TC_NOT_FINITE' }));
    expect(() => requireDriftPpm('test', Infinity)).toThrow(expect.objectContaining({ code: 'TC_NOT_FINITE' }));
  });
});
