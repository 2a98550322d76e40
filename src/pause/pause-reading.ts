/**
 * What a sampler hands to the detector at one wake-up.
 */
import type { PauseCounters } from './counters.ts';

/** Totals that were read at a wake-up in time, and when. */
export interface EarlierReading {
  readonly monotonicMs: number;
  readonly counters: PauseCounters;
}

/** What was read at one wake-up. */
export interface PauseReading {
  /** The monotonic clock, in ms, read last. */
  readonly monotonicMs: number;
  /** When this wake-up was due; the wake-up before and the interval when left out. */
  readonly dueMs?: number | undefined;
  /** A clock that counts suspend, where that is another one; may be left out of most ticks. Pass it after every late wake-up. */
  readonly bootMs?: number | undefined;
  /** The wall clock; where there is a boot clock it is looked at only together with it. */
  readonly wallMs?: number | undefined;
  /** How long reading the clocks took, in ms, when somebody measured. */
  readonly readSpanMs?: number | undefined;
  /** Totals, as far as they were read. */
  readonly counters?: PauseCounters | undefined;
  /**
   * Totals of wake-ups in time since the last that was handed over, oldest first: what came before them is not of this gap, and two of them tell
   * the usual rate.
   */
  readonly earlier?: readonly EarlierReading[] | undefined;
  /**
   * The second thread's longest silence since the last tick, without its interval; leave it out without one. Count the silence that
   * still goes on: after a stop both threads wake together, and the second may not have noted its own gap yet.
   */
  readonly helperGapMs?: number | undefined;
  /** The second thread's interval, in ms: how long it can have slept between two looks. */
  readonly helperIntervalMs?: number | undefined;
  /** How many processors the counters of the system are sums over. */
  readonly processorCount?: number | undefined;
  /** Whether a debugger is attached. */
  readonly traced?: boolean | undefined;
  /** The disruption marker of a VMClock device; any value, compared with the last. */
  readonly vmMarker?: number | bigint | string | undefined;
  /** The generation counter of the virtual machine. */
  readonly vmGeneration?: number | bigint | string | undefined;
  /**
   * The sampler ends with this reading, before it could hear of everything: collections count as watched only when those heard of fill half of
   * the gap, and SIGCONT only when it was seen.
   */
  readonly isCutShort?: boolean | undefined;
}
