/**
 * Clocks in nanoseconds from the system's own library, for whoever wants them: boot time, active time, raw time, and what the Linux
 * kernel says of its wall clock.
 *
 * Nothing needs them. `systemClock` knows boot time in steps of 10 ms on Linux, which is enough for leases and pauses; what is gained is the
 * step, raw time, active time on macOS and Windows, and adjtimex. Speed is not what counts: a reading of boot time costs about
 * one and a half times `performance.now()`, less than one of /proc/uptime.
 *
 * What there is depends on the machine, so the answer is a value: clocks that agreed with Node's, or the reason why there are none. Nothing
 * weaker is put in their place.
 */
import { ClockError, describeValue, optionNames, requireOptions } from '../core/index.ts';
import type { KoffiModule, NativeWay } from './foreign-functions.ts';
import { openNativeClocks } from './native-opening.ts';
import type { NativeClocks, NativeClocksUnavailable } from './native-outcome.ts';
import { MACHINE, type NativeRim } from './native-rim.ts';

/** Options of `nativeClocks`. */
export interface NativeClocksOptions {
  /** koffi, 2.8 or later, which is yours to install: `import koffi from 'koffi'`. Used where the runtime has no `node:ffi`. */
  readonly koffi?: KoffiModule;
  /**
   * Uses this one and no other. With `'koffi'`, `node:ffi` is not even asked for, and Node does not warn that it is experimental. When left
   * out, `node:ffi` comes first, and koffi after it.
   */
  readonly via?: NativeWay;
}

const OPERATION = 'nativeClocks';

const NAMES = optionNames<NativeClocksOptions>({ koffi: true, via: true });

const WAYS: readonly unknown[] = ['node:ffi', 'koffi'];

/**
 * Opens the system's own clocks, with boot time in nanoseconds, or says why it cannot.
 *
 * Uses `node:ffi` where the runtime has it (Node 26; Node warns once that it is experimental), and the koffi that you pass elsewhere. Call it
 * once, at the start, before fake timers are installed.
 *
 * Before they are handed out, the clocks are compared with `process.hrtime` and `os.uptime()`; when they do not agree there are none. Readings are
 * rounded down and never go back; `granularityMs` says how far below the truth they may be. Both are void when the library is not the
 * system's own: it is called with the signatures that Linux, macOS and Windows document. macOS and Windows were never run: they
 * are tested against a model of what is documented.
 *
 * @param options - koffi, and which of the two to use.
 * @returns Clocks, or `status: 'unavailable'` with the reason.
 * @throws TC_INVALID_ARGUMENT for something that is not koffi, and for `via: 'koffi'` without it.
 *
 * @example
 * ```ts
 * import koffi from 'koffi';
 * import { systemClock } from 'truechimer';
 * import { nativeClocks } from 'truechimer/native';
 *
 * const native = nativeClocks({ koffi });
 * if (native.status === 'unavailable') console.warn(`${native.reason}: ${native.detail}`);
 * const clock = native.status === 'available' ? native.clock : systemClock; // your choice, not ours
 * console.log(clock.boot.granularityMs);
 * ```
 */
export function nativeClocks(options?: NativeClocksOptions): NativeClocks | NativeClocksUnavailable {
  return nativeClocksOn(MACHINE, options);
}

/** The same on any runtime; for tests. */
export function nativeClocksOn(rim: NativeRim, options?: NativeClocksOptions): NativeClocks | NativeClocksUnavailable {
  requireOptions(OPERATION, options, NAMES);
  const { koffi, via } = options ?? {};
  requireKoffi(koffi);
  requireWay(via, koffi);
  return openNativeClocks(rim, { koffi, via });
}

function requireKoffi(koffi: KoffiModule | undefined): void {
  const given: unknown = koffi;
  if (given === undefined) return;
  const isKoffi = typeof given === 'object' && given !== null && 'load' in given && typeof given.load === 'function';
  if (isKoffi) return;
  throw invalid(
    'koffi',
    `requires the koffi module, got ${describeValue(given)}`,
    "Pass it: import koffi from 'koffi'.",
  );
}

function requireWay(via: NativeWay | undefined, koffi: KoffiModule | undefined): void {
  if (via !== undefined && !WAYS.includes(via)) {
    throw invalid(
      'via',
      `requires 'node:ffi' or 'koffi', got ${describeValue(via)}`,
      'Leave it out to use what there is.',
    );
  }
  if (via === 'koffi' && koffi === undefined) {
    throw invalid(
      'via',
      "requires the module with 'koffi', got none",
      "Pass it: nativeClocks({ koffi, via: 'koffi' }).",
    );
  }
}

function invalid(name: string, what: string, remedy: string): ClockError {
  return new ClockError('TC_INVALID_ARGUMENT', `${OPERATION} ${name}: ${what}. ${remedy}`);
}
