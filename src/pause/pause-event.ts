/**
 * What the detector tells: pauses and steps of the wall clock, as data.
 */
import { MonotonicInstant } from '../core/index.ts';
import type { PauseVerdict } from './classify-pause.ts';
import type { PauseEvidence } from './evidence.ts';

/** One pause of the process. Its true length lies between `minMs` and `maxMs`, and its parts sum to `gapMs` (G23). */
export interface Pause extends PauseVerdict {
  readonly kind: 'pause';
  /** Counts pauses from 1, in the order in which they were noticed. */
  readonly seq: number;
  /** The length that was observed, in ms: how late the wake-up was, and the suspend that the monotonic clock did not count. */
  readonly gapMs: number;
  /** At least this long, in ms: `gapMs`, but 1 s less of a suspend, which Linux sizes by a clock of whole seconds. */
  readonly minMs: number;
  /**
   * At most this long, in ms: it can have begun right after the wake-up before. `Infinity` when the hypervisor says that the machine
   * was stopped or restored: its clocks may have stood still as well.
   */
  readonly maxMs: number;
  /** The earliest moment at which it can have begun: the wake-up before. */
  readonly startedAt: MonotonicInstant;
  /** The moment at which it was noticed. */
  readonly endedAt: MonotonicInstant;
  /** What the verdict rests on. */
  readonly evidence: PauseEvidence;
  /** Stacks of the main thread that were taken meanwhile, the earliest first. */
  readonly stacks: readonly string[];
}

/** A step of the wall clock. It is not a pause, and says nothing about whether the process ran. */
export interface ClockStep {
  readonly kind: 'clock-step';
  /** How far the wall clock was set, in ms; positive is forward. */
  readonly deltaMs: number;
  /** When it was noticed. */
  readonly at: MonotonicInstant;
  /** No boot clock could tell whether the machine slept instead; only of steps forward. */
  readonly maybeSuspend: boolean;
}

/** What the detector tells. */
export type PauseEvent = Pause | ClockStep;

/**
 * The same event, fit for `JSON.stringify`: without its instants, which mean nothing in another process. A log line has a time of its own.
 */
export function printable<Event extends PauseEvent>(event: Event): Event {
  return Object.defineProperty(event, 'toJSON', {
    value: () => Object.fromEntries(Object.entries(event).filter(([, value]) => !isInstant(value))),
  });
}

function isInstant(value: unknown): boolean {
  return value instanceof MonotonicInstant;
}

/** A point in the count of time lost, for `pausedSince`. */
export interface PauseMark {
  /** Time lost to pauses before it, in ms. */
  readonly pausedMs: number;
  /** Pauses noticed before it. */
  readonly pauseCount: number;
}
