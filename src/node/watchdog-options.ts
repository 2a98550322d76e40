/**
 * What the watchdog can be told, checked.
 */
import {
  ClockError,
  describeValue,
  optionNames,
  requireDurationMs,
  requireOptionalBoolean,
  requireOptions,
} from '../core/index.ts';

/** How a process is fenced. */
export type FenceSignal = 'SIGKILL' | 'SIGTERM';

/** Options of `startWatchdog`. */
export interface WatchdogOptions {
  /**
   * The longest sleep between two looks at the main thread, 5 to 1000 ms; up to twice that while the main thread rests, unless it fences. Default
   * 50; 10 notices short blocks, for some more CPU.
   */
  readonly intervalMs?: number | undefined;
  /**
   * The age of a beat at which the main thread counts as blocked, at least twice `intervalMs`, at most 60 000 ms. Default 100, or twice
   * `intervalMs` if that is more. It must exceed the interval of the beats, too.
   */
  readonly blockMs?: number | undefined;
  /**
   * Write a line to standard error while the main thread is blocked, and before it is fenced. Default false. With `fence` there are lines
   * only where a write cannot block: on Linux, when standard error is a pipe with room or a terminal. None are written to a file, whose
   * storage may hang, nor to a socket, as standard error is under systemd's journal.
   */
  readonly stderr?: boolean | undefined;
  /** Take the main thread's stack while it is blocked. Default true. */
  readonly stack?: boolean | undefined;
  /**
   * End the process by this signal when the deadline passes while the main thread is blocked. Default: never. A main thread that gets no
   * processor (a loaded machine, a used-up quota) is as silent as a blocked one, so starvation fences too: leave `blockMs` room for what is
   * usual there; a breakpoint is silence as well. A process that listens to SIGTERM does not end by it while its main thread is blocked; SIGKILL cannot be ignored.
   */
  readonly fence?: FenceSignal | undefined;
}

/** The options with every default filled in. */
export interface WatchdogSettings {
  readonly intervalMs: number;
  readonly blockMs: number;
  readonly stderr: boolean;
  readonly stack: boolean;
  readonly fence: FenceSignal | undefined;
}

/** How often the watchdog looks unless told otherwise. */
export const WATCHDOG_INTERVAL_MS_DEFAULT = 50;

/** When a block is one unless told otherwise: the interval and the threshold of the pause monitor. */
export const BLOCK_MS_DEFAULT = 100;

/** Looking more often costs more than it tells: a look confirms another only after some milliseconds. */
const INTERVAL_MS_MIN = 5;

/** Looking less often is no watch. */
const INTERVAL_MS_MAX = 1000;

/** A block that lasts longer is worth a notice to everybody. */
const BLOCK_MS_MAX = 60_000;

const OPERATION = 'startWatchdog';

const OPTIONS = optionNames<WatchdogOptions>({
  intervalMs: true,
  blockMs: true,
  stderr: true,
  stack: true,
  fence: true,
});

/** Checks the options. @throws TC_INVALID_ARGUMENT, TC_NOT_FINITE, TC_OUT_OF_RANGE, TC_EPOCH_AS_DURATION. */
export function settleWatchdogOptions(options: WatchdogOptions): WatchdogSettings {
  requireOptions(OPERATION, options, OPTIONS);
  requireOptionalBoolean(`${OPERATION} stderr`, options.stderr);
  requireOptionalBoolean(`${OPERATION} stack`, options.stack);
  const intervalMs = requireDurationMs(`${OPERATION} intervalMs`, options.intervalMs ?? WATCHDOG_INTERVAL_MS_DEFAULT, {
    minMs: INTERVAL_MS_MIN,
    maxMs: INTERVAL_MS_MAX,
  });
  return {
    intervalMs,
    // Only so is every stop that is longer than the limit seen in the watchdog's own lateness, but at rest (see `watchdog-judgement.ts`).
    blockMs: requireDurationMs(`${OPERATION} blockMs`, options.blockMs ?? Math.max(BLOCK_MS_DEFAULT, 2 * intervalMs), {
      minMs: 2 * intervalMs,
      maxMs: BLOCK_MS_MAX,
    }),
    stderr: options.stderr ?? false,
    stack: options.stack ?? true,
    fence: requireFence(options.fence),
  };
}

function requireFence(fence: unknown): FenceSignal | undefined {
  if (fence === undefined || fence === 'SIGKILL' || fence === 'SIGTERM') return fence;
  throw new ClockError(
    'TC_INVALID_ARGUMENT',
    `${OPERATION} fence: requires 'SIGKILL' or 'SIGTERM', got ${describeValue(fence)}. Pass 'SIGKILL', which a blocked process cannot outlive.`,
    { fence },
  );
}
