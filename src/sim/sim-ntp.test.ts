import { describe, expect, it } from 'vitest';
import { BoundedClockCore, type MeasureOutcome, type NtpSource } from '../sync/index.ts';
import { delays } from './delays.ts';
import type { LinkOptions } from './sim-network.ts';
import type { NodeOptions, SimNode } from './sim-node.ts';
import { simNtp, SimNtpServer, type SimNtpServerSettings } from './sim-ntp.ts';
import type { SimWorldCore } from './sim-world.ts';
import { newWorld } from './world.fixture.ts';

interface Pair {
  readonly world: SimWorldCore;
  readonly client: SimNode;
  readonly server: SimNtpServer;
  readonly source: NtpSource;
  measure(): Promise<MeasureOutcome>;
}

const FINE = { monotonicMs: 2 ** -20 };

function newPair(
  settings: SimNtpServerSettings = {},
  there: LinkOptions = {},
  back: LinkOptions = there,
  node: NodeOptions = {},
): Pair {
  const world = newWorld();
  const client = world.addNode('client', { granularity: FINE, ...node });
  const server = new SimNtpServer(world, world.addNode('server'), settings);
  world.network.setLinks(client, server.node, there, back);
  const source = simNtp(world, client, server);
  return {
    world,
    client,
    server,
    source,
    measure: async () => {
      const outcome = source.measure({ clock: client, timeoutMs: 2000, signal: new AbortController().signal });
      await world.advance(3000);
      return outcome;
    },
  };
}

async function exchangeOf(pair: Pair): Promise<Extract<MeasureOutcome, { outcome: 'measured' }>['exchange']> {
  const outcome = await pair.measure();
  if (outcome.outcome !== 'measured') throw new Error(`expected an exchange, got ${JSON.stringify(outcome)}`);
  return outcome.exchange;
}

/** Server time minus the start of the world, in ms. */
function sinceStart({ wholeMs, fractionMs }: { wholeMs: number; fractionMs: number }): number {
  return wholeMs - 1_767_225_600_000 + fractionMs;
}

describe('an exchange with a truthful server', () => {
  it('has the four stamps of the real protocol, through real packets', async () => {
    const pair = newPair({ dwellMs: 3 }, { delay: delays.constant(10) }, { delay: delays.constant(20) });
    const exchange = await exchangeOf(pair);
    expect(exchange.sentMs).toBe(0);
    expect(sinceStart(exchange.serverReceived)).toBeCloseTo(10, 5);
    expect(sinceStart(exchange.serverSent)).toBeCloseTo(13, 5);
    expect(exchange.receivedMs).toBe(33);
    expect(exchange).toMatchObject({ stratum: 1, leap: 'none' });
    expect(exchange.sourceErrorMs).toBeGreaterThanOrEqual(1000 * 2 ** -20);
    expect(exchange.sourceErrorMs).toBeLessThan(0.01);
    expect(pair.server.requests).toBe(1);
    expect(pair.source.name).toBe('server');
  });

  it('repeats what the server admits to', async () => {
    const pair = newPair({ rootDelayMs: 20, rootDispersionMs: 5, stratum: 3, leap: 1, precision: -10 });
    const exchange = await exchangeOf(pair);
    expect(exchange).toMatchObject({ stratum: 3, leap: 'insert' });
    expect(exchange.sourceErrorMs).toBeGreaterThanOrEqual(20 / 2 + 5 + 1000 * 2 ** -10);
  });
});

describe('a server that does not tell the truth', () => {
  it('lies by its offset, and runs away at its drift', async () => {
    const pair = newPair({ offsetMs: 500, driftPpm: 100_000 }, { delay: delays.constant(0) });
    expect(sinceStart((await exchangeOf(pair)).serverSent)).toBeCloseTo(500, 5);
    expect(sinceStart((await exchangeOf(pair)).serverSent)).toBeCloseTo(3000 * 1.1 + 500, 5);
    pair.server.configure({ offsetMs: -500 });
    expect(sinceStart((await exchangeOf(pair)).serverSent)).toBeCloseTo(6000 - 500, 5);
  });

  it('is silent when it is told to, and the client waits for its own limit', async () => {
    const pair = newPair({ silent: true });
    expect(await pair.measure()).toMatchObject({ outcome: 'timeout' });
    expect(pair.server.requests).toBe(1);
    pair.server.configure({ silent: false });
    expect(await pair.measure()).toMatchObject({ outcome: 'measured' });
  });

  it.each([
    {
      name: 'not synchronized',
      settings: { leap: 3 as const },
      outcome: { outcome: 'rejected', reason: 'unsynchronized' },
    },
    {
      name: 'too far from its reference',
      settings: { rootDispersionMs: 5000 },
      outcome: { outcome: 'rejected', reason: 'root-distance' },
    },
  ])('that is $name is refused by the real client', async ({ settings, outcome }) => {
    expect(await newPair(settings, { delay: delays.constant(0.1) }).measure()).toMatchObject(outcome);
  });

  it('may send anything: what is not the answer is ignored', async () => {
    const forged = (reply: Uint8Array): Uint8Array => {
      const copy = Uint8Array.from(reply);
      copy[24] = (copy[24] ?? 0) ^ 1;
      return copy;
    };
    const pair = newPair({ tamper: (reply) => [forged(reply), new Uint8Array(3), reply] });
    expect(await pair.measure()).toMatchObject({ outcome: 'measured' });
    pair.server.configure({ tamper: (reply) => [forged(reply)] });
    expect(await pair.measure()).toMatchObject({ outcome: 'timeout' });
    pair.server.configure({ tamper: () => [] });
    expect(await pair.measure()).toMatchObject({ outcome: 'timeout' });
  });

  it('ignores what is no request', async () => {
    const { world, server } = newPair();
    server.receive(new Uint8Array(10), () => {
      throw new Error('it answered');
    });
    await world.advance(10);
    expect(server.requests).toBe(0);
  });
});

describe('the network in between', () => {
  it('may lose the request or the answer', async () => {
    expect(await newPair({}, { loss: 1 }, {}).measure()).toMatchObject({ outcome: 'timeout' });
    expect(await newPair({}, {}, { loss: 1 }).measure()).toMatchObject({ outcome: 'timeout' });
  });

  it('may duplicate both: one measurement, and the spare answers do no harm', async () => {
    const pair = newPair({}, { duplication: 1 });
    expect(await pair.measure()).toMatchObject({ outcome: 'measured' });
    expect(pair.server.requests).toBe(2);
    expect(await pair.measure()).toMatchObject({ outcome: 'measured' });
  });

  it('stamps a late receipt late: a paused client widens its exchange', async () => {
    const pair = newPair({}, { delay: delays.constant(5) });
    pair.world.after(2, () => {
      pair.client.pause(100);
    });
    expect((await exchangeOf(pair)).receivedMs).toBe(102);
  });

  it('an aborted query settles at once', async () => {
    const { world, client, source } = newPair({ silent: true });
    const controller = new AbortController();
    const outcome = source.measure({ clock: client, timeoutMs: 60_000, signal: controller.signal });
    await world.advance(10);
    controller.abort();
    expect(await outcome).toMatchObject({ detail: expect.stringContaining('abort') });
    expect(world.nowMs).toBe(10);
    expect(client.timerCount).toBe(0);
  });
});

describe('a server whose process stands still or is gone', () => {
  it.each([
    { when: 'before the request arrives', atMs: 5 },
    { when: 'while it holds the request', atMs: 12 },
  ])('answers late, with true stamps: paused $when', async ({ atMs }) => {
    const pair = newPair({ dwellMs: 5 }, { delay: delays.constant(10) });
    pair.world.after(atMs, () => {
      pair.server.node.pause(100);
    });
    const exchange = await exchangeOf(pair);
    expect(sinceStart(exchange.serverSent)).toBeGreaterThanOrEqual(100);
    expect(exchange.receivedMs).toBeCloseTo(sinceStart(exchange.serverSent) + 10, 3);
  });

  it('does not answer once it has crashed, not even a request that it held', async () => {
    const pair = newPair({ dwellMs: 5 }, { delay: delays.constant(10) });
    pair.world.after(12, () => {
      pair.server.node.crash();
    });
    expect(await pair.measure()).toMatchObject({ outcome: 'timeout' });
    expect(pair.world.network.counts.sent).toBe(1);
  });

  it('does not answer what the process before it held', async () => {
    const pair = newPair({ dwellMs: 50 }, { delay: delays.constant(10) });
    pair.world.after(12, () => {
      pair.server.node.crash();
      pair.server.node.restart();
    });
    expect(await pair.measure()).toMatchObject({ outcome: 'timeout' });
  });

  it.each([{ offsetMs: NaN }, { driftPpm: Infinity }, { dwellMs: NaN }])(
    'is refused with %j, at once or later',
    (bad) => {
      const refused: unknown = expect.objectContaining({ code: 'TC_NOT_FINITE' });
      expect(() => newPair(bad)).toThrow(refused);
      const { server } = newPair();
      expect(() => {
        server.configure(bad);
      }).toThrow(refused);
    },
  );
});

describe('a client that crashes', () => {
  it('does not live on through an answer that was under way: its successor sends the next request', async () => {
    const { world, client, server } = newPair({}, { delay: delays.constant(50) });
    const clocks: BoundedClockCore[] = [];
    client.start((node) => {
      clocks.push(new BoundedClockCore(node, { sources: [simNtp(world, node, server)] }));
    });
    await world.advance(60);
    client.crash();
    await world.advance(10);
    client.restart();
    const askedBefore = server.requests;
    await world.advance(400_000);
    const byOne = server.requests - askedBefore;
    expect(clocks[0]!.now().status).toBe('unbounded');
    expect(clocks[1]!.now().status).toBe('bounded');

    const alone = newPair({}, { delay: delays.constant(50) });
    const clock = new BoundedClockCore(alone.client, { sources: [alone.source] });
    await alone.world.advance(400_000);
    expect(byOne).toBe(alone.server.requests);
    clock.stop();
  });

  it('draws other nonces afterwards', () => {
    const { world, client, server } = newPair();
    const nonceOf = async (): Promise<string> => {
      const seen: string[] = [];
      server.configure({
        tamper: (reply) => {
          seen.push(Array.from(reply.slice(24, 32)).join());
          return [reply];
        },
      });
      const source = simNtp(world, client, server);
      void source.measure({ clock: client, timeoutMs: 100, signal: new AbortController().signal });
      await world.advance(1000);
      return seen.join();
    };
    return (async () => {
      const before = await nonceOf();
      client.crash();
      client.restart();
      expect(await nonceOf()).not.toBe(before);
      expect(before).not.toBe('');
    })();
  });
});
