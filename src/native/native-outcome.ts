/**
 * What opening native clocks comes to: clocks, or the reason why there are none.
 */
import type { Clock } from '../core/index.ts';
import type { NativeWay } from './foreign-functions.ts';
import type { KernelClock } from './kernel-clock.ts';
import type { NanosecondClock } from './native-port.ts';

/** Clocks from the system's own library. */
export interface NativeClocks {
  readonly status: 'available';
  /** Through what they are read. */
  readonly via: NativeWay;
  /** The machine's clock, whose boot time is in nanoseconds instead of steps of 10 ms: for whatever takes a clock. */
  readonly clock: Clock;
  /** Boot time: counts suspend. Its instants are those of `clock.boot`. */
  readonly boot: NanosecondClock<'boot'>;
  /** Active time: stands still in suspend, on macOS and Windows too. What `boot` is ahead by was slept. */
  readonly active: NanosecondClock<'active'>;
  /** What no time daemon speeds up or slows down: the oscillator alone. It is not better: its drift is what the daemon takes out. */
  readonly raw: NanosecondClock<'raw'>;
  /**
   * What the kernel says about its wall clock; a system call, only on Linux, only when you call it.
   *
   * A service manager that ends processes for system calls outside its list (systemd: `SystemCallFilter=` without `SystemCallErrorNumber=`) ends
   * this one: allow `adjtimex` and `clock_adjtime`, which glibc makes of it, or do not call it.
   */
  kernelClock(): KernelClock;
}

/**
 * Why there are none. `platform`: not a 64-bit Linux, macOS or Windows. `no-ffi`: neither `node:ffi` nor koffi. `not-permitted`: Node's permission
 * model forbids it. `no-function`: the library, or a function in it, was not found. `no-clock`: the system refused to read a clock, or it stands
 * still. `disagreement`: a clock is not the one it should be.
 */
export type NativeClocksReason = 'platform' | 'no-ffi' | 'not-permitted' | 'no-function' | 'no-clock' | 'disagreement';

/** No clocks, and why. */
export interface NativeClocksUnavailable {
  readonly status: 'unavailable';
  readonly reason: NativeClocksReason;
  /** In words, for a log. */
  readonly detail: string;
}
