/**
 * Which signals a monitor can read on this machine: what is missing makes verdicts less certain, never wrong.
 */

/** Signals that may be missing. */
export interface SourceCapabilities {
  /** Running and waiting of the main thread, by the scheduler. */
  readonly schedstat: boolean;
  /** Processor time of the main thread alone. */
  readonly threadCpu: boolean;
  /** Throttling by a quota, and none is out of sight (above a container). */
  readonly throttle: boolean;
  /** Freezing by the control group. */
  readonly freeze: boolean;
  /** Processor time given away by the hypervisor, and context switches of the whole system. */
  readonly steal: boolean;
  /** Pressure on storage and memory. */
  readonly psi: boolean;
  /** Whether a debugger is attached. */
  readonly traced: boolean;
  /** What the hypervisor says of a machine that was stopped or moved. */
  readonly vmclock: boolean;
  /** Suspends that the kernel counted. */
  readonly suspendCount: boolean;
  /** The hardware clock. */
  readonly rtc: boolean;
}

/** Which signals can be read; those that cannot make verdicts less certain, never wrong. */
export interface PauseCapabilities extends SourceCapabilities {
  /** A clock beside the monotonic one that counts suspend. */
  readonly bootClock: boolean;
  /** Collections of garbage. */
  readonly gc: boolean;
  /** SIGCONT, which alone tells a stop from a freeze. */
  readonly sigcont: boolean;
  /** A second thread. */
  readonly watchdog: boolean;
  /** Stacks of the main thread while it is blocked. */
  readonly stack: boolean;
}
