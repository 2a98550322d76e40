/**
 * The timers of one simulated process, on its monotonic clock.
 *
 * Same-time order is Node's: as they were set. An interval is set again after its callback, counted from before it, as Node does, so what
 * the callback itself sets for the same moment comes first.
 */
import type { TimerHandle } from '../core/index.ts';
import { type Due, DueHeap } from './due-heap.ts';

/** How much of a stack is shown: a typed sleep is eight calls above its caller. */
const STACK_LINES = 16;

/** Any function: the one that a caller called, below which a stack begins. */
type AnyFunction = (...args: never[]) => unknown;

/** A timer: itself the entry of the queue, so that a hundred thousand of them stay cheap. */
export abstract class SimTimer implements Due, TimerHandle {
  /** The monotonic reading at which it is due. */
  dueMs: number;
  /** Set again after each run, this long after the run began; undefined for a timer that runs once, or was cancelled. */
  repeatMs: number | undefined;
  keepsAlive: boolean;
  order = 0;
  removed = true;
  /** Where it was set, if that was noted. */
  stack: string | undefined;
  /** Where it is set, once it is. */
  timers: NodeTimers | undefined;

  constructor(dueMs: number, options: { readonly repeatMs?: number | undefined; readonly keepsAlive: boolean }) {
    this.dueMs = dueMs;
    this.repeatMs = options.repeatMs;
    this.keepsAlive = options.keepsAlive;
    this.stack = undefined;
    this.timers = undefined;
  }

  /** What happens when it is due. */
  abstract fire(): void;

  cancel(): void {
    this.timers?.cancel(this);
  }
}

/** A timer that calls back. */
export class CallbackTimer extends SimTimer {
  readonly #callback: () => void;

  constructor(callback: () => void, dueMs: number, options: { readonly keepsAlive: boolean }) {
    super(dueMs, options);
    this.#callback = callback;
  }

  fire(): void {
    this.#callback();
  }
}

/** What the timers need of their process. */
export interface ProcessOfTimers {
  monotonicMs(): number;
  /** Whether timers that are set now should note where: stacks are slow, and are needed at the limit only. */
  notesStacks(): boolean;
}

/** The timers of one process. */
export class NodeTimers {
  readonly #heap = new DueHeap<SimTimer>();
  readonly #owner: ProcessOfTimers;
  #order = 0;
  #last: SimTimer | undefined;

  constructor(owner: ProcessOfTimers) {
    this.#owner = owner;
  }

  /** How many timers are set. */
  get size(): number {
    return this.#heap.size;
  }

  /** Sets a timer; `setBy` is the function that the caller called. */
  set(timer: SimTimer, setBy?: AnyFunction): void {
    timer.timers = this;
    // An interval is set once and runs without end: it is the one timer whose origin cannot be learnt later.
    if (timer.repeatMs !== undefined || this.#owner.notesStacks()) timer.stack = whereSet(setBy);
    this.#push(timer);
  }

  /** Sets a timer anew, whether it has run or not. */
  restart(timer: SimTimer, dueMs: number): void {
    this.#heap.remove(timer);
    timer.dueMs = dueMs;
    this.#push(timer);
  }

  cancel(timer: SimTimer): void {
    timer.repeatMs = undefined;
    this.#heap.remove(timer);
  }

  /** The monotonic reading at which the first timer is due; Infinity when there is none. */
  get firstDueMs(): number {
    return this.#heap.firstDueMs;
  }

  /** Takes the first timer and runs it. */
  runFirst(): void {
    const timer = this.#heap.pop();
    if (timer === undefined) return;
    this.#last = timer;
    if (timer.repeatMs === undefined) timer.fire();
    else this.#runInterval(timer);
  }

  /** Whether any timer would keep a real process alive. */
  get keepsAlive(): boolean {
    return this.#heap.live().some((timer) => timer.keepsAlive);
  }

  /** Forgets every timer, also the interval that is running: the process is gone. */
  clear(): void {
    for (const timer of this.#heap.live()) this.#heap.remove(timer);
    if (this.#last !== undefined) this.#last.repeatMs = undefined;
  }

  /** The last timer that ran, for messages. */
  describeLast(): string {
    const timer = this.#last;
    if (timer === undefined) return 'a timer';
    const kind = timer.repeatMs === undefined ? 'a timer' : `an interval of ${timer.repeatMs} ms`;
    return timer.stack === undefined ? kind : `${kind} that was set\n${timer.stack}\n`;
  }

  #push(timer: SimTimer): void {
    this.#order += 1;
    timer.order = this.#order;
    this.#heap.push(timer);
  }

  #runInterval(timer: SimTimer): void {
    const begunMs = this.#owner.monotonicMs();
    try {
      timer.fire();
    } finally {
      if (timer.repeatMs !== undefined) this.restart(timer, begunMs + timer.repeatMs);
    }
  }
}

function whereSet(setBy: AnyFunction = whereSet): string {
  const note: { stack?: string } = {};
  const usual = Error.stackTraceLimit;
  Error.stackTraceLimit = STACK_LINES;
  Error.captureStackTrace(note, setBy);
  Error.stackTraceLimit = usual;
  return note.stack?.split('\n').slice(1).join('\n') ?? '';
}
