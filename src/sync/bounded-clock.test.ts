import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { type ScriptedSource, World } from '../../test/support/scripted-source.ts';
import { type Bounded, type BoundedTime, containsMs, MonotonicInstant, WallInstant, widthMs } from '../core/index.ts';
import { BoundedClockCore } from './bounded-clock.ts';
import type { BoundedClockOptions } from './clock-options.ts';
import type { BoundedClockEvents } from './clock-status.ts';
import type { TimeSource } from './time-source.ts';

type Log = { [Name in keyof BoundedClockEvents]: [Name, BoundedClockEvents[Name]] }[keyof BoundedClockEvents][];

const EVENTS: readonly (keyof BoundedClockEvents)[] = [
  'status',
  'source',
  'measurement',
  'fault',
  'wallStep',
  'suspend',
  'voided',
];

const running: BoundedClockCore[] = [];

afterEach(() => {
  for (const clock of running.splice(0)) clock.stop();
});

function start(
  world: World,
  sources: readonly TimeSource[],
  options: Partial<BoundedClockOptions> = {},
): { clock: BoundedClockCore; log: Log } {
  const clock = new BoundedClockCore(world.clock, { sources, ...options });
  running.push(clock);
  const log: Log = [];
  for (const name of EVENTS) clock.on(name, (event) => log.push([name, event] as Log[number]));
  return { clock, log };
}

function eventsOf<Name extends keyof BoundedClockEvents>(log: Log, name: Name): BoundedClockEvents[Name][] {
  return log.filter(([other]) => other === name).map(([, event]) => event as BoundedClockEvents[Name]);
}

function expectTruth(world: World, reading: Bounded): BoundedTime {
  if (reading.status === 'unbounded') throw new Error(`unbounded: ${reading.reason}: ${reading.detail}`);
  expect(reading.earliest).toBeLessThanOrEqual(world.trueMs);
  expect(reading.latest).toBeGreaterThanOrEqual(world.trueMs);
  return reading;
}

function expectUnbounded(reading: Bounded, reason: string): void {
  expect(reading).toMatchObject({ status: 'unbounded', reason });
}

async function synchronized(
  offsetMs = 0,
  options: Partial<BoundedClockOptions> = {},
  names: readonly string[] = ['a', 'b', 'c', 'd'],
): Promise<{ world: World; sources: ScriptedSource[]; clock: BoundedClockCore; log: Log }> {
  const world = new World(offsetMs);
  const sources = world.sources(...names);
  const { clock, log } = start(world, sources, options);
  await world.clock.run(500);
  expectTruth(world, clock.now());
  return { world, sources, clock, log };
}

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

describe('suspend and resume', () => {
  it('the first instruction after a suspend is unbounded, before any timer has fired', async () => {
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
  ])('%s claims nothing on the first instruction after a suspend', async (_, claims) => {
    const { world, clock } = await synchronized();
    world.clock.pass(10);
    world.clock.suspend(600_000);
    expect(claims(clock, world)).toBe(false);
  });

  it('sees a resumed snapshot that no clock of the machine counted', async () => {
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
  it('a step back changes no answer, and is announced with its size', async () => {
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

  it('a jump forward that nothing explains voids everything, and it is measured again', async () => {
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

describe('liars', () => {
  it('one of four is outvoted and named', async () => {
    const world = new World();
    const sources = [...world.sources('a', 'b', 'c'), world.source('liar', { lieMs: 60_000 })];
    const { clock, log } = start(world, sources);
    await world.clock.run(500);
    expectTruth(world, clock.now());
    const liar = clock.status.sources.find(({ name }) => name === 'liar')!;
    expect(liar).toMatchObject({ verdict: 'falseticker', reason: 'it disagrees with the majority' });
    expect(containsMs(liar.offset!, 60_000)).toBe(true);
    expect(eventsOf(log, 'source')).toContainEqual(expect.objectContaining({ name: 'liar', to: 'falseticker' }));
  });

  it('two of four are refused, and both groups are shown as offsets of the wall clock', async () => {
    const world = new World(7000);
    const liars = [world.source('l1', { lieMs: -50_000 }), world.source('l2', { lieMs: -50_000 })];
    const { clock } = start(world, [...world.sources('a', 'b'), ...liars]);
    await world.clock.run(500);
    expectUnbounded(clock.now(), 'no-agreement');
    const { clusters, detail } = clock.status;
    expect(clusters?.map(({ sources }) => sources)).toEqual([
      ['l1', 'l2'],
      ['a', 'b'],
    ]);
    expect(containsMs(clusters![0]!.interval, -43_000)).toBe(true);
    expect(containsMs(clusters![1]!.interval, 7000)).toBe(true);
    expect(detail).toContain('l1 + l2 against a + b');
    expect(clock.status.sources.map(({ verdict }) => verdict)).toEqual(Array(4).fill('rejected'));
  });

  it('a source that becomes a liar is not believed until confirmed, and the others hurry', async () => {
    const { world, sources, clock, log } = await synchronized();
    await world.clock.run(30_000);
    const [a, ...others] = sources;
    a!.lieMs = 40_000;
    const asked = others.map((source) => source.askedMs.length);
    await world.clock.run(4500);
    expect(eventsOf(log, 'fault').map(({ name }) => name)).toEqual(['a']);
    for (const [index, source] of others.entries()) expect(source.askedMs.length).toBeGreaterThan(asked[index]! + 2);
    expectTruth(world, clock.now());
    expect(clock.status.sources[0]).toMatchObject({ verdict: 'falseticker' });
  });

  it('never gives a wrong bound while sources come and go and one lies', async () => {
    const { world, sources, clock } = await synchronized(0, {}, ['a', 'b', 'c', 'd', 'e']);
    for (let step = 0; step < 200; step += 1) {
      const liar = sources[step % 5]!;
      liar.lieMs = (step % 7) * 1000 - 3000;
      sources[(step + 2) % 5]!.behaviour = step % 3 === 0 ? 'silent' : 'honest';
      await world.clock.run(3000);
      const now = clock.now();
      if (now.status === 'bounded') expectTruth(world, now);
      liar.lieMs = 0;
      liar.behaviour = 'honest';
      // One liar at a time: what it said must be forgotten before the next one lies.
      await world.clock.run(9000);
    }
  });
});

describe('sources that fail', () => {
  it('silent ones are unreachable, and too few are no bound', async () => {
    const world = new World();
    const sources = [
      world.source('a'),
      world.source('s', { behaviour: 'silent' }),
      world.source('t', { behaviour: 'silent' }),
    ];
    const { clock } = start(world, sources);
    await world.clock.run(200);
    expectUnbounded(clock.now(), 'synchronizing');
    await world.clock.run(5000);
    expectUnbounded(clock.now(), 'too-few-sources');
    expect(clock.status.sources[1]).toMatchObject({ verdict: 'unreachable', reason: 'no answer' });
    expect(clock.status.detail).toBe('1 of 3 sources answered, and 1 may be lying: more answers are needed');
  });

  it.each(['throws', 'rejects', 'hangs'] as const)('one that %s disturbs nobody', async (behaviour) => {
    const world = new World();
    const broken = world.source('broken', { behaviour });
    const { clock } = start(world, [...world.sources('a', 'b', 'c'), broken]);
    await world.clock.run(10_000);
    expectTruth(world, clock.now());
    expect(clock.status.sources[3]).toMatchObject({ name: 'broken', verdict: 'unreachable', exchanges: 0 });
    expect(broken.askedMs.length).toBeGreaterThan(1);
    broken.behaviour = 'honest';
    await world.clock.run(80_000);
    expect(clock.status.sources[3]).toMatchObject({ verdict: 'truechimer' });
  });

  it.each<[string, ScriptedSource['spoil']]>([
    ['NaN as its time', (exchange) => ({ ...exchange, serverSent: { wholeMs: NaN, fractionMs: 0 } })],
    ['an infinite error', (exchange) => ({ ...exchange, sourceErrorMs: Infinity })],
    ['a negative error', (exchange) => ({ ...exchange, sourceErrorMs: -1 })],
    ['stamps of another clock', (exchange) => ({ ...exchange, sentMs: 1, receivedMs: 5 })],
    ['stamps of the wall clock', (exchange) => ({ ...exchange, sentMs: 1.79e12, receivedMs: 1.79e12 + 5 })],
    [
      'stamps in the wrong order',
      (exchange) => ({ ...exchange, sentMs: exchange.receivedMs, receivedMs: exchange.sentMs }),
    ],
  ])('one that gives %s is broken, and disturbs nobody', async (_, spoil) => {
    const world = new World();
    const { clock } = start(world, [...world.sources('a', 'b', 'c'), world.source('broken', { spoil })]);
    await world.clock.run(10_000);
    expectTruth(world, clock.now());
    expect(clock.status.sources[3]).toMatchObject({ verdict: 'rejected', exchanges: 0 });
    expect(clock.status.sources[3]!.reason).toMatch(/^malformed: /u);
  });

  it('one that denies is not asked again, and one that answers late is ignored', async () => {
    const world = new World();
    const denier = world.source('denier', { behaviour: { outcome: 'denied', detail: 'DENY' } });
    const late = world.source('late', { outMs: 4000 });
    const { clock } = start(world, [...world.sources('a', 'b', 'c'), denier, late]);
    await world.clock.run(100_000);
    expect(denier.askedMs).toHaveLength(1);
    expect(clock.status.sources[3]).toMatchObject({ verdict: 'rejected', reason: 'denied: DENY' });
    expect(clock.status.sources[4]).toMatchObject({ verdict: 'unreachable', exchanges: 0 });
  });

  it('evidence of two servers behind one name is never mixed', async () => {
    const world = new World();
    const pool = world.source('pool');
    const { clock, log } = start(world, [pool]);
    await world.clock.run(500);
    pool.server = 'two';
    pool.lieMs = 5000;
    await world.clock.run(5000);
    expect(eventsOf(log, 'fault')).toEqual([]);
    expect(clock.status.sources[0]).toMatchObject({ server: 'two' });
    expect(containsMs(clock.status.sources[0]!.offset!, 5000)).toBe(true);
  });
});

describe('comparing with now', () => {
  it('answers with certainty or not at all', async () => {
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

  it('knows nothing of instants before a leap second', async () => {
    const { world, clock, instant } = await throughLeap('insert', -1000);
    expectTruth(world, clock.now());
    expectUnbounded(clock.at(instant), 'clock-discontinuity');
  });
});

const MIDNIGHT = Date.UTC(2027, 0, 1);

/** Runs over a leap second at the end of 2026; gives an instant from a minute before it. */
async function throughLeap(
  kind: 'insert' | 'delete',
  movesMs: number,
): Promise<{ world: World; clock: BoundedClockCore; log: Log; instant: MonotonicInstant<'monotonic'> }> {
  const world = new World(0, { epochMs: MIDNIGHT - 60_000 });
  const sources = world.sources('a', 'b', 'c', 'd');
  for (const source of sources) source.leap = kind;
  const { clock, log } = start(world, sources);
  await world.clock.run(500);
  const instant = MonotonicInstant.fromReading<'monotonic'>(world.clock.monotonicId, world.clock.monotonicMs());
  await world.clock.run(MIDNIGHT - 2000 - world.trueMs);
  expectTruth(world, clock.now());
  const asked: Bounded[] = [];
  let stepped = false;
  for (let step = 0; step < 200; step += 1) {
    await world.clock.run(20);
    // A second is inserted at midnight, and deleted one second before it.
    if (!stepped && world.trueMs >= MIDNIGHT - (kind === 'delete' ? 1000 : 0)) {
      stepped = true;
      // The servers step on the Unix axis; so does the wall clock of this machine.
      world.trueAheadMs += movesMs;
      world.clock.stepWall(movesMs);
      for (const source of sources) source.leap = 'none';
    }
    const now = clock.now();
    asked.push(now);
    if (now.status === 'bounded') expectTruth(world, now);
    else expect(['leap-second', 'clock-discontinuity']).toContain(now.reason);
  }
  expect(asked.some((now) => now.status === 'unbounded')).toBe(true);
  await world.clock.run(3000);
  return { world, clock, log, instant };
}

describe('leap seconds', () => {
  it.each([
    ['insert', -1000],
    ['delete', 1000],
  ] as const)('%s: no answer around the end of the month, then measured again', async (kind, movesMs) => {
    const { world, clock, log } = await throughLeap(kind, movesMs);
    expectTruth(world, clock.now());
    const left = eventsOf(log, 'status').filter(({ to }) => to === 'unbounded');
    expect(left[0]?.reason).toBe('leap-second');
    expect(clock.status.state).toBe('synchronized');
  });

  it('is asked often around the edge and never gives another reason', async () => {
    const world = new World(0, { epochMs: MIDNIGHT - 3000 });
    const sources = world.sources('a');
    sources[0]!.leap = 'insert';
    const { clock } = start(world, sources);
    await world.clock.run(500);
    while (world.trueMs < MIDNIGHT) {
      await world.clock.run(0.25);
      const now = clock.now();
      if (now.status === 'bounded') expectTruth(world, now);
      else expect(now.reason).toBe('leap-second');
    }
  });

  it('is nothing for smeared sources, nor when a falseticker announces it', async () => {
    const world = new World(0, { epochMs: MIDNIGHT - 3000 });
    const smeared = world.source('s', { leap: 'insert', timeScale: 'smeared-utc' });
    const { clock } = start(world, [smeared]);
    const liar = world.source('liar', { leap: 'insert', lieMs: 5000 });
    const { clock: other } = start(world, [...world.sources('a', 'b', 'c'), liar]);
    for (let step = 0; step < 60; step += 1) {
      await world.clock.run(100);
      if (step < 5) continue;
      expectTruth(world, clock.now());
      expectTruth(world, other.now());
    }
  });
});

describe('waiting', () => {
  it('ready resolves with the first bound, and with one that is narrow enough', async () => {
    const world = new World();
    const { clock } = start(world, [world.source('a', { outMs: 20, backMs: 20 })]);
    const first = clock.ready();
    const narrow = clock.ready({ maxWidthMs: 10 });
    let narrowed = false;
    void narrow.then(
      () => (narrowed = true),
      () => {},
    );
    await world.clock.run(300);
    expect((await first).status).toBe('bounded');
    expect(narrowed).toBe(false);
    clock.stop();
    await expect(narrow).rejects.toMatchObject({ code: 'TC_STOPPED' });
    await expect(clock.ready()).rejects.toMatchObject({ code: 'TC_STOPPED' });
    expect(world.clock.pendingTimers).toBe(0);
  });

  it('waitUntilPassed resolves once the moment has certainly passed, and soon', async () => {
    const { world, clock } = await synchronized();
    const target = expectTruth(world, clock.now()).latest + 2500;
    let passed: BoundedTime | undefined;
    void clock.waitUntilPassed(target).then((reading) => (passed = reading));
    await world.clock.run(2490);
    expect(passed).toBeUndefined();
    await world.clock.run(20);
    expect(passed!.earliest).toBeGreaterThan(target);
    expect(world.trueMs).toBeGreaterThan(target);
    expect(world.clock.pendingAliveTimers).toBe(0);
  });

  it('waitUntilPassed does not spin at the very edge of the moment', async () => {
    const { world, clock } = await synchronized();
    for (const aheadMs of [0, 2 ** -12, 2 ** -11, 0.5]) {
      const now = expectTruth(world, clock.now());
      let passed = false;
      void clock.waitUntilPassed(now.earliest + aheadMs).then(() => (passed = true));
      await world.clock.run(3);
      expect(passed).toBe(true);
    }
  });

  it('waits through a suspend', async () => {
    const { world, clock } = await synchronized();
    const target = world.trueMs + 5000;
    let passed: BoundedTime | undefined;
    void clock.waitUntilPassed(target).then((reading) => (passed = reading));
    await world.clock.run(10);
    world.clock.suspend(3_600_000);
    await world.clock.run(1500);
    expect(passed!.earliest).toBeGreaterThan(target);
    expect(world.clock.pendingAliveTimers).toBe(0);
  });

  it('rejects with the reason of the signal, or when the time is over, and leaves no timer', async () => {
    const { world, clock } = await synchronized();
    const abort = new AbortController();
    const far = world.trueMs + 1e9;
    const aborted = clock.waitUntilPassed(far, { signal: abort.signal });
    const late = clock.waitUntilPassed(far, { timeoutMs: 700 });
    const outcomes = Promise.allSettled([aborted, late]);
    const reason = new Error('enough');
    abort.abort(reason);
    await world.clock.run(800);
    const [first, second] = await outcomes;
    expect(first).toMatchObject({ status: 'rejected', reason });
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'TC_TIMED_OUT', name: 'TimeoutError' } });
    await expect(clock.ready({ signal: abort.signal })).rejects.toBe(reason);
    expect(world.clock.pendingAliveTimers).toBe(0);
  });

  it('an aborted wait leaves no timer that keeps the process alive, although a suspend woke it while it looked', async () => {
    const { world, sources, clock } = await synchronized();
    for (const source of sources) source.behaviour = 'silent';
    const abort = new AbortController();
    const waits = [1, 2, 3].map((n) => clock.waitUntilPassed(world.trueMs + n * 1e6, { signal: abort.signal }));
    const outcomes = Promise.allSettled(waits);
    world.clock.suspend(60_000);
    await world.clock.run(999);
    abort.abort();
    await outcomes;
    expect(world.clock.pendingAliveTimers).toBe(0);
    await world.clock.run(2000);
    expect(world.clock.pendingAliveTimers).toBe(0);
  });

  it('refuses a time limit that is none', () => {
    const world = new World();
    const { clock } = start(world, world.sources('a'));
    expect(() => void clock.waitUntilPassed(world.trueMs, { timeoutMs: 1.79e12 }).catch(() => {})).toThrow(
      /TC_EPOCH_AS_DURATION/u,
    );
    expect(() => void clock.waitUntilPassed(5).catch(() => {})).toThrow(/TC_DURATION_AS_EPOCH/u);
  });
});

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
      server: 'one',
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
