/**
 * How long a message takes in one direction: distributions, each a function of a random stream.
 *
 * Names and parameters are the usual ones; `exponential` is base + mean * Exp(1), the model of chrony's own tests.
 */
import { ClockError, requireDurationMs, requireNumber } from '../core/index.ts';
import type { SeededRandom } from './random.ts';

/** Draws one delay, in ms, at least 0. */
export type Delay = (random: SeededRandom) => number;

/** Always the same. @throws TC_NOT_FINITE, TC_OUT_OF_RANGE, TC_EPOCH_AS_DURATION. */
function constant(ms: number): Delay {
  requireDurationMs('delays.constant', ms);
  return () => ms;
}

/** Uniform between two delays. @throws as `constant`. */
function uniform(fromMs: number, toMs: number): Delay {
  requireDurationMs('delays.uniform', fromMs);
  requireDurationMs('delays.uniform', toMs, { minMs: fromMs });
  return (random) => fromMs + (toMs - fromMs) * random.uniform();
}

/** A base delay plus an exponential queueing delay. @throws as `constant`. */
function exponential(baseMs: number, meanMs: number): Delay {
  requireDurationMs('delays.exponential', baseMs);
  requireDurationMs('delays.exponential', meanMs);
  return (random) => baseMs + meanMs * random.exponential();
}

/** A base delay plus a gamma delay with this mean; a larger shape is narrower. @throws as `constant`. */
function gamma(baseMs: number, meanMs: number, shape: number): Delay {
  requireDurationMs('delays.gamma', baseMs);
  requireDurationMs('delays.gamma', meanMs);
  requireNumber('delays.gamma', shape, { what: 'a shape', min: 0.001, max: 1e6 });
  return (random) => baseMs + (meanMs / shape) * random.gamma(shape);
}

/** A base delay plus a Pareto delay of this scale: heavy tails, of infinite variance for alpha <= 2. @throws as `constant`. */
function pareto(baseMs: number, scaleMs: number, alpha: number): Delay {
  requireDurationMs('delays.pareto', baseMs);
  requireDurationMs('delays.pareto', scaleMs);
  requireNumber('delays.pareto', alpha, { what: 'a tail exponent', min: 0.1, max: 1000 });
  return (random) => baseMs + scaleMs * (random.pareto(alpha) - 1);
}

/** One of the measured delays, each as likely. @throws TC_INVALID_ARGUMENT for an empty list. */
function samples(measuredMs: readonly number[]): Delay {
  if (measuredMs.length === 0) {
    throw new ClockError('TC_INVALID_ARGUMENT', 'delays.samples: requires at least one delay, got none. Measure some.');
  }
  for (const ms of measuredMs) requireDurationMs('delays.samples', ms);
  return (random) => measuredMs[random.integer(measuredMs.length)] ?? 0;
}

/** The distributions of delays. */
export const delays: {
  readonly constant: typeof constant;
  readonly uniform: typeof uniform;
  readonly exponential: typeof exponential;
  readonly gamma: typeof gamma;
  readonly pareto: typeof pareto;
  readonly samples: typeof samples;
} = { constant, uniform, exponential, gamma, pareto, samples };
