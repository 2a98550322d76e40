import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  exact,
  greatestDoubleAtMost,
  multiply,
  ordinalOf,
  rational,
  smallestDoubleAtLeast,
  type Rational,
} from '../../test/support/rational.ts';
import { divideDown, divideUp } from './directed-division.ts';

const positive = fc.oneof(fc.double({ min: 1e-9, max: 1e12, noNaN: true }), fc.integer({ min: 1, max: 2_000_000 }));

function quotient(a: number, b: number): Rational {
  const divisor = exact(b);
  return multiply(exact(a), rational(divisor.denominator, divisor.numerator));
}

const isNearest = (divide: (a: number, b: number) => number, rounding: (value: Rational) => number) =>
  fc.property(positive, positive, (a, b) => ordinalOf(divide(a, b)) === ordinalOf(rounding(quotient(a, b))));

describe('division that rounds the way it is told', () => {
  it('gives the nearest double on its side', () => {
    fc.assert(isNearest(divideDown, greatestDoubleAtMost), { numRuns: 500 });
    fc.assert(isNearest(divideUp, smallestDoubleAtLeast), { numRuns: 500 });
  });

  it('is not what ordinary division does', () => {
    const ordinary = (a: number, b: number): number => a / b;
    expect(fc.check(isNearest(ordinary, greatestDoubleAtMost)).failed).toBe(true);
    expect(fc.check(isNearest(ordinary, smallestDoubleAtLeast)).failed).toBe(true);
  });
});
