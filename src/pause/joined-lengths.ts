/**
 * The lengths of pauses, where those without room for a renewal between them count as one.
 *
 * A lease dies of the time from a renewal that was sent to the next that is answered. Two pauses with less than a round trip between them
 * let no renewal through, so they do what one pause of both lengths and what lies between would do. A list of lengths cannot show that:
 * it must be joined where the moments are still known.
 *
 * Impossible here: pauses that are too short to be noticed, and follow one another as closely.
 */
import {
  ClockError,
  describeValue,
  MonotonicInstant,
  optionNames,
  requireDurationMs,
  requireOptions,
} from '../core/index.ts';
import type { Pause } from './pause-event.ts';
import { PAUSE_SAMPLES_MAX, requireLengthMs } from './pause-tail.ts';

/** What must be known of a pause: a `Pause` of a monitor or a detector has it. */
export type JoinablePause = Pick<Pause, 'startedAt' | 'endedAt' | 'maxMs'>;

/** What counts as one. */
export interface JoinOptions {
  /**
   * Pauses with less than this between them count as one, in ms; at least the slowest round trip that is listed for the judgement. Larger is
   * safer, and makes one long pause of more that were several.
   */
  readonly apartMs: number;
}

const NAMES = optionNames<JoinOptions>({ apartMs: true });

/**
 * The longest that each pause can have been, in ms, for `pauseTail`; pauses that follow one another too closely for a renewal are one.
 *
 * What lies between two is taken from the wake-ups around it, so it is never taken for more than it was. A joined pause is as long as its
 * pauses and all that lies between them. Join those of each process by itself, before the lengths of several are put together.
 *
 * @param pauses - Of one process, in any order, at most a million.
 * @returns At most as many lengths, in the order of time; `Infinity` where nobody knows.
 * @throws TC_INVALID_ARGUMENT for what is no list of pauses; TC_CLOCK_MISMATCH for pauses of several clocks; TC_NOT_FINITE, TC_OUT_OF_RANGE,
 * TC_EPOCH_AS_DURATION for lengths that are none.
 *
 * @example
 * ```ts
 * import { joinedLengthsMs, monitorPauses, type Pause, pauseTail } from 'truechimer';
 *
 * const pauses: Pause[] = [];
 * const monitor = monitorPauses();
 * monitor.onPause((pause) => pauses.push(pause));
 * // after days:
 * const tail = pauseTail({ lengthsMs: joinedLengthsMs(pauses, { apartMs: 1000 }), observedMs: 86_400_000 });
 * console.log(tail.longestMs);
 * monitor.close();
 * ```
 */
export function joinedLengthsMs(pauses: readonly JoinablePause[], options: JoinOptions): number[] {
  requireOptions('joinedLengthsMs', options, NAMES);
  const apartMs = requireDurationMs('joinedLengthsMs apartMs', options.apartMs);
  const inOrder = [...requirePauses(pauses)].sort((a, b) => a.endedAt.compare(b.endedAt));
  const lengthsMs: number[] = [];
  let lengthMs = 0;
  let last: JoinablePause | undefined;
  for (const pause of inOrder) {
    const maxMs = requireLengthMs('joinedLengthsMs maxMs', pause.maxMs);
    const sinceLastMs = betweenMs(last, pause);
    if (sinceLastMs < apartMs) {
      lengthsMs.pop();
      lengthMs += sinceLastMs + maxMs;
    } else lengthMs = maxMs;
    lengthsMs.push(lengthMs);
    last = pause;
  }
  return lengthsMs;
}

/** What lay between two pauses, in ms, as far as is certain: from one wake-up to the other. `Infinity` before the first. */
export function betweenMs(before: JoinablePause | undefined, pause: JoinablePause): number {
  return before === undefined ? Infinity : Math.max(0, pause.startedAt.since(before.endedAt));
}

function requirePauses(pauses: readonly JoinablePause[]): readonly JoinablePause[] {
  const given: unknown = pauses;
  const isList = Array.isArray(given) && given.length <= PAUSE_SAMPLES_MAX && given.every(isPause);
  if (isList) return pauses;
  const got = Array.isArray(given) ? `${given.length} values` : describeValue(given);
  throw new ClockError(
    'TC_INVALID_ARGUMENT',
    `joinedLengthsMs pauses: requires an array of at most ${PAUSE_SAMPLES_MAX} pauses, got ${got}. ` +
      'Pass those of onPause as they are: what was read from a log has no instants any more.',
  );
}

function isPause(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { startedAt, endedAt } = value as Record<string, unknown>;
  return startedAt instanceof MonotonicInstant && endedAt instanceof MonotonicInstant;
}
