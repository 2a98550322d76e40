import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { armTimer } from '../core/index.ts';
import { Every, newNode } from './sim-node.fixture.ts';
import type { SimNode } from './sim-node.ts';
import type { SimWorldCore } from './sim-world.ts';

/** Sets timers and notes the true moments at which they run. */
function firedAt(world: SimWorldCore, node: SimNode, delaysMs: readonly number[]): string[] {
  const fired: string[] = [];
  for (const delayMs of delaysMs) {
    node.setTimer(() => fired.push(`${delayMs} at ${Math.round(world.nowMs * 1000) / 1000}`), delayMs, {
      keepsAlive: true,
    });
  }
  return fired;
}

describe('timers', () => {
  it('run on the monotonic clock, not on true time', () => {
    const { world, node } = newNode({ drift: { driftPpm: 100_000 } });
    const fired = firedAt(world, node, [1100]);
    world.advanceSync(2000);
    expect(fired).toEqual(['1100 at 1000']);
  });

  it('follow a change of the rate while they wait', () => {
    const { world, node } = newNode();
    const fired = firedAt(world, node, [1000]);
    world.advanceSync(500);
    node.setDrift({ driftPpm: -100_000 });
    world.advanceSync(1000);
    expect(fired).toEqual(['1000 at 1055.556']);
  });

  it('do not care about steps of the wall clock', () => {
    const { world, node } = newNode();
    const fired = firedAt(world, node, [1000]);
    node.stepWall(1e9);
    world.advanceSync(999);
    expect(fired).toEqual([]);
    world.advanceSync(1);
    expect(fired).toEqual(['1000 at 1000']);
  });

  it.each([
    {
      name: 'a pause',
      begin: (node: SimNode) => node.pause(5000),
      fired: ['100 at 5000', '4000 at 5000', '6000 at 6000'],
    },
    {
      name: 'a suspend',
      begin: (node: SimNode) => node.suspend(5000),
      fired: ['100 at 5100', '4000 at 9000', '6000 at 11000'],
    },
    {
      name: 'a stopped machine',
      begin: (node: SimNode) => node.pauseVm(5000),
      fired: ['100 at 5100', '4000 at 9000', '6000 at 11000'],
    },
    {
      name: 'monotonic time going back',
      begin: (node: SimNode) => node.moveMonotonicBack(50),
      fired: ['100 at 150', '4000 at 4050', '6000 at 6050'],
    },
  ])('after $name: each fires once, never early by its own clock', ({ begin, fired: expected }) => {
    const { world, node } = newNode();
    const fired = firedAt(world, node, [6000, 4000, 100]);
    begin(node);
    world.advanceSync(20_000);
    expect(fired).toEqual(expected);
    expect(node.timerCount).toBe(0);
  });

  it('an interval comes once after a pause, and then again after its own length', () => {
    const { world, node } = newNode();
    const at: number[] = [];
    node.addTimer(new Every(100, () => at.push(world.nowMs)));
    world.advanceSync(250);
    node.pause(1000);
    world.advanceSync(1200);
    expect(at).toEqual([100, 200, 1250, 1350, 1450]);
  });

  it('are never early, whatever the rates, the granularity and the delays', () => {
    const granularity = fc.constantFrom(2 ** -10, 0.001, 0.1, 1, 10, 15.625);
    fc.assert(
      fc.property(
        fc.integer({ min: -100_000, max: 100_000 }),
        granularity,
        fc.array(fc.double({ min: 0, max: 1000, noNaN: true }), { minLength: 1, maxLength: 10 }),
        fc.double({ min: 0, max: 1e6, noNaN: true }),
        (driftPpm, monotonicMs, delaysMs, startMs) => {
          const { world, node } = newNode({ drift: { driftPpm }, granularity: { monotonicMs } });
          world.advanceSync(startMs);
          const begunMs = node.monotonicMs();
          const waits: number[] = [];
          for (const delayMs of delaysMs) {
            node.setTimer(() => waits.push(node.monotonicMs() - begunMs - delayMs), delayMs, { keepsAlive: true });
          }
          world.advanceSync(1300);
          expect(waits).toHaveLength(delaysMs.length);
          for (const lateMs of waits) {
            expect(lateMs).toBeGreaterThanOrEqual(-1e-9);
            expect(lateMs).toBeLessThan(monotonicMs + 1e-6);
          }
        },
      ),
    );
  });

  it.each([10, 15.625, 1000])(
    'a wait for a reading ends on a clock with steps of %d ms, without spinning',
    (monotonicMs) => {
      const { world, node } = newNode({ granularity: { monotonicMs } });
      let firedMs = -1;
      const untilMs = monotonicMs * 2.5;
      armTimer(
        { port: node, readMs: () => node.monotonicMs(), untilMs, keepsAlive: true },
        () => (firedMs = world.nowMs),
      );
      world.advanceSync(monotonicMs * 4);
      expect(firedMs).toBe(monotonicMs * 3);
      expect(world.eventsRun).toBeLessThan(5);
    },
  );

  it('an interval shorter than a step of the clock comes at every step, without spinning', () => {
    const { world, node } = newNode({ granularity: { monotonicMs: 10 } });
    const at: number[] = [];
    node.addTimer(new Every(4, () => at.push(world.nowMs)));
    world.advanceSync(35);
    expect(at).toEqual([10, 20, 30]);
  });

  it('that were cancelled do not fire', () => {
    const { world, node } = newNode();
    let fired = 0;
    const timer = node.setTimer(() => (fired += 1), 5, { keepsAlive: true });
    timer.cancel();
    timer.cancel();
    world.advanceSync(10);
    expect(fired).toBe(0);
  });

  it('of two nodes at one moment fire in the order of the nodes', () => {
    const { world, node } = newNode();
    const other = world.addNode('b');
    const seen: string[] = [];
    other.setTimer(() => seen.push('b'), 5, { keepsAlive: true });
    node.setTimer(() => seen.push('a'), 5, { keepsAlive: true });
    world.advanceSync(5);
    expect(seen).toEqual(['a', 'b']);
  });

  it.each([NaN, Infinity, undefined])('a delay of %s is refused, and a negative one is none', (delayMs) => {
    const { world, node } = newNode();
    expect(() => firedAt(world, node, [delayMs as number])).toThrow(expect.objectContaining({ code: 'TC_NOT_FINITE' }));
    const fired = firedAt(world, node, [-5]);
    world.advanceSync(0);
    expect(fired).toEqual(['-5 at 0']);
  });
});
