/**
 * Real pauses: each is made in a process of its own, confirmed by the kernel or by that process's own count, and compared with what our
 * monitor told. Nothing depends on how fast the machine is; what others on it did to a trial is told apart, and such a trial made again.
 *
 * Not part of the normal run yet: what it shows on machines of every kind is not known. `TRUECHIMER_INJECTIONS=quick` makes two of each
 * quick kind, `TRUECHIMER_INJECTIONS=full` twenty of all. The matrix is printed.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { INJECTIONS } from '../injections/injections.ts';
import { matrixText, scoreOf } from '../injections/matrix.ts';
import { buildChild, type ChildProgram } from '../support/child-program.ts';
import { type InjectionRun, runInjection } from '../injections/trials.ts';
import { drawing } from '../injections/drawing.ts';
import { SEED } from '../seed.ts';

const AMOUNT = process.env['TRUECHIMER_INJECTIONS'];
const IS_FULL = AMOUNT === 'full';
const REPETITIONS = IS_FULL ? 20 : 2;
const ONLY = process.env['TRUECHIMER_INJECTIONS_ONLY'];

/** On a busy machine; on a quiet one it is 0.99, which `bench/pauses` shows. Of few, few may be left open. */
const RIGHT_LEAST = IS_FULL ? 0.96 : 0.8;
/** Twenty of the slowest take a minute and a half, and a busy machine four times as long. */
const LIMIT_MS = 600_000;

if (AMOUNT === undefined)
  console.log('skipped: injected pauses, because TRUECHIMER_INJECTIONS is not set (quick or full)');

describe.skipIf(process.platform !== 'linux' || AMOUNT === undefined)('injected pauses', () => {
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
          random,
        });
        runs.push(run);
        skip(run.skipped !== undefined, run.skipped);
        const { wrong, missed, tooShort } = scoreOf([run]);
        expect({ wrong, missed, tooShort }).toEqual({ wrong: [], missed: [], tooShort: [] });
      },
      LIMIT_MS,
    );
  }

  it('named nearly all of them', () => {
    const { right, trials, unknown } = scoreOf(runs);
    expect(right + unknown).toBe(trials);
    expect(right).toBeGreaterThanOrEqual(Math.floor(RIGHT_LEAST * trials));
  });
});
