/** A machine whose totals and clocks a test moves, and the detector that is told of them. */
import { expect } from 'vitest';
import type { PauseDetectorOptions } from './detector-options.ts';
import { PauseDetector } from './pause-detector.ts';
import type { Pause, PauseEvent } from './pause-event.ts';
import type { PauseReading } from './pause-reading.ts';

/** Whose instants they are. */
export const CLOCK: unique symbol = Symbol('test boot');

/** How time was spent, beside what passes by itself. */
type Spent = Partial<
  Record<'runMs' | 'waitMs' | 'processCpuMs' | 'eluActiveMs' | 'throttledMs' | 'throttledCount', number>
>;

/** A machine with running totals; `pass` lets time go by, and reads everything. */
export class Machine {
  readonly detector: PauseDetector;
  nowMs = 1000;
  bootAheadMs = 700;
  wallAheadMs = 1.79e12;
  readonly counters = {
    runMs: 0,
    waitMs: 0,
    processCpuMs: 0,
    eluActiveMs: 0,
    eluIdleMs: 0,
    throttledMs: 0,
    throttledCount: 0,
    frozenMs: 0,
    stealMs: 0,
    systemSwitchCount: 0,
    psiIoMs: undefined as number | undefined,
  };

  constructor(options: Partial<PauseDetectorOptions> = {}) {
    this.detector = new PauseDetector({
      clock: CLOCK,
      onBootTime: true,
      watchesContinuation: true,
      watchesCollections: true,
      ...options,
    });
    this.detector.tick(this.reading());
  }

  reading(more: Partial<PauseReading> = {}): PauseReading {
    return {
      monotonicMs: this.nowMs,
      bootMs: this.nowMs + this.bootAheadMs,
      wallMs: this.nowMs + this.wallAheadMs,
      counters: { ...this.counters },
      helperGapMs: 0,
      ...more,
    };
  }

  /** Time on the monotonic clock, spent in some way; the rest of it in the poll, with the system alive. */
  pass(ms: number, spent: Spent = {}, more: Partial<PauseReading> = {}): readonly PauseEvent[] {
    this.nowMs += ms;
    this.counters.systemSwitchCount += ms * 0.6;
    this.counters.eluIdleMs += ms - (spent.eluActiveMs ?? 0);
    for (const [name, value] of Object.entries(spent) as [keyof Spent, number][]) this.counters[name] += value;
    return this.detector.tick(this.reading(more));
  }

  /** A stop of everything, seen from a wake-up that was due 10 ms later. */
  stop(ms: number): readonly PauseEvent[] {
    return this.pass(ms + 40, {}, { helperGapMs: ms - 5 });
  }
}

/** The one event, which is a pause. */
export function onlyPause(events: readonly PauseEvent[]): Pause {
  expect(events).toHaveLength(1);
  expect(events[0]?.kind).toBe('pause');
  return events[0] as Pause;
}
