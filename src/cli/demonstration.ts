/**
 * Four NTP servers inside this process, one of them lying: what the doctor does when nobody named a server.
 *
 * They are real servers on real sockets, so everything but the time is real: it comes from this machine's own wall clock, and therefore
 * the offset says nothing about true time.
 */
import { ntp, NtpServer, type NtpServerOptions } from '../node/index.ts';
import type { TimeSource } from '../sync/index.ts';

/** Whom the doctor asks. */
export interface Panel {
  readonly sources: readonly TimeSource[];
  readonly demonstration: boolean;
  /** Ends what was started for it. */
  close(): Promise<void>;
}

/** How far ahead the liar is, in ms. */
export const LIE_MS = 250;

/** Servers on this machine in this process may be asked often. */
const SPACING_MS = 100;

/** More exchanges show nothing new. */
const BURST_COUNT_DEFAULT = 20;

/** Near and far, even and uneven paths; the last one lies. */
const SERVERS: readonly NtpServerOptions[] = [
  { stratum: 1, delay: { outMs: 0.5, backMs: 0.5, jitterMs: 0.5 } },
  { stratum: 2, delay: { outMs: 1, backMs: 2, jitterMs: 1 } },
  { stratum: 2, delay: { outMs: 2, backMs: 1, jitterMs: 1 } },
  { stratum: 2, delay: { outMs: 1, backMs: 1, jitterMs: 1 }, offsetMs: LIE_MS },
];

/** Starts the four servers. */
export async function openDemonstration(forMs: number): Promise<Panel> {
  const servers: NtpServer[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.close()));
  };
  try {
    for (const options of SERVERS) servers.push(await NtpServer.listen({ ...options, keepsAlive: false }));
  } catch (error) {
    await close();
    throw error;
  }
  const burstCount = Math.min(BURST_COUNT_DEFAULT, Math.max(1, Math.floor(forMs / SPACING_MS) - 1));
  const pace = { burstCount, burstSpacingMs: SPACING_MS, pollMinMs: 1000, pollMaxMs: 1000 };
  return { sources: servers.map((server) => ntp(server.address, { pace })), demonstration: true, close };
}
