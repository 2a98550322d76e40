/**
 * What a time to live is chosen and judged from, checked.
 */
import {
  ClockError,
  describeValue,
  optionNames,
  requireDriftPpm,
  requireDurationMs,
  requireInteger,
  requireNumber,
  requireOptions,
} from '../core/index.ts';
import type { PauseTail } from './pause-tail.ts';

/** Round trips that can be listed; of more, list the slowest and pass their number as `roundTripCount`. */
const ROUND_TRIPS_MAX = 1_000_000;

/** The probability of a false loss that is accepted when nothing is said: of an hour's holding, once in a thousand. */
export const FALSE_LOSS_MAX_DEFAULT = 0.001;

/** What was measured, and which losses are acceptable. */
export interface LeaseTtlEvidence {
  /**
   * The pauses seen; `pauseTail` makes it from samples, which `joinedLengthsMs` makes from pauses: those less than a round trip apart are one. Of
   * processes that behave alike, put all together: a hundred watch 100 hours in one.
   */
  readonly pauses: PauseTail;
  /**
   * Round trips of renewals, in ms, 1 to a million, measured as far apart as renewals are: neighbours are slow together and count as one. A renewal that was
   * tried again counts from the first attempt, so an outage of the store is a round trip as long as the outage.
   *
   * The event `renewed` of a lease has only the answers that came in time, each from the attempt that was answered. So the list also needs, with
   * their full length: the event `late` (the answer came when the lease was over), what went before an answer without one (event
   * `trouble` during `renew`), and losses to which no answer ever came. `docs/guides/leases.md` has the lines that gather them.
   */
  readonly roundTripsMs: readonly number[];
  /** How many round trips there were, when `roundTripsMs` lists only the slowest; their number when left out. */
  readonly roundTripCount?: number;
  /** The holder's clock runs within this rate of true time, in ppm, 0 to 100 000; 10 000 (1 %) when left out. */
  readonly holderRatePpm?: number;
  /** The granter's clock, likewise. */
  readonly granterRatePpm?: number;
  /** How coarse the holder's clock is, in ms; 10 when left out. */
  readonly holderGranularityMs?: number;
  /** How early the granter's clock may let go, in ms; 1 when left out. */
  readonly granterGranularityMs?: number;
  /** The time of holding that the probabilities are for, in ms, at least 1; an hour when left out. */
  readonly horizonMs?: number;
  /** The probability of a false loss that is accepted within it, above 0, below 1; 0.001 when left out. Smaller takes longer to show. */
  readonly falseLossMax?: number;
  /** How sure the upper limits are, 0.5 to 0.999999; 0.95 when left out. Higher raises them. */
  readonly confidence?: number;
}

/** What a suggestion rests on. */
export interface LeaseTtlOptions extends LeaseTtlEvidence {
  /** How many times the slack that would have done is given, 1 to 100; 2 when left out. Larger survives more that was not seen; a dead holder blocks longer. */
  readonly marginRatio?: number;
  /** The longest time to live that is acceptable, in ms; an hour when left out. */
  readonly ttlMaxMs?: number;
}

/** What a judgement of a time to live rests on. */
export interface LeaseTtlAssessOptions extends LeaseTtlEvidence {
  /** The time to live that is judged, in ms, at least 1. */
  readonly ttlMs: number;
}

/** The evidence with every default filled in. */
export type CheckedEvidence = Required<LeaseTtlEvidence> & { readonly slowestMs: number };

const EVIDENCE = {
  pauses: true,
  roundTripsMs: true,
  roundTripCount: true,
  holderRatePpm: true,
  granterRatePpm: true,
  holderGranularityMs: true,
  granterGranularityMs: true,
  horizonMs: true,
  falseLossMax: true,
  confidence: true,
} as const;

const SUGGEST = optionNames<LeaseTtlOptions>({ ...EVIDENCE, marginRatio: true, ttlMaxMs: true });
const ASSESS = optionNames<LeaseTtlAssessOptions>({ ...EVIDENCE, ttlMs: true });

const HOUR_MS = 3_600_000;

/** Checks what `suggestLeaseTtl` is given. */
export function requireLeaseTtlOptions(options: LeaseTtlOptions): CheckedEvidence & Required<LeaseTtlOptions> {
  const operation = 'suggestLeaseTtl';
  requireOptions(operation, options, SUGGEST);
  const ratio = { what: 'a ratio', min: 1, max: 100 };
  return {
    ...requireEvidence(operation, options),
    marginRatio: requireNumber(`${operation} marginRatio`, options.marginRatio ?? 2, ratio),
    ttlMaxMs: requireDurationMs(`${operation} ttlMaxMs`, options.ttlMaxMs ?? HOUR_MS),
  };
}

/** Checks what `assessLeaseTtl` is given. */
export function requireAssessOptions(options: LeaseTtlAssessOptions): CheckedEvidence & { readonly ttlMs: number } {
  const operation = 'assessLeaseTtl';
  requireOptions(operation, options, ASSESS);
  return {
    ...requireEvidence(operation, options),
    ttlMs: requireDurationMs(`${operation} ttlMs`, options.ttlMs, { minMs: 1 }),
  };
}

function requireEvidence(operation: string, options: LeaseTtlEvidence): CheckedEvidence {
  requireTail(operation, options.pauses);
  const roundTripsMs = requireRoundTrips(operation, options.roundTripsMs);
  const duration = (name: keyof LeaseTtlEvidence, valueMs: number | undefined, otherwiseMs: number): number =>
    requireDurationMs(`${operation} ${name}`, valueMs ?? otherwiseMs);
  const count = { what: 'a count of all round trips', min: roundTripsMs.length, max: Number.MAX_SAFE_INTEGER };
  const share = { what: 'a probability', min: 1e-12, max: 1 - 1e-12 };
  const confidence = { what: 'a confidence', min: 0.5, max: 0.999999 };
  return {
    pauses: options.pauses,
    roundTripsMs,
    slowestMs: roundTripsMs.reduce((mostMs, oneMs) => Math.max(mostMs, oneMs), 0),
    roundTripCount: requireInteger(`${operation} roundTripCount`, options.roundTripCount ?? roundTripsMs.length, count),
    holderRatePpm: requireDriftPpm(`${operation} holderRatePpm`, options.holderRatePpm ?? 10_000),
    granterRatePpm: requireDriftPpm(`${operation} granterRatePpm`, options.granterRatePpm ?? 10_000),
    holderGranularityMs: duration('holderGranularityMs', options.holderGranularityMs, 10),
    granterGranularityMs: duration('granterGranularityMs', options.granterGranularityMs, 1),
    horizonMs: requireDurationMs(`${operation} horizonMs`, options.horizonMs ?? HOUR_MS, { minMs: 1 }),
    falseLossMax: requireNumber(`${operation} falseLossMax`, options.falseLossMax ?? FALSE_LOSS_MAX_DEFAULT, share),
    confidence: requireNumber(`${operation} confidence`, options.confidence ?? 0.95, confidence),
  };
}

function requireRoundTrips(operation: string, roundTripsMs: readonly number[]): readonly number[] {
  const given: unknown = roundTripsMs;
  if (!Array.isArray(given) || given.length === 0 || given.length > ROUND_TRIPS_MAX) {
    const got = Array.isArray(given) ? `${given.length} of them` : describeValue(given);
    throw new ClockError(
      'TC_INVALID_ARGUMENT',
      `${operation} roundTripsMs: requires 1 to ${ROUND_TRIPS_MAX} round trips, got ${got}. ` +
        'Measure some renewals first; of more than can be listed pass the slowest, and their number as roundTripCount.',
    );
  }
  return roundTripsMs.map((oneMs) => requireDurationMs(`${operation} roundTripsMs`, oneMs));
}

function requireTail(operation: string, tail: unknown): void {
  const isTail =
    typeof tail === 'object' && tail !== null && 'countAbove' in tail && typeof tail.countAbove === 'function';
  if (!isTail) {
    throw new ClockError(
      'TC_INVALID_ARGUMENT',
      `${operation} pauses: requires a PauseTail, got ${describeValue(tail)}. Make one with pauseTail().`,
    );
  }
  const { observedMs, longestMs, unseenBelowMs } = tail as unknown as PauseTail;
  // A fleet may have watched for longer than any duration.
  const observed = { what: 'a time observed', min: 1, max: Number.MAX_SAFE_INTEGER, unit: 'ms' };
  requireNumber(`${operation} pauses.observedMs`, observedMs, observed);
  requireDurationMs(`${operation} pauses.longestMs`, longestMs);
  requireDurationMs(`${operation} pauses.unseenBelowMs`, unseenBelowMs);
}
