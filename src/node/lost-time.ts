/**
 * Time lost, as it was told: it never becomes less.
 *
 * What the first instruction after a pause reads, and what the wake-up after it finds, are two looks at clocks of which boot time
 * comes in steps of 10 ms. Where the second finds less, the difference stays counted: whoever was told of it has acted on it.
 */
import { ClockError, describeValue } from '../core/index.ts';
import type { PauseMark } from '../pause/index.ts';

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

  /** How much of that came after a mark. @throws TC_INVALID_ARGUMENT for what is no mark: a comparison with NaN would say "nothing". */
  since(mark: PauseMark, lostMs: number): number {
    const pausedMs: unknown = (mark as PauseMark | undefined)?.pausedMs;
    if (typeof pausedMs === 'number' && Number.isFinite(pausedMs)) return Math.max(0, this.told(lostMs) - pausedMs);
    throw new ClockError(
      'TC_INVALID_ARGUMENT',
      `PauseMonitor.pausedSince: requires a mark of this monitor, got ${describeValue(mark)}. Pass what its mark() returned.`,
      { mark },
    );
  }
}
