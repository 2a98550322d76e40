import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { thrownBy } from '../../test/support/thrown-by.ts';
import { BoundedClockCore } from '../sync/index.ts';
import { buildPreset, driftBoundPpm } from './build-preset.ts';
import { DriftModel } from './drift-model.ts';
import { type Preset, type PresetName, PRESETS } from './presets.ts';
import { SeededRandom } from './random.ts';
import type { SimWorldCore } from './sim-world.ts';
import { simulate } from './simulation.ts';
import { newWorld, settle } from './world.fixture.ts';

const NAMES = Object.keys(PRESETS) as PresetName[];

function worldFor(preset: Preset, seed = 1): SimWorldCore {
  return newWorld({ seed, ...(preset.epochMs === undefined ? {} : { epochMs: preset.epochMs }) });
}

describe('the drift bound that an oscillator needs', () => {
  it('holds for every stretch of its history: true time per local time is within it', () => {
    const drift = fc.record({
      driftPpm: fc.integer({ min: -60_000, max: 60_000 }),
      wanderPpm: fc.constantFrom(0, 0.1, 10),
      wanderMaxPpm: fc.integer({ min: 0, max: 100 }),
      wave: fc.record({
        amplitudePpm: fc.integer({ min: 0, max: 20 }),
        periodMs: fc.integer({ min: 1000, max: 100_000 }),
      }),
    });
    fc.assert(
      fc.property(drift, fc.nat(), (options, seed) => {
        const boundPpm = driftBoundPpm(options);
        const model = new DriftModel(options, new SeededRandom(seed));
        let worstPpm = 0;
        for (let step = 0; step < 300; step += 1) {
          const ratio = 1 / (1 + model.nextRatePpm(step * 1000) * 1e-6);
          worstPpm = Math.max(worstPpm, Math.abs(ratio - 1) * 1e6);
        }
        expect(worstPpm).toBeLessThanOrEqual(boundPpm);
      }),
    );
  });

  it('is more than the drift of a slow clock, and less than that of a fast one', () => {
    expect(driftBoundPpm({})).toBe(0);
    expect(driftBoundPpm({ driftPpm: 50_000 })).toBe(47_620);
    expect(driftBoundPpm({ driftPpm: -50_000 })).toBe(52_632);
    expect(driftBoundPpm({ driftPpm: -50 })).toBe(51);
    expect(
      driftBoundPpm({ driftPpm: 100, wanderPpm: 1, wanderMaxPpm: 5, wave: { amplitudePpm: 5, periodMs: 1000 } }),
    ).toBe(110);
  });

  it('does not count a limit of a wander that there is not', () => {
    expect(driftBoundPpm({ driftPpm: 10, wanderMaxPpm: 500 })).toBe(10);
    expect(driftBoundPpm({ driftPpm: 10, wanderPpm: 0.001 })).toBeGreaterThan(100_000);
  });
});

describe('every preset', () => {
  it.each(NAMES)('%s declares a drift bound that holds, and not a far larger one', (name) => {
    const { driftPpm, client } = PRESETS[name];
    expect(driftPpm).toBeGreaterThanOrEqual(driftBoundPpm(client.drift));
    expect(driftPpm).toBeLessThanOrEqual(Math.max(50, driftBoundPpm(client.drift) + 100));
  });

  it.each(NAMES)('%s has a summary and a source, and is data', (name) => {
    const preset = PRESETS[name];
    expect(preset.summary.length).toBeGreaterThan(10);
    expect(preset.source.length).toBeGreaterThan(10);
    expect(JSON.parse(JSON.stringify(preset))).toEqual(preset);
  });

  it.each(NAMES)('%s: the delays of its paths are those it says', async (name) => {
    const preset = PRESETS[name];
    const world = worldFor(preset);
    const { client, servers } = buildPreset(world, name);
    const server = servers[0]!.node;
    for (const [from, to, { delay, loss = 0 }] of [
      [client, server, preset.toServer],
      [server, client, preset.toClient],
    ] as const) {
      const before = world.network.counts;
      const startMs = world.nowMs;
      const tookMs: number[] = [];
      for (let index = 0; index < 2000; index += 1)
        world.network.send(from, to, () => tookMs.push(world.nowMs - startMs));
      await world.advance(60_000);
      const { baseMs, meanMs } = delay as { baseMs: number; meanMs: number };
      const mean = tookMs.reduce((sum, ms) => sum + ms, 0) / tookMs.length;
      expect(Math.min(...tookMs)).toBeGreaterThanOrEqual(baseMs);
      expect(Math.abs(mean - baseMs - meanMs)).toBeLessThan((5 * meanMs) / Math.sqrt(tookMs.length));
      expect(Math.abs((world.network.counts.lost - before.lost) / 2000 - loss)).toBeLessThan(0.06);
    }
  });

  it.each(NAMES)('%s: while its premises hold, true time is in every bounded answer', async (name) => {
    const preset = PRESETS[name];
    const liars = preset.liesMs.length;
    const tolerable = 2 * liars < preset.servers;
    const { coverage } = await simulate({
      name,
      seed: 20_260_101,
      settle,
      forMs: 3_600_000,
      checkEveryMs: 10_000,
      ...(preset.epochMs === undefined ? {} : { epochMs: preset.epochMs }),
      build: (world) => {
        const built = buildPreset(world, name);
        return new BoundedClockCore(built.client, { sources: built.sources, driftPpm: built.driftPpm });
      },
      check: (world, { state: clock, coverage }) => {
        const now = clock.now();
        coverage.count(now.status);
        if (now.status === 'unbounded') return;
        const trueMs = world.trueTime.wholeMs + world.trueTime.fractionMs;
        // The sum above is rounded to 2.4e-4 ms.
        if (now.earliest > trueMs + 3e-4 || now.latest < trueMs - 3e-4) coverage.count('violation');
      },
    });
    // With 3 of 5 lying differently nobody has a majority, and nothing may be said.
    expect(coverage.of('bounded')).toBeGreaterThan(tolerable ? 300 : -1);
    if (!tolerable) expect(coverage.of('bounded')).toBe(0);
    expect(coverage.of('violation')).toBe(0);
  });
});

describe('building', () => {
  it('gives a client, servers, sources, and what must be declared', () => {
    const world = newWorld();
    const built = buildPreset(world, 'chrony-falsetickers-2');
    expect(built.client.name).toBe('client');
    expect(world.nodes.map(({ name }) => name)).toEqual(['client', ...[1, 2, 3, 4, 5].map((nth) => `server-${nth}`)]);
    expect(built.sources.map(({ name }) => name)).toEqual(built.servers.map(({ node }) => node.name));
    expect({ liars: built.liars, driftPpm: built.driftPpm }).toEqual({ liars: 2, driftPpm: 106 });
    const lies = built.servers.map((server) => server.now().wholeMs - world.trueTime.wholeMs);
    expect(lies).toEqual([1000, 2000, 0, 0, 0]);
    expect(built.client.wallMs() - world.trueTime.wholeMs).toBe(100);
    expect(built.sources[0]!.pace).toMatchObject({ pollMinMs: 64_000, pollMaxMs: 1_024_000 });
  });

  it('takes another number of servers, more about the machines, a prefix, and a preset of one’s own', () => {
    const world = newWorld();
    const own: Preset = { ...PRESETS.lan, client: { wallAheadMs: -5, drift: {} } };
    const first = buildPreset(world, own, {
      servers: 2,
      prefix: 'x ',
      client: { platform: 'other' },
      server: { stratum: 2 },
    });
    const second = buildPreset(world, 'lan', { prefix: 'y ' });
    expect(first.client).toMatchObject({ name: 'x client', monotonicCountsSuspend: true, ratePpm: 0 });
    expect(first.servers.map(({ node }) => node.name)).toEqual(['x server-1', 'x server-2']);
    expect(second.servers).toHaveLength(4);
  });

  it('connects intermittently for the first part of every period', async () => {
    const preset: Preset = { ...PRESETS.lan, connected: { forMs: 200, everyMs: 1000 } };
    const world = newWorld();
    const { client, servers } = buildPreset(world, preset);
    const arrived: number[] = [];
    for (let sentMs = 0; sentMs < 3000; sentMs += 50) {
      const before = world.network.counts.cutOff;
      world.network.send(client, servers[1]!.node, () => undefined);
      world.network.send(servers[1]!.node, client, () => undefined);
      if (world.network.counts.cutOff === before) arrived.push(sentMs);
      await world.advance(50);
    }
    expect(arrived).toEqual([0, 50, 100, 150, 1000, 1050, 1100, 1150, 2000, 2050, 2100, 2150]);
  });

  it('refuses a world of another time, and fewer servers than lie', () => {
    expect(thrownBy(() => buildPreset(newWorld(), 'chrony-era'))).toMatchObject({
      code: 'TC_INVALID_ARGUMENT',
      details: { epochMs: 2_085_977_996_000 },
    });
    expect(new Date(PRESETS['chrony-era'].epochMs!).toISOString()).toBe('2036-02-07T06:19:56.000Z');
    expect(thrownBy(() => buildPreset(newWorld(), 'chrony-falsetickers-3', { servers: 2 }))).toMatchObject({
      code: 'TC_INVALID_ARGUMENT',
    });
    expect(thrownBy(() => buildPreset(newWorld(), 'lan', { servers: 0 }))).toMatchObject({
      code: 'TC_INVALID_ARGUMENT',
    });
    const late = newWorld({ epochMs: 2_085_977_996_000 });
    late.advanceSync(5000.5);
    expect(buildPreset(late, 'chrony-era').servers).toHaveLength(1);
  });
});
