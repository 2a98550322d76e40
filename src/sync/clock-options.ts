/**
 * What a bounded clock can be told, checked once at the start.
 */
import {
  ClockError,
  type ClockPort,
  describeValue,
  DRIFT_PPM_DEFAULT,
  optionNames,
  requireDriftPpm,
  requireDurationMs,
  requireOptions,
  type TimeScale,
} from '../core/index.ts';
import { largestMinority, requireTolerated } from './agreement.ts';
import { type Estimator, leastDelayEstimator } from './estimate.ts';
import { requireOneTimeScale, requireSources } from './source-list.ts';
import type { TimeSource } from './time-source.ts';

/** How long a bound lives without a new measurement, in ms: one day at 50 ppm is 4.3 s on either side. */
export const HOLDOVER_MS_MAX_DEFAULT = 86_400_000;

/** How long one measurement may take, in ms. */
export const MEASURE_TIMEOUT_MS_DEFAULT = 2000;

/** Options of a bounded clock. */
export interface BoundedClockOptions {
  /** Whom to ask: 1 to 64 sources with different names, all of one time scale. Four survive one liar or outage. */
  readonly sources: readonly TimeSource[];
  /**
   * The drift bound of the local monotonic clock, in ppm, 0 to 100 000. Default 50. Larger is safer and widens the bound between
   * measurements; smaller is tighter, and unsound as soon as the oscillator (or whoever slews it) is faster or slower than that.
   */
  readonly driftPpm?: number;
  /**
   * f: how many of the sources may lie, from 0 to the largest minority (the default). Larger survives more liars and is
   * wider; smaller is tighter, and one lie beyond f moves the truth out of the bound.
   */
  readonly falsetickers?: number;
  /** How long one measurement may take, in ms. Default 2000. Larger tolerates longer paths; smaller notices outages sooner. */
  readonly timeoutMs?: number;
  /** How long a bound lives without any new measurement, in ms. Default one day. Larger lives longer on the drift bound alone. */
  readonly holdoverMaxMs?: number;
  /**
   * `witness` (default): every read also reads the wall clock, so that the first read after a suspend or a resumed VM already knows.
   * `timer`: only a timer looks, which makes reads cheaper; for up to `discontinuityCheckMs` after a resume, answers can be
   * wrong by the length of the sleep. Only for hosts that never suspend.
   */
  readonly discontinuity?: 'witness' | 'timer';
  /** How often the timer compares the clocks, in ms, 10 to 60 000. Default 1000. */
  readonly discontinuityCheckMs?: number;
  /** Makes the point estimate; the bounds never depend on it. Default: midpoint of the least-delay exchange. */
  readonly estimator?: Estimator;
  /** Uniform in [0, 1): spreads the polling. Default: a fixed middle, so give one where many clients start together. */
  readonly random?: () => number;
}

/** The options with every default filled in. */
export interface ClockSettings {
  readonly sources: readonly TimeSource[];
  readonly driftPpm: number;
  readonly falsetickers: number;
  readonly timeoutMs: number;
  readonly holdoverMaxMs: number;
  readonly discontinuity: 'witness' | 'timer';
  readonly discontinuityCheckMs: number;
  readonly estimator: Estimator;
  readonly random: () => number;
  readonly timeScale: TimeScale;
}

/** Under this name mistakes in options are reported: it is where almost everybody passes them. */
const OPERATION = 'BoundedClock.start';

/** The names of the options, for whoever adds some. */
export const BOUNDED_CLOCK_OPTIONS: readonly string[] = optionNames<BoundedClockOptions>({
  sources: true,
  driftPpm: true,
  falsetickers: true,
  timeoutMs: true,
  holdoverMaxMs: true,
  discontinuity: true,
  discontinuityCheckMs: true,
  estimator: true,
  random: true,
});

/** Checks the options. @throws TC_INVALID_ARGUMENT, TC_OUT_OF_RANGE, TC_NOT_FINITE, TC_EPOCH_AS_DURATION, TC_MIXED_TIME_SCALES. */
export function settleOptions(options: BoundedClockOptions): ClockSettings {
  requireOptions(OPERATION, options, BOUNDED_CLOCK_OPTIONS);
  const given = (options as BoundedClockOptions | undefined) ?? ({} as BoundedClockOptions);
  const sources = requireSources(OPERATION, given.sources);
  const falsetickers = given.falsetickers ?? largestMinority(sources.length);
  const duration = (name: 'timeoutMs' | 'holdoverMaxMs' | 'discontinuityCheckMs', limits: DurationLimits): number =>
    requireDurationMs(`${OPERATION} ${name}`, given[name] ?? limits.unsaidMs, limits);
  return {
    sources,
    driftPpm: requireDriftPpm(`${OPERATION} driftPpm`, given.driftPpm ?? DRIFT_PPM_DEFAULT),
    falsetickers: requireTolerated(`${OPERATION} falsetickers`, falsetickers, sources.length),
    timeoutMs: duration('timeoutMs', { unsaidMs: MEASURE_TIMEOUT_MS_DEFAULT, minMs: 1, maxMs: 60_000 }),
    holdoverMaxMs: duration('holdoverMaxMs', { unsaidMs: HOLDOVER_MS_MAX_DEFAULT, minMs: 1 }),
    discontinuity: requireDiscontinuity(given.discontinuity ?? 'witness'),
    discontinuityCheckMs: duration('discontinuityCheckMs', { unsaidMs: 1000, minMs: 10, maxMs: 60_000 }),
    estimator: requireEstimator(given.estimator ?? leastDelayEstimator),
    random: requireRandom(given.random ?? (() => 0.5)),
    timeScale: requireOneTimeScale(OPERATION, sources),
  };
}

/** Checks what a bounded clock is to run on. @throws TC_INVALID_ARGUMENT. */
export function requireClockPort(port: ClockPort): ClockPort {
  const given: unknown = port;
  if (isPort(given)) return port;
  const isClock = typeof given === 'object' && given !== null && 'port' in given && isPort(given.port);
  throw invalid(
    `requires a clock port to run on, got ${describeValue(given)}`,
    isClock ? 'Pass clock.port.' : 'Pass the port of a clock, such as systemClock.port.',
  );
}

interface DurationLimits {
  readonly unsaidMs: number;
  readonly minMs: number;
  readonly maxMs?: number;
}

function isPort(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const port = value as Partial<Record<keyof ClockPort, unknown>>;
  return [port.monotonicMs, port.wallMs, port.bootMs, port.setTimer].every((method) => typeof method === 'function');
}

function requireDiscontinuity(discontinuity: 'witness' | 'timer'): 'witness' | 'timer' {
  if (['witness', 'timer'].includes(discontinuity)) return discontinuity;
  throw invalid(
    `discontinuity must be 'witness' or 'timer', got ${describeValue(discontinuity)}`,
    'Leave it out for the safe one.',
  );
}

function requireEstimator(estimator: Estimator): Estimator {
  const given: unknown = estimator;
  if (typeof given === 'object' && given !== null && typeof (given as Estimator).estimate === 'function') {
    return estimator;
  }
  throw invalid(
    `estimator must have a method estimate(samples, atMs, driftPpm), got ${describeValue(given)}`,
    'Leave it out for the midpoint of the least-delay exchange.',
  );
}

/** Draws once to see that it is one. What it gives later only spreads the polling, so that is kept in range and not refused. */
function requireRandom(random: () => number): () => number {
  const given: unknown = random;
  const sample: unknown = typeof given === 'function' ? random() : given;
  if (typeof given === 'function' && isUniform(sample)) {
    return () => {
      const value = random();
      return isUniform(value) ? value : 0.5;
    };
  }
  throw invalid(
    `random must be a function that gives numbers from 0 to below 1, got ${typeof given === 'function' ? 'one that gives ' : ''}${describeValue(sample)}`,
    'Pass one like Math.random.',
  );
}

function isUniform(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value < 1;
}

function invalid(what: string, remedy: string): ClockError {
  return new ClockError('TC_INVALID_ARGUMENT', `${OPERATION}: ${what}. ${remedy}`);
}

/** Checks a sentence for people. @throws TC_INVALID_ARGUMENT. */
export function requireSentence(operation: string, given: unknown): string {
  if (typeof given === 'string' && given !== '') return given;
  const got = describeValue(given);
  throw new ClockError('TC_INVALID_ARGUMENT', `${operation}: requires a sentence, got ${got}. Say what was seen.`);
}
