/**
 * What a pause monitor tells, and to whom.
 */
import type { Unsubscribe } from '../core/index.ts';
import type { ClockStep, Pause } from '../pause/index.ts';
import type { OngoingBlock } from './watchdog-port.ts';

/** What a monitor tells. */
export interface PauseMonitorEvents {
  pause: Pause;
  clockStep: ClockStep;
  ongoing: OngoingBlock;
}

/** Somebody who tells of pauses. */
export interface PauseAnnouncer {
  onPause(listener: (pause: Pause) => void): Unsubscribe;
  onClockStep(listener: (step: ClockStep) => void): Unsubscribe;
  onOngoing(listener: (block: OngoingBlock) => void): Unsubscribe;
}
