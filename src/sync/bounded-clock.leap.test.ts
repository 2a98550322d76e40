import { describe, expect, it } from 'vitest';
import { World } from '../../test/support/scripted-source.ts';
import { type Bounded, MonotonicInstant } from '../core/index.ts';
import type { BoundedClockCore } from './bounded-clock.ts';
import { eventsOf, expectTruth, expectUnbounded, type Log, start } from './bounded-clock.fixture.ts';

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

  it('leave nothing known of instants before them', async () => {
    const { world, clock, instant } = await throughLeap('insert', -1000);
    expectTruth(world, clock.now());
    expectUnbounded(clock.at(instant), 'clock-discontinuity');
  });
});
