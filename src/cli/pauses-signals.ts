/**
 * Signals that the command gets and the program is meant by.
 */
import type { ChildProcess } from 'node:child_process';

/** Signals that somebody may send to the command and mean the program. */
const FORWARDED: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'];

/** A terminal sends these to the program as well: passed on, they would come twice, which often means "at once". */
const FROM_KEYBOARD: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];

/** Passes signals on until the returned function is called. */
export function forwardSignals(child: ChildProcess, hasTerminal: boolean): () => void {
  const forward = (signal: NodeJS.Signals): void => {
    if (!(hasTerminal && FROM_KEYBOARD.includes(signal))) child.kill(signal);
  };
  for (const signal of FORWARDED) process.on(signal, forward);
  return () => {
    for (const signal of FORWARDED) process.off(signal, forward);
  };
}
