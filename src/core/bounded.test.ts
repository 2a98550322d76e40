import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  compareBounded,
  UNBOUNDED_REASONS,
  type Bounded,
  type BoundedOrder,
  type BoundedTime,
  type Premises,
  type UnboundedReason,
  type UnboundedTime,
} from './bounded.ts';
import { compareIntervals } from './interval.ts';

const PREMISES: Premises = {
  driftPpm: 50,
  falsetickersTolerated: 1,
  sourcesConfigured: 4,
  sourcesAnswering: 4,
  timeScale: 'utc',
};

const boundedTime: fc.Arbitrary<BoundedTime> = fc
  .tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 20 }))
  .map(([a, b]) => ({ status: 'bounded', earliest: Math.min(a, b), latest: Math.max(a, b), premises: PREMISES }));
const unboundedTime: fc.Arbitrary<UnboundedTime> = fc
  .constantFrom(...UNBOUNDED_REASONS)
  .map((reason) => ({ status: 'unbounded', reason, detail: 'no source has answered yet' }));
const bounded: fc.Arbitrary<Bounded> = fc.oneof(
  { weight: 3, arbitrary: boundedTime },
  { weight: 1, arbitrary: unboundedTime },
);

describe('compareBounded', () => {
  type Compare = (a: Bounded, b: Bounded) => BoundedOrder;
  const mirrored = { before: 'after', after: 'before', overlapping: 'overlapping', unbounded: 'unbounded' } as const;
  const antisymmetric = (compare: Compare) =>
    fc.property(bounded, bounded, (a, b) => compare(b, a) === mirrored[compare(a, b)]);
  const honest = (compare: Compare) =>
    fc.property(bounded, bounded, (a, b) => {
      const order = compare(a, b);
      if (a.status === 'unbounded' || b.status === 'unbounded') return order === 'unbounded';
      return order === compareIntervals(a, b);
    });

  it('is antisymmetric', () => {
    fc.assert(antisymmetric(compareBounded));
  });

  it('orders two intervals as intervals, and nothing against an answer without one', () => {
    fc.assert(honest(compareBounded));
  });

  it('the law refuses an unbounded answer that is treated as the interval [0, 0]', () => {
    const point = { earliest: 0, latest: 0 };
    const zeroed: Compare = (a, b) =>
      compareIntervals(a.status === 'bounded' ? a : point, b.status === 'bounded' ? b : point);
    expect(fc.check(honest(zeroed)).failed).toBe(true);
  });
});

describe('the union', () => {
  it('lists every reason once', () => {
    expect(new Set(UNBOUNDED_REASONS).size).toBe(UNBOUNDED_REASONS.length);
    const table: Record<UnboundedReason, true> = {
      synchronizing: true,
      'too-few-sources': true,
      'no-agreement': true,
      'clock-discontinuity': true,
      'leap-second': true,
      'holdover-expired': true,
      stopped: true,
    };
    expect([...UNBOUNDED_REASONS].sort()).toEqual(Object.keys(table).sort());
  });

  it('has no number to misuse before the status was looked at', () => {
    const readEarliest = (reading: Bounded): number | undefined => {
      // @ts-expect-error an unbounded reading has no edges
      const unchecked = reading.earliest as unknown;
      return reading.status === 'bounded' ? reading.earliest : (unchecked as undefined);
    };
    expect(readEarliest({ status: 'unbounded', reason: 'stopped', detail: 'stopped' })).toBeUndefined();
    expectTypeOf<UnboundedTime>().not.toHaveProperty('latest');
  });
});
