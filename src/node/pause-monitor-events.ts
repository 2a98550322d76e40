/**
 * What a pause monitor tells, and to whom.
 */
import type { Unsubscribe } from '../core/index.ts';
import type { ClockStep, Pause } from '../pause/index.ts';
import type { OngoingBlock } from './watchdog-port.ts';

/** A wake-up that came late; why is not known yet. */
export interface ObservedGap {
  /** How late it is so far, in ms. Its pause, told later unless its cause is suppressed, is at least as long. */
  readonly gapMs: number;
}

/** What a monitor tells. */
export interface PauseMonitorEvents {
  gap: ObservedGap;
  pause: Pause;
  clockStep: ClockStep;
  ongoing: OngoingBlock;
}

/** Somebody who tells of pauses. */
export interface PauseAnnouncer {
  onGap(listener: (gap: ObservedGap) => void): Unsubscribe;
  onPause(listener: (pause: Pause) => void): Unsubscribe;
  onClockStep(listener: (step: ClockStep) => void): Unsubscribe;
  onOngoing(listener: (block: OngoingBlock) => void): Unsubscribe;
}
