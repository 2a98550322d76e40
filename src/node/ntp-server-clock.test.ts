import { performance } from 'node:perf_hooks';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { SplitEpoch } from '../sync/index.ts';
import { ServedTime, wallCarriedOn } from './ntp-server-clock.ts';

const msBetween = (from: SplitEpoch, to: SplitEpoch): number =>
  to.wholeMs - from.wholeMs + (to.fractionMs - from.fractionMs);

/** Base time = the monotonic reading itself. */
const plain = (monotonicMs: number): SplitEpoch => ({
  wholeMs: Math.floor(monotonicMs),
  fractionMs: monotonicMs - Math.floor(monotonicMs),
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe('wallCarriedOn', () => {
  it('is matched to the tick of the wall clock', () => {
    let nowMs = 100.4;
    vi.spyOn(performance, 'now').mockImplementation(() => (nowMs += 0.01));
    vi.spyOn(Date, 'now').mockImplementation(() => 1_800_000_000_000 + Math.floor(nowMs));
    const at = wallCarriedOn();
    expect(msBetween({ wholeMs: 1_800_000_000_101, fractionMs: 0 }, at(101))).toBeLessThanOrEqual(0);
    expect(msBetween({ wholeMs: 1_800_000_000_101, fractionMs: 0 }, at(101))).toBeGreaterThan(-0.03);
  });

  it('does not follow a later step of the wall clock', () => {
    const at = wallCarriedOn();
    const before = at(1000);
    vi.spyOn(Date, 'now').mockReturnValue(0);
    expect(at(1000)).toEqual(before);
    expect(msBetween(before, at(3000))).toBe(2000);
  });

  it('takes a wall clock that stands still as it is', () => {
    let nowMs = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => (nowMs += 0.5));
    vi.spyOn(Date, 'now').mockReturnValue(1_800_000_000_000);
    expect(wallCarriedOn()(nowMs).wholeMs).toBe(1_800_000_000_000);
  });
});

describe('ServedTime', () => {
  it('is the base time plus the offset', () => {
    const time = new ServedTime({ offsetMs: 250, driftPpm: 0, timeAt: plain });
    expect(time.at(1000)).toEqual({ wholeMs: 1250, fractionMs: 0 });
  });

  it('drifts, and keeps what has drifted when the rate changes', () => {
    vi.spyOn(performance, 'now').mockReturnValue(0);
    const settings = { offsetMs: 0, driftPpm: 100, timeAt: plain };
    const time = new ServedTime(settings);
    expect(msBetween(plain(10_000), time.at(10_000))).toBeCloseTo(1, 9);
    time.configure({ ...settings, driftPpm: -200 }, 10_000);
    expect(msBetween(plain(10_000), time.at(10_000))).toBeCloseTo(1, 9);
    expect(msBetween(plain(20_000), time.at(20_000))).toBeCloseTo(-1, 9);
  });
});
