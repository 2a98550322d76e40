import { describe, expect, it } from 'vitest';
import { type ScriptedSource, World } from '../../test/support/scripted-source.ts';
import { containsMs } from '../core/index.ts';
import { eventsOf, expectTruth, expectUnbounded, start, synchronized } from './bounded-clock.fixture.ts';

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
