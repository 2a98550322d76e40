import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { createClock } from '../core/index.ts';
import type { ClockStep, Pause } from '../pause/index.ts';
import { type PauseMonitor, monitorPauses } from './pause-monitor.ts';
import { NO_SOURCES } from './pause-sources.ts';

function watched(clock: ManualClock): { monitor: PauseMonitor; pauses: Pause[]; steps: ClockStep[] } {
  const monitor = monitorPauses({ clock: createClock(clock) });
  const pauses: Pause[] = [];
  const steps: ClockStep[] = [];
  monitor.onPause((pause) => pauses.push(pause));
  monitor.onClockStep((step) => steps.push(step));
  return { monitor, pauses, steps };
}

describe('a monitor on a clock that is not this machine’s', () => {
  it('has no other evidence than the clock, and guesses nothing', () => {
    const clock = new ManualClock();
    const { monitor, pauses, steps } = watched(clock);
    clock.advance(1000);
    expect(clock.timers).toEqual({ all: 1, keepingAlive: 0 });
    clock.pass(5000);
    clock.advance(1000);
    clock.suspend(30_000);
    clock.advance(1000);
    clock.stepWall(4000);
    clock.advance(1000);
    expect(pauses.map(({ cause }) => cause)).toEqual(['unknown', 'suspend']);
    expect(steps.map(({ deltaMs }) => Math.round(deltaMs))).toEqual([4000]);
    expect(monitor.capabilities).toEqual({
      ...NO_SOURCES.readable,
      bootClock: true,
      gc: false,
      sigcont: false,
      watchdog: false,
      stack: false,
    });
    monitor.close();
    expect(clock.timers.all).toBe(0);
  });

  it('dates pauses on the boot clock of the one that it was given', () => {
    const clock = new ManualClock();
    const { monitor, pauses } = watched(clock);
    const before = createClock(clock).boot.now();
    clock.advance(1000);
    clock.pass(5000);
    clock.advance(0);
    const now = createClock(clock).boot.now();
    const [pause] = pauses;
    expect((pause!.startedAt as typeof before).since(before)).toBeGreaterThan(900);
    expect(now.since(pause!.endedAt as typeof now)).toBeLessThan(20);
    expect(pause!.endedAt.since(pause!.startedAt)).toBeGreaterThanOrEqual(5000);
    monitor.close();
  });

  it('sees no sleep where the monotonic clock counts it: it is a pause of unknown cause, and no step', () => {
    const clock = new ManualClock({ monotonicCountsSuspend: true, granularity: { bootMs: 0.001 } });
    const { monitor, pauses, steps } = watched(clock);
    clock.advance(1000);
    clock.suspend(30_000);
    clock.advance(1000);
    expect(pauses).toMatchObject([{ cause: 'unknown' }]);
    expect(pauses[0]!.gapMs).toBeGreaterThan(29_900);
    expect(steps).toEqual([]);
    expect(monitor.capabilities.bootClock).toBe(false);
    monitor.close();
  });
});
