import { describe, expect, it } from 'vitest';
import { EPOCH_MS, Every, moved, newNode, shown } from './sim-node.fixture.ts';
import { newWorld } from './world.fixture.ts';

describe('the clocks of a node', () => {
  it('begin where they are told', () => {
    const { node } = newNode({ wallAheadMs: 250, monotonicMs: 1000, sleptMs: 70_000 });
    expect(shown(node)).toEqual({ monotonic: 1000, boot: 71_000, wall: 250 });
  });

  it('begin with true time also in a world that has run for a while', () => {
    const { world } = newNode();
    world.advanceSync(12_345);
    expect(shown(world.addNode('late'))).toEqual({ monotonic: 0, boot: 0, wall: 12_345 });
  });

  it('count at the rate of the oscillator, all three', () => {
    const { world, node } = newNode({ drift: { driftPpm: 100 } });
    expect(moved(node, () => world.advanceSync(1_000_000))).toEqual({
      monotonic: 1_000_100,
      boot: 1_000_100,
      wall: 1_000_100,
    });
    expect(node.ratePpm).toBe(100);
  });

  it('show the granularities of Linux when nothing is said', () => {
    const world = newWorld({ epochMs: EPOCH_MS });
    const node = world.addNode('a');
    world.advanceSync(19.9999);
    expect(shown(node)).toEqual({ monotonic: 19.999_023_437_5, boot: 10, wall: 19 });
    expect(node.granularity).toEqual({ monotonicMs: 2 ** -10, bootMs: 10, wallMs: 1 });
  });

  it.each([
    { monotonicMs: -1 },
    { wallAheadMs: NaN },
    { sleptMs: -1 },
    { granularity: { bootMs: 0 } },
    { platform: 'windows' as 'other' },
  ])('are refused when they cannot be: %j', (options) => {
    const code: unknown = expect.stringMatching(/^TC_(NOT_FINITE|OUT_OF_RANGE|INVALID_ARGUMENT)$/);
    expect(() => newNode(options)).toThrow(expect.objectContaining({ code }));
  });

  it('are as coarse as usual where a granularity is undefined', () => {
    const granularity = { monotonicMs: undefined } as unknown as { monotonicMs: number };
    expect(newNode({ granularity }).node.granularity).toEqual({ monotonicMs: 2 ** -10, bootMs: 10, wallMs: 1 });
  });

  it('have identities of their own on each node', () => {
    const { world, node } = newNode();
    const other = world.addNode('b');
    expect(new Set([node.monotonicId, node.bootId, other.monotonicId, other.bootId]).size).toBe(4);
  });
});

describe('a crash', () => {
  it('forgets every timer and keeps what is stored; a restart runs the program again', () => {
    const { world, node } = newNode();
    const log: string[] = [];
    node.start((started) => {
      const boots = ((started.storage.get('boots') as number | undefined) ?? 0) + 1;
      started.storage.set('boots', boots);
      started.setTimer(() => log.push(`timer of boot ${boots} at ${world.nowMs}`), 1000, { keepsAlive: true });
    });
    world.advanceSync(500);
    node.crash();
    expect({ running: node.isRunning, crashed: node.isCrashed, timers: node.timerCount }).toEqual({
      running: false,
      crashed: true,
      timers: 0,
    });
    world.advanceSync(5000);
    expect(log).toEqual([]);
    node.restart();
    world.advanceSync(5000);
    expect(log).toEqual(['timer of boot 2 at 6500']);
    expect(node.storage.get('boots')).toBe(2);
    expect(node.incarnation).toBe(1);
  });

  it('does not stop the clocks', () => {
    const { world, node } = newNode();
    node.crash();
    expect(moved(node, () => world.advanceSync(100))).toEqual({ monotonic: 100, boot: 100, wall: 100 });
  });

  it('is final for its timers: what still runs of the old process sets none, and an interval does not come back', () => {
    const { world, node } = newNode();
    let ran = 0;
    const old = new Every(5, () => {
      ran += 1;
      node.crash();
      node.setTimer(() => (ran += 100), 1, { keepsAlive: true });
    });
    node.addTimer(old);
    world.advanceSync(10);
    node.restart();
    world.advanceSync(100);
    expect({ ran, timers: node.timerCount }).toEqual({ ran: 1, timers: 0 });
  });

  it('during a pause ends the pause: the new process runs at once', () => {
    const { world, node } = newNode();
    node.pause(10_000);
    world.advanceSync(1000);
    node.crash();
    node.restart();
    expect(node.isRunning).toBe(true);
  });

  it.each(['suspend', 'pauseVm'] as const)('a machine that stands still (%s) starts no process', (stand) => {
    const { world, node } = newNode();
    node[stand](1000);
    world.advanceSync(500);
    node.crash();
    expect(() => {
      node.restart();
    }).toThrow(/sleeps or is stopped/);
    world.advanceSync(500);
    node.restart();
    expect(node.isRunning).toBe(true);
  });

  it('only a crashed node restarts', () => {
    const { node } = newNode();
    expect(() => {
      node.restart();
    }).toThrow(/has not crashed/);
  });
});
