/**
 * What a lease needs of the platform, as arguments: clocks and timers, randomness, and somebody to tell.
 */
import type { ClockPort } from '../core/index.ts';
import type { LeaseEvents } from './lease-events.ts';
import type { TimingModel } from './timing-model.ts';

/** The platform, as far as a lease needs it. */
export interface LeaseRuntime {
  readonly port: ClockPort;
  /** A number from 0 up to, not including, 1. */
  random(): number;
  /** A name that nobody else has, for one attempt. */
  newHolderId(): string;
  /** Makes the signals that are handed to users, where the platform has something to arrange about them. Default: plain ones. */
  newController?(): AbortController;
  /** Tells whoever observes from outside. */
  publish<Name extends keyof LeaseEvents>(name: Name, event: LeaseEvents[Name]): void;
}

/** Whether checks compare boot time: it says something that the monotonic clock does not, and the model wants to know. */
export function comparesBoot(port: ClockPort, timing: TimingModel): boolean {
  return timing.suspend === 'checked' && !port.monotonicCountsSuspend;
}

/** A controller of a signal that users get. */
export function newController(runtime: LeaseRuntime): AbortController {
  return runtime.newController?.() ?? new AbortController();
}
