/**
 * When the next renewal is due: a third of the window after the last one was sent, sooner after a failure that came at once.
 */

/** The share of the window after which a renewal is due, and which each waits for its answer. */
export const RENEWAL_SHARE: number = 1 / 3;

/** How much sooner a renewal may be sent, as a share of its time: holders that began together do not renew together. */
const RENEWAL_JITTER = 0.1;

/** After a failure that came at once, the next renewal waits this share of the window, or up to twice that. */
const RETRY_SHARE = 1 / 30;

/** The moment of the next renewal, on the monotonic clock. */
export class RenewalSchedule {
  readonly #windowMs: number;
  readonly #random: () => number;
  #lastSentMs: number;
  #dueMs: number;

  /** From the grant on, whose request was sent at `sentMs`. */
  constructor(windowMs: number, sentMs: number, random: () => number) {
    this.#windowMs = windowMs;
    this.#random = random;
    this.#lastSentMs = sentMs;
    this.#dueMs = this.#afterMs(sentMs);
  }

  /** The reading at which the next renewal is due. */
  get dueMs(): number {
    return this.#dueMs;
  }

  /** One was sent: the next is due when this one is out of time. */
  sent(sentMs: number): void {
    this.#lastSentMs = sentMs;
    this.#dueMs = sentMs + this.#windowMs * RENEWAL_SHARE;
  }

  /** One was acknowledged; an earlier one than the last says nothing about a retry that is waiting, but that it need not hurry. */
  acknowledged(sentMs: number): void {
    const nextMs = this.#afterMs(sentMs);
    this.#dueMs = sentMs === this.#lastSentMs ? nextMs : Math.max(this.#dueMs, nextMs);
  }

  /** One failed without telling anything. */
  failed(nowMs: number): void {
    this.#dueMs = Math.min(this.#dueMs, nowMs + this.#windowMs * RETRY_SHARE * (1 + this.#random()));
  }

  /** The lease is useless until it is renewed. */
  atOnce(): void {
    this.#dueMs = -Infinity;
  }

  #afterMs(sentMs: number): number {
    return sentMs + this.#windowMs * RENEWAL_SHARE * (1 - RENEWAL_JITTER * this.#random());
  }
}
