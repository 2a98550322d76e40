/**
 * One call to a store or a fence, with a limit: a lock service that has fallen silent must not hang its callers.
 *
 * A call that is out of time is no information. Its answer may still come, and may still mean something, so whoever made the call can
 * go on listening for it.
 */
import { addUp, armTimer, type ClockPort, ClockError } from '../core/index.ts';
import type { StoreIo } from './store-port.ts';

/** What came of a call. */
export type CallOutcome<T> =
  | { readonly status: 'answered'; readonly value: T }
  /** It was rejected, out of time or abandoned: the request may have been done or not. */
  | { readonly status: 'silent'; readonly error: unknown };

/** How a call is made. */
export interface CallOptions {
  readonly port: ClockPort;
  /** For the error's message: `renew`. */
  readonly what: string;
  readonly limitMs: number;
  /** Whether the limit's timer keeps the process alive: when somebody awaits the call. */
  readonly keepsAlive: boolean;
}

/** A call under way. */
export interface StoreCall<T> {
  /** Settles at the answer, at the limit or when abandoned, whichever comes first; never rejects. */
  readonly outcome: Promise<CallOutcome<T>>;
  /** Settles at the answer, however late; never rejects, and may never settle. */
  readonly answer: Promise<CallOutcome<T>>;
  /** Whether the answer is still to come. */
  isPending(): boolean;
  /** Tells the store, and whoever awaits the outcome, that nobody waits any more. */
  abandon(): void;
}

/** Makes the call. What it throws at once counts as a rejection. */
export function callStore<T>(options: CallOptions, call: (io: StoreIo) => Promise<T>): StoreCall<T> {
  const { port, what, limitMs, keepsAlive } = options;
  const controller = new AbortController();
  const untilMs = addUp(port.monotonicMs(), limitMs);
  const answer = attempt(call, controller.signal);
  let settle: (outcome: CallOutcome<T>) => void = () => undefined;
  const outcome = new Promise<CallOutcome<T>>((resolve) => {
    settle = resolve;
  });
  const timer = armTimer({ port, readMs: () => port.monotonicMs(), untilMs, keepsAlive }, () => {
    settle({ status: 'silent', error: outOfTime(what, limitMs) });
  });
  let isPending = true;
  void answer.then((answered) => {
    isPending = false;
    timer.cancel();
    settle(answered);
  });
  return {
    outcome,
    answer,
    isPending: () => isPending,
    abandon: () => {
      timer.cancel();
      const reason = abandoned(what);
      settle({ status: 'silent', error: reason });
      controller.abort(reason);
    },
  };
}

async function attempt<T>(call: (io: StoreIo) => Promise<T>, signal: AbortSignal): Promise<CallOutcome<T>> {
  try {
    return { status: 'answered', value: await call({ signal }) };
  } catch (error) {
    return { status: 'silent', error };
  }
}

/** Below this, a limit looks as if a time to live had been given in seconds, in ms. */
const SHORT_LIMIT_MS = 100;

function outOfTime(what: string, limitMs: number): ClockError {
  return new ClockError(
    'TC_TIMED_OUT',
    `${what}: requires an answer of the store within ${Math.round(limitMs)} ms, got none. ` +
      'It may have been done or not; look at the store and the network' +
      (limitMs < SHORT_LIMIT_MS ? ', and whether ttlMs, of which this is a part, is in milliseconds.' : '.'),
    { limitMs },
    { name: 'TimeoutError' },
  );
}

function abandoned(what: string): ClockError {
  return new ClockError(
    'TC_TIMED_OUT',
    `${what}: nobody waits for this answer any more.`,
    {},
    { name: 'TimeoutError' },
  );
}
