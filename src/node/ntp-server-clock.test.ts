import { performance } from 'node:perf_hooks';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { SplitEpoch } from '../sync/index.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { ServedTime, wallCarriedOn } from './ntp-server-clock.ts';
import { systemClock } from './system-clock.ts';

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
  it('is matched to the ticks of the wall clock', () => {
    const clock = new ManualClock({ readCostMs: 0.003 });
    const at = wallCarriedOn(clock);
    const truth = {
      wholeMs: Math.floor(clock.wallAheadMs),
      fractionMs: clock.wallAheadMs - Math.floor(clock.wallAheadMs),
    };
    expect(Math.abs(msBetween(truth, at(0)))).toBeLessThan(0.02);
  });

  it('gives two servers the same time, although each began at its own moment', () => {
    const one = wallCarriedOn(systemClock.port);
    const other = wallCarriedOn(systemClock.port);
    expect(Math.abs(msBetween(one(1000), other(1000)))).toBeLessThan(0.05);
  });

  it('does not follow a later step of the wall clock', () => {
    const clock = new ManualClock({ readCostMs: 0.003 });
    const at = wallCarriedOn(clock);
    const before = at(1000);
    clock.stepWall(-5000);
    expect(at(1000)).toEqual(before);
    expect(msBetween(before, at(3000))).toBe(2000);
  });

  it('takes a wall clock that does not tick as it is', () => {
    const clock = new ManualClock({ epochMs: 1_800_000_000_000 });
    expect(wallCarriedOn(clock)(clock.monotonicMs()).wholeMs).toBe(1_800_000_000_000);
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
