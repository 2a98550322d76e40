/**
 * The port through which everything reads time: what a platform must give, in plain numbers.
 *
 * Two implementations exist, the machine's clock (`node/`) and the simulated one, and both pass the same contract suite.
 * Numbers stay behind this port; what applications see is the typed façade in `clock.ts`.
 */

/** How coarse each clock is: a reading lies at most this far below the moment it was taken, in ms. */
export interface ClockGranularity {
  readonly monotonicMs: number;
  readonly bootMs: number;
  readonly wallMs: number;
}

/** A timer that has been set; cancelling it twice, or after it fired, does nothing. */
export interface TimerHandle {
  cancel(): void;
}

/** How a timer treats the life of the process. */
export interface TimerOptions {
  /** Whether the timer keeps the process alive. Only what somebody awaits should. */
  readonly keepsAlive: boolean;
}

/** The clocks and timers of one machine, or of one simulated node. */
export interface ClockPort {
  /** For messages: `system`, or the name of a simulated node. */
  readonly name: string;
  /** The identity of the monotonic clock: instants of different clocks never mix. */
  readonly monotonicId: symbol;
  /** The identity of the boot clock. */
  readonly bootId: symbol;
  /** Milliseconds since an arbitrary origin; never goes back; may stand still in suspend (Linux). */
  monotonicMs(): number;
  /** Milliseconds since an arbitrary origin; never goes back; counts suspend. May be coarse and slower to read. */
  bootMs(): number;
  /** Milliseconds since 1970-01-01 UTC, floored to the granularity; may jump either way at any moment. */
  wallMs(): number;
  readonly granularity: ClockGranularity;
  /** Whether `monotonicMs` counts suspend by itself (macOS, Windows). */
  readonly monotonicCountsSuspend: boolean;
  /**
   * How far the platform slews the wall clock against the monotonic clock without a step, in ppm. Linux disciplines both together
   * (0); where only the wall clock is disciplined this is the platform's largest slew.
   */
  readonly wallSlewPpm: number;
  /**
   * Calls back once, not before `delayMs` have passed on the monotonic clock as far as the platform keeps that promise:
   * whoever needs it exactly reads the clock again in the callback.
   */
  setTimer(callback: () => void, delayMs: number, options: TimerOptions): TimerHandle;
}
