/**
 * A second thread that watches the main thread and can act while it is blocked.
 *
 * The main thread beats; the watchdog looks at the beat's age and at its own lateness (`watchdog-judgement.ts`), over shared memory. While
 * the main thread is blocked it can take its stack, write to standard error, raise a flag, and fence the process when a deadline passes.
 *
 * It knows no more than local clocks tell: a virtual machine that was stopped together with its clocks saw no deadline pass. Only the
 * resource itself can refuse a late act (fencing tokens).
 */
import { uptime } from 'node:os';
import { isMainThread, Worker } from 'node:worker_threads';
import { Emitter, requireNumber, type Unsubscribe } from '../core/index.ts';
import { judgementLimits, noticeMs } from './watchdog-judgement.ts';
import {
  CLOCK_CELLS,
  CONTROL_CELLS,
  STACK_BYTES_MAX,
  STACKS_MAX,
  takeKeptStacks,
  type WatchdogMemory,
  watchdogMemory,
} from './watchdog-memory.ts';
import {
  type FenceSignal,
  settleWatchdogOptions,
  type WatchdogOptions,
  type WatchdogSettings,
} from './watchdog-options.ts';
import type { OngoingBlock, WatchdogPort } from './watchdog-port.ts';
import { HelperSleep } from './watchdog-sleep.ts';
import { FRAMES_MAX, stackExpression } from './watchdog-stack.ts';
import type { WatchdogOrders } from './watchdog-dog.ts';
import { watchdogSource } from './watchdog-worker.ts';

/** Captures in one block, each twice as late as the one before: they cover a block of sixteen times the limit. */
const CAPTURES_MAX = 5;

/** Between two lines on standard error: a program that blocks all the time must not fill its log with it. */
const LINE_GAP_MS = 1000;

/** How long the end of the process waits for a question about its stack to be withdrawn, in ms; then Node.js waits for it, and says so. */
const WITHDRAWAL_MS_MAX = 100;

/** The step of boot time, and its step where it is counted in whole seconds. */
const BOOT_STEP_MS = 10;
const COARSE_BOOT_STEP_MS = 1000;

/** No process runs for three years in one go; what is later than that is an epoch. */
const DEADLINE_MS_MAX = 1e11;

/** The watchdog's heap: it keeps nothing, and must not grow. In MB. */
const HEAP_MB = 16;
const YOUNG_HEAP_MB = 2;

/**
 * Watchdogs at a time in one thread. Each has a thread of its own: what one is asked for is gone for another (its lateness, the stacks), and
 * limits and deadlines differ. A program needs one, and perhaps a library in it another; more is a monitor that nobody closes.
 */
const WATCHDOGS_MAX = 8;

let watchdogs = 0;

/** Taken when the module is loaded: whoever replaces clocks in a test does not mean this one. */
const hrtimeNs: () => bigint = process.hrtime.bigint.bind(process.hrtime);

/** Where a watchdog stands. */
export type WatchdogState = 'starting' | 'running' | 'unavailable' | 'closed';

/** A started watchdog. */
export interface Watchdog extends WatchdogPort {
  readonly state: WatchdogState;
  /** Why it is unavailable: no permission for threads, or what ended its thread. */
  readonly reason: string | undefined;
  /** The signal by which it fences; undefined when it does not. */
  readonly fence: FenceSignal | undefined;
  /** How long after the last beat a block is known at the latest, in ms, as long as this thread gets a processor: `blockMs` and one interval. */
  readonly noticeMs: number;
  /** Whether it can take stacks: not with `--permission`, nor without the inspector; false until it is known. */
  readonly canTakeStacks: boolean;
  /** One shared cell, 1 while the main thread is blocked, notified when it becomes 1: for other threads to look at or wait on. */
  readonly flag: Int32Array<SharedArrayBuffer>;
  /** How long it took to take the last stack, in ms; undefined before the first. */
  readonly lastCaptureMs: number | undefined;
  /**
   * Sets when the process shall be fenced if its main thread is blocked then, as a reading of this thread's `performance.now()`; undefined
   * for never. Set it again after every renewal, and to undefined when there is nothing to protect any more. A deadline at which the main
   * thread was not blocked is over with the next beat: a thread that runs looks at the clock itself.
   *
   * @throws TC_NOT_FINITE, TC_OUT_OF_RANGE.
   * @returns Whether anything will come of it now: false without `fence`, before the first beat, and where the watchdog is unavailable or
   * closed.
   */
  setDeadline(deadlineMs: number | undefined): boolean;
  /**
   * Calls `listener` with the reason when the thread is lost, or turns out not to start: from then on nothing is noticed and nobody fenced.
   * It is called by a main thread that runs; what was unavailable from the beginning is told by `state`.
   */
  onUnavailable(listener: (reason: string) => void): Unsubscribe;
}

/**
 * Starts a second thread that notices, while it happens, that the main thread is blocked.
 *
 * The main thread must call `beat()` at least every `blockMs`; `monitorPauses` does. A process that was stopped as a whole (SIGSTOP, freezer,
 * suspend) is not reported as blocked. With `fence`, the process is ended by a signal once a deadline set by `setDeadline` has passed and
 * the main thread, silent since before the deadline, has been so for `blockMs`: at the deadline, or up to `blockMs` and one interval later if
 * the silence began shortly before it. Silent is silent: a main thread that gets no processor is fenced like one that is stuck. What voids
 * it: see the options; a main thread that is not blocked checks its deadlines itself, and a beat after a deadline ends that deadline (G26).
 *
 * Each watchdog is a thread, and 10 to 20 MB: one monitor for the whole program is enough, handed to whoever needs it. The ninth at a time is
 * unavailable. The thread does not keep the process alive. Where it cannot run, `state` is `unavailable` and nothing throws.
 *
 * @throws TC_INVALID_ARGUMENT, TC_NOT_FINITE, TC_OUT_OF_RANGE, TC_EPOCH_AS_DURATION for options.
 */
export function startWatchdog(options: WatchdogOptions = {}): Watchdog {
  return new WatchdogThread(settleWatchdogOptions(options));
}

/** One that is not started: its thread would judge by the machine's time what runs by another. */
export function unavailableWatchdog(options: WatchdogOptions, reason: string): Watchdog {
  return new WatchdogThread(settleWatchdogOptions(options), reason);
}

class WatchdogThread implements Watchdog {
  readonly intervalMs: number;
  readonly fence: FenceSignal | undefined;
  readonly noticeMs: number;
  readonly #memory: WatchdogMemory = watchdogMemory();
  readonly #events = new Emitter<{ ongoing: OngoingBlock; unavailable: string }>();
  #ended: 'unavailable' | 'closed' | undefined;
  #reason: string | undefined;
  #isCounted = false;
  #stacks: string[] = [];
  readonly #sleep: HelperSleep;
  #isRunning = false;
  #blocksSeen = 0;

  constructor(settings: WatchdogSettings, notStartedBecause?: string) {
    this.intervalMs = settings.intervalMs;
    this.#sleep = new HelperSleep(settings.intervalMs);
    this.fence = settings.fence;
    this.noticeMs = noticeMs(settings);
    if (notStartedBecause !== undefined) {
      this.#fail(notStartedBecause);
      return;
    }
    if (watchdogs >= WATCHDOGS_MAX) {
      this.#fail(
        `${watchdogs} watchdogs run in this thread already: share one monitor, or close those that are not needed`,
      );
      return;
    }
    try {
      this.#start(settings);
    } catch (error) {
      this.#fail(`no thread could be started: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** A question asked during a last long call would be answered after the end: "Waiting for the debugger to disconnect...". */
  readonly #atExit = (): void => {
    this.close();
    Atomics.wait(this.#memory.control, CONTROL_CELLS.asking, 1, WITHDRAWAL_MS_MAX);
  };

  get state(): WatchdogState {
    return this.#ended ?? (this.#control('ready') === 1 ? 'running' : 'starting');
  }

  get ready(): boolean {
    return this.state === 'running';
  }

  get reason(): string | undefined {
    return this.#reason;
  }

  get canTakeStacks(): boolean {
    return this.ready && this.#control('stackable') === 1;
  }

  get flag(): Int32Array<SharedArrayBuffer> {
    return this.#memory.flag;
  }

  get lastCaptureMs(): number | undefined {
    const tookNs = this.#clock('capture');
    return tookNs === 0n ? undefined : Number(tookNs) / 1e6;
  }

  get sleepMs(): number {
    return this.#sleep.sleepMs;
  }

  beat(isResting = false): void {
    if (this.#ended !== undefined) return;
    const nowNs = hrtimeNs();
    // A deadline shall not wait for a longer sleep.
    const maySleep = isResting ? this.fence === undefined : false;
    // Before the beat: whoever takes that in must not begin a long sleep that is not allowed any more.
    if (this.#sleep.beat(nowNs, maySleep)) Atomics.store(this.#memory.control, CONTROL_CELLS.resting, maySleep ? 1 : 0);
    Atomics.store(this.#memory.clocks, CLOCK_CELLS.beat, nowNs);
    if (Atomics.load(this.#memory.control, CONTROL_CELLS.blocks) !== this.#blocksSeen) this.#afterBlock();
  }

  helperGapMs(): number | undefined {
    // Once it runs it does until it has ended: this is asked at every tick.
    if (!this.#isRunning) {
      if (!this.ready) return undefined;
      this.#isRunning = true;
    }
    // In this order: what the watchdog does in between is counted once (see `noteLateness`).
    const dueNs = this.#clock('due');
    const nowNs = hrtimeNs();
    Atomics.store(this.#memory.clocks, CLOCK_CELLS.asked, nowNs);
    const lateNs = Atomics.exchange(this.#memory.clocks, CLOCK_CELLS.late, 0n);
    const ongoingNs = nowNs - dueNs;
    return Number(ongoingNs > lateNs ? ongoingNs : lateNs) / 1e6;
  }

  takeStacks(): readonly string[] {
    const stacks = [...this.#stacks, ...takeKeptStacks(this.#memory).map(({ stack }) => stack)];
    this.#stacks = [];
    return stacks;
  }

  onOngoing(listener: (block: OngoingBlock) => void): Unsubscribe {
    return this.#events.on('ongoing', listener);
  }

  onUnavailable(listener: (reason: string) => void): Unsubscribe {
    return this.#events.on('unavailable', listener);
  }

  setDeadline(deadlineMs: number | undefined): boolean {
    const isInForce = this.fence !== undefined && this.#ended === undefined && this.#clock('beat') !== 0n;
    if (deadlineMs === undefined) {
      this.#setDeadlines(0n, 0n);
      return isInForce;
    }
    requireNumber('setDeadline', deadlineMs, {
      what: 'a reading of performance.now()',
      min: -DEADLINE_MS_MAX,
      max: DEADLINE_MS_MAX,
      unit: 'ms',
    });
    // Read last: a pause on the way makes the deadline earlier.
    const bootSeconds = process.platform === 'linux' ? uptime() : 0;
    const nowNs = hrtimeNs();
    const leftMs = deadlineMs - performance.now();
    const stepMs = Number.isInteger(bootSeconds) ? COARSE_BOOT_STEP_MS : BOOT_STEP_MS;
    this.#setDeadlines(
      // 0 means none.
      atLeast(1n, nowNs + BigInt(Math.floor(leftMs * 1e6))),
      bootSeconds === 0 ? 0n : atLeast(1n, BigInt(Math.floor((bootSeconds * 1000 + stepMs + leftMs) * 1e6))),
    );
    return isInForce;
  }

  close(): void {
    if (this.#ended === 'closed') return;
    this.#ended = 'closed';
    this.#isRunning = false;
    this.#letGo();
    Atomics.store(this.#memory.control, CONTROL_CELLS.close, 1);
    Atomics.store(this.#memory.control, CONTROL_CELLS.wake, 1);
    Atomics.notify(this.#memory.control, CONTROL_CELLS.wake);
    Atomics.store(this.#memory.flag, 0, 0);
  }

  #start(settings: WatchdogSettings): void {
    const worker = new Worker(watchdogSource(), {
      eval: true,
      name: 'truechimer watchdog',
      workerData: ordersOf(settings, this.#memory),
      // Loaders and preloads of the program have no business in this thread.
      execArgv: [],
      argv: [],
      env: {},
      // Not piped through the main thread; the watchdog writes to its descriptor.
      stdout: true,
      stderr: true,
      trackUnmanagedFds: false,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, maxYoungGenerationSizeMb: YOUNG_HEAP_MB },
    });
    worker.on('error', (error) => {
      this.#fail(error);
    });
    worker.on('exit', (code) => {
      this.#fail(`its thread ended with code ${code}`);
    });
    worker.unref();
    process.on('exit', this.#atExit);
    this.#isCounted = true;
    watchdogs += 1;
  }

  #letGo(): void {
    process.off('exit', this.#atExit);
    if (this.#isCounted) watchdogs -= 1;
    this.#isCounted = false;
  }

  #fail(error: unknown): void {
    if (this.#ended !== undefined) return;
    this.#ended = 'unavailable';
    this.#isRunning = false;
    this.#letGo();
    this.#reason = error instanceof Error ? error.message : String(error);
    Atomics.store(this.#memory.flag, 0, 0);
    this.#events.emit('unavailable', this.#reason);
  }

  /** The first beat after a block: the earliest moment at which this thread can tell of it. */
  #afterBlock(): void {
    const block = this.#control('blocks');
    this.#blocksSeen = block;
    Atomics.store(this.#memory.flag, 0, 0);
    const kept = takeKeptStacks(this.#memory);
    this.#stacks = [...this.#stacks, ...kept.map(({ stack }) => stack)].slice(0, STACKS_MAX);
    const stack = kept.find((one) => one.block === block)?.stack;
    const sinceMs = Number(this.#clock('block')) / 1e6;
    this.#events.emit('ongoing', stack === undefined ? { sinceMs } : { sinceMs, stack });
  }

  #setDeadlines(deadlineNs: bigint, bootDeadlineNs: bigint): void {
    Atomics.store(this.#memory.clocks, CLOCK_CELLS.bootDeadline, bootDeadlineNs);
    Atomics.store(this.#memory.clocks, CLOCK_CELLS.deadline, deadlineNs);
  }

  #control(cell: keyof typeof CONTROL_CELLS): number {
    return Atomics.load(this.#memory.control, CONTROL_CELLS[cell]);
  }

  #clock(cell: keyof typeof CLOCK_CELLS): bigint {
    return Atomics.load(this.#memory.clocks, CLOCK_CELLS[cell]);
  }
}

function atLeast(leastNs: bigint, valueNs: bigint): bigint {
  return valueNs < leastNs ? leastNs : valueNs;
}

function ordersOf(settings: WatchdogSettings, memory: WatchdogMemory): WatchdogOrders {
  return {
    memory,
    control: CONTROL_CELLS,
    clocks: CLOCK_CELLS,
    limits: judgementLimits(settings),
    stderr: settings.stderr,
    expression: settings.stack && mayInspect() ? stackExpression() : undefined,
    framesMax: FRAMES_MAX,
    fence: settings.fence,
    stacksMax: STACKS_MAX,
    stackBytesMax: STACK_BYTES_MAX,
    capturesMax: CAPTURES_MAX,
    lineGapMs: LINE_GAP_MS,
  };
}

/**
 * The inspector reaches the main thread only, which is another one when the watchdog was started by a worker. And it must be permitted:
 * Node.js 20 ends the process (an assertion) when a thread without permission connects.
 */
function mayInspect(): boolean {
  const { permission } = process as { readonly permission?: { has(scope: string): boolean } };
  return isMainThread && permission?.has('inspector') !== false;
}
