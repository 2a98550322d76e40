export type { KoffiLibrary, KoffiModule, NativeWay } from './foreign-functions.ts';
export type { KernelClock, KernelClockReading, KernelClockUnavailable } from './kernel-clock.ts';
export { nativeClocks, type NativeClocksOptions } from './native-clocks.ts';
export type { NativeClocks, NativeClocksReason, NativeClocksUnavailable } from './native-outcome.ts';
export type { NanosecondClock } from './native-port.ts';
