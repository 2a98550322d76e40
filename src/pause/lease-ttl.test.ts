import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SEED } from '../../test/seed.ts';
import { type LeaseTtlOptions, type LeaseTtlSuggestion, suggestLeaseTtl } from './lease-ttl.ts';
import { type PauseTail, pauseTail as makeTail, poissonUpperLimit } from './pause-tail.ts';

const HOUR_MS = 3_600_000;

/** Every pause was seen, however short. */
function pauseTail(lengthsMs: readonly number[], observedMs: number): PauseTail {
  return makeTail({ lengthsMs, observedMs, unseenBelowMs: 0 });
}

const exact = { holderRatePpm: 0, granterRatePpm: 0, holderGranularityMs: 0, granterGranularityMs: 0, marginRatio: 1 };

function suggested(options: LeaseTtlOptions): LeaseTtlSuggestion {
  const answer = suggestLeaseTtl(options);
  if (answer.status !== 'suggested') throw new Error(`not suggested: ${answer.reason}`);
  return answer;
}

describe('a time to live', () => {
  test('one pause of 500 ms an hour and round trips of 100 ms: two thirds of the window cover both', () => {
    const pauses = pauseTail([500], HOUR_MS);
    const { windowMs, renewEveryMs, ttlMs, falseLossProbability } = suggested({
      pauses,
      roundTripsMs: [100],
      ...exact,
    });
    expect((2 / 3) * windowMs).toBeCloseTo(600, 6);
    expect(renewEveryMs).toBeCloseTo(300, 6);
    expect(ttlMs).toBe(900);
    expect(falseLossProbability).toBe(0);
  });

  test('the window follows the formula of the lease, rounded up', () => {
    const pauses = pauseTail([500], HOUR_MS);
    const ratesAndTicks = {
      ...exact,
      holderRatePpm: 10_000,
      granterRatePpm: 20_000,
      holderGranularityMs: 10,
      granterGranularityMs: 1,
    };
    const { ttlMs, windowMs } = suggested({ pauses, roundTripsMs: [100], ...ratesAndTicks });
    const window = (0.99 / 1.02) * (ttlMs - 1) - 10;
    expect(window).toBeGreaterThanOrEqual(windowMs - 1e-9);
    expect(window).toBeLessThan(windowMs + 2);
  });

  test('pauses that are frequent but short are survived; rare long ones are accepted when the target allows it', () => {
    const often = Array.from({ length: 1000 }, (_, index) => 50 + (index % 100));
    const pauses = pauseTail([...often, 60_000], 1000 * HOUR_MS);
    const strict = suggested({ pauses, roundTripsMs: [1], ...exact, falseLossMax: 1e-6 });
    const lax = suggested({ pauses, roundTripsMs: [1], ...exact, falseLossMax: 0.01 });
    expect(strict.windowMs).toBeCloseTo(1.5 * 60_001, 0);
    expect(lax.windowMs).toBeLessThan(300);
    expect(lax.falseLossProbability).toBeCloseTo(0.001, 1);
  });

  test('a short quiet observation proves nothing, a long one does', () => {
    const short = suggested({ pauses: pauseTail([], HOUR_MS), roundTripsMs: [5], ...exact });
    expect(short.falseLossProbability).toBe(0);
    expect(short.falseLossProbabilityMax).toBeGreaterThan(0.94);
    expect(short.isProven).toBe(false);
    const trips = Array.from({ length: 10_000 }, () => 5);
    const options = { roundTripsMs: trips, ...exact, horizonMs: 1, falseLossMax: 0.001 };
    expect(suggested({ pauses: pauseTail([], 1e7), ...options }).isProven).toBe(true);
  });

  test('no pause in the time observed leaves three possible in as much (the rule of three)', () => {
    const trips = Array.from({ length: 10_000 }, () => 5);
    const options = { roundTripsMs: trips, ...exact, marginRatio: 100, horizonMs: 10_000 };
    const { falseLossProbabilityMax } = suggested({ pauses: pauseTail([], 10_000), ...options });
    expect(falseLossProbabilityMax).toBeGreaterThan(0.95);
    expect(falseLossProbabilityMax).toBeLessThan(0.96);
  });

  test('pauses too short to be seen are covered all the same', () => {
    const pauses = makeTail({ lengthsMs: [], observedMs: HOUR_MS });
    expect((2 / 3) * suggested({ pauses, roundTripsMs: [5], ...exact }).windowMs).toBeCloseTo(105, 6);
  });

  test('what is not acceptable is an outcome, and says what it needs', () => {
    const slow = suggestLeaseTtl({ pauses: pauseTail([100], HOUR_MS), roundTripsMs: [9000], ttlMaxMs: 5000 });
    expect(slow).toMatchObject({ status: 'unreachable', reason: 'round-trips-too-long' });
    const held = suggestLeaseTtl({ pauses: pauseTail([9000], HOUR_MS), roundTripsMs: [10], ttlMaxMs: 5000 });
    expect(held).toMatchObject({ status: 'unreachable', reason: 'pauses-too-long' });
    expect(held.status === 'unreachable' && held.neededTtlMs).toBeGreaterThan(13_000);
  });
});

describe('laws', () => {
  const world = fc.record({
    pauses: fc.array(fc.integer({ min: 50, max: 20_000 }), { maxLength: 50 }),
    hours: fc.integer({ min: 1, max: 1000 }),
    roundTripsMs: fc.array(fc.double({ min: 0, max: 2000, noNaN: true }), { minLength: 1, maxLength: 30 }),
    falseLossMax: fc.double({ min: 1e-6, max: 0.5, noNaN: true }),
  });
  const optionsOf = ({
    pauses,
    hours,
    ...rest
  }: {
    pauses: number[];
    hours: number;
    roundTripsMs: number[];
    falseLossMax: number;
  }): LeaseTtlOptions => ({
    ...rest,
    pauses: pauseTail(pauses, hours * HOUR_MS),
    ttlMaxMs: 1e9,
  });

  test('the target is met by what was seen, the limit is never below the estimate, and both are probabilities', () => {
    fc.assert(
      fc.property(world, (given) => {
        const answer = suggested(optionsOf(given));
        expect(answer.falseLossProbability).toBeLessThanOrEqual(given.falseLossMax * (1 + 1e-9));
        expect(answer.falseLossProbabilityMax).toBeGreaterThanOrEqual(answer.falseLossProbability);
        expect(answer.falseLossProbabilityMax).toBeLessThanOrEqual(1);
        expect(answer.renewEveryMs * 3).toBeCloseTo(answer.windowMs, 6);
        expect(answer.windowMs).toBeLessThan(answer.ttlMs);
      }),
      { seed: SEED },
    );
  });

  test('a stricter target, a larger margin, longer pauses: never a shorter time to live', () => {
    fc.assert(
      fc.property(world, fc.double({ min: 1, max: 4, noNaN: true }), (given, factor) => {
        const base = optionsOf(given);
        const { ttlMs } = suggested(base);
        expect(suggested({ ...base, falseLossMax: given.falseLossMax / factor }).ttlMs).toBeGreaterThanOrEqual(ttlMs);
        expect(suggested({ ...base, marginRatio: 2 * factor }).ttlMs).toBeGreaterThanOrEqual(ttlMs);
        const longer = { ...given, pauses: given.pauses.map((ms) => ms * factor) };
        expect(suggested(optionsOf(longer)).ttlMs).toBeGreaterThanOrEqual(ttlMs);
      }),
      { seed: SEED },
    );
  });

  test('the order of pauses and round trips changes nothing but the last digits', () => {
    fc.assert(
      fc.property(world, (given) => {
        const turned = {
          ...given,
          pauses: [...given.pauses].reverse(),
          roundTripsMs: [...given.roundTripsMs].reverse(),
        };
        const [a, b] = [suggested(optionsOf(given)), suggested(optionsOf(turned))];
        expect(Math.abs(a.ttlMs - b.ttlMs)).toBeLessThanOrEqual(1);
        expect(a.falseLossProbability).toBeCloseTo(b.falseLossProbability, 9);
      }),
      { seed: SEED },
    );
  });

  test('a holder that lives through the pauses loses its lease only to one longer than two thirds of the window', () => {
    const trial = fc.record({
      begins: fc.double({ min: 0, max: 1, noNaN: true }),
      pauseMs: fc.integer({ min: 50, max: 20_000 }),
      tripMs: fc.double({ min: 0, max: 500, noNaN: true }),
    });
    const window = suggested({ pauses: pauseTail([3000], HOUR_MS), roundTripsMs: [200] });
    fc.assert(
      fc.property(trial, ({ begins, pauseMs, tripMs }) => {
        const renewalMs = Math.max(window.renewEveryMs, begins * window.renewEveryMs + pauseMs);
        const isLost = renewalMs + tripMs >= window.windowMs;
        if (isLost) expect(pauseMs).toBeGreaterThanOrEqual((2 / 3) * window.windowMs - tripMs - 1e-6);
      }),
      { seed: SEED, numRuns: 2000 },
    );
  });
});

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
    expect(poissonUpperLimit(count)).toBeCloseTo(limit, limit > 100 ? 2 : 3);
  });

  test('grows with the count, also where the approximation takes over', () => {
    for (let count = 0; count < 200; count += 1) {
      expect(poissonUpperLimit(count + 1) - poissonUpperLimit(count)).toBeGreaterThan(0.9);
      expect(poissonUpperLimit(count + 1) - poissonUpperLimit(count)).toBeLessThan(2);
    }
  });

  test('a tail counts what is strictly longer', () => {
    const tail = pauseTail([30, 10, 20, 20], 1000);
    expect([9, 10, 20, 25, 30].map((ms) => tail.countAbove(ms))).toEqual([4, 3, 1, 1, 0]);
    expect(tail.longestMs).toBe(30);
  });
});

test.each([
  [{ roundTripsMs: [1] }, 'TC_INVALID_ARGUMENT'],
  [{ pauses: pauseTail([], 1000), roundTripsMs: [] }, 'TC_INVALID_ARGUMENT'],
  [{ pauses: pauseTail([], 1000), roundTripsMs: [Number.NaN] }, 'TC_NOT_FINITE'],
  [{ pauses: { ...pauseTail([], 1000), observedMs: 0 }, roundTripsMs: [1] }, 'TC_OUT_OF_RANGE'],
  [{ pauses: pauseTail([], 1000), roundTripsMs: [1], falseLossMax: 0 }, 'TC_OUT_OF_RANGE'],
  [{ pauses: pauseTail([], 1000), roundTripsMs: [1], ttl: 5 }, 'TC_INVALID_ARGUMENT'],
] as readonly [Partial<LeaseTtlOptions> & { pauses?: PauseTail }, string][])('options %#', (options, code) => {
  expect(() => suggestLeaseTtl(options as LeaseTtlOptions)).toThrow(expect.objectContaining({ code }));
});
