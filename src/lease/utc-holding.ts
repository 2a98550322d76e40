/**
 * The holder's side of absolute expiry: what it has told the store, and whether it still holds by that (see `utc-expiry.ts`).
 *
 * As soon as one request with an expiry was sent, the record may carry it, and a contender may go by it: so the rule is obeyed from the
 * first one sent, and moves on only with those that were acknowledged.
 */
import type { BoundedUtc } from './lease-options.ts';
import { holdsByUtc, utcExpiryMs } from './utc-expiry.ts';
import type { LeaseRefused } from './verdict.ts';

/** Obeys UTC, or does not. */
export class UtcHolding {
  readonly #utc: BoundedUtc | undefined;
  readonly #ttlMs: number;
  #sentMs: number | undefined;
  #obeyedMs: number | undefined;
  #refusal: Pick<LeaseRefused, 'reason' | 'detail'> | undefined;

  constructor(utc: BoundedUtc | undefined, ttlMs: number) {
    this.#utc = utc;
    this.#ttlMs = ttlMs;
  }

  /** Whether a contender may go by an expiry in the record. */
  get isObeyed(): boolean {
    return this.#obeyedMs !== undefined;
  }

  /** Why `limit` last said that it may not be used. */
  get refusal(): Pick<LeaseRefused, 'reason' | 'detail'> | undefined {
    return this.#refusal;
  }

  /** What to send with the next request. */
  stamp(): { readonly utcExpiryMs: number | undefined } {
    if (this.#utc === undefined) return { utcExpiryMs: undefined };
    this.#sentMs = utcExpiryMs({ utc: this.#utc.now(), ttlMs: this.#ttlMs, previousMs: this.#sentMs });
    this.#obeyedMs ??= this.#sentMs;
    return { utcExpiryMs: this.#sentMs };
  }

  /** The store has it. */
  acknowledged(expiryMs: number | undefined): void {
    if (expiryMs !== undefined) this.#obeyedMs = Math.max(this.#obeyedMs ?? expiryMs, expiryMs);
  }

  /** What is left of `remainingMs` by this rule too, in ms. */
  limit(remainingMs: number): number {
    this.#refusal = undefined;
    if (this.#utc === undefined || this.#obeyedMs === undefined) return remainingMs;
    const held = holdsByUtc(this.#utc.now(), this.#obeyedMs);
    if (held.status === 'held') return Math.min(remainingMs, held.remainingMs);
    this.#refusal =
      held.status === 'expired'
        ? { reason: 'expired', detail: 'by UTC the expiry that the record carries may have passed' }
        : { reason: 'clock-anomaly', detail: `the lease goes by UTC as well, and UTC is unbounded: ${held.detail}` };
    return -Infinity;
  }

  /** How long until it ends by this rule, in ms; `Infinity` when it does not apply. */
  leftMs(): number {
    const leftMs = this.limit(Infinity);
    return leftMs === -Infinity ? Infinity : leftMs;
  }
}
