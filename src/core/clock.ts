/**
 * The typed face of a clock: wall and monotonic time apart, over any `ClockPort`.
 */
import type { ClockPort, TimerHandle } from './clock-port.ts';
import { Deadline, type DeadlineOptions } from './deadline.ts';
import { MonotonicInstant, WallInstant } from './instant.ts';
import { optionNames, requireOptions, requireSignal } from './options.ts';
import { requireDurationMs } from './quantity.ts';
import { addUp } from './rounding.ts';
import { armTimer } from './timer.ts';

/** Reads the wall clock: what a person's watch says, and what may jump. */
export interface WallClock {
  /** How coarse a reading is, in ms. */
  readonly granularityMs: number;
  now(): WallInstant;
}

/** Measures how long something takes: what replaces `Date.now() - start`. */
export interface Stopwatch {
  /** Milliseconds since it was started; never negative, whatever the wall clock does. */
  elapsedMs(): number;
  /** Milliseconds since it was started or last restarted, and starts again from now. */
  restartMs(): number;
}

/** A clock that never goes back. `Domain` keeps its instants apart from those of other clocks. */
export interface MonotonicClock<Domain extends string = string> {
  /** The identity that its instants carry. */
  readonly id: symbol;
  /** Whether time spent in system suspend counts. */
  readonly countsSuspend: boolean;
  /** How coarse a reading is, in ms. */
  readonly granularityMs: number;
  now(): MonotonicInstant<Domain>;
  /** Starts measuring. */
  stopwatch(): Stopwatch;
  /**
   * A limit `durationMs` from now: what replaces `Date.now() > limit`.
   *
   * @param durationMs - From 0 to 1e11 ms. Larger waits longer before giving up; smaller gives up sooner.
   * @throws TC_NOT_FINITE, TC_EPOCH_AS_DURATION (you passed `Date.now() + ms`), TC_OUT_OF_RANGE; TC_INVALID_ARGUMENT for wrong options.
   */
  deadline(durationMs: number, options?: DeadlineOptions): Deadline<Domain>;
}

/** What may end a wait early. */
export interface WaitOptions {
  /** Aborting rejects the wait with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Timers on the monotonic clock, unlike the wall clock never early and never moved by a step. */
export interface Timers {
  /**
   * Resolves when `durationMs` have passed on the monotonic clock. Keeps the process alive while it is awaited.
   *
   * @throws TC_NOT_FINITE, TC_EPOCH_AS_DURATION, TC_OUT_OF_RANGE; TC_INVALID_ARGUMENT for wrong options; rejects with the signal's reason when aborted.
   */
  sleep(durationMs: number, options?: WaitOptions): Promise<void>;
  /** Calls back once after `durationMs`; keeps the process alive until then. */
  after(durationMs: number, callback: () => void): TimerHandle;
}

/** Wall and monotonic time of one machine (or one simulated node), apart. */
export interface Clock {
  readonly wall: WallClock;
  /** The cheap monotonic clock; stands still in system suspend on Linux. */
  readonly monotonic: MonotonicClock<'monotonic'>;
  /** Counts suspend everywhere; coarser (10 ms on Linux) and slower to read. What heartbeats and leases want. */
  readonly boot: MonotonicClock<'boot'>;
  readonly timers: Timers;
  /** The plain numbers underneath, for sources and simulations; applications want the typed clocks. */
  readonly port: ClockPort;
}

/** Puts the typed face on a port. */
export function createClock(port: ClockPort): Clock {
  return {
    wall: {
      granularityMs: port.granularity.wallMs,
      now: () => WallInstant.fromReading(port.wallMs()),
    },
    monotonic: monotonicClock(port, {
      id: port.monotonicId,
      countsSuspend: port.monotonicCountsSuspend,
      granularityMs: () => port.granularity.monotonicMs,
      readMs: () => port.monotonicMs(),
    }),
    boot: monotonicClock(port, {
      id: port.bootId,
      countsSuspend: true,
      granularityMs: () => port.granularity.bootMs,
      readMs: () => port.bootMs(),
    }),
    timers: timersOf(port),
    port,
  };
}

interface MonotonicReading {
  readonly id: symbol;
  readonly countsSuspend: boolean;
  /** Asked for when it is needed: measuring it reads the clock, and it may change with where a reading comes from. */
  readonly granularityMs: () => number;
  readonly readMs: () => number;
}

function monotonicClock<Domain extends string>(port: ClockPort, reading: MonotonicReading): MonotonicClock<Domain> {
  const { id, readMs } = reading;
  return {
    id,
    countsSuspend: reading.countsSuspend,
    get granularityMs(): number {
      return reading.granularityMs();
    },
    now: () => MonotonicInstant.fromReading<Domain>(id, readMs()),
    stopwatch: () => createStopwatch(readMs),
    deadline: (durationMs, options) =>
      new Deadline<Domain>(
        { port, clockId: id, readMs },
        requireDurationMs('MonotonicClock.deadline', durationMs),
        requireSignalOnly('MonotonicClock.deadline', options),
      ),
  };
}

const SIGNAL_ONLY = optionNames<WaitOptions>({ signal: true });

const NO_OPTIONS: WaitOptions = {};

function requireSignalOnly(operation: string, options: WaitOptions | undefined): WaitOptions {
  if (options === undefined) return NO_OPTIONS;
  requireOptions(operation, options, SIGNAL_ONLY);
  requireSignal(operation, options.signal);
  return options;
}

function createStopwatch(readMs: () => number): Stopwatch {
  let startedMs = readMs();
  return {
    elapsedMs: () => readMs() - startedMs,
    restartMs: () => {
      const nowMs = readMs();
      const elapsedMs = nowMs - startedMs;
      startedMs = nowMs;
      return elapsedMs;
    },
  };
}

function timersOf(port: ClockPort): Timers {
  return {
    sleep: (durationMs, options) => {
      const { signal } = requireSignalOnly('Timers.sleep', options);
      const untilMs = addUp(port.monotonicMs(), requireDurationMs('Timers.sleep', durationMs));
      return sleepUntil(port, untilMs, signal);
    },
    after: (durationMs, callback) => {
      const untilMs = addUp(port.monotonicMs(), requireDurationMs('Timers.after', durationMs));
      return armTimer({ port, readMs: () => port.monotonicMs(), untilMs, keepsAlive: true }, callback);
    },
  };
}

/** Resolves when the monotonic clock reads at least `untilMs`; rejects with the signal's reason. */
export function sleepUntil(port: ClockPort, untilMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason as Error);
      return;
    }
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason as Error);
    };
    const timer = armTimer({ port, readMs: () => port.monotonicMs(), untilMs, keepsAlive: true }, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
