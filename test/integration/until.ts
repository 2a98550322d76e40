/** Waiting for what other processes and sockets do: as long as the test may take, without a limit of its own. */
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 5;

/** Resolves once it is so. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await delay(POLL_MS);
}
