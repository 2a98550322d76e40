/**
 * The typed faces of native readers: a whole clock whose boot time is native, and monotonic clocks of their own.
 */
import { type ClockGranularity, type ClockPort, createClock, type MonotonicClock } from '../core/index.ts';
import type { NativeReader } from './native-reader.ts';

/** A monotonic clock that gives nanoseconds, too. */
export interface NanosecondClock<Domain extends string = string> extends MonotonicClock<Domain> {
  /** Nanoseconds since the clock's origin, exactly as the system says. @throws TC_NO_MONOTONIC_CLOCK when it can no longer be read. */
  readonly nowNs: () => bigint;
}

/** The identity of native boot time: not that of `systemClock`, whose readings may have another origin and are coarser. */
export const NATIVE_BOOT_ID: symbol = Symbol.for('truechimer.clock.native.boot');

/**
 * The machine's port with another boot time. Monotonic time, wall time and timers are the machine's own, identity included: instants of the two
 * monotonic clocks can be compared.
 */
export function nativePort(machine: ClockPort, boot: NativeReader): ClockPort {
  return {
    name: 'native',
    monotonicId: machine.monotonicId,
    bootId: NATIVE_BOOT_ID,
    monotonicMs: () => machine.monotonicMs(),
    bootMs: () => boot.readMs(),
    wallMs: () => machine.wallMs(),
    granularity: {
      get monotonicMs(): number {
        return machine.granularity.monotonicMs;
      },
      get bootMs(): number {
        return boot.granularityMs;
      },
      wallMs: machine.granularity.wallMs,
    },
    monotonicCountsSuspend: machine.monotonicCountsSuspend,
    wallSlewPpm: machine.wallSlewPpm,
    setTimer: (callback, delayMs, options) => machine.setTimer(callback, delayMs, options),
  };
}

/** One reader as a clock; its deadlines wait on the machine's timers. */
export function nanosecondClock<Domain extends string>(
  machine: ClockPort,
  reader: NativeReader,
  id: symbol,
): NanosecondClock<Domain> {
  const port = nativePort(machine, reader);
  const granularity: ClockGranularity = {
    get monotonicMs(): number {
      return reader.granularityMs;
    },
    get bootMs(): number {
      return reader.granularityMs;
    },
    wallMs: machine.granularity.wallMs,
  };
  const monotonicMs = (): number => reader.readMs();
  const monotonicCountsSuspend = reader.source.countsSuspend;
  const { monotonic } = createClock({ ...port, monotonicId: id, monotonicMs, monotonicCountsSuspend, granularity });
  const clock: unknown = Object.assign(monotonic, { nowNs: () => reader.readNs() });
  return clock as NanosecondClock<Domain>;
}
