/**
 * Everything that this machine tells about a pause besides its clocks.
 *
 * Fast signals say what the main thread did; they are read at every wake-up that may have been preceded by anything. Slow ones once a second
 * and after a gap. Every one is optional: what cannot be opened (another system, a container, `--permission`) is missing, and what stops making sense is dropped.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { cpus } from 'node:os';
import { performance } from 'node:perf_hooks';
import type { PauseReading } from '../pause/index.ts';
import { CgroupCounters } from './cgroup-counters.ts';
import { type LoopCounts, loopUtilization, SleepyLoop } from './event-loop.ts';
import {
  type CountersDraft,
  NumberFile,
  PressureFile,
  SchedulerFile,
  SystemFile,
  TracerFile,
} from './procfs-counters.ts';
import type { SourceCapabilities } from './pause-capabilities.ts';
import type { KeptFileAccess } from './procfs-file.ts';
import { VmClock } from './vmclock.ts';

/** A reading that is filled in place. */
export type ReadingDraft = { -readonly [Name in keyof PauseReading]: PauseReading[Name] } & {
  counters: CountersDraft;
};

/** When a look is made, and why. */
export interface Look {
  readonly atMs: number;
  /** The wake-up was late: what only a gap needs is read as well. */
  readonly isLate: boolean;
}

/** What a monitor reads besides clocks. */
export interface PauseSources {
  /**
   * How long the thread was in callbacks since it was asked before, in ms, if it slept for the rest of that: nothing else has woken it. Else, and
   * where that is not known, NaN. Ask at every wake-up, once.
   */
  awakeMs(nowMs: number): number;
  /** Processor time of the whole process. */
  processCpuMs(): number | undefined;
  /** Enters that and what tells of the thread; what cannot be read is entered as `undefined`. */
  enterFast(counters: CountersDraft): void;
  /** Enters what the whole system counts, where that costs little; nothing else, and nothing where it does not. */
  enterSystem(counters: CountersDraft): void;
  /** Enters the rest. */
  enterSlow(reading: ReadingDraft, look: Look): void;
  /** Which signals can be read now. */
  readonly readable: SourceCapabilities;
  close(): void;
}

/** No sources: for a clock that is not this machine's. */
export const NO_SOURCES: PauseSources = {
  awakeMs: () => NaN,
  processCpuMs: () => undefined,
  enterFast: () => undefined,
  enterSystem: () => undefined,
  enterSlow: () => undefined,
  readable: {
    schedstat: false,
    threadCpu: false,
    throttle: false,
    freeze: false,
    steal: false,
    psi: false,
    traced: false,
    vmclock: false,
    suspendCount: false,
    rtc: false,
  },
  close: () => undefined,
};

/** Reading the hardware clock can take milliseconds, and it counts seconds. */
const RTC_EVERY_MS = 10_000;

/** A scheduler's count that has not moved by then does not move: every wake-up runs for some time. */
const SELF_TEST_READS = 5;

const US_PER_MS = 1000;

/** What Node tells of this process; replaced only in tests. */
export interface ProcessSignals {
  readonly platform: string;
  readonly cpuUsage: () => { readonly user: number; readonly system: number };
  readonly threadCpuUsage?: (() => { readonly user: number; readonly system: number }) | undefined;
  readonly resourceUsage: () => {
    readonly majorPageFault: number;
    readonly voluntaryContextSwitches: number;
    readonly involuntaryContextSwitches: number;
  };
  readonly eventLoopUtilization: () => { readonly active: number; readonly idle: number };
  /** Time in the poll and turns of the event loop until now; left out where Node does not count turns. */
  readonly loop?: { readonly idleMs: () => number; readonly turnCount: () => number } | undefined;
  /** Of the whole machine, not only those that this process may use. */
  readonly processorCount: () => number;
}

/** The running process. `threadCpuUsage` came with Node 22.15. */
export function processSignals(): ProcessSignals {
  const { threadCpuUsage } = process as { threadCpuUsage?: () => { user: number; system: number } };
  const counts: LoopCounts = performance.nodeTiming;
  return {
    platform: process.platform,
    cpuUsage: () => process.cpuUsage(),
    threadCpuUsage: typeof threadCpuUsage === 'function' ? () => threadCpuUsage.call(process) : undefined,
    resourceUsage: () => process.resourceUsage(),
    eventLoopUtilization: () => loopUtilization(counts),
    loop:
      counts.uvMetricsInfo === undefined
        ? undefined
        : { idleMs: () => counts.idleTime, turnCount: () => counts.uvMetricsInfo?.loopCount ?? NaN },
    processorCount: () => cpus().length,
  };
}

/** The sources of this machine. */
export class MachineSources implements PauseSources {
  readonly #signals: ProcessSignals;
  readonly #kernel: KernelFiles | undefined;
  readonly #sleepyLoop = new SleepyLoop();

  constructor(signals: ProcessSignals = processSignals(), access: KeptFileAccess = { openSync, readSync, closeSync }) {
    this.#signals = signals;
    const isLinux = signals.platform === 'linux' || signals.platform === 'android';
    this.#kernel = isLinux ? new KernelFiles(access, signals.processorCount()) : undefined;
  }

  get readable(): SourceCapabilities {
    const kernel = this.#kernel?.readable ?? NO_SOURCES.readable;
    return { ...kernel, threadCpu: this.#signals.threadCpuUsage !== undefined };
  }

  awakeMs(nowMs: number): number {
    const { loop } = this.#signals;
    if (loop === undefined) return NaN;
    const awakeMs = this.#sleepyLoop.look({ nowMs, idleMs: loop.idleMs(), turnCount: loop.turnCount() });
    return this.#kernel?.isTested === false ? NaN : awakeMs;
  }

  processCpuMs(): number {
    const { user, system } = this.#signals.cpuUsage();
    return (user + system) / US_PER_MS;
  }

  enterFast(counters: CountersDraft): void {
    const { active, idle } = this.#signals.eventLoopUtilization();
    // Before the event loop has begun both are 0, and say nothing about the program's start.
    const hasBegun = active > 0 || idle > 0;
    counters.eluActiveMs = hasBegun ? active : undefined;
    counters.eluIdleMs = hasBegun ? idle : undefined;
    counters.processCpuMs = this.processCpuMs();
    const thread = this.#signals.threadCpuUsage?.();
    counters.threadCpuMs = thread === undefined ? undefined : (thread.user + thread.system) / US_PER_MS;
    counters.runMs = undefined;
    counters.waitMs = undefined;
    this.#kernel?.enterScheduler(counters);
  }

  enterSystem(counters: CountersDraft): void {
    this.#kernel?.enterSystem(counters);
  }

  enterSlow(reading: ReadingDraft, look: Look): void {
    const { counters } = reading;
    // On Windows the count of faults has the harmless ones in it, and switches are not counted.
    if (this.#signals.platform !== 'win32') {
      const usage = this.#signals.resourceUsage();
      counters.majorFaultCount = usage.majorPageFault;
      counters.voluntarySwitchCount = usage.voluntaryContextSwitches;
      counters.involuntarySwitchCount = usage.involuntaryContextSwitches;
    }
    this.#kernel?.enterSlow(reading, look);
  }

  close(): void {
    this.#kernel?.close();
  }
}

/** Linux's own files. */
class KernelFiles {
  readonly #processorCount: number | undefined;
  readonly #scheduler: SchedulerFile;
  readonly #system: SystemFile;
  readonly #pressure: readonly PressureFile[];
  readonly #suspends: NumberFile;
  readonly #hardwareClock: NumberFile;
  readonly #groups: CgroupCounters;
  readonly #tracer: TracerFile;
  readonly #vmClock: VmClock;
  #firstRunMs: number | undefined;
  #reads = 0;
  #hardwareClockDueMs = -Infinity;

  constructor(access: KeptFileAccess, processorCount: number) {
    // Without /proc Node counts none.
    this.#processorCount = processorCount > 0 ? processorCount : undefined;
    this.#scheduler = new SchedulerFile(access);
    this.#system = new SystemFile(access);
    this.#pressure = [
      new PressureFile(access, 'cpu'),
      new PressureFile(access, 'memory'),
      new PressureFile(access, 'io'),
    ];
    this.#suspends = new NumberFile(access, {
      path: '/sys/power/suspend_stats/success',
      counter: 'suspendCount',
      scale: 1,
    });
    const rtc = { path: '/sys/class/rtc/rtc0/since_epoch', counter: 'rtcMs', scale: 1000 } as const;
    this.#hardwareClock = new NumberFile(access, rtc);
    this.#groups = new CgroupCounters(access);
    this.#tracer = new TracerFile(access);
    this.#vmClock = new VmClock(access);
  }

  get readable(): Omit<SourceCapabilities, 'threadCpu'> {
    return {
      schedstat: this.#scheduler.isReadable,
      throttle: this.#groups.countsThrottling,
      freeze: this.#groups.countsFreezing,
      steal: this.#system.isReadable,
      psi: this.#pressure.every((file) => file.isReadable),
      traced: this.#tracer.isReadable,
      vmclock: this.#vmClock.isReadable,
      suspendCount: this.#suspends.isReadable,
      rtc: this.#hardwareClock.isReadable,
    };
  }

  /** The scheduler's counts have been seen to move, or are known not to. */
  get isTested(): boolean {
    return this.#reads >= SELF_TEST_READS;
  }

  enterScheduler(counters: CountersDraft): void {
    this.#scheduler.enter(counters);
    if (this.#reads < SELF_TEST_READS) this.#testScheduler(counters);
  }

  enterSystem(counters: CountersDraft): void {
    counters.systemSwitchCount = undefined;
    if (this.#system.isShort) this.#system.enter(counters);
  }

  enterSlow(reading: ReadingDraft, { atMs, isLate }: Look): void {
    const { counters } = reading;
    this.#system.enter(counters);
    this.#groups.enter(counters);
    for (const file of this.#pressure) file.enter(counters);
    this.#suspends.enter(counters);
    if (atMs >= this.#hardwareClockDueMs) {
      this.#hardwareClockDueMs = atMs + RTC_EVERY_MS;
      this.#hardwareClock.enter(counters);
    }
    if (isLate) reading.traced = this.#tracer.read();
    reading.processorCount = this.#processorCount;
    const vm = this.#vmClock.read();
    reading.vmMarker = vm?.marker;
    reading.vmGeneration = vm?.generation;
  }

  close(): void {
    const files = [this.#scheduler, this.#system, ...this.#pressure, this.#suspends, this.#hardwareClock];
    for (const file of files) file.close();
    this.#groups.close();
    this.#tracer.close();
    this.#vmClock.close();
  }

  /** A count that stands still would say that the thread never ran, which excludes causes. */
  #testScheduler(counters: CountersDraft): void {
    this.#reads += 1;
    this.#firstRunMs ??= counters.runMs;
    if (this.#reads < SELF_TEST_READS || counters.runMs !== this.#firstRunMs) return;
    this.#scheduler.close();
    counters.runMs = undefined;
    counters.waitMs = undefined;
  }
}
