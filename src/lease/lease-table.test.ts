import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LeaseTable } from './lease-table.ts';

type Step =
  | readonly ['set' | 'renew', number, number]
  | readonly ['delete', number]
  | readonly ['sweep', number, number | undefined];

const key = fc.integer({ min: 0, max: 40 });
/** Few different moments, so that many are equal. */
const moment = fc.integer({ min: 0, max: 30 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constant('set' as const), key, moment) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('renew' as const), key, moment) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('delete' as const), key) },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.constant('sweep' as const),
      moment,
      fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
    ),
  },
);

/** The same by sorting everything at each sweep; a Map keeps its keys in the order in which they came. */
class NaiveTable {
  readonly leases = new Map<number, number>();

  set(key: number, expiresAtMs: number): void {
    this.leases.set(key, expiresAtMs);
  }

  renew(key: number, expiresAtMs: number): boolean {
    const before = this.leases.get(key);
    if (before !== undefined) this.leases.set(key, Math.max(before, expiresAtMs));
    return before !== undefined;
  }

  sweep(nowMs: number, limit = Infinity): number[] {
    const due = [...this.leases].filter(([, expiresAtMs]) => expiresAtMs <= nowMs);
    const keys = due.sort((a, b) => a[1] - b[1]).map(([swept]) => swept);
    const swept = keys.slice(0, Math.min(limit, keys.length));
    for (const gone of swept) this.leases.delete(gone);
    return swept;
  }
}

function agrees(table: LeaseTable<number>, naive: NaiveTable, [kind, ...rest]: Step): boolean {
  const [first, second] = rest as [number, number];
  if (kind === 'set') {
    table.set(first, second);
    naive.set(first, second);
  } else if (kind === 'renew') {
    if (table.renew(first, second) !== naive.renew(first, second)) return false;
  } else if (kind === 'delete') {
    if (table.delete(first) !== naive.leases.delete(first)) return false;
  } else {
    const swept = second === undefined ? table.sweep(first) : table.sweep(first, second);
    if (swept.join() !== naive.sweep(first, second).join()) return false;
  }
  const firstMs = Math.min(Infinity, ...naive.leases.values());
  if (table.nothingDueBeforeMs > firstMs) return false;
  return table.size === naive.leases.size && [...naive.leases].every(([held, at]) => table.expiryOf(held) === at);
}

const behavesAs = (create: () => LeaseTable<number>) =>
  fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
    const table = create();
    const naive = new NaiveTable();
    return steps.every((taken) => agrees(table, naive, taken)) && table.sweep(31).join() === naive.sweep(31).join();
  });

/** Renewed leases would be swept at their old moment. */
class ForgetsRenewals extends LeaseTable<number> {
  override renew(key: number, _expiresAtMs: number): boolean {
    return super.renew(key, -1);
  }
}

/** An expiry that comes nearer would not be noticed. */
class NeverEarlier extends LeaseTable<number> {
  override set(key: number, expiresAtMs: number): void {
    super.set(key, Math.max(expiresAtMs, this.expiryOf(key) ?? -1));
  }
}

/** Every moment from 1000 on once, in another order than the leases. */
function expiryIn(leases: number, lease: number): number {
  return 1000 + ((lease * 7919) % leases);
}

function filled(leases: number): LeaseTable<number> {
  const table = new LeaseTable<number>();
  for (let lease = 0; lease < leases; lease += 1) table.set(lease, expiryIn(leases, lease));
  return table;
}

describe('LeaseTable', () => {
  it('behaves as a table that is sorted at each sweep', () => {
    fc.assert(
      behavesAs(() => new LeaseTable<number>()),
      { numRuns: 1500 },
    );
  });

  it.each([ForgetsRenewals, NeverEarlier])('is seen not to, when it is %o', (Broken) => {
    expect(fc.check(behavesAs(() => new Broken())).failed).toBe(true);
  });

  it('grows and shrinks over its first capacity, in order', () => {
    const table = filled(10_000);
    for (let lease = 0; lease < 10_000; lease += 3) table.delete(lease);
    const swept: number[] = [];
    while (table.size > 0) swept.push(...table.sweep(table.nothingDueBeforeMs));
    const kept = Array.from({ length: 10_000 }, (_, lease) => lease).filter((lease) => lease % 3 !== 0);
    expect(swept).toEqual(kept.sort((one, other) => expiryIn(10_000, one) - expiryIn(10_000, other)));
    expect(table.nothingDueBeforeMs).toBe(Infinity);
  });

  it('keeps every expiry while it shrinks', () => {
    const table = filled(10_000);
    for (let lease = 0; lease < 9900; lease += 1) table.delete(lease);
    for (let lease = 9900; lease < 10_000; lease += 1) expect(table.expiryOf(lease)).toBe(expiryIn(10_000, lease));
  });

  it('stays in order when leases are taken out of its middle', () => {
    const expiries = fc.array(fc.tuple(fc.integer({ min: 0, max: 500 }), fc.boolean()), {
      minLength: 30,
      maxLength: 200,
    });
    fc.assert(
      fc.property(expiries, (leases) => {
        const table = new LeaseTable<number>();
        for (const [lease, [expiresAtMs]] of leases.entries()) table.set(lease, expiresAtMs);
        for (const [lease, [, deleted]] of leases.entries()) if (deleted) table.delete(lease);
        const kept = [...leases.keys()].filter((lease) => leases[lease]?.[1] === false);
        const swept: number[] = [];
        while (table.size > 0) swept.push(...table.sweep(500, 1));
        return swept.join() === kept.sort((one, other) => (leases[one]?.[0] ?? 0) - (leases[other]?.[0] ?? 0)).join();
      }),
    );
  });

  it('refuses a lease beyond its limit, and takes it when one has gone', () => {
    const table = new LeaseTable<string>({ leasesMax: 2 });
    table.set('a', 1);
    table.set('b', 2);
    expect(() => table.set('c', 3)).toThrow(
      'LeaseTable.set: requires at most 2 leases, got one more. Sweep what has run out, or use several tables. [TC_OUT_OF_RANGE]',
    );
    table.set('b', 5);
    table.sweep(1);
    table.set('c', 3);
    expect(table.sweep(9)).toEqual(['c', 'b']);
  });

  it('refuses what is no moment, limit or option', () => {
    const table = new LeaseTable<string>();
    for (const wrong of [Number.NaN, Infinity]) {
      expect(() => table.set('a', wrong)).toThrow('[TC_NOT_FINITE]');
      expect(() => table.renew('a', wrong)).toThrow('[TC_NOT_FINITE]');
      expect(() => table.sweep(wrong)).toThrow('[TC_NOT_FINITE]');
    }
    expect(() => table.sweep(1, 0)).toThrow('[TC_OUT_OF_RANGE]');
    expect(() => new LeaseTable({ leasesMax: 1e8 })).toThrow('[TC_OUT_OF_RANGE]');
    expect(() => new LeaseTable({ leaseMax: 5 } as never)).toThrow('Did you mean leasesMax?');
    expect(table.size).toBe(0);
  });
});

describe('the work that it does', () => {
  it.each([1, 1000, 100_000])('is one look when nothing is due, with %i leases', (leases) => {
    const table = filled(leases);
    const before = table.work;
    expect(table.sweep(999)).toEqual([]);
    expect(table.work).toEqual({ peeks: before.peeks + 1, placements: before.placements });
  });

  it('is nothing in the heap for a renewal, or for setting a later expiry', () => {
    const table = filled(1000);
    const before = table.work;
    for (let lease = 0; lease < 1000; lease += 1) table.renew(lease, 9000);
    for (let lease = 0; lease < 1000; lease += 1) table.set(lease, 9001);
    expect(table.work).toEqual(before);
  });

  it('is one way down the heap in a time to live, however often a lease was renewed in it', () => {
    const leases = 4096;
    const table = filled(leases);
    for (let renewal = 1; renewal <= 100; renewal += 1) {
      for (let lease = 0; lease < leases; lease += 1) table.renew(lease, 10_000 + renewal);
    }
    const before = table.work.placements;
    expect(table.sweep(9999)).toEqual([]);
    // 4096 leases are seven levels; each lease is put where it was once more before it sinks.
    expect(table.work.placements - before).toBeLessThanOrEqual(leases * (7 + 1));
    const settled = table.work.placements;
    expect(table.sweep(10_000)).toEqual([]);
    expect(table.work.placements).toBe(settled);
  });
});
