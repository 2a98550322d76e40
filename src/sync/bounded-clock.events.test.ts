import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { World } from '../../test/support/scripted-source.ts';
import { EVENTS, eventsOf, expectTruth, expectUnbounded, start, synchronized } from './bounded-clock.fixture.ts';

describe('stop', () => {
  it('makes every later answer unbounded, leaves no timer, and may be called twice', async () => {
    const { world, sources, clock, log } = await synchronized();
    sources[0]!.behaviour = 'hangs';
    await world.clock.run(4500);
    clock.stop();
    clock.stop();
    await clock[Symbol.asyncDispose]();
    expectUnbounded(clock.now(), 'stopped');
    expect(clock.hasPassed(1e12)).toBe(false);
    expect(clock.offset()).toMatchObject({ status: 'unbounded', reason: 'stopped' });
    expect(clock.status).toMatchObject({ state: 'stopped', reason: 'stopped' });
    expect(world.clock.pendingTimers).toBe(0);
    expect(eventsOf(log, 'status').at(-1)).toEqual({ from: 'synchronized', to: 'stopped', reason: 'stopped' });
    const heard = log.length;
    world.clock.suspend(1e6);
    await world.clock.run(1e5);
    expectUnbounded(clock.now(), 'stopped');
    expect(log.length).toBe(heard);
  });

  it.each(EVENTS)('in a listener of %s stops at once and for ever', async (name) => {
    const world = new World();
    const sources = world.sources('a', 'b', 'c');
    const { clock } = start(world, sources);
    let stopped = 0;
    clock.on(name, () => {
      stopped += 1;
      clock.stop();
    });
    await world.clock.run(500);
    if (stopped === 0) {
      sources[0]!.lieMs = name === 'fault' ? 9000 : 0;
      if (name === 'suspend' || name === 'voided') world.clock.suspend(60_000);
      if (name === 'wallStep') world.clock.stepWall(-5000);
      await world.clock.run(5000);
    }
    expect(stopped).toBe(name === 'status' ? 2 : 1); // stopping is a change of the status
    expectUnbounded(clock.now(), 'stopped');
    expect(clock.status.state).toBe('stopped');
    await world.clock.run(10_000);
    expectUnbounded(clock.now(), 'stopped');
    expect(world.clock.pendingTimers).toBe(0);
  });
});

describe('events', () => {
  it('are true when they are told: a listener that reads the clock finds the state it hears of', async () => {
    const world = new World();
    const sources = world.sources('a', 'b', 'c');
    const { clock } = start(world, sources, { holdoverMaxMs: 20_000 });
    const heard: [string, string][] = [];
    clock.on('status', ({ to }) => heard.push([to, clock.now().status]));
    await world.clock.run(500);
    for (const source of sources) source.behaviour = 'silent';
    await world.clock.run(60_000);
    expect(heard).toEqual([
      ['synchronized', 'bounded'],
      ...(heard.length === 3 ? [['holdover', 'bounded'] as [string, string]] : []),
      ['unbounded', 'unbounded'],
    ]);
  });

  it('end with their subscription', async () => {
    const world = new World();
    const { clock } = start(world, world.sources('a'));
    let heard = 0;
    const off = clock.on('measurement', () => (heard += 1));
    await world.clock.run(10);
    expect(heard).toBe(1);
    off();
    await world.clock.run(500);
    expect(heard).toBe(1);
  });

  describe('with a listener that throws', () => {
    let before: NodeJS.UnhandledRejectionListener[];
    let unhandled: unknown[];

    beforeEach(() => {
      unhandled = [];
      before = process.listeners('unhandledRejection');
      process.removeAllListeners('unhandledRejection');
      process.on('unhandledRejection', (reason) => unhandled.push(reason));
    });

    afterEach(() => {
      process.removeAllListeners('unhandledRejection');
      for (const listener of before) process.on('unhandledRejection', listener);
    });

    it('go on, and so does the clock', async () => {
      const world = new World();
      const { clock, log } = start(world, world.sources('a', 'b', 'c'));
      for (const name of EVENTS) {
        clock.on(name, () => {
          throw new Error(`a bug in a listener of ${name}`);
        });
      }
      await world.clock.run(500);
      world.clock.suspend(60_000);
      expectUnbounded(clock.now(), 'clock-discontinuity');
      await world.clock.run(500);
      expectTruth(world, clock.now());
      clock.stop();
      expect(log.length).toBeGreaterThan(10);
      await new Promise((resolve) => setImmediate(resolve));
      expect(unhandled.length).toBeGreaterThan(10);
      expect([...new Set(unhandled.map((reason) => String(reason).replace(/ of .*/u, '')))]).toEqual([
        'Error: a bug in a listener',
      ]);
    });
  });
});
