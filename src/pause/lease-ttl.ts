/**
 * How long a lease should live, given the pauses and round trips that were seen.
 *
 * The choice and the claim are apart. The time to live is chosen from what was seen, with a margin; what that shows is counted afterwards,
 * as for a time to live that somebody else chose (`lease-ttl-losses.ts` has the sums and their sources). A longer time to live survives longer
 * pauses, but it shows nothing: only watching for longer does, or watching more processes.
 *
 * Impossible here: what was not seen. A time to live rests on it for liveness alone: a lease that is lost is refused, not shared.
 */
import { assess, type LeaseTtlAssessment, ttlForWindowMs } from './lease-ttl-losses.ts';
import {
  type CheckedEvidence,
  type LeaseTtlAssessOptions,
  type LeaseTtlOptions,
  requireAssessOptions,
  requireLeaseTtlOptions,
} from './lease-ttl-options.ts';

/** A time to live, and what it implies. */
export interface LeaseTtlSuggestion extends LeaseTtlAssessment {
  readonly status: 'suggested';
}

/** No acceptable time to live would do. */
export interface LeaseTtlRefusal {
  readonly status: 'unreachable';
  /** Which of the two needs more than the longest acceptable time to live. */
  readonly reason: 'pauses-too-long' | 'round-trips-too-long';
  /** The time to live that would do, in whole ms. */
  readonly neededTtlMs: number;
}

/**
 * Suggests a time to live and an interval of renewals from what was measured, with the false losses that they imply.
 *
 * The shortest slack that would have kept the losses seen acceptable, times the margin, gives the window and so the time to live. Two
 * probabilities come with it: `falseLossProbability` as often as was seen, and `falseLossProbabilityMax`, the upper limit with its `confidence`; for
 * pauses and round trips together and for each apart. The limit falls with the time observed alone, so after an hour it is near 1 whatever
 * the time to live, and `toShow` says how much more it takes. Safety never rests on either: a lease that is lost is refused, not shared.
 *
 * The limit holds while pauses and round trips come as they came while they were watched, each independent of the others. Pauses
 * with no room for a renewal between them must have been joined (`joinedLengthsMs`), and round trips that cost a lease be in the list. Another load,
 * another machine or a new version of the program voids it; a pause that stopped every clock of the machine counts as longer than anything.
 *
 * @returns A suggestion, or `unreachable` with the time to live that would be needed.
 * @throws TC_INVALID_ARGUMENT, TC_NOT_FINITE, TC_OUT_OF_RANGE, TC_EPOCH_AS_DURATION for options that are none.
 *
 * @example
 * ```ts
 * import { pauseTail, suggestLeaseTtl } from 'truechimer';
 *
 * // A hundred processes that behave alike, watched for a week: three pauses, and the slowest of six million renewals.
 * const pauses = pauseTail({ lengthsMs: [120, 180, 480], observedMs: 100 * 7 * 86_400_000 });
 * const suggestion = suggestLeaseTtl({ pauses, roundTripsMs: [40, 950], roundTripCount: 6_000_000 });
 * if (suggestion.status === 'suggested') {
 *   const { ttlMs, renewEveryMs, falseLossProbabilityMax, toShow } = suggestion;
 *   console.log(ttlMs, renewEveryMs, falseLossProbabilityMax, toShow);
 * }
 * ```
 */
export function suggestLeaseTtl(options: LeaseTtlOptions): LeaseTtlSuggestion | LeaseTtlRefusal {
  const checked = requireLeaseTtlOptions(options);
  const { slowestMs } = checked;
  const pauseMs = leastPauseMs(checked);
  const windowMs = 1.5 * checked.marginRatio * (pauseMs + slowestMs);
  const ttlMs = ttlForWindowMs(windowMs, checked);
  if (ttlMs > checked.ttlMaxMs) {
    const reason = slowestMs > pauseMs ? 'round-trips-too-long' : 'pauses-too-long';
    return { status: 'unreachable', reason, neededTtlMs: ttlMs };
  }
  return { status: 'suggested', ...assess(ttlMs, checked) };
}

/**
 * Judges a time to live that you have: the pause and the round trip that it tolerates, and the false losses that it implies.
 *
 * The same as `suggestLeaseTtl` says of its own suggestion, with the same premises. A longer time to live never has more false losses, neither as
 * seen nor at most.
 *
 * @throws TC_INVALID_ARGUMENT, TC_NOT_FINITE, TC_OUT_OF_RANGE, TC_EPOCH_AS_DURATION for options that are none.
 *
 * @example
 * ```ts
 * import { assessLeaseTtl, pauseTail } from 'truechimer';
 *
 * const pauses = pauseTail({ lengthsMs: [120, 180, 4800], observedMs: 24 * 3_600_000 }); // one process, a day
 * const { pauses: byPauses, toShow } = assessLeaseTtl({ ttlMs: 30_000, pauses, roundTripsMs: [2, 3, 2, 40] });
 * console.log(`survives pauses of ${byPauses.toleratedMs} ms; longer ones come every ${byPauses.meanIntervalMsMin} ms at the most`);
 * console.log(`watch for ${toShow.observeMs} ms more`);
 * ```
 */
export function assessLeaseTtl(options: LeaseTtlAssessOptions): LeaseTtlAssessment {
  const { ttlMs, ...evidence } = requireAssessOptions(options);
  return assess(ttlMs, evidence);
}

/**
 * The shortest pause such that longer ones were seen rarely enough, by bisection: their number never grows with the length. Pauses that
 * nobody could have seen are below it. No time to live covers a pause without an end, so those cannot make it longer.
 */
function leastPauseMs({ pauses, falseLossMax, horizonMs }: CheckedEvidence): number {
  const acceptedCount = (-Math.log1p(-falseLossMax) * pauses.observedMs) / horizonMs;
  let low = 0;
  let high = pauses.longestMs;
  for (let step = 0; step < 60 && low < high; step += 1) {
    const middle = (low + high) / 2;
    if (pauses.countAbove(middle) > acceptedCount) low = middle;
    else high = middle;
  }
  return Math.max(high, pauses.unseenBelowMs);
}
