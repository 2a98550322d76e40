/**
 * Whether the clocks that were found are the ones that were meant, before anybody relies on them.
 *
 * Each is read between two readings of something of Node's that must agree with it, so no pause of the process can make a good clock look
 * bad: it only widens what is allowed. `process.hrtime` is one of the clocks on Linux and macOS, to the nanosecond; `os.uptime()` is boot time
 * on Linux and Windows, in steps. A wrong constant, a wrong layout, a faked `process.hrtime` and a /proc/uptime that is not the kernel's
 * (lxcfs) all show here. What is compared with nothing, raw time, must at least run at the same rate.
 */
import type { NativePlatform } from './native-platforms.ts';
import type { NativeReader } from './native-reader.ts';

/** The clocks that a platform gave. */
export interface NativeReaders {
  readonly boot: NativeReader;
  readonly active: NativeReader;
  readonly raw: NativeReader;
}

/** What they are compared with. */
export interface TestWitnesses {
  readonly hrtimeNs: () => bigint;
  /** In seconds, as `os.uptime`. */
  readonly uptime: () => number;
}

/** How long the rates are compared for, in reads of the clock. */
const RATE_READS = 200;

/** No oscillator, and nobody who corrects one, is as far off as this: a hundred times less than a wrong unit. */
const RATE_ERROR_MAX = 0.2;

/** Two clocks of the kernel are not converted at the same instant. */
const RATE_SLACK_MS = 0.001;

/** What seconds lose when they are made into milliseconds, and what a reading is rounded down by, with room: some ulps of either. */
const ROUNDED_BY: number = 2 ** -48;

/** Where `os.uptime()` has no fractions it may count whole seconds, and then lags by up to one. */
const WHOLE_SECOND_MS = 1000;

/** What does not agree, in words; undefined when all does. @throws TC_NO_MONOTONIC_CLOCK when a clock cannot be read or stands still. */
export function disagreement(
  platform: NativePlatform,
  readers: NativeReaders,
  witnesses: TestWitnesses,
): string | undefined {
  return (
    againstHrtime(platform, readers, witnesses) ??
    againstUptime(platform, readers.boot, witnesses) ??
    againstActive(readers) ??
    againstRate(readers)
  );
}

function againstHrtime(
  platform: NativePlatform,
  readers: NativeReaders,
  { hrtimeNs }: TestWitnesses,
): string | undefined {
  if (platform.hrtime === undefined) return undefined;
  const { is, withinNs } = platform.hrtime;
  const reader = readers[is];
  const beforeNs = hrtimeNs();
  const readNs = reader.readNs();
  const afterNs = hrtimeNs();
  if (beforeNs - withinNs <= readNs && readNs <= afterNs + withinNs) return undefined;
  return (
    `${reader.source.clock} reads ${readNs} ns where process.hrtime, which is the same clock, reads ${beforeNs} to ${afterNs} ns. ` +
    'If fake timers are installed, call it before they are.'
  );
}

function againstUptime(platform: NativePlatform, boot: NativeReader, { uptime }: TestWitnesses): string | undefined {
  if (platform.uptimeStepMs === undefined) return undefined;
  const beforeS = uptime();
  const readMs = boot.readMs();
  const afterS = uptime();
  const stepMs = Number.isInteger(beforeS) || Number.isInteger(afterS) ? WHOLE_SECOND_MS : platform.uptimeStepMs;
  const slackMs = readMs * ROUNDED_BY;
  if (beforeS * 1000 - slackMs <= readMs && readMs <= afterS * 1000 + stepMs + slackMs) return undefined;
  return (
    `${boot.source.clock} reads ${readMs} ms where os.uptime() reads ${beforeS} to ${afterS} s. ` +
    'In a container /proc/uptime may be another than the kernel’s own (lxcfs).'
  );
}

/** Boot time is active time and what was slept. */
function againstActive({ boot, active }: NativeReaders): string | undefined {
  const activeNs = active.readNs();
  const bootNs = boot.readNs();
  if (bootNs >= activeNs) return undefined;
  return `${boot.source.clock} reads ${bootNs} ns, which is behind ${active.source.clock} with ${activeNs} ns.`;
}

/** Raw time beside the clock that treats suspend alike. Inner and outer readings: a pause between two of them is no difference of rates. */
function againstRate({ boot, active, raw }: NativeReaders): string | undefined {
  const like = raw.source.countsSuspend ? boot : active;
  const slackMs = RATE_SLACK_MS + 2 * (like.granularityMs + raw.granularityMs);
  const outerMs = like.readMs();
  const rawMs = raw.readMs();
  const innerMs = like.readMs();
  for (let read = 0; read < RATE_READS; read += 1) raw.readMs();
  const leastMs = (like.readMs() - innerMs) * (1 - RATE_ERROR_MAX) - slackMs;
  const advancedMs = raw.readMs() - rawMs;
  const mostMs = (like.readMs() - outerMs) * (1 + RATE_ERROR_MAX) + slackMs;
  if (leastMs <= advancedMs && advancedMs <= mostMs) return undefined;
  return `${raw.source.clock} advanced by ${advancedMs} ms where ${like.source.clock} allows ${leastMs} to ${mostMs} ms.`;
}
