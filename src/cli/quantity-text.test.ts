import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDuration, formatInterval, formatRate } from './quantity-text.ts';

test.each([
  [0, '0 ms'],
  [0.000_25, '250 ns'],
  [1e-9, '0 ns'],
  [0.0123, '12.3 µs'],
  [1, '1 ms'],
  [1.256, '1.26 ms'],
  [999, '999 ms'],
  [-1500, '-1.5 s'],
  [90_000, '90 s'],
  [120_000, '2 min'],
  [7_200_000, '2 h'],
  [172_800_000, '2 days'],
  [3e11, '9.51 years'],
  [NaN, 'unknown'],
])('%d ms is %s', (valueMs, text) => {
  expect(formatDuration(valueMs)).toBe(text);
});

test('bounds are rounded outward, with both signs and one unit', () => {
  expect(formatInterval(-0.5211, 1.2301)).toBe('-0.53 … +1.24 ms');
  expect(formatInterval(0, 0)).toBe('+0.00 … +0.00 ms');
  expect(formatInterval(-0.000_1203, 0.000_3401)).toBe('-121 … +341 ns');
});

test('a narrow interval far from zero keeps its width visible', () => {
  expect(formatInterval(250.0123, 250.8711)).toBe('+250.01 … +250.88 ms');
  expect(formatInterval(86_400_000, 86_400_100)).toBe('+24.000000 … +24.000028 h');
});

test('rates', () => {
  expect(formatRate(-0.0211, 0.0305)).toBe('-0.03 … +0.04 ppm');
  expect(formatRate(499.5, 500.5)).toBe('+499 … +501 ppm');
});

const UNIT_MS: Record<string, number> = {
  ns: 1e-6,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  days: 86_400_000,
  years: 31_557_600_000,
};

test('what is read back contains the interval, within the last bits of a double', () => {
  const edge = fc.double({ min: -1e13, max: 1e13, noNaN: true });
  fc.assert(
    fc.property(edge, edge, (a, b) => {
      const text = formatInterval(Math.min(a, b), Math.max(a, b));
      const [, low, high, unit = ''] = /^([+-][\d.]+) … ([+-][\d.]+) (\S+)$/.exec(text) ?? [];
      const slack = Math.max(Math.abs(a), Math.abs(b)) * 1e-14;
      expect(Number(low) * UNIT_MS[unit]!).toBeLessThanOrEqual(Math.min(a, b) + slack);
      expect(Number(high) * UNIT_MS[unit]!).toBeGreaterThanOrEqual(Math.max(a, b) - slack);
      expect(text.length).toBeLessThanOrEqual(40);
    }),
  );
});
