/**
 * What it costs: an idle process, the guard, a stack, and how soon a block is noticed.
 */
import { execFile } from 'node:child_process';
import { uptime } from 'node:os';
import { promisify } from 'node:util';
import { systemClock } from 'truechimer';
import { acquire } from 'truechimer/lease';
import { MemoryLeaseStore } from 'truechimer/stores/memory';
import { type BenchOptions, type BenchRow, rowOf } from '../harness/bench.ts';
import { median } from '../harness/statistics.ts';
import { beside } from '../ntp/responder.ts';
import { FLOORS, requireEventLoopStats, STARTERS } from './watchers.ts';

const run = promisify(execFile);

/** All idle at the same time, so that what others do to the machine they do to all. */
const IDLE = { ms: 25_000, rounds: 5 };
const IDLE_QUICK = { ms: 8000, rounds: 1 };
const MEGABYTE = 1 << 20;

interface IdleCost {
  readonly cpuMs: number;
  readonly lastedMs: number;
  /** Beyond what it had before it started the tool. */
  readonly grownBytes: number;
}

/** Percent of a core, and megabytes, beyond a process without any of them. */
export async function idleRows(options: BenchOptions): Promise<readonly BenchRow[]> {
  const { ms, rounds } = options.quick ? IDLE_QUICK : IDLE;
  const names = Object.keys({ ...STARTERS, ...FLOORS }).filter(
    (name) => name !== 'event-loop-stats' || requireEventLoopStats() !== undefined,
  );
  const costs = new Map(names.map((name) => [name, [] as IdleCost[]]));
  for (let round = 1; round <= rounds; round += 1) {
    options.progress(`pauses: idle processes, round ${round} of ${rounds}`);
    await Promise.all(
      names.map(async (name) => {
        const { stdout } = await run(process.execPath, [
          '--expose-gc',
          beside('pauses/idle.child.js'),
          name,
          String(ms),
        ]);
        costs.get(name)?.push(JSON.parse(stdout) as IdleCost);
      }),
    );
  }
  const percent = (name: string): number =>
    median((costs.get(name) ?? []).map(shareOf)) - median((costs.get('nothing') ?? []).map(shareOf));
  const memory = (name: string): number =>
    (median((costs.get(name) ?? []).map(({ grownBytes }) => grownBytes)) -
      median((costs.get('nothing') ?? []).map(({ grownBytes }) => grownBytes))) /
    MEGABYTE;
  const goals: Readonly<Record<string, readonly [number, number, string]>> = {
    truechimer: [0.4, 1, 'a bare timer'],
    'truechimer with watchdog': [0.5, 22, 'a bare timer and thread'],
  };
  return names
    .filter((name) => name !== 'nothing')
    .flatMap((name) => {
      const [cpuGoal, memoryGoal, floor] = goals[name] ?? [];
      const peers = floor === undefined ? [] : ['monitorEventLoopDelay', floor];
      return [
        rowOf({
          name: `idle: ${name}`,
          value: percent(name),
          unit: '% of a core',
          ...(cpuGoal !== undefined && { goal: cpuGoal }),
        }),
        ...peers.map((peer) =>
          rowOf({ name: `idle: ${name}`, value: percent(name) / percent(peer), unit: 'ratio', peer }),
        ),
        rowOf({
          name: `memory: ${name}`,
          value: memory(name),
          unit: 'MB',
          ...(memoryGoal !== undefined && { goal: memoryGoal }),
        }),
      ];
    });
}

function shareOf({ cpuMs, lastedMs }: IdleCost): number {
  return (100 * cpuMs) / lastedMs;
}

const READS = 10_000;
const ROUNDS = 101;
const ROUNDS_QUICK = 21;

const BASES = { 'performance.now()': (): number => performance.now(), 'os.uptime()': (): number => uptime() };

/** The guard: what a deadline or a lease compares at each act. */
export async function guardRows(options: BenchOptions): Promise<readonly BenchRow[]> {
  const held = async (name: string, suspend: 'ignored' | 'checked'): Promise<() => unknown> => {
    const lease = await acquire(new MemoryLeaseStore({ clock: systemClock }), name, {
      ttlMs: 600_000,
      timing: { suspend },
    });
    if (!lease.acquired) throw new Error(`the lease ${name} was not to be had`);
    return () => lease.check();
  };
  const monotonic = systemClock.monotonic.deadline(600_000);
  const boot = systemClock.boot.deadline(600_000);
  const subjects: readonly Guard[] = [
    { name: 'guard: deadline, monotonic', call: () => monotonic.passed, base: 'performance.now()', goal: 2.6 },
    {
      name: "guard: lease.check(), suspend: 'ignored'",
      call: await held('ignored', 'ignored'),
      base: 'performance.now()',
      goal: 2.6,
    },
    { name: 'guard: deadline on boot time', call: () => boot.passed, base: 'os.uptime()', goal: 0.5 },
    { name: 'guard: lease.check()', call: await held('checked', 'checked'), base: 'os.uptime()', goal: 0.5 },
  ];
  const rounds = options.quick ? ROUNDS_QUICK : ROUNDS;
  const measured = subjects.map(({ name, call, base, goal }) => {
    const costs = Array.from({ length: rounds }, () => ({ baseNs: perCallNs(BASES[base]), callNs: perCallNs(call) }));
    const [ratio, callNs, baseNs] = [
      median(costs.map((cost) => cost.callNs / cost.baseNs)),
      median(costs.map((cost) => cost.callNs)),
      median(costs.map((cost) => cost.baseNs)),
    ];
    return { name, base, goal, ratio, callNs, baseNs };
  });
  return [
    ...measured.flatMap(({ name, base, goal, ratio, callNs }) => [
      rowOf({ name, value: ratio, unit: 'ratio', peer: base, goal }),
      rowOf({ name, value: callNs, unit: 'ns' }),
    ]),
    // What this machine is like at the moment: a quiet one takes 40 and 1300 ns.
    ...[measured[0], measured[3]].flatMap((one) =>
      one === undefined ? [] : [rowOf({ name: one.base, value: one.baseNs, unit: 'ns' })],
    ),
  ];
}

interface Guard {
  readonly name: string;
  readonly call: () => unknown;
  readonly base: keyof typeof BASES;
  readonly goal: number;
}

function perCallNs(call: () => unknown): number {
  let kept: unknown;
  const begunMs = performance.now();
  for (let count = 0; count < READS; count += 1) kept = call();
  if (kept === undefined) throw new Error('nothing was measured');
  return ((performance.now() - begunMs) * 1e6) / READS;
}

const PROCESSES = 7;
const BLOCKS = 4;

/** The watchdog at work; the first stack is the first of a process. */
export async function blockRows(options: BenchOptions): Promise<readonly BenchRow[]> {
  options.progress('pauses: blocks');
  const firsts: number[] = [];
  const repeated: number[] = [];
  const late: number[] = [];
  const bare: number[] = [];
  const bareAgain: number[] = [];
  for (let count = 0; count < (options.quick ? 2 : PROCESSES); count += 1) {
    const { stdout } = await run(process.execPath, [beside('pauses/block.child.js'), String(BLOCKS)]);
    const { lateMs, stackMs, bareMs, bareAgainMs } = JSON.parse(stdout) as Readonly<
      Record<'lateMs' | 'stackMs' | 'bareMs' | 'bareAgainMs', number[]>
    >;
    const [first = NaN, ...rest] = stackMs;
    firsts.push(first);
    repeated.push(...rest);
    late.push(...lateMs);
    bare.push(...bareMs.slice(1));
    bareAgain.push(...bareAgainMs);
  }
  return [
    rowOf({ name: 'stack of a blocked main thread, first (median)', value: median(firsts), unit: 'ms', goal: 3 }),
    rowOf({
      name: 'stack of a blocked main thread, repeated (median)',
      value: median(repeated),
      unit: 'ms',
      goal: 0.1,
    }),
    rowOf({
      name: 'stack of a blocked main thread, repeated (median)',
      value: median(repeated) / median(bare),
      unit: 'ratio',
      peer: 'connect, evaluate, disconnect',
    }),
    rowOf({
      name: 'connect, evaluate, disconnect, one right after the other (median)',
      value: median(bareAgain),
      unit: 'ms',
    }),
    rowOf({ name: 'notice of a block, after its limit (median)', value: median(late), unit: 'ms', goal: 50 }),
    rowOf({ name: 'notice of a block, after its limit (worst)', value: Math.max(...late), unit: 'ms' }),
  ];
}
