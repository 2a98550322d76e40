/**
 * How long a lease should live, given the pauses and round trips that were seen.
 *
 * A holder renews every third of its window W. A pause that begins s after the last renewal was sent ends the lease if s, the pause and
 * the round trip of the renewal that follows exceed W; s is at most W/3, so no pause loses a lease that is shorter than
 *
 *     2 W / 3 - round trip
 *
 * and counting every longer one as a loss errs on the side of more losses. A round trip longer than 2 W / 3 loses the lease by itself.
 * The window follows from the time to live as in the lease's own formula: W = (1 - rH) / (1 + rG) (L - gG) - gH.
 *
 * Impossible here: what was not seen. The probability is of pauses like those seen; the limit beside it says how little it is known.
 */
import {
  ClockError,
  optionNames,
  requireDriftPpm,
  requireDurationMs,
  requireNumber,
  requireOptions,
} from '../core/index.ts';
import { type PauseTail, poissonUpperLimit } from './pause-tail.ts';

/** Round trips used at the most; the latest are taken. */
export const ROUND_TRIPS_MAX = 10_000;

/** What a suggestion rests on. */
export interface LeaseTtlOptions {
  /** The pauses seen; `pauseTail` makes it from samples. */
  readonly pauses: PauseTail;
  /** Round trips of renewals, in ms, at least one; the latest 10 000 count. */
  readonly roundTripsMs: readonly number[];
  /** The holder's clock runs within this rate of true time, in ppm, 0 to 100 000; 10 000 (1 %) when left out. */
  readonly holderRatePpm?: number;
  /** The granter's clock, likewise. */
  readonly granterRatePpm?: number;
  /** How coarse the holder's clock is, in ms; 10 when left out. */
  readonly holderGranularityMs?: number;
  /** How early the granter's clock may let go, in ms; 1 when left out. */
  readonly granterGranularityMs?: number;
  /** The time of holding that the probability is for, in ms; an hour when left out. */
  readonly horizonMs?: number;
  /** The probability of a false loss that is accepted within it, above 0, below 1; 0.001 when left out. Smaller gives a longer time to live. */
  readonly falseLossMax?: number;
  /** How many times the slack that would have done is given, 1 to 100; 2 when left out. Larger survives more that was not seen; a dead holder blocks longer. */
  readonly marginRatio?: number;
  /** The longest time to live that is acceptable, in ms; an hour when left out. */
  readonly ttlMaxMs?: number;
}

/** A time to live, and what it implies. */
export interface LeaseTtlSuggestion {
  readonly status: 'suggested';
  /** The time to live, in whole ms. */
  readonly ttlMs: number;
  /** When to renew after a renewal was sent: a third of the window, in ms. */
  readonly renewEveryMs: number;
  /** How long the holder may use the lease, in ms. */
  readonly windowMs: number;
  /** The probability of losing the lease within the horizon though the holder lives, if pauses and round trips stay as seen. */
  readonly falseLossProbability: number;
  /** Its upper limit at 95 %: what the time observed can exclude. Near 1 after a short observation, however quiet. */
  readonly falseLossProbabilityMax: number;
  /** Whether even the upper limit is acceptable: whether the observation was long enough, and of enough round trips. */
  readonly isProven: boolean;
}

/** No acceptable time to live would do. */
export interface LeaseTtlRefusal {
  readonly status: 'unreachable';
  /** Which of the two needs more than the longest acceptable time to live. */
  readonly reason: 'pauses-too-long' | 'round-trips-too-long';
  /** The time to live that would do, in whole ms. */
  readonly neededTtlMs: number;
}

const NAMES = optionNames<LeaseTtlOptions>({
  pauses: true,
  roundTripsMs: true,
  holderRatePpm: true,
  granterRatePpm: true,
  holderGranularityMs: true,
  granterGranularityMs: true,
  horizonMs: true,
  falseLossMax: true,
  marginRatio: true,
  ttlMaxMs: true,
});

const HOUR_MS = 3_600_000;
const PPM = 1e6;

type Checked = Required<LeaseTtlOptions>;

/**
 * Suggests a time to live from what was measured, with the false losses that it implies.
 *
 * The shortest slack that would have kept losses acceptable, times the margin, gives the window and so the time to live. The
 * probability assumes that pauses and round trips stay as they were and are independent, and counts every pause that could
 * end a lease as one that does. Safety never rests on it: a lease that is lost is refused, not shared.
 *
 * @returns A suggestion, or `unreachable` with the time to live that would be needed.
 * @throws TC_INVALID_ARGUMENT, TC_NOT_FINITE, TC_OUT_OF_RANGE, TC_EPOCH_AS_DURATION for options that are none.
 *
 * @example
 * ```ts
 * import { pauseTail, suggestLeaseTtl } from 'truechimer';
 *
 * const pauses = pauseTail({ lengthsMs: [120, 180, 480], observedMs: 24 * 3_600_000 }); // a day, three pauses
 * const suggestion = suggestLeaseTtl({ pauses, roundTripsMs: [2, 3, 2, 40] });
 * if (suggestion.status === 'suggested') console.log(suggestion.ttlMs, suggestion.renewEveryMs);
 * ```
 */
export function suggestLeaseTtl(options: LeaseTtlOptions): LeaseTtlSuggestion | LeaseTtlRefusal {
  const checked = requireLeaseTtlOptions(options);
  const slackMs = checked.marginRatio * leastSlackMs(checked);
  const windowMs = 1.5 * slackMs;
  const ttlMs = ttlForWindowMs(windowMs, checked);
  if (ttlMs > checked.ttlMaxMs) {
    const isNetwork = Math.max(...checked.roundTripsMs) > checked.pauses.longestMs;
    return {
      status: 'unreachable',
      reason: isNetwork ? 'round-trips-too-long' : 'pauses-too-long',
      neededTtlMs: ttlMs,
    };
  }
  const { expected, atMost } = lossesFor(slackMs, checked);
  const falseLossProbabilityMax = probabilityOf(atMost);
  return {
    status: 'suggested',
    ttlMs,
    renewEveryMs: windowMs / 3,
    windowMs,
    falseLossProbability: probabilityOf(expected),
    falseLossProbabilityMax,
    isProven: falseLossProbabilityMax <= checked.falseLossMax,
  };
}

/**
 * The smallest slack with acceptable losses, by bisection: losses never grow with it, and none is left above the longest of both. It
 * always covers the pauses that nobody could have seen.
 */
function leastSlackMs(options: Checked): number {
  const accepted = -Math.log1p(-options.falseLossMax);
  const longestTripMs = Math.max(...options.roundTripsMs);
  let low = 0;
  let high = options.pauses.longestMs + longestTripMs + 1;
  for (let step = 0; step < 50; step += 1) {
    const middle = (low + high) / 2;
    if (lossesFor(middle, options).expected > accepted) low = middle;
    else high = middle;
  }
  return Math.max(high, options.pauses.unseenBelowMs + longestTripMs);
}

/** Losses within the horizon: those expected, and at most at 95 %. Round trips and pauses are taken as independent. */
function lossesFor(slackMs: number, options: Checked): { readonly expected: number; readonly atMost: number } {
  const { pauses, roundTripsMs, horizonMs } = options;
  const renewals = horizonMs / Math.max(1, slackMs / 2);
  const horizons = horizonMs / pauses.observedMs;
  let slow = 0;
  let pauseCount = 0;
  for (const roundTripMs of roundTripsMs) {
    if (roundTripMs >= slackMs) slow += 1;
    pauseCount += pauses.countAbove(Math.max(0, slackMs - roundTripMs)) / roundTripsMs.length;
  }
  const slowShareMax = Math.min(1, poissonUpperLimit(slow) / roundTripsMs.length);
  return {
    expected: horizons * pauseCount + renewals * (slow / roundTripsMs.length),
    atMost: horizons * poissonUpperLimit(Math.ceil(pauseCount)) + renewals * slowShareMax,
  };
}

/** The probability of at least one event when so many are expected. */
function probabilityOf(events: number): number {
  return -Math.expm1(-events);
}

/** The lease's formula, solved for the time to live, up to a whole ms. */
function ttlForWindowMs(windowMs: number, options: Checked): number {
  const stretch = (PPM + options.granterRatePpm) / (PPM - options.holderRatePpm);
  return Math.ceil((windowMs + options.holderGranularityMs) * stretch + options.granterGranularityMs);
}

function requireLeaseTtlOptions(options: LeaseTtlOptions): Checked {
  const operation = 'suggestLeaseTtl';
  requireOptions(operation, options, NAMES);
  requireTail(options.pauses);
  const { roundTripsMs } = options;
  const given: unknown = roundTripsMs;
  if (!Array.isArray(given) || given.length === 0) {
    throw new ClockError(
      'TC_INVALID_ARGUMENT',
      `${operation} roundTripsMs: requires at least one round trip, got none. Measure some renewals first.`,
    );
  }
  const duration = (name: keyof LeaseTtlOptions, valueMs: number | undefined, otherwiseMs: number): number =>
    requireDurationMs(`${operation} ${name}`, valueMs ?? otherwiseMs);
  const share = { what: 'a probability', min: 1e-12, max: 1 - 1e-12 };
  const ratio = { what: 'a ratio', min: 1, max: 100 };
  return {
    pauses: options.pauses,
    roundTripsMs: roundTripsMs
      .slice(-ROUND_TRIPS_MAX)
      .map((oneMs) => requireDurationMs(`${operation} roundTripsMs`, oneMs)),
    holderRatePpm: requireDriftPpm(`${operation} holderRatePpm`, options.holderRatePpm ?? 10_000),
    granterRatePpm: requireDriftPpm(`${operation} granterRatePpm`, options.granterRatePpm ?? 10_000),
    holderGranularityMs: duration('holderGranularityMs', options.holderGranularityMs, 10),
    granterGranularityMs: duration('granterGranularityMs', options.granterGranularityMs, 1),
    horizonMs: duration('horizonMs', options.horizonMs, HOUR_MS),
    falseLossMax: requireNumber(`${operation} falseLossMax`, options.falseLossMax ?? 0.001, share),
    marginRatio: requireNumber(`${operation} marginRatio`, options.marginRatio ?? 2, ratio),
    ttlMaxMs: duration('ttlMaxMs', options.ttlMaxMs, HOUR_MS),
  };
}

function requireTail(tail: unknown): void {
  const isTail =
    typeof tail === 'object' && tail !== null && 'countAbove' in tail && typeof tail.countAbove === 'function';
  if (!isTail) {
    throw new ClockError(
      'TC_INVALID_ARGUMENT',
      'suggestLeaseTtl pauses: requires a PauseTail. Make one with pauseTail().',
    );
  }
  const { observedMs, longestMs, unseenBelowMs } = tail as unknown as PauseTail;
  requireDurationMs('suggestLeaseTtl pauses.observedMs', observedMs, { minMs: 1 });
  requireDurationMs('suggestLeaseTtl pauses.longestMs', longestMs);
  requireDurationMs('suggestLeaseTtl pauses.unseenBelowMs', unseenBelowMs);
}
