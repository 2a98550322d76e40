/**
 * A `ClockPort` whose platform timers fire only when the test says so, at whatever time it is by then: early, late, after
 * a suspend, or never. For the tests of what stands on such timers.
 */
import type { ClockGranularity, ClockPort, TimerHandle, TimerOptions } from '../../src/core/clock-port.ts';

/** A timer as it was handed to the platform. */
export interface PlatformTimer {
  readonly delayMs: number;
  readonly keepsAlive: boolean;
  state: 'set' | 'fired' | 'cancelled';
  readonly callback: () => void;
}

/** Reads what its fields say; keeps every timer that was ever set. */
export class ScriptedPort implements ClockPort {
  readonly name = 'scripted';
  readonly monotonicId: symbol = Symbol('scripted monotonic');
  readonly bootId: symbol = Symbol('scripted boot');
  readonly granularity: ClockGranularity = { monotonicMs: 0.001, bootMs: 10, wallMs: 1 };
  readonly monotonicCountsSuspend: boolean = false;
  readonly wallSlewPpm = 0;
  readonly timers: PlatformTimer[] = [];
  nowMs = 1000.5;
  suspendedMs = 0;
  epochMs = 1_790_000_000_000;

  monotonicMs(): number {
    return this.nowMs;
  }

  bootMs(): number {
    return this.nowMs + this.suspendedMs;
  }

  wallMs(): number {
    return this.epochMs;
  }

  setTimer(callback: () => void, delayMs: number, options: TimerOptions): TimerHandle {
    const timer: PlatformTimer = { delayMs, keepsAlive: options.keepsAlive, state: 'set', callback };
    this.timers.push(timer);
    return {
      cancel: () => {
        if (timer.state === 'set') timer.state = 'cancelled';
      },
    };
  }

  /** The timers that the platform still holds. */
  get pending(): readonly PlatformTimer[] {
    return this.timers.filter((timer) => timer.state === 'set');
  }

  /** Lets time pass; no timer fires by itself. */
  advance(byMs: number): void {
    this.nowMs += byMs;
  }

  /** The platform fires every timer that it holds now, due or not. */
  firePending(): void {
    for (const timer of this.pending) {
      timer.state = 'fired';
      timer.callback();
    }
  }
}
