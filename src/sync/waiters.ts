/**
 * Waiting for a clock to know something: woken by every publication, by time, by abort and by stop.
 *
 * Timers of waits keep the process alive, because somebody awaits them; everything else about a bounded clock does not.
 */
import {
  armTimer,
  type BoundedTime,
  ClockError,
  type ClockPort,
  requireDurationMs,
  type TimerHandle,
} from '../core/index.ts';

/** How long a wait lasts when nothing is said, in ms. */
export const WAIT_MS_DEFAULT = 60_000;

/** Waits are checked at least this often, in ms: what is awaited can become true by time alone. */
const RECHECK_MS_MAX = 1000;

/** Nor more often than this, in ms: a wait must not come back at the very reading at which it found nothing. */
const RECHECK_MS_MIN = 0.001;

/** A wait that looks can publish and so wake all waits again; after so many rounds the timers of the waits have to do. */
const WAKE_ROUNDS_MAX = 4;

/** What may end a wait early. */
export interface WaitUntilOptions {
  /** Aborting rejects the wait with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Rejects with TC_TIMED_OUT after this long. Default 60 000 ms; at most 1e11 ms. */
  readonly timeoutMs?: number;
}

/** What an attempt found: done, or when to try again at the latest and why it is not done. */
export type Attempt =
  | { readonly done: true; readonly value: BoundedTime }
  | { readonly done: false; readonly againInMs?: number; readonly why: string };

interface Wait {
  wake(): void;
  stop(): void;
}

/** Everybody who waits for one clock. */
export class Waiters {
  readonly #port: ClockPort;
  readonly #waits = new Set<Wait>();
  #stopped = false;
  #waking = false;
  #again = false;

  constructor(port: ClockPort) {
    this.#port = port;
  }

  /** Something changed: every wait looks again. */
  wake(): void {
    this.#again = true;
    if (this.#waking) return;
    this.#waking = true;
    try {
      for (let round = 0; this.#again && round < WAKE_ROUNDS_MAX; round += 1) {
        this.#again = false;
        for (const wait of [...this.#waits]) wait.wake();
      }
    } finally {
      this.#waking = false;
    }
  }

  /** Rejects every wait, now and later. */
  stop(): void {
    this.#stopped = true;
    for (const wait of [...this.#waits]) wait.stop();
  }

  /** Resolves when the attempt is done. @throws TC_TIMED_OUT, TC_STOPPED, or the signal's reason. */
  until(operation: string, options: WaitUntilOptions, attempt: () => Attempt): Promise<BoundedTime> {
    const timeoutMs = requireDurationMs(operation, options.timeoutMs ?? WAIT_MS_DEFAULT);
    const untilMs = this.#port.monotonicMs() + timeoutMs;
    const { signal } = options;
    return new Promise((resolve, reject) => {
      let timer: TimerHandle | undefined;
      const finish = (): void => {
        timer?.cancel();
        this.#waits.delete(wait);
        signal?.removeEventListener('abort', onAbort);
      };
      const fail = (error: Error): void => {
        finish();
        reject(error);
      };
      const onAbort = (): void => {
        fail(signal?.reason as Error);
      };
      const look = (): void => {
        if (this.#hasEnded(wait)) return;
        const found = attempt();
        // The attempt can itself publish and so wake this wait, which may have ended or have been armed meanwhile.
        if (this.#hasEnded(wait)) return;
        timer?.cancel();
        if (found.done) {
          finish();
          resolve(found.value);
          return;
        }
        const nowMs = this.#port.monotonicMs();
        if (nowMs >= untilMs) {
          fail(timedOut(operation, timeoutMs, found.why));
          return;
        }
        const againInMs = Math.min(Math.max(found.againInMs ?? RECHECK_MS_MAX, RECHECK_MS_MIN), RECHECK_MS_MAX);
        timer = this.#arm(Math.min(untilMs, nowMs + againInMs), look);
      };
      const wait: Wait = {
        wake: look,
        stop: () => {
          fail(stopped(operation));
        },
      };
      if (this.#stopped) reject(stopped(operation));
      else if (signal?.aborted === true) reject(signal.reason as Error);
      else {
        signal?.addEventListener('abort', onAbort, { once: true });
        this.#waits.add(wait);
        look();
      }
    });
  }

  #hasEnded(wait: Wait): boolean {
    return !this.#waits.has(wait);
  }

  /** Resolves at the next wake, at stop (at once when it has stopped), or after `timeoutMs`. */
  nextWake(timeoutMs: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = (): void => {
        timer.cancel();
        this.#waits.delete(wait);
        resolve();
      };
      const wait: Wait = { wake: finish, stop: finish };
      const timer = this.#arm(this.#port.monotonicMs() + timeoutMs, finish);
      this.#waits.add(wait);
    });
  }

  #arm(untilMs: number, callback: () => void): TimerHandle {
    return armTimer({ port: this.#port, readMs: () => this.#port.monotonicMs(), untilMs, keepsAlive: true }, callback);
  }
}

function timedOut(operation: string, timeoutMs: number, why: string): ClockError {
  return new ClockError(
    'TC_TIMED_OUT',
    `${operation}: ${timeoutMs} ms have passed and ${why}. Look at the clock's status for each source, or wait longer.`,
    { timeoutMs, why },
    { name: 'TimeoutError' },
  );
}

function stopped(operation: string): ClockError {
  return new ClockError('TC_STOPPED', `${operation}: the clock has been stopped. Start a new one.`);
}
