/**
 * Keeps the process alive while somebody awaits what waits for nothing but its lease: a lease's own timers do not.
 */
import { armTimer, type ClockPort } from '../core/index.ts';

/** Runs `body` with a timer set that never comes, but that the platform waits for. */
export async function keepingAlive<T>(port: ClockPort, body: () => T | Promise<T>): Promise<T> {
  const spec = { port, readMs: () => port.monotonicMs(), untilMs: Infinity, keepsAlive: true };
  const timer = armTimer(spec, () => undefined);
  try {
    return await body();
  } finally {
    timer.cancel();
  }
}
