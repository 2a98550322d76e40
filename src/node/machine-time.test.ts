import { describe, expect, it, vi } from 'vitest';
import { isMachineTime, keptPort, portWithoutBoot } from './machine-time.ts';
import { systemClock } from './system-clock.ts';

describe('isMachineTime', () => {
  it('knows the machine’s own clock, however often it is asked', () => {
    for (let count = 0; count < 1000; count += 1) expect(isMachineTime()).toBe(true);
  });

  it.each([
    ['stands still', () => 0],
    ['is behind', () => performance.nodeTiming.duration - 5],
    ['is ahead', () => performance.nodeTiming.duration + 60_000],
    ['runs backwards', () => -performance.nodeTiming.duration],
    ['is none', () => NaN],
  ])('is not taken in by one that %s', (_, now) => {
    expect(isMachineTime({ now, nodeTiming: performance.nodeTiming })).toBe(false);
  });
});

describe('keptPort', () => {
  it('goes on with the clocks of its beginning when others are put in their place', () => {
    const port = keptPort(systemClock.port);
    vi.useFakeTimers({ now: 0, toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'] });
    try {
      expect(systemClock.port.wallMs()).toBe(0);
      expect(port.wallMs()).toBeGreaterThan(1e12);
      expect(port.monotonicMs()).toBeGreaterThan(performance.now());
      const timer = port.setTimer(() => undefined, 1000, { keepsAlive: false });
      expect(vi.getTimerCount()).toBe(0);
      timer.cancel();
    } finally {
      vi.useRealTimers();
    }
  });

  it('stays the same clock to whoever compares instants', () => {
    const { monotonicId, bootId } = keptPort(systemClock.port);
    expect([monotonicId, bootId]).toEqual([systemClock.port.monotonicId, systemClock.port.bootId]);
  });
});

describe('portWithoutBoot', () => {
  it('has a boot time that is too coarse to tell anything, and nothing else is changed', () => {
    const { port } = systemClock;
    const without = portWithoutBoot(port);
    expect(without.granularity.bootMs).toBe(Infinity);
    expect(without.granularity.wallMs).toBe(port.granularity.wallMs);
    expect(without.granularity.monotonicMs).toBe(port.granularity.monotonicMs);
    expect(without.monotonicMs).toBe(port.monotonicMs);
  });
});
