import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { delays } from './delays.ts';
import type { LinkOptions } from './sim-network.ts';
import type { SimNode } from './sim-node.ts';
import type { SimWorldCore } from './sim-world.ts';
import { newWorld } from './world.fixture.ts';

interface Net {
  readonly world: SimWorldCore;
  readonly a: SimNode;
  readonly b: SimNode;
  /** What arrived, as `what at when`. */
  readonly arrived: string[];
  send(what: string | number, from?: SimNode, to?: SimNode): void;
}

function newNet(link: LinkOptions = {}, seed = 1): Net {
  const world = newWorld({ seed });
  const [a, b] = [world.addNode('a'), world.addNode('b')];
  world.network.setLink(a, b, link);
  const arrived: string[] = [];
  return {
    world,
    a,
    b,
    arrived,
    send: (what, from = a, to = b) => {
      world.network.send(from, to, () => arrived.push(`${what} at ${Math.round(world.nowMs * 1000) / 1000}`));
    },
  };
}

/** What was sent and copied is somewhere. */
function isBalanced(world: SimWorldCore, underWay = 0): boolean {
  const { sent, duplicated, lost, cutOff, delivered, unreceived } = world.network.counts;
  return sent + duplicated === lost + cutOff + delivered + unreceived + underWay;
}

describe('a link', () => {
  it('takes one millisecond when nothing is said, each way', () => {
    const { world, a, b, arrived, send } = newNet();
    send('there');
    send('back', b, a);
    world.advanceSync(5);
    expect(arrived).toEqual(['there at 1', 'back at 1']);
    expect(world.network.counts).toEqual({
      sent: 2,
      delivered: 2,
      unreceived: 0,
      lost: 0,
      duplicated: 0,
      cutOff: 0,
      reordered: 0,
    });
  });

  it('may be another one on the way back', () => {
    const { world, a, b, arrived, send } = newNet();
    world.network.setLinks(a, b, { delay: delays.constant(5) }, { delay: delays.constant(25) });
    send('there');
    send('back', b, a);
    world.advanceSync(100);
    expect(arrived).toEqual(['there at 5', 'back at 25']);
  });

  it('has the default of the moment when it is first used', () => {
    const world = newWorld();
    const [a, b, c] = ['a', 'b', 'c'].map((name) => world.addNode(name));
    world.network.setDefault({ delay: delays.constant(3) });
    const at: number[] = [];
    world.network.send(a!, b!, () => at.push(world.nowMs));
    world.network.setDefault({ delay: delays.constant(9) });
    world.network.send(a!, b!, () => at.push(world.nowMs));
    world.network.send(a!, c!, () => at.push(world.nowMs));
    world.advanceSync(20);
    expect(at).toEqual([3, 3, 9]);
    expect(world.network.linkOptions(c!, b!).delay?.(world.random)).toBe(9);
  });

  it.each([
    { loss: 0.3, duplication: 0 },
    { loss: 0, duplication: 0.2 },
    { loss: 0.33, duplication: 0.25 },
  ])('loses and duplicates its share: $loss, $duplication', ({ loss, duplication }) => {
    const COUNT = 20_000;
    const { world, send } = newNet({ loss, duplication });
    for (let index = 0; index < COUNT; index += 1) send(index);
    world.advanceSync(10);
    const { counts } = world.network;
    const near = (seen: number, share: number): void => {
      expect(Math.abs(seen / COUNT - share)).toBeLessThanOrEqual(5 * Math.sqrt((share * (1 - share)) / COUNT));
    };
    near(counts.lost, loss);
    near(counts.duplicated, duplication);
    expect(isBalanced(world)).toBe(true);
  });

  it('loses everything, or nothing, at the ends', () => {
    for (const loss of [0, 1]) {
      const { world, arrived, send } = newNet({ loss });
      for (let index = 0; index < 100; index += 1) send(index);
      world.advanceSync(10);
      expect(arrived).toHaveLength(100 * (1 - loss));
    }
  });

  it('a copy has a delay of its own', () => {
    const { world, arrived, send } = newNet({ duplication: 1, delay: delays.uniform(1, 100) });
    send('x');
    world.advanceSync(200);
    expect(new Set(arrived).size).toBe(2);
  });

  it('lets messages overtake each other, and counts that; or keeps their order, and is as fast as it can be', () => {
    const run = (inOrder: boolean): { order: number[]; reordered: number; world: SimWorldCore } => {
      const { world, arrived, send } = newNet({ delay: delays.exponential(1, 50), inOrder });
      for (let index = 0; index < 200; index += 1) {
        send(index);
        world.advanceSync(1);
      }
      world.advanceSync(10_000);
      return { order: arrived.map(Number.parseFloat), reordered: world.network.counts.reordered, world };
    };
    const [free, kept] = [run(false), run(true)];
    expect(free.reordered).toBeGreaterThan(50);
    expect(free.order).not.toEqual(free.order.toSorted((x, y) => x - y));
    expect(kept.reordered).toBe(0);
    expect(kept.order).toEqual(Array.from({ length: 200 }, (_, index) => index));
  });

  it('is busy with each message: the others queue', () => {
    const { world, arrived, send } = newNet({ delay: delays.constant(10), busyMs: 4 });
    for (const what of ['x', 'y', 'z']) send(what);
    world.advanceSync(100);
    send('w');
    world.advanceSync(100);
    expect(arrived).toEqual(['x at 14', 'y at 18', 'z at 22', 'w at 114']);
  });

  it('that is changed keeps its queue, its order, and goes on with its random stream', () => {
    const { world, a, b, arrived, send } = newNet({ delay: delays.constant(100), inOrder: true, busyMs: 10 });
    send('old');
    world.network.setLink(a, b, { delay: delays.constant(1), inOrder: true });
    send('new');
    world.advanceSync(200);
    expect(arrived).toEqual(['old at 110', 'new at 110']);
    const draws = [0, 1].map(() => {
      world.network.setLink(a, b, { delay: delays.uniform(1, 50) });
      const begunMs = world.nowMs;
      send('x');
      world.advanceSync(200);
      return Number.parseFloat(arrived.at(-1)!.slice(5)) - begunMs;
    });
    expect(draws[0]).not.toBe(draws[1]);
  });

  it.each([{ loss: -0.1 }, { loss: 1.1 }, { duplication: NaN }, { busyMs: -1 }])('refuses %o', (options) => {
    const { world, a, b } = newNet();
    expect(() => {
      world.network.setLink(a, b, options);
    }).toThrow(/link/);
    expect(() => {
      world.network.setDefault(options);
    }).toThrow(/link/);
  });

  it.each([NaN, -1, Infinity])('refuses a delay of %d that somebody made up', (ms) => {
    const { send } = newNet({ delay: () => ms });
    expect(() => {
      send('x');
    }).toThrow(/delay/);
  });
});

describe('a partition', () => {
  it('cuts the links between two groups, both ways, and no others; healing mends them', () => {
    const world = newWorld();
    const names = ['a', 'b', 'c', 'd'];
    const nodes = names.map((name) => world.addNode(name));
    const reach = (): string[] => {
      const reached: string[] = [];
      for (const from of nodes) {
        for (const to of nodes) {
          if (from !== to) world.network.send(from, to, () => reached.push(`${from.name}${to.name}`));
        }
      }
      world.advanceSync(10);
      return reached.sort();
    };
    const all = reach();
    expect(all).toHaveLength(12);
    const [a, b, c] = nodes as [SimNode, SimNode, SimNode, SimNode];
    world.network.partition([a, b], [c]);
    expect(reach()).toEqual(all.filter((way) => !['ac', 'ca', 'bc', 'cb'].includes(way)));
    expect(world.network.counts.cutOff).toBe(4);
    world.network.mend(a, c);
    expect(reach()).toEqual(all.filter((way) => !['ca', 'bc', 'cb'].includes(way)));
    world.network.heal();
    expect(reach()).toEqual(all);
    world.network.cut(a, b);
    expect(reach()).toEqual(all.filter((way) => way !== 'ab'));
    expect(isBalanced(world)).toBe(true);
  });

  it('does not stop what is under way', () => {
    const { world, a, b, arrived, send } = newNet({ delay: delays.constant(10) });
    send('x');
    world.network.partition([a], [b]);
    send('y');
    world.advanceSync(20);
    expect(arrived).toEqual(['x at 10']);
  });
});

describe('a receiver that stands still', () => {
  it('gets its messages when it runs again, in the order of their arrival, before its timers', () => {
    const { world, b, arrived, send } = newNet();
    b.setTimer(() => arrived.push('timer'), 2, { keepsAlive: true });
    b.pause(10);
    send('x');
    world.advanceSync(3);
    send('y');
    world.advanceSync(20);
    expect(arrived).toEqual(['x at 10', 'y at 10', 'timer']);
  });

  it('gets them in order although one arrives at the very moment when it wakes', () => {
    const { world, b, arrived, send } = newNet({ inOrder: true });
    b.suspend(10);
    send('first');
    world.advanceSync(9);
    send('second');
    world.advanceSync(20);
    expect(arrived).toEqual(['first at 10', 'second at 10']);
  });

  it('gets them after all, when the first of them makes it stand still again', () => {
    const { world, a, b, arrived, send } = newNet();
    b.pause(10);
    world.network.send(a, b, () => {
      arrived.push('first');
      b.pause(10);
    });
    send('second');
    world.advanceSync(50);
    expect(arrived).toEqual(['first', 'second at 20']);
  });

  it('lets promises run between two messages', async () => {
    const { world, a, b, arrived } = newNet();
    b.pause(10);
    for (const what of ['x', 'y']) {
      world.network.send(a, b, () => {
        arrived.push(what);
        void Promise.resolve().then(() => arrived.push(`then ${what}`));
      });
    }
    await world.advance(20);
    expect(arrived).toEqual(['x', 'then x', 'y', 'then y']);
  });

  it('never gets them once it has crashed; the next process gets what arrives later', () => {
    const { world, b, arrived, send } = newNet({ delay: delays.constant(5) });
    send('x');
    b.crash();
    world.advanceSync(10);
    b.restart();
    send('y');
    world.advanceSync(10);
    expect(arrived).toEqual(['y at 15']);
    expect(world.network.counts.unreceived).toBe(1);
    expect(isBalanced(world)).toBe(true);
  });

  it('loses them when it crashes meanwhile; its new process gets what arrives at once', () => {
    const { world, b, arrived, send } = newNet();
    b.pause(10_000);
    send('x');
    world.advanceSync(10);
    b.crash();
    expect(world.network.counts.unreceived).toBe(1);
    b.restart();
    send('y');
    world.advanceSync(20_000);
    expect(arrived).toEqual(['y at 11']);
    expect(isBalanced(world)).toBe(true);
  });
});

describe('the counts', () => {
  it('always add up, whatever happens', () => {
    const event = fc.record({
      kind: fc.constantFrom('send', 'send', 'send', 'pause', 'crash', 'restart', 'cut', 'heal'),
      afterMs: fc.integer({ min: 0, max: 20 }),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), fc.boolean(), fc.nat(), (events, inOrder, seed) => {
        const options = { delay: delays.exponential(0, 10), loss: 0.2, duplication: 0.2, busyMs: 1, inOrder };
        const { world, a, b, send } = newNet(options, seed);
        for (const { kind, afterMs } of events) {
          world.advanceSync(afterMs);
          if (kind === 'send') send('x');
          else if (kind === 'pause' && b.isRunning) b.pause(15);
          else if (kind === 'crash') b.crash();
          else if (kind === 'restart' && b.isCrashed) b.restart();
          else if (kind === 'cut') world.network.cut(a, b);
          else if (kind === 'heal') world.network.heal();
        }
        world.advanceSync(100_000);
        expect(isBalanced(world)).toBe(true);
      }),
    );
  });

  it('are a copy', () => {
    const { world, send } = newNet();
    const before = world.network.counts;
    send('x');
    expect(before.sent).toBe(0);
  });
});
