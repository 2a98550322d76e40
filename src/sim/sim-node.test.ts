import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { armTimer } from '../core/index.ts';
import { SimTimer } from './node-timers.ts';
import type { NodeOptions, SimNode } from './sim-node.ts';
import type { SimWorldCore } from './sim-world.ts';
import { newWorld, thrownBy } from './world.fixture.ts';

const EPOCH_MS = 1_800_000_000_000;
const FINE = { monotonicMs: 2 ** -20, bootMs: 2 ** -20, wallMs: 2 ** -10 };

function newNode(options: NodeOptions = {}, seed = 1): { readonly world: SimWorldCore; readonly node: SimNode } {
  const world = newWorld({ epochMs: EPOCH_MS, seed });
  return { world, node: world.addNode('a', { granularity: FINE, ...options }) };
}

/** What the three clocks show, counted from where they began. */
function shown(node: SimNode): { readonly monotonic: number; readonly boot: number; readonly wall: number } {
  return { monotonic: node.monotonicMs(), boot: node.bootMs(), wall: node.wallMs() - EPOCH_MS };
}

/** How much each clock moved during something, rounded to a microsecond. */
function moved(node: SimNode, during: () => void): { monotonic: number; boot: number; wall: number } {
  const before = shown(node);
  during();
  const after = shown(node);
  const round = (ms: number): number => Math.round(ms * 1000) / 1000 + 0;
  return {
    monotonic: round(after.monotonic - before.monotonic),
    boot: round(after.boot - before.boot),
    wall: round(after.wall - before.wall),
  };
}

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

  it('have identities of their own on each node', () => {
    const { world, node } = newNode();
    const other = world.addNode('b');
    expect(new Set([node.monotonicId, node.bootId, other.monotonicId, other.bootId]).size).toBe(4);
  });
});

/** Each fault alone: how far each clock moves while 10 s of true time pass, and what is left of it afterwards. */
const FAULTS: readonly {
  readonly name: string;
  readonly platform?: 'linux' | 'other';
  readonly begin: (node: SimNode) => void;
  readonly during: { monotonic: number; boot: number; wall: number };
  readonly after?: { monotonic: number; boot: number; wall: number };
}[] = [
  { name: 'nothing', begin: () => undefined, during: { monotonic: 10_000, boot: 10_000, wall: 10_000 } },
  {
    name: 'step forward',
    begin: (node) => {
      node.stepWall(5000);
    },
    during: { monotonic: 10_000, boot: 10_000, wall: 15_000 },
  },
  {
    name: 'step back',
    begin: (node) => {
      node.stepWall(-3_600_000);
    },
    during: { monotonic: 10_000, boot: 10_000, wall: -3_590_000 },
  },
  {
    name: 'slew on Linux: all clocks',
    begin: (node) => {
      node.slew({ ppm: 500, forMs: 4000 });
    },
    during: { monotonic: 10_002, boot: 10_002, wall: 10_002 },
  },
  {
    name: 'slew elsewhere: the wall clock only',
    platform: 'other',
    begin: (node) => {
      node.slew({ ppm: -500, forMs: 4000 });
    },
    during: { monotonic: 10_000, boot: 10_000, wall: 9998 },
  },
  {
    name: 'drift',
    begin: (node) => {
      node.setDrift({ driftPpm: -100 });
    },
    during: { monotonic: 9999, boot: 9999, wall: 9999 },
    after: { monotonic: 9999, boot: 9999, wall: 9999 },
  },
  {
    name: 'suspend on Linux: monotonic time stands still',
    begin: (node) => {
      node.suspend(6000);
    },
    during: { monotonic: 4000, boot: 10_000, wall: 10_000 },
  },
  {
    name: 'suspend elsewhere: no clock stands still',
    platform: 'other',
    begin: (node) => {
      node.suspend(6000);
    },
    during: { monotonic: 10_000, boot: 10_000, wall: 10_000 },
  },
  {
    name: 'pause of the process: no clock stands still',
    begin: (node) => {
      node.pause(6000);
    },
    during: { monotonic: 10_000, boot: 10_000, wall: 10_000 },
  },
  {
    name: 'pause of the virtual machine: the wall clock is set right',
    begin: (node) => {
      node.pauseVm(6000);
    },
    during: { monotonic: 4000, boot: 4000, wall: 10_000 },
  },
  {
    name: 'pause of the virtual machine: nobody sets the wall clock',
    begin: (node) => {
      node.pauseVm(6000, { wall: 'stays' });
    },
    during: { monotonic: 4000, boot: 4000, wall: 4000 },
  },
  {
    name: 'leap second inserted',
    begin: (node) => {
      node.leapSecond('insert');
    },
    during: { monotonic: 10_000, boot: 10_000, wall: 9000 },
  },
  {
    name: 'leap second deleted',
    begin: (node) => {
      node.leapSecond('delete');
    },
    during: { monotonic: 10_000, boot: 10_000, wall: 11_000 },
  },
  {
    name: 'leap second smeared over 20 s',
    begin: (node) => {
      node.leapSecond('insert', { smearMs: 20_000 });
    },
    during: { monotonic: 10_000, boot: 10_000, wall: 9500 },
    after: { monotonic: 10_000, boot: 10_000, wall: 9500 },
  },
  {
    name: 'monotonic time back',
    begin: (node) => {
      node.moveMonotonicBack(700);
    },
    during: { monotonic: 9300, boot: 10_000, wall: 10_000 },
  },
];

describe('each fault by itself', () => {
  it.each(FAULTS)('$name', ({ platform, begin, during, after }) => {
    const { world, node } = newNode({ platform: platform ?? 'linux' });
    world.advanceSync(1234);
    const tenSeconds = (): void => {
      world.advanceSync(10_000);
    };
    expect(
      moved(node, () => {
        begin(node);
        tenSeconds();
      }),
    ).toEqual(during);
    expect(moved(node, tenSeconds)).toEqual(after ?? { monotonic: 10_000, boot: 10_000, wall: 10_000 });
    if (after !== undefined && node.ratePpm === 0) {
      expect(moved(node, tenSeconds)).toEqual({ monotonic: 10_000, boot: 10_000, wall: 10_000 });
    }
  });

  it('a new slew replaces the one under way, and its end does not come back', () => {
    const { world, node } = newNode();
    node.slew({ ppm: 500, forMs: 4000 });
    world.advanceSync(2000);
    node.slew({ ppm: -500, forMs: 6000 });
    expect(moved(node, () => world.advanceSync(4000)).wall).toBe(3998);
    expect(moved(node, () => world.advanceSync(4000)).wall).toBe(3999);
  });

  it('a smeared leap second is one second in the end', () => {
    const { world, node } = newNode();
    expect(
      moved(node, () => {
        node.leapSecond('delete', { smearMs: 86_400_000 });
        world.advanceSync(90_000_000);
      }).wall,
    ).toBe(90_001_000);
  });

  it('a wandering rate changes by itself, and a new drift ends it', () => {
    const { world, node } = newNode({ drift: { wanderPpm: 1, driftPpm: 5 } });
    const rates = new Set<number>();
    for (let second = 0; second < 50; second += 1) {
      world.advanceSync(1000);
      rates.add(node.ratePpm);
    }
    expect(rates.size).toBe(50);
    node.setDrift({ driftPpm: 7 });
    world.advanceSync(10_000);
    expect(node.ratePpm).toBe(7);
  });

  it('a new wander is a new walk, not the old one again', () => {
    const { world, node } = newNode();
    const walk = (): number[] => {
      node.setDrift({ wanderPpm: 1 });
      return Array.from({ length: 5 }, () => {
        world.advanceSync(1000);
        return node.ratePpm;
      });
    };
    const first = walk();
    expect(walk()).not.toEqual(first);
  });

  it('the machine stands still once at a time, and says so', () => {
    const { world, node } = newNode();
    node.suspend(1000);
    for (const again of [() => node.suspend(1), () => node.pause(1), () => node.pauseVm(1)]) {
      expect(thrownBy(again)).toMatchObject({
        code: 'TC_INVALID_ARGUMENT',
        message: expect.stringContaining('a stands still'),
      });
    }
    world.advanceSync(1000);
    node.pause(1);
  });

  it('refuses numbers that mean nothing, and leaves the clocks alone', () => {
    const { node } = newNode();
    const before = shown(node);
    const bad = [
      () => node.stepWall(NaN),
      () => node.slew({ ppm: 100_001, forMs: 1 }),
      () => node.slew({ ppm: 1, forMs: -1 }),
      () => node.suspend(-1),
      () => node.pause(NaN),
      () => node.pauseVm(EPOCH_MS),
      () => node.leapSecond('insert', { smearMs: 9999 }),
      () => node.moveMonotonicBack(-1),
      () => node.setDrift({ driftPpm: 1e6 }),
    ];
    for (const action of bad) expect(thrownBy(action)).toMatchObject({ code: expect.stringMatching(/^TC_/) });
    expect(node.isRunning).toBe(true);
    expect(shown(node)).toEqual(before);
  });
});

/** An interval, as `install` makes them. */
class Every extends SimTimer {
  readonly fire: () => void;

  constructor(everyMs: number, fire: () => void) {
    super(everyMs, { repeatMs: everyMs, keepsAlive: true });
    this.fire = fire;
  }
}

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
