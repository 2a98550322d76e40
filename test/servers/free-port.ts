/**
 * Loopback ports that nobody listens on now. Between the answer and its use another process may take one: whoever
 * starts a server must be ready to try again.
 */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below the ports that systems hand out to outgoing connections (Linux: from 32768), so that a port stays free for a
 * server that is down for a moment.
 */
const PORT_MIN = 15_000;
const PORT_MAX = 32_000;

/** More tries than this find no free port only where something is wrong with the machine. */
const TRIES_MAX = 100;

/** Ports that were given out: a connection to a server that is gone must not meet the next one. */
const given = new Set<number>();

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** One loopback port that was free a moment ago; never the same twice. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const port = randomInt(PORT_MIN, PORT_MAX);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
  throw new Error(`freePort: no free port in ${PORT_MIN}..${PORT_MAX} found in ${TRIES_MAX} tries`);
}

/** As many different ones as asked for. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}
