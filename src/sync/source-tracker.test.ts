import { describe, expect, it } from 'vitest';
import { QUICK_PACE, type ScriptedSource, World } from '../../test/support/scripted-source.ts';
import { containsMs } from '../core/index.ts';
import { RECENT_EXCHANGES_MAX, SourceTracker } from './source-tracker.ts';
import type { Exchange, MeasureOutcome } from './time-source.ts';

const BASE_MS = 1_789_999_990_000;

interface Bench {
  readonly world: World;
  readonly source: ScriptedSource;
  readonly tracker: SourceTracker;
  readonly outcomes: MeasureOutcome[];
  readonly events: string[];
  admits: (exchange: Exchange) => boolean;
}

function bench(source: Partial<ScriptedSource> = {}): Bench {
  const world = new World();
  const scripted = world.source('a', source);
  const made: Omit<Bench, 'tracker'> = { world, source: scripted, outcomes: [], events: [], admits: () => true };
  const tracker = new SourceTracker(scripted, {
    port: world.clock,
    axis: { baseMs: BASE_MS, driftPpm: 50, granularityMs: world.clock.granularity.monotonicMs },
    timeoutMs: 500,
    random: () => 0,
    admit: (exchange) => made.admits(exchange),
    measured: (_, outcome) => {
      made.outcomes.push(outcome);
      made.events.push('measured');
    },
    contradicted: () => {
      made.events.push('contradicted');
    },
  });
  return Object.assign(made, { tracker });
}

function holdsTruth({ world, tracker }: Bench): boolean {
  const { clock } = world;
  const theta = tracker.thetaAt(clock.monotonicMs());
  return theta !== undefined && containsMs(theta, world.trueMs - BASE_MS - clock.exactMonotonicMs);
}

describe('a source tracker', () => {
  it('asks at once, then at the pace of the source, and knows the truth ever better', async () => {
    const one = bench();
    expect(one.tracker.lastOutcome).toBeUndefined();
    one.tracker.start();
    await one.world.clock.run(7000);
    expect(one.source.askedMs.map((askedMs) => Math.round(askedMs - 1000))).toEqual([0, 100, 200, 2200, 6200]);
    expect(holdsTruth(one)).toBe(true);
    expect(one.tracker).toMatchObject({ exchanges: 5, attempts: 5, unconfirmed: false, denied: false });
    expect(one.tracker.recent).toHaveLength(5);
    expect(one.tracker.recent.every((sample, index, all) => index === 0 || sample.atMs > all[index - 1]!.atMs)).toBe(
      true,
    );
  });

  it('never asks twice at a time, however often it is hurried', async () => {
    const one = bench({ outMs: 150, backMs: 150 });
    one.tracker.start();
    for (let step = 0; step < 100; step += 1) {
      await one.world.clock.run(10);
      one.tracker.hurry();
      one.tracker.remeasure();
      expect(one.source.underWay).toBeLessThanOrEqual(1);
    }
    expect(one.source.askedMs.length).toBeLessThan(8);
  });

  it('keeps a bounded past', async () => {
    const one = bench({ pace: { burstCount: 1, burstSpacingMs: 5, pollMinMs: 5, pollMaxMs: 5 } });
    one.tracker.start();
    await one.world.clock.run(5 * (RECENT_EXCHANGES_MAX + 50));
    expect(one.tracker.exchanges).toBeGreaterThan(RECENT_EXCHANGES_MAX + 10);
    expect(one.tracker.recent).toHaveLength(RECENT_EXCHANGES_MAX);
  });

  it('does not believe a contradiction until it is confirmed, and asks again soon', async () => {
    const one = bench();
    one.tracker.start();
    await one.world.clock.run(2100);
    expect(holdsTruth(one)).toBe(true);
    one.source.lieMs = 9000;
    await one.world.clock.run(110);
    expect(one.events.filter((event) => event === 'contradicted')).toHaveLength(1);
    expect(one.tracker.unconfirmed).toBe(true);
    expect(one.tracker.thetaAt(one.world.clock.monotonicMs())).toBeUndefined();
    await one.world.clock.run(100);
    expect(one.tracker.unconfirmed).toBe(false);
    expect(one.tracker.thetaAt(one.world.clock.monotonicMs())).toBeDefined();
    expect(one.events.filter((event) => event === 'contradicted')).toHaveLength(1);
  });

  it('never believes one that says something else every time', async () => {
    const one = bench();
    one.tracker.start();
    await one.world.clock.run(500);
    for (let lie = 1; lie < 60; lie += 1) {
      one.source.lieMs = lie * 5000;
      const before = one.source.askedMs.length;
      while (one.source.askedMs.length === before) await one.world.clock.run(50);
      await one.world.clock.run(10);
      expect(one.tracker.thetaAt(one.world.clock.monotonicMs())).toBeUndefined();
    }
  });

  it('an exchange that contradicts itself is not confirmed by the next one alone', async () => {
    const one = bench();
    one.tracker.start();
    await one.world.clock.run(500);
    one.source.spoil = (exchange) => ({
      ...exchange,
      serverSent: { ...exchange.serverSent, wholeMs: exchange.serverSent.wholeMs + 60_000 },
    });
    await one.world.clock.run(2000);
    expect(one.tracker.unconfirmed).toBe(true);
    one.source.spoil = undefined;
    const before = one.tracker.exchanges;
    while (one.tracker.exchanges === before) await one.world.clock.run(20);
    expect(one.tracker.unconfirmed).toBe(true);
    while (one.tracker.exchanges === before + 1) await one.world.clock.run(20);
    expect(one.tracker.unconfirmed).toBe(false);
    expect(holdsTruth(one)).toBe(true);
  });

  it('forgets what another server behind the same name proved', async () => {
    const one = bench();
    one.tracker.start();
    await one.world.clock.run(500);
    one.source.server = 'two';
    one.source.lieMs = 9000;
    await one.world.clock.run(4000);
    expect(one.events).not.toContain('contradicted');
    expect(one.tracker.unconfirmed).toBe(false);
    expect(one.tracker.lastExchange?.server).toBe('two');
  });

  it('learns nothing from an exchange that is not admitted', async () => {
    const one = bench();
    one.admits = () => false;
    one.tracker.start();
    await one.world.clock.run(1000);
    expect(one.tracker).toMatchObject({ exchanges: 0, lastOutcome: undefined, lastExchange: undefined });
    expect(one.outcomes.length).toBe(3);
    one.admits = () => true;
    await one.world.clock.run(4000);
    expect(holdsTruth(one)).toBe(true);
  });

  it('discards what was under way when it was told to measure again', async () => {
    const one = bench({ outMs: 40, backMs: 40 });
    one.tracker.start();
    await one.world.clock.run(50);
    one.tracker.remeasure();
    await one.world.clock.run(40);
    expect(one.outcomes).toHaveLength(1);
    expect(one.tracker.exchanges).toBe(0);
    await one.world.clock.run(200);
    expect(holdsTruth(one)).toBe(true);
  });
});

describe('a source that fails', () => {
  it.each([
    ['throws', 'unreachable', 'the source has a bug'],
    ['rejects', 'unreachable', 'the source gave up'],
    ['hangs', 'timeout', 'the source did not settle within its time limit'],
    ['silent', 'timeout', 'no answer'],
  ] as const)('%s: %s', async (behaviour, outcome, detail) => {
    const one = bench({ behaviour });
    one.tracker.start();
    await one.world.clock.run(2000);
    expect(one.outcomes[0]).toEqual({ outcome, detail });
    expect(one.tracker.exchanges).toBe(0);
    one.source.behaviour = 'honest';
    await one.world.clock.run(70_000);
    expect(holdsTruth(one)).toBe(true);
  });

  it('backs off and keeps what it proved', async () => {
    const one = bench();
    one.tracker.start();
    await one.world.clock.run(500);
    one.source.behaviour = 'silent';
    await one.world.clock.run(300_000);
    expect(holdsTruth(one)).toBe(true);
    const gaps = one.source.askedMs.slice(-3).map((askedMs, index, all) => askedMs - (all[index - 1] ?? askedMs));
    expect(gaps.at(-1)).toBeGreaterThanOrEqual(64_000 - 1);
  });

  it('that answers after it was given up is ignored', async () => {
    const one = bench({ outMs: 1600, pace: { ...QUICK_PACE, pollMinMs: 10_000, pollMaxMs: 10_000, burstCount: 1 } });
    one.tracker.start();
    await one.world.clock.run(5000);
    expect(one.outcomes.map(({ outcome }) => outcome)).toEqual(['timeout']);
    expect(one.tracker.exchanges).toBe(0);
  });

  it('with nonsense for an outcome does not end the polling', async () => {
    for (const nonsense of [undefined, null, 5, {}]) {
      const one = bench();
      one.source.measure = () => Promise.resolve(nonsense as MeasureOutcome);
      one.tracker.start();
      await one.world.clock.run(3000);
      expect(one.tracker.attempts).toBeGreaterThan(2);
      expect(one.tracker.exchanges).toBe(0);
    }
  });

  it('that is not even a promise does not end the polling', async () => {
    const one = bench();
    one.source.measure = () => 5 as never;
    one.tracker.start();
    await one.world.clock.run(3000);
    expect(one.tracker.attempts).toBeGreaterThan(2);
  });

  it('with a DENY is asked never again, also when it is hurried', async () => {
    const one = bench({ behaviour: { outcome: 'denied', detail: 'DENY' } });
    one.tracker.start();
    await one.world.clock.run(1000);
    one.tracker.remeasure();
    await one.world.clock.run(1e6);
    expect(one.source.askedMs).toHaveLength(1);
    expect(one.tracker.denied).toBe(true);
  });
});

describe('stop', () => {
  it.each(['honest', 'hangs', 'silent'] as const)(
    'leaves no timer of its own and ignores what comes (%s)',
    async (behaviour) => {
      const one = bench({ behaviour });
      one.tracker.start();
      await one.world.clock.run(0.5);
      const sourceTimers = behaviour === 'hangs' ? 0 : 1;
      one.tracker.stop();
      expect(one.world.clock.pendingTimers).toBe(sourceTimers);
      await one.world.clock.run(10_000);
      expect(one.outcomes).toEqual([]);
      expect(one.source.askedMs).toHaveLength(1);
      one.tracker.hurry();
      one.tracker.remeasure();
      expect(one.world.clock.pendingTimers).toBe(0);
    },
  );

  it('aborts the signal that the source was given', async () => {
    const one = bench();
    let given: AbortSignal | undefined;
    one.source.measure = ({ signal }) => {
      given = signal;
      return new Promise(() => {});
    };
    one.tracker.start();
    await one.world.clock.run(1);
    expect(given?.aborted).toBe(false);
    one.tracker.stop();
    expect(given?.aborted).toBe(true);
  });
});
