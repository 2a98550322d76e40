import { describe, expect, it } from 'vitest';
import { type ScriptedSource, World } from '../../test/support/scripted-source.ts';
import { type BoundedClockOptions, settleOptions } from './clock-options.ts';
import type { BoundedClockEvents } from './clock-status.ts';
import { Consensus } from './consensus.ts';
import { boundsAt, type Snapshot, VOID_SNAPSHOT } from './snapshot.ts';

interface Bench {
  readonly world: World;
  readonly sources: readonly ScriptedSource[];
  readonly consensus: Consensus;
  readonly events: [keyof BoundedClockEvents, unknown][];
  readonly published: Snapshot[];
  voidedAtMs: number;
  examined: number;
}

function bench(names: readonly string[], options: Partial<BoundedClockOptions> = {}): Bench {
  const world = new World(250);
  const sources = world.sources(...names);
  const made: Omit<Bench, 'consensus'> = {
    world,
    sources,
    events: [],
    published: [],
    voidedAtMs: -Infinity,
    examined: 0,
  };
  const consensus = new Consensus(world.clock, settleOptions({ sources, ...options }), {
    examine: () => {
      made.examined += 1;
    },
    voidedAtMs: () => made.voidedAtMs,
    published: (snapshot) => made.published.push(snapshot),
    emit: (name, value) => made.events.push([name, value]),
  });
  const whole = Object.assign(made, { consensus });
  consensus.start();
  return whole;
}

function holdsTruth({ world, published }: Bench): boolean {
  const snapshot = published.at(-1)!;
  const { clock } = world;
  const readMs = clock.monotonicMs();
  if (!(readMs >= snapshot.anchorMs && readMs < snapshot.voidAfterMs)) return false;
  const { earliest, latest } = boundsAt(snapshot, readMs);
  return earliest <= world.trueMs && world.trueMs <= latest;
}

describe('a consensus', () => {
  it('publishes after every measurement, and looks at the clocks before it admits one', async () => {
    const one = bench(['a', 'b', 'c']);
    await one.world.clock.run(3.5);
    expect(one.published).toHaveLength(3);
    expect(one.examined).toBe(3);
    expect(one.published[0]).toBe(VOID_SNAPSHOT);
    expect(holdsTruth(one)).toBe(true);
    expect(one.published.at(-1)!.premises).toEqual({
      driftPpm: 50,
      falsetickersTolerated: 1,
      sourcesConfigured: 3,
      sourcesAnswering: 3,
      timeScale: 'utc',
    });
  });

  it('needs more answers than there may be liars', async () => {
    const one = bench(['a', 'b', 'c', 'd', 'e']);
    for (const source of one.sources.slice(2)) source.behaviour = 'silent';
    await one.world.clock.run(5000);
    expect(one.published.at(-1)).toBe(VOID_SNAPSHOT);
    expect(one.consensus.whyUnbounded()).toMatchObject({ reason: 'too-few-sources' });
    one.sources[2]!.behaviour = 'honest';
    await one.world.clock.run(20_000);
    expect(holdsTruth(one)).toBe(true);
  });

  it('admits nothing that was sent before the last discontinuity', async () => {
    const one = bench(['a']);
    one.voidedAtMs = one.world.clock.monotonicMs() + 150;
    await one.world.clock.run(120);
    expect(one.published.every((snapshot) => snapshot === VOID_SNAPSHOT)).toBe(true);
    expect(one.consensus.everySourceTried).toBe(false);
    expect(one.consensus.whyUnbounded()).toMatchObject({ reason: 'synchronizing' });
    await one.world.clock.run(200);
    expect(holdsTruth(one)).toBe(true);
  });

  it('forgets at once when told, before anybody hears of it, and gives the reason until it knows again', async () => {
    const one = bench(['a', 'b', 'c']);
    await one.world.clock.run(500);
    one.consensus.forget('clock-discontinuity', 'the machine slept');
    expect(one.consensus.voidedAtMs).toBe(one.world.clock.monotonicMs());
    expect(one.consensus.whyUnbounded()).toEqual({
      status: 'unbounded',
      reason: 'clock-discontinuity',
      detail: 'the machine slept; measuring again',
    });
    expect(one.events.map(([name]) => name)).not.toContain('voided');
    one.consensus.announceVoid('clock-discontinuity', 'the machine slept');
    expect(one.events).toContainEqual(['voided', { reason: 'clock-discontinuity', detail: 'the machine slept' }]);
    expect(one.published.at(-1)).toBe(VOID_SNAPSHOT);
    await one.world.clock.run(500);
    expect(holdsTruth(one)).toBe(true);
  });

  it('an expired source takes only its own evidence with it', async () => {
    const one = bench(['a', 'b', 'c'], { holdoverMaxMs: 30_000 });
    await one.world.clock.run(500);
    one.sources[0]!.behaviour = 'silent';
    await one.world.clock.run(40_000);
    one.consensus.keepHouse(one.world.clock.monotonicMs());
    expect(holdsTruth(one)).toBe(true);
    expect(one.published.at(-1)!.premises.sourcesAnswering).toBe(2);
  });

  it('is void in time: never after the first evidence in it expires', async () => {
    const one = bench(['a', 'b', 'c'], { holdoverMaxMs: 5000 });
    for (let step = 0; step < 40; step += 1) {
      await one.world.clock.run(250);
      const snapshot = one.published.at(-1)!;
      expect(snapshot.voidAfterMs).toBeLessThanOrEqual(one.world.clock.monotonicMs() + 5000);
    }
  });

  it('knows which failures waiting does not mend', async () => {
    const one = bench(['a', 'b']);
    one.sources[0]!.behaviour = { outcome: 'unreachable', detail: 'no such name' };
    one.sources[1]!.behaviour = { outcome: 'denied', detail: 'DENY' };
    expect(one.consensus.everySourceFailed).toBe(false);
    await one.world.clock.run(50);
    expect(one.consensus.everySourceFailed).toBe(true);
    one.sources[0]!.behaviour = 'honest';
    await one.world.clock.run(500);
    expect(one.consensus.everySourceFailed).toBe(false);
  });

  it('says each change of verdict once', async () => {
    const one = bench(['a', 'b', 'c', 'liar']);
    one.sources[3]!.lieMs = 70_000;
    await one.world.clock.run(10_000);
    const changes = one.events
      .filter(([name]) => name === 'source')
      .map(([, event]) => event as BoundedClockEvents['source']);
    const last = new Map(changes.map(({ name, to }) => [name, to]));
    expect(Object.fromEntries(last)).toEqual({
      a: 'truechimer',
      b: 'truechimer',
      c: 'truechimer',
      liar: 'falseticker',
    });
    for (const { from, to } of changes) expect(from).not.toBe(to);
    expect(changes.length).toBeLessThan(12);
  });

  it('publishes, measures and tells nothing after stop', async () => {
    const one = bench(['a', 'b']);
    await one.world.clock.run(500);
    one.consensus.stop();
    const heard = [one.published.length, one.events.length];
    one.consensus.keepHouse(one.world.clock.monotonicMs());
    one.consensus.forget('clock-discontinuity', '');
    one.consensus.announceVoid('clock-discontinuity', '');
    await one.world.clock.run(100_000);
    expect([one.published.length, one.events.length]).toEqual(heard);
    expect(one.world.clock.pendingTimers).toBe(0);
    expect(one.consensus.whyUnbounded()).toMatchObject({ reason: 'stopped' });
  });

  it('gives the same bound in any order of the sources', async () => {
    const bounds = await Promise.all(
      [
        ['a', 'b', 'c', 'd'],
        ['d', 'c', 'b', 'a'],
      ].map(async (names) => {
        const one = bench(names);
        for (const source of one.sources) source.errorMs = 1 + source.name.charCodeAt(0) - 97;
        await one.world.clock.run(5000);
        return boundsAt(one.published.at(-1)!, one.world.clock.monotonicMs());
      }),
    );
    expect(bounds[0]).toEqual(bounds[1]);
  });
});
