/**
 * A truth that the test owns: true time as a function of `performance.now()`, and the check that a clock's answers contain it.
 */
import { performance } from 'node:perf_hooks';
import { expect } from 'vitest';
import { BoundedClock, NtpServer, ntp, type Bounded, type Pace, type SplitEpoch } from 'truechimer';
import { shiftEpoch } from '../../src/sync/index.ts';

/** True time at a reading of `performance.now()`. */
export type Truth = (monotonicMs: number) => SplitEpoch;

/** A truth that starts at an epoch now and runs at a rate beside the local monotonic clock. */
export function truthFrom(epochMs: number, ratePpm = 0): Truth {
  const startedMs = performance.now();
  return (monotonicMs) => {
    const elapsedMs = monotonicMs - startedMs;
    return shiftEpoch({ wholeMs: epochMs, fractionMs: 0 }, elapsedMs + elapsedMs * ratePpm * 1e-6);
  };
}

/** As fast as loopback allows: these servers are ours. */
export const FAST: Pace = { burstCount: 12, burstSpacingMs: 15, pollMinMs: 30, pollMaxMs: 120 };

/** What a scenario has counted. */
export interface Tally {
  bounded: number;
  unbounded: number;
  /** The widest and the last bounded answer. */
  last: Bounded | undefined;
}

/** Reads the clock once and requires that a bounded answer contains the truth at that moment. */
export function checkOnce(clock: { now(): Bounded }, truth: Truth, tally: Tally): void {
  const beforeMs = performance.now();
  const now = clock.now();
  const afterMs = performance.now();
  tally.last = now;
  if (now.status === 'unbounded') {
    tally.unbounded += 1;
    return;
  }
  tally.bounded += 1;
  const notBefore = truth(beforeMs);
  const notAfter = truth(afterMs);
  const containsTruth =
    now.earliest <= notAfter.wholeMs + notAfter.fractionMs && now.latest >= notBefore.wholeMs + notBefore.fractionMs;
  if (!containsTruth) {
    expect.fail(
      `the truth ${notBefore.wholeMs + notBefore.fractionMs} is outside [${now.earliest}, ${now.latest}] ` +
        `by ${Math.max(now.earliest - notAfter.wholeMs, notBefore.wholeMs - now.latest)} ms`,
    );
  }
}

/** Servers to ask, how the clock is set, and what must be seen. */
export interface Scenario {
  readonly truth: Truth;
  readonly servers: readonly NtpServer[];
  /** It is watched for at least so long, in ms. Default 600. */
  readonly forMs?: number;
  /** And until this has come, however late the machine is. Default: it was bounded often, and is now. */
  readonly until?: (clock: BoundedClock, tally: Tally) => boolean;
  readonly timeoutMs?: number;
  readonly driftPpm?: number;
  readonly falsetickers?: number;
}

/** So many bounded answers, and it was no accident. */
export const OFTEN = 201;

const isBoundedNow = (_clock: BoundedClock, { bounded, last }: Tally): boolean =>
  bounded >= OFTEN && last?.status === 'bounded';

/** Runs a clock against the servers, checks it all the time, and hands it over for further questions before it stops. */
export async function watch(scenario: Scenario, ask?: (clock: BoundedClock, tally: Tally) => void): Promise<Tally> {
  const tally: Tally = { bounded: 0, unbounded: 0, last: undefined };
  const clock = BoundedClock.startWithoutWaiting({
    sources: scenario.servers.map((server) => ntp(server.address, { pace: FAST })),
    timeoutMs: scenario.timeoutMs ?? 150,
    ...(scenario.driftPpm === undefined ? {} : { driftPpm: scenario.driftPpm }),
    ...(scenario.falsetickers === undefined ? {} : { falsetickers: scenario.falsetickers }),
  });
  try {
    const untilMs = performance.now() + (scenario.forMs ?? 600);
    const hasCome = scenario.until ?? isBoundedNow;
    while (performance.now() < untilMs || !hasCome(clock, tally)) {
      for (let reads = 0; reads < 20; reads += 1) checkOnce(clock, scenario.truth, tally);
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    ask?.(clock, tally);
  } finally {
    clock.stop();
  }
  return tally;
}

/** A server that tells the truth unless the settings say otherwise. */
export function serverOf(truth: Truth, settings: Parameters<typeof NtpServer.listen>[0] = {}): Promise<NtpServer> {
  return NtpServer.listen({ timeAt: truth, keepsAlive: false, ...settings });
}
