/** Real time that passes in a test of real timers. */
import { performance } from 'node:perf_hooks';

const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

/** Lets at least `ms` pass, and everything that is due by then be called. */
export async function elapseForReal(ms: number): Promise<void> {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs) await tick();
  // A machine that stood still calls that last timer, which was due first, before all others that are due: two more come after them.
  await tick();
  await tick();
}
