/**
 * Division that rounds the way it is told, for windows and waits: beside the sums and products of `core/rounding`.
 */
import { multiplyDown, multiplyUp, nextDown, nextUp } from '../core/index.ts';

/**
 * The greatest double not above the exact `dividend / divisor`; both above 0, and neither extremely large or small.
 *
 * The ordinary quotient q is the nearest double, so either it or its lower neighbour is the answer. It lies above the exact quotient
 * iff q * divisor > dividend, and as the dividend is itself a double, the product rounded up tells that exactly.
 */
export function divideDown(dividend: number, divisor: number): number {
  const quotient = dividend / divisor;
  return multiplyUp(quotient, divisor) > dividend ? nextDown(quotient) : quotient;
}

/** The smallest double not below the exact `dividend / divisor`, under the same conditions. */
export function divideUp(dividend: number, divisor: number): number {
  const quotient = dividend / divisor;
  return multiplyDown(quotient, divisor) < dividend ? nextUp(quotient) : quotient;
}
