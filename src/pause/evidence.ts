/**
 * What was read around one gap, as differences between two looks.
 *
 * A signal that could not be read is left out. That is not the same as 0: a counter that stood still excludes a cause, a
 * counter that is missing excludes nothing, and the classifier then says less.
 */

/**
 * The evidence of one gap. Times are in ms unless the name says otherwise; all but the first two are optional.
 *
 * Differences are over the whole window between two wake-ups (the gap and the interval before it), but for `bootJumpMs` and
 * `wallJumpMs`, which are what another clock counted beyond the monotonic clock.
 */
export interface PauseEvidence {
  /** How late the wake-up came, on the monotonic clock: the window without the interval that was planned. */
  readonly gapMs: number;
  /** The planned time between two wake-ups; how far a pause can have begun before the wake-up was due. */
  readonly intervalMs: number;

  /** The main thread on a processor: the first number of `/proc/self/schedstat`. */
  readonly runMs?: number | undefined;
  /** The main thread ready and waiting for a processor: the second number of `/proc/self/schedstat`. */
  readonly waitMs?: number | undefined;
  /** The main thread's processor time (`process.threadCpuUsage`, Node 22.15). */
  readonly threadCpuMs?: number | undefined;
  /** The whole process's processor time (`process.cpuUsage`). */
  readonly processCpuMs?: number | undefined;
  /** Time that the event loop did not wait in its poll (`eventLoopUtilization().active`). */
  readonly eluActiveMs?: number | undefined;
  /** Time that the event loop waited in its poll (`eventLoopUtilization().idle`). */
  readonly eluIdleMs?: number | undefined;
  /** Garbage collection of the main thread that overlaps the window (`PerformanceObserver`, entries of type `gc`). */
  readonly gcMs?: number | undefined;
  /** How many collections that were. */
  readonly gcCount?: number | undefined;

  /** How late the second thread's own wake-up came within the window: its longest silence without its interval. */
  readonly helperGapMs?: number | undefined;
  /** The second thread's interval, the longest that it can have slept between two looks; `intervalMs` when left out. */
  readonly helperIntervalMs?: number | undefined;

  /** Whether SIGCONT was seen; leave it out where nobody listens for it. */
  readonly continued?: boolean | undefined;
  /** Whether a debugger is attached (`TracerPid` of `/proc/self/status` is not 0). */
  readonly traced?: boolean | undefined;
  /** Throttled by the quota of the control group, summed over processors (`throttled_usec` or `throttled_time`). */
  readonly throttledMs?: number | undefined;
  /**
   * How many periods were throttled (`nr_throttled`). Leave it out where a quota may be out of sight: `throttledMs` is then the least that was
   * throttled, and excludes nothing.
   */
  readonly throttledCount?: number | undefined;
  /** Frozen by the control group (`frozen_usec` of `cgroup.stat.local`, Linux 6.18). */
  readonly frozenMs?: number | undefined;

  /** Processor time that the hypervisor gave to others, summed over processors (`steal` of `/proc/stat`). */
  readonly stealMs?: number | undefined;
  /** How many processors that sum is over. */
  readonly processorCount?: number | undefined;
  /** Context switches of the whole system (`ctxt` of `/proc/stat`); the detector takes off what the interval before the gap had. */
  readonly systemSwitchCount?: number | undefined;
  /** Interrupts of the whole system (`intr` of `/proc/stat`). */
  readonly interruptCount?: number | undefined;
  /** Time in which a runnable task waited for a processor (`some` total of `/proc/pressure/cpu`). */
  readonly psiCpuMs?: number | undefined;
  /** Time in which a task waited for memory (`some` total of `/proc/pressure/memory`). */
  readonly psiMemoryMs?: number | undefined;
  /** Time in which a task waited for storage (`some` total of `/proc/pressure/io`). */
  readonly psiIoMs?: number | undefined;
  /** Page faults of the process that needed storage (`process.resourceUsage().majorPageFault`). */
  readonly majorFaultCount?: number | undefined;
  /** Switches that the process asked for (`voluntaryContextSwitches`). */
  readonly voluntarySwitchCount?: number | undefined;
  /** Switches that it did not ask for (`involuntaryContextSwitches`). */
  readonly involuntarySwitchCount?: number | undefined;

  /** Boot time minus monotonic time, how much it grew; leave it out where no clock counts suspend apart from the other. */
  readonly bootJumpMs?: number | undefined;
  /** Wall time minus monotonic time, how much it grew. */
  readonly wallJumpMs?: number | undefined;
  /** How much the hardware clock advanced (`/sys/class/rtc/rtc0/since_epoch`, whole seconds). */
  readonly rtcMs?: number | undefined;
  /** How many suspends the kernel finished (`/sys/power/suspend_stats/success`). */
  readonly suspendCount?: number | undefined;
  /** Whether the disruption marker of a VMClock device changed: the machine was stopped or moved. */
  readonly vmDisrupted?: boolean | undefined;
  /** Whether the generation of the virtual machine changed: it was restored from a snapshot or cloned. */
  readonly vmGenerationChanged?: boolean | undefined;

  /** The largest sample of `monitorEventLoopDelay`, for the record; it explains nothing. */
  readonly eventLoopDelayMaxMs?: number | undefined;
}

/** The signals of a gap: everything but the gap itself. */
export type PauseSignal = Exclude<keyof PauseEvidence, 'gapMs' | 'intervalMs'>;

type SignalNames = Record<PauseSignal, true>;

const SIGNALS: SignalNames = {
  runMs: true,
  waitMs: true,
  threadCpuMs: true,
  processCpuMs: true,
  eluActiveMs: true,
  eluIdleMs: true,
  gcMs: true,
  gcCount: true,
  helperGapMs: true,
  helperIntervalMs: true,
  continued: true,
  traced: true,
  throttledMs: true,
  throttledCount: true,
  frozenMs: true,
  stealMs: true,
  processorCount: true,
  systemSwitchCount: true,
  interruptCount: true,
  psiCpuMs: true,
  psiMemoryMs: true,
  psiIoMs: true,
  majorFaultCount: true,
  voluntarySwitchCount: true,
  involuntarySwitchCount: true,
  bootJumpMs: true,
  wallJumpMs: true,
  rtcMs: true,
  suspendCount: true,
  vmDisrupted: true,
  vmGenerationChanged: true,
  eventLoopDelayMaxMs: true,
};

/** The names of all optional signals. */
export const PAUSE_SIGNALS: readonly PauseSignal[] = Object.keys(SIGNALS) as PauseSignal[];
