/** Tests replace the clocks of a process while boot time stays real: a monitor must not take the difference for a suspend or a pause. */
import { uptime } from 'node:os';
import { mock } from 'node:test';
import { afterEach, describe, expect, it } from 'vitest';
import { type ClockStep, monitorPauses, type Pause, type PauseMonitor } from '../../src/index.ts';
import { install, type InstalledClock, SimClock } from '../../src/testing/index.ts';

/** More than what counts as a suspend. */
const REAL_MS = 120;
const HOUR_MS = 3_600_000;

const running: (PauseMonitor | InstalledClock)[] = [];

afterEach(() => {
  mock.timers.reset();
  for (const one of running.splice(0).reverse()) one[Symbol.dispose]();
});

function watched(): { monitor: PauseMonitor; pauses: Pause[]; steps: ClockStep[] } {
  const monitor = monitorPauses();
  running.push(monitor);
  const pauses: Pause[] = [];
  const steps: ClockStep[] = [];
  monitor.onPause((pause) => pauses.push(pause));
  monitor.onClockStep((step) => steps.push(step));
  return { monitor, pauses, steps };
}

function installed(): SimClock {
  const clock = new SimClock();
  running.push(install(clock));
  return clock;
}

/** On the one clock that no fake replaces. */
function passRealTime(): void {
  const untilMs = uptime() * 1000 + REAL_MS;
  while (uptime() * 1000 < untilMs);
}

describe('a monitor that is started on replaced clocks', () => {
  it('has no boot time, invents no suspend, and sees the pauses of the simulation', () => {
    const clock = installed();
    const { monitor, pauses, steps } = watched();
    const mark = monitor.mark();
    expect(monitor.capabilities.bootClock).toBe(false);
    clock.advance(2000);
    passRealTime();
    expect(monitor.pausedSince(mark)).toBe(0);
    clock.advance(2000);
    expect(pauses).toEqual([]);
    clock.pause(700);
    clock.advance(50);
    expect(pauses).toMatchObject([{ cause: 'unknown' }]);
    expect(pauses[0]?.gapMs).toBeGreaterThanOrEqual(600);
    expect(monitor.pausedSince(mark)).toBe(pauses[0]?.gapMs);
    expect(steps).toEqual([]);
  });
});

describe('a monitor whose clocks are replaced later', () => {
  it('goes on with the machine’s', () => {
    const { monitor } = watched();
    const mark = monitor.mark();
    const clock = installed();
    clock.advance(24 * HOUR_MS);
    expect(monitor.pausedSince(mark)).toBeLessThan(HOUR_MS);
    passRealTime();
    // This thread has not come back to its event loop: that is a pause, of real time.
    expect(monitor.pausedSince(mark)).toBeGreaterThanOrEqual(REAL_MS - 50 - 10);
    expect(monitor.capabilities.bootClock).toBe(process.platform === 'linux');
  });
});

describe('a monitor that is started when timers and Date alone are replaced', () => {
  it('wakes up by the machine’s timers, and takes no faked date for a step', async () => {
    const turn = setImmediate;
    mock.timers.enable({ apis: ['setInterval', 'setTimeout', 'Date'], now: 0 });
    const { monitor, pauses, steps } = watched();
    mock.timers.setTime(24 * HOUR_MS);
    passRealTime();
    while (pauses.length === 0) await new Promise((resolve) => turn(resolve));
    expect(monitor.last?.gapMs).toBeLessThan(HOUR_MS);
    expect(steps).toEqual([]);
  });
});

describe('a watchdog on a clock that is not the machine’s', () => {
  it('is not started: it would judge the simulation by real time, and end the process', () => {
    const clock = new SimClock();
    using monitor = monitorPauses({ clock, watchdog: { fence: 'SIGKILL' } });
    expect(monitor.watchdog).toMatchObject({ state: 'unavailable', reason: expect.stringContaining('clock') });
    expect(monitor.capabilities.watchdog).toBe(false);
  });
});
