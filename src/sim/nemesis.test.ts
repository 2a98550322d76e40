import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { thrownBy } from '../../test/support/thrown-by.ts';
import { type Fault, FAULT_KINDS, type FaultKind, FAULTS_MAX, NETWORK_FAULT_KINDS, nodesOf } from './fault.ts';
import { FAULT_LIMITS_DEFAULT, type FaultLimits, shapeFault, SHARES_PER_FAULT } from './fault-shapes.ts';
import { schedule } from './faults.ts';
import { drawFaults, type NemesisOptions } from './nemesis.ts';
import { SeededRandom } from './random.ts';
import { newWorld } from './world.fixture.ts';

const HOUR_MS = 3_600_000;
const EVERYTHING = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 20])) as Record<FaultKind, number>;

function draw(seed: number, options: Partial<NemesisOptions> = {}): readonly Fault[] {
  return drawFaults(new SeededRandom(seed), {
    nodes: ['a', 'b', 'c'],
    forMs: HOUR_MS,
    ratePerHour: EVERYTHING,
    ...options,
  });
}

/** Everything that has a size in a fault, against its limit. */
function isWithin(fault: Fault, limits: Required<FaultLimits>): boolean {
  switch (fault.kind) {
    case 'heal':
    case 'leap-second':
      return true;
    case 'link': {
      const { delay, loss = 0, duplication = 0 } = fault.link;
      const meanMs = delay?.kind === 'exponential' ? delay.meanMs : Infinity;
      return (
        meanMs <= limits.delayMsMax &&
        Math.max(loss, duplication) <= limits.lossMax &&
        within(fault.forMs ?? Infinity, limits.cutMsMax)
      );
    }
    case 'cut':
    case 'partition':
      return within(fault.forMs ?? Infinity, limits.cutMsMax);
    case 'step':
      return within(Math.abs(fault.byMs), limits.stepMsMax);
    case 'slew':
      return Math.abs(fault.ppm) <= limits.slewPpmMax && within(fault.forMs, limits.slewMsMax);
    case 'drift':
      return Math.abs(fault.drift.driftPpm ?? Infinity) <= limits.driftPpmMax;
    case 'pause':
    case 'vm-pause':
      return within(fault.forMs, limits.pauseMsMax);
    case 'suspend':
      return within(fault.forMs, limits.suspendMsMax);
    case 'crash':
      return within(fault.restartAfterMs, limits.downMsMax);
    case 'monotonic-back':
      return within(fault.byMs, limits.backMsMax);
  }
}

function within(ms: number, maxMs: number): boolean {
  return Number.isInteger(ms) && ms >= 1 && ms <= maxMs;
}

describe('the nemesis', () => {
  it('draws the same schedule from the same seed, whatever was drawn before, and another from another', () => {
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    const used = new SeededRandom(1);
    used.uniform();
    expect(drawFaults(used, { nodes: ['a', 'b', 'c'], forMs: HOUR_MS, ratePerHour: EVERYTHING })).toEqual(draw(1));
  });

  it('never changes between versions', () => {
    expect(draw(7, { ratePerHour: { step: 2, partition: 3 }, nodes: ['a', 'b'] })).toMatchInlineSnapshot(`
      [
        {
          "atMs": 365131,
          "forMs": 6001,
          "groups": [
            [
              "b",
            ],
            [
              "a",
            ],
          ],
          "kind": "partition",
        },
        {
          "atMs": 403793,
          "byMs": 100132,
          "kind": "step",
          "node": "a",
        },
        {
          "atMs": 756806,
          "forMs": 48,
          "groups": [
            [
              "a",
            ],
            [
              "b",
            ],
          ],
          "kind": "partition",
        },
        {
          "atMs": 937531,
          "forMs": 24,
          "groups": [
            [
              "a",
            ],
            [
              "b",
            ],
          ],
          "kind": "partition",
        },
        {
          "atMs": 2718980,
          "byMs": 6979,
          "kind": "step",
          "node": "a",
        },
      ]
    `);
  });

  it('is in the order of time, within its time, within its limits, and schedulable', () => {
    const limits = fc.record({
      stepMsMax: fc.integer({ min: 1, max: 1e9 }),
      slewPpmMax: fc.integer({ min: 0, max: 100_000 }),
      driftPpmMax: fc.integer({ min: 0, max: 1000 }),
      pauseMsMax: fc.integer({ min: 1, max: 1e6 }),
      suspendMsMax: fc.integer({ min: 1, max: 1e7 }),
      downMsMax: fc.integer({ min: 1, max: 1e6 }),
      backMsMax: fc.integer({ min: 1, max: 1e6 }),
      cutMsMax: fc.integer({ min: 1, max: 1e7 }),
      lossMax: fc.constantFrom(0, 0.1, 1),
    });
    fc.assert(
      fc.property(fc.nat(), limits, fc.integer({ min: 0, max: 1e6 }), (seed, given, fromMs) => {
        const faults = draw(seed, { limits: given, fromMs });
        expect(faults.map(({ atMs }) => atMs)).toEqual(faults.map(({ atMs }) => atMs).toSorted((a, b) => a - b));
        const settled = { ...FAULT_LIMITS_DEFAULT, ...given };
        const isRight = (fault: Fault): boolean =>
          fault.atMs >= fromMs && fault.atMs < fromMs + HOUR_MS && isWithin(fault, settled);
        expect(faults.filter((fault) => !isRight(fault))).toEqual([]);
        const world = newWorld();
        for (const name of ['a', 'b', 'c']) world.addNode(name);
        expect(schedule(world, faults).faults).toHaveLength(faults.length);
      }),
      { numRuns: 50 },
    );
  });

  it('draws as many of each kind as the rate says: per node, and per world for the network', () => {
    const hours = 100;
    const faults = draw(3, { forMs: hours * HOUR_MS, ratePerHour: { pause: 2, partition: 5, suspend: 0 } });
    const count = (kind: FaultKind): number => faults.filter((fault) => fault.kind === kind).length;
    expect(Math.abs(count('pause') - 2 * 3 * hours)).toBeLessThan(5 * Math.sqrt(600));
    expect(Math.abs(count('partition') - 5 * hours)).toBeLessThan(5 * Math.sqrt(500));
    expect(count('suspend')).toBe(0);
    expect(new Set(faults.map(({ kind }) => kind))).toEqual(new Set(['pause', 'partition']));
  });

  it('strikes every node and every moment alike', () => {
    const faults = draw(4, { forMs: 100 * HOUR_MS, ratePerHour: { step: 10 } });
    const thirds = [0, 0, 0];
    const byNode = new Map<string, number>();
    for (const fault of faults) {
      thirds[Math.floor((fault.atMs / (100 * HOUR_MS)) * 3)]! += 1;
      for (const name of nodesOf(fault)) byNode.set(name, (byNode.get(name) ?? 0) + 1);
    }
    for (const seen of [...thirds, ...byNode.values()]) expect(Math.abs(seen - 1000)).toBeLessThan(5 * Math.sqrt(1000));
  });

  it('is not disturbed by another node, nor by another kind of fault', () => {
    const alone = draw(5, { nodes: ['a', 'b'], ratePerHour: { step: 20, pause: 20 } });
    const more = draw(5, { nodes: ['c', 'a', 'b'], ratePerHour: { step: 20, pause: 20, crash: 20 } });
    expect(more.filter((fault) => fault.kind !== 'crash' && 'node' in fault && fault.node !== 'c')).toEqual(alone);
  });

  it('draws sizes over all orders of magnitude, and both signs', () => {
    const steps = draw(6, { forMs: 50 * HOUR_MS, ratePerHour: { step: 20 } }).map((fault) =>
      fault.kind === 'step' ? fault.byMs : 0,
    );
    const share = (of: (ms: number) => boolean): number => steps.filter(of).length / steps.length;
    expect(share((ms) => ms > 0)).toBeGreaterThan(0.4);
    expect(share((ms) => ms < 0)).toBeGreaterThan(0.4);
    expect(share((ms) => Math.abs(ms) < 100)).toBeGreaterThan(0.2);
    expect(share((ms) => Math.abs(ms) > 100_000)).toBeGreaterThan(0.2);
  });

  it('has a limit, and keeps the earliest faults', () => {
    const all = draw(8);
    expect(draw(8, { faultsMax: 10 })).toEqual(all.slice(0, 10));
    expect(draw(8, { ratePerHour: { step: 1e6 } })).toHaveLength(FAULTS_MAX);
    expect(draw(8, { faultsMax: 0 })).toEqual([]);
  });

  it('draws nothing from nothing', () => {
    expect(draw(9, { ratePerHour: {} })).toEqual([]);
    expect(draw(9, { ratePerHour: { step: 0 }, nodes: [] })).toEqual([]);
    expect(draw(9, { forMs: 0 })).toEqual([]);
  });

  it.each([
    { nodes: [] },
    { nodes: ['a'], ratePerHour: { partition: 1 } },
    { nodes: ['a'], ratePerHour: { cut: 1 } },
    { ratePerHour: { step: -1 } },
    { ratePerHour: { step: NaN } },
    { ratePerHour: { step: 1e7 } },
    { forMs: NaN },
    { fromMs: -1 },
    { faultsMax: FAULTS_MAX + 1 },
    { faultsMax: 1.5 },
    { limits: { stepMsMax: 0 } },
    { limits: { lossMax: 1.1 } },
    { limits: { slewPpmMax: 1e6 } },
    { limits: { driftPpmMax: -1 } },
  ] satisfies Partial<NemesisOptions>[])('refuses %o', (options) => {
    expect(thrownBy(() => draw(1, options))).toMatchObject({ code: expect.stringMatching(/^TC_/) });
  });
});

describe('the shape of a fault', () => {
  const place = (kind: FaultKind, nodes: readonly string[]) => ({ kind, atMs: 5, nodes, limits: FAULT_LIMITS_DEFAULT });

  it('of share 0 is the mildest of its kind', () => {
    const mild = FAULT_KINDS.map((kind) => shapeFault(place(kind, ['a', 'b']), () => 0));
    expect(mild).toEqual([
      { kind: 'heal', atMs: 5 },
      {
        kind: 'link',
        atMs: 5,
        from: 'a',
        to: 'b',
        link: { delay: { kind: 'exponential', baseMs: 0, meanMs: 1 }, loss: 0, duplication: 0 },
        forMs: 1,
      },
      { kind: 'cut', atMs: 5, from: 'a', to: 'b', forMs: 1 },
      { kind: 'partition', atMs: 5, groups: [['a'], ['b']], forMs: 1 },
      { kind: 'step', atMs: 5, node: 'a', byMs: 1 },
      { kind: 'slew', atMs: 5, node: 'a', ppm: 0, forMs: 1 },
      { kind: 'drift', atMs: 5, node: 'a', drift: { driftPpm: 0 } },
      { kind: 'leap-second', atMs: 5, node: 'a', leap: 'insert' },
      { kind: 'pause', atMs: 5, node: 'a', forMs: 1 },
      { kind: 'vm-pause', atMs: 5, node: 'a', forMs: 1 },
      { kind: 'suspend', atMs: 5, node: 'a', forMs: 1 },
      { kind: 'crash', atMs: 5, node: 'a', restartAfterMs: 1 },
      { kind: 'monotonic-back', atMs: 5, node: 'a', byMs: 1 },
    ]);
  });

  it('takes no more shares than it says', () => {
    for (const kind of FAULT_KINDS) {
      let taken = 0;
      shapeFault(place(kind, ['a', 'b']), () => {
        taken += 1;
        return 0.9;
      });
      expect(taken).toBeLessThanOrEqual(SHARES_PER_FAULT);
    }
  });

  it('between nodes has two different ones, and every pair and every split comes', () => {
    const nodes = ['a', 'b', 'c', 'd'];
    const seen = new Map<FaultKind, Set<string>>(NETWORK_FAULT_KINDS.map((kind) => [kind, new Set<string>()]));
    for (let step = 0; step < 1000; step += 1) {
      for (const kind of ['link', 'cut', 'partition'] as const) {
        const fault = shapeFault(place(kind, nodes), () => step / 1000);
        const names = nodesOf(fault);
        expect(new Set(names).size).toBe(names.length);
        if (fault.kind === 'partition') {
          expect(names.toSorted()).toEqual(nodes);
          expect(Math.min(fault.groups[0].length, fault.groups[1].length)).toBeGreaterThan(0);
        }
        seen.get(kind)!.add(JSON.stringify('groups' in fault ? fault.groups : names));
      }
    }
    expect([...seen].map(([kind, ways]) => [kind, ways.size])).toEqual([
      ['heal', 0],
      ['link', 12],
      ['cut', 12],
      ['partition', 14],
    ]);
  });

  it('splits more nodes than a share has bits', () => {
    const nodes = Array.from({ length: 100 }, (_, index) => `n${index}`);
    for (const share of [0, 0.3, 0.999_999]) {
      const fault = shapeFault(place('partition', nodes), () => share);
      expect(nodesOf(fault).toSorted()).toEqual(nodes.toSorted());
    }
  });
});
