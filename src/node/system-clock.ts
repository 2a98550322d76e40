/**
 * The machine's clocks: the only place where `Date.now`, `performance.now` and `os.uptime` are read.
 *
 * What they are, by platform (libuv): `performance.now()` is CLOCK_MONOTONIC on Linux, which stands still in suspend and is slewed
 * together with the wall clock; mach_continuous_time on macOS and QueryPerformanceCounter on Windows, which count sleep. `os.uptime()`
 * on Linux is /proc/uptime: boot time in steps of 10 ms, suspend included; how it is read cheaply is in `boot-clock.ts`. Android is Linux.
 *
 * Elsewhere (FreeBSD, OpenBSD, AIX, SunOS and whatever comes) nothing is claimed that is not known: the monotonic clock may stand still in
 * suspend, the wall clock may be slewed against it, and boot time is `os.uptime()` in whole seconds. Whether that counts suspend is up to
 * the system; where it follows the wall clock, a step of that clock forward looks like a suspend.
 */
import { uptime } from 'node:os';
import { performance } from 'node:perf_hooks';
import {
  type Clock,
  ClockError,
  type ClockGranularity,
  type ClockPort,
  createClock,
  type Deadline,
  type DeadlineOptions,
  type Stopwatch,
} from '../core/index.ts';
import { BootClock } from './boot-clock.ts';

/** What is known of a platform's clocks. */
interface PlatformClocks {
  readonly monotonicCountsSuspend: boolean;
  readonly wallSlewPpm: number;
  /** The step of `os.uptime()` in ms, where it is boot time; undefined where the monotonic clock is. */
  readonly uptimeStepMs: number | undefined;
  /** `os.uptime()` is /proc/uptime, and apart from the monotonic clock by suspends only. */
  readonly hasUptimeFile: boolean;
}

/** The largest slew of the wall clock against an undisciplined monotonic clock, in ppm: adjtime's 500, with room. */
const WALL_SLEW_PPM_ELSEWHERE = 1000;

const LINUX: PlatformClocks = { monotonicCountsSuspend: false, wallSlewPpm: 0, uptimeStepMs: 10, hasUptimeFile: true };

const COUNTING_SUSPEND: PlatformClocks = {
  monotonicCountsSuspend: true,
  wallSlewPpm: WALL_SLEW_PPM_ELSEWHERE,
  uptimeStepMs: undefined,
  hasUptimeFile: false,
};

const UNKNOWN: PlatformClocks = {
  monotonicCountsSuspend: false,
  wallSlewPpm: WALL_SLEW_PPM_ELSEWHERE,
  uptimeStepMs: 1000,
  hasUptimeFile: false,
};

const KNOWN: ReadonlyMap<string, PlatformClocks> = new Map([
  ['linux', LINUX],
  ['android', LINUX],
  ['darwin', COUNTING_SUSPEND],
  ['win32', COUNTING_SUSPEND],
]);

/** A monotonic clock that does not advance within this many reads is not one. */
const GRANULARITY_READS_MAX = 1_000_000;

/** How many advances are looked at to find the smallest. */
const GRANULARITY_STEPS = 20;

/** What the system port reads from the platform; replaced only in tests. */
export interface Platform {
  readonly performance: { now(): number } | undefined;
  readonly platform: string;
  /** Seconds since the machine was started; `os.uptime` when left out. */
  readonly uptime?: () => number;
}

/**
 * Makes the port of the machine's own clocks. On a platform that is not known it claims the least: see the head of this file.
 *
 * @throws TC_NO_MONOTONIC_CLOCK when the platform has no working `performance.now()`: the wall clock is no substitute.
 */
export function createSystemPort(from: Platform = { performance, platform: process.platform }): ClockPort {
  const source = requireMonotonic(from.performance);
  const clocks = KNOWN.get(from.platform) ?? UNKNOWN;
  const monotonicMs = (): number => source.now();
  const boot = bootReader(clocks, monotonicMs, from.uptime);
  return {
    name: 'system',
    monotonicId: Symbol.for('truechimer.clock.system.monotonic'),
    bootId: Symbol.for('truechimer.clock.system.boot'),
    monotonicMs,
    bootMs: boot.readMs,
    wallMs: () => Date.now(),
    granularity: lazyGranularity(source, boot.stepMs),
    monotonicCountsSuspend: clocks.monotonicCountsSuspend,
    wallSlewPpm: clocks.wallSlewPpm,
    setTimer: timersOf(globalThis),
  };
}

function requireMonotonic(source: { now(): number } | undefined): { now(): number } {
  if (typeof source?.now === 'function' && Number.isFinite(source.now())) return source;
  throw new ClockError(
    'TC_NO_MONOTONIC_CLOCK',
    'systemClock: requires a monotonic clock, and performance.now() is missing or broken here. ' +
      'Run on Node.js 20 or later; the wall clock is never used in its place.',
  );
}

/** How boot time is read, and its step in ms; undefined where that is the monotonic clock's. */
interface BootReader {
  readonly readMs: () => number;
  readonly stepMs: () => number | undefined;
}

function bootReader(clocks: PlatformClocks, monotonicMs: () => number, given: (() => number) | undefined): BootReader {
  const stepMs = (): number | undefined => clocks.uptimeStepMs;
  if (clocks.uptimeStepMs === undefined) return { readMs: monotonicMs, stepMs };
  if (!clocks.hasUptimeFile || given !== undefined) {
    const seconds = given ?? uptime;
    return { readMs: neverBack(() => seconds() * 1000), stepMs };
  }
  const clock = new BootClock(monotonicMs);
  return { readMs: neverBack(() => clock.readMs()), stepMs: () => clock.stepMs };
}

/** Some systems take uptime from the wall clock: when that is set back, counting goes on from the reading before. */
function neverBack(uptimeMs: () => number): () => number {
  let lastMs = -Infinity;
  let aheadMs = 0;
  return () => {
    const readMs = uptimeMs();
    if (readMs + aheadMs < lastMs) aheadMs = lastMs - readMs;
    lastMs = Math.max(lastMs, readMs + aheadMs);
    return lastMs;
  };
}

/** Measured on first use, not at import: a frozen fake clock must not break whoever merely imports this. */
function lazyGranularity(source: { now(): number }, bootStepMs: () => number | undefined): ClockGranularity {
  let measuredMs: number | undefined;
  return {
    get monotonicMs(): number {
      measuredMs ??= smallestStepMs(source);
      return measuredMs;
    },
    get bootMs(): number {
      return bootStepMs() ?? this.monotonicMs;
    },
    wallMs: 1,
  };
}

/** The smallest advance seen: the clock's granularity is not larger. @throws TC_NO_MONOTONIC_CLOCK when it stands still. */
function smallestStepMs(source: { now(): number }): number {
  let smallestMs = Infinity;
  let lastMs = source.now();
  for (let reads = 0, steps = 0; reads < GRANULARITY_READS_MAX && steps < GRANULARITY_STEPS; reads += 1) {
    const nowMs = source.now();
    if (nowMs > lastMs) {
      smallestMs = Math.min(smallestMs, nowMs - lastMs);
      steps += 1;
    }
    lastMs = nowMs;
  }
  if (Number.isFinite(smallestMs)) return smallestMs;
  throw new ClockError(
    'TC_NO_MONOTONIC_CLOCK',
    `systemClock: requires a monotonic clock that advances, and performance.now() stood still for ${GRANULARITY_READS_MAX} reads. ` +
      'If fake timers are installed, restore performance.now or pass a clock of your own.',
  );
}

/** Timers of a port, from functions that are looked up at each call: a fake that is installed later takes effect, unless a copy is given. */
export function timersOf(source: Pick<typeof globalThis, 'setTimeout' | 'clearTimeout'>): ClockPort['setTimer'] {
  return (callback, delayMs, { keepsAlive }) => {
    const timer = source.setTimeout(callback, delayMs);
    if (!keepsAlive) timer.unref();
    return {
      cancel: () => {
        source.clearTimeout(timer);
      },
    };
  };
}

/**
 * The machine's clocks, wall and monotonic time apart: what services use in place of `Date.now`.
 *
 * @example
 * ```ts
 * import { systemClock } from 'truechimer';
 *
 * const wall = systemClock.wall.now(); // names a moment: for logs and people
 * const mono = systemClock.monotonic.now(); // measures: for durations, timeouts, leases
 * console.log(`${wall}`, systemClock.monotonic.now().since(mono));
 * ```
 */
export const systemClock: Clock = createClock(createSystemPort());

/**
 * Starts measuring on the system's monotonic clock: what replaces `Date.now() - start`.
 *
 * @example
 * ```ts
 * import { stopwatch } from 'truechimer';
 *
 * const watch = stopwatch();
 * JSON.parse('{}');
 * console.log(`took ${watch.elapsedMs().toFixed(3)} ms`); // right even if the wall clock was stepped meanwhile
 * ```
 */
export function stopwatch(): Stopwatch {
  return systemClock.monotonic.stopwatch();
}

/**
 * A limit on the system's monotonic clock: what replaces `Date.now() > limit`.
 *
 * Reading `passed` reads the clock, so it is right at the first instruction after a pause. On Linux time in suspend does not count; where
 * it must, use `systemClock.boot.deadline(ms)`.
 *
 * @param durationMs - How long from now, 0 to 1e11 ms.
 * @throws TC_NOT_FINITE, TC_EPOCH_AS_DURATION (you passed `Date.now() + ms`), TC_OUT_OF_RANGE.
 */
export function deadline(durationMs: number, options?: DeadlineOptions): Deadline<'monotonic'> {
  return systemClock.monotonic.deadline(durationMs, options);
}
