/**
 * What native clocks use of the runtime.
 */
import { endianness, uptime } from 'node:os';
import type { ClockPort } from '../core/index.ts';
import { systemClock } from '../node/index.ts';
import type { FfiModule } from './foreign-functions.ts';
import type { TestWitnesses } from './self-test.ts';

/** The runtime; replaced only in tests. */
export interface NativeRim extends TestWitnesses {
  readonly platform: string;
  readonly architecture: string;
  readonly isLittleEndian: boolean;
  /** The machine's clock, of which everything but boot time is taken. */
  readonly port: ClockPort;
  /** `node:ffi`, where the runtime has it. Node prints a warning the first time that it is asked for: it is experimental. */
  readonly ffi: () => FfiModule | undefined;
}

/** This runtime. */
export const MACHINE: NativeRim = {
  platform: process.platform,
  architecture: process.arch,
  isLittleEndian: endianness() === 'LE',
  port: systemClock.port,
  ffi: runtimeFfi,
  hrtimeNs: () => process.hrtime.bigint(),
  uptime,
};

function runtimeFfi(): FfiModule | undefined {
  // Node 20 got `getBuiltinModule` with 20.16; its types do not know `node:ffi`.
  const runtime = process as { getBuiltinModule?: (name: string) => unknown };
  const found = runtime.getBuiltinModule?.('node:ffi') as Partial<FfiModule> | undefined;
  const isKnown = typeof found?.dlopen === 'function' && typeof found.getRawPointer === 'function';
  return isKnown ? (found as FfiModule) : undefined;
}
