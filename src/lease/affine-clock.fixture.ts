/**
 * Clocks as the theorems model them, in exact arithmetic: a constant rate within a bound, cut to a granularity.
 *
 * Time is a bigint count of 2^-20 ms (about a nanosecond), so that every reading is exactly a double of milliseconds.
 */
import fc from 'fast-check';

const UNITS_PER_MS = 2 ** 20;
const PPM = 1_000_000n;

/** One clock: what it does, and what may be declared of it. */
export interface AffineClock {
  /** How far it really is from true time, in ppm; within `ratePpm`. */
  readonly errorPpm: number;
  readonly ratePpm: number;
  /** In units; two readings differ from the truth by less than this. */
  readonly granularity: bigint;
  /** Where in its granule it is at time 0, from 0 to 1. */
  readonly phase: number;
}

/** Units as ms, exactly. */
export function ms(units: bigint): number {
  return Number(units) / UNITS_PER_MS;
}

/** Ms as units, cut. */
export function units(valueMs: number): bigint {
  return BigInt(Math.floor(valueMs * UNITS_PER_MS));
}

/** What the clock shows at a true time. */
export function readingAt(clock: AffineClock, time: bigint): bigint {
  const granule = PPM * clock.granularity;
  return floorDivide(fast(clock) * time + phase(clock), granule) * clock.granularity;
}

/** The first true time at which the clock shows at least this. */
export function firstTimeOf(clock: AffineClock, reading: bigint): bigint {
  const shown = -floorDivide(-reading, clock.granularity) * clock.granularity;
  return -floorDivide(-(shown * PPM - phase(clock)), fast(clock));
}

function fast(clock: AffineClock): bigint {
  return PPM + BigInt(clock.errorPpm);
}

function phase(clock: AffineClock): bigint {
  return BigInt(Math.floor(clock.phase * Number(PPM * clock.granularity - 1n)));
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}

/** Clocks with weight on the worst: as fast or slow as declared, at the edges of a granule. */
export const affineClock: fc.Arbitrary<AffineClock> = fc
  .record({
    ratePpm: fc.constantFrom(0, 50, 1000, 10_000, 83_834, 100_000),
    share: fc.oneof(fc.constantFrom(-1, 1), fc.double({ min: -1, max: 1, noNaN: true })),
    granularity: fc.constantFrom(1n, 1049n, 1n << 20n, 10n << 20n),
    phase: fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true })),
  })
  .map(({ ratePpm, share, granularity, phase }) => ({
    errorPpm: Math.trunc(share * ratePpm),
    ratePpm,
    granularity,
    phase,
  }));
