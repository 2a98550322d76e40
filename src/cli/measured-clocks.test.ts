import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { suspendedSinceBoot, wallRateBetween } from './measured-clocks.ts';

const look = (earliest: number, latest: number, beganMs: number): Parameters<typeof wallRateBetween>[0] => ({
  relation: { earliest, latest },
  beganMs,
  endedMs: beganMs + 10,
});

describe('the rate of the wall clock', () => {
  test('contains the true rate', () => {
    const rate = fc.double({ min: -1000, max: 1000, noNaN: true });
    const error = fc.double({ min: 0, max: 0.01, noNaN: true });
    fc.assert(
      fc.property(rate, error, error, fc.integer({ min: 20, max: 1e6 }), (ppm, before, after, apartMs) => {
        // The relation holds at some moment within each look: here at its middle.
        const movedMs = (ppm / 1e6) * apartMs;
        const found = wallRateBetween(look(-before, after, 0), look(movedMs - after, movedMs + before, apartMs), false);
        if (found.status !== 'measured') throw new Error(found.reason);
        expect(found.earliestPpm).toBeLessThanOrEqual(ppm + 1e-6);
        expect(found.latestPpm).toBeGreaterThanOrEqual(ppm - 1e-6);
      }),
    );
  });

  test('is unknown after a step, without ticks, and between looks that overlap', () => {
    const known = look(0, 1, 0);
    expect(wallRateBetween(known, look(0, 1, 1000), true).status).toBe('unknown');
    expect(wallRateBetween({ ...known, relation: undefined }, look(0, 1, 1000), false).status).toBe('unknown');
    expect(wallRateBetween(known, look(0, 1, 10), false).status).toBe('unknown');
  });
});

describe('time in suspend since boot', () => {
  const reading = { beforeMs: 1000, afterMs: 1001, bootGranularityMs: 10 };

  test('is an interval from 0 when there was none', () => {
    expect(suspendedSinceBoot({ ...reading, bootMs: 1000 })).toEqual({ earliest: 0, latest: 10 });
  });

  test('is what boot time is ahead', () => {
    expect(suspendedSinceBoot({ ...reading, bootMs: 61_000 })).toEqual({ earliest: 59_999, latest: 60_010 });
  });

  test('is left out where boot time is behind: a container shows its own', () => {
    expect(suspendedSinceBoot({ ...reading, bootMs: 500 })).toBeUndefined();
  });
});
