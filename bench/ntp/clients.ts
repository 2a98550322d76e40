/**
 * The clients of the comparison behind one face: as their documentation shows them, with their defaults, and nothing mended.
 *
 * Peers are loaded when they are asked for the first time, so that one client's process holds no other's code.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BoundedClock } from 'truechimer';

/** What a client says: true time minus the wall clock, in ms, and how sure it is, if it says so. */
export interface Answer {
  readonly offsetMs: number;
  readonly earliestMs?: number;
  readonly latestMs?: number;
}

/** An NTP client. */
export interface Client {
  /** How many exchanges one question costs with one server. */
  readonly exchanges: number;
  /** Asks once. A rejection is a refusal: the client says that it does not know. */
  readonly ask: (addresses: readonly string[], round: number) => Promise<Answer>;
}

export const OURS = 'truechimer';

/** All of them, ours first. */
export const CLIENTS: Readonly<Record<string, Client>> = {
  [OURS]: { exchanges: 4, ask: askOurs },
  'ntp-time-sync': { exchanges: 8, ask: askNtpTimeSync },
  '@hapi/sntp': { exchanges: 1, ask: askHapi },
  'ntp-client': { exchanges: 1, ask: askNtpClient },
  ntpsync: { exchanges: 4, ask: askNtpsync },
};

/** The spacing that our client would give to servers of other people is for them; these are ours. */
const PACE = { burstCount: 4, burstSpacingMs: 20, pollMinMs: 16_000 };

/** How long our client may look for a bound, in ms; what it has by then is its answer. */
const WAIT_MS = 3000;

/** A clock of its own for each question: nothing is carried over. */
async function askOurs(addresses: readonly string[]): Promise<Answer> {
  const { BoundedClock, ntp } = await import('truechimer');
  const sources = addresses.map((address) => ntp(address, { pace: PACE }));
  const clock = await BoundedClock.start({ sources, waitMs: WAIT_MS });
  try {
    if (clock.now().status === 'bounded') await burstEnd(clock);
    const offset = clock.offset();
    if (offset.status === 'unbounded') throw new Error(offset.reason);
    return { offsetMs: offset.estimateMs, earliestMs: offset.earliestMs, latestMs: offset.latestMs };
  } finally {
    clock.stop();
  }
}

/** Waits until every source has made its burst, as the peers make theirs. */
async function burstEnd(clock: BoundedClock): Promise<void> {
  const untilMs = performance.now() + WAIT_MS;
  const isDone = (): boolean => clock.status.sources.every(({ attempts }) => attempts >= PACE.burstCount);
  while (!isDone() && performance.now() < untilMs) await sleep(5);
}

async function askNtpTimeSync(addresses: readonly string[]): Promise<Answer> {
  const { NtpTimeSync } = await import('ntp-time-sync');
  const { offset, precision } = await new NtpTimeSync({ servers: [...addresses] }).getTime(true);
  return { offsetMs: offset, earliestMs: offset - precision, latestMs: offset + precision };
}

async function askHapi(addresses: readonly string[], round: number): Promise<Answer> {
  const { time } = await import('@hapi/sntp');
  const { t } = await time(endpointOf(addresses, round));
  return { offsetMs: t };
}

async function askNtpClient(addresses: readonly string[], round: number): Promise<Answer> {
  const { default: ntpClient } = await import('ntp-client');
  const { host, port } = endpointOf(addresses, round);
  return new Promise((resolve, reject) => {
    ntpClient.getNetworkTime(host, port, (error, date) => {
      if (date === null) reject(new Error(String(error)));
      else resolve({ offsetMs: date.getTime() - Date.now() });
    });
  });
}

/** It knows port 123 only: the ntp-client under it is led to the port that the address names. */
async function askNtpsync(addresses: readonly string[]): Promise<Answer> {
  const { default: ntpClient } = await import('ntp-client');
  const { default: ntpsync } = await import('ntpsync');
  const toPort123 = ntpClient.getNetworkTime;
  ntpClient.getNetworkTime = (address, _port, callback) => {
    const { host, port } = endpointOf([address], 0);
    toPort123(host, port, callback);
  };
  try {
    const { minimalNTPLatencyDelta } = await ntpsync.ntpLocalClockDeltaPromise({ fServerCarousel: addresses });
    return { offsetMs: -minimalNTPLatencyDelta };
  } finally {
    ntpClient.getNetworkTime = toPort123;
  }
}

/** Clients that know one server ask another one in each round. */
function endpointOf(addresses: readonly string[], round: number): { host: string; port: number } {
  const [host = '', port = ''] = (addresses[round % addresses.length] ?? '').split(':');
  return { host, port: Number(port) };
}
