import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DURATION_MS_MAX,
  EPOCH_MS_MAX,
  requireDurationMs,
  requireEpochMs,
  requireInteger,
  requireNumber,
} from './quantity.ts';

const coded = (code: string): Error => expect.objectContaining({ code }) as Error;

const NOT_NUMBERS: readonly unknown[] = [
  NaN,
  Infinity,
  -Infinity,
  '250',
  250n,
  null,
  undefined,
  true,
  {},
  new Date(0),
  Symbol('ms'),
  Object.create(null) as object,
];

describe('requireDurationMs', () => {
  it('passes every duration unchanged, edges included', () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, min: 0, max: DURATION_MS_MAX }),
        (ms) => requireDurationMs('test', ms) === ms,
      ),
    );
    expect(requireDurationMs('test', DURATION_MS_MAX)).toBe(DURATION_MS_MAX);
    expect(requireDurationMs('test', 5, { minMs: 5, maxMs: 5 })).toBe(5);
  });

  const refusesEpochs = (requireDuration: (ms: number) => number) =>
    fc.property(fc.date({ min: new Date('1973-06-01'), noInvalidDate: true }), (date) => {
      try {
        requireDuration(date.getTime());
      } catch (error) {
        return (error as { code?: string }).code === 'TC_EPOCH_AS_DURATION';
      }
      return false;
    });

  it('refuses every epoch since 1973, whatever the range', () => {
    fc.assert(refusesEpochs((ms) => requireDurationMs('test', ms)));
    fc.assert(refusesEpochs((ms) => requireDurationMs('test', ms, { maxMs: Infinity })));
  });

  it('the law refuses a check of the sign only', () => {
    const signOnly = (ms: number): number => requireNumber('test', ms, { what: 'a duration', min: 0, max: Infinity });
    expect(fc.check(refusesEpochs(signOnly)).failed).toBe(true);
  });

  it('refuses what lies outside the range, naming it with the unit', () => {
    expect(() => requireDurationMs('sleep', -1)).toThrow(
      'sleep: requires a duration from 0 ms to 100000000000 ms, got -1 ms. Pass a value in that range. [TC_OUT_OF_RANGE]',
    );
    expect(() => requireDurationMs('test', 4, { minMs: 5 })).toThrow(coded('TC_OUT_OF_RANGE'));
    expect(() => requireDurationMs('test', 6, { maxMs: 5 })).toThrow(coded('TC_OUT_OF_RANGE'));
  });

  it.each(NOT_NUMBERS.map((value) => [value]))('refuses %o', (value) => {
    expect(() => requireDurationMs('test', value as number)).toThrow(coded('TC_NOT_FINITE'));
  });

  it('says what it got in words that fit a sentence', () => {
    const message = (value: unknown): string => {
      try {
        requireDurationMs('test', value as number);
        return 'passed';
      } catch (error) {
        return (error as Error).message;
      }
    };
    const sentence = (got: string): string =>
      `test: requires a duration in milliseconds, got ${got}. Pass a finite number. [TC_NOT_FINITE]`;
    expect(message(undefined)).toBe(sentence('undefined'));
    expect(message(null)).toBe(sentence('null'));
    expect(message({})).toBe(sentence('object'));
    expect(message('250')).toBe(sentence('string "250"'));
    expect(message(250n)).toBe(sentence('bigint 250n'));
    expect(message(NaN)).toBe(sentence('NaN'));
    expect(message('x'.repeat(1000)).length).toBeLessThan(200);
  });
});

describe('requireEpochMs', () => {
  it('passes every moment of Date outside 1966 to 1973', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: DURATION_MS_MAX, max: EPOCH_MS_MAX }), fc.boolean(), (ms, early) => {
        const epochMs = early ? -ms : ms;
        return requireEpochMs('test', epochMs) === epochMs;
      }),
    );
  });

  const refusesDurations = (requireEpoch: (ms: number) => number) =>
    fc.property(fc.double({ noNaN: true, min: -1e10, max: 1e10 }), (ms) => {
      try {
        requireEpoch(ms);
      } catch (error) {
        return (error as { code?: string }).code === 'TC_DURATION_AS_EPOCH';
      }
      return false;
    });

  it('refuses durations, and seconds since 1970', () => {
    fc.assert(refusesDurations((ms) => requireEpochMs('test', ms)));
    expect(() => requireEpochMs('test', 1_790_000_000)).toThrow(coded('TC_DURATION_AS_EPOCH'));
    expect(() => requireEpochMs('test', 0)).toThrow(coded('TC_DURATION_AS_EPOCH'));
  });

  it('the law refuses a check for finite numbers only', () => {
    const finiteOnly = (ms: number): number => requireNumber('test', ms, { what: 'ms', min: -Infinity, max: Infinity });
    expect(fc.check(refusesDurations(finiteOnly)).failed).toBe(true);
  });

  it('no number is both a duration and an epoch, except the edge itself', () => {
    const accepts = (check: () => number): boolean => {
      try {
        check();
        return true;
      } catch {
        return false;
      }
    };
    fc.assert(
      fc.property(fc.double({ noDefaultInfinity: true }), (ms) => {
        fc.pre(ms !== DURATION_MS_MAX);
        return !(accepts(() => requireDurationMs('test', ms)) && accepts(() => requireEpochMs('test', ms)));
      }),
    );
  });

  it('refuses what Date cannot hold, and what is no number', () => {
    expect(() => requireEpochMs('test', EPOCH_MS_MAX + 1)).toThrow(coded('TC_OUT_OF_RANGE'));
    expect(() => requireEpochMs('test', -EPOCH_MS_MAX - 1)).toThrow(coded('TC_OUT_OF_RANGE'));
    for (const value of NOT_NUMBERS) {
      expect(() => requireEpochMs('test', value as number)).toThrow(coded('TC_NOT_FINITE'));
    }
  });
});

describe('requireNumber and requireInteger', () => {
  const range = { what: 'a poll interval', min: 16, max: 1024, unit: 's' };

  it('pass what lies in the range, edges included', () => {
    expect(requireNumber('test', 16, range)).toBe(16);
    expect(requireNumber('test', 1024, range)).toBe(1024);
    expect(requireNumber('test', 16.5, range)).toBe(16.5);
    expect(requireInteger('test', 17, range)).toBe(17);
  });

  it('refuse what lies outside, and what is no number', () => {
    for (const check of [requireNumber, requireInteger]) {
      expect(() => check('test', 15, range)).toThrow('requires a poll interval from 16 s to 1024 s, got 15 s.');
      expect(() => check('test', 1025, range)).toThrow(coded('TC_OUT_OF_RANGE'));
      for (const value of NOT_NUMBERS) {
        expect(() => check('test', value as number, range)).toThrow(coded('TC_NOT_FINITE'));
      }
    }
  });

  it('requireInteger refuses a fraction and does not round it', () => {
    expect(() => requireInteger('test', 16.5, range)).toThrow(
      'test: a poll interval must be a whole number, got 16.5 s. ' +
        'Round it yourself, in the direction you mean. [TC_INVALID_ARGUMENT]',
    );
  });

  it('leave the unit out where there is none', () => {
    expect(() => requireNumber('test', 2, { what: 'a confidence', min: 0, max: 1 })).toThrow('from 0 to 1, got 2.');
  });
});
