/**
 * Real pauses: each is made in a process of its own, confirmed by the kernel or by that process's own count, and compared with what our
 * monitor told. Nothing depends on how fast the machine is; what others on it did to a trial is told apart, and such a trial made again.
 *
 * The normal run makes one of each quick kind. It is to pass on every machine: a failure must repeat itself, and what the machine does not
 * let happen, or what others have too much of it for, is printed as not shown. `TRUECHIMER_INJECTIONS=full` makes twenty of all kinds and
 * excuses nothing; `TRUECHIMER_INJECTIONS_ONLY` names one. The matrix is printed.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { INJECTIONS } from '../injections/injections.ts';
import { matrixText, repeatedFailures, scoreOf } from '../injections/matrix.ts';
import { buildChild, type ChildProgram } from '../support/child-program.ts';
import { type InjectionRun, runInjection } from '../injections/trials.ts';
import { drawing } from '../injections/drawing.ts';
import { SEED } from '../seed.ts';

const IS_FULL = process.env['TRUECHIMER_INJECTIONS'] === 'full';
const REPETITIONS = IS_FULL ? 20 : 1;
const ONLY = process.env['TRUECHIMER_INJECTIONS_ONLY'];

/** On a busy machine; on a quiet one it is 0.99, which `bench/pauses` shows. */
const RIGHT_LEAST = 0.96;
/** Twenty of the slowest take a minute and a half, and a busy machine four times as long. */
const LIMIT_MS = 600_000;

describe.skipIf(process.platform !== 'linux')('injected pauses', () => {
  const random = drawing(SEED);
  const runs: InjectionRun[] = [];
  let program: ChildProgram;

  beforeAll(async () => {
    program = await buildChild(new URL('../injections/subject.child.ts', import.meta.url));
  });

  afterAll(async () => {
    await program?.[Symbol.asyncDispose]();
    process.stderr.write(`\n${matrixText(runs)}\n`);
  });

  for (const injection of INJECTIONS.filter(({ quick }) => IS_FULL || quick)) {
    if (ONLY !== undefined && injection.name !== ONLY) continue;
    it(
      `${injection.name}: no wrong name, nothing missed, as long as it was`,
      async ({ skip }) => {
        const run = await runInjection(injection, {
          program: program.path,
          folder: program.folder,
          repetitions: REPETITIONS,
          confirms: !IS_FULL,
          random,
        });
        runs.push(run);
        skip(run.skipped !== undefined, run.skipped);
        const { wrong, missed, tooShort } = scoreOf([run]);
        expect(IS_FULL ? [...wrong, ...missed, ...tooShort] : repeatedFailures(run)).toEqual([]);
      },
      LIMIT_MS,
    );
  }

  it(IS_FULL ? 'named nearly all of them' : 'named one of them at least, if there was one to be named', () => {
    const { right, trials } = scoreOf(runs);
    expect(right).toBeGreaterThanOrEqual(IS_FULL ? Math.floor(RIGHT_LEAST * trials) : Math.min(1, trials));
  });
});
