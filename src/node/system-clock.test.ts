import { uptime } from 'node:os';
import { performance } from 'node:perf_hooks';
import { describe, expect, it } from 'vitest';
import { thrownBy } from '../../test/support/thrown-by.ts';
import { createSystemPort, deadline, stopwatch, systemClock } from './system-clock.ts';

describe('the refusal to start', () => {
  it.each([
    ['performance is missing', undefined],
    ['now is missing', {} as { now(): number }],
    ['it is not a number', { now: () => NaN }],
    ['it is infinite', { now: () => Infinity }],
  ])('%s', (_name, broken) => {
    const error = thrownBy(() => createSystemPort({ performance: broken, platform: 'linux' }));
    expect(error).toMatchObject({ name: 'ClockError', code: 'TC_NO_MONOTONIC_CLOCK' });
    expect(String(error)).toContain('the wall clock is never used in its place');
  });

  it('a clock that stands still is found out when its granularity is asked for, not at import', () => {
    const port = createSystemPort({ performance: { now: () => 5 }, platform: 'linux' });
    expect(port.monotonicMs()).toBe(5);
    expect(thrownBy(() => port.granularity.monotonicMs)).toMatchObject({ code: 'TC_NO_MONOTONIC_CLOCK' });
  });
});

describe('the platforms', () => {
  it('Linux: boot time is uptime in steps of 10 ms, and the wall clock is not slewed against the monotonic clock', () => {
    const port = createSystemPort({ performance, platform: 'linux' });
    const beforeMs = uptime() * 1000;
    const bootMs = port.bootMs();
    expect(bootMs).toBeGreaterThanOrEqual(beforeMs);
    expect(bootMs).toBeLessThanOrEqual(uptime() * 1000);
    expect(port.granularity.bootMs).toBe(10);
    expect([port.monotonicCountsSuspend, port.wallSlewPpm]).toEqual([false, 0]);
  });

  it.each(['darwin', 'win32'])('%s: the monotonic clock counts suspend, so it is boot time too', (platform) => {
    let readingMs = 100;
    const port = createSystemPort({ performance: { now: () => (readingMs += 0.5) }, platform });
    expect(port.monotonicCountsSuspend).toBe(true);
    expect(port.bootMs()).toBe(port.monotonicMs() - 0.5);
    expect(port.granularity.bootMs).toBe(port.granularity.monotonicMs);
    expect(port.wallSlewPpm).toBeGreaterThan(500);
  });

  it('Android is Linux', () => {
    const port = createSystemPort({ performance, platform: 'android', uptime: () => 12.34 });
    expect(port.bootMs()).toBe(12_340);
    expect([port.granularity.bootMs, port.monotonicCountsSuspend, port.wallSlewPpm]).toEqual([10, false, 0]);
  });

  it.each(['freebsd', 'openbsd', 'netbsd', 'aix', 'sunos', 'haiku', 'cygwin', 'constructor', ''])(
    '%j: claims the least, and boot time is uptime in whole seconds',
    (platform) => {
      const port = createSystemPort({ performance, platform, uptime: () => 1234 });
      expect(port.bootMs()).toBe(1_234_000);
      expect([port.granularity.bootMs, port.monotonicCountsSuspend, port.wallSlewPpm]).toEqual([1000, false, 1000]);
      expect(createSystemPort({ performance, platform }).bootMs()).toBeGreaterThan(0);
    },
  );

  it('an uptime that is taken from the wall clock never goes back, and goes on counting', () => {
    const uptimesS = [100, 105, 40, 42, 41, 50];
    const port = createSystemPort({ performance, platform: 'aix', uptime: () => uptimesS.shift() ?? NaN });
    const readings = Array.from({ length: 6 }, () => port.bootMs() / 1000);
    expect(readings).toEqual([100, 105, 105, 107, 107, 116]);
  });

  it('measures the granularity as the smallest step it sees', () => {
    const stepsMs = [3, 2, 5, 4];
    let index = 0;
    let readingMs = 0;
    const now = (): number => (readingMs += stepsMs[index++ % stepsMs.length] ?? 0);
    expect(createSystemPort({ performance: { now }, platform: 'linux' }).granularity.monotonicMs).toBe(2);
  });
});

describe('systemClock', () => {
  it('follows whatever replaces performance.now and Date.now: nothing is captured', () => {
    const original = performance.now.bind(performance);
    performance.now = () => 123;
    try {
      expect(systemClock.port.monotonicMs()).toBe(123);
    } finally {
      performance.now = original;
    }
  });

  it('keeps the identity of its clocks between copies of the module', () => {
    expect(createSystemPort().monotonicId).toBe(systemClock.monotonic.id);
    expect(systemClock.monotonic.id).not.toBe(systemClock.boot.id);
  });

  it('stopwatch and deadline run on it', () => {
    expect(stopwatch().elapsedMs()).toBeGreaterThanOrEqual(0);
    expect(deadline(60_000).passed).toBe(false);
    expect(deadline(0).passed).toBe(true);
    expect(thrownBy(() => deadline(Date.now() + 5))).toMatchObject({ code: 'TC_EPOCH_AS_DURATION' });
  });
});
