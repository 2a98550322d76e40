/**
 * What can be learnt of this machine's clocks without asking anybody.
 */
import {
  type ClockPort,
  intersectIntervals,
  type Interval,
  subtractDown,
  subtractIntervals,
  subtractUp,
} from '../core/index.ts';
import { measureTickEdges } from '../sync/index.ts';

/** wall - monotonic, and when on the monotonic clock it was measured. */
export interface WallLook {
  /** Undefined when the wall clock was stepped meanwhile, or does not tick. */
  readonly relation: Interval | undefined;
  readonly beganMs: number;
  readonly endedMs: number;
}

/** How many tick edges are caught: about as many milliseconds in which the thread is busy. */
const EDGES = 10;

/** Catches the wall clock's tick edges. Blocks the thread for about 10 ms. */
export function lookAtWall(port: ClockPort): WallLook {
  const beganMs = port.monotonicMs();
  const edges = measureTickEdges(port, { edges: EDGES });
  return { relation: edges.result === 'measured' ? edges.relation : undefined, beganMs, endedMs: port.monotonicMs() };
}

/** The rate of the wall clock against the monotonic clock, as an interval; positive: the wall clock is faster. */
export type WallRate =
  | { readonly status: 'measured'; readonly earliestPpm: number; readonly latestPpm: number; readonly overMs: number }
  | { readonly status: 'unknown'; readonly reason: string };

/** What two looks prove about the rate. A step between them would be taken for a rate, so the caller says whether there was one. */
export function wallRateBetween(first: WallLook, second: WallLook, stepped: boolean): WallRate {
  if (stepped) return { status: 'unknown', reason: 'the wall clock was stepped while measuring' };
  if (first.relation === undefined || second.relation === undefined) {
    return { status: 'unknown', reason: 'the ticks of the wall clock could not be caught' };
  }
  const shortestMs = subtractDown(second.beganMs, first.endedMs);
  const longestMs = subtractUp(second.endedMs, first.beganMs);
  if (shortestMs <= 0) return { status: 'unknown', reason: 'the time between the two looks was too short' };
  const moved = subtractIntervals(second.relation, first.relation);
  return {
    status: 'measured',
    earliestPpm: (moved.earliest / (moved.earliest < 0 ? shortestMs : longestMs)) * 1e6,
    latestPpm: (moved.latest / (moved.latest > 0 ? shortestMs : longestMs)) * 1e6,
    overMs: longestMs,
  };
}

/** How long the machine slept since it was started: boot time minus the kernel's monotonic clock, both counted from there. */
export interface UptimeReading {
  /** The kernel's monotonic clock before and after boot time was read. */
  readonly beforeMs: number;
  readonly bootMs: number;
  readonly afterMs: number;
  readonly bootGranularityMs: number;
}

/**
 * Time in suspend since boot, as an interval from 0.
 *
 * @returns Undefined when boot time is behind monotonic time, which only happens where a container shows an uptime of its own.
 */
export function suspendedSinceBoot(reading: UptimeReading): Interval | undefined {
  const difference = {
    earliest: subtractDown(reading.bootMs, reading.afterMs),
    latest: subtractUp(reading.bootMs + reading.bootGranularityMs, reading.beforeMs),
  };
  return intersectIntervals(difference, { earliest: 0, latest: Infinity });
}

/** The clocks of this machine, as the report shows them. */
export interface MeasuredClocks {
  readonly wall: { readonly granularityMs: number };
  readonly monotonic: { readonly granularityMs: number; readonly countsSuspend: boolean };
  readonly boot: { readonly granularityMs: number; readonly countsSuspend: true };
  /** Only where the platform tells, and credibly. */
  readonly suspendedSinceBootMs?: Interval;
}

/** Puts together what is known of the clocks. */
export function describeClocks(port: ClockPort, uptime: UptimeReading | undefined): MeasuredClocks {
  const { granularity } = port;
  const suspended = uptime === undefined ? undefined : suspendedSinceBoot(uptime);
  return {
    wall: { granularityMs: granularity.wallMs },
    monotonic: { granularityMs: granularity.monotonicMs, countsSuspend: port.monotonicCountsSuspend },
    boot: { granularityMs: granularity.bootMs, countsSuspend: true },
    ...(suspended === undefined ? {} : { suspendedSinceBootMs: suspended }),
  };
}
