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

/** A wake-up of a process with nothing else to do takes less, also on a slow machine. */
export const QUIET_MS_MAX = 1;

/** After so many quiet looks in a row there is one that is not: what was not counted must not add up. */
export const QUIET_LOOKS_MAX = 3;

/** One look at the loop, at a wake-up. */
export interface LoopLook {
  /** The wake-up came so promptly that hardly any waiting for a processor was in it. */
  readonly isPrompt: boolean;
  readonly activeMs: number;
  /** Turns of the loop until now. */
  readonly turnCount: number;
}

/** Tells the intervals in which the thread slept from wake-up to wake-up. */
export class QuietLoop {
  #activeMs = NaN;
  #turnCount = NaN;
  #looks = 0;

  /**
   * Takes in a look. True when the thread has hardly run and hardly waited since the last one: one turn, in which callbacks took less than
   * `QUIET_MS_MAX`, and a prompt wake-up. Its totals are then those of that look, and need not be read.
   */
  look({ isPrompt, activeMs, turnCount }: LoopLook): boolean {
    const isQuiet = isPrompt && turnCount - this.#turnCount <= 1 && activeMs - this.#activeMs < QUIET_MS_MAX;
    this.#activeMs = activeMs;
    this.#turnCount = turnCount;
    this.#looks = isQuiet ? this.#looks + 1 : 0;
    if (this.#looks <= QUIET_LOOKS_MAX) return isQuiet;
    this.#looks = 0;
    return false;
  }
}
