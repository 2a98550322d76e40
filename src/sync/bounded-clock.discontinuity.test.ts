import { describe, expect, it } from 'vitest';
import { World } from '../../test/support/scripted-source.ts';
import { type Bounded, containsMs, MonotonicInstant } from '../core/index.ts';
import type { BoundedClockCore } from './bounded-clock.ts';
import { EVENTS, eventsOf, expectTruth, expectUnbounded, start, synchronized } from './bounded-clock.fixture.ts';

describe('suspend and resume', () => {
  it('G6: the first instruction after a suspend is unbounded, before any timer has fired', async () => {
    const { world, clock, log } = await synchronized();
    world.clock.suspend(3_600_000);
    expectUnbounded(clock.now(), 'clock-discontinuity');
    expect(eventsOf(log, 'suspend')).toHaveLength(1);
    expect(containsMs(eventsOf(log, 'suspend')[0]!.length, 3_600_000)).toBe(true);
    expect(eventsOf(log, 'wallStep')).toEqual([]);
    expect(eventsOf(log, 'voided')).toHaveLength(1);
    await world.clock.run(500);
    expectTruth(world, clock.now());
  });

  it.each([
    ['hasPassed', (clock: BoundedClockCore, world: World) => clock.hasPassed(world.trueMs - 1e7)],
    ['isBefore', (clock: BoundedClockCore, world: World) => clock.isBefore(world.trueMs + 1e7)],
    ['compare', (clock: BoundedClockCore, world: World) => clock.compare(world.trueMs + 1e7) === 'before'],
    ['offset', (clock: BoundedClockCore) => clock.offset().status === 'bounded'],
    ['status', (clock: BoundedClockCore) => clock.status.state !== 'unbounded'],
    [
      'at',
      (clock: BoundedClockCore, world: World) =>
        clock.at(MonotonicInstant.fromReading(world.clock.monotonicId, world.clock.monotonicMs())).status === 'bounded',
    ],
  ])('G6: %s claims nothing on the first instruction after a suspend', async (_, claims) => {
    const { world, clock } = await synchronized();
    world.clock.pass(10);
    world.clock.suspend(600_000);
    expect(claims(clock, world)).toBe(false);
  });

  it('G6: sees a resumed snapshot that no clock of the machine counted', async () => {
    const { world, clock, log } = await synchronized();
    world.resumeSnapshot(86_400_000);
    expectUnbounded(clock.now(), 'clock-discontinuity');
    expect(eventsOf(log, 'suspend')).toEqual([]);
    expect(eventsOf(log, 'wallStep')).toHaveLength(1);
    await world.clock.run(500);
    expectTruth(world, clock.now());
  });

  it('with a timer only, the suspend is caught by the timer', async () => {
    const { world, clock } = await synchronized(0, { discontinuity: 'timer', discontinuityCheckMs: 1000 });
    world.clock.suspend(3_600_000);
    expect(clock.now().status).toBe('bounded'); // what this option gives up
    await world.clock.run(1001);
    const now = clock.now();
    if (now.status === 'bounded') expectTruth(world, now);
    await world.clock.run(500);
    expectTruth(world, clock.now());
  });

  it('sees by boot time a suspend whose wall clock was set back by as much', async () => {
    const { world, clock } = await synchronized();
    world.clock.suspend(60_000);
    world.clock.stepWall(-60_000);
    await world.clock.run(1100);
    const now = clock.now();
    if (now.status === 'bounded') expectTruth(world, now);
    await world.clock.run(500);
    expectTruth(world, clock.now());
  });

  it('discards an exchange that was under way in the suspend, whether somebody read meanwhile or not', async () => {
    for (const reads of [true, false]) {
      const world = new World();
      const slow = world.source('slow', { outMs: 300, backMs: 300 });
      const { clock } = start(world, [slow]);
      await world.clock.run(350); // the source has answered; the answer is on its way
      expect(slow.underWay).toBe(1);
      world.clock.suspend(10_000);
      if (reads) expectUnbounded(clock.now(), 'clock-discontinuity');
      await world.clock.run(300);
      expect(clock.now().status).toBe('unbounded');
      expect(clock.status.sources[0]!.exchanges).toBe(0);
      await world.clock.run(5000);
      expectTruth(world, clock.now());
    }
  });

  it('a listener that reads the clock hears nothing from before the sleep', async () => {
    const { world, clock } = await synchronized();
    const heard: Bounded[] = [];
    for (const name of EVENTS) {
      clock.on(name, () => {
        heard.push(clock.now());
      });
    }
    world.clock.suspend(3_600_000);
    heard.push(clock.now());
    expect(heard.length).toBeGreaterThan(3);
    for (const reading of heard) expectUnbounded(reading, 'clock-discontinuity');
  });

  it('survives being suspended again and again', async () => {
    const { world, clock } = await synchronized();
    for (let sleep = 0; sleep < 50; sleep += 1) {
      world.clock.suspend(1000 + 777 * sleep);
      const now = clock.now();
      expect(now.status).toBe('unbounded');
      await world.clock.run(50 * sleep);
      const later = clock.now();
      if (later.status === 'bounded') expectTruth(world, later);
    }
    await world.clock.run(30_000);
    expectTruth(world, clock.now());
  });
});

describe('steps of the wall clock', () => {
  it('G7: a step back changes no answer, and is announced with its size', async () => {
    const { world, clock, log } = await synchronized();
    const before = expectTruth(world, clock.now());
    world.clock.stepWall(-86_400_000);
    const after = expectTruth(world, clock.now());
    expect(after.earliest).toBe(before.earliest);
    expect(after.latest).toBe(before.latest);
    expect(eventsOf(log, 'wallStep')).toHaveLength(1);
    expect(containsMs(eventsOf(log, 'wallStep')[0]!.step, -86_400_000)).toBe(true);
    expect(eventsOf(log, 'voided')).toEqual([]);
    const offset = clock.offset();
    expect(offset.status === 'bounded' && offset.earliestMs <= 86_400_000 && offset.latestMs >= 86_400_000).toBe(true);
  });

  it('G6: a jump forward that nothing explains voids everything, and it is measured again', async () => {
    const { world, sources, clock, log } = await synchronized();
    world.clock.stepWall(3_600_000);
    expectUnbounded(clock.now(), 'clock-discontinuity');
    expect(eventsOf(log, 'voided')).toHaveLength(1);
    const asked = sources[0]!.askedMs.length;
    await world.clock.run(300);
    expectTruth(world, clock.now());
    expect(sources[0]!.askedMs.length).toBeGreaterThan(asked);
    expect(clock.now().status).toBe('bounded');
  });

  it('a jump that is set back before anybody looks is nothing', async () => {
    const { world, clock, log } = await synchronized();
    world.clock.stepWall(3_600_000);
    world.clock.stepWall(-3_600_000);
    expectTruth(world, clock.now());
    expect(eventsOf(log, 'wallStep')).toEqual([]);
  });
});

describe('distrust', () => {
  it('voids every bound until the sources have been measured again, and tells so', async () => {
    const { world, clock, log } = await synchronized();
    const early = MonotonicInstant.fromReading<'monotonic'>(world.clock.monotonicId, world.clock.monotonicMs());
    world.clock.pass(5);
    let toldWith: Bounded | undefined;
    clock.on('voided', () => (toldWith = clock.now()));
    clock.distrust('the hypervisor stopped this machine');
    expectUnbounded(clock.now(), 'clock-discontinuity');
    expectUnbounded(clock.at(early), 'clock-discontinuity');
    expect(eventsOf(log, 'voided')).toMatchObject([{ detail: 'the hypervisor stopped this machine' }]);
    expectUnbounded(toldWith!, 'clock-discontinuity');
    await world.clock.run(500);
    expectTruth(world, clock.now());
    expectUnbounded(clock.at(early), 'clock-discontinuity');
  });

  it('does not believe a measurement that was under way', async () => {
    const world = new World(0);
    const sources = world.sources('a', 'b', 'c', 'd');
    const { clock } = start(world, sources);
    await world.clock.run(1);
    // The machine stood still together with its clocks while the answers were on their way.
    world.trueAheadMs += 60_000;
    clock.distrust('the hypervisor stopped this machine');
    await world.clock.run(2000);
    expectTruth(world, clock.now());
  });

  it('says what it needs, and does nothing after the end', async () => {
    const { clock, log } = await synchronized();
    for (const nothing of [undefined, '', 5]) {
      expect(() => clock.distrust(nothing as string)).toThrow(expect.objectContaining({ code: 'TC_INVALID_ARGUMENT' }));
    }
    clock.stop();
    clock.distrust('too late');
    expect(eventsOf(log, 'voided')).toEqual([]);
  });
});
