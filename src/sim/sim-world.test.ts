import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { thrownBy } from '../../test/support/thrown-by.ts';
import { BoundedClockCore } from '../sync/index.ts';
import { delays } from './delays.ts';
import { drawFaults } from './nemesis.ts';
import { schedule } from './faults.ts';
import { simNtp, SimNtpServer } from './sim-ntp.ts';
import { NODES_MAX, SIM_EPOCH_MS } from './sim-world.ts';
import { newWorld } from './world.fixture.ts';

/** Everything that one client sees in twenty minutes full of faults, as a hash; and what another node next to it changes. */
async function traceOf(seed: number, options: { readonly extraNode?: boolean } = {}): Promise<string> {
  const world = newWorld({ seed });
  if (options.extraNode === true) {
    const extra = world.addNode('extra', { drift: { wanderPpm: 1 } });
    const peer = world.addNode('peer');
    const chatter = (): void => {
      world.network.send(extra, peer, () => undefined);
      extra.setTimer(chatter, 700, { keepsAlive: true });
    };
    chatter();
  }
  const client = world.addNode('client', { drift: { driftPpm: 20, wanderPpm: 0.01, wanderMaxPpm: 5 } });
  world.network.setDefault({ delay: delays.exponential(5, 3), loss: 0.1, duplication: 0.1 });
  const sources = ['s1', 's2', 's3'].map((name) => simNtp(world, client, new SimNtpServer(world, world.addNode(name))));
  const random = client.random.fork('polls');
  const clock = new BoundedClockCore(client, { sources, random: () => random.uniform() });
  const faults = drawFaults(client.random, {
    nodes: ['client'],
    forMs: 1_200_000,
    ratePerHour: { step: 10, suspend: 5, pause: 20, slew: 5 },
    limits: { suspendMsMax: 30_000, pauseMsMax: 5000 },
  });
  schedule(world, faults);
  const trace = createHash('sha256');
  clock.on('measurement', ({ name, outcome }) => trace.update(JSON.stringify([world.nowMs, name, outcome])));
  for (let step = 0; step < 240; step += 1) {
    await world.advance(5000);
    trace.update(JSON.stringify([client.monotonicMs(), client.bootMs(), client.wallMs(), clock.now()]));
  }
  return trace.digest('hex');
}

describe('a world', () => {
  it('has the same history for the same seed, to the last bit, and another one for another seed', async () => {
    const [first, again, other] = await Promise.all([traceOf(1), traceOf(1), traceOf(2)]);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  it('does not disturb its nodes and links when another node is added, before them in order', async () => {
    expect(await traceOf(3, { extraNode: true })).toBe(await traceOf(3));
  });

  it('starts at 2026-01-01 UTC, or where it is told, and counts true time exactly', () => {
    expect(new Date(SIM_EPOCH_MS).toISOString()).toBe('2026-01-01T00:00:00.000Z');
    const world = newWorld();
    expect(world.trueTime).toEqual({ wholeMs: SIM_EPOCH_MS, fractionMs: 0 });
    world.advanceSync(1234.25);
    expect(world.trueTime).toEqual({ wholeMs: SIM_EPOCH_MS + 1234, fractionMs: 0.25 });
    expect(newWorld({ epochMs: 4_000_000_000_000 }).trueTime.wholeMs).toBe(4_000_000_000_000);
  });

  it('knows its nodes by name, each name once, and has a limit', () => {
    const world = newWorld();
    const a = world.addNode('a');
    expect(world.node('a')).toBe(a);
    expect(thrownBy(() => world.node('b'))).toMatchObject({ message: expect.stringContaining('only a') });
    expect(thrownBy(() => world.addNode('a'))).toMatchObject({ code: 'TC_INVALID_ARGUMENT' });
    for (let index = 1; index < NODES_MAX; index += 1) world.addNode(`node ${index}`);
    expect(world.nodes).toHaveLength(NODES_MAX);
    expect(thrownBy(() => world.addNode('one more'))).toMatchObject({ code: 'TC_OUT_OF_RANGE' });
  });

  it('runs until something holds, or says that it did not', async () => {
    const world = newWorld();
    const node = world.addNode('a');
    let count = 0;
    const tick = (): void => {
      count += 1;
      node.setTimer(tick, 100, { keepsAlive: true });
    };
    tick();
    expect(await world.runUntil(() => count === 5)).toBe(true);
    expect(world.nowMs).toBe(400);
    expect(await world.runUntil(() => false, { maxMs: 1000 })).toBe(false);
    expect(world.nowMs).toBe(1400);
  });

  it('looks after every event, also after one that only moves a clock', async () => {
    const world = newWorld();
    const node = world.addNode('a', { drift: { wanderPpm: 1 } });
    expect(await world.runUntil(() => node.wallMs() >= SIM_EPOCH_MS + 5000)).toBe(true);
    expect(world.nowMs).toBeLessThan(7000);
  });

  it.each([-1, NaN, Infinity, SIM_EPOCH_MS])('refuses to let %d ms pass', async (ms) => {
    const world = newWorld();
    expect(() => {
      world.advanceSync(ms);
    }).toThrow(/advanceSync/);
    await expect((async () => world.advance(ms))()).rejects.toThrow(/advance/);
    expect(() => world.after(ms, () => undefined)).toThrow(/after/);
  });

  it('comes to the same end in one stride or in many', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 1, maxLength: 8 }), (strides) => {
        const run = (parts: readonly number[]): unknown => {
          const world = newWorld();
          const node = world.addNode('a', { drift: { wanderPpm: 1, driftPpm: 3 } });
          for (const ms of parts) world.advanceSync(ms);
          return [node.monotonicMs(), node.wallMs(), node.ratePpm, world.nowMs];
        };
        expect(run(strides)).toEqual(run([strides.reduce((sum, ms) => sum + ms, 0)]));
      }),
    );
  });
});
