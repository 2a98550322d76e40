/**
 * Rates of clocks, in parts per million (ppm).
 *
 * A drift bound of rho ppm says: while the local monotonic clock counts d, true time advances by something in
 * [d * (1 - rho * 1e-6), d * (1 + rho * 1e-6)]. It is an assumption about hardware and about whoever disciplines the
 * clock, never something measured here, so it travels as data with every verdict.
 */
import { requireNumber } from './quantity.ts';
import { multiplyUp } from './rounding.ts';

/**
 * The drift bound used when the user says nothing, in ppm.
 *
 * 50 ppm covers the quartz of ordinary servers over their temperature range (ClockBound recommends the same). Google's
 * TrueTime assumes 200; RFC 5905 assumes 15 (PHI), which a real oscillator of 20 to 40 ppm breaks.
 */
export const DRIFT_PPM_DEFAULT = 50;

/** Above this bound (10 %) a clock is not a clock: the Linux kernel itself allows no larger rate adjustment. */
export const DRIFT_PPM_MAX = 100_000;

/** One part per million, as a ratio; the nearest double is below 1e-6, so products are rounded up one step further. */
const RATIO_PER_PPM = 1.0000000000000002e-6;

/** Returns the drift bound when it is one. @throws TC_NOT_FINITE, TC_OUT_OF_RANGE outside 0 to 100 000 ppm. */
export function requireDriftPpm(operation: string, driftPpm: number): number {
  return requireNumber(operation, driftPpm, { what: 'a drift bound', min: 0, max: DRIFT_PPM_MAX, unit: 'ppm' });
}

/** A rate in ppm as a ratio, rounded up: for opening a bound, never for correcting a reading. */
export function ratioFromPpmUp(ratePpm: number): number {
  return multiplyUp(ratePpm, RATIO_PER_PPM);
}

/** How far a clock of this drift bound can have run away during `elapsedMs` (its sign does not matter), rounded up. */
export function driftGrowthMs(elapsedMs: number, driftPpm: number): number {
  return multiplyUp(Math.abs(elapsedMs), ratioFromPpmUp(driftPpm));
}
