/**
 * How long the second thread may have slept between two looks while the main thread waited for its next beat: one interval, or two where it was
 * told that the main thread rests. What it was told last goes for the sleep that it begins then, and that sleep outlasts what it is told next.
 */

/** Asked and told at each beat. */
export class HelperSleep {
  readonly #intervalMs: number;
  readonly #longNs: bigint;
  #beatNs = 0n;
  #longUntilNs = 0n;
  #isResting = false;
  #mayBeLong = false;

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
    this.#longNs = BigInt(Math.ceil(2 * intervalMs * 1e6));
  }

  /** Its longest possible sleep between the last two beats, in ms. */
  get sleepMs(): number {
    return this.#mayBeLong ? 2 * this.#intervalMs : this.#intervalMs;
  }

  /** A beat, and what the second thread is told with it. @returns Whether that is news. */
  beat(nowNs: bigint, isResting: boolean): boolean {
    const wasResting = this.#isResting;
    if (wasResting) {
      this.#mayBeLong = true;
      if (!isResting) this.#longUntilNs = nowNs + this.#longNs;
    } else if (this.#mayBeLong) {
      this.#mayBeLong = this.#beatNs < this.#longUntilNs;
    }
    this.#isResting = isResting;
    this.#beatNs = nowNs;
    return wasResting !== isResting;
  }
}
