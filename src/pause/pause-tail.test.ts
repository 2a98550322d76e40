import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SEED } from '../../test/seed.ts';
import { pauseTail, type PauseTailOptions, poissonUpperLimit } from './pause-tail.ts';

describe('limits of a count', () => {
  // Garwood 1936, one-sided 95 %: half the chi-square quantile 0.95 with 2(k + 1) degrees of freedom.
  test.each([
    [0, 2.9957],
    [1, 4.7439],
    [2, 6.2958],
    [5, 10.513],
    [10, 16.962],
    [50, 63.287],
    [100, 118.08],
  ])('%d events: %d', (count, limit) => {
    expect(poissonUpperLimit(count, 0.95)).toBeCloseTo(limit, limit > 100 ? 2 : 3);
  });

  test('none seen: the rule of three, at any confidence', () => {
    for (const confidence of [0.5, 0.9, 0.975, 0.999999]) {
      expect(poissonUpperLimit(0, confidence)).toBeCloseTo(-Math.log(1 - confidence), 8);
    }
  });

  test('grows with the count and with the confidence, also where the bound takes over', () => {
    for (const confidence of [0.75, 0.95, 0.999999]) {
      for (const count of [0, 1, 2, 3, 10, 50, 499, 500, 501, 502, 1000]) {
        const limit = poissonUpperLimit(count, confidence);
        expect(poissonUpperLimit(count + 1, confidence)).toBeGreaterThan(limit);
        expect(poissonUpperLimit(count, confidence + 1e-7)).toBeGreaterThan(limit);
        expect(limit).toBeGreaterThan(count);
      }
    }
  });

  test('above 500 it is never below the exact limit (Wilson and Hilferty 1931), and at most 6 % above', () => {
    for (const [confidence, z] of [
      [0.75, 0.674_489_75],
      [0.95, 1.644_853_63],
      [0.975, 1.959_963_98],
    ] as const) {
      for (const count of [501, 1000, 20_000, 1_000_000]) {
        const next = count + 1;
        const exact = next * (1 - 1 / (9 * next) + z / (3 * Math.sqrt(next))) ** 3;
        const limit = poissonUpperLimit(count, confidence);
        expect(limit).toBeGreaterThan(exact);
        expect(limit).toBeLessThan(1.06 * exact);
      }
    }
  });

  test('divided by the number of trials it is never below the limit of a binomial (Clopper and Pearson 1934), and close to it', () => {
    const binomialAtMost = (count: number, { trials, share }: { trials: number; share: number }): number => {
      let term = (1 - share) ** trials;
      let sum = term;
      for (let hits = 0; hits < count; hits += 1) {
        term *= ((trials - hits) / (hits + 1)) * (share / (1 - share));
        sum += term;
      }
      return sum;
    };
    const sample = fc.record({
      trials: fc.integer({ min: 20, max: 400 }),
      part: fc.double({ min: 0, max: 0.2, noNaN: true }),
    });
    fc.assert(
      fc.property(sample, fc.double({ min: 0.5, max: 0.999, noNaN: true }), ({ trials, part }, confidence) => {
        const count = Math.floor(part * trials);
        const share = Math.min(1, poissonUpperLimit(count, confidence) / trials);
        // At the exact limit it would be just this; beyond it, it is less.
        if (share < 1)
          expect(binomialAtMost(count, { trials, share })).toBeLessThanOrEqual((1 - confidence) * (1 + 1e-9));
      }),
      { seed: SEED },
    );
  });
});

describe('a tail', () => {
  test('counts what is strictly longer', () => {
    const tail = pauseTail({ lengthsMs: [30, 10, 20, 20], observedMs: 1000 });
    expect([9, 10, 20, 25, 30].map((ms) => tail.countAbove(ms))).toEqual([4, 3, 1, 1, 0]);
    expect(tail.longestMs).toBe(30);
  });

  test('of unknown length is longer than everything, and not the longest', () => {
    const tail = pauseTail({ lengthsMs: [Infinity, 10, Infinity], observedMs: 1000 });
    expect([9, 10, 1e11].map((ms) => tail.countAbove(ms))).toEqual([3, 2, 2]);
    expect(tail.longestMs).toBe(10);
    expect(pauseTail({ lengthsMs: [Infinity], observedMs: 1000 }).longestMs).toBe(0);
  });

  test('may have been watched by a fleet for longer than any duration', () => {
    expect(pauseTail({ lengthsMs: [], observedMs: 1e13 }).observedMs).toBe(1e13);
  });

  test.each<[Partial<PauseTailOptions>, string]>([
    [{ lengthsMs: [-1] }, 'TC_OUT_OF_RANGE'],
    [{ lengthsMs: [-Infinity] }, 'TC_NOT_FINITE'],
    [{ lengthsMs: [Number.NaN] }, 'TC_NOT_FINITE'],
    [{ observedMs: 0 }, 'TC_OUT_OF_RANGE'],
    [{ unseenBelowMs: -1 }, 'TC_OUT_OF_RANGE'],
  ])('refuses %j', (wrong, code) => {
    expect(() => pauseTail({ lengthsMs: [], observedMs: 1000, ...wrong })).toThrow(expect.objectContaining({ code }));
  });
});
