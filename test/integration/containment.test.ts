/**
 * G1 over real sockets: whatever servers and paths do, a bounded answer contains the truth, or there is none.
 *
 * The servers are the embedded ones, on loopback, and serve a truth that the test owns.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { BoundedClock, type NtpServer, ntp } from 'truechimer';
import { checkOnce, FAST, OFTEN, serverOf, type Tally, type Truth, truthFrom, watch } from './truth.ts';

type Settings = NonNullable<Parameters<typeof serverOf>[1]>;

const servers: NtpServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(truth: Truth, ...settings: Settings[]): Promise<NtpServer[]> {
  const started = await Promise.all(settings.map((each) => serverOf(truth, each)));
  servers.push(...started);
  return started;
}

/** A truth unlike the machine's wall clock, so that nothing can be right by accident. */
const EPOCH_MS = Date.UTC(2031, 4, 6, 7, 8, 9);

const HONEST: Settings = {};

function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Every byte of a reply replaced, but for the length. */
const garble = (random: () => number) => (reply: Uint8Array) => [reply.map(() => Math.floor(random() * 256))];

const spoof = (reply: Uint8Array): Uint8Array[] => {
  const forged = Uint8Array.from(reply);
  forged[24] = (forged[24] ?? 0) ^ 1; // one bit of the origin
  forged[40] = (forged[40] ?? 0) ^ 1; // and a time half an era away
  return [forged, reply];
};

describe('one server', () => {
  const scenarios: [string, Settings][] = [
    ['symmetric delay', { delay: { outMs: 8, backMs: 8 } }],
    ['asymmetric delay, slow way there', { delay: { outMs: 25, backMs: 2 } }],
    ['asymmetric delay, slow way back', { delay: { outMs: 2, backMs: 25 } }],
    ['jitter', { delay: { jitterMs: 30 }, random: seeded(1) }],
    ['loss of a third', { lossRatio: 0.33, random: seeded(2) }],
    ['duplicated replies', { tamper: (reply) => [reply, reply, reply] }],
    ['forged replies before the real one', { tamper: spoof }],
    [
      'truncated replies before the real one',
      { tamper: (reply) => [reply.subarray(0, 20), reply.subarray(0, 47), reply] },
    ],
    ['random replies before the real one', { tamper: (reply) => [...garble(seeded(3))(reply), reply] }],
    ['a large root distance that it admits', { offsetMs: 40, rootDispersionMs: 45 }],
  ];
  it.each(scenarios)('G1: %s: bounded, and the truth is inside', async (_name, settings) => {
    const truth = truthFrom(EPOCH_MS);
    const tally = await watch({ truth, servers: await start(truth, settings) });
    expect(tally.bounded).toBeGreaterThan(200);
    expect(tally.last?.status).toBe('bounded');
  });

  it.each([
    ['fast', 45],
    ['slow', -45],
  ])('G1: the local clock is %s by nearly the drift bound', async (_name, ratePpm) => {
    const truth = truthFrom(EPOCH_MS, ratePpm);
    const until = (_clock: BoundedClock, { bounded }: Tally): boolean => bounded >= 5 * OFTEN;
    const tally = await watch({ truth, servers: await start(truth, HONEST), forMs: 2000, until });
    expect(tally.bounded).toBeGreaterThan(1000);
  });

  it('G1: replies that overtake each other and come late', async () => {
    const truth = truthFrom(EPOCH_MS);
    let held: Uint8Array | undefined;
    const settings: Settings = {
      tamper: (reply) => {
        const late = held;
        held = Uint8Array.from(reply);
        return late === undefined ? [reply] : [late, reply];
      },
    };
    const tally = await watch({ truth, servers: await start(truth, settings) });
    expect(tally.bounded).toBeGreaterThan(200);
  });

  const refused: [string, Settings, string][] = [
    ['silent', { silent: true }, 'unreachable'],
    ['unsynchronised (leap 3)', { leap: 3 }, 'rejected'],
    ['stratum 16', { stratum: 16 }, 'rejected'],
    ['kiss RATE', { kiss: 'RATE' }, 'rejected'],
    ['kiss DENY', { kiss: 'DENY' }, 'rejected'],
    ['only truncated replies', { tamper: (reply) => [reply.subarray(0, 30)] }, 'unreachable'],
    ['only random replies', { tamper: garble(seeded(4)) }, 'unreachable'],
    ['only forged replies', { tamper: (reply) => spoof(reply).slice(0, 1) }, 'unreachable'],
    ['root distance above the limit', { rootDispersionMs: 5000 }, 'rejected'],
    [
      'zero stamps',
      {
        tamper: (reply) => {
          reply.fill(0, 32, 48);
          return [reply];
        },
      },
      'rejected',
    ],
  ];
  it.each(refused)('%s: honestly unbounded', async (_name, settings, verdict) => {
    const truth = truthFrom(EPOCH_MS);
    let status: BoundedClock['status'] | undefined;
    // A reply that this process reads too late counts as none: then the server is unreachable for a while, whatever it says.
    const until = (clock: BoundedClock): boolean => clock.status.sources[0]?.verdict === verdict;
    const tally = await watch({ truth, servers: await start(truth, settings), forMs: 500, until }, (clock) => {
      status = clock.status;
    });
    expect(tally.bounded).toBe(0);
    expect(status?.sources[0]?.verdict).toBe(verdict);
    expect(status?.sources[0]?.reason).toBeTruthy();
  });

  it('recovers without a restart when a silent server speaks again', async () => {
    const truth = truthFrom(EPOCH_MS);
    const [server] = await start(truth, { silent: true });
    const tally: Tally = { bounded: 0, unbounded: 0, last: undefined };
    const clock = BoundedClock.startWithoutWaiting({
      sources: [ntp(server?.address ?? '', { pace: { ...FAST, burstCount: 2 } })],
      timeoutMs: 50,
    });
    await expect(clock.ready({ timeoutMs: 400 })).rejects.toMatchObject({ code: 'TC_TIMED_OUT' });
    server?.configure({ silent: false });
    await clock.ready({ timeoutMs: 30_000 });
    checkOnce(clock, truth, tally);
    expect(tally.bounded).toBe(1);
    clock.stop();
  });
});

describe('eras and years', () => {
  it.each([
    ['the last seconds of era 0 and the first of era 1', Date.UTC(2036, 1, 7, 6, 28, 15, 700)],
    ['era 1', Date.UTC(2040, 0, 1)],
    ['1999', Date.UTC(1999, 11, 31, 23, 59, 59)],
    ['2093', Date.UTC(2093, 0, 1)],
  ])('G1: %s', async (_name, epochMs) => {
    const truth = truthFrom(epochMs);
    const tally = await watch({ truth, servers: await start(truth, HONEST), forMs: 800 });
    expect(tally.bounded).toBeGreaterThan(200);
  });
});

describe('four servers', () => {
  const verdicts = (clock: BoundedClock): string[] => clock.status.sources.map((source) => source.verdict);
  const THE_THIRD_LIES = ['truechimer', 'truechimer', 'falseticker', 'truechimer'];
  const isFound = (clock: BoundedClock): boolean => verdicts(clock).join() === THE_THIRD_LIES.join();

  it.each([
    ['10 s', 10_000],
    ['20 years', 20 * 365.25 * 86_400_000],
    ['30 ms', -30],
  ])('G4: one of four lies by %s: it is named, and the truth is inside', async (_name, offsetMs) => {
    const truth = truthFrom(EPOCH_MS);
    let seen: string[] = [];
    const list = await start(truth, HONEST, { delay: { outMs: 2 } }, { offsetMs }, { delay: { backMs: 3 } });
    const until = (clock: BoundedClock, { bounded }: Tally): boolean => bounded >= OFTEN && isFound(clock);
    const tally = await watch({ truth, servers: list, until }, (clock) => {
      seen = verdicts(clock);
    });
    expect(tally.bounded).toBeGreaterThan(200);
    expect(seen).toEqual(THE_THIRD_LIES);
  });

  it('G5: two of four lie together: refused, with both camps named', async () => {
    const truth = truthFrom(EPOCH_MS);
    let status: BoundedClock['status'] | undefined;
    const list = await start(truth, HONEST, HONEST, { offsetMs: 5000 }, { offsetMs: 5000 });
    const until = (clock: BoundedClock, { last }: Tally): boolean =>
      last?.status === 'unbounded' && last.reason === 'no-agreement' && clock.status.clusters?.length === 2;
    const tally = await watch({ truth, servers: list, until }, (clock) => {
      status = clock.status;
    });
    expect(tally.last).toMatchObject({ status: 'unbounded', reason: 'no-agreement' });
    expect(status?.clusters).toHaveLength(2);
  });

  it('G4: one lies and one is silent: bounded by the rest', async () => {
    const truth = truthFrom(EPOCH_MS);
    const tally = await watch({
      truth,
      servers: await start(truth, HONEST, HONEST, { offsetMs: -700 }, { silent: true }),
    });
    expect(tally.last?.status).toBe('bounded');
  });

  it('G4: three silent, one lies: nobody is believed', async () => {
    const truth = truthFrom(EPOCH_MS);
    const silent = { silent: true };
    const list = await start(truth, { offsetMs: 9000 }, silent, silent, silent);
    const until = (): boolean => list.every(({ requests }) => requests > 0);
    const tally = await watch({ truth, servers: list, until });
    expect(tally.bounded).toBe(0);
  });

  it('G1: a server that starts to lie is contradicted by its own past', async () => {
    const truth = truthFrom(EPOCH_MS);
    const list = await start(truth, HONEST, HONEST, HONEST, HONEST);
    let isLying = false;
    let seen: string[] = [];
    const until = (clock: BoundedClock, { bounded }: Tally): boolean => {
      if (!isLying && bounded >= OFTEN && verdicts(clock).every((verdict) => verdict === 'truechimer')) {
        list[2]?.configure({ offsetMs: 400 });
        isLying = true;
      }
      return isLying && bounded > 500 && isFound(clock);
    };
    const tally = await watch({ truth, servers: list, until }, (clock) => {
      seen = verdicts(clock);
    });
    expect(tally.bounded).toBeGreaterThan(500);
    expect(seen).toEqual(THE_THIRD_LIES);
  });
});

describe('this law can fail', () => {
  it('a lone liar with no liar tolerated moves the truth out, and the check notices', async () => {
    const truth = truthFrom(EPOCH_MS);
    await expect(watch({ truth, servers: await start(truth, { offsetMs: 50 }) })).rejects.toThrow('is outside');
  });
});
