/**
 * A moment in UTC without the rounding of one double.
 *
 * At 2026 an epoch in double milliseconds has steps of 244 ns; a whole number of milliseconds and a fraction have none
 * that matter. Differences are taken on the whole parts first, where they are exact.
 */
import { addDown, addUp } from '../core/index.ts';

/** `wholeMs + fractionMs` milliseconds since 1970-01-01 UTC. */
export interface SplitEpoch {
  /** A whole number of milliseconds since 1970; may be negative. */
  readonly wholeMs: number;
  /** The rest, from 0 (included) to 1 (excluded). */
  readonly fractionMs: number;
}

/** A lower bound of `epoch - baseMs` in ms; `baseMs` is a whole number. */
export function sinceBaseDown(epoch: SplitEpoch, baseMs: number): number {
  return addDown(epoch.wholeMs - baseMs, epoch.fractionMs);
}

/** An upper bound of `epoch - baseMs` in ms; `baseMs` is a whole number. */
export function sinceBaseUp(epoch: SplitEpoch, baseMs: number): number {
  return addUp(epoch.wholeMs - baseMs, epoch.fractionMs);
}

/** The moment `byMs` later (earlier when negative), to the nearest 2^-53 ms: for clocks that are made up, never for a bound. */
export function shiftEpoch(epoch: SplitEpoch, byMs: number): SplitEpoch {
  const wholeByMs = Math.floor(byMs);
  const fractionSumMs = epoch.fractionMs + (byMs - wholeByMs);
  const carryMs = Math.floor(fractionSumMs);
  return { wholeMs: epoch.wholeMs + wholeByMs + carryMs, fractionMs: fractionSumMs - carryMs };
}
