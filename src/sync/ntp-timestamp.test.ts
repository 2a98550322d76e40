import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { add, compare, exact, multiply, rational, subtract } from '../../test/support/rational.ts';
import {
  epochFromNtp,
  isZeroNtpTimestamp,
  msFromNtpShort,
  NTP_PIVOT_MS,
  NTP_SHORT_MS_MAX,
  NTP_TIMESTAMP_ZERO,
  ntpFromEpoch,
  ntpShortFromMsUp,
  type NtpTimestamp,
  sameNtpTimestamp,
} from './ntp-timestamp.ts';
import type { SplitEpoch } from './split-epoch.ts';

const TWO_32 = 2n ** 32n;
const SECONDS_1900_TO_1970 = 2_208_988_800n;
/** 2^31 s: how far from the pivot a stamp can be told, in ms. */
const REACH_MS = 2 ** 31 * 1000;

const anyUint32 = fc.oneof(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.constantFrom(0, 1, 2 ** 31, 2 ** 32 - 1));
const anyStamp = fc.record({ seconds: anyUint32, fraction: anyUint32 });
const anyPivotMs = fc.integer({ min: -1e13, max: 1e13 });

/** The exact value of an epoch in ms. */
const valueOf = (epoch: SplitEpoch) => add(exact(epoch.wholeMs), exact(epoch.fractionMs));

describe('epochFromNtp', () => {
  it('is exact: no bit of any stamp is lost', () => {
    fc.assert(
      fc.property(anyStamp, anyPivotMs, (stamp, pivotMs) => {
        const epoch = epochFromNtp(stamp, pivotMs);
        const unscaled = subtract(
          multiply(valueOf(epoch), rational(TWO_32)),
          rational(((BigInt(stamp.seconds) - SECONDS_1900_TO_1970) * TWO_32 + BigInt(stamp.fraction)) * 1000n),
        );
        // What is left is a whole number of eras.
        expect(unscaled.numerator % (unscaled.denominator * TWO_32 * TWO_32 * 1000n)).toBe(0n);
        expect(Number.isSafeInteger(epoch.wholeMs)).toBe(true);
        expect(epoch.fractionMs).toBeGreaterThanOrEqual(0);
        expect(epoch.fractionMs).toBeLessThan(1);
      }),
    );
  });

  it('gives the moment nearest to the pivot, to within the fraction of a second', () => {
    fc.assert(
      fc.property(anyStamp, anyPivotMs, (stamp, pivotMs) => {
        const epoch = epochFromNtp(stamp, pivotMs);
        expect(Math.abs(epoch.wholeMs - pivotMs)).toBeLessThanOrEqual(REACH_MS + 1000);
      }),
    );
  });

  it.each([
    ['1970-01-01T00:00:00.000Z', 2_208_988_800],
    ['2026-01-01T00:00:00.000Z', 3_976_214_400],
    ['2036-02-07T06:28:15.000Z', 2 ** 32 - 1],
    ['2036-02-07T06:28:16.000Z', 0],
    ['2036-02-08T00:00:00.000Z', 63_104],
  ])('reads %s', (text, seconds) => {
    expect(epochFromNtp({ seconds, fraction: 0 })).toEqual({ wholeMs: Date.parse(text), fractionMs: 0 });
  });

  it('goes through the wrap of 2036 without a step', () => {
    const before = epochFromNtp({ seconds: 2 ** 32 - 1, fraction: 2 ** 32 - 1 });
    const after = epochFromNtp({ seconds: 0, fraction: 0 });
    expect(compare(subtract(valueOf(after), valueOf(before)), rational(1000n, TWO_32))).toBe(0);
  });

  it('takes the later moment for a stamp exactly 2^31 s away from the pivot', () => {
    const stamp = ntpFromEpoch({ wholeMs: NTP_PIVOT_MS + REACH_MS, fractionMs: 0 });
    expect(epochFromNtp(stamp).wholeMs).toBe(NTP_PIVOT_MS + REACH_MS);
  });
});

describe('ntpFromEpoch', () => {
  it('gives every stamp back', () => {
    fc.assert(
      fc.property(anyStamp, anyPivotMs, (stamp, pivotMs) => {
        expect(ntpFromEpoch(epochFromNtp(stamp, pivotMs))).toEqual(stamp);
      }),
    );
  });

  it('rounds a moment down, by less than 2^-32 s and the rounding of a double', () => {
    const anyEpoch = fc.record({
      wholeMs: fc.integer({ min: -1e13, max: 1e13 }),
      fractionMs: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    });
    fc.assert(
      fc.property(anyEpoch, (epoch) => {
        const stamp = ntpFromEpoch(epoch);
        const lostMs = subtract(valueOf(epoch), valueOf(epochFromNtp(stamp, epoch.wholeMs)));
        const slack = rational(1n, 10n ** 12n);
        expect(compare(lostMs, subtract(rational(0n), slack))).toBe(1);
        expect(compare(lostMs, add(rational(1000n, TWO_32), slack))).toBe(-1);
      }),
    );
  });

  it('never carries into a fraction of 2^32', () => {
    expect(ntpFromEpoch({ wholeMs: 999, fractionMs: 1 - 2 ** -53 })).toEqual({
      seconds: Number(SECONDS_1900_TO_1970),
      fraction: 2 ** 32 - 1,
    });
  });
});

describe('the short format', () => {
  it('reads exactly', () => {
    fc.assert(
      fc.property(
        anyUint32,
        (short) => compare(exact(msFromNtpShort(short)), rational(BigInt(short) * 1000n, 65_536n)) === 0,
      ),
    );
  });

  it('writes the smallest value that is not below', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: NTP_SHORT_MS_MAX, noNaN: true }), (valueMs) => {
        const short = ntpShortFromMsUp(valueMs);
        expect(msFromNtpShort(short)).toBeGreaterThanOrEqual(valueMs);
        if (short > 0) expect(msFromNtpShort(short - 1)).toBeLessThan(valueMs);
      }),
    );
  });

  it('gives every value back', () => {
    fc.assert(fc.property(anyUint32, (short) => ntpShortFromMsUp(msFromNtpShort(short)) === short));
  });

  it('becomes its largest value above its range, and zero below', () => {
    expect(ntpShortFromMsUp(1e9)).toBe(2 ** 32 - 1);
    expect(ntpShortFromMsUp(Infinity)).toBe(2 ** 32 - 1);
    expect(ntpShortFromMsUp(-1)).toBe(0);
  });
});

describe('comparing stamps', () => {
  const a: NtpTimestamp = { seconds: 1, fraction: 2 };

  it('is by all 64 bits', () => {
    expect(sameNtpTimestamp(a, { ...a })).toBe(true);
    expect(sameNtpTimestamp(a, { ...a, seconds: 3 })).toBe(false);
    expect(sameNtpTimestamp(a, { ...a, fraction: 3 })).toBe(false);
  });

  it('knows the stamp that means "unknown"', () => {
    expect(isZeroNtpTimestamp(NTP_TIMESTAMP_ZERO)).toBe(true);
    expect(isZeroNtpTimestamp({ seconds: 0, fraction: 1 })).toBe(false);
    expect(isZeroNtpTimestamp({ seconds: 1, fraction: 0 })).toBe(false);
  });
});
