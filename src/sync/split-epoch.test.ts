import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  add,
  compareDouble,
  exact,
  greatestDoubleAtMost,
  type Rational,
  smallestDoubleAtLeast,
  subtract,
} from '../../test/support/rational.ts';
import { shiftEpoch, sinceBaseDown, sinceBaseUp, type SplitEpoch } from './split-epoch.ts';

const epoch: fc.Arbitrary<SplitEpoch> = fc.record({
  wholeMs: fc.integer({ min: -3e12, max: 5e12 }),
  fractionMs: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
});
const base = fc.integer({ min: -3e12, max: 5e12 });

function exactEpoch({ wholeMs, fractionMs }: SplitEpoch): Rational {
  return add(exact(wholeMs), exact(fractionMs));
}

describe('sinceBaseDown, sinceBaseUp', () => {
  it('are the nearest doubles on their side of the exact difference', () => {
    fc.assert(
      fc.property(epoch, base, (moment, baseMs) => {
        const difference = subtract(exactEpoch(moment), exact(baseMs));
        expect(sinceBaseDown(moment, baseMs)).toBe(greatestDoubleAtMost(difference));
        expect(sinceBaseUp(moment, baseMs)).toBe(smallestDoubleAtLeast(difference) + 0);
      }),
      { numRuns: 2000 },
    );
  });

  it('keep what one double would lose', () => {
    expect(sinceBaseDown({ wholeMs: 1_790_000_000_001, fractionMs: 2 ** -40 }, 1_790_000_000_000)).toBe(1 + 2 ** -40);
  });
});

describe('shiftEpoch', () => {
  it('moves a moment to the nearest 2^-53 ms and keeps the fraction in [0, 1)', () => {
    fc.assert(
      fc.property(epoch, fc.double({ min: -1e9, max: 1e9, noNaN: true }), (moment, byMs) => {
        const moved = shiftEpoch(moment, byMs);
        expect(Number.isInteger(moved.wholeMs)).toBe(true);
        expect(moved.fractionMs >= 0 && moved.fractionMs < 1).toBe(true);
        const error = subtract(exactEpoch(moved), add(exactEpoch(moment), exact(byMs)));
        expect(compareDouble(2 ** -52, error)).toBeGreaterThanOrEqual(0);
        expect(compareDouble(-(2 ** -52), error)).toBeLessThanOrEqual(0);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([-1e-20, 1e-20, -(2 ** -54), 1 - 2 ** -53, -0])('stays in [0, 1) when moved by %d ms', (byMs) => {
    for (const fractionMs of [0, 1 - 2 ** -53, 0.5]) {
      const moved = shiftEpoch({ wholeMs: 5, fractionMs }, byMs);
      expect(moved.fractionMs >= 0 && moved.fractionMs < 1).toBe(true);
    }
  });
});
