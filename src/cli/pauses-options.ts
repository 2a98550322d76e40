/**
 * What `truechimer pauses` was asked to do, checked.
 */
import { PAUSE_INTERVAL_MS_DEFAULT } from '../pause/index.ts';
import { type DurationLimits, parseDurationMs } from './option-values.ts';
import { quoteValue, UsageError } from './usage-error.ts';

/** What the watchdog is told. */
export interface PausesWatchdog {
  readonly blockMs: number;
}

/** The checked options. */
export interface PausesOptions {
  /** The program and its arguments; never empty. */
  readonly command: readonly string[];
  readonly intervalMs: number;
  readonly thresholdMs: number;
  /** Undefined: no second thread. */
  readonly watchdog: PausesWatchdog | undefined;
  /** The round trip of a lease's renewal that the suggested time to live assumes. */
  readonly roundTripMs: number;
  /** Where the report goes as JSON: a file, `-` for stdout, or nowhere. */
  readonly json: string | undefined;
  /** Where the timeline goes. */
  readonly html: string | undefined;
  /** Nothing is said while the program runs. */
  readonly quiet: boolean;
}

/** The options as text; what is undefined was not given. */
export interface PausesArguments {
  readonly command: readonly string[];
  readonly interval?: string | undefined;
  readonly threshold?: string | undefined;
  readonly block?: string | undefined;
  readonly roundTrip?: string | undefined;
  readonly json?: string | undefined;
  readonly html?: string | undefined;
  readonly watchdog: boolean;
  readonly noWatchdog: boolean;
  readonly quiet: boolean;
}

/** The round trip of a renewal when nobody says: a store in the same region. */
export const ROUND_TRIP_MS_DEFAULT = 10;

/** A wake-up every millisecond is the most that a timer can do; once a minute is no watch any more. */
const INTERVAL_LIMITS: DurationLimits = { minMs: 1, maxMs: 60_000 };

/** The watchdog's own: twice its interval of 50 ms, or of 5 ms when it must be quick. */
const BLOCK_LIMITS: DurationLimits = { minMs: 10, maxMs: 60_000 };

const ROUND_TRIP_LIMITS: DurationLimits = { minMs: 1, maxMs: 60_000 };

/** Checks the options and fills in the defaults. @throws UsageError. */
export function settlePausesOptions(given: PausesArguments): PausesOptions {
  if (given.command.length === 0) {
    throw new UsageError('requires a program to run, got none. Write: truechimer pauses -- node app.js.');
  }
  const duration = (option: string, text: string | undefined, otherwiseMs: number, limits: DurationLimits): number =>
    text === undefined ? otherwiseMs : parseDurationMs(option, text, limits);
  const intervalMs = duration('--interval', given.interval, PAUSE_INTERVAL_MS_DEFAULT, INTERVAL_LIMITS);
  const thresholdMs = duration('--threshold', given.threshold, PAUSE_INTERVAL_MS_DEFAULT, INTERVAL_LIMITS);
  return {
    command: given.command,
    intervalMs,
    thresholdMs,
    watchdog: settleWatchdog(given, { intervalMs, thresholdMs }),
    roundTripMs: duration('--round-trip', given.roundTrip, ROUND_TRIP_MS_DEFAULT, ROUND_TRIP_LIMITS),
    json: given.json,
    html: given.html,
    quiet: given.quiet,
  };
}

function settleWatchdog(
  { watchdog, noWatchdog, block }: PausesArguments,
  { intervalMs, thresholdMs }: { readonly intervalMs: number; readonly thresholdMs: number },
): PausesWatchdog | undefined {
  if (noWatchdog && watchdog) {
    throw new UsageError('may be given one of --watchdog and --no-watchdog, got both. Remove one.');
  }
  if (noWatchdog && block !== undefined) {
    throw new UsageError(
      `--block requires the watchdog, got ${quoteValue(block)} beside --no-watchdog. Remove one of the two.`,
    );
  }
  if (noWatchdog) return undefined;
  const leastMs = intervalMs + thresholdMs;
  if (block === undefined) {
    return { blockMs: Math.max(BLOCK_LIMITS.minMs, Math.min(BLOCK_LIMITS.maxMs, leastMs)) };
  }
  const blockMs = parseDurationMs('--block', block, BLOCK_LIMITS);
  if (blockMs > intervalMs) return { blockMs };
  throw new UsageError(
    `--block requires more than the interval of ${intervalMs} ms, got ${quoteValue(block)}. ` +
      'The main thread shows itself once in an interval: raise --block or lower --interval.',
  );
}
