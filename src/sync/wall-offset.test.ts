import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { add, compareDouble, exact, subtract } from '../../test/support/rational.ts';
import type { Interval, Premises } from '../core/index.ts';
import { makeSnapshot } from './snapshot.ts';
import { offsetFromTheta, thetaOfSnapshot, wallOffsetFrom, type WallOffsetInput } from './wall-offset.ts';

const premises: Premises = {
  driftPpm: 50,
  falsetickersTolerated: 0,
  sourcesConfigured: 1,
  sourcesAnswering: 1,
  timeScale: 'utc',
};

const BASE_MS = 1_789_999_999_000;

const theta: fc.Arbitrary<Interval> = fc
  .tuple(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.double({ min: 0, max: 100, noNaN: true }))
  .map(([earliest, width]) => ({ earliest, latest: earliest + width }));

const relation: fc.Arbitrary<Interval> = fc
  .tuple(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([apart, width]) => ({ earliest: BASE_MS + apart, latest: BASE_MS + apart + width }));

function neverNarrower(offset: typeof offsetFromTheta): fc.IProperty<[Interval, Interval]> {
  return fc.property(theta, relation, (bounds, wall) => {
    const { earliest, latest } = offset(bounds, BASE_MS, wall);
    const exactly = (one: number, other: number) => add(subtract(exact(BASE_MS), exact(one)), exact(other));
    return (
      compareDouble(earliest, exactly(wall.latest, bounds.earliest)) <= 0 &&
      compareDouble(latest, exactly(wall.earliest, bounds.latest)) >= 0
    );
  });
}

describe('offsetFromTheta', () => {
  it('is true minus wall, never narrower than exact arithmetic', () => {
    fc.assert(neverNarrower(offsetFromTheta), { numRuns: 5000 });
  });

  it('the law catches ordinary rounding, and the wrong sign', () => {
    const rounded: typeof offsetFromTheta = (bounds, baseMs, wall) => ({
      earliest: baseMs + bounds.earliest - wall.latest,
      latest: baseMs + bounds.latest - wall.earliest,
    });
    const flipped: typeof offsetFromTheta = (bounds, baseMs, wall) => {
      const { earliest, latest } = offsetFromTheta(bounds, baseMs, wall);
      return { earliest: 0 - latest, latest: 0 - earliest };
    };
    expect(fc.check(neverNarrower(rounded), { numRuns: 5000 }).failed).toBe(true);
    expect(fc.check(neverNarrower(flipped), { numRuns: 5000 }).failed).toBe(true);
  });

  it('is positive when the wall clock is slow', () => {
    // True time is base + m + 5000; the wall clock says base + m.
    const { earliest, latest } = offsetFromTheta({ earliest: 5000, latest: 5000 }, BASE_MS, {
      earliest: BASE_MS,
      latest: BASE_MS,
    });
    expect([earliest, latest]).toEqual([5000, 5000]);
  });
});

function inputWith(change: Partial<WallOffsetInput> = {}): WallOffsetInput {
  const snapshot = makeSnapshot({
    theta: { earliest: 5000, latest: 5004 },
    anchorMs: 1000,
    voidAfterMs: 1e7,
    axis: { baseMs: BASE_MS, driftPpm: 50, granularityMs: 0 },
    premises,
  });
  return {
    snapshot,
    monotonicMs: 1000,
    wallRelation: { earliest: BASE_MS, latest: BASE_MS + 1 },
    estimate: { thetaMs: 5002, standardErrorMs: 0.5 },
    estimateBaseMs: BASE_MS,
    level: 0.95,
    premises,
    ...change,
  };
}

describe('wallOffsetFrom', () => {
  it('is what a person would compute', () => {
    const offset = wallOffsetFrom(inputWith());
    if (offset.status === 'unbounded') throw new Error('unbounded');
    expect(offset.earliestMs).toBeCloseTo(4999, 3);
    expect(offset.latestMs).toBeCloseTo(5004, 3);
    expect(offset.estimateMs).toBeCloseTo(5001.5, 3);
    expect(offset.standardErrorMs).toBeCloseTo(Math.hypot(0.5, 0.5 / Math.sqrt(3)), 6);
    expect(offset.confidence.highMs - offset.estimateMs).toBeCloseTo(1.96 * offset.standardErrorMs, 3);
    expect(offset).toMatchObject({ status: 'bounded', confidence: { level: 0.95 }, premises });
  });

  it('opens with time by the drift bound', () => {
    const offset = wallOffsetFrom(inputWith({ monotonicMs: 1_001_000 }));
    if (offset.status === 'unbounded') throw new Error('unbounded');
    expect(offset.earliestMs).toBeCloseTo(4999 - 50, 3);
    expect(offset.latestMs).toBeCloseTo(5004 + 50, 3);
  });

  it('keeps the estimate inside the bounds, and takes the middle without one', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e7, max: 1e7, noNaN: true }), (thetaMs) => {
        const offset = wallOffsetFrom(inputWith({ estimate: { thetaMs, standardErrorMs: 1 } }));
        if (offset.status === 'unbounded') return false;
        const { earliestMs, latestMs, estimateMs, confidence } = offset;
        return (
          earliestMs <= confidence.lowMs &&
          confidence.lowMs <= estimateMs &&
          estimateMs <= confidence.highMs &&
          confidence.highMs <= latestMs
        );
      }),
    );
    const without = wallOffsetFrom(inputWith({ estimate: undefined }));
    expect(without.status === 'bounded' && without.estimateMs).toBeCloseTo(5001.5, 3);
  });
});

describe('thetaOfSnapshot', () => {
  it('contains what the snapshot was made from, at the anchor and later', () => {
    fc.assert(
      fc.property(theta, fc.nat({ max: 1e6 }), (bounds, laterMs) => {
        const axis = { baseMs: BASE_MS, driftPpm: 50, granularityMs: 0.001 };
        const snapshot = makeSnapshot({ theta: bounds, anchorMs: 10, voidAfterMs: 2e6, axis, premises });
        const shiftMs = snapshot.baseMs - BASE_MS;
        const { earliest, latest } = thetaOfSnapshot(snapshot, 10 + laterMs);
        expect(earliest + shiftMs).toBeLessThanOrEqual(bounds.earliest);
        expect(latest + shiftMs).toBeGreaterThanOrEqual(bounds.latest + 0.001);
      }),
    );
  });
});
