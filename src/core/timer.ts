/**
 * A timer that is never early and has no upper limit, over a platform timer that is both.
 *
 * Platform timers fire up to a millisecond early by their own clock and treat delays above 2^31 - 1 ms as 1 ms. This
 * one reads the clock when it fires and sets itself again until the moment has really come.
 */
import type { ClockPort, TimerHandle } from './clock-port.ts';

/** The longest delay handed to the platform in one piece, in ms; Node's own limit is 2^31 - 1. */
export const TIMER_CHUNK_MS_MAX: number = 2 ** 30;

/** Where and until when a timer waits. */
export interface TimerSpec {
  readonly port: ClockPort;
  /** The clock that decides; not necessarily the one that drives the platform's timers. */
  readMs(): number;
  readonly untilMs: number;
  readonly keepsAlive: boolean;
}

/** Calls back once, asynchronously, when `readMs()` has reached `untilMs`. */
export function armTimer(spec: TimerSpec, callback: () => void): TimerHandle {
  let cancelled = false;
  let pending = arm();

  function arm(): TimerHandle {
    const leftMs = spec.untilMs - spec.readMs();
    const delayMs = Math.min(Math.max(0, Math.ceil(leftMs)), TIMER_CHUNK_MS_MAX);
    return spec.port.setTimer(fire, delayMs, { keepsAlive: spec.keepsAlive });
  }

  function fire(): void {
    if (cancelled) return;
    if (spec.readMs() < spec.untilMs) {
      pending = arm();
      return;
    }
    cancelled = true;
    callback();
  }

  return {
    cancel: () => {
      cancelled = true;
      pending.cancel();
    },
  };
}
