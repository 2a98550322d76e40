/* That fast-check takes what has the shape of its own classes is what is tested here, with the compiler too. */
/* eslint-disable @typescript-eslint/no-unsafe-class-instance-assignment */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { thrownBy } from '../../test/support/thrown-by.ts';
import { type Fault, FAULT_KINDS, nodesOf } from './fault.ts';
import { type FaultArbitraryOptions, faultArbitraries } from './fault-arbitraries.ts';
import { schedule } from './faults.ts';
import { newWorld } from './world.fixture.ts';

const HOUR_MS = 3_600_000;
const OPTIONS: FaultArbitraryOptions = { nodes: ['a', 'b', 'c'], forMs: HOUR_MS };

/** The smallest schedule with which something fails, as fast-check finds it. */
function smallest(
  fails: (faults: readonly Fault[]) => boolean,
  options: Partial<FaultArbitraryOptions> = {},
): readonly Fault[] {
  const { faults } = faultArbitraries(fc, { ...OPTIONS, ...options });
  const details = fc.check(
    fc.property(faults, (drawn) => !fails(drawn)),
    { numRuns: 2000 },
  );
  expect(details.failed).toBe(true);
  return details.counterexample![0];
}

describe('arbitrary faults', () => {
  it('can be scheduled, in the order of time, within theirs', () => {
    fc.assert(
      fc.property(faultArbitraries(fc, OPTIONS).faults, (faults) => {
        const world = newWorld();
        for (const name of OPTIONS.nodes) world.addNode(name);
        schedule(world, faults);
        expect(faults.length).toBeLessThanOrEqual(10);
        expect(faults.map(({ atMs }) => atMs)).toEqual(faults.map(({ atMs }) => atMs).toSorted((a, b) => a - b));
        for (const { atMs } of faults) expect(atMs >= 0 && atMs <= HOUR_MS).toBe(true);
      }),
    );
  });

  it('are of every kind, and on every node', () => {
    const drawn = fc.sample(faultArbitraries(fc, OPTIONS).fault, 2000);
    expect(new Set(drawn.map(({ kind }) => kind))).toEqual(new Set(FAULT_KINDS));
    expect(new Set(drawn.flatMap((fault) => [...nodesOf(fault)]))).toEqual(new Set(OPTIONS.nodes));
  });

  it('are only of the kinds that are asked for, and that one node can have', () => {
    const kindsOf = (options: Partial<FaultArbitraryOptions>): string[] =>
      [
        ...new Set(fc.sample(faultArbitraries(fc, { ...OPTIONS, ...options }).fault, 500).map(({ kind }) => kind)),
      ].sort();
    expect(kindsOf({ kinds: ['step', 'suspend'] })).toEqual(['step', 'suspend']);
    expect(kindsOf({ nodes: ['a'] })).not.toContain('partition');
    expect(kindsOf({ nodes: ['a'] })).toContain('monotonic-back');
  });

  it('keep to limits', () => {
    const { fault } = faultArbitraries(fc, { ...OPTIONS, kinds: ['pause'], limits: { pauseMsMax: 50 } });
    const lengths = fc.sample(fault, 500).map((drawn) => (drawn.kind === 'pause' ? drawn.forMs : NaN));
    expect(Math.max(...lengths)).toBe(50);
    expect(Math.min(...lengths)).toBe(1);
  });

  it.each([
    { nodes: [] },
    { nodes: ['a'], kinds: ['partition'] },
    { kinds: [] },
    { forMs: NaN },
    { faultsMax: 0 },
    { faultsMax: 1e9 },
    { limits: { pauseMsMax: -1 } },
  ] satisfies Partial<FaultArbitraryOptions>[])('refuse %o', (options) => {
    expect(thrownBy(() => faultArbitraries(fc, { ...OPTIONS, ...options }))).toMatchObject({
      code: expect.stringMatching(/^TC_/),
    });
  });
});

describe('shrinking', () => {
  it('finds the one fault that matters, the smallest that still does, as late as it still does, and nothing else', () => {
    const found = smallest((faults) => faults.some((fault) => fault.kind === 'pause' && fault.forMs >= 100));
    expect(found).toHaveLength(1);
    expect(found[0]).toEqual({ kind: 'pause', atMs: HOUR_MS, node: 'a', forMs: 100 });
  });

  it('finds a pair that only fails together', () => {
    const found = smallest(
      (faults) =>
        faults.some((fault) => fault.kind === 'step' && Math.abs(fault.byMs) >= 10) &&
        faults.some((fault) => fault.kind === 'suspend'),
    );
    expect(found.map((fault) => fault.kind).sort()).toEqual(['step', 'suspend']);
    expect(found).toContainEqual({ kind: 'suspend', atMs: HOUR_MS, node: 'a', forMs: 1 });
    expect(found).toContainEqual({ kind: 'step', atMs: HOUR_MS, node: 'a', byMs: 10 });
  });

  it('ends at the latest moment that fails', () => {
    const found = smallest((faults) => faults.some((fault) => fault.kind === 'crash' && fault.atMs < 60_000));
    expect(found).toEqual([{ kind: 'crash', atMs: 59_999, node: 'a', restartAfterMs: 1 }]);
  });

  it('ends at the mildest kind that fails', () => {
    const found = smallest((faults) => faults.length > 0);
    expect(found).toEqual([{ kind: 'heal', atMs: HOUR_MS }]);
    const clock = smallest((faults) => faults.some((fault) => 'node' in fault), { nodes: ['a'] });
    expect(clock).toEqual([{ kind: 'step', atMs: HOUR_MS, node: 'a', byMs: 1 }]);
  });

  it('works through a real simulation: a timer that must not be late', () => {
    const late = (faults: readonly Fault[]): boolean => {
      const world = newWorld();
      const node = world.addNode('a');
      schedule(world, faults);
      let firedMs = Infinity;
      node.setTimer(() => (firedMs = world.nowMs), 1_000_000, { keepsAlive: true });
      world.advanceSync(HOUR_MS);
      return firedMs > 1_005_000;
    };
    const [only, ...others] = smallest(late, { nodes: ['a'], kinds: ['step', 'drift', 'pause'] });
    expect(others).toEqual([]);
    expect(only).toMatchObject({ kind: 'pause', node: 'a' });
    // A millisecond shorter, and it passes.
    const shorter = { ...only, forMs: (only as { forMs: number }).forMs - 1 } as Fault;
    expect(late([shorter])).toBe(false);
  });
});
