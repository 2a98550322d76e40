import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NTP_PACE_DEFAULT, publicPace, settlePace } from './ntp-pace.ts';

describe('settlePace', () => {
  it('fills in a burst of four, 2 s apart, and polls of 16 to 1024 s', () => {
    expect(settlePace('x')).toEqual({ burstCount: 4, burstSpacingMs: 2000, pollMinMs: 16_000, pollMaxMs: 1_024_000 });
  });

  it('keeps the two limits in order when only one is given', () => {
    expect(settlePace('x', { pollMinMs: 2_000_000 }).pollMaxMs).toBe(2_000_000);
    expect(settlePace('x', { pollMaxMs: 1000 })).toMatchObject({ pollMinMs: 1000, pollMaxMs: 1000 });
  });

  it.each([
    [{ burstCount: 0 }, 'TC_OUT_OF_RANGE'],
    [{ burstCount: 1001 }, 'TC_OUT_OF_RANGE'],
    [{ burstCount: 1.5 }, 'TC_INVALID_ARGUMENT'],
    [{ burstSpacingMs: 0 }, 'TC_OUT_OF_RANGE'],
    [{ pollMinMs: 0 }, 'TC_OUT_OF_RANGE'],
    [{ pollMinMs: NaN }, 'TC_NOT_FINITE'],
    [{ pollMinMs: 1.8e12 }, 'TC_EPOCH_AS_DURATION'],
    [{ pollMinMs: 2000, pollMaxMs: 1000 }, 'TC_OUT_OF_RANGE'],
    [{ pollMaxMs: 131_072_001 }, 'TC_OUT_OF_RANGE'],
  ])('refuses %j', (pace, code) => {
    expect(() => settlePace('x', pace)).toThrow(expect.objectContaining({ code }));
  });
});

describe('publicPace', () => {
  it('leaves what is slow enough alone', () => {
    expect(publicPace(NTP_PACE_DEFAULT)).toEqual(NTP_PACE_DEFAULT);
    const slow = { burstCount: 1, burstSpacingMs: 5000, pollMinMs: 64_000, pollMaxMs: 64_000 };
    expect(publicPace(slow)).toEqual(slow);
  });

  it('never asks faster than every 16 s, 2 s and 8 times in a burst', () => {
    const anyPace = fc.record({
      burstCount: fc.integer({ min: 1, max: 1000 }),
      burstSpacingMs: fc.integer({ min: 1, max: 100_000 }),
      pollMinMs: fc.integer({ min: 1, max: 100_000 }),
    });
    fc.assert(
      fc.property(anyPace, fc.integer({ min: 0, max: 100_000 }), (pace, moreMs) => {
        const wanted = { ...pace, pollMaxMs: pace.pollMinMs + moreMs };
        const allowed = publicPace(wanted);
        expect(allowed.burstCount).toBe(Math.min(wanted.burstCount, 8));
        expect(allowed.burstSpacingMs).toBe(Math.max(wanted.burstSpacingMs, 2000));
        expect(allowed.pollMinMs).toBe(Math.max(wanted.pollMinMs, 16_000));
        expect(allowed.pollMaxMs).toBe(Math.max(wanted.pollMaxMs, allowed.pollMinMs));
      }),
    );
  });
});
