/**
 * What a check costs, and what a million leases cost.
 */
import { uptime } from 'node:os';
import { acquire, LeaseTable } from 'truechimer/lease';
import { MemoryLeaseStore } from 'truechimer/stores/memory';
import { systemClock } from 'truechimer';
import { type BenchOptions, type BenchRow, rowOf } from '../harness/bench.ts';
import { median } from '../harness/statistics.ts';

/** Short rounds, and many: on a busy machine most of them are then not interrupted, and the median is of those. */
const READS = 2000;
const ROUNDS = 2001;
const ROUNDS_QUICK = 201;

/** The sizes between which growth is measured. */
const FEW = 1000;
const MANY = 1_000_000;
const RENEWALS = 200_000;
const SWEEPS = 200_000;
/** Scanning a million is slow: a few are enough. */
const SCANS = 5;
const TABLE_ROUNDS = 5;

/** Both. */
export async function costRows(options: BenchOptions): Promise<readonly BenchRow[]> {
  return [...(await checkRows(options)), ...tableRows(options)];
}

function perCallNs(call: () => unknown, calls: number): number {
  let kept: unknown;
  const begunMs = performance.now();
  for (let count = 0; count < calls; count += 1) kept = call();
  if (kept === undefined) throw new Error('nothing was measured');
  return ((performance.now() - begunMs) * 1e6) / calls;
}

/** Each timed right after `performance.now()`; the median of the ratios. */
async function checkRows(options: BenchOptions): Promise<readonly BenchRow[]> {
  const store = new MemoryLeaseStore({ clock: systemClock });
  const held = async (name: string, suspend: 'ignored' | 'checked'): Promise<() => unknown> => {
    const lease = await acquire(store, name, { ttlMs: 600_000, timing: { suspend } });
    if (!lease.acquired) throw new Error(`the lease ${name} was not to be had`);
    return () => lease.check();
  };
  const ignored = await held('ignored', 'ignored');
  const checked = await held('checked', 'checked');
  const ratios = { ignored: [] as number[], checked: [] as number[], boot: [] as number[] };
  const baseNs: number[] = [];
  const now = (): number => performance.now();
  for (let round = 0; round < (options.quick ? ROUNDS_QUICK : ROUNDS); round += 1) {
    for (const [key, check] of [
      ['ignored', ignored],
      ['checked', checked],
    ] as const) {
      const base = perCallNs(now, READS);
      baseNs.push(base);
      ratios[key].push(perCallNs(check, READS) / base);
    }
    ratios.boot.push(perCallNs(checked, READS / 20) / perCallNs(uptime, READS / 20));
  }
  const peer = 'performance.now()';
  return [
    rowOf({ name: "lease.check(), suspend: 'ignored'", value: median(ratios.ignored), unit: 'ratio', peer, goal: 1.1 }),
    rowOf({ name: 'lease.check()', value: median(ratios.checked), unit: 'ratio', peer }),
    rowOf({ name: 'lease.check()', value: median(ratios.boot), unit: 'ratio', peer: 'os.uptime()', goal: 0.5 }),
    rowOf({ name: 'performance.now()', value: median(baseNs), unit: 'ns' }),
  ];
}

/** One size, measured: the table, and the plain `Map` that everybody writes first, with the same keys in the same order. */
interface TableCost {
  readonly sweepNs: number;
  readonly renewNs: number;
  readonly mapSetNs: number;
  readonly mapScanNs: number;
  /** How often the heap was touched by all those renewals. */
  readonly heapMoves: number;
}

function tableRows(options: BenchOptions): readonly BenchRow[] {
  options.progress('leases: a table of 10^6');
  const [few, many] = [tableCost(FEW), tableCost(MANY)];
  const exponentOf = (cost: (of: TableCost) => number): number =>
    Math.log(cost(many) / cost(few)) / Math.log(MANY / FEW);
  const beyondMap = exponentOf(({ renewNs, mapSetNs }) => renewNs / mapSetNs);
  const peer = 'a scan of a Map';
  const [idle, renewal] = ['sweep of 10^6 leases with nothing due', 'renewal of one in 10^6 leases'];
  return [
    rowOf({ name: `${idle}, to one of 10^3`, value: many.sweepNs / few.sweepNs, unit: 'ratio', goal: 1.5 }),
    rowOf({ name: idle, value: (many.sweepNs / many.mapScanNs) * 1e6, unit: 'millionths', peer, goal: 1000 }),
    rowOf({ name: idle, value: many.sweepNs, unit: 'ns' }),
    rowOf({ name: renewal, value: many.renewNs, unit: 'ns' }),
    rowOf({ name: renewal, value: many.renewNs / many.mapSetNs, unit: 'ratio', peer: 'Map.set', goal: 1.5 }),
    rowOf({ name: 'renewal, growth beyond that of Map.set', value: beyondMap, unit: 'exponent', goal: 0.1 }),
    rowOf({ name: 'renewal, growth with the caches', value: exponentOf(({ renewNs }) => renewNs), unit: 'exponent' }),
    rowOf({ name: 'renewals that touched the heap', value: many.heapMoves, unit: 'renewals', goal: 0 }),
  ];
}

function tableCost(size: number): TableCost {
  const table = new LeaseTable<string>();
  const map = new Map<string, number>();
  const keys = Array.from({ length: size }, (_, index) => `lease ${index}`);
  keys.forEach((key, index) => {
    const expiresAtMs = 1e6 + ((index * 7919) % 100_003);
    table.set(key, expiresAtMs);
    map.set(key, expiresAtMs);
  });
  // Spread over all keys, so that the large ones miss the caches as they do in life.
  const keyAt = (at: number): string => keys[(at * 7919) % size] as string;
  const timed = (each: (key: string, at: number) => unknown): number => {
    const begunMs = performance.now();
    for (let at = 0; at < RENEWALS; at += 1) each(keyAt(at), at);
    return ((performance.now() - begunMs) * 1e6) / RENEWALS;
  };
  const before = JSON.stringify(table.work);
  const costs = Array.from({ length: TABLE_ROUNDS }, (_, round) => ({
    renewNs: timed((key, at) => table.renew(key, 2e6 + RENEWALS * round + at)),
    mapSetNs: timed((key, at) => map.set(key, 2e6 + RENEWALS * round + at)),
  }));
  const heapMoves = before === JSON.stringify(table.work) ? 0 : RENEWALS;
  return {
    sweepNs: median(Array.from({ length: TABLE_ROUNDS }, () => perCallNs(() => table.sweep(0), SWEEPS))),
    renewNs: median(costs.map(({ renewNs }) => renewNs)),
    mapSetNs: median(costs.map(({ mapSetNs }) => mapSetNs)),
    mapScanNs: median(Array.from({ length: SCANS }, () => perCallNs(() => scanned(map, 0), size === FEW ? 500 : 1))),
    heapMoves,
  };
}

/** What a sweep is without an order: a look at every lease. */
function scanned(map: ReadonlyMap<string, number>, nowMs: number): number {
  let due = 0;
  for (const expiresAtMs of map.values()) if (expiresAtMs <= nowMs) due += 1;
  return due;
}
