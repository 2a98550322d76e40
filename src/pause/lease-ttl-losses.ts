/**
 * How often a lease of some time to live is lost by a holder that lives: as often as was seen, and at most.
 *
 * A holder renews every third of its window W. A pause that begins s after the last renewal was sent ends the lease only if s, the pause
 * and the round trip of the renewal that follows reach W, and s is at most W/3. So with R for the round trip,
 *
 *     no pause longer than 2 W / 3 - R   and   no round trip longer than R
 *
 * lose no lease, for each R up to 2 W / 3, as long as a renewal gets through between two pauses: those less than R apart let none through,
 * and add up. Joining those less than the slowest round trip seen apart (`joined-lengths.ts`) is enough for the counts: with that for R as
 * many round trips would be longer, and no more pauses. The losses are then at most the longer pauses and the longer round trips, counted
 * apart. R is the same share of 2 W / 3 that the slowest round trip had beside the longest pause, and at least the slowest. A round trip
 * lasts from the first attempt to the first answer, and one that cost the lease has its length like any other.
 *
 * Longer pauses come at a rate: after k of them in a time T it is at most U(k) / T, with U the upper limit of a Poisson count (Garwood 1936;
 * U(0) is 3.0 at 95 %, the rule of three of Hanley and Lippman-Hand 1983). Longer round trips have a probability per renewal: after k among n
 * it is at most U(k) / n, which is never below the exact limit of Clopper and Pearson 1934 (Anderson and Samuels 1967: the lower tail of
 * a binomial is below that of the Poisson of the same mean). Each limit is taken at half of the permitted error, so that both hold at once
 * (Bonferroni). They hold though the time to live was chosen from the same samples: how often something exceeds the longest of a sample
 * has the same limit (Wilks 1941, tolerance limits).
 *
 * Impossible here: what was not seen. Both limits take what comes to be like what was: the same program, load and machine. They take
 * pauses, and round trips, to be independent of one another; bursts make a time observed tell less than its length. From lengths alone
 * nobody can see which pauses were too close together to count apart.
 */
import type { CheckedEvidence } from './lease-ttl-options.ts';
import { poissonUpperLimit } from './pause-tail.ts';

/** What one kind of trouble, pauses or slow renewals, does to a lease. */
export interface FalseLosses {
  /** As long as this loses no lease, in ms; longer is counted as a loss. */
  readonly toleratedMs: number;
  /** How many longer ones were seen. */
  readonly longerCount: number;
  /** The probability of a loss by them within the horizon, if they come as often as was seen: no claim, and 0 when none was. */
  readonly probability: number;
  /** Its upper limit: how often they can come and not have been seen more often. */
  readonly probabilityMax: number;
  /** The same limit as a mean time between losses by them: at least this, in ms. 0 when nothing is known. */
  readonly meanIntervalMsMin: number;
}

/** What a time to live implies. */
export interface LeaseTtlAssessment {
  /** The time to live, in ms. */
  readonly ttlMs: number;
  /** When to renew after a renewal was sent: a third of the window, in ms. */
  readonly renewEveryMs: number;
  /** How long the holder may use the lease, in ms. */
  readonly windowMs: number;
  /** The probability of losing the lease within the horizon though the holder lives, if all stays as seen. No claim. */
  readonly falseLossProbability: number;
  /** Its upper limit, with the confidence beside it: what was observed excludes more. Near 1 after a short observation, however quiet. */
  readonly falseLossProbabilityMax: number;
  /** How sure the three upper limits are, all at once. */
  readonly confidence: number;
  /** Losses by pauses. Those less than the slowest round trip apart must have been joined: `joinedLengthsMs`. */
  readonly pauses: FalseLosses;
  /** Losses by round trips of renewals, from the first attempt to an answer. */
  readonly roundTrips: FalseLosses;
  /**
   * What more must be observed, without one more that is longer than tolerated, until `falseLossProbabilityMax` is acceptable: this time
   * to live is shown to do when both are 0.
   */
  readonly toShow: {
    /** Time of watching for pauses, in ms, of all processes together; `Infinity` when pauses that would matter are too short to be seen. */
    readonly observeMs: number;
    /** Round trips of renewals. */
    readonly roundTripCount: number;
  };
}

/** The losses of one kind within the horizon, as counts. */
interface Losses {
  readonly toleratedMs: number;
  readonly longerCount: number;
  readonly expected: number;
  readonly atMost: number;
  /** The same without the limit that nature sets: it falls as what was observed grows. */
  readonly inverse: number;
}

const PPM = 1e6;

/** No holder renews oftener; a window without length would renew without end. */
const RENEW_EVERY_MS_MIN = 1;

/** The lease's formula, W = (1 - rH) / (1 + rG) (L - gG) - gH; 0 when the granularities leave nothing. */
function windowForTtlMs(ttlMs: number, evidence: CheckedEvidence): number {
  const shrink = (PPM - evidence.holderRatePpm) / (PPM + evidence.granterRatePpm);
  return Math.max(0, shrink * (ttlMs - evidence.granterGranularityMs) - evidence.holderGranularityMs);
}

/** More than all that rounding takes away between a window and its time to live. */
const ROUNDING = 1e-12;

/** The same, solved for the time to live, up to a whole ms: its window is never shorter than the one asked for. */
export function ttlForWindowMs(windowMs: number, evidence: CheckedEvidence): number {
  const stretch = (PPM + evidence.granterRatePpm) / (PPM - evidence.holderRatePpm);
  const exactMs = (windowMs + evidence.holderGranularityMs) * stretch + evidence.granterGranularityMs;
  return Math.ceil(exactMs * (1 + ROUNDING));
}

/** Judges a time to live. */
export function assess(ttlMs: number, evidence: CheckedEvidence): LeaseTtlAssessment {
  const windowMs = windowForTtlMs(ttlMs, evidence);
  const renewEveryMs = windowMs / 3;
  const slackMs = 2 * renewEveryMs;
  const tripMs = toleratedTripMs(slackMs, evidence);
  const pauses = pauseLosses(slackMs - tripMs, evidence);
  const trips = tripLosses(tripMs, { renewEveryMs, evidence });
  const accepted = -Math.log1p(-evidence.falseLossMax);
  return {
    ttlMs,
    renewEveryMs,
    windowMs,
    falseLossProbability: probabilityOf(pauses.expected + trips.expected),
    falseLossProbabilityMax: probabilityOf(pauses.atMost + trips.atMost),
    confidence: evidence.confidence,
    pauses: falseLosses(pauses, evidence),
    roundTrips: falseLosses(trips, evidence),
    toShow: {
      observeMs: moreOf(evidence.pauses.observedMs, pauses.inverse / shareOf(accepted, pauses, trips)),
      roundTripCount: moreOf(evidence.roundTripCount, trips.inverse / shareOf(accepted, trips, pauses)),
    },
  };
}

/** R of the header: at least the slowest round trip seen, while something is left for pauses. */
function toleratedTripMs(slackMs: number, { pauses, slowestMs }: CheckedEvidence): number {
  const longestMs = Math.max(pauses.longestMs, pauses.unseenBelowMs);
  const shareMs = slowestMs > 0 ? slackMs * (slowestMs / (slowestMs + longestMs)) : 0;
  return Math.min(slackMs, Math.max(slowestMs, shareMs));
}

function pauseLosses(toleratedMs: number, evidence: CheckedEvidence): Losses {
  const { pauses, horizonMs } = evidence;
  const longerCount = pauses.countAbove(toleratedMs);
  const horizons = horizonMs / pauses.observedMs;
  // A pause that would matter and that nobody could have seen: nothing bounds how often it comes.
  const isUnseen = toleratedMs < pauses.unseenBelowMs;
  const atMost = isUnseen ? Infinity : horizons * poissonUpperLimit(longerCount, confidenceOfEach(evidence));
  return { toleratedMs, longerCount, expected: horizons * longerCount, atMost, inverse: atMost };
}

function tripLosses(
  toleratedMs: number,
  { renewEveryMs, evidence }: { readonly renewEveryMs: number; readonly evidence: CheckedEvidence },
): Losses {
  const { roundTripCount, horizonMs } = evidence;
  const longerCount = longerTrips(toleratedMs, evidence);
  const renewals = horizonMs / Math.max(RENEW_EVERY_MS_MIN, renewEveryMs);
  const limit = poissonUpperLimit(longerCount, confidenceOfEach(evidence)) / roundTripCount;
  return {
    toleratedMs,
    longerCount,
    expected: renewals * (longerCount / roundTripCount),
    atMost: renewals * Math.min(1, limit),
    inverse: renewals * limit,
  };
}

/** Those that are not listed were at most as slow as any that is. */
function longerTrips(toleratedMs: number, { roundTripsMs, roundTripCount }: CheckedEvidence): number {
  const longer = roundTripsMs.reduce((count, oneMs) => (oneMs > toleratedMs ? count + 1 : count), 0);
  return longer === roundTripsMs.length ? roundTripCount : longer;
}

/** Half of the permitted error for either limit. */
function confidenceOfEach({ confidence }: CheckedEvidence): number {
  return 1 - (1 - confidence) / 2;
}

/** What one kind may take of the losses accepted: what the other leaves, and at least half. */
function shareOf(accepted: number, one: Losses, other: Losses): number {
  const isAcceptable = one.atMost + other.atMost <= accepted;
  return isAcceptable ? Infinity : Math.max(accepted / 2, accepted - other.atMost);
}

/** How much is missing of so many times what there is. */
function moreOf(count: number, times: number): number {
  return Math.max(0, Math.ceil(count * (times - 1)));
}

function falseLosses(losses: Losses, { horizonMs }: CheckedEvidence): FalseLosses {
  const { toleratedMs, longerCount, expected, atMost } = losses;
  return {
    toleratedMs,
    longerCount,
    probability: probabilityOf(expected),
    probabilityMax: probabilityOf(atMost),
    meanIntervalMsMin: horizonMs / atMost,
  };
}

/** The probability of at least one event when so many are expected. */
function probabilityOf(events: number): number {
  return -Math.expm1(-events);
}
