/**
 * What the command reads from the platform itself, in one place: who we are, and the uptime of Linux.
 */
import { uptime } from 'node:os';
import type { UptimeReading } from './measured-clocks.ts';
import packageJson from '../../package.json' with { type: 'json' };

/** The version of this package. */
export const VERSION: string = packageJson.version;

/** What the report says about where it was made. */
export interface Machine {
  readonly node: string;
  readonly platform: string;
  readonly arch: string;
  /** Undefined where the platform's monotonic clock counts suspend itself, or does not count from boot. */
  readUptime(): UptimeReading | undefined;
}

/** This machine. */
export const thisMachine: Machine = {
  node: process.version,
  platform: process.platform,
  arch: process.arch,
  readUptime: () => (process.platform === 'linux' ? readLinuxUptime() : undefined),
};

/** The step of /proc/uptime, in ms. */
const UPTIME_STEP_MS = 10;

/** `process.hrtime` is the kernel's CLOCK_MONOTONIC unshifted, which counts from boot. */
function readLinuxUptime(): UptimeReading {
  const beforeMs = hrtimeMs();
  const bootMs = uptime() * 1000;
  return { beforeMs, bootMs, afterMs: hrtimeMs(), bootGranularityMs: UPTIME_STEP_MS };
}

function hrtimeMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
