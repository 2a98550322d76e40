/**
 * What a detector is told at the start, checked.
 */
import {
  ClockError,
  describeValue,
  optionNames,
  requireDurationMs,
  requireOptionalBoolean,
  requireOptions,
} from '../core/index.ts';

/** What a detector is told at the start. */
export interface PauseDetectorOptions {
  /** The identity of the clock that instants are given on: a `ClockPort`'s `bootId` with `onBootTime`, else its `monotonicId`. */
  readonly clock: symbol;
  /** Instants are of boot time: readings then carry `bootMs`. False when left out. */
  readonly onBootTime?: boolean;
  /** The planned time between two wake-ups, in ms, above 0; 50 when left out. Shorter sees shorter pauses and wakes the process more often. */
  readonly intervalMs?: number;
  /** A wake-up this late is a pause, in ms, above 0; 50 when left out. Every pause of `intervalMs` and this is noticed. */
  readonly thresholdMs?: number;
  /** A jump of the wall clock this large is a step, in ms, above 0; 50 when left out. */
  readonly clockStepMs?: number;
  /** Somebody reports SIGCONT by `noteContinued`. Without it a stop can be told from a freeze by nobody. False when left out. */
  readonly watchesContinuation?: boolean;
  /** Somebody reports collections by `noteCollection`. False when left out. */
  readonly watchesCollections?: boolean;
}

const NAMES = optionNames<PauseDetectorOptions>({
  clock: true,
  onBootTime: true,
  intervalMs: true,
  thresholdMs: true,
  clockStepMs: true,
  watchesContinuation: true,
  watchesCollections: true,
});

/** The interval and both thresholds when nothing is said: no false pause in four idle minutes, at a quarter percent of a core. */
export const PAUSE_INTERVAL_MS_DEFAULT = 50;

const RANGE = { minMs: 1, maxMs: 3_600_000 };

/** Checks the options and fills them in. @throws TC_INVALID_ARGUMENT, TC_NOT_FINITE, TC_OUT_OF_RANGE below 1 ms or above 1 h. */
export function requireDetectorOptions(options: PauseDetectorOptions): Required<PauseDetectorOptions> {
  requireOptions('PauseDetector', options, NAMES);
  const clock: unknown = (options as PauseDetectorOptions | undefined)?.clock;
  if (typeof clock !== 'symbol') {
    throw new ClockError(
      'TC_INVALID_ARGUMENT',
      `PauseDetector clock: requires the identity of a clock, got ${describeValue(clock)}. Pass port.bootId or port.monotonicId.`,
    );
  }
  const duration = (name: 'intervalMs' | 'thresholdMs' | 'clockStepMs'): number =>
    requireDurationMs(`PauseDetector ${name}`, options[name] ?? PAUSE_INTERVAL_MS_DEFAULT, RANGE);
  const flag = (name: 'onBootTime' | 'watchesContinuation' | 'watchesCollections'): boolean => {
    requireOptionalBoolean(`PauseDetector ${name}`, options[name]);
    return options[name] ?? false;
  };
  return {
    clock,
    onBootTime: flag('onBootTime'),
    intervalMs: duration('intervalMs'),
    thresholdMs: duration('thresholdMs'),
    clockStepMs: duration('clockStepMs'),
    watchesContinuation: flag('watchesContinuation'),
    watchesCollections: flag('watchesCollections'),
  };
}
