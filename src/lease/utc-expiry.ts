/**
 * Absolute expiry by bounded UTC: a second, independent rule beside the holder's window.
 *
 * The record of a lease carries a moment E. Its holder uses the lease only while `latest < E`; a contender may take it over once
 * `earliest > E`. The holder's last use was at a true time tau <= latest < E, the contender's at a true time tau' >= earliest > E: so
 * tau < tau', and no rate of any clock was needed (Liskov 1993, "Practical uses of synchronized clocks in distributed systems",
 * with intervals in place of a constant error). A holder that obeys this rule obeys its window too, so that a contender may go by either.
 *
 * It rests on the intervals alone, in one time scale: the readings of all sides must come from sources of the same scale (`premises.timeScale`),
 * because UTC and smeared UTC differ by up to a second around a leap second, and nothing in a record tells them apart.
 *
 * E may be any number, as long as both sides use the same one and it never decreases while the same holder holds.
 */
import { type Bounded, subtractDown, type UnboundedReason } from '../core/index.ts';

/** What E is stamped with. */
export interface UtcStampOptions {
  /** UTC, read before the request is sent. */
  readonly utc: Bounded;
  /** The time to live, a whole number of ms. */
  readonly ttlMs: number;
  /** The E that was last sent for the same grant, acknowledged or not. */
  readonly previousMs?: number | undefined;
}

/**
 * The E to send with a request: whole epoch ms, so that every store keeps it exactly, and never below the one before.
 *
 * @returns Undefined when UTC is unknown and there was none before: the grant then does without this rule.
 *
 * @example
 * ```ts
 * import { type Bounded } from 'truechimer';
 * import { holdsByUtc, isOverByUtc, utcExpiryMs } from 'truechimer/lease';
 *
 * const premises = { driftPpm: 500, falsetickersTolerated: 0, sourcesConfigured: 1, sourcesAnswering: 1, timeScale: 'utc' } as const;
 * const now = (earliest: number): Bounded => ({ status: 'bounded', earliest, latest: earliest + 10, premises });
 * const start = Date.UTC(2026, 0, 1); // in a service: what `clock.now()` of a BoundedClock answers
 * const expiryMs = utcExpiryMs({ utc: now(start), ttlMs: 30_000 }) ?? NaN; // into the record
 * console.log(holdsByUtc(now(start + 29_000), expiryMs)); // { status: 'held', remainingMs: 990 }
 * console.log(isOverByUtc(now(start + 30_001), expiryMs)); // true
 * ```
 */
export function utcExpiryMs({ utc, ttlMs, previousMs }: UtcStampOptions): number | undefined {
  if (utc.status === 'unbounded') return previousMs;
  const expiryMs = Math.floor(utc.earliest) + ttlMs;
  return previousMs === undefined || expiryMs > previousMs ? expiryMs : previousMs;
}

/** What the holder's rule says. */
export type UtcHold =
  | { readonly status: 'held'; /** How much of it is left, in ms, rounded down. */ readonly remainingMs: number }
  /** E may have passed. */
  | { readonly status: 'expired' }
  /** UTC is unknown: not to be used now, though it may be again. */
  | { readonly status: 'unknown'; readonly reason: UnboundedReason; readonly detail: string };

/** The holder's rule: certainly before E. `expiryMs` must be one that the store has acknowledged. */
export function holdsByUtc(utc: Bounded, expiryMs: number): UtcHold {
  if (utc.status === 'unbounded') return { status: 'unknown', reason: utc.reason, detail: utc.detail };
  if (utc.latest < expiryMs) return { status: 'held', remainingMs: subtractDown(expiryMs, utc.latest) };
  return { status: 'expired' };
}

/** The contender's rule: certainly after E. False when UTC is unknown. */
export function isOverByUtc(utc: Bounded, expiryMs: number): boolean {
  return utc.status === 'bounded' && utc.earliest > expiryMs;
}
