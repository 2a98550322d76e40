/**
 * Exact arithmetic on doubles, for tests: every finite double is a rational of bigints, so a rounding can be judged
 * without rounding.
 *
 * Nothing here uses the code under test. The nearest double on one side is found by bisection over all doubles in order,
 * which is slow and obviously right.
 */

/** `numerator / denominator`, not reduced; the denominator is positive. */
export interface Rational {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

const VIEW = new DataView(new ArrayBuffer(8));
const MANTISSA_BITS = 52n;
const MANTISSA_MASK = (1n << MANTISSA_BITS) - 1n;
/** The value of a double is mantissa * 2^(exponent - 1075), subnormals having exponent 1 and no hidden bit. */
const EXPONENT_BIAS = 1075n;

export function rational(numerator: bigint, denominator = 1n): Rational {
  if (denominator === 0n) throw new RangeError('rational: requires a denominator other than 0.');
  return denominator > 0n ? { numerator, denominator } : { numerator: -numerator, denominator: -denominator };
}

/** The exact value of a finite double. */
export function exact(x: number): Rational {
  if (!Number.isFinite(x)) throw new RangeError(`exact: requires a finite number, got ${x}.`);
  VIEW.setFloat64(0, x);
  const bits = VIEW.getBigUint64(0);
  const exponent = (bits >> MANTISSA_BITS) & 0x7ffn;
  const mantissa = exponent === 0n ? bits & MANTISSA_MASK : (bits & MANTISSA_MASK) | (1n << MANTISSA_BITS);
  const power = (exponent === 0n ? 1n : exponent) - EXPONENT_BIAS;
  const signed = bits >> 63n === 1n ? -mantissa : mantissa;
  return power >= 0n ? { numerator: signed << power, denominator: 1n } : reduced(signed, -power);
}

/** `numerator / 2^bits` with common twos taken out, so that later products stay small. */
function reduced(numerator: bigint, bits: bigint): Rational {
  let [top, left] = [numerator, bits];
  for (let step = 64n; step > 0n; step /= 2n) {
    while (left >= step && top !== 0n && BigInt.asUintN(Number(step), top) === 0n)
      [top, left] = [top >> step, left - step];
  }
  return top === 0n ? { numerator: 0n, denominator: 1n } : { numerator: top, denominator: 1n << left };
}

export function add(a: Rational, b: Rational): Rational {
  return {
    numerator: a.numerator * b.denominator + b.numerator * a.denominator,
    denominator: a.denominator * b.denominator,
  };
}

export function subtract(a: Rational, b: Rational): Rational {
  return add(a, negate(b));
}

export function multiply(a: Rational, b: Rational): Rational {
  return { numerator: a.numerator * b.numerator, denominator: a.denominator * b.denominator };
}

export function negate(a: Rational): Rational {
  return { numerator: -a.numerator, denominator: a.denominator };
}

export function absolute(a: Rational): Rational {
  return a.numerator < 0n ? negate(a) : a;
}

/** -1, 0 or 1. */
export function compare(a: Rational, b: Rational): -1 | 0 | 1 {
  const difference = a.numerator * b.denominator - b.numerator * a.denominator;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** Compares a double, infinities included, with an exact value. */
export function compareDouble(x: number, value: Rational): -1 | 0 | 1 {
  if (x === Infinity) return 1;
  if (x === -Infinity) return -1;
  return compare(exact(x), value);
}

/** The place of a double in the order of all doubles: neighbours differ by 1, and both zeros are 0. */
export function ordinalOf(x: number): bigint {
  if (Number.isNaN(x)) throw new RangeError('ordinalOf: requires a number, got NaN.');
  VIEW.setFloat64(0, Math.abs(x));
  const magnitude = VIEW.getBigUint64(0);
  return x < 0 ? -magnitude : magnitude;
}

function doubleAt(ordinal: bigint): number {
  VIEW.setBigUint64(0, ordinal < 0n ? -ordinal : ordinal);
  const magnitude = VIEW.getFloat64(0);
  return ordinal < 0n ? -magnitude : magnitude;
}

/** The greatest double not above the exact value; -Infinity below the range of finite doubles. */
export function greatestDoubleAtMost(value: Rational): number {
  let below = ordinalOf(-Infinity);
  let above = ordinalOf(Infinity);
  while (above - below > 1n) {
    const middle = (below + above) >> 1n;
    if (compareDouble(doubleAt(middle), value) <= 0) below = middle;
    else above = middle;
  }
  return doubleAt(below);
}

/** The smallest double not below the exact value; Infinity above the range of finite doubles. */
export function smallestDoubleAtLeast(value: Rational): number {
  const opposite = greatestDoubleAtMost(negate(value));
  return opposite === 0 ? 0 : -opposite;
}
