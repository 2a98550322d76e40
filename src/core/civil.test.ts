import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isoFromEpochMs } from './civil.ts';
import { EPOCH_MS_MAX } from './quantity.ts';

const DAY_MS = 86_400_000;

/** The whole range of Date, with weight on the days around the turns of years, centuries and eras. */
const epochMs = fc.oneof(
  fc.integer({ min: -EPOCH_MS_MAX, max: EPOCH_MS_MAX }),
  fc
    .tuple(
      fc.integer({ min: -271_820, max: 275_759 }),
      fc.integer({ min: 0, max: 11 }),
      fc.integer({ min: -1, max: 1 }),
    )
    .map(([year, month, byMs]) => monthStartMs(year, month) + byMs),
);

function monthStartMs(year: number, month: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month, 1);
  return date.getTime();
}

describe('isoFromEpochMs', () => {
  const sameAsDate = (iso: (ms: number) => string) =>
    fc.property(epochMs, (ms) => iso(ms) === new Date(ms).toISOString());

  it('equals Date#toISOString over the whole range of Date', () => {
    fc.assert(sameAsDate(isoFromEpochMs), { numRuns: 5000 });
  });

  it.each([
    0,
    -1,
    EPOCH_MS_MAX,
    -EPOCH_MS_MAX,
    951_782_400_000,
    253_402_300_799_999,
    253_402_300_800_000,
    -62_167_219_200_001,
  ])('equals Date#toISOString at the edge %s', (ms) => {
    expect(isoFromEpochMs(ms)).toBe(new Date(ms).toISOString());
  });

  it('equals it on every day of 400 years, a whole era', () => {
    for (let day = 0; day < 146_097; day += 1) {
      const ms = day * DAY_MS + (day % DAY_MS);
      if (isoFromEpochMs(ms) !== new Date(ms).toISOString())
        expect(isoFromEpochMs(ms)).toBe(new Date(ms).toISOString());
    }
  });

  it('floors fractions, before 1970 too, where Date truncates toward it', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: -8.64e14, max: 8.64e14 }), (ms) => {
        return isoFromEpochMs(ms) === new Date(Math.floor(ms)).toISOString();
      }),
    );
    expect(isoFromEpochMs(-0.5)).toBe('1969-12-31T23:59:59.999Z');
  });

  it('the law refuses a calendar without the rule of centuries', () => {
    const julian = (ms: number): string => {
      const year = 1970 + Math.floor(Math.floor(ms / DAY_MS) / 365.25);
      return `${String(year).padStart(4, '0')}${new Date(ms).toISOString().slice(-20)}`;
    };
    expect(fc.check(sameAsDate(julian)).failed).toBe(true);
  });

  it('the law refuses truncation instead of flooring', () => {
    const truncating = (ms: number): string => isoFromEpochMs(Math.trunc(ms / 1000) * 1000 + Math.abs(ms % 1000));
    expect(fc.check(sameAsDate(truncating)).failed).toBe(true);
  });
});
