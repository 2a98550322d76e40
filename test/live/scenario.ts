/**
 * One scenario: A holds the lock behind a proxy, a nemesis strikes, B wants the lock, the nemesis ends; then the lock goes back and forth.
 *
 * Every step waits for something to be seen, never for an amount of time, except that a library which notices nothing is watched for
 * `watchMs`. The whole has a limit.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { FakeWallClock } from '../servers/fake-time.ts';
import { TcpProxy } from '../servers/tcp-proxy.ts';
import { until } from '../integration/until.ts';
import { ContenderProcess } from './contender-process.ts';
import type { Engine } from './engines.ts';
import { NEMESES, type Nemesis, type NemesisName, type Scene } from './nemeses.ts';
import { type HistoryEntry, type LiveRecord, machineMs } from './record.ts';

/** What is to be run. */
export interface ScenarioPlan {
  readonly engine: Engine;
  readonly nemesis: NemesisName;
  /** The built program of the contenders, and which library they use in it. */
  readonly program: string;
  readonly rig: string;
  readonly lockKey: (name: string) => string;
  readonly ttlMs: number;
  /** Ours is waited for; of others nothing is expected: they are watched for so long, in ms, while it lasts and afterwards. */
  readonly expects: 'notices' | { readonly watchMs: number };
  /** At least so long the nemesis lasts, in ms. Default: until B has the lock. */
  readonly lastsMs?: number;
  /** A asks before every write, whatever the nemesis; for pictures. */
  readonly alwaysAsks?: boolean;
  readonly limitMs?: number;
}

/** What was seen. */
export interface LiveRun {
  readonly nemesis: NemesisName;
  readonly rig: string;
  readonly ttlMs: number;
  readonly records: { readonly A: readonly LiveRecord[]; readonly B: readonly LiveRecord[] };
  readonly history: readonly HistoryEntry[];
  readonly struckMs: number;
  readonly healedMs: number;
}

/** A scenario that is not over after this long has hung, in ms; the slowest takes a tenth of it. */
const LIMIT_MS = 60_000;

/** So many writes, and the lock is in use. */
const SOME_WRITES = 4;

/** Who has not got the lock of another library after so many times to live will not get it. */
const TAKEOVER_TTLS_MAX = 4;

const POLL_MS = 20;

/** B looks at the state before it writes: what A writes meanwhile must not be admitted either. */
const READS_MS = 150;

let count = 0;

/** Runs it, and leaves nothing behind. */
export async function runScenario(plan: ScenarioPlan): Promise<LiveRun> {
  const nemesis: Nemesis = NEMESES[plan.nemesis];
  const folder = await mkdtemp(join(tmpdir(), 'truechimer-live-'));
  const deadlineMs = performance.now() + (plan.limitMs ?? LIMIT_MS);
  count += 1;
  const name = `${plan.rig}-${plan.nemesis}-${count}`;
  const cleanups: (() => unknown)[] = [() => rm(folder, { recursive: true, force: true })];
  try {
    const proxy = await TcpProxy.listen(plan.engine.server.port);
    cleanups.push(() => proxy.close());
    const wallClock = nemesis.needsWallClock ? new FakeWallClock() : undefined;
    cleanups.push(() => wallClock?.[Symbol.dispose]());
    const start = (who: 'A' | 'B'): ContenderProcess => {
      const env = who === 'A' && wallClock !== undefined ? wallClock.env : {};
      const lockPort = who === 'A' ? proxy.port : plan.engine.server.port;
      const contender = startContender({ plan, who, lockPort, name, env, folder, deadlineMs });
      cleanups.push(() => contender.end());
      return contender;
    };
    const [holder, rival] = [start('A'), start('B')];
    const lockKey = plan.lockKey(name);
    const { engine, ttlMs, rig } = plan;
    const scene = { engine, proxy, holder, ttlMs, lockKey, file: join(folder, 'go'), wallClock };
    await Promise.all([holder.ready(), rival.ready()]);
    const times = await play({ plan, nemesis, scene, rival });
    await Promise.all([holder.end(), rival.end()]);
    const records = { A: holder.records(), B: rival.records() };
    return { nemesis: plan.nemesis, rig, ttlMs, records, history: await engine.history(name), ...times };
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup();
  }
}

function startContender(start: {
  readonly plan: ScenarioPlan;
  readonly who: 'A' | 'B';
  readonly lockPort: number;
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly deadlineMs: number;
}): ContenderProcess {
  const { plan, who, name, env, folder } = start;
  const { rig, ttlMs, program, engine } = plan;
  const journal = join(folder, `${who}.jsonl`);
  const [lockUrl, dataUrl] = [engine.server.urlAt(start.lockPort), engine.server.url];
  const readsMs = who === 'B' ? READS_MS : 0;
  const contenderPlan = { who, rig, lockUrl, dataUrl, name, ttlMs, journal, readsMs };
  return new ContenderProcess({ program, folder, env, plan: contenderPlan }, start.deadlineMs);
}

interface Play {
  readonly plan: ScenarioPlan;
  readonly nemesis: Nemesis;
  readonly scene: Scene;
  readonly rival: ContenderProcess;
}

async function play({ plan, nemesis, scene, rival }: Play): Promise<Pick<LiveRun, 'struckMs' | 'healedMs'>> {
  const { holder } = scene;
  holder.tell({ do: 'go' });
  await holder.until('writes', (records) => writesOf(records, 'A') >= SOME_WRITES);
  if (nemesis.trustsSignal && plan.alwaysAsks !== true) {
    holder.tell({ do: 'trust-signal' });
    await holder.until('trusts its signal', (records) => records.some(({ kind }) => kind === 'trusting'));
  }
  const struckMs = machineMs();
  await nemesis.strike(scene);
  rival.tell({ do: 'go' });
  if (plan.expects === 'notices') await awaitNotice({ plan, nemesis, scene, rival });
  else await watch({ plan, nemesis, rival, watchMs: plan.expects.watchMs });
  await until(() => machineMs() - struckMs >= (plan.lastsMs ?? 0));
  const healedMs = machineMs();
  await nemesis.heal(scene);
  if (plan.expects === 'notices') await handBackAndForth({ nemesis, holder, rival });
  else await delay(plan.expects.watchMs);
  return { struckMs, healedMs };
}

/** Ours: B gets the lock, and A learns of it while the nemesis lasts, if it runs at all. */
async function awaitNotice({ nemesis, scene: { holder }, rival }: Play): Promise<void> {
  if (nemesis.effect === 'either') {
    const backMs = machineMs();
    const isKept = (record: LiveRecord): boolean =>
      (record.kind === 'renewed' || record.kind === 'acquired') && record.atMs > backMs;
    const hasTakenOver = (): boolean => writesOf(rival.records(), 'B') > 0;
    await holder.until('has the lock, or B has', (records) => records.some(isKept) || hasTakenOver());
    return;
  }
  await rival.until('has taken over', (records) => writesOf(records, 'B') >= SOME_WRITES);
  if (!nemesis.stopsHolder) await holder.until('has noticed', (records) => hasEnded(records));
}

/** Others: as long as it takes B to get the lock, if it ever does, and `watchMs` more. */
async function watch(others: {
  readonly plan: ScenarioPlan;
  readonly nemesis: Nemesis;
  readonly rival: ContenderProcess;
  readonly watchMs: number;
}): Promise<void> {
  const giveUpMs = performance.now() + TAKEOVER_TTLS_MAX * others.plan.ttlMs;
  const isOver = (): boolean => writesOf(others.rival.records(), 'B') >= SOME_WRITES || performance.now() > giveUpMs;
  while (others.nemesis.effect !== 'either' && !isOver()) await delay(POLL_MS);
  await delay(others.watchMs);
}

/** The old holder writes with its old token, gets the lock again from B, and so on: tokens of both in turn. */
async function handBackAndForth(both: {
  readonly nemesis: Nemesis;
  readonly holder: ContenderProcess;
  readonly rival: ContenderProcess;
}): Promise<void> {
  const { nemesis, holder, rival } = both;
  if (nemesis.effect === 'either' && writesOf(rival.records(), 'B') === 0) {
    holder.tell({ do: 'release' });
    await rival.until('gets the lock', (records) => writesOf(records, 'B') >= SOME_WRITES);
    return;
  }
  await holder.until('has noticed', (records) => hasEnded(records));
  await rival.until('has the lock', (records) => writesOf(records, 'B') >= SOME_WRITES);
  holder.tell({ do: 'careless' });
  const isCareless = (record: LiveRecord): boolean =>
    record.kind === 'write' && record.careless && record.outcome !== 'failed';
  await holder.until('was careless', (records) => records.filter(isCareless).length >= 3);
  rival.tell({ do: 'release' });
  const since = rival.records().find(({ kind }) => kind === 'acquired');
  await holder.until('has it back', (records) => isWritingAgain(records, since));
}

/** Whether it writes under a lock that it got after that moment. */
function isWritingAgain(records: readonly LiveRecord[], since: LiveRecord | undefined): boolean {
  const last = records.findLastIndex(({ kind }) => kind === 'acquired');
  const [acquired, ...rest] = records.slice(last);
  if (acquired?.kind !== 'acquired' || since?.kind !== 'acquired' || acquired.atMs < since.atMs) return false;
  return rest.some((record) => record.kind === 'write' && record.outcome === 'accepted' && !record.careless);
}

function hasEnded(records: readonly LiveRecord[]): boolean {
  return records.some(({ kind }) => kind === 'lost');
}

/** Accepted ones, of one contender. */
function writesOf(records: readonly LiveRecord[], who: 'A' | 'B'): number {
  return records.filter(
    (record) => record.kind === 'write' && record.outcome === 'accepted' && record.acquisition.startsWith(who),
  ).length;
}
