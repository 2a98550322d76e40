/**
 * Time lost, as it was told: it never becomes less.
 *
 * What the first instruction after a pause reads, and what the wake-up after it finds, are two looks at clocks of which boot time
 * comes in steps of 10 ms. Where the second finds less, the difference stays counted: whoever was told of it has acted on it.
 */

/** Keeps what was told from falling. */
export class LostTime {
  #toldMs = 0;
  #extraMs = 0;

  /** Takes in what clocks and wake-ups say of all time until now; returns what to tell. */
  told(lostMs: number): number {
    this.#extraMs = Math.max(this.#extraMs, this.#toldMs - lostMs);
    this.#toldMs = lostMs + this.#extraMs;
    return this.#toldMs;
  }
}
