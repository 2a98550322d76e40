import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  add,
  compareDouble,
  exact,
  greatestDoubleAtMost,
  multiply,
  ordinalOf,
  smallestDoubleAtLeast,
  subtract,
  type Rational,
} from '../../test/support/rational.ts';
import { addDown, addUp, multiplyDown, multiplyUp, nextDown, nextUp, subtractDown, subtractUp } from './rounding.ts';

type Operation = (a: number, b: number) => number;
type ExactOperation = (a: Rational, b: Rational) => Rational;
type Rounding = (value: Rational) => number;

const EDGES = [0, -0, 1, -1, 0.1, Number.MIN_VALUE, Number.MAX_VALUE, -Number.MAX_VALUE, 2 ** -1022, 2 ** 53, 1e-6];

/** Every finite double, with weight on the edges of the format and on the magnitudes of time. */
const anyDouble = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.double({ noNaN: true, min: 1.6e12, max: 2e12 }),
  fc.double({ noNaN: true, min: -1e4, max: 1e4 }),
  fc.constantFrom(...EDGES),
);

/** Where the product's error is known exactly: `PRODUCT_EXACT_MIN` to `PRODUCT_EXACT_MAX`. */
const moderate = fc
  .tuple(
    fc.double({ noNaN: true, min: 1, max: 2, maxExcluded: true }),
    fc.integer({ min: -479, max: 479 }),
    fc.boolean(),
  )
  .map(([mantissa, power, negative]) => (negative ? -1 : 1) * mantissa * 2 ** power);

const extreme = fc.oneof(
  anyDouble,
  fc
    .tuple(
      fc.double({ noNaN: true, min: 1, max: 2 }),
      fc.constantFrom(-1074, -1022, -600, -537, -481, -480, 480, 481, 511, 1022),
    )
    .map(([mantissa, power]) => mantissa * 2 ** power),
);

function sameDouble(a: number, b: number): boolean {
  return ordinalOf(a) === ordinalOf(b);
}

/** The operation gives the nearest double on its side: on the right side, and tight. */
function nearestOnItsSide(operation: Operation, truth: ExactOperation, rounding: Rounding, numbers = anyDouble) {
  return fc.property(numbers, numbers, (a, b) => sameDouble(operation(a, b), rounding(truth(exact(a), exact(b)))));
}

/** The operation is on its side, and at most one ulp further than the nearest. */
function withinOneUlp(operation: Operation, direction: 'down' | 'up') {
  const rounding = direction === 'down' ? greatestDoubleAtMost : smallestDoubleAtLeast;
  return fc.property(extreme, extreme, (a, b) => {
    const product = multiply(exact(a), exact(b));
    const distance = ordinalOf(operation(a, b)) - ordinalOf(rounding(product));
    return direction === 'down' ? distance === 0n || distance === -1n : distance === 0n || distance === 1n;
  });
}

const ordinarySum: Operation = (a, b) => a + b;
const ordinaryDifference: Operation = (a, b) => a - b;
const ordinaryProduct: Operation = (a, b) => a * b;

describe('nextUp and nextDown', () => {
  const adjacent = (up: (x: number) => number) => fc.property(anyDouble, (x) => ordinalOf(up(x)) - ordinalOf(x) === 1n);

  it('step to the neighbouring double, across zero and between subnormals', () => {
    fc.assert(adjacent(nextUp));
    fc.assert(fc.property(anyDouble, (x) => ordinalOf(nextDown(x)) - ordinalOf(x) === -1n));
    expect(nextUp(0)).toBe(Number.MIN_VALUE);
    expect(nextUp(-0)).toBe(Number.MIN_VALUE);
    expect(nextDown(0)).toBe(-Number.MIN_VALUE);
    expect(nextUp(-Number.MIN_VALUE) === 0).toBe(true);
    expect(nextUp(Number.MAX_VALUE)).toBe(Infinity);
    expect(nextDown(-Number.MAX_VALUE)).toBe(-Infinity);
  });

  it('leave infinities on their own side, and NaN, as they are', () => {
    expect(nextUp(Infinity)).toBe(Infinity);
    expect(nextDown(-Infinity)).toBe(-Infinity);
    expect(nextUp(-Infinity)).toBe(-Number.MAX_VALUE);
    expect(nextDown(Infinity)).toBe(Number.MAX_VALUE);
    expect(nextUp(NaN)).toBeNaN();
    expect(nextDown(NaN)).toBeNaN();
  });

  it('the law refuses a step of a fixed relative size', () => {
    expect(fc.check(adjacent((x) => x + Math.abs(x) * Number.EPSILON)).failed).toBe(true);
  });
});

describe('sums and differences (G3)', () => {
  it('round down to the greatest double not above the exact value', () => {
    fc.assert(nearestOnItsSide(addDown, add, greatestDoubleAtMost), { numRuns: 1000 });
    fc.assert(nearestOnItsSide(subtractDown, subtract, greatestDoubleAtMost), { numRuns: 1000 });
  });

  it('round up to the smallest double not below the exact value', () => {
    fc.assert(nearestOnItsSide(addUp, add, smallestDoubleAtLeast), { numRuns: 1000 });
    fc.assert(nearestOnItsSide(subtractUp, subtract, smallestDoubleAtLeast), { numRuns: 1000 });
  });

  it('do not move when the sum is exact', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.integer({ min: -1000, max: 1000 }), (a, b) => {
        fc.pre(Number.isSafeInteger(a + b));
        return addDown(a, b) === a + b && addUp(a, b) === a + b;
      }),
    );
  });

  it('stop at the largest finite double where the overflow would be inward', () => {
    expect(addDown(Number.MAX_VALUE, Number.MAX_VALUE)).toBe(Number.MAX_VALUE);
    expect(addUp(Number.MAX_VALUE, Number.MAX_VALUE)).toBe(Infinity);
    expect(addUp(-Number.MAX_VALUE, -Number.MAX_VALUE)).toBe(-Number.MAX_VALUE);
    expect(addDown(-Number.MAX_VALUE, -Number.MAX_VALUE)).toBe(-Infinity);
  });

  it('keep the infinities of an open side', () => {
    expect(addDown(-Infinity, 5)).toBe(-Infinity);
    expect(addUp(Infinity, -5)).toBe(Infinity);
    expect(subtractDown(-Infinity, 5)).toBe(-Infinity);
    expect(subtractUp(Infinity, Number.MAX_VALUE)).toBe(Infinity);
  });

  it('the laws refuse ordinary rounding, the opposite direction, and a step that is always taken', () => {
    const alwaysDown: Operation = (a, b) => nextDown(a + b);
    for (const broken of [ordinarySum, addUp, alwaysDown]) {
      expect(fc.check(nearestOnItsSide(broken, add, greatestDoubleAtMost)).failed).toBe(true);
    }
    const alwaysUp: Operation = (a, b) => nextUp(a + b);
    for (const broken of [ordinarySum, addDown, alwaysUp]) {
      expect(fc.check(nearestOnItsSide(broken, add, smallestDoubleAtLeast)).failed).toBe(true);
    }
    expect(fc.check(nearestOnItsSide(ordinaryDifference, subtract, greatestDoubleAtMost)).failed).toBe(true);
    expect(fc.check(nearestOnItsSide(ordinaryDifference, subtract, smallestDoubleAtLeast)).failed).toBe(true);
  });
});

describe('products (G3)', () => {
  it('are the nearest double on their side at ordinary magnitudes', () => {
    fc.assert(nearestOnItsSide(multiplyDown, multiply, greatestDoubleAtMost, moderate), { numRuns: 1000 });
    fc.assert(nearestOnItsSide(multiplyUp, multiply, smallestDoubleAtLeast, moderate), { numRuns: 1000 });
  });

  it('are on their side, and at most one ulp further, at every magnitude', () => {
    fc.assert(withinOneUlp(multiplyDown, 'down'), { numRuns: 1000 });
    fc.assert(withinOneUlp(multiplyUp, 'up'), { numRuns: 1000 });
  });

  it('are exact when a factor is zero', () => {
    fc.assert(fc.property(anyDouble, (a) => multiplyUp(a, 0) === 0 && multiplyDown(0, a) === 0));
  });

  it('stop at the largest finite double where the overflow would be inward', () => {
    expect(multiplyDown(Number.MAX_VALUE, 2)).toBe(Number.MAX_VALUE);
    expect(multiplyUp(Number.MAX_VALUE, 2)).toBe(Infinity);
    expect(multiplyUp(Number.MAX_VALUE, -2)).toBe(-Number.MAX_VALUE);
    expect(multiplyDown(Number.MAX_VALUE, -2)).toBe(-Infinity);
    expect(multiplyUp(Infinity, 2)).toBe(Infinity);
    expect(multiplyDown(-Infinity, 2)).toBe(-Infinity);
  });

  it('the laws refuse ordinary rounding, and at subnormal magnitudes the error that is not exact there', () => {
    expect(fc.check(nearestOnItsSide(ordinaryProduct, multiply, greatestDoubleAtMost, moderate)).failed).toBe(true);
    expect(fc.check(nearestOnItsSide(ordinaryProduct, multiply, smallestDoubleAtLeast, moderate)).failed).toBe(true);
    expect(fc.check(withinOneUlp(ordinaryProduct, 'down')).failed).toBe(true);
    expect(fc.check(withinOneUlp(ordinaryProduct, 'up')).failed).toBe(true);
  });
});

describe('the exact reference itself', () => {
  it('orders doubles as the language does and gives a double back', () => {
    fc.assert(
      fc.property(anyDouble, anyDouble, (a, b) => {
        const order = a < b ? -1 : a > b ? 1 : 0;
        return compareDouble(a, exact(b)) === order && sameDouble(greatestDoubleAtMost(exact(a)), a);
      }),
    );
  });
});
