/**
 * Simulated time for code that does not take a clock: the globals of this process, replaced and put back.
 */
import { ClockError } from '../core/index.ts';
import type { SimClockCore } from '../sim/index.ts';
import { requireNoFake } from './other-fakes.ts';
import { Patches } from './patches.ts';
import { FAKE_NAMES, type FakeName, publishToImports, replacementsOf } from './replacements.ts';

/** What is faked. */
export interface InstallOptions {
  /** Only these. Default: all. */
  readonly toFake?: readonly FakeName[];
  /** All but these: leave the timers real to work beside real sockets. */
  readonly leaveReal?: readonly FakeName[];
}

/** A clock that is installed; `using` undoes it. */
export interface InstalledClock<SomeClock extends SimClockCore = SimClockCore> extends Disposable {
  readonly clock: SomeClock;
  /**
   * Puts everything back exactly as it was; what is still set never fires. Calling it again does nothing.
   *
   * @throws TC_FAKE_INSTALLED, and changes nothing, when another fake was installed over this one and is still there.
   */
  uninstall(): void;
}

/**
 * Lets `Date`, `performance.now`, `process.hrtime`, `setTimeout` and the like show the time of a simulated clock.
 *
 * Replaced are `Date`; `performance.now` and `timeOrigin`; `process.hrtime` and `process.uptime`; the timers of the global object, of
 * `node:timers` and of `node:timers/promises`, also for named imports; `AbortSignal.timeout`; and `Temporal.Now` where it exists. Left real
 * are microtasks and `process.nextTick` (they take no time), `os.uptime`, `performance.mark` and `measure`, `Intl` without an argument, and
 * whatever was captured before: `const now = Date.now` in a module that is loaded already keeps the real one.
 *
 * @param clock - The clock to show. Its faults are seen through the globals as well.
 * @param options - Which of them. Fewer leave more of the process real.
 * @returns The installation: call `uninstall()` in the end, or declare it with `using`.
 * @throws TC_FAKE_INSTALLED when a fake clock is installed already, ours or another; TC_INVALID_ARGUMENT for an unknown name.
 *
 * @example
 * ```ts
 * import { install, SimClock } from 'truechimer/testing';
 *
 * const clock = new SimClock();
 * const installed = install(clock);
 * try {
 *   const begun = Date.now();
 *   setTimeout(() => console.log(Date.now() - begun), 60_000); // 60000
 *   clock.advance(60_000); // at once
 * } finally {
 *   installed.uninstall();
 * }
 * ```
 */
export function install<SomeClock extends SimClockCore>(
  clock: SomeClock,
  options: InstallOptions = {},
): InstalledClock<SomeClock> {
  const { list, close } = replacementsOf(namesOf(options), clock.node);
  requireNoFake(list);
  const patches = new Patches();
  patches.apply(list);
  publishToImports();
  let installed = true;
  const uninstall = (): void => {
    if (!installed) return;
    patches.undo();
    installed = false;
    close();
    publishToImports();
  };
  return { clock, uninstall, [Symbol.dispose]: uninstall };
}

function namesOf(options: InstallOptions): ReadonlySet<FakeName> {
  const { toFake = FAKE_NAMES, leaveReal = [] } = options;
  for (const name of [...toFake, ...leaveReal]) {
    if (FAKE_NAMES.includes(name)) continue;
    throw new ClockError(
      'TC_INVALID_ARGUMENT',
      `install: there is nothing called ${JSON.stringify(name)} to fake, only ${FAKE_NAMES.join(', ')}. Use one of these names.`,
    );
  }
  return new Set(toFake.filter((name) => !leaveReal.includes(name)));
}
