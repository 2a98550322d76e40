import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { thrownBy } from '../../test/support/thrown-by.ts';
import { type Actor, Timeline } from './timeline.ts';
import { settle } from './world.fixture.ts';

function newTimeline(eventsMax?: number): Timeline {
  return new Timeline(eventsMax === undefined ? { settle } : { settle, eventsMax });
}

/** An actor with a list of moments. */
class Listed implements Actor {
  readonly dueMs: number[];
  readonly run: (trueMs: number) => void;

  constructor(dueMs: readonly number[], run: (trueMs: number) => void) {
    this.dueMs = dueMs.toSorted((a, b) => a - b);
    this.run = run;
  }

  nextDueMs(): number {
    return this.dueMs[0] ?? Infinity;
  }

  runNext(trueMs: number): void {
    this.dueMs.shift();
    this.run(trueMs);
  }

  describeLast(): string {
    return 'a listed timer';
  }
}

const moments = fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 12 });

describe('the order of events', () => {
  it('is by time; at one moment the world comes first, then the actors as they were added, each in its own order', () => {
    fc.assert(
      fc.property(
        moments,
        fc.array(moments, { maxLength: 3 }),
        fc.integer({ min: 0, max: 25 }),
        (world, actors, untilMs) => {
          const timeline = newTimeline();
          const seen: string[] = [];
          world.forEach((atMs, index) => {
            timeline.at(atMs, () => seen.push(`${timeline.nowMs} world ${index}`));
          });
          actors.forEach((dueMs, actor) => {
            timeline.addActor(new Listed(dueMs, (trueMs) => seen.push(`${trueMs} actor ${actor}`)));
          });
          timeline.advanceTo(untilMs);
          const expected = [
            ...world.map((atMs, index) => ({ atMs, rank: -1, text: `${atMs} world ${index}` })),
            ...actors.flatMap((dueMs, rank) => dueMs.map((atMs) => ({ atMs, rank, text: `${atMs} actor ${rank}` }))),
          ]
            .filter(({ atMs }) => atMs <= untilMs)
            .sort((a, b) => (a.atMs === b.atMs ? a.rank - b.rank : a.atMs - b.atMs));
          expect(seen).toEqual(expected.map(({ text }) => text));
          expect(timeline.nowMs).toBe(untilMs);
          expect(timeline.eventsRun).toBe(expected.length);
        },
      ),
    );
  });

  it('is the same whether promises run in between or not', async () => {
    await fc.assert(
      fc.asyncProperty(moments, moments, async (world, dueMs) => {
        const histories = await Promise.all(
          [true, false].map(async (isAsync) => {
            const timeline = newTimeline();
            const seen: string[] = [];
            for (const atMs of world) timeline.at(atMs, () => seen.push(`world ${timeline.nowMs}`));
            timeline.addActor(new Listed(dueMs, (trueMs) => seen.push(`actor ${trueMs}`)));
            if (isAsync) await timeline.advanceToAsync(30);
            else timeline.advanceTo(30);
            return seen;
          }),
        );
        expect(histories[0]).toEqual(histories[1]);
      }),
      { numRuns: 20 },
    );
  });

  it('what an event schedules for its own moment, or for the past, comes at that moment, after what was there', () => {
    const timeline = newTimeline();
    const seen: string[] = [];
    timeline.at(5, () => {
      seen.push('first');
      timeline.at(5, () => seen.push('third'));
      timeline.at(-1, () => seen.push(`fourth at ${timeline.nowMs}`));
    });
    timeline.at(5, () => seen.push('second'));
    timeline.advanceTo(5);
    expect(seen).toEqual(['first', 'second', 'third', 'fourth at 5']);
  });

  it('true time never goes back: advancing to the past does nothing', () => {
    const timeline = newTimeline();
    timeline.advanceTo(10);
    timeline.advanceTo(3);
    expect(timeline.nowMs).toBe(10);
  });

  it('a cancelled event does not happen; cancelling it again, or too late, does nothing', () => {
    const timeline = newTimeline();
    const seen: string[] = [];
    const event = timeline.at(1, () => seen.push('cancelled'));
    const late = timeline.at(2, () => seen.push('late'));
    event.cancel();
    event.cancel();
    timeline.advanceTo(3);
    late.cancel();
    expect(seen).toEqual(['late']);
  });
});

describe('promises', () => {
  it('run before the first event and after each, as in an event loop', async () => {
    const timeline = newTimeline();
    const seen: string[] = [];
    void Promise.resolve().then(() => seen.push('ready before'));
    for (const atMs of [1, 1, 2]) {
      timeline.at(atMs, () => {
        seen.push(`event ${atMs}`);
        void (async () => {
          await Promise.resolve();
          await Promise.resolve();
          seen.push(`then at ${timeline.nowMs}`);
        })();
      });
    }
    await timeline.advanceToAsync(5);
    expect(seen).toEqual(['ready before', 'event 1', 'then at 1', 'event 1', 'then at 1', 'event 2', 'then at 2']);
  });

  it('are not waited for after a quiet event', async () => {
    let settled = 0;
    const timeline = new Timeline({
      settle: () => {
        settled += 1;
        return Promise.resolve();
      },
    });
    for (const quiet of [true, true, false, true]) timeline.at(1, () => undefined, { quiet });
    await timeline.advanceToAsync(2);
    expect({ settled, events: timeline.eventsRun }).toEqual({ settled: 2, events: 4 });
  });
});

describe('stopping', () => {
  it.each(['sync', 'async'])(
    'looks before the first event and after each, quiet ones too, and stays at that moment (%s)',
    async (mode) => {
      const timeline = newTimeline();
      const run = async (untilMs: number, stop: () => boolean): Promise<void> => {
        if (mode === 'sync') timeline.advanceTo(untilMs, stop);
        else await timeline.advanceToAsync(untilMs, stop);
      };
      let count = 0;
      for (const atMs of [1, 2, 3, 4]) timeline.at(atMs, () => (count += 1), { quiet: atMs % 2 === 0 });
      await run(10, () => true);
      expect(timeline.nowMs).toBe(0);
      await run(10, () => count === 2);
      expect({ now: timeline.nowMs, count }).toEqual({ now: 2, count: 2 });
      await run(10, () => count === 3);
      expect({ now: timeline.nowMs, count }).toEqual({ now: 3, count: 3 });
      await run(10, () => false);
      expect({ now: timeline.nowMs, count }).toEqual({ now: 10, count: 4 });
    },
  );

  it('for ever means while there are events, and true time stays finite', () => {
    const timeline = newTimeline();
    timeline.at(7, () => undefined);
    timeline.advanceTo(Infinity);
    expect(timeline.nowMs).toBe(7);
  });
});

describe('the limit on events', () => {
  const endless = (timeline: Timeline): void => {
    timeline.at(1, () => {
      endless(timeline);
    });
  };

  it.each(['advanceTo', 'advanceToAsync', 'passQuietly'] as const)('ends a loop without end: %s', async (method) => {
    const timeline = newTimeline(500);
    endless(timeline);
    await expect((async () => timeline[method](10))()).rejects.toMatchObject({ code: 'TC_TOO_MANY_EVENTS' });
    expect(timeline.eventsRun).toBe(500);
    expect(timeline.nowMs).toBe(1);
  });

  it('is that of one call: the next one begins anew, and goes on where it was', () => {
    const timeline = newTimeline(100);
    let count = 0;
    for (let atMs = 0; atMs < 150; atMs += 1) timeline.at(atMs, () => (count += 1));
    expect(thrownBy(() => timeline.advanceTo(1000))).toMatchObject({ code: 'TC_TOO_MANY_EVENTS' });
    expect(count).toBe(100);
    timeline.advanceTo(1000);
    expect(count).toBe(150);
  });

  it('lets exactly so many through', () => {
    const timeline = newTimeline(3);
    for (let atMs = 0; atMs < 3; atMs += 1) timeline.at(atMs, () => undefined);
    timeline.advanceTo(10);
    expect(timeline.eventsRun).toBe(3);
  });

  it('says whose timer it was, and warns of it before', () => {
    const timeline = newTimeline(50);
    const near: boolean[] = [];
    timeline.addActor(
      new Listed(
        Array.from({ length: 60 }, () => 1),
        () => near.push(timeline.nearsLimit),
      ),
    );
    expect(thrownBy(() => timeline.advanceTo(2))).toMatchObject({ message: expect.stringContaining('a listed timer') });
    expect(near).toContain(true);
    expect(timeline.nearsLimit).toBe(false);
  });

  it.each([0, -1, 1.5, NaN])('refuses a limit of %d', (eventsMax) => {
    expect(() => newTimeline(eventsMax)).toThrow(/limit on events/);
  });
});

describe('advancing while time is being advanced', () => {
  const busy = { code: 'TC_INVALID_ARGUMENT', message: expect.stringContaining('advanced already') };

  it.each(['advanceTo', 'passQuietly'] as const)('is refused inside an event: %s', (method) => {
    const timeline = newTimeline();
    let inner: unknown;
    timeline.at(1, () => {
      inner = thrownBy(() => timeline[method](5));
    });
    timeline[method](2);
    expect(inner).toMatchObject(busy);
    expect(timeline.nowMs).toBe(2);
  });

  it('is refused while an earlier call was not awaited', async () => {
    const timeline = newTimeline();
    const first = timeline.advanceToAsync(5);
    await expect(timeline.advanceToAsync(6)).rejects.toMatchObject(busy);
    expect(thrownBy(() => timeline.advanceTo(6))).toMatchObject(busy);
    await first;
    expect(timeline.nowMs).toBe(5);
  });

  it('is allowed again after an event threw', async () => {
    const timeline = newTimeline();
    const boom = (): never => {
      throw new Error('a bug of the event');
    };
    timeline.at(1, boom);
    timeline.at(2, boom);
    expect(() => timeline.advanceTo(5)).toThrow('a bug of the event');
    await expect(timeline.advanceToAsync(5)).rejects.toThrow('a bug of the event');
    timeline.advanceTo(5);
    expect(timeline.nowMs).toBe(5);
  });
});

describe('passing time while every process stands still', () => {
  it('runs the events of the world and no timer of an actor', () => {
    const timeline = newTimeline();
    const seen: string[] = [];
    timeline.addActor(new Listed([1, 2], (trueMs) => seen.push(`actor ${trueMs}`)));
    timeline.at(1, () => seen.push('world 1'));
    timeline.at(3, () => seen.push('world 3'));
    timeline.passQuietly(2);
    expect({ seen, now: timeline.nowMs }).toEqual({ seen: ['world 1'], now: 2 });
    timeline.advanceTo(3);
    expect(seen).toEqual(['world 1', 'actor 2', 'actor 2', 'world 3']);
  });
});
