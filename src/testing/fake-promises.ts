/**
 * `node:timers/promises` and `AbortSignal.timeout` on a simulated clock.
 */
import type { FakeTimers } from './fake-timers.ts';

/** What the promised timers take. */
interface PromisedOptions {
  readonly signal?: AbortSignal;
  readonly ref?: boolean;
}

type RealFunction = (...args: never[]) => unknown;

/** The real module, which refuses wrong options as it always does. */
export interface RealPromises {
  readonly setTimeout: RealFunction;
  readonly setImmediate: RealFunction;
  readonly setInterval: RealFunction;
}

/** The functions to install. */
export interface FakePromises {
  readonly setTimeout: (delay?: unknown, value?: unknown, options?: unknown) => Promise<unknown>;
  readonly setImmediate: (value?: unknown, options?: unknown) => Promise<unknown>;
  readonly setInterval: (delay?: unknown, value?: unknown, options?: unknown) => AsyncIterable<unknown>;
  readonly wait: (delay?: unknown, options?: unknown) => Promise<unknown>;
  readonly yield: () => Promise<unknown>;
}

/** As Node's: what a wait rejects with when its signal is aborted. */
class AbortError extends Error {
  override readonly name: string = 'AbortError';
  readonly code: string = 'ABORT_ERR';

  constructor(signal: AbortSignal) {
    super('The operation was aborted', { cause: signal.reason });
  }
}

/** Promised timers on the given ones. */
export function fakePromises(timers: FakeTimers, real: RealPromises): FakePromises {
  const setTimeout: FakePromises['setTimeout'] = (delay, value, options) => {
    if (!areOptions(options)) return real.setTimeout(...([delay, value, options] as never[])) as Promise<unknown>;
    return waitFor(value, options, (done) => {
      const timer = timers.setTimeout(done, delay);
      if (options?.ref === false) timer.unref();
      return () => {
        timers.clearTimeout(timer);
      };
    });
  };
  const setImmediate: FakePromises['setImmediate'] = (value, options) => {
    if (!areOptions(options)) return real.setImmediate(...([value, options] as never[])) as Promise<unknown>;
    return waitFor(value, options, (done) => {
      const immediate = timers.setImmediate(done);
      if (options?.ref === false) immediate.unref();
      return () => {
        timers.clearImmediate(immediate);
      };
    });
  };
  return {
    setTimeout,
    setImmediate,
    setInterval: (delay, value, options) => {
      if (areOptions(options)) return ticks(timers, { delay, value, options });
      return real.setInterval(...([delay, value, options] as never[])) as AsyncIterable<unknown>;
    },
    wait: (delay, options) => setTimeout(delay, undefined, options),
    yield: () => setImmediate(),
  };
}

/** `AbortSignal.timeout`: aborts by itself, and keeps nothing alive. */
export function fakeAbortTimeout(
  timers: FakeTimers,
  real: (delay: never) => AbortSignal,
): (delay: unknown) => AbortSignal {
  return (delay) => {
    const isDelay = typeof delay === 'number' && Number.isInteger(delay) && delay >= 0 && delay < 2 ** 32;
    if (!isDelay) return real(delay as never);
    const controller = new AbortController();
    const timer = timers.setTimeout(() => {
      controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
    }, delay);
    timer.unref();
    return controller.signal;
  };
}

/** Resolves with the value when `begin` says so; `begin` returns how to give up. */
function waitFor(
  value: unknown,
  options: PromisedOptions | undefined,
  begin: (done: () => void) => () => void,
): Promise<unknown> {
  const signal = options?.signal;
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(new AbortError(signal));
      return;
    }
    const giveUp = begin(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve(value);
    });
    function onAbort(): void {
      giveUp();
      reject(new AbortError(signal as AbortSignal));
    }
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** Node's iterator: a tick that comes while nobody waits is handed out later. */
async function* ticks(
  timers: FakeTimers,
  spec: { readonly delay: unknown; readonly value: unknown; readonly options: PromisedOptions | undefined },
): AsyncGenerator {
  const signal = spec.options?.signal;
  throwIfAborted(signal);
  let waiting = 0;
  let wake = (): void => undefined;
  const onAbort = (): void => {
    wake();
  };
  const interval = timers.setInterval(() => {
    waiting += 1;
    wake();
  }, spec.delay);
  if (spec.options?.ref === false) interval.unref();
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    for (;;) {
      if (waiting === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      for (; waiting > 0; waiting -= 1) yield spec.value;
      throwIfAborted(signal);
    }
  } finally {
    timers.clearInterval(interval);
    signal?.removeEventListener('abort', onAbort);
  }
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new AbortError(signal);
}

function areOptions(options: unknown): options is PromisedOptions | undefined {
  if (options === undefined) return true;
  if (typeof options !== 'object' || options === null) return false;
  const { signal, ref } = options as Record<string, unknown>;
  return (signal === undefined || signal instanceof AbortSignal) && (ref === undefined || typeof ref === 'boolean');
}
