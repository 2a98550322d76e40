/**
 * What the rules look at: the evidence of a gap, put in proportion.
 *
 * Linux counts a thread's life in three ways: on a processor, ready and waiting for one, and neither. Their sum is the window,
 * so two counters give the third. The window has the planned interval before the gap in it, in which the thread may have slept
 * because it wanted to, or worked and been on time. What the event loop counts as active tells how much of it belongs to the gap.
 */
import type { PauseEvidence } from './evidence.ts';

/**
 * A boot clock that ran ahead by less than this is a coarse boot clock: it ticks every 10 ms, and 16 ms was the worst
 * disagreement seen in 640 vectors.
 */
export const SUSPEND_MS_MIN = 50;

/** A run time may exceed the processor time it is part of by this much: both are brought up to date by ticks, of 10 ms at the most. */
const CPU_LAG_MS = 20;

/** What is known of the second thread during the time that the main thread was off the processor. */
export type HelperState =
  /** There is none. */
  | 'absent'
  /** It woke up for the greater part: the process was not stopped. */
  | 'alive'
  /** Its silence covers the main thread's: whatever held the one held the other. */
  | 'silent'
  /** Neither: a gap too short for its interval, or two things at once. */
  | 'unclear';

/** The evidence with what follows from it; `undefined` is what cannot be known. */
export interface EvidenceView {
  readonly evidence: PauseEvidence;
  readonly gapMs: number;
  /** What the shares are shares of: the gap, and what the event loop was active longer than that. */
  readonly spanMs: number;
  /** Time between the two wake-ups on the monotonic clock. */
  readonly windowMs: number;
  /** Time that the machine slept, by the boot clock; 0 below `SUSPEND_MS_MIN`. */
  readonly suspendedMs: number;
  /** The main thread on a processor, from the best witness. */
  readonly onCpuMs: number | undefined;
  /** Ready and waiting. */
  readonly waitMs: number | undefined;
  /** The part of the span that is neither. */
  readonly offMs: number | undefined;
  readonly gcMs: number | undefined;
  /** Throttling of any kind seen, the least there was where `throttledCount` is missing; `undefined` when the time is. */
  readonly throttledMs: number | undefined;
  readonly helper: HelperState;
  /** The main thread is known to have run longer than the whole process: the clock of the scheduler cannot be believed. */
  readonly contradictory: boolean;
}

/** Puts evidence in proportion. Signals that are not finite numbers count as missing. */
export function viewOf(evidence: PauseEvidence): EvidenceView {
  const gapMs = Math.max(0, evidence.gapMs);
  const intervalMs = Math.max(0, evidence.intervalMs);
  const runMs = amount(evidence.runMs);
  const waitMs = amount(evidence.waitMs);
  const onCpuMs = largest(runMs, amount(evidence.threadCpuMs));
  const spanMs = Math.min(gapMs + intervalMs, Math.max(gapMs, amount(evidence.eluActiveMs) ?? 0));
  const offMs = onCpuMs === undefined || waitMs === undefined ? undefined : Math.max(0, spanMs - onCpuMs - waitMs);
  return {
    evidence,
    gapMs,
    spanMs,
    windowMs: gapMs + intervalMs,
    suspendedMs: suspended(evidence),
    onCpuMs,
    waitMs,
    offMs,
    gcMs: amount(evidence.gcMs),
    throttledMs: throttled(evidence),
    helper: helperState(evidence, offMs ?? gapMs),
    contradictory: contradicts(onCpuMs, evidence, gapMs),
  };
}

/** A quantity that cannot be negative. */
export function amount(value: number | undefined): number | undefined {
  const known = signed(value);
  return known === undefined ? undefined : Math.max(0, known);
}

/** A number that is one; null and NaN from a parser are missing signals. */
export function signed(value: number | undefined): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function largest(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b;
  return b === undefined ? a : Math.max(a, b);
}

/** By the boot clock; without one, by the wall clock when the kernel has counted a suspend. */
function suspended(evidence: PauseEvidence): number {
  const bootJumpMs = signed(evidence.bootJumpMs);
  const hasSlept = (amount(evidence.suspendCount) ?? 0) > 0;
  const jumpMs = bootJumpMs ?? (hasSlept ? signed(evidence.wallJumpMs) : undefined) ?? 0;
  return jumpMs >= SUSPEND_MS_MIN ? jumpMs : 0;
}

/** Where no period was throttled the time is of no use: it is brought up to date late. */
function throttled(evidence: PauseEvidence): number | undefined {
  const timeMs = amount(evidence.throttledMs);
  const count = amount(evidence.throttledCount);
  if (timeMs === undefined) return undefined;
  return count === 0 ? 0 : timeMs;
}

/**
 * A thread that sleeps for its interval is silent for up to that long by itself, so its true silence lies between its gap and its gap
 * plus its interval. Over 357 vectors silence plus interval was at least 1.00 of the time off the processor in every stop, and at most
 * 0.25 in every block but two on a starved host; the bounds here lie between with room on both sides.
 */
function helperState(evidence: PauseEvidence, offMs: number): HelperState {
  const helperGapMs = amount(evidence.helperGapMs);
  if (helperGapMs === undefined) return 'absent';
  const sleepMs = amount(evidence.helperIntervalMs) ?? Math.max(0, evidence.intervalMs);
  const silenceMs = helperGapMs + sleepMs;
  if (silenceMs <= 0.5 * offMs) return 'alive';
  const isSilent = silenceMs >= 0.9 * offMs && helperGapMs >= Math.max(0.3 * offMs, 0.4 * sleepMs);
  return isSilent ? 'silent' : 'unclear';
}

function contradicts(onCpuMs: number | undefined, evidence: PauseEvidence, gapMs: number): boolean {
  const processCpuMs = amount(evidence.processCpuMs);
  if (onCpuMs === undefined || processCpuMs === undefined) return false;
  return onCpuMs > processCpuMs + Math.max(CPU_LAG_MS, 0.2 * gapMs);
}
