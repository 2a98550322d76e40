/**
 * A `ClockPort` advanced by hand: time passes only when a test says so, and due timers fire in order on the way.
 *
 * `advance` is synchronous and fires timers without letting promises run; `run` lets them run after every timer, which is what
 * anything with asynchronous sources needs.
 */
import type { ClockGranularity, ClockPort, TimerHandle, TimerOptions } from '../../src/core/clock-port.ts';

/** How a manual clock starts. */
export interface ManualClockOptions {
  /** The monotonic reading at the start. */
  readonly startMs?: number;
  /** The wall reading at the start. */
  readonly epochMs?: number;
  readonly granularity?: Partial<ClockGranularity>;
  readonly monotonicCountsSuspend?: boolean;
  readonly wallSlewPpm?: number;
  /** Time that every reading of a clock takes. */
  readonly readCostMs?: number;
}

interface ManualTimer {
  readonly dueMs: number;
  readonly order: number;
  readonly keepsAlive: boolean;
  readonly callback: () => void;
}

/** More timers than this at one moment are a loop that never ends. */
const TIMERS_AT_ONCE_MAX = 10_000;

export class ManualClock implements ClockPort {
  readonly name = 'manual';
  readonly monotonicId: symbol = Symbol('manual monotonic');
  readonly bootId: symbol = Symbol('manual boot');
  readonly granularity: ClockGranularity;
  readonly monotonicCountsSuspend: boolean;
  readonly wallSlewPpm: number;
  readonly readCostMs: number;
  /** The continuous clocks, before granularity. */
  exactMonotonicMs: number;
  exactBootMs: number;
  /** Wall minus monotonic: a fraction of a millisecond beside whole ones, so that it stays exact. */
  wallAheadMs: number;
  /** How fast the wall clock runs against the monotonic clock. */
  wallRatePpm = 0;
  /** Called after every reading: for disturbances between two readings. */
  afterRead: ((clock: 'monotonic' | 'boot' | 'wall') => void) | undefined;
  #timers: ManualTimer[] = [];
  #order = 0;

  constructor(options: ManualClockOptions = {}) {
    this.exactMonotonicMs = options.startMs ?? 1000;
    this.exactBootMs = this.exactMonotonicMs + 5000;
    this.wallAheadMs = (options.epochMs ?? 1_790_000_000_000) - this.exactMonotonicMs;
    this.granularity = { monotonicMs: 0.001, bootMs: 10, wallMs: 1, ...options.granularity };
    this.monotonicCountsSuspend = options.monotonicCountsSuspend ?? false;
    this.wallSlewPpm = options.wallSlewPpm ?? 0;
    this.readCostMs = options.readCostMs ?? 0;
  }

  monotonicMs(): number {
    return this.#read('monotonic', this.exactMonotonicMs, this.granularity.monotonicMs);
  }

  bootMs(): number {
    return this.#read('boot', this.exactBootMs, this.granularity.bootMs);
  }

  wallMs(): number {
    return this.#read('wall', this.exactMonotonicMs + this.wallAheadMs, this.granularity.wallMs);
  }

  setTimer(callback: () => void, delayMs: number, options: TimerOptions): TimerHandle {
    this.#order += 1;
    const timer = {
      dueMs: this.exactMonotonicMs + delayMs,
      order: this.#order,
      keepsAlive: options.keepsAlive,
      callback,
    };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }

  /** How many timers are set. */
  get pendingTimers(): number {
    return this.timers.all;
  }

  /** How many of them would keep a process alive. */
  get pendingAliveTimers(): number {
    return this.timers.keepingAlive;
  }

  /** How many timers are set, and how many of them would keep a process alive. */
  get timers(): { readonly all: number; readonly keepingAlive: number } {
    return { all: this.#timers.length, keepingAlive: this.#timers.filter((timer) => timer.keepsAlive).length };
  }

  /** Lets time pass, firing due timers in order; promises do not run in between. */
  advance(byMs: number): void {
    const untilMs = this.exactMonotonicMs + byMs;
    for (const fire of this.#dueUntil(untilMs)) fire();
    this.pass(untilMs - this.exactMonotonicMs);
  }

  /** Like `advance`, but lets promises run after every timer. */
  async run(byMs: number): Promise<void> {
    const untilMs = this.exactMonotonicMs + byMs;
    await settlePromises();
    for (const fire of this.#dueUntil(untilMs)) {
      fire();
      await settlePromises();
    }
    this.pass(untilMs - this.exactMonotonicMs);
    await settlePromises();
  }

  /** Time passes and no timer fires: a blocked process, or the time between two instructions. */
  pass(byMs: number): void {
    if (byMs <= 0) return;
    this.exactMonotonicMs += byMs;
    this.exactBootMs += byMs;
    this.wallAheadMs += byMs * this.wallRatePpm * 1e-6;
  }

  /** The machine sleeps: boot and wall time go on, monotonic time only where it counts suspend. */
  suspend(forMs: number): void {
    this.exactBootMs += forMs;
    if (this.monotonicCountsSuspend) this.exactMonotonicMs += forMs;
    else this.wallAheadMs += forMs;
  }

  /** A virtual machine is resumed: no clock of its own counted, and somebody set the wall clock right. */
  resumeSnapshot(forMs: number): void {
    this.wallAheadMs += forMs;
  }

  /** Somebody sets the wall clock: positive is forward. */
  stepWall(byMs: number): void {
    this.wallAheadMs += byMs;
  }

  #read(clock: 'monotonic' | 'boot' | 'wall', exactMs: number, granularityMs: number): number {
    const reading = granularityMs === 0 ? exactMs : Math.floor(exactMs / granularityMs) * granularityMs;
    this.pass(this.readCostMs);
    this.afterRead?.(clock);
    return reading > exactMs ? reading - granularityMs : reading;
  }

  *#dueUntil(untilMs: number): Generator<() => void> {
    for (let atOnce = 0; ;) {
      const next = this.#timers
        .filter((timer) => timer.dueMs <= untilMs)
        .sort((a, b) => (a.dueMs === b.dueMs ? a.order - b.order : a.dueMs - b.dueMs))[0];
      if (next === undefined) return;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      atOnce = next.dueMs > this.exactMonotonicMs ? 0 : atOnce + 1;
      if (atOnce > TIMERS_AT_ONCE_MAX) throw new Error('ManualClock: timers at one moment without end');
      this.pass(next.dueMs - this.exactMonotonicMs);
      yield next.callback;
    }
  }
}

/** Lets every promise that is ready run. */
export async function settlePromises(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
