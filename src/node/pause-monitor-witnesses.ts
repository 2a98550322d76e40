/**
 * Two witnesses that come by themselves: the collector's entries, and the signal that continues a stopped process.
 */
import { PerformanceObserver } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';
import type { Collection } from '../pause/index.ts';

/** Something that reports until it is closed. */
export interface Witness {
  /** Reports what has come and was not reported yet. */
  flush(): void;
  close(): void;
}

/** Nothing is kept back: it is reported when it comes. */
const nothing = (): undefined => undefined;

/** Reports collections of garbage; `undefined` where this Node cannot. */
export function watchCollections(report: (collection: Collection) => void): Witness | undefined {
  const { supportedEntryTypes } = PerformanceObserver as { supportedEntryTypes?: readonly string[] };
  if (supportedEntryTypes?.includes('gc') !== true) return undefined;
  const take = (entries: readonly { readonly startTime: number; readonly duration: number }[]): void => {
    for (const { startTime, duration } of entries) report({ startMs: startTime, durationMs: duration });
  };
  const observer = new PerformanceObserver((list) => {
    take(list.getEntries());
  });
  observer.observe({ entryTypes: ['gc'] });
  return {
    flush: () => {
      take(observer.takeRecords());
    },
    close: () => {
      observer.disconnect();
    },
  };
}

const listeners = new Set<() => void>();

/** One listener for all monitors: Node warns of more than ten. */
function continued(): void {
  for (const listener of listeners) listener();
}

/**
 * Reports SIGCONT; `undefined` where nobody can: Windows has no such signal, and only the main thread hears of signals.
 *
 * Listening does not keep the process alive, and changes nothing: a stopped process continues whether SIGCONT is handled or not.
 */
export function watchContinuation(report: () => void): Witness | undefined {
  if (!isMainThread || process.platform === 'win32') return undefined;
  const own = (): void => {
    report();
  };
  if (listeners.size === 0) process.on('SIGCONT', continued);
  listeners.add(own);
  return {
    flush: nothing,
    close: () => {
      listeners.delete(own);
      if (listeners.size === 0) process.off('SIGCONT', continued);
    },
  };
}
