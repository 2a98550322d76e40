/** Both kinds of clock port keep the same laws. */
import { performance } from 'node:perf_hooks';
import { systemClock } from 'truechimer';
import { SimClock, type SimClockOptions } from 'truechimer/testing';
import { createSystemPort } from '../../src/node/index.ts';
import { elapseForReal } from '../support/elapse-for-real.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { clockPortContract } from './clock-port.ts';

clockPortContract('the machine', () => ({ port: systemClock.port, elapse: elapseForReal }));

clockPortContract('the machine, as where the monotonic clock counts suspend', () => ({
  port: createSystemPort({ performance, platform: 'darwin' }),
  elapse: elapseForReal,
}));

clockPortContract('by hand', () => {
  const port = new ManualClock();
  return { port, elapse: (ms) => port.run(ms) };
});

const SIMULATED: readonly (SimClockOptions & { readonly what: string })[] = [
  { what: 'as it comes' },
  { what: 'on another platform', platform: 'other' },
  { what: 'fast', drift: { driftPpm: 200 } },
  { what: 'slow and wandering', drift: { driftPpm: -200, wanderPpm: 1, stepMs: 10 } },
  { what: 'coarse', granularity: { monotonicMs: 1, bootMs: 10, wallMs: 16 } },
  { what: 'up for long', monotonicMs: 1e9 + 0.3, sleptMs: 5e8, wallAheadMs: -0.7 },
];

for (const { what, ...options } of SIMULATED) {
  clockPortContract(`simulated, ${what}`, () => {
    const clock = new SimClock(options);
    // Time passes in true ms: a slow clock needs a little more of them, and a coarse one a step more.
    return { port: clock.port, elapse: (ms) => clock.advanceAsync(ms * 1.001 + clock.port.granularity.monotonicMs) };
  });
}
