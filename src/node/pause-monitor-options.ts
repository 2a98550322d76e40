/**
 * What a pause monitor is told at the start, checked.
 */
import {
  type Clock,
  ClockError,
  describeValue,
  optionNames,
  requireDurationMs,
  requireOptions,
  requireSignal,
} from '../core/index.ts';
import { PAUSE_CAUSES, PAUSE_INTERVAL_MS_DEFAULT, type PauseCause } from '../pause/index.ts';
import { systemClock } from './system-clock.ts';
import { BLOCK_MS_DEFAULT, WATCHDOG_INTERVAL_MS_DEFAULT, type WatchdogOptions } from './watchdog-options.ts';

/** Options of `monitorPauses`. */
export interface PauseMonitorOptions {
  /** The time between two wake-ups, in ms, 1 to 3 600 000; 50 when left out. Shorter sees shorter pauses, and costs more: a wake-up is what costs. */
  readonly intervalMs?: number;
  /** A wake-up this late is a pause, in ms, 1 to 3 600 000; 50 when left out. Every pause of `intervalMs` and this is noticed. */
  readonly thresholdMs?: number;
  /** A jump of the wall clock this large is a step, in ms, 1 to 3 600 000; 50 when left out. */
  readonly clockStepMs?: number;
  /**
   * A second thread that notices a block while it lasts, and without which a block cannot be told from a stop in the middle of a
   * callback; true, or its options. It costs 10 to 20 MB. With `fence` its `blockMs` is at least `intervalMs + thresholdMs`. False when left
   * out.
   */
  readonly watchdog?: boolean | WatchdogOptions;
  /** Causes that `onPause` is not called for; they are counted all the same. None when left out. */
  readonly suppress?: readonly PauseCause[];
  /** Ends the monitor when it aborts. */
  readonly signal?: AbortSignal;
  /** The clock to run on; a simulated one in tests, of which only the clock itself is evidence. `systemClock` when left out. */
  readonly clock?: Clock;
}

/** Options, checked and filled in. */
export interface PauseMonitorSettings {
  readonly intervalMs: number;
  readonly thresholdMs: number;
  readonly clockStepMs: number;
  readonly watchdog: WatchdogOptions | undefined;
  readonly suppress: ReadonlySet<PauseCause>;
  readonly signal: AbortSignal | undefined;
  readonly clock: Clock;
}

const OPERATION = 'monitorPauses';

const NAMES = optionNames<PauseMonitorOptions>({
  intervalMs: true,
  thresholdMs: true,
  clockStepMs: true,
  watchdog: true,
  suppress: true,
  signal: true,
  clock: true,
});

const RANGE = { minMs: 1, maxMs: 3_600_000 };

/** @throws TC_INVALID_ARGUMENT, TC_NOT_FINITE, TC_OUT_OF_RANGE, TC_EPOCH_AS_DURATION. */
export function requireMonitorOptions(given: PauseMonitorOptions | undefined): PauseMonitorSettings {
  requireOptions(OPERATION, given, NAMES);
  const options = given ?? {};
  const duration = (name: 'intervalMs' | 'thresholdMs' | 'clockStepMs'): number =>
    requireDurationMs(`${OPERATION} ${name}`, options[name] ?? PAUSE_INTERVAL_MS_DEFAULT, RANGE);
  requireSignal(OPERATION, options.signal);
  return {
    intervalMs: duration('intervalMs'),
    thresholdMs: duration('thresholdMs'),
    clockStepMs: duration('clockStepMs'),
    watchdog: requireWatchdog(options),
    suppress: requireCauses(options.suppress),
    signal: options.signal,
    clock: requireClock(options.clock),
  };
}

/** Everything else in its options is checked by the watchdog itself. */
function requireWatchdog(options: PauseMonitorOptions): WatchdogOptions | undefined {
  const given: unknown = options.watchdog;
  if (given === undefined || given === false) return undefined;
  if (given !== true && (typeof given !== 'object' || given === null || Array.isArray(given))) {
    const got = describeValue(given);
    throw invalid('watchdog', `requires true, false or options, got ${got}`, 'Pass { blockMs: 200 }.');
  }
  const watchdog: WatchdogOptions = given === true ? {} : given;
  const { intervalMs = PAUSE_INTERVAL_MS_DEFAULT, thresholdMs = PAUSE_INTERVAL_MS_DEFAULT } = options;
  const leastMs = 2 * (watchdog.intervalMs ?? WATCHDOG_INTERVAL_MS_DEFAULT);
  const blockMs = watchdog.blockMs ?? Math.max(BLOCK_MS_DEFAULT, leastMs, intervalMs + thresholdMs);
  if (blockMs <= intervalMs) {
    throw invalid(
      'watchdog',
      `requires blockMs above intervalMs, got ${blockMs} ms and ${intervalMs} ms`,
      'The main thread beats once in an interval: raise blockMs, or leave it out.',
    );
  }
  if (watchdog.fence !== undefined && blockMs < intervalMs + thresholdMs) {
    throw invalid(
      'watchdog',
      `requires blockMs of at least intervalMs + thresholdMs with fence, got ${blockMs} ms, ${intervalMs} ms and ${thresholdMs} ms`,
      'What is no pause must not end the process: raise blockMs, or leave it out.',
    );
  }
  return { ...watchdog, blockMs };
}

function requireCauses(suppress: readonly PauseCause[] | undefined): ReadonlySet<PauseCause> {
  const given: unknown = suppress ?? [];
  if (!Array.isArray(given)) {
    throw invalid('suppress', `requires an array of causes, got ${describeValue(given)}`, "Pass ['starved'].");
  }
  for (const cause of given as readonly unknown[]) {
    if (PAUSE_CAUSES.includes(cause as PauseCause)) continue;
    throw invalid(
      'suppress',
      `requires causes, got ${describeValue(cause)}`,
      `The causes are ${PAUSE_CAUSES.join(', ')}.`,
    );
  }
  return new Set(given as readonly PauseCause[]);
}

function requireClock(clock: Clock | undefined): Clock {
  const given: unknown = clock ?? systemClock;
  const isClock = typeof given === 'object' && given !== null && 'port' in given && 'monotonic' in given;
  if (isClock) return given as Clock;
  throw invalid(
    'clock',
    `requires a clock, got ${describeValue(given)}`,
    'Pass one that createClock(port) made, or leave it out.',
  );
}

function invalid(name: string, what: string, remedy: string): ClockError {
  return new ClockError('TC_INVALID_ARGUMENT', `${OPERATION} ${name}: ${what}. ${remedy}`);
}
