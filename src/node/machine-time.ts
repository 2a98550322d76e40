/**
 * The machine's clock as a pause monitor needs it: one and the same from its start to its end.
 *
 * Tests replace `performance.now`, `Date` and the timers of a whole process (`install` of `truechimer/testing` and others do). Boot time and
 * the counters of the kernel stay real. Who compares the one with the other sees suspends and pauses that never were; so a monitor
 * keeps what it found when it was started, and where that was a replacement it does without everything that is real.
 */
import { performance } from 'node:perf_hooks';
import type { ClockGranularity, ClockPort } from '../core/index.ts';

/** What tells real time beside `performance.now()`, on the same axis; no fake replaces it. */
interface RealTime {
  now(): number;
  readonly nodeTiming: { readonly duration: number };
}

/** Whether `performance.now()` is this machine's own: the moment by another way lies between two readings. */
export function isMachineTime(time: RealTime = performance): boolean {
  const beforeMs = time.now();
  const { duration } = time.nodeTiming;
  return beforeMs <= duration && duration <= time.now();
}

/** The port with the platform's functions as they are now, whatever is put in their place later. */
export function keptPort(port: ClockPort): ClockPort {
  const nowMs = performance.now.bind(performance);
  const wallMs = Date.now.bind(Date);
  const [set, clear] = [setTimeout, clearTimeout];
  return {
    ...port,
    monotonicMs: nowMs,
    wallMs,
    setTimer: (callback, delayMs, { keepsAlive }) => {
      const timer = set(callback, delayMs);
      if (!keepsAlive) timer.unref();
      return {
        cancel: () => {
          clear(timer);
        },
      };
    },
  };
}

/** The port of a replaced clock. Its boot time is the machine's, which has nothing to do with it: too coarse to tell anything. */
export function portWithoutBoot(port: ClockPort): ClockPort {
  const { granularity } = port;
  const coarse: ClockGranularity = {
    get monotonicMs() {
      return granularity.monotonicMs;
    },
    get wallMs() {
      return granularity.wallMs;
    },
    bootMs: Infinity,
  };
  return { ...port, granularity: coarse, monotonicCountsSuspend: false };
}
