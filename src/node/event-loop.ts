/**
 * What the event loop counts of itself, at the price of a wake-up in an idle process.
 *
 * `performance.eventLoopUtilization` computes the same from the same numbers, at five times the cost. And the turns of the loop prove
 * what no clock shows: between two wake-ups that are one turn apart, the thread was woken for nothing else.
 */

/** What Node counts; `uvMetricsInfo` came with Node 20.18 and 22.8. */
export interface LoopCounts {
  /** The moment, in ms since the process or thread began, whatever a test has put in the place of `performance.now`. */
  readonly duration: number;
  /** When the loop began; -1 before. */
  readonly loopStart: number;
  readonly idleTime: number;
  readonly uvMetricsInfo?: { readonly loopCount: number };
}

/** Totals in ms, as `performance.eventLoopUtilization` gives them; both 0 before the loop has begun. */
export function loopUtilization(counts: LoopCounts): { readonly active: number; readonly idle: number } {
  const { loopStart } = counts;
  if (!(loopStart > 0)) return { active: 0, idle: 0 };
  const idle = counts.idleTime;
  return { active: counts.duration - loopStart - idle, idle };
}

/** One look at the loop, at a wake-up. */
export interface LoopLook {
  /** The moment, on the axis of `performance.now()`. */
  readonly nowMs: number;
  /** Spent in the poll until now; 0 before the loop has begun. */
  readonly idleMs: number;
  /** Turns of the loop until now; NaN where Node does not count them. */
  readonly turnCount: number;
}

/** Tells how long callbacks took between two looks that are one turn apart: the thread slept for the rest of it. */
export class SleepyLoop {
  #nowMs = NaN;
  #idleMs = NaN;
  #turnCount = NaN;

  /** Takes in a look. @returns How long callbacks took since the last one, in ms; NaN when that is not known, or there was another turn. */
  look({ nowMs, idleMs, turnCount }: LoopLook): number {
    const activeMs = nowMs - this.#nowMs - (idleMs - this.#idleMs);
    const isOneTurn = turnCount - this.#turnCount <= 1;
    this.#nowMs = nowMs;
    this.#idleMs = idleMs;
    this.#turnCount = turnCount;
    return isOneTurn ? activeMs : NaN;
  }
}
