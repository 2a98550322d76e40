/**
 * The estimators that are compared: one row each. A better one is added here.
 */
import { type Estimator, leastDelayEstimator } from 'truechimer';

/** The midpoint of the newest exchange, whatever its delay: what a client does that does not think. */
const lastExchange: Estimator = {
  name: 'last-exchange',
  estimate: (samples) => {
    const last = samples.reduce<(typeof samples)[number] | undefined>(
      (newest, sample) => (newest === undefined || sample.atMs > newest.atMs ? sample : newest),
      undefined,
    );
    return last === undefined ? undefined : { thetaMs: last.thetaMs, standardErrorMs: last.delayMs / 2 };
  },
};

/** The middle of the bounds: what is left when an estimator has nothing to say. */
const midpoint: Estimator = { name: 'midpoint-of-bounds', estimate: () => undefined };

export const ESTIMATORS: readonly Estimator[] = [leastDelayEstimator, midpoint, lastExchange];
