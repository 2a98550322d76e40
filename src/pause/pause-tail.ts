/**
 * How often pauses were longer than something, and how often they may be: counts, not a fitted distribution.
 *
 * The tail of pauses has no law (a suspend is not a long collection), so nothing is extrapolated. What was never seen is
 * bounded by how long nobody saw it: after zero events in a time t the rate is below 3/t at 95 % (the rule of three; Hanley and
 * Lippman-Hand 1983), and after k events the exact limit of a Poisson count holds (Garwood 1936).
 */
import {
  ClockError,
  describeValue,
  optionNames,
  requireDurationMs,
  requireNumber,
  requireOptions,
} from '../core/index.ts';
import { PAUSE_INTERVAL_MS_DEFAULT } from './detector-options.ts';

/** What was seen of pauses, for instance in a histogram. */
export interface PauseTail {
  /** For how long somebody looked, in ms. */
  readonly observedMs: number;
  /** The longest pause seen whose length is known, in ms; 0 when there was none. */
  readonly longestMs: number;
  /** Shorter pauses may have been missed, in ms: the interval and the threshold of whoever looked. */
  readonly unseenBelowMs: number;
  /** How many pauses were longer than this, or may have been. One of unknown length counts as longer than anything. */
  countAbove(lengthMs: number): number;
}

/** Samples kept for a tail; more make no answer better that is not bounded by the time observed. */
export const PAUSE_SAMPLES_MAX = 1_000_000;

/** What a tail is made from. */
export interface PauseTailOptions {
  /**
   * The lengths of all pauses that were noticed, in ms, in any order; at most a million. `joinedLengthsMs` makes the list from pauses. From what has no
   * instants, pass `maxMs` of each, `Infinity` too (nobody knows how long that was): the list is then good for pauses that were further apart
   * than a renewal takes, since nobody can see in it which were not.
   */
  readonly lengthsMs: readonly number[];
  /** For how long somebody looked, in ms, at least 1; of several processes, all together. Longer shows more. */
  readonly observedMs: number;
  /** Pauses below this may have been missed, in ms; 100 when left out, the default interval and threshold of the detector. */
  readonly unseenBelowMs?: number;
}

const NAMES = optionNames<PauseTailOptions>({ lengthsMs: true, observedMs: true, unseenBelowMs: true });

/**
 * A tail from the lengths of all pauses in some time.
 *
 * @throws TC_NOT_FINITE, TC_OUT_OF_RANGE, TC_EPOCH_AS_DURATION for lengths that are none; TC_INVALID_ARGUMENT above a million.
 */
export function pauseTail(options: PauseTailOptions): PauseTail {
  requireOptions('pauseTail', options, NAMES);
  const { lengthsMs, observedMs, unseenBelowMs = 2 * PAUSE_INTERVAL_MS_DEFAULT } = options;
  const given: unknown = lengthsMs;
  if (!Array.isArray(given) || given.length > PAUSE_SAMPLES_MAX) {
    const got = Array.isArray(given) ? String(given.length) : describeValue(given);
    throw new ClockError(
      'TC_INVALID_ARGUMENT',
      `pauseTail lengthsMs: requires an array of at most ${PAUSE_SAMPLES_MAX} lengths, got ${got}. Count more in a histogram.`,
    );
  }
  const sorted = lengthsMs.map((oneMs) => requireLengthMs('pauseTail lengthsMs', oneMs)).sort((a, b) => a - b);
  // A fleet may have watched for longer than any duration.
  const observed = { what: 'a time observed', min: 1, max: Number.MAX_SAFE_INTEGER, unit: 'ms' };
  return {
    observedMs: requireNumber('pauseTail observedMs', observedMs, observed),
    unseenBelowMs: requireDurationMs('pauseTail unseenBelowMs', unseenBelowMs),
    longestMs: sorted.findLast(Number.isFinite) ?? 0,
    countAbove: (lengthMs) => sorted.length - firstAbove(sorted, lengthMs),
  };
}

/** A length, or `Infinity` where nobody knows it. */
export function requireLengthMs(operation: string, lengthMs: number): number {
  return lengthMs === Infinity ? lengthMs : requireDurationMs(operation, lengthMs);
}

function firstAbove(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? Infinity) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Up to this count the limit is exact; above it Chernoff's bound is at most 6 % more, never less. */
const EXACT_COUNT_MAX = 500;

/**
 * The largest mean that is compatible with a Poisson count, one-sided; 3.0 for none at 95 % (Garwood 1936). Above 500 an upper bound of it
 * (Chernoff's, for the lower tail).
 */
export function poissonUpperLimit(count: number, confidence: number): number {
  const logError = Math.log1p(-confidence);
  const logTail = count > EXACT_COUNT_MAX ? logChernoff : logPoissonAtMost;
  let low = count;
  let high = count - 2 * logError + 2 * Math.sqrt(-logError * (count + 1)) + 1;
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (logTail(count, middle) > logError) low = middle;
    else high = middle;
  }
  return high;
}

/** The logarithm of the probability of at most `count` events when `mean` are expected: the last term, times a sum that begins with 1. */
function logPoissonAtMost(count: number, mean: number): number {
  let logLast = -mean;
  let sum = 1;
  let term = 1;
  for (let events = count; events >= 1; events -= 1) {
    logLast += Math.log(mean / events);
    term *= events / mean;
    sum += term;
  }
  return logLast + Math.log(sum);
}

/** An upper bound of the same, for a mean above the count. */
function logChernoff(count: number, mean: number): number {
  return count - mean + count * Math.log(mean / count);
}
