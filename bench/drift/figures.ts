/**
 * What a watched run comes down to.
 */
import type { Look, WatchedRun } from './watched-run.ts';

/** The figures of one run, in ms unless the name says otherwise. */
export interface RunFigures {
  readonly worstErrorMs: number;
  readonly rmsErrorMs: number;
  /** The mean error: what asymmetry does to an estimate. */
  readonly biasMs: number;
  readonly meanHalfWidthMs: number;
  readonly p50HalfWidthMs: number;
  readonly p99HalfWidthMs: number;
  /** Bounded answers that excluded the truth. */
  readonly violations: number;
  readonly bounded: number;
  readonly unbounded: number;
  /** Until the half-width was within a tenth of its median of later on, in s. */
  readonly convergenceS: number;
}

/** The share of a run that counts as "later on": what the start does is convergence. */
const SETTLED_FROM = 0.1;

export function figuresOf(run: WatchedRun): RunFigures {
  const { looks } = run;
  const settled = looks.slice(Math.floor(looks.length * SETTLED_FROM));
  const errors = settled.map((look) => look.errorMs);
  const halves = settled.map(halfWidthMs).sort((a, b) => a - b);
  const p50HalfWidthMs = quantile(halves, 0.5);
  const converged = looks.find((look) => halfWidthMs(look) <= 1.1 * p50HalfWidthMs);
  return {
    worstErrorMs: errors.length === 0 ? NaN : errors.reduce((worst, error) => Math.max(worst, Math.abs(error)), 0),
    rmsErrorMs: Math.sqrt(mean(errors.map((error) => error * error))),
    biasMs: mean(errors),
    meanHalfWidthMs: mean(halves),
    p50HalfWidthMs,
    p99HalfWidthMs: quantile(halves, 0.99),
    violations: looks.filter((look) => look.earliestMs > 0 || look.latestMs < 0).length,
    bounded: looks.length,
    unbounded: run.unbounded,
    convergenceS: (converged?.atMs ?? NaN) / 1000,
  };
}

export function halfWidthMs(look: Look): number {
  return (look.latestMs - look.earliestMs) / 2;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of sorted values; NaN of none. */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}
