/**
 * How often pauses were longer than something, and how often they may be: counts, not a fitted distribution.
 *
 * The tail of pauses has no law (a suspend is not a long collection), so nothing is extrapolated. What was never seen is
 * bounded by how long nobody saw it: after zero events in a time t the rate is below 3/t at 95 % (the rule of three; Hanley and
 * Lippman-Hand 1983), and after k events the exact limit of a Poisson count holds (Garwood 1936).
 */
import { ClockError, describeValue, optionNames, requireDurationMs, requireOptions } from '../core/index.ts';
import { PAUSE_INTERVAL_MS_DEFAULT } from './detector-options.ts';

/** What was seen of pauses, for instance in a histogram. */
export interface PauseTail {
  /** For how long somebody looked, in ms. */
  readonly observedMs: number;
  /** The longest pause seen, in ms; 0 when there was none. */
  readonly longestMs: number;
  /** Shorter pauses may have been missed, in ms: the interval and the threshold of whoever looked. */
  readonly unseenBelowMs: number;
  /** How many pauses were longer than this. */
  countAbove(lengthMs: number): number;
}

/** Samples kept for a tail; more make no answer better that is not bounded by the time observed. */
export const PAUSE_SAMPLES_MAX = 1_000_000;

/** What a tail is made from. */
export interface PauseTailOptions {
  /** The lengths of all pauses that were noticed, in ms, in any order; at most a million. */
  readonly lengthsMs: readonly number[];
  /** For how long somebody looked, in ms. Longer proves more. */
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
  const sorted = lengthsMs.map((lengthMs) => requireDurationMs('pauseTail lengthsMs', lengthMs)).sort((a, b) => a - b);
  return {
    observedMs: requireDurationMs('pauseTail observedMs', observedMs, { minMs: 1 }),
    unseenBelowMs: requireDurationMs('pauseTail unseenBelowMs', unseenBelowMs),
    longestMs: sorted.at(-1) ?? 0,
    countAbove: (lengthMs) => sorted.length - firstAbove(sorted, lengthMs),
  };
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

/** Above this count the cubic approximation (Wilson and Hilferty 1931) is within a thousandth of the exact limit. */
const EXACT_COUNT_MAX = 100;

/** The quantile of the normal distribution for 95 %. */
const Z_95 = 1.6448536269514722;

/** The largest mean that is compatible with a Poisson count, at 95 % one-sided; 3.0 for none. */
export function poissonUpperLimit(count: number): number {
  const next = count + 1;
  const cubic = next * (1 - 1 / (9 * next) + Z_95 / (3 * Math.sqrt(next))) ** 3;
  if (count > EXACT_COUNT_MAX) return cubic;
  let low = count;
  let high = 2 * cubic + 1;
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (poissonAtMost(count, middle) > 0.05) low = middle;
    else high = middle;
  }
  return high;
}

/** The probability of at most `count` events when `mean` are expected. */
function poissonAtMost(count: number, mean: number): number {
  let term = Math.exp(-mean);
  let sum = term;
  for (let events = 1; events <= count; events += 1) {
    term *= mean / events;
    sum += term;
  }
  return sum;
}
