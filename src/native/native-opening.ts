/**
 * From a runtime to clocks: each way in turn, each library of the platform in turn, and the self-test.
 */
import { createClock, isClockError } from '../core/index.ts';
import {
  type KoffiModule,
  type NativeWay,
  openWithFfi,
  openWithKoffi,
  type SystemLibrary,
} from './foreign-functions.ts';
import { type KernelClock, KernelClockReader, noKernelClock } from './kernel-clock.ts';
import type { NativeClocks, NativeClocksReason, NativeClocksUnavailable } from './native-outcome.ts';
import { NATIVE_BOOT_ID, nanosecondClock, nativePort } from './native-port.ts';
import { type NativePlatform, nativePlatform } from './native-platforms.ts';
import { type ClockSource, NativeReader } from './native-reader.ts';
import type { NativeRim } from './native-rim.ts';
import { disagreement, type NativeReaders } from './self-test.ts';

/** What a user said about the way, checked. */
export interface WayOptions {
  readonly koffi: KoffiModule | undefined;
  readonly via: NativeWay | undefined;
}

type Outcome = NativeClocks | NativeClocksUnavailable;

type Opener = (path: string | null) => SystemLibrary;

const ACTIVE_ID: symbol = Symbol.for('truechimer.clock.native.active');
const RAW_ID: symbol = Symbol.for('truechimer.clock.native.raw');

/** What Node's permission model says. */
const ACCESS_DENIED = 'ERR_ACCESS_DENIED';

/** Opens the clocks of the first way that gives them; else every way says why not, and the reason is that of the first. */
export function openNativeClocks(rim: NativeRim, options: WayOptions): Outcome {
  const platform = nativePlatform(rim.platform, rim.architecture);
  if (platform === undefined) {
    return unavailable(
      'platform',
      `a 64-bit Linux, macOS or Windows is needed, and this is ${rim.platform} on ${rim.architecture}.`,
    );
  }
  const refusals: NativeClocksUnavailable[] = [];
  for (const open of openersOf(rim, options)) {
    const outcome = openOneWay(rim, platform, open);
    if (outcome.status === 'available') return outcome;
    refusals.push(outcome);
  }
  const [first] = refusals;
  if (first === undefined) return unavailable('no-ffi', nothingToUse(options));
  return unavailable(first.reason, refusals.map(({ detail }) => detail).join(' '));
}

function openersOf(rim: NativeRim, { koffi, via }: WayOptions): readonly Opener[] {
  const openers: Opener[] = [];
  const ffi = via === 'koffi' ? undefined : rim.ffi();
  if (ffi !== undefined) openers.push((path) => openWithFfi(ffi, path));
  if (koffi !== undefined && via !== 'node:ffi') openers.push((path) => openWithKoffi(koffi, path));
  return openers;
}

function openOneWay(rim: NativeRim, platform: NativePlatform, open: Opener): Outcome {
  const failures: string[] = [];
  for (const path of platform.libraries) {
    try {
      return openLibrary(rim, platform, open(path));
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      if (isClockError(error)) return unavailable('no-clock', text);
      if (codeOf(error) === ACCESS_DENIED) return unavailable('not-permitted', text);
      failures.push(`${path ?? 'the process itself'}: ${text}`);
    }
  }
  return unavailable('no-function', failures.join('; '));
}

/** @throws When a function is not in it, and TC_NO_MONOTONIC_CLOCK when a clock cannot be read. */
function openLibrary(rim: NativeRim, platform: NativePlatform, library: SystemLibrary): Outcome {
  const reader = (source: ClockSource): NativeReader => new NativeReader(library, source, rim.isLittleEndian);
  const readers = { boot: reader(platform.boot), active: reader(platform.active), raw: reader(platform.raw) };
  const kernel = kernelReader(rim, platform, library);
  const found = disagreement(platform, readers, rim);
  return found === undefined
    ? clocksOf(rim, { way: library.way, readers, kernel })
    : unavailable('disagreement', found);
}

function kernelReader(rim: NativeRim, platform: NativePlatform, library: SystemLibrary): () => KernelClock {
  if (!platform.hasAdjtimex) return () => noKernelClock(rim.platform);
  const reader = new KernelClockReader(library, {
    wallMs: () => rim.port.wallMs(),
    isLittleEndian: rim.isLittleEndian,
  });
  return () => reader.read();
}

interface Opened {
  readonly way: NativeWay;
  readonly readers: NativeReaders;
  readonly kernel: () => KernelClock;
}

function clocksOf({ port }: NativeRim, { way, readers, kernel }: Opened): NativeClocks {
  return {
    status: 'available',
    via: way,
    clock: createClock(nativePort(port, readers.boot)),
    boot: nanosecondClock(port, readers.boot, NATIVE_BOOT_ID),
    active: nanosecondClock(port, readers.active, ACTIVE_ID),
    raw: nanosecondClock(port, readers.raw, RAW_ID),
    kernelClock: kernel,
  };
}

function nothingToUse({ via }: WayOptions): string {
  const absent = 'node:ffi is not in this runtime (Node 26 has it)';
  return via === 'node:ffi' ? `${absent}.` : `${absent}, and no koffi was passed: nativeClocks({ koffi }).`;
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

function unavailable(reason: NativeClocksReason, detail: string): NativeClocksUnavailable {
  return { status: 'unavailable', reason, detail };
}
