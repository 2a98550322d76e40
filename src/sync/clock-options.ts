/**
 * What a bounded clock can be told, checked once at the start.
 */
import { ClockError, DRIFT_PPM_DEFAULT, requireDriftPpm, requireDurationMs, type TimeScale } from '../core/index.ts';
import { largestMinority, requireTolerated, SOURCES_MAX } from './agreement.ts';
import { requirePace } from './exchange-check.ts';
import { type Estimator, leastDelayEstimator } from './estimate.ts';
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

const OPERATION = 'BoundedClock';

/** Checks the options. @throws TC_INVALID_ARGUMENT, TC_OUT_OF_RANGE, TC_NOT_FINITE, TC_EPOCH_AS_DURATION, TC_MIXED_TIME_SCALES. */
export function settleOptions(options: BoundedClockOptions): ClockSettings {
  const sources = requireSources(options.sources);
  const discontinuity = options.discontinuity ?? 'witness';
  if (!['witness', 'timer'].includes(discontinuity)) {
    throw invalid(
      `discontinuity must be 'witness' or 'timer', got ${JSON.stringify(discontinuity)}`,
      'Leave it out for the safe one.',
    );
  }
  return {
    sources,
    driftPpm: requireDriftPpm(OPERATION, options.driftPpm ?? DRIFT_PPM_DEFAULT),
    falsetickers: requireTolerated(OPERATION, options.falsetickers ?? largestMinority(sources.length), sources.length),
    timeoutMs: requireDurationMs(OPERATION, options.timeoutMs ?? MEASURE_TIMEOUT_MS_DEFAULT, {
      minMs: 1,
      maxMs: 60_000,
    }),
    holdoverMaxMs: requireDurationMs(OPERATION, options.holdoverMaxMs ?? HOLDOVER_MS_MAX_DEFAULT, { minMs: 1 }),
    discontinuity,
    discontinuityCheckMs: requireDurationMs(OPERATION, options.discontinuityCheckMs ?? 1000, {
      minMs: 10,
      maxMs: 60_000,
    }),
    estimator: options.estimator ?? leastDelayEstimator,
    random: options.random ?? (() => 0.5),
    timeScale: requireOneTimeScale(sources),
  };
}

function requireSources(sources: readonly TimeSource[]): readonly TimeSource[] {
  const given: unknown = sources;
  if (!Array.isArray(given) || given.length === 0) {
    throw invalid('sources must be a list of at least one time source', "Pass for example [ntp('time.example.net')].");
  }
  if (sources.length > SOURCES_MAX) {
    throw invalid(
      `sources must be at most ${SOURCES_MAX}, got ${sources.length}`,
      'Four to seven independent ones are enough.',
    );
  }
  for (const source of given as unknown[]) {
    if (typeof source !== 'object' || source === null || typeof (source as TimeSource).measure !== 'function') {
      throw invalid('every source must be a TimeSource', "Wrap an address with ntp('host:port').");
    }
  }
  for (const source of sources) requirePace(OPERATION, source.name, source.pace);
  const names = new Set(sources.map((source) => source.name));
  if (names.size !== sources.length) {
    throw invalid('sources must have different names, or one liar would have two votes', 'Remove the duplicate.');
  }
  return [...sources];
}

function requireOneTimeScale(sources: readonly TimeSource[]): TimeScale {
  const scales = [...new Set(sources.map((source) => source.timeScale))];
  const [first] = scales;
  if (first === undefined || scales.length > 1) {
    const list = sources.map((source) => `${source.name} (${source.timeScale})`).join(', ');
    throw new ClockError(
      'TC_MIXED_TIME_SCALES',
      `${OPERATION}: all sources must speak one time scale, got ${list}. ` +
        'Around a leap second smeared and plain UTC differ by up to one second: choose sources of one kind.',
      { scales },
    );
  }
  return first;
}

function invalid(what: string, remedy: string): ClockError {
  return new ClockError('TC_INVALID_ARGUMENT', `${OPERATION}: ${what}. ${remedy}`);
}
