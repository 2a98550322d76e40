/**
 * The machine's clock as a pause monitor needs it: one and the same from its start to its end.
 *
 * Tests replace `performance.now`, `Date` and the timers of a whole process (`install` of `truechimer/testing` and others do). Boot time and
 * the counters of the kernel stay real. Who compares the one with the other sees suspends and pauses that never were; so a monitor
 * keeps what it found when it was started, and where that was a replacement it does without everything that is real.
 */
import { performance } from 'node:perf_hooks';
import type { ClockGranularity, ClockPort } from '../core/index.ts';
import { timersOf } from './system-clock.ts';

/** What tells real time beside `performance.now()`, on the same axis; no fake replaces it. */
interface RealTime {
  now(): number;
  readonly nodeTiming: { readonly duration: number };
}

/** The platform's timers as they were when this was loaded: tests replace them with performance.now() and without it. */
export const NATIVE_TIMERS: Pick<
  typeof globalThis,
  'setInterval' | 'clearInterval' | 'setTimeout' | 'clearTimeout' | 'setImmediate'
> = { setInterval, clearInterval, setTimeout, clearTimeout, setImmediate };

const nativeDateNow = Date.now;

/** Whether `performance.now()` is this machine's own: the moment by another way lies between two readings. */
export function isMachineTime(time: RealTime = performance): boolean {
  const beforeMs = time.now();
  const { duration } = time.nodeTiming;
  return beforeMs <= duration && duration <= time.now();
}

/** The port with the platform's own functions, whatever has been put in the place of timers and `Date`, and is put there later. */
export function keptPort(port: ClockPort): ClockPort {
  const nowMs = performance.now.bind(performance);
  const wallMs = (): number => nativeDateNow();
  return { ...port, monotonicMs: nowMs, wallMs, setTimer: timersOf(NATIVE_TIMERS) };
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
