/**
 * The platform's other clocks on a simulated machine: `performance`, `process.hrtime`, `process.uptime`, `Temporal.Now`.
 *
 * All but Temporal read the monotonic clock, as Node does; the process began at monotonic 0.
 */
import type { SimNode } from '../sim/index.ts';

const NS_PER_MS = 1_000_000n;

/** A reading in whole nanoseconds, floored; exact however large the reading is. */
export function nanosecondsOf(readingMs: number): bigint {
  const wholeMs = Math.floor(readingMs);
  return BigInt(wholeMs) * NS_PER_MS + BigInt(Math.floor((readingMs - wholeMs) * 1e6));
}

/** `process.hrtime` and `process.hrtime.bigint`. */
export function fakeHrtime(real: NodeJS.HRTime, node: SimNode): NodeJS.HRTime {
  const bigint = (): bigint => nanosecondsOf(node.monotonicMs());
  function hrtime(before?: [number, number]): [number, number] {
    // The real one says what is wrong with an argument that is not a reading.
    if (before !== undefined && !(Array.isArray(before) && (before as unknown[]).length === 2)) return real(before);
    const nowNs = bigint();
    const seconds = Number(nowNs / 1_000_000_000n);
    const nanoseconds = Number(nowNs % 1_000_000_000n);
    if (before === undefined) return [seconds, nanoseconds];
    const borrow = nanoseconds < before[1] ? 1 : 0;
    return [seconds - before[0] - borrow, nanoseconds - before[1] + borrow * 1e9];
  }
  return Object.assign(hrtime, { bigint });
}

/** What is used of Temporal; its types come with a newer library than Node 20's. */
export interface TemporalLike {
  readonly Now: { timeZoneId(): string };
  readonly Instant: { fromEpochNanoseconds(nanoseconds: bigint): TemporalInstantLike };
}

interface TemporalInstantLike {
  toZonedDateTimeISO(timeZone: unknown): {
    toPlainDateTime(): unknown;
    toPlainDate(): unknown;
    toPlainTime(): unknown;
  };
}

/** The functions of `Temporal.Now` that read the time. */
export function fakeTemporalNow(temporal: TemporalLike, node: SimNode): Readonly<Record<string, unknown>> {
  const instant = (): TemporalInstantLike => temporal.Instant.fromEpochNanoseconds(nanosecondsOf(node.wallMs()));
  const zoned = (zone: unknown): ReturnType<TemporalInstantLike['toZonedDateTimeISO']> =>
    instant().toZonedDateTimeISO(zone ?? temporal.Now.timeZoneId());
  return {
    instant,
    zonedDateTimeISO: zoned,
    plainDateTimeISO: (zone?: unknown) => zoned(zone).toPlainDateTime(),
    plainDateISO: (zone?: unknown) => zoned(zone).toPlainDate(),
    plainTimeISO: (zone?: unknown) => zoned(zone).toPlainTime(),
  };
}
