/** Both kinds of clock port keep the same laws. */
import { performance } from 'node:perf_hooks';
import { systemClock } from 'truechimer';
import { createSystemPort } from '../../src/node/index.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { clockPortContract } from './clock-port.ts';

async function elapseForReal(ms: number): Promise<void> {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs) await new Promise((resolve) => setTimeout(resolve, 1));
}

clockPortContract('the machine', () => ({ port: systemClock.port, elapse: elapseForReal }));

clockPortContract('the machine, as where the monotonic clock counts suspend', () => ({
  port: createSystemPort({ performance, platform: 'darwin' }),
  elapse: elapseForReal,
}));

clockPortContract('by hand', () => {
  const port = new ManualClock();
  return { port, elapse: (ms) => port.run(ms) };
});
