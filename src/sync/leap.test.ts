import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LEAP_MS, leapMoment, leapPhase } from './leap.ts';

const NEW_YEAR_2017 = Date.UTC(2017, 0, 1);

describe('leapMoment', () => {
  it('is the end of the month in UTC, by the earliest that it can be', () => {
    expect(leapMoment({ earliest: Date.UTC(2016, 11, 31, 23, 59, 59), latest: NEW_YEAR_2017 + 5 })).toBe(NEW_YEAR_2017);
    expect(leapMoment({ earliest: Date.UTC(2016, 5, 1), latest: Date.UTC(2016, 5, 1) })).toBe(Date.UTC(2016, 6, 1));
    expect(leapMoment({ earliest: Date.UTC(2024, 1, 29, 12), latest: Date.UTC(2024, 1, 29, 12) })).toBe(
      Date.UTC(2024, 2, 1),
    );
    expect(leapMoment({ earliest: NEW_YEAR_2017, latest: NEW_YEAR_2017 })).toBe(Date.UTC(2017, 1, 1));
  });
});

describe('leapPhase', () => {
  const offset = fc.integer({ min: -5000, max: 5000 });

  it('says before and after only when it is certain, with a second to spare on either side', () => {
    fc.assert(
      fc.property(offset, fc.nat({ max: 4000 }), (from, width) => {
        const now = { earliest: NEW_YEAR_2017 + from, latest: NEW_YEAR_2017 + from + width };
        const phase = leapPhase(now, NEW_YEAR_2017);
        expect(phase === 'before').toBe(from + width < -LEAP_MS);
        expect(phase === 'after').toBe(from > LEAP_MS);
      }),
    );
  });

  it('never goes back while the interval moves on', () => {
    const order = ['before', 'ambiguous', 'after'];
    fc.assert(
      fc.property(offset, fc.nat({ max: 4000 }), fc.nat({ max: 3000 }), (from, width, on) => {
        const now = { earliest: NEW_YEAR_2017 + from, latest: NEW_YEAR_2017 + from + width };
        const later = { earliest: now.earliest + on, latest: now.latest + on };
        expect(order.indexOf(leapPhase(later, NEW_YEAR_2017))).toBeGreaterThanOrEqual(
          order.indexOf(leapPhase(now, NEW_YEAR_2017)),
        );
      }),
    );
  });
});
