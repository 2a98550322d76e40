import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { World } from '../../test/support/scripted-source.ts';
import { containsMs, MonotonicInstant, WallInstant, widthMs } from '../core/index.ts';
import { eventsOf, expectTruth, expectUnbounded, start, synchronized } from './bounded-clock.fixture.ts';

describe('a bounded clock and its life', () => {
  it('is synchronizing, synchronized, in holdover, and expired', async () => {
    const world = new World(123.4);
    const sources = world.sources('a', 'b', 'c', 'd');
    const { clock, log } = start(world, sources, { holdoverMaxMs: 120_000 });
    expect(clock.status.state).toBe('synchronizing');
    expectUnbounded(clock.now(), 'synchronizing');
    await world.clock.run(500);
    const young = expectTruth(world, clock.now());
    expect(widthMs(young)).toBeLessThan(5);
    expect(clock.status.state).toBe('synchronized');
    for (const source of sources) source.behaviour = 'silent';
    await world.clock.run(60_000);
    const old = expectTruth(world, clock.now());
    expect(widthMs(old)).toBeGreaterThan(widthMs(young) + 5);
    expect(clock.status.state).toBe('holdover');
    await world.clock.run(61_000);
    expectUnbounded(clock.now(), 'holdover-expired');
    expect(eventsOf(log, 'status').map(({ from, to, reason }) => [from, to, reason])).toEqual([
      ['synchronizing', 'synchronized', undefined],
      ['synchronized', 'holdover', undefined],
      ['holdover', 'unbounded', 'holdover-expired'],
    ]);
    for (const source of sources) source.behaviour = 'honest';
    await world.clock.run(70_000);
    expectTruth(world, clock.now());
    expect(clock.status.state).toBe('synchronized');
  });

  it('holds the truth at every moment of an hour, with the machine idle', async () => {
    const { world, clock } = await synchronized(-5000);
    for (let moment = 0; moment < 360; moment += 1) {
      await world.clock.run(10_000);
      expectTruth(world, clock.now());
    }
    expect(clock.status.sources.map(({ verdict }) => verdict)).toEqual(Array(4).fill('truechimer'));
  });

  it('expires exactly when told, without a timer having fired', async () => {
    const { world, clock } = await synchronized(0, { holdoverMaxMs: 5000 });
    world.clock.pass(4000);
    expectTruth(world, clock.now());
    world.clock.pass(1001);
    expectUnbounded(clock.now(), 'holdover-expired');
    expect(clock.hasPassed(world.trueMs - 1e9)).toBe(false);
    expect(clock.isBefore(world.trueMs + 1e9)).toBe(false);
  });

  it('works on a clock that starts below zero, and years from now', async () => {
    for (const [startMs, epochMs] of [
      [-5e8, 1_790_000_000_000],
      [1e10, 4_000_000_000_000],
      [10, 86_400_000_000],
    ] as const) {
      const world = new World(77, { startMs, epochMs });
      const { clock } = start(world, world.sources('a'));
      await world.clock.run(500);
      expectTruth(world, clock.now());
    }
  });

  it('measures an offset of years', async () => {
    for (const offsetMs of [-30 * 31_557_600_000, 30 * 31_557_600_000]) {
      const world = new World(offsetMs);
      const { clock } = start(world, world.sources('a'));
      await world.clock.run(500);
      expectTruth(world, clock.now());
      const offset = clock.offset();
      expect(offset.status === 'bounded' && offset.earliestMs <= offsetMs && offset.latestMs >= offsetMs).toBe(true);
    }
  });
});

describe('comparing with now', () => {
  it('G2: answers with certainty or not at all', async () => {
    const { world, clock } = await synchronized();
    const now = expectTruth(world, clock.now());
    const inside = (now.earliest + now.latest) / 2;
    expect([clock.hasPassed(now.earliest - 1), clock.hasPassed(inside), clock.hasPassed(now.latest + 1)]).toEqual([
      true,
      false,
      false,
    ]);
    expect([clock.isBefore(now.earliest - 1), clock.isBefore(inside), clock.isBefore(now.latest + 1)]).toEqual([
      false,
      false,
      true,
    ]);
    expect([clock.compare(now.earliest - 1), clock.compare(inside), clock.compare(now.latest + 1)]).toEqual([
      'after',
      'overlapping',
      'before',
    ]);
    expect(clock.hasPassed(now.earliest)).toBe(false);
    expect(clock.compare({ earliest: now.latest + 1, latest: now.latest + 2 })).toBe('before');
    expect(clock.hasPassed(WallInstant.fromEpochMilliseconds(now.earliest - 1))).toBe(true);
  });

  it('refuses what is no moment, bounded or not', () => {
    const world = new World();
    const { clock } = start(world, world.sources('a'));
    for (const wrong of [5, NaN, 9e15, '2026', undefined, null, {}, 17n]) {
      for (const ask of ['hasPassed', 'isBefore', 'compare'] as const) {
        expect(() => clock[ask](wrong as never)).toThrow(/\[TC_/u);
      }
    }
    expect(() => clock.compare({ earliest: 2e12, latest: 1e12 })).toThrow(
      expect.objectContaining({ code: 'TC_INVERTED_INTERVAL' }),
    );
  });
});

describe('at', () => {
  const instantOf = (world: World, atMs = world.clock.monotonicMs()): MonotonicInstant<'monotonic'> =>
    MonotonicInstant.fromReading<'monotonic'>(world.clock.monotonicId, atMs);

  it('holds the true time of a past instant, also of one before the first bound', async () => {
    const world = new World(50);
    const { clock } = start(world, world.sources('a', 'b', 'c'));
    const begun = { instant: instantOf(world), trueMs: world.trueMs };
    await world.clock.run(500);
    const stamped = { instant: instantOf(world), trueMs: world.trueMs };
    await world.clock.run(60_000);
    for (const { instant, trueMs } of [begun, stamped]) {
      const then = clock.at(instant);
      expect(then.status === 'bounded' && containsMs(then, trueMs)).toBe(true);
    }
  });

  it('refuses the future, and instants of other clocks', async () => {
    const { world, clock } = await synchronized();
    expect(() => clock.at(instantOf(world, world.clock.monotonicMs() + 1))).toThrow(
      expect.objectContaining({ code: 'TC_OUT_OF_RANGE' }),
    );
    const foreign = MonotonicInstant.fromReading<'monotonic'>(new ManualClock().monotonicId, 5);
    expect(() => clock.at(foreign)).toThrow(expect.objectContaining({ code: 'TC_CLOCK_MISMATCH' }));
    expect(() => clock.at({} as never)).toThrow(expect.objectContaining({ code: 'TC_CLOCK_MISMATCH' }));
  });

  it('knows nothing of instants before the start or before a suspend', async () => {
    const { world, clock } = await synchronized();
    const before = instantOf(world);
    expectUnbounded(clock.at(instantOf(world, 999)), 'clock-discontinuity');
    world.clock.pass(1);
    world.clock.suspend(60_000);
    expectUnbounded(clock.at(before), 'clock-discontinuity');
    await world.clock.run(500);
    expectTruth(world, clock.now());
    expectUnbounded(clock.at(before), 'clock-discontinuity');
  });
});

describe('offset and status', () => {
  it.each([-3_600_000, -12.25, 0, 0.5, 3_600_000])(
    'an offset of %d ms: positive is a slow wall clock',
    async (offsetMs) => {
      const { clock } = await synchronized(offsetMs);
      const offset = clock.offset();
      if (offset.status === 'unbounded') throw new Error(offset.detail);
      expect(offset.earliestMs).toBeLessThanOrEqual(offsetMs);
      expect(offset.latestMs).toBeGreaterThanOrEqual(offsetMs);
      expect(offset.latestMs - offset.earliestMs).toBeLessThan(6);
      expect(offset.estimateMs).toBeGreaterThanOrEqual(offset.earliestMs);
      expect(offset.estimateMs).toBeLessThanOrEqual(offset.latestMs);
      expect(Math.abs(offset.estimateMs - offsetMs)).toBeLessThan(2);
      expect(offset.confidence).toMatchObject({ level: 0.95 });
      expect(offset.confidence.lowMs).toBeLessThanOrEqual(offset.estimateMs);
      expect(offset.confidence.highMs).toBeGreaterThanOrEqual(offset.estimateMs);
      expect(offset.premises).toEqual({
        driftPpm: 50,
        falsetickersTolerated: 1,
        sourcesConfigured: 4,
        sourcesAnswering: 4,
        timeScale: 'utc',
      });
    },
  );

  it('is wider at a higher level and refuses what is no level, bounded or not', async () => {
    const { clock } = await synchronized();
    const width = (level: number): number => {
      const offset = clock.offset({ level });
      return offset.status === 'bounded' ? offset.confidence.highMs - offset.confidence.lowMs : NaN;
    };
    expect(width(0.99)).toBeGreaterThanOrEqual(width(0.5));
    expect(() => clock.offset({ level: 95 })).toThrow(expect.objectContaining({ code: 'TC_OUT_OF_RANGE' }));
    clock.stop();
    expect(() => clock.offset({ level: 95 })).toThrow(expect.objectContaining({ code: 'TC_OUT_OF_RANGE' }));
  });

  it('learns a tighter wall relation, and keeps it', async () => {
    const { world, clock } = await synchronized(20);
    const wide = clock.offset();
    const relation = { earliest: world.clock.wallAheadMs - 0.001, latest: world.clock.wallAheadMs + 0.001 };
    clock.learnWallRelation(relation);
    await world.clock.run(5000);
    const tight = clock.offset();
    if (wide.status === 'unbounded' || tight.status === 'unbounded') throw new Error('unbounded');
    expect(tight.latestMs - tight.earliestMs).toBeLessThan(wide.latestMs - wide.earliestMs);
    expect(tight.earliestMs).toBeLessThanOrEqual(20);
    expect(tight.latestMs).toBeGreaterThanOrEqual(20);
  });

  it('the status tells each source and the width', async () => {
    const { world, clock } = await synchronized(1234);
    await world.clock.run(300);
    const { state, widthMs: width, premises, sources, clusters } = clock.status;
    expect(state).toBe('synchronized');
    expect(width).toBeGreaterThan(0);
    expect(premises).toMatchObject({ sourcesAnswering: 4 });
    expect(clusters).toBeUndefined();
    expect(sources[0]).toMatchObject({
      name: 'a',
      verdict: 'truechimer',
      exchanges: 3,
      attempts: 3,
      server: 'behind a',
      stratum: 2,
    });
    expect(containsMs(sources[0]!.offset!, 1234)).toBe(true);
    expect(sources[0]!.delayMs).toBeCloseTo(3, 1);
    expect(sources[0]!.ageMs).toBeGreaterThan(0);
  });
});

it('a clock that is never asked still costs one timer and the polls of its sources', async () => {
  const { world } = await synchronized();
  await world.clock.run(60_000);
  expect(world.clock.pendingTimers).toBeLessThanOrEqual(1 + 4 * 2);
  expect(world.clock.pendingAliveTimers).toBe(0);
});
