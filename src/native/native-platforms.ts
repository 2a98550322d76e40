/**
 * Which clocks a platform has, what they are called, and in which library they are.
 *
 * | clock    | Linux                 | macOS                 | Windows                             |
 * | -------- | --------------------- | --------------------- | ----------------------------------- |
 * | `boot`   | `CLOCK_BOOTTIME`      | `CLOCK_MONOTONIC_RAW` | `QueryInterruptTimePrecise`         |
 * | `active` | `CLOCK_MONOTONIC`     | `CLOCK_UPTIME_RAW`    | `QueryUnbiasedInterruptTimePrecise` |
 * | `raw`    | `CLOCK_MONOTONIC_RAW` | `CLOCK_MONOTONIC_RAW` | `QueryInterruptTimePrecise`         |
 *
 * `boot` counts suspend and `active` does not; `raw` is what no time daemon speeds up or slows down. Sources: clock_gettime(2) of Linux and of
 * macOS (there `CLOCK_MONOTONIC_RAW` is mach_continuous_time and `CLOCK_UPTIME_RAW` mach_absolute_time), realtimeapiset.h of Windows 10. Only
 * Linux was run; the rest is tested against a model of what is documented. Only 64-bit processes, where `struct timespec` is two 64-bit numbers everywhere.
 * Android is left out: its filters end a process that makes a system call they do not know.
 */
import type { ClockSource } from './native-reader.ts';

/** What agrees with which clock of Node's: see `self-test.ts`. */
export type ComparedWith = 'active' | 'boot';

/** The clocks of one platform. */
export interface NativePlatform {
  /** Tried in turn: null are the symbols of the process, which is linked with its C library, whichever that is. */
  readonly libraries: readonly (string | null)[];
  readonly boot: ClockSource;
  readonly active: ClockSource;
  readonly raw: ClockSource;
  /** Which of the clocks `process.hrtime` is, and how far the two may differ because both were converted, in ns. */
  readonly hrtime: { readonly is: ComparedWith; readonly withinNs: bigint } | undefined;
  /** By how much boot time may be ahead of `os.uptime()`, in ms; undefined where that is taken from the wall clock. */
  readonly uptimeStepMs: number | undefined;
  /** Whether `adjtimex` is there and `struct timex` is laid out as in `kernel-clock.ts`. */
  readonly hasAdjtimex: boolean;
}

function gettime(clock: string, selector: number, countsSuspend: boolean): ClockSource {
  return { name: 'clock_gettime', clock, selector, result: 'int32', layout: 'timespec', countsSuspend };
}

function interruptTime(name: string, countsSuspend: boolean): ClockSource {
  return { name, clock: name, selector: undefined, result: 'void', layout: 'hundreds', countsSuspend };
}

const LINUX: NativePlatform = {
  libraries: [null, 'libc.so.6', 'libc.so'],
  boot: gettime('CLOCK_BOOTTIME', 7, true),
  active: gettime('CLOCK_MONOTONIC', 1, false),
  raw: gettime('CLOCK_MONOTONIC_RAW', 4, false),
  hrtime: { is: 'active', withinNs: 0n },
  uptimeStepMs: 10,
  hasAdjtimex: true,
};

const CONTINUOUS = gettime('CLOCK_MONOTONIC_RAW', 4, true);

const MACOS: NativePlatform = {
  libraries: [null, '/usr/lib/libSystem.B.dylib'],
  boot: CONTINUOUS,
  active: gettime('CLOCK_UPTIME_RAW', 8, false),
  raw: CONTINUOUS,
  hrtime: { is: 'boot', withinNs: 1000n },
  uptimeStepMs: undefined,
  hasAdjtimex: false,
};

const INTERRUPT_TIME = interruptTime('QueryInterruptTimePrecise', true);

/** `os.uptime()` is GetTickCount64 there, which advances every 10 to 16 ms. */
const UPTIME_STEP_WINDOWS_MS = 32;

const WINDOWS: NativePlatform = {
  libraries: ['KernelBase.dll'],
  boot: INTERRUPT_TIME,
  active: interruptTime('QueryUnbiasedInterruptTimePrecise', false),
  raw: INTERRUPT_TIME,
  hrtime: undefined,
  uptimeStepMs: UPTIME_STEP_WINDOWS_MS,
  hasAdjtimex: false,
};

/** 64-bit processors that Node runs on: on these `long` has 64 bits on Linux, and `struct timex` has no gaps of its own. */
const ARCHITECTURES: ReadonlySet<string> = new Set(['x64', 'arm64', 'ppc64', 'riscv64', 'loong64', 's390x']);

const PLATFORMS: ReadonlyMap<string, NativePlatform> = new Map([
  ['linux', LINUX],
  ['darwin', MACOS],
  ['win32', WINDOWS],
]);

/** What is known of a platform; undefined where nothing is. */
export function nativePlatform(platform: string, architecture: string): NativePlatform | undefined {
  return ARCHITECTURES.has(architecture) ? PLATFORMS.get(platform) : undefined;
}
