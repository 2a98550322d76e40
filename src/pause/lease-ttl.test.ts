import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SEED } from '../../test/seed.ts';
import type { LeaseTtlOptions } from './lease-ttl-options.ts';
import { assessLeaseTtl, type LeaseTtlSuggestion, suggestLeaseTtl } from './lease-ttl.ts';
import { type PauseTail, pauseTail as makeTail } from './pause-tail.ts';

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
    const { windowMs, renewEveryMs, ttlMs, ...rest } = suggested({ pauses, roundTripsMs: [100], ...exact });
    // 900 would do; up to a whole ms, after room for rounding.
    expect([ttlMs, windowMs]).toEqual([901, 901]);
    expect(renewEveryMs * 3).toBeCloseTo(901, 9);
    expect(rest).toMatchObject({ falseLossProbability: 0, pauses: { longerCount: 0 }, roundTrips: { longerCount: 0 } });
    expect(rest.pauses.toleratedMs + rest.roundTrips.toleratedMs).toBeCloseTo((2 / 3) * 901, 9);
    expect(rest.pauses.toleratedMs).toBeGreaterThanOrEqual(500);
    expect(rest.roundTrips.toleratedMs).toBeGreaterThanOrEqual(100);
  });

  test('a margin stretches what is tolerated, of pauses and round trips alike', () => {
    const answer = suggested({ pauses: pauseTail([500], HOUR_MS), roundTripsMs: [100], ...exact, marginRatio: 3 });
    expect(answer.pauses.toleratedMs).toBeGreaterThanOrEqual(1500);
    expect(answer.roundTrips.toleratedMs).toBeGreaterThanOrEqual(300);
    expect(answer.windowMs).toBeLessThan(2702);
    const ordinary = suggested({
      pauses: pauseTail([500], HOUR_MS),
      roundTripsMs: [100],
      ...exact,
      marginRatio: undefined as never,
    });
    expect(ordinary.ttlMs).toBe(1801);
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
    expect(windowMs).toBeCloseTo((0.99 / 1.02) * (ttlMs - 1) - 10, 9);
    expect(windowMs).toBeGreaterThanOrEqual(900);
    expect(windowMs).toBeLessThan(901);
  });

  test('pauses that are frequent but short are survived; rare long ones are accepted when the target allows it', () => {
    const often = Array.from({ length: 1000 }, (_, index) => 50 + (index % 100));
    const pauses = pauseTail([...often, 60_000], 1000 * HOUR_MS);
    const strict = suggested({ pauses, roundTripsMs: [1], ...exact, falseLossMax: 1e-6 });
    const lax = suggested({ pauses, roundTripsMs: [1], ...exact, falseLossMax: 0.01 });
    expect(strict.windowMs).toBeGreaterThanOrEqual(1.5 * 60_001);
    expect(strict.windowMs).toBeLessThan(1.5 * 60_001 + 2);
    expect(lax.windowMs).toBeLessThan(300);
    expect(lax.pauses.longerCount).toBe(1);
    expect(lax.falseLossProbability).toBeCloseTo(0.001, 1);
  });

  test('pauses too short to be seen are covered all the same', () => {
    const pauses = makeTail({ lengthsMs: [], observedMs: HOUR_MS });
    const { windowMs, pauses: byPauses } = suggested({ pauses, roundTripsMs: [5], ...exact });
    expect((2 / 3) * windowMs).toBeGreaterThanOrEqual(105);
    expect((2 / 3) * windowMs).toBeLessThan(106);
    expect(byPauses.toleratedMs).toBeGreaterThanOrEqual(100);
    expect(byPauses.meanIntervalMsMin).toBeGreaterThan(0);
  });

  test('a pause of unknown length makes no time to live longer, and is longer than every one', () => {
    const with500 = { roundTripsMs: [5], ...exact };
    const known = suggested({ pauses: pauseTail([500], 500 * HOUR_MS), ...with500 });
    const endless = suggested({ pauses: pauseTail([Infinity, 500], 500 * HOUR_MS), ...with500 });
    expect(endless.ttlMs).toBe(known.ttlMs);
    expect(endless.pauses.longerCount).toBe(1);
    expect(endless.falseLossProbability).toBeCloseTo(1 / 500, 5);
    expect(suggested({ pauses: pauseTail([Infinity], HOUR_MS), ...with500 }).falseLossProbability).toBeGreaterThan(0.6);
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
        for (const { probability, probabilityMax } of [answer.pauses, answer.roundTrips]) {
          expect(probability).toBeLessThanOrEqual(answer.falseLossProbability);
          expect(probabilityMax).toBeGreaterThanOrEqual(probability);
          expect(probabilityMax).toBeLessThanOrEqual(answer.falseLossProbabilityMax);
        }
        expect(answer.falseLossProbabilityMax).toBeLessThanOrEqual(1);
        expect(answer.renewEveryMs * 3).toBeCloseTo(answer.windowMs, 6);
        expect(answer.windowMs).toBeLessThan(answer.ttlMs);
      }),
      { seed: SEED },
    );
  });

  test('a suggestion says of itself what is said of the same time to live when somebody else chose it', () => {
    fc.assert(
      fc.property(world, (given) => {
        const { ttlMaxMs: _longest, ...evidence } = optionsOf(given);
        const { status: _status, ...answer } = suggested(evidence);
        expect(assessLeaseTtl({ ...evidence, ttlMs: answer.ttlMs })).toEqual(answer);
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

  test('a holder loses its lease only to a pause or a round trip that is longer than the tolerated one', () => {
    const trial = fc.record({
      begins: fc.double({ min: 0, max: 1, noNaN: true }),
      pauseMs: fc.integer({ min: 50, max: 20_000 }),
      tripMs: fc.double({ min: 0, max: 2000, noNaN: true }),
    });
    const window = suggested({ pauses: pauseTail([3000], HOUR_MS), roundTripsMs: [200] });
    const tolerated = { pauseMs: window.pauses.toleratedMs, tripMs: window.roundTrips.toleratedMs };
    fc.assert(
      fc.property(trial, ({ begins, pauseMs, tripMs }) => {
        const renewalMs = Math.max(window.renewEveryMs, begins * window.renewEveryMs + pauseMs);
        const isLost = renewalMs + tripMs >= window.windowMs + 1e-6;
        if (isLost) expect(pauseMs > tolerated.pauseMs || tripMs > tolerated.tripMs).toBe(true);
      }),
      { seed: SEED, numRuns: 2000 },
    );
  });
});

test.each([
  [{ roundTripsMs: [1] }, 'TC_INVALID_ARGUMENT'],
  [{ pauses: pauseTail([], 1000), roundTripsMs: [] }, 'TC_INVALID_ARGUMENT'],
  [{ pauses: pauseTail([], 1000), roundTripsMs: [Number.NaN] }, 'TC_NOT_FINITE'],
  [{ pauses: { ...pauseTail([], 1000), observedMs: 0 }, roundTripsMs: [1] }, 'TC_OUT_OF_RANGE'],
  [{ pauses: pauseTail([], 1000), roundTripsMs: [1], falseLossMax: 0 }, 'TC_OUT_OF_RANGE'],
  [{ pauses: pauseTail([], 1000), roundTripsMs: [1], ttl: 5 }, 'TC_INVALID_ARGUMENT'],
  [{ pauses: pauseTail([], 1000), roundTripsMs: [1], ttlMs: 5 }, 'TC_INVALID_ARGUMENT'],
  [{ pauses: pauseTail([], 1000), roundTripsMs: [1, 2], roundTripCount: 1 }, 'TC_OUT_OF_RANGE'],
  [{ pauses: pauseTail([], 1000), roundTripsMs: [1], roundTripCount: 1.5 }, 'TC_INVALID_ARGUMENT'],
  [{ pauses: pauseTail([], 1000), roundTripsMs: [1], confidence: 1 }, 'TC_OUT_OF_RANGE'],
  [{ pauses: pauseTail([], 1000), roundTripsMs: [1], horizonMs: 0 }, 'TC_OUT_OF_RANGE'],
] as readonly [Partial<LeaseTtlOptions> & { pauses?: PauseTail }, string][])('options %#', (options, code) => {
  expect(() => suggestLeaseTtl(options as LeaseTtlOptions)).toThrow(expect.objectContaining({ code }));
});

test.each([
  [{ ttlMs: 0 }, 'TC_OUT_OF_RANGE'],
  [{ ttlMs: undefined }, 'TC_NOT_FINITE'],
  [{ ttlMs: 5, marginRatio: 2 }, 'TC_INVALID_ARGUMENT'],
])('options of a judgement %j', (options, code) => {
  const given = { pauses: pauseTail([], 1000), roundTripsMs: [1], ...options };
  expect(() => assessLeaseTtl(given as never)).toThrow(expect.objectContaining({ code }));
});
