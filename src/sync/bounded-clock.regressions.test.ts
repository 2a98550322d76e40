/** What an attack on the bounded clock once found, for ever. */
import { describe, expect, it } from 'vitest';
import { World } from '../../test/support/scripted-source.ts';
import { BoundedClockCore } from './bounded-clock.ts';

const MONTH_END_MS = Date.UTC(2027, 0, 1);

describe('a leap second that one of four announces', () => {
  it('does not end in recursion while somebody waits', async () => {
    const world = new World(0, { epochMs: MONTH_END_MS - 60_000 });
    const sources = world.sources('a', 'b', 'c', 'd');
    sources[3]!.leap = 'insert';
    const clock = new BoundedClockCore(world.clock, { sources });
    await world.clock.run(10_000);
    expect(clock.now().status).toBe('bounded');
    let passed = false;
    const waiting = clock.waitUntilPassed(MONTH_END_MS + 30_000, { timeoutMs: 200_000 }).then(() => {
      passed = true;
    });
    await world.clock.run(49_900);
    expect(clock.now()).toMatchObject({ status: 'unbounded', reason: 'leap-second' });
    await world.clock.run(60_000);
    await waiting;
    expect(passed).toBe(true);
    clock.stop();
  });

  it('leaves ready to its time-out inside the ambiguous seconds', async () => {
    const world = new World(0, { epochMs: MONTH_END_MS - 60_000 });
    const sources = world.sources('a', 'b', 'c', 'd');
    for (const source of sources) source.leap = 'insert';
    const clock = new BoundedClockCore(world.clock, { sources });
    await world.clock.run(59_500);
    const ready = expect(clock.ready({ timeoutMs: 100 })).rejects.toMatchObject({ code: 'TC_TIMED_OUT' });
    await world.clock.run(200);
    await ready;
    clock.stop();
  });
});

describe('G6: jumps too small to be told from noise', () => {
  it.each([0.5, 0.9, 1])('add up: resumed snapshots of %d ms, one a second', async (jumpMs) => {
    const world = new World();
    const sources = world.sources('a', 'b', 'c', 'd');
    const pace = { burstCount: 3, burstSpacingMs: 100, pollMinMs: 64_000, pollMaxMs: 64_000 };
    for (const source of sources) source.pace = pace;
    const clock = new BoundedClockCore(world.clock, { sources });
    await world.clock.run(1000);
    expect(clock.now().status).toBe('bounded');
    const voided: string[] = [];
    clock.on('voided', ({ reason }) => voided.push(reason));
    let outsideMs = 0;
    for (let jump = 0; jump < 50; jump += 1) {
      world.resumeSnapshot(jumpMs);
      await world.clock.run(1000);
      const now = clock.now();
      if (now.status === 'bounded')
        outsideMs = Math.max(outsideMs, now.earliest - world.trueMs, world.trueMs - now.latest);
    }
    expect(voided).toContain('clock-discontinuity');
    expect(outsideMs).toBeLessThan(3);
    clock.stop();
  });

  it('add up on boot time too', async () => {
    const world = new World();
    const clock = new BoundedClockCore(world.clock, { sources: world.sources('a', 'b', 'c', 'd') });
    await world.clock.run(1000);
    let suspends = 0;
    clock.on('suspend', () => {
      suspends += 1;
    });
    for (let turn = 0; turn < 60; turn += 1) {
      world.clock.suspend(1);
      world.clock.stepWall(-1);
      await world.clock.run(1000);
    }
    expect(suspends).toBeGreaterThan(0);
    clock.stop();
  });
});

describe('who is believed', () => {
  it('G5: nobody alone, while another that could contradict is on its way', async () => {
    const world = new World();
    const liar = world.source('liar', { lieMs: 300_000, outMs: 0.1, backMs: 0.1 });
    const honest = world.source('honest', { outMs: 20, backMs: 20 });
    const clock = new BoundedClockCore(world.clock, { sources: [liar, honest] });
    let everBounded = false;
    for (let ms = 0; ms < 100; ms += 1) {
      await world.clock.run(1);
      everBounded ||= clock.now().status === 'bounded';
    }
    expect(everBounded).toBe(false);
    expect(clock.now()).toMatchObject({ status: 'unbounded', reason: 'no-agreement' });
    clock.stop();
  });

  it('G4: one server behind two names has one vote', async () => {
    const world = new World();
    const lie = { lieMs: 5000, server: '192.0.2.1:123' };
    const sources = [world.source('localhost', lie), world.source('127.0.0.1', lie), world.source('honest')];
    const clock = new BoundedClockCore(world.clock, { sources });
    await world.clock.run(1000);
    expect(clock.now().status).toBe('unbounded');
    expect(clock.status.sources[1]).toMatchObject({ verdict: 'rejected' });
    expect(clock.status.sources[1]?.reason).toContain('behind localhost');
    clock.stop();
  });
});

describe('a status that tells', () => {
  it('is in holdover after eight failures, whatever the polling interval', async () => {
    const world = new World();
    const sources = world.sources('a');
    sources[0]!.pace = { burstCount: 1, burstSpacingMs: 100, pollMinMs: 1000, pollMaxMs: 1_000_000 };
    const clock = new BoundedClockCore(world.clock, { sources, timeoutMs: 500 });
    await world.clock.run(500_000);
    expect(clock.status.state).toBe('synchronized');
    sources[0]!.behaviour = 'silent';
    await world.clock.run(1_200_000);
    expect(clock.status.state).toBe('holdover');
    clock.stop();
  });

  it('says that nobody answers once all have been asked again after a suspend', async () => {
    const world = new World();
    const sources = world.sources('a', 'b', 'c', 'd');
    const clock = new BoundedClockCore(world.clock, { sources, timeoutMs: 500 });
    await world.clock.run(1000);
    for (const source of sources) source.behaviour = 'silent';
    world.clock.suspend(60_000);
    expect(clock.now()).toMatchObject({ reason: 'clock-discontinuity' });
    await world.clock.run(60_000);
    expect(clock.now()).toMatchObject({ status: 'unbounded', reason: 'too-few-sources' });
    clock.stop();
  });
});
