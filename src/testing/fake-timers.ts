/**
 * Node's global timers on a simulated clock: the same arguments, the same objects, the same order.
 *
 * A delay below 1, above 2^31 - 1 or not a number is 1; fractions are cut off; an immediate comes before the timers of the next millisecond.
 * Timers that were set before the clock was installed are real, and so are cleared by the real functions.
 */
import { promisify } from 'node:util';
import { type SimNode, SimTimer } from '../sim/index.ts';

const DELAY_MS_MAX = 2 ** 31 - 1;

/** One for all timers without any: a hundred thousand empty lists are not kept alive. */
const NO_ARGUMENTS: readonly unknown[] = [];

type Callback = (...args: unknown[]) => unknown;

/** The real functions underneath, for what is not ours and for the errors that Node throws. */
export interface RealTimers {
  readonly setTimeout: (...args: never[]) => unknown;
  readonly setImmediate: (...args: never[]) => unknown;
  readonly clearTimeout: (timer: never) => void;
  readonly clearImmediate: (timer: never) => void;
}

/** What all the timers of one installation share. */
interface Shared {
  readonly node: SimNode;
  readonly byId: Map<number, Timeout>;
  /** After uninstall: what is still set never fires. */
  closed: boolean;
  lastId: number;
}

interface TimeoutSpec {
  readonly callback: Callback;
  readonly args: readonly unknown[];
  readonly delayMs: number;
  readonly repeatMs?: number;
}

/** What `setTimeout` and `setInterval` return. */
class Timeout extends SimTimer {
  readonly #shared: Shared;
  readonly #callback: Callback;
  readonly #args: readonly unknown[];
  readonly #delayMs: number;
  #cleared = false;
  #id: number | undefined;

  constructor(shared: Shared, spec: TimeoutSpec) {
    super(shared.node.monotonicMs() + spec.delayMs, { repeatMs: spec.repeatMs, keepsAlive: true });
    this.#shared = shared;
    this.#callback = spec.callback;
    this.#args = spec.args.length === 0 ? NO_ARGUMENTS : spec.args;
    this.#delayMs = spec.delayMs;
  }

  ref(): this {
    this.keepsAlive = true;
    return this;
  }

  unref(): this {
    this.keepsAlive = false;
    return this;
  }

  hasRef(): boolean {
    return this.keepsAlive;
  }

  /** Starts again from now, also after it has fired; not after it was cleared. */
  refresh(): this {
    if (!this.#cleared) this.timers?.restart(this, this.#shared.node.monotonicMs() + this.#delayMs);
    return this;
  }

  close(): this {
    this.#cleared = true;
    this.cancel();
    if (this.#id !== undefined) this.#shared.byId.delete(this.#id);
    return this;
  }

  /** The number that clears it as well. */
  [Symbol.toPrimitive](): number {
    if (this.#id === undefined) {
      this.#shared.lastId += 1;
      this.#id = this.#shared.lastId;
      this.#shared.byId.set(this.#id, this);
    }
    return this.#id;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  override fire(): void {
    if (this.#shared.closed) {
      this.close();
      return;
    }
    if (this.#id !== undefined && this.repeatMs === undefined) this.#shared.byId.delete(this.#id);
    if (this.#args.length === 0) this.#callback();
    else this.#callback(...this.#args);
  }
}

/** What `setImmediate` returns. */
class Immediate extends SimTimer {
  readonly #shared: Shared;
  readonly #callback: Callback;
  readonly #args: readonly unknown[];

  constructor(shared: Shared, callback: Callback, args: readonly unknown[]) {
    super(shared.node.monotonicMs(), { keepsAlive: true });
    this.#shared = shared;
    this.#callback = callback;
    this.#args = args;
  }

  ref(): this {
    this.keepsAlive = true;
    return this;
  }

  unref(): this {
    this.keepsAlive = false;
    return this;
  }

  hasRef(): boolean {
    return this.keepsAlive;
  }

  [Symbol.dispose](): void {
    this.cancel();
  }

  override fire(): void {
    if (!this.#shared.closed) Reflect.apply(this.#callback, this, this.#args);
  }
}

/** The functions to install. */
export interface FakeTimers {
  readonly setTimeout: (callback: unknown, delay?: unknown, ...args: unknown[]) => Timeout;
  readonly setInterval: (callback: unknown, delay?: unknown, ...args: unknown[]) => Timeout;
  readonly setImmediate: (callback: unknown, ...args: unknown[]) => Immediate;
  readonly clearTimeout: (timer: unknown) => void;
  readonly clearInterval: (timer: unknown) => void;
  readonly clearImmediate: (immediate: unknown) => void;
  /** What is still set never fires. */
  readonly close: () => void;
}

/** Timers on the clock of a node. */
export function fakeTimers(node: SimNode, real: RealTimers): FakeTimers {
  const shared: Shared = { node, byId: new Map(), closed: false, lastId: 0 };

  function setTimeout(callback: unknown, delay?: unknown, ...args: unknown[]): Timeout {
    if (!isFunction(callback)) return refuse(real.setTimeout, callback) as Timeout;
    const timer = new Timeout(shared, { callback, args, delayMs: delayOf(delay) });
    node.addTimer(timer, setTimeout);
    return timer;
  }

  function setInterval(callback: unknown, delay?: unknown, ...args: unknown[]): Timeout {
    if (!isFunction(callback)) return refuse(real.setTimeout, callback) as Timeout;
    const delayMs = delayOf(delay);
    const timer = new Timeout(shared, { callback, args, delayMs, repeatMs: delayMs });
    node.addTimer(timer, setInterval);
    return timer;
  }

  function setImmediate(callback: unknown, ...args: unknown[]): Immediate {
    if (!isFunction(callback)) return refuse(real.setImmediate, callback) as Immediate;
    const immediate = new Immediate(shared, callback, args);
    node.addTimer(immediate, setImmediate);
    return immediate;
  }

  function clearTimeout(timer: unknown): void {
    if (timer instanceof Timeout) timer.close();
    else if (typeof timer === 'number' || typeof timer === 'string') {
      const known = shared.byId.get(Number(timer));
      if (known === undefined) real.clearTimeout(timer as never);
      else known.close();
    } else real.clearTimeout(timer as never);
  }

  function clearImmediate(immediate: unknown): void {
    if (immediate instanceof Immediate) immediate.cancel();
    else real.clearImmediate(immediate as never);
  }

  const close = (): void => {
    shared.closed = true;
  };
  const clearInterval = (timer: unknown): void => {
    clearTimeout(timer);
  };
  return { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate, close };
}

/** Lets `util.promisify` find the version with promises. */
export function withPromises<Fn extends object>(timer: Fn, promised: unknown): Fn {
  return Object.defineProperty(timer, promisify.custom, { enumerable: true, get: () => promised });
}

/** What Node makes of a delay. */
export function delayOf(delay: unknown): number {
  const ms = (delay as number) * 1;
  if (ms >= 1 && ms <= DELAY_MS_MAX) return Math.trunc(ms);
  if (ms > DELAY_MS_MAX) {
    const text = `${ms} does not fit into a 32-bit signed integer.\nTimeout duration was set to 1.`;
    process.emitWarning(text, 'TimeoutOverflowWarning');
  }
  return 1;
}

function isFunction(value: unknown): value is Callback {
  return typeof value === 'function';
}

/** The real function throws for what is not a function. */
function refuse(real: (...args: never[]) => unknown, callback: unknown): unknown {
  return real(callback as never);
}
