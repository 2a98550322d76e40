/**
 * A simulated clock for every test, in one line, with whatever runs the tests.
 */
import { ClockError } from '../core/index.ts';
import { install, type InstalledClock, type InstallOptions } from './install.ts';
import { SimClock, type SimClockOptions } from './sim-face.ts';

/** What vitest, jest, node:test and mocha (under `setup` or these names) all have. */
export interface TestHooks {
  beforeEach(run: () => void): unknown;
  afterEach(run: () => void): unknown;
}

/** Where a test finds its clock. */
export interface ClockOfTest {
  /** The clock of the test that is running. @throws TC_INVALID_ARGUMENT outside a test. */
  readonly clock: SimClock;
}

/**
 * Gives each test a new simulated clock, installed before it and uninstalled after it, also when it fails.
 *
 * @param hooks - The `beforeEach` and `afterEach` of the runner: from `vitest`, `@jest/globals` or `node:test`.
 * @param options - Those of `SimClock` and of `install`.
 * @returns Where each test finds its clock.
 * @throws In a test: what `SimClock` and `install` throw.
 *
 * @example
 * ```ts no-run
 * import { afterEach, beforeEach, expect, test } from 'vitest'; // or from 'node:test'
 * import { useSimClock } from 'truechimer/testing';
 *
 * const sim = useSimClock({ beforeEach, afterEach });
 *
 * test('retries after a minute', async () => {
 *   let tries = 0;
 *   setInterval(() => (tries += 1), 60_000);
 *   await sim.clock.advanceAsync(180_000);
 *   expect(tries).toBe(3);
 * });
 * ```
 */
export function useSimClock(hooks: TestHooks, options: SimClockOptions & InstallOptions = {}): ClockOfTest {
  let installed: InstalledClock<SimClock> | undefined;
  hooks.beforeEach(() => {
    installed = install(new SimClock(options), options);
  });
  hooks.afterEach(() => {
    installed?.uninstall();
    installed = undefined;
  });
  return {
    get clock(): SimClock {
      if (installed !== undefined) return installed.clock;
      throw new ClockError(
        'TC_INVALID_ARGUMENT',
        'useSimClock: there is a clock during a test only. Read it inside the test.',
      );
    },
  };
}

/**
 * Runs something on a simulated clock that is installed meanwhile, and uninstalled afterwards whatever happens.
 *
 * @param options - Those of `SimClock` and of `install`.
 * @param run - What to run; gets the clock.
 * @returns What it returned.
 * @throws What `run` throws, and what `SimClock` and `install` throw.
 *
 * @example
 * ```ts
 * import { setTimeout } from 'node:timers/promises';
 * import { withSimClock } from 'truechimer/testing';
 *
 * const outcome = await withSimClock({}, async (clock) => {
 *   const waiting = setTimeout(3_600_000, 'an hour later');
 *   await clock.advanceAsync(3_600_000);
 *   return waiting;
 * });
 * console.log(outcome); // an hour later
 * ```
 */
export async function withSimClock<Result>(
  options: SimClockOptions & InstallOptions,
  run: (clock: SimClock) => Result | Promise<Result>,
): Promise<Result> {
  using installed = install(new SimClock(options), options);
  return await run(installed.clock);
}
