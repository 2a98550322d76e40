/**
 * Every library through every nemesis, against real servers, the engines beside each other.
 */
import { acquisitionsOf, overlapsOf, refusedWritesOf, staleWritesOf, violationsOf } from '../../test/live/checkers.ts';
import { type Engine, ENGINE_BINARIES, type EngineName, ourLockKey, startEngine } from '../../test/live/engines.ts';
import { NEMESES, NEMESIS_NAMES, type NemesisName } from '../../test/live/nemeses.ts';
import { type LiveRun, runScenario } from '../../test/live/scenario.ts';
import { serverBinary } from '../../test/servers/server-binary.ts';
import type { BenchOptions, BenchRow } from '../harness/bench.ts';
import { rowOf } from '../harness/bench.ts';
import { beside } from '../ntp/responder.ts';

/** One library. */
export interface Candidate {
  readonly rig: string;
  readonly engine: EngineName;
  readonly isOurs: boolean;
  readonly lockKey: (name: string) => string;
  /** What was configured. */
  readonly how: string;
}

const ours = (engine: EngineName, how: string): Candidate => ({
  rig: engine,
  engine,
  isOurs: true,
  lockKey: (name) => ourLockKey(engine, name),
  how,
});

/** Ours first. */
export const CANDIDATES: readonly Candidate[] = [
  ours(
    'postgres',
    'truechimer, PostgresLeaseStore on a pg.Pool with a third of the TTL as its timeouts; fenced by PostgresFence',
  ),
  ours('etcd', 'truechimer, EtcdLeaseStore over fetch; fenced by EtcdFence'),
  ours('redis', 'truechimer, RedisLeaseStore on redis 6 with disableOfflineQueue; fenced by RedisFence'),
  {
    rig: 'redlock 4',
    engine: 'redis',
    isOurs: false,
    lockKey: (name) => name,
    how: 'redlock 4.2.0, defaults, one ioredis 6; extend() every third of the TTL; believed while expiration > Date.now() and no extension failed',
  },
  {
    rig: 'redlock 5',
    engine: 'redis',
    isOurs: false,
    lockKey: (name) => name,
    how: 'redlock 5.0.0-beta.2, defaults, one ioredis 6; using(); believed until its signal is aborted',
  },
  {
    rig: 'redis-semaphore',
    engine: 'redis',
    isOurs: false,
    lockKey: (name) => `mutex:${name}`,
    how: 'redis-semaphore 5.8.0, Mutex, defaults but lockTimeout, ioredis 6; believed while isAcquired',
  },
  {
    rig: 'etcd3',
    engine: 'etcd',
    isOurs: false,
    lockKey: (name) => name,
    how: 'etcd3 1.1.2, lock().ttl().do(); it tells of no loss, so it is believed until the act ends',
  },
];

/** What a library is called in the table. */
export function titleOf({ rig, isOurs }: Pick<Candidate, 'rig' | 'isOurs'>): string {
  return isOurs ? `truechimer/${rig}` : rig;
}

/** One run, judged. */
export interface Outcome {
  readonly candidate: Candidate;
  readonly nemesis: NemesisName;
  readonly run: LiveRun | undefined;
  /** Why there is no run. */
  readonly failure?: string;
  readonly overlaps: number;
  readonly stale: number;
  readonly refused: number;
  readonly violations: readonly string[];
}

/** All have the same time to live; etcd takes none that is shorter. */
export const TTL_MS = 2000;
/** After B has the lock the nemesis lasts this long for those of whom nothing is expected, and they are watched as long again. */
const WATCH_MS = 1500;
/** At least so long a nemesis lasts: three times to live. */
const LASTS_MS = 3 * TTL_MS;

const QUICK: readonly NemesisName[] = ['paused', 'black-hole', 'freed'];

/** Scenarios mostly wait; more at once would slow each other down. */
const CHAINS_AT_ONCE = 4;

/** Runs what can be run on this machine: each library against a server of its own, several libraries at once. */
export async function compare(options: BenchOptions): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  const waiting = [...CANDIDATES];
  const work = async (): Promise<void> => {
    for (let candidate = waiting.shift(); candidate !== undefined; candidate = waiting.shift()) {
      outcomes.push(...(await runChain(candidate, options)));
    }
  };
  await Promise.all(Array.from({ length: CHAINS_AT_ONCE }, work));
  return outcomes.sort((a, b) => CANDIDATES.indexOf(a.candidate) - CANDIDATES.indexOf(b.candidate));
}

async function runChain(candidate: Candidate, options: BenchOptions): Promise<readonly Outcome[]> {
  const missing = serverBinary(ENGINE_BINARIES[candidate.engine]);
  if (missing.path === undefined) {
    options.progress(`leases: without ${titleOf(candidate)}: ${missing.reason}`);
    return [];
  }
  await using engine = await startEngine(candidate.engine);
  const outcomes: Outcome[] = [];
  for (const nemesis of options.quick ? QUICK : NEMESIS_NAMES) {
    if (NEMESES[nemesis].needsWallClock && serverBinary('cc').path === undefined) continue;
    const outcome = await judge(engine, candidate, nemesis);
    outcomes.push(outcome);
    options.progress(`leases: ${titleOf(candidate)}, ${NEMESES[nemesis].name}: ${cellOf(outcome)}`);
  }
  return outcomes;
}

async function judge(engine: Engine, candidate: Candidate, nemesis: NemesisName): Promise<Outcome> {
  const plan = { engine, nemesis, rig: candidate.rig, lockKey: candidate.lockKey, ttlMs: TTL_MS };
  const expects = candidate.isOurs ? 'notices' : { watchMs: WATCH_MS };
  const program = beside('leases/contender.child.js');
  try {
    const run = await runScenario({ ...plan, program, expects, lastsMs: LASTS_MS, alwaysAsks: true });
    const exclusive = NEMESES[nemesis].effect !== 'robbed';
    return {
      candidate,
      nemesis,
      run,
      overlaps: overlapsOf(run).length,
      stale: staleWritesOf(run).length,
      refused: refusedWritesOf(run),
      violations: candidate.isOurs ? violationsOf(run, { exclusive }) : [],
    };
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    return { candidate, nemesis, run: undefined, failure, overlaps: 0, stale: 0, refused: 0, violations: [] };
  }
}

/** A few words. */
export function cellOf(outcome: Outcome): string {
  if (outcome.run === undefined) return `did not run: ${(outcome.failure ?? '').split('\n')[0] ?? ''}`;
  const { overlaps, stale, refused, candidate } = outcome;
  const kept = outcome.run.records.B.some(({ kind }) => kind === 'acquired') ? '' : ', A kept it';
  if (!candidate.isOurs) return `${overlaps} / ${stale}${kept}`;
  return `${overlaps} / ${stale}, ${refused} refused${kept}`;
}

/** Rows of one outcome; ours have goals. */
export function outcomeRows(outcome: Outcome): readonly BenchRow[] {
  const { candidate, nemesis, run } = outcome;
  const peer = titleOf(candidate);
  const { name, effect } = NEMESES[nemesis];
  if (run === undefined) return [rowOf({ name: `${name}: did not run`, value: 1, unit: 'runs', peer, goal: 0 })];
  const goal = candidate.isOurs ? { goal: 0 } : {};
  return [
    rowOf({
      name: `${name}: overlapping checks`,
      value: outcome.overlaps,
      unit: 'checks',
      peer,
      ...(effect !== 'robbed' && goal),
    }),
    rowOf({ name: `${name}: stale writes accepted`, value: outcome.stale, unit: 'writes', peer, ...goal }),
    ...(candidate.isOurs
      ? [
          rowOf({ name: `${name}: stale writes refused`, value: outcome.refused, unit: 'writes', peer }),
          rowOf({ name: `${name}: rules broken`, value: outcome.violations.length, unit: 'rules', peer, goal: 0 }),
        ]
      : []),
    rowOf({ name: `${name}: acquisitions`, value: acquisitionsOf(run).length, unit: 'runs', peer }),
  ];
}
