/**
 * No server outlives its test: whatever is still running when this process exits, or is told to, is ended by its pid.
 */
import { rmSync } from 'node:fs';

/** What must not be left behind. */
export interface Leftover {
  /** The process, while there is one. */
  pid: number | undefined;
  /** Ends that process at once, without a way back. */
  readonly signal: NodeJS.Signals;
  /** Its temporary folder. */
  readonly folder: string;
}

const leftovers = new Set<Leftover>();
let isWatching = false;

function removeAll(): void {
  for (const { pid, signal } of leftovers) {
    try {
      if (pid === undefined) continue;
      process.kill(pid, signal);
      // A paused process is told, too.
      process.kill(pid, 'SIGCONT');
    } catch {
      // It has ended by itself.
    }
  }
  for (const { folder } of leftovers) {
    try {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    } catch {
      // A dying server may still write; the system clears its temporary folder.
    }
  }
  leftovers.clear();
}

function watch(): void {
  if (isWatching) return;
  isWatching = true;
  process.on('exit', removeAll);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    const end = (): void => {
      removeAll();
      process.removeListener(signal, end);
      // Others who listen decide themselves whether the process ends; otherwise it ends as it would have without us.
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
    };
    process.on(signal, end);
  }
}

/** Remembers something to be ended; the answer forgets it again. */
export function remember(leftover: Leftover): () => void {
  watch();
  leftovers.add(leftover);
  return () => leftovers.delete(leftover);
}
