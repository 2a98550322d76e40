/**
 * The proof on real servers: two processes, one of them hindered, and what both saw, against what the protected store has.
 *
 * The normal run has PostgreSQL with four nemeses; `TRUECHIMER_LIVE=full` has every store with every nemesis, and the numbers of
 * the chapter (a lease of 30 s, a pause of 45 s) once.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { acquisitionsOf, refusedWritesOf, violationsOf } from '../live/checkers.ts';
import { type Engine, ENGINE_BINARIES, type EngineName, ourLockKey, startEngine } from '../live/engines.ts';
import { NEMESES, NEMESIS_NAMES, type NemesisName } from '../live/nemeses.ts';
import { buildChild, type ChildProgram } from '../support/child-program.ts';
import { type LiveRun, runScenario, type ScenarioPlan } from '../live/scenario.ts';
import { describeWithServers } from '../servers/availability.ts';

const IS_FULL = process.env['TRUECHIMER_LIVE'] === 'full';

const ENGINES: readonly EngineName[] = IS_FULL ? ['postgres', 'etcd', 'redis'] : ['postgres'];
const NAMES: readonly NemesisName[] = IS_FULL ? NEMESIS_NAMES : ['paused', 'black-hole', 'refused', 'freed'];

/** Short, so that it is over soon; etcd raises what is shorter than 2 s. */
const TTL_MS: Readonly<Record<EngineName, number>> = { postgres: 1500, etcd: 2000, redis: 1500 };

/** The chapter's: the lease is for 30 s, the pause takes 45 s. */
const CHAPTER = { ttlMs: 30_000, lastsMs: 45_000, limitMs: 240_000 };

/** What the holder writes with its old token, on purpose. */
const CARELESS_WRITES = 3;

for (const name of ENGINES) {
  const needsCompiler = NAMES.some((nemesis) => NEMESES[nemesis].needsWallClock);
  const binaries = [ENGINE_BINARIES[name], ...(needsCompiler ? (['cc'] as const) : [])];
  describeWithServers(`two processes and one lease in ${name}`, binaries, () => {
    let engine: Engine;
    let program: ChildProgram;

    beforeAll(async () => {
      program = await buildChild(new URL('../live/contender.child.ts', import.meta.url));
      engine = await startEngine(name);
    });

    afterAll(async () => {
      await engine?.[Symbol.asyncDispose]();
      await program?.[Symbol.asyncDispose]();
    });

    const run = (nemesis: NemesisName, more: Partial<ScenarioPlan> = {}): Promise<LiveRun> =>
      runScenario({
        engine,
        nemesis,
        program: program.path,
        rig: name,
        lockKey: (lease) => ourLockKey(name, lease),
        ttlMs: TTL_MS[name],
        expects: 'notices',
        ...more,
      });

    for (const nemesis of NAMES) {
      it(NEMESES[nemesis].name, async () => {
        expectSafe(await run(nemesis));
      });
    }

    it.runIf(IS_FULL && name === 'postgres')(
      'a lease of 30 s and a pause of 45 s',
      async () => {
        const seen = await run('paused', CHAPTER);
        expectSafe(seen);
        expect(seen.healedMs - seen.struckMs).toBeGreaterThanOrEqual(CHAPTER.lastsMs);
        const lost = seen.records.A.find(({ kind }) => kind === 'lost');
        expect(lost).toMatchObject({ acquisition: 'A1', reason: 'expired' });
      },
      2 * CHAPTER.limitMs,
    );
  });
}

/** All rules hold, and what they speak of has happened. */
function expectSafe(run: LiveRun): void {
  const { effect, stopsHolder, trustsSignal } = NEMESES[run.nemesis];
  expect(violationsOf(run, { exclusive: effect !== 'robbed' })).toEqual([]);
  expect(run.history.length).toBeGreaterThan(0);
  if (effect === 'either') {
    expect(acquisitionsOf(run).length).toBeGreaterThanOrEqual(2);
    return;
  }
  expect(acquisitionsOf(run).length).toBeGreaterThanOrEqual(3);
  // Stopped between a check and its write, it writes once more, in good faith.
  expect(refusedWritesOf(run)).toBeGreaterThanOrEqual(CARELESS_WRITES + (stopsHolder ? 1 : 0));
  const told = run.records.A.find((record) => record.kind === 'turn' && record.aborted);
  expect(told).toBeDefined();
  if (trustsSignal) {
    const trusting = run.records.A.findIndex(({ kind }) => kind === 'trusting');
    const asked = run.records.A.slice(trusting).find(({ kind }) => kind === 'check');
    expect(asked).toMatchObject({ ok: false, acquisition: run.records.A[trusting]?.acquisition });
  }
}
