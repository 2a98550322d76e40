/**
 * The words for why a process did not run.
 */

/** Every cause that a pause can be given, and `unknown`. */
export const PAUSE_CAUSES = [
  'cpu',
  'gc',
  'blocked',
  'starved',
  'throttled',
  'stolen',
  'stopped',
  'frozen',
  'external-stop',
  'suspend',
  'vm-pause',
  'unknown',
] as const;

/**
 * Why the main thread did not come back in time.
 *
 * - `cpu`: it computed, in JavaScript or native code
 * - `gc`: it collected garbage, or waited for V8's threads that did
 * - `blocked`: it waited in a synchronous call, a lock or `Atomics.wait`
 * - `starved`: it was ready to run, and other programs had the processors
 * - `throttled`: its control group had used up its quota
 * - `stolen`: the hypervisor gave the processors to other machines
 * - `stopped`: by SIGSTOP, and continued by SIGCONT
 * - `frozen`: by the freezer of control groups (version 2)
 * - `external-stop`: stopped from outside by a debugger, another freezer, or a checkpoint
 * - `suspend`: the machine slept
 * - `vm-pause`: the virtual machine did not run
 * - `unknown`: what was read does not tell; `candidates` says what it may have been
 */
export type PauseCause = (typeof PAUSE_CAUSES)[number];

/** What more is known: a block on storage or on paging, a stop while a debugger is attached. */
export type PauseDetail = 'io' | 'paging' | 'debugger';

/**
 * How a cause is known: `counter` when a witness that nothing else moves was read (a kernel counter, a signal, a collector's
 * own entries), `inferred` when it follows from what other witnesses leave over.
 */
export type PauseCertainty = 'counter' | 'inferred';
