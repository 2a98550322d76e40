import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDurationMs, parseNumber, parseServers } from './option-values.ts';
import { UsageError } from './usage-error.ts';

const LIMITS = { minMs: 100, maxMs: 600_000 };

describe('durations', () => {
  test.each([
    ['7s', 7000],
    ['500ms', 500],
    ['1m', 60_000],
    ['1.5s', 1500],
    ['2500', 2500],
    [' 7s ', 7000],
  ])('%s is %d ms', (text, expectedMs) => {
    expect(parseDurationMs('--for', text, LIMITS)).toBe(expectedMs);
  });

  test('a bare number that was meant as seconds gets the hint', () => {
    expect(() => parseDurationMs('--for', '5', LIMITS)).toThrow(
      '--for requires a duration from 100ms to 10m, got "5", which is 5 ms. For 5 seconds write 5s.',
    );
  });

  test.each(['', 'abc', '-5s', '5h', '5 s', '1e3', 'Infinity', '0x10', '5s5', '99ms', '601s', '11m', '0'])(
    '%j is refused',
    (text) => {
      expect(() => parseDurationMs('--for', text, LIMITS)).toThrow(UsageError);
    },
  );

  test('any text gives a duration within the limits, or a usage error', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d{0,12}(\.\d{0,3})?(ms|s|m)?$/)), (text) => {
        try {
          const durationMs = parseDurationMs('--for', text, LIMITS);
          expect(durationMs).toBeGreaterThanOrEqual(LIMITS.minMs);
          expect(durationMs).toBeLessThanOrEqual(LIMITS.maxMs);
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
        }
      }),
    );
  });
});

describe('numbers', () => {
  const limits = { what: 'a count', min: 0, max: 3, remedy: 'Write 2.' };

  test('are decimal and within the limits', () => {
    expect(parseNumber('--n', '1.5', limits)).toBe(1.5);
    expect(parseNumber('--n', '3e0', limits)).toBe(3);
  });

  test.each(['', ' ', 'x', '0x1', '4', '-1', 'NaN', 'Infinity', '1,5'])('%j is refused with the remedy', (text) => {
    expect(() => parseNumber('--n', text, limits)).toThrow('--n requires a count from 0 to 3');
    expect(() => parseNumber('--n', text, limits)).toThrow('Write 2.');
  });

  test('are whole where they must be', () => {
    expect(() => parseNumber('--n', '1.5', { ...limits, isInteger: true })).toThrow(UsageError);
  });
});

describe('servers', () => {
  test.each([
    ['time.example.net', 'time.example.net:123'],
    ['192.0.2.1:1123', '192.0.2.1:1123'],
    ['[2001:db8::1]', '[2001:db8::1]:123'],
    ['2001:db8::1', '[2001:db8::1]:123'],
    ['[::1]:99', '[::1]:99'],
  ])('%s is reported as %s', (text, address) => {
    expect(parseServers([text])).toMatchObject([{ address }]);
  });

  test.each([
    ['a.example', 'A.example.:123'],
    ['::1', '[0:0:0::1]:123'],
    ['[2001:DB8::1]:5', '[2001:db8:0::1]:5'],
  ])('%s and %s are the same server', (one, other) => {
    expect(() => parseServers([one, other])).toThrow('different servers');
  });

  test('another port is another server', () => {
    expect(parseServers(['a.example:1', 'a.example:2'])).toHaveLength(2);
  });

  test.each(['', 'a:0', 'a:65536', '[x]:1', 'a b', 'http://a', '-x'])(
    '%j is a usage error without an error code',
    (text) => {
      expect(() => parseServers([text])).toThrow(UsageError);
      expect(() => parseServers([text])).not.toThrow(/TC_/);
    },
  );
});
