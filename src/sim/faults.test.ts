import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { thrownBy } from '../../test/support/thrown-by.ts';
import { delays } from './delays.ts';
import { type Fault, FAULT_KINDS, type FaultKind, FAULTS_MAX, NODE_FAULT_KINDS, requireFault } from './fault.ts';
import { schedule } from './faults.ts';
import type { SimNode } from './sim-node.ts';
import { SIM_EPOCH_MS, type SimWorldCore } from './sim-world.ts';
import { newWorld } from './world.fixture.ts';

const FINE = { monotonicMs: 2 ** -20, bootMs: 2 ** -20, wallMs: 2 ** -10 };

function newNodes(): { readonly world: SimWorldCore; readonly nodes: readonly [SimNode, SimNode, SimNode] } {
  const world = newWorld();
  const add = (name: string): SimNode => world.addNode(name, { granularity: FINE });
  return { world, nodes: [add('a'), add('b'), add('c')] };
}

/** One example of every kind. */
const EXAMPLES: Readonly<Record<FaultKind, Fault>> = {
  heal: { kind: 'heal', atMs: 1000 },
  link: { kind: 'link', atMs: 1000, from: 'a', to: 'b', link: { delay: { kind: 'constant', ms: 50 } }, forMs: 4000 },
  cut: { kind: 'cut', atMs: 1000, from: 'a', to: 'b', forMs: 4000 },
  partition: { kind: 'partition', atMs: 1000, groups: [['a'], ['b', 'c']], forMs: 4000 },
  step: { kind: 'step', atMs: 1000, node: 'a', byMs: -7000 },
  slew: { kind: 'slew', atMs: 1000, node: 'a', ppm: 1000, forMs: 4000 },
  drift: { kind: 'drift', atMs: 1000, node: 'a', drift: { driftPpm: 1000 } },
  'leap-second': { kind: 'leap-second', atMs: 1000, node: 'a', leap: 'insert' },
  pause: { kind: 'pause', atMs: 1000, node: 'a', forMs: 4000 },
  'vm-pause': { kind: 'vm-pause', atMs: 1000, node: 'a', forMs: 4000 },
  suspend: { kind: 'suspend', atMs: 1000, node: 'a', forMs: 4000 },
  crash: { kind: 'crash', atMs: 1000, node: 'a', restartAfterMs: 4000 },
  'monotonic-back': { kind: 'monotonic-back', atMs: 1000, node: 'a', byMs: 300 },
};

/** Which of the six directions carry a message now. */
function ways(world: SimWorldCore): string {
  const open: string[] = [];
  for (const from of world.nodes) {
    for (const to of world.nodes) {
      const before = world.network.counts.cutOff;
      if (from !== to) world.network.send(from, to, () => undefined);
      if (from !== to && world.network.counts.cutOff === before) open.push(from.name + to.name);
    }
  }
  return open.join(' ');
}

const ALL_WAYS = 'ab ac ba bc ca cb';

describe('a schedule', () => {
  it.each(Object.values(EXAMPLES))('applies a $kind at its moment, not before, and counts it', (fault) => {
    const { world, nodes } = newNodes();
    const [a, b] = nodes;
    const see = (): unknown => [
      a.monotonicMs() - world.nowMs,
      a.bootMs() - world.nowMs,
      a.wallMs() - SIM_EPOCH_MS - world.nowMs,
      a.isRunning,
      a.ratePpm,
      ways(world),
      world.network.linkOptions(a, b).delay?.(world.random),
    ];
    const quiet = see();
    const run = schedule(world, [fault]);
    world.advanceSync(999);
    expect(see()).toEqual(quiet);
    expect(run.counts.applied[fault.kind]).toBe(0);
    world.advanceSync(2);
    expect(run.counts.applied).toEqual({
      ...Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])),
      [fault.kind]: 1,
    });
    world.advanceSync(1000);
    if (fault.kind !== 'heal') expect(see()).not.toEqual(quiet);
  });

  it('every kind of fault has an example here', () => {
    expect(Object.keys(EXAMPLES).sort()).toEqual([...FAULT_KINDS].sort());
  });

  it.each(['link', 'cut', 'partition', 'pause', 'crash'] as const)('ends a %s after its time', (kind) => {
    const { world, nodes } = newNodes();
    const [a, b] = nodes;
    schedule(world, [EXAMPLES[kind]]);
    world.advanceSync(4999);
    const before = [ways(world), a.isRunning, world.network.linkOptions(a, b).delay === undefined];
    world.advanceSync(1);
    expect([ways(world), a.isRunning, world.network.linkOptions(a, b).delay === undefined]).toEqual([
      ALL_WAYS,
      true,
      true,
    ]);
    expect(before).not.toEqual([ALL_WAYS, true, true]);
  });

  it('the clocks show each fault as when it is made by hand', () => {
    for (const kind of NODE_FAULT_KINDS) {
      const [scheduled, byHand] = [newNodes(), newNodes()];
      schedule(scheduled.world, [EXAMPLES[kind]]);
      scheduled.world.advanceSync(10_000);
      byHand.world.advanceSync(1000);
      const node = byHand.nodes[0];
      const actions: Record<(typeof NODE_FAULT_KINDS)[number], () => void> = {
        step: () => node.stepWall(-7000),
        slew: () => node.slew({ ppm: 1000, forMs: 4000 }),
        drift: () => node.setDrift({ driftPpm: 1000 }),
        'leap-second': () => node.leapSecond('insert'),
        pause: () => node.pause(4000),
        'vm-pause': () => node.pauseVm(4000),
        suspend: () => node.suspend(4000),
        crash: () => node.crash(),
        'monotonic-back': () => node.moveMonotonicBack(300),
      };
      actions[kind]();
      byHand.world.advanceSync(9000);
      const see = (of: SimNode): unknown => [kind, of.monotonicMs(), of.bootMs(), of.wallMs()];
      expect(see(scheduled.nodes[0])).toEqual(see(node));
    }
  });

  it.each([
    { kind: 'leap-second', atMs: 0, node: 'a', leap: 'delete', smearMs: 10_000 },
    { kind: 'vm-pause', atMs: 0, node: 'a', forMs: 1000, wall: 'stays' },
  ] as const)('passes on everything that $kind says', (fault) => {
    const { world, nodes } = newNodes();
    schedule(world, [fault]);
    world.advanceSync(5000);
    expect(nodes[0].wallMs() - SIM_EPOCH_MS).toBeCloseTo(fault.kind === 'vm-pause' ? 4000 : 5500, 2);
  });

  it('takes a schedule that was printed as JSON', () => {
    const faults = Object.values(EXAMPLES);
    const { world } = newNodes();
    const run = schedule(world, JSON.parse(JSON.stringify(faults)) as Fault[]);
    expect(run.faults).toEqual(faults);
    world.advanceSync(10_000);
    const { applied, skipped } = run.counts;
    for (const kind of FAULT_KINDS) expect([kind, applied[kind] + skipped[kind]]).toEqual([kind, 1]);
  });

  it('applies simultaneous faults in the order of the list', () => {
    const forward: Fault = { kind: 'drift', atMs: 5, node: 'a', drift: { driftPpm: 1 } };
    const back: Fault = { kind: 'drift', atMs: 5, node: 'a', drift: { driftPpm: 2 } };
    for (const faults of [
      [forward, back],
      [back, forward],
    ]) {
      const { world, nodes } = newNodes();
      schedule(world, faults);
      world.advanceSync(5);
      expect(nodes[0].ratePpm).toBe((faults[1] as typeof back & { drift: { driftPpm: number } }).drift.driftPpm);
    }
  });
});

describe('a node that stands still already', () => {
  const stops: readonly Fault[] = [EXAMPLES.pause, EXAMPLES['vm-pause'], EXAMPLES.suspend, EXAMPLES.crash];

  it.each(stops)('(a $kind) is not stopped again: that is skipped and counted', (first) => {
    for (const second of stops) {
      const { world, nodes } = newNodes();
      const run = schedule(world, [first, { ...second, atMs: 2000 }]);
      world.advanceSync(20_000);
      const { applied, skipped } = run.counts;
      expect(skipped[second.kind]).toBe(1);
      expect(applied[first.kind]).toBe(1);
      expect(nodes[0].isRunning).toBe(true);
    }
  });

  it.each(stops)('(a $kind) still has its clock set: the machine does not ask the process', (first) => {
    const { world, nodes } = newNodes();
    const run = schedule(world, [first, { ...EXAMPLES.step, atMs: 2000 }]);
    world.advanceSync(20_000);
    expect(run.counts.applied.step).toBe(1);
    expect(nodes[0].wallMs() - SIM_EPOCH_MS).toBeCloseTo(13_000, 2);
  });

  it('never makes a schedule throw, whatever the faults are', () => {
    const fault = fc
      .constantFrom(...Object.values(EXAMPLES))
      .chain((example) => fc.integer({ min: 0, max: 20_000 }).map((atMs): Fault => ({ ...example, atMs })));
    fc.assert(
      fc.property(fc.array(fault, { maxLength: 30 }), (faults) => {
        const { world, nodes } = newNodes();
        const run = schedule(world, faults);
        world.advanceSync(40_000);
        const { applied, skipped } = run.counts;
        const total = FAULT_KINDS.reduce((sum, kind) => sum + applied[kind] + skipped[kind], 0);
        expect(total).toBe(faults.length);
        expect(nodes.map((node) => node.isRunning)).toEqual([true, true, true]);
        // Everything has ended by now, whatever overlapped, and however often it was healed.
        expect(ways(world)).toBe(ALL_WAYS);
        expect(world.network.linkOptions(nodes[0], nodes[1]).delay).toBeUndefined();
      }),
    );
  });
});

describe('overlapping cuts', () => {
  it('mend a direction with the last of them', () => {
    const { world } = newNodes();
    schedule(world, [
      { kind: 'partition', atMs: 0, groups: [['a'], ['b']], forMs: 1000 },
      { kind: 'cut', atMs: 500, from: 'a', to: 'b', forMs: 1000 },
    ]);
    const seen = [200, 600, 600, 600].map((ms) => {
      world.advanceSync(ms);
      return ways(world);
    });
    expect(seen).toEqual(['ac bc ca cb', 'ac bc ca cb', 'ac ba bc ca cb', ALL_WAYS]);
  });

  it('healing ends them all, and what would have ended later does not end what begins afterwards', () => {
    const { world } = newNodes();
    schedule(world, [
      { kind: 'cut', atMs: 0, from: 'a', to: 'b', forMs: 2000 },
      { kind: 'heal', atMs: 500 },
      { kind: 'cut', atMs: 1000, from: 'a', to: 'b', forMs: 2000 },
    ]);
    const seen = [200, 500, 500, 1300, 1000].map((ms) => {
      world.advanceSync(ms);
      return ways(world).includes('ab');
    });
    expect(seen).toEqual([false, true, false, false, true]);
  });

  it('without an end last', () => {
    const { world } = newNodes();
    schedule(world, [{ kind: 'cut', atMs: 0, from: 'a', to: 'b' }]);
    world.advanceSync(1e9);
    expect(ways(world)).not.toContain('ab');
  });

  it('a link that is changed for a time is not changed again meanwhile; one for good is the new normal', () => {
    const { world, nodes } = newNodes();
    const [a, b] = nodes;
    world.network.setLink(a, b, { delay: delays.constant(9) });
    const change = (atMs: number, ms: number, forMs?: number): Fault => ({
      kind: 'link',
      atMs,
      from: 'a',
      to: 'b',
      link: { delay: { kind: 'constant', ms } },
      ...(forMs === undefined ? {} : { forMs }),
    });
    const run = schedule(world, [change(0, 20, 1000), change(500, 30, 1000), change(2000, 40), change(3000, 50, 100)]);
    const seen = [700, 400, 1000, 950, 100].map((ms) => {
      world.advanceSync(ms);
      return world.network.linkOptions(a, b).delay?.(world.random);
    });
    expect(seen).toEqual([20, 9, 40, 50, 40]);
    expect(run.counts.skipped.link).toBe(1);
  });
});

describe('what is refused', () => {
  const bad: readonly (readonly [string, unknown])[] = [
    ['a node that does not exist', { ...EXAMPLES.pause, node: 'z' }],
    ['a link to nowhere', { ...EXAMPLES.cut, to: 'z' }],
    ['a group of strangers', { ...EXAMPLES.partition, groups: [['a'], ['z']] }],
    ['an empty group', { ...EXAMPLES.partition, groups: [['a'], []] }],
    ['a node in both groups', { ...EXAMPLES.partition, groups: [['a'], ['b', 'a']] }],
    ['an unknown kind', { kind: 'earthquake', atMs: 1, node: 'a' }],
    ['no moment', { ...EXAMPLES.pause, atMs: NaN }],
    ['a moment before the start', { ...EXAMPLES.pause, atMs: -1 }],
    ['no length', { ...EXAMPLES.pause, forMs: -1 }],
    ['no step', { ...EXAMPLES.step, byMs: NaN }],
    ['a slew that no kernel makes', { ...EXAMPLES.slew, ppm: 1e6 }],
    ['a drift of no clock', { ...EXAMPLES.drift, drift: { driftPpm: NaN } }],
    ['a smear that is a step', { ...EXAMPLES['leap-second'], smearMs: 1 }],
    ['no recovery', { ...EXAMPLES.crash, restartAfterMs: NaN }],
    ['monotonic time forward', { ...EXAMPLES['monotonic-back'], byMs: -1 }],
    ['a loss above 1', { ...EXAMPLES.link, link: { loss: 2 } }],
    ['a delay that is none', { ...EXAMPLES.link, link: { delay: { kind: 'constant', ms: -1 } } }],
    ['a crash that lasts until an epoch', { ...EXAMPLES.crash, restartAfterMs: SIM_EPOCH_MS }],
  ];

  it.each(bad)('%s, before anything is scheduled', (_, fault) => {
    const { world, nodes } = newNodes();
    const error = thrownBy(() => schedule(world, [EXAMPLES.step, fault as Fault]));
    expect(error).toMatchObject({ code: expect.stringMatching(/^TC_/) });
    world.advanceSync(10_000);
    expect(nodes[0].wallMs() - SIM_EPOCH_MS).toBe(10_000);
  });

  it('a fault in the past', () => {
    const { world } = newNodes();
    world.advanceSync(1001);
    expect(thrownBy(() => schedule(world, [EXAMPLES.step]))).toMatchObject({
      code: 'TC_INVALID_ARGUMENT',
      details: { atMs: 1000, nowMs: 1001 },
    });
  });

  it('too many', () => {
    const { world } = newNodes();
    const many = Array.from({ length: FAULTS_MAX + 1 }, () => EXAMPLES.step);
    expect(thrownBy(() => schedule(world, many))).toMatchObject({ code: 'TC_OUT_OF_RANGE' });
    schedule(world, many.slice(1));
  });

  it('nothing that is right', () => {
    for (const fault of Object.values(EXAMPLES)) expect(requireFault(fault)).toBe(fault);
  });
});
