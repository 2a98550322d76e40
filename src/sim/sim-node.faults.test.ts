import { describe, expect, it } from 'vitest';
import { thrownBy } from '../../test/support/thrown-by.ts';
import { EPOCH_MS, moved, newNode, shown } from './sim-node.fixture.ts';
import type { SimNode } from './sim-node.ts';

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
      () => node.leapSecond('remove' as 'delete'),
      () => node.moveMonotonicBack(-1),
      () => node.setDrift({ driftPpm: 1e6 }),
    ];
    for (const action of bad) expect(thrownBy(action)).toMatchObject({ code: expect.stringMatching(/^TC_/) });
    expect(node.isRunning).toBe(true);
    expect(shown(node)).toEqual(before);
  });
});
