/**
 * What the pause monitor and the watchdog's second thread ask of each other.
 */

/** A block of the main thread that is still going on, as the second thread sees it. */
export interface OngoingBlock {
  /** How long the main thread has been silent so far, in milliseconds. */
  readonly sinceMs: number;
  /** What the main thread was executing, when a stack could be taken without a debugger. */
  readonly stack?: string;
}

/** What the pause monitor asks of the second thread; `startWatchdog` returns it. */
export interface WatchdogPort {
  /** The second thread's interval, in ms. */
  readonly intervalMs: number;
  /** How long the second thread may have slept between two looks lately, in ms: its interval, or twice that after a beat at rest. */
  readonly sleepMs: number;
  /**
   * Called by every tick of the main thread. One that has slept from beat to beat for a while can say so: the second thread then looks half as
   * often, unless it fences. Default false.
   */
  beat(isResting?: boolean): void;
  /**
   * How late the second thread's own wake-up was at worst since the last call: its longest silence WITHOUT its interval, in ms, as
   * `PauseReading.helperGapMs`; INCLUDING the silence still going on. `undefined` until it runs.
   */
  helperGapMs(): number | undefined;
  /** The stacks captured during the block that just ended, oldest first; taking them forgets them. */
  takeStacks(): readonly string[];
  /** Calls `listener` for every block that is still going on; returns how to stop listening. */
  onOngoing(listener: (block: OngoingBlock) => void): () => void;
  /** Whether the second thread runs. */
  readonly ready: boolean;
  close(): void;
}
