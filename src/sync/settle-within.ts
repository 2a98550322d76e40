/**
 * A promise that settles in time, whatever the work behind it does.
 *
 * Sources and transports are ports: some implementation will hang, or answer after it was told to stop. Nothing here depends on it.
 */
import type { ClockPort } from '../core/index.ts';

/** How a piece of work ended; all of them are values. */
export type SettledWork<Value> =
  | { readonly ended: 'done'; readonly value: Value }
  | { readonly ended: 'failed'; readonly error: unknown }
  | { readonly ended: 'late' }
  | { readonly ended: 'aborted' };

/** What limits a piece of work. */
export interface WorkLimit {
  readonly clock: ClockPort;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Runs the work with a signal that is aborted when the result is no longer wanted; settles in time and never rejects. */
export function settleWithin<Value>(
  limit: WorkLimit,
  work: (signal: AbortSignal) => Promise<Value>,
): Promise<SettledWork<Value>> {
  return new Promise((resolve) => {
    const inner = new AbortController();
    const finish = (settled: SettledWork<Value>): void => {
      timer.cancel();
      limit.signal.removeEventListener('abort', onAbort);
      resolve(settled);
      inner.abort();
    };
    const onAbort = (): void => {
      finish({ ended: 'aborted' });
    };
    const timer = limit.clock.setTimer(
      () => {
        finish({ ended: 'late' });
      },
      limit.timeoutMs,
      { keepsAlive: false },
    );
    if (limit.signal.aborted) {
      onAbort();
      return;
    }
    limit.signal.addEventListener('abort', onAbort, { once: true });
    startWork(work, inner.signal).then(
      (value) => {
        finish({ ended: 'done', value });
      },
      (error: unknown) => {
        finish({ ended: 'failed', error });
      },
    );
  });
}

/** Work that throws before it returns a promise has failed like any other. */
async function startWork<Value>(work: (signal: AbortSignal) => Promise<Value>, signal: AbortSignal): Promise<Value> {
  return work(signal);
}
