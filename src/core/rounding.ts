/**
 * Floating-point arithmetic that rounds the way it is told: down for a lower bound, up for an upper one.
 *
 * An interval computed with ordinary rounding can lose the truth by half an ulp, which at 2026 in epoch milliseconds is
 * 122 ns. Here the rounding error of each operation is computed exactly (an error-free transformation: TwoSum, Knuth,
 * The Art of Computer Programming vol. 2, 4.2.2; TwoProduct by Veltkamp splitting, Dekker, "A floating-point technique
 * for extending the available precision", 1971) and the result is moved by one ulp only when the error points inward, so the
 * answer is the nearest double on the safe side.
 */

const DOUBLE = new Float64Array(1);
const BITS = new BigInt64Array(DOUBLE.buffer);

/** Veltkamp's constant 2^27 + 1: splits a double into two halves of 26 bits. */
const SPLITTER = 134217729;

/** Between these magnitudes no step of TwoProduct overflows or loses bits to subnormals. */
const PRODUCT_EXACT_MAX = 2 ** 480;
const PRODUCT_EXACT_MIN = 2 ** -480;

/** The smallest double greater than `x`; infinities and NaN are returned as they are (except -Infinity). */
export function nextUp(x: number): number {
  if (Number.isNaN(x) || x === Infinity) return x;
  if (x === 0) return Number.MIN_VALUE;
  DOUBLE[0] = x;
  BITS[0] = (BITS[0] as bigint) + (x > 0 ? 1n : -1n);
  return DOUBLE[0];
}

/** The greatest double smaller than `x`. */
export function nextDown(x: number): number {
  return -nextUp(-x);
}

/** The exact rounding error of `a + b` (what must be added to the rounded sum), or NaN when it overflowed. */
function sumError(a: number, b: number, sum: number): number {
  const bVirtual = sum - a;
  const aVirtual = sum - bVirtual;
  return a - aVirtual + (b - bVirtual);
}

/** The exact rounding error of `a * b`; only for magnitudes where it is exact. */
function productError(a: number, b: number, product: number): number {
  const aScaled = SPLITTER * a;
  const aHigh = aScaled - (aScaled - a);
  const aLow = a - aHigh;
  const bScaled = SPLITTER * b;
  const bHigh = bScaled - (bScaled - b);
  const bLow = b - bHigh;
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}

function productIsExactlyKnown(a: number, b: number): boolean {
  const x = Math.abs(a);
  const y = Math.abs(b);
  return x < PRODUCT_EXACT_MAX && y < PRODUCT_EXACT_MAX && x > PRODUCT_EXACT_MIN && y > PRODUCT_EXACT_MIN;
}

/** The greatest double not above the exact `a + b`. */
export function addDown(a: number, b: number): number {
  const sum = a + b;
  if (sum === Infinity && Number.isFinite(a) && Number.isFinite(b)) return Number.MAX_VALUE;
  return sumError(a, b, sum) < 0 ? nextDown(sum) : sum;
}

/** The smallest double not below the exact `a + b`. */
export function addUp(a: number, b: number): number {
  return -addDown(-a, -b);
}

/** The greatest double not above the exact `a - b`. */
export function subtractDown(a: number, b: number): number {
  return addDown(a, -b);
}

/** The smallest double not below the exact `a - b`. */
export function subtractUp(a: number, b: number): number {
  return addUp(a, -b);
}

/** A double not above the exact `a * b`: the greatest one, except at extreme magnitudes where it may be one ulp lower. */
export function multiplyDown(a: number, b: number): number {
  const product = a * b;
  if (a === 0 || b === 0 || Number.isNaN(product)) return product;
  if (!Number.isFinite(a) || !Number.isFinite(b)) return product;
  if (product === Infinity) return Number.MAX_VALUE;
  if (!productIsExactlyKnown(a, b)) return nextDown(product);
  return productError(a, b, product) < 0 ? nextDown(product) : product;
}

/** A double not below the exact `a * b`: the smallest one, except at extreme magnitudes where it may be one ulp higher. */
export function multiplyUp(a: number, b: number): number {
  return -multiplyDown(-a, b);
}
