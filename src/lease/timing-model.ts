/**
 * What a lease assumes about clocks, as data: nobody can measure it, so it is declared, and every verdict carries it.
 */
import {
  ClockError,
  describeValue,
  DRIFT_PPM_MAX,
  nearestName,
  optionNames,
  requireNumber,
  requireOptions,
} from '../core/index.ts';

/** The assumptions behind a holder's window. */
export interface TimingModel {
  /** What it models, for messages. */
  readonly name: string;
  /** The holder's clocks run within this rate of true time, in ppm, 0 to 100 000. Larger shortens the window. */
  readonly holderRatePpm: number;
  /** The clock that counts the time to live (the store's, or a contender's) runs within this rate, in ppm, 0 to 100 000. */
  readonly granterRatePpm: number;
  /** How coarse the holder's clock is, in ms: two readings differ from the truth by at most this. Filled in from the clock. */
  readonly holderGranularityMs: number;
  /** How early the granter's clock may let a lease go because it is coarse, in ms. Filled in from the store. */
  readonly granterGranularityMs: number;
  /**
   * `checked`: on Linux every check compares boot time too, which counts suspend. `ignored`: this machine never sleeps, and checks are
   * cheaper; a suspend is then not seen. Where the monotonic clock counts suspend by itself there is no difference.
   */
  readonly suspend: 'checked' | 'ignored';
}

/** What a user may say: the rates and the treatment of suspend. The granularities come from the clock and the store, and are never smaller. */
export type TimingOptions = Partial<Omit<TimingModel, 'name'>> & { readonly name?: string };

/** The names of the models that come with the library. */
export type TimingModelName = 'one-percent' | 'adjtime' | 'chrony-initial';

/** Frozen: a change would be one for everybody. */
function model(name: TimingModelName, ratePpm: number): TimingModel {
  return Object.freeze({
    name,
    holderRatePpm: ratePpm,
    granterRatePpm: ratePpm,
    holderGranularityMs: 0,
    granterGranularityMs: 0,
    suspend: 'checked',
  });
}

/** Models, named after what they model. */
export const TIMING_MODELS: Readonly<Record<TimingModelName, TimingModel>> = Object.freeze({
  /** Both clocks within 1 %: ten times what any disciplined server does in normal operation. The default. */
  'one-percent': model('one-percent', 10_000),
  /** Clocks that ntpd or adjtime(3) slew by at most 500 ppm, on oscillators within 500 ppm: (1 + 500e-6)^2, rounded up. */
  adjtime: model('adjtime', 1001),
  /**
   * chronyd's largest slew (`maxslewrate`, 83 333.333 ppm) on an oscillator within 500 ppm, multiplied and rounded up: right after boot, or
   * while it corrects a large offset.
   */
  'chrony-initial': model('chrony-initial', 83_876),
});

/** The model that is used when nothing is said. */
export const TIMING_MODEL_DEFAULT: TimingModel = TIMING_MODELS['one-percent'];

const TIMING_OPTIONS = optionNames<TimingModel>({
  name: true,
  holderRatePpm: true,
  granterRatePpm: true,
  holderGranularityMs: true,
  granterGranularityMs: true,
  suspend: true,
});

const RATE = { what: 'a rate bound', min: 0, max: DRIFT_PPM_MAX, unit: 'ppm' };
const GRANULARITY = { what: 'a granularity', min: 0, max: 60_000, unit: 'ms' };

/**
 * Makes a whole model of a name or of some assumptions; what is left out is that of `one-percent`.
 *
 * @throws TC_INVALID_ARGUMENT for an unknown name or option; TC_NOT_FINITE, TC_OUT_OF_RANGE for its numbers.
 */
export function timingModel(
  operation: string,
  given: TimingModelName | TimingOptions = TIMING_MODEL_DEFAULT,
): TimingModel {
  if (typeof given === 'string') return namedModel(operation, given);
  requireOptions(operation, given, TIMING_OPTIONS);
  const whole = filledIn(given);
  requireNumber(`${operation} holderRatePpm`, whole.holderRatePpm, RATE);
  requireNumber(`${operation} granterRatePpm`, whole.granterRatePpm, RATE);
  requireNumber(`${operation} holderGranularityMs`, whole.holderGranularityMs, GRANULARITY);
  requireNumber(`${operation} granterGranularityMs`, whole.granterGranularityMs, GRANULARITY);
  const suspend: string = whole.suspend;
  if (suspend === 'checked' || suspend === 'ignored') return whole;
  throw new ClockError(
    'TC_INVALID_ARGUMENT',
    `${operation} suspend: requires 'checked' or 'ignored', got ${describeValue(suspend)}. Leave it out to be safe.`,
  );
}

/** An option that is undefined is left out. */
function filledIn({
  name = 'custom',
  holderRatePpm = TIMING_MODEL_DEFAULT.holderRatePpm,
  granterRatePpm = TIMING_MODEL_DEFAULT.granterRatePpm,
  holderGranularityMs = TIMING_MODEL_DEFAULT.holderGranularityMs,
  granterGranularityMs = TIMING_MODEL_DEFAULT.granterGranularityMs,
  suspend = TIMING_MODEL_DEFAULT.suspend,
}: TimingOptions): TimingModel {
  return { name, holderRatePpm, granterRatePpm, holderGranularityMs, granterGranularityMs, suspend };
}

function namedModel(operation: string, name: string): TimingModel {
  const known = Object.keys(TIMING_MODELS);
  if (Object.hasOwn(TIMING_MODELS, name)) return TIMING_MODELS[name as TimingModelName];
  const meant = nearestName(name, known);
  throw new ClockError(
    'TC_INVALID_ARGUMENT',
    `${operation}: there is no timing model ${describeValue(name)}. ` +
      (meant === undefined ? `The models are ${known.join(', ')}.` : `Did you mean ${meant}?`),
  );
}
