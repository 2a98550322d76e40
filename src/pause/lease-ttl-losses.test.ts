import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SEED } from '../../test/seed.ts';
import type { LeaseTtlAssessment } from './lease-ttl-losses.ts';
import type { LeaseTtlAssessOptions } from './lease-ttl-options.ts';
import { assessLeaseTtl, suggestLeaseTtl } from './lease-ttl.ts';
import { type PauseTail, pauseTail } from './pause-tail.ts';

const HOUR_MS = 3_600_000;

/** What was seen: pauses of these lengths in so many hours, and these round trips. */
interface Seen {
  readonly lengthsMs: readonly number[];
  readonly hours: number;
  readonly roundTripsMs: readonly number[];
  readonly unseenBelowMs: number;
}

const seen: fc.Arbitrary<Seen> = fc.record({
  lengthsMs: fc.array(
    fc.oneof(
      { weight: 9, arbitrary: fc.integer({ min: 50, max: 20_000 }) },
      { weight: 1, arbitrary: fc.constant(Infinity) },
    ),
    { maxLength: 40 },
  ),
  hours: fc.integer({ min: 1, max: 100_000 }),
  roundTripsMs: fc.array(fc.double({ min: 0, max: 3000, noNaN: true }), { minLength: 1, maxLength: 30 }),
  unseenBelowMs: fc.constantFrom(0, 100),
});
const ttls = fc.integer({ min: 1, max: 60_000 });
const more = fc.double({ min: 1, max: 100, noNaN: true });

const tailOf = ({ lengthsMs, hours, unseenBelowMs }: Seen): PauseTail =>
  pauseTail({ lengthsMs, observedMs: hours * HOUR_MS, unseenBelowMs });

function assessed(ttlMs: number, given: Seen, options: Partial<LeaseTtlAssessOptions> = {}): LeaseTtlAssessment {
  return assessLeaseTtl({ ttlMs, pauses: tailOf(given), roundTripsMs: given.roundTripsMs, ...options });
}

describe('a judgement', () => {
  const day: Seen = { lengthsMs: [120, 4800], hours: 24, roundTripsMs: [2, 3, 40], unseenBelowMs: 100 };

  test('tells pauses and round trips apart, and what is seen from what is shown', () => {
    const { pauses, roundTrips, ...both } = assessed(30_000, day);
    expect(both.windowMs).toBeCloseTo((0.99 / 1.01) * 29_999 - 10, 6);
    expect(pauses).toMatchObject({ longerCount: 0, probability: 0 });
    expect(roundTrips).toMatchObject({ longerCount: 0, probability: 0 });
    expect(pauses.toleratedMs + roundTrips.toleratedMs).toBeCloseTo((2 / 3) * both.windowMs, 6);
    expect(pauses.toleratedMs / roundTrips.toleratedMs).toBeCloseTo(4800 / 40, 6);
    // A day without one: at 97.5 %, so that both limits hold at 95 %, 3.69 of them are possible in a day.
    expect(pauses.meanIntervalMsMin / HOUR_MS).toBeCloseTo(24 / 3.6889, 3);
    expect(pauses.probabilityMax).toBeCloseTo(1 - Math.exp(-3.6889 / 24), 4);
    // Three round trips show nothing.
    expect(roundTrips.probabilityMax).toBe(1);
    expect(both).toMatchObject({ falseLossProbability: 0, falseLossProbabilityMax: 1, confidence: 0.95 });
  });

  test('a shorter time to live than the pauses seen: what was seen says so', () => {
    const { pauses } = assessed(5000, day);
    expect(pauses.longerCount).toBe(1);
    expect(pauses.probability).toBeCloseTo(1 - Math.exp(-1 / 24), 9);
  });

  test('days of a fleet show what an hour cannot', () => {
    const fleet = { ...day, hours: 10_000 };
    const answer = assessed(30_000, fleet, { roundTripCount: 4_000_000 });
    expect(answer.falseLossProbabilityMax).toBeLessThan(0.001);
    expect(answer.toShow).toEqual({ observeMs: 0, roundTripCount: 0 });
  });

  test('pauses that matter and could not be seen: nothing is known, and no watching of this kind helps', () => {
    const { pauses, toShow, falseLossProbabilityMax } = assessed(200, { ...day, unseenBelowMs: 1000 });
    expect(pauses).toMatchObject({ probabilityMax: 1, meanIntervalMsMin: 0 });
    expect([falseLossProbabilityMax, toShow.observeMs]).toEqual([1, Infinity]);
  });

  test('a time to live that the clocks use up has no window, and is always lost', () => {
    expect(assessed(5, day)).toMatchObject({ windowMs: 0, renewEveryMs: 0, falseLossProbability: 1 });
  });

  test('of more round trips than can be listed the slowest do, with their number', () => {
    const all = Array.from({ length: 2000 }, (_, index) => index / 2);
    const whole = assessed(2000, { ...day, roundTripsMs: all });
    const slowest = assessed(2000, { ...day, roundTripsMs: all.slice(-700) }, { roundTripCount: 2000 });
    expect(slowest).toEqual(whole);
    // Too few are listed to tell how many were that slow: all may have been.
    const few = assessed(1200, { ...day, roundTripsMs: [900, 950] }, { roundTripCount: 2000 });
    expect(few.roundTrips.longerCount).toBe(2000);
  });
});

/** Both probabilities of everything, to compare two judgements. */
const probabilities = ({ pauses, roundTrips, ...both }: LeaseTtlAssessment): readonly number[] => [
  both.falseLossProbability,
  both.falseLossProbabilityMax,
  pauses.probability,
  pauses.probabilityMax,
  roundTrips.probability,
  roundTrips.probabilityMax,
];

/** None of the first is larger than its fellow of the second, but for the last digits. */
function expectNoneLarger(first: LeaseTtlAssessment, second: LeaseTtlAssessment): void {
  const limits = probabilities(second);
  for (const [index, probability] of probabilities(first).entries()) {
    expect(probability).toBeLessThanOrEqual((limits[index] ?? NaN) + 1e-12);
  }
}

describe('laws of a judgement', () => {
  test('a longer time to live has no more false losses, neither seen nor possible', () => {
    let fewer = 0;
    fc.assert(
      fc.property(seen, ttls, more, (given, ttlMs, factor) => {
        const [short, long] = [assessed(ttlMs, given), assessed(ttlMs * factor, given)];
        expectNoneLarger(long, short);
        if (long.pauses.probability < short.pauses.probability) fewer += 1;
      }),
      { seed: SEED, numRuns: 1000 },
    );
    expect(fewer).toBeGreaterThan(100);
  });

  test('the limit is never below what was seen, nor below the same at less confidence', () => {
    fc.assert(
      fc.property(seen, ttls, fc.double({ min: 0.5, max: 0.95, noNaN: true }), (given, ttlMs, confidence) => {
        const answer = assessed(ttlMs, given, { confidence: 0.95 });
        for (const one of [answer.pauses, answer.roundTrips])
          expect(one.probabilityMax).toBeGreaterThanOrEqual(one.probability);
        expect(answer.falseLossProbabilityMax).toBeGreaterThanOrEqual(answer.falseLossProbability);
        expectNoneLarger(assessed(ttlMs, given, { confidence }), answer);
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  test('watching on without another pause, and more round trips like those seen, raise nothing', () => {
    fc.assert(
      fc.property(seen, ttls, more, fc.integer({ min: 1, max: 5 }), (given, ttlMs, factor, times) => {
        const before = assessed(ttlMs, given);
        expectNoneLarger(assessed(ttlMs, { ...given, hours: given.hours * factor }), before);
        const roundTripsMs = Array.from({ length: times }, () => given.roundTripsMs).flat();
        expectNoneLarger(assessed(ttlMs, { ...given, roundTripsMs }), before);
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  test('one more pause, a longer one and a slower round trip lower nothing', () => {
    const worse = fc.record({ pauseMs: fc.integer({ min: 50, max: 40_000 }), slower: more, index: fc.nat() });
    fc.assert(
      fc.property(seen, ttls, worse, (given, ttlMs, { pauseMs, slower, index }) => {
        const before = assessed(ttlMs, given);
        expectNoneLarger(before, assessed(ttlMs, { ...given, lengthsMs: [...given.lengthsMs, pauseMs] }));
        const longer = given.lengthsMs.map((lengthMs, at) =>
          at === index % given.lengthsMs.length ? lengthMs * slower : lengthMs,
        );
        const afterLonger = assessed(ttlMs, { ...given, lengthsMs: longer });
        expect(afterLonger.pauses.probabilityMax).toBeGreaterThanOrEqual(before.pauses.probabilityMax - 1e-12);
        const trips = given.roundTripsMs.map((tripMs, at) =>
          at === index % given.roundTripsMs.length ? tripMs * slower : tripMs,
        );
        const afterSlower = assessed(ttlMs, { ...given, roundTripsMs: trips });
        expect(afterSlower.pauses.probabilityMax).toBeGreaterThanOrEqual(before.pauses.probabilityMax - 1e-12);
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  test('what is said to be missing is what is missing: with it the limit is acceptable, with less of either it is not', () => {
    let missing = 0;
    const goals = fc.record({
      falseLossMax: fc.double({ min: 1e-5, max: 0.3, noNaN: true }),
      ttlMs: fc.integer({ min: 500, max: 60_000 }),
    });
    fc.assert(
      fc.property(seen, goals, (given, { falseLossMax, ttlMs }) => {
        const pauses = tailOf(given);
        const { roundTripsMs } = given;
        const options = { ttlMs, falseLossMax, roundTripsMs };
        const { toShow, ...now } = assessLeaseTtl({ ...options, pauses });
        const isShown = toShow.observeMs === 0 && toShow.roundTripCount === 0;
        expect(isShown).toBe(now.falseLossProbabilityMax <= falseLossMax * (1 + 1e-12));
        // More of the same cannot be listed when some were too slow: their share would stay.
        if (isShown || !Number.isFinite(toShow.observeMs) || now.roundTrips.longerCount > 0) return;
        missing += 1;
        const after = (share: number, tripShare: number): number =>
          assessLeaseTtl({
            ...options,
            pauses: { ...pauses, observedMs: pauses.observedMs + share * toShow.observeMs },
            roundTripCount: roundTripsMs.length + Math.ceil(tripShare * toShow.roundTripCount),
          }).falseLossProbabilityMax;
        expect(after(1, 1)).toBeLessThanOrEqual(falseLossMax * (1 + 1e-9));
        if (toShow.observeMs > 1000) expect(after(0.99, 1)).toBeGreaterThan(falseLossMax);
        if (toShow.roundTripCount > 1000) expect(after(1, 0.99)).toBeGreaterThan(falseLossMax);
      }),
      { seed: SEED, numRuns: 500 },
    );
    expect(missing).toBeGreaterThan(100);
  });
});

/** Uniform numbers above 0 and up to 1 (the 32-bit generator of Marsaglia 2003, "Xorshift RNGs", 13-17-5). */
function uniform(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((state >>> 0) + 1) / 2 ** 32;
  };
}

describe('worlds whose truth is known', () => {
  test.each([1, 2])(
    'the limit holds as often as it says, though the time to live came from the same samples (margin %d)',
    (marginRatio) => {
      const random = uniform(SEED);
      const exponential = (meanMs: number): number => -meanMs * Math.log(random());
      const WORLDS = 2000;
      let broken = 0;
      for (let world = 0; world < WORLDS; world += 1) {
        const meanMs = { pause: 400, trip: 20, between: 600_000 };
        const observedMs = 40 * HOUR_MS;
        const lengthsMs: number[] = [];
        for (let at = exponential(meanMs.between); at < observedMs; at += exponential(meanMs.between))
          lengthsMs.push(exponential(meanMs.pause));
        const roundTripsMs = Array.from({ length: 300 }, () => exponential(meanMs.trip));
        const pauses = pauseTail({ lengthsMs, observedMs, unseenBelowMs: 0 });
        const exact = { holderRatePpm: 0, granterRatePpm: 0, holderGranularityMs: 0, granterGranularityMs: 0 };
        const answer = suggestLeaseTtl({ pauses, roundTripsMs, marginRatio, ...exact, horizonMs: 1000 });
        if (answer.status !== 'suggested') throw new Error('reachable');
        const isAbove = (
          tolerated: { readonly toleratedMs: number; readonly probabilityMax: number },
          events: number,
        ): boolean => -Math.expm1(-events) > tolerated.probabilityMax;
        const pauseEvents = (1000 / meanMs.between) * Math.exp(-answer.pauses.toleratedMs / meanMs.pause);
        const tripEvents = (1000 / answer.renewEveryMs) * Math.exp(-answer.roundTrips.toleratedMs / meanMs.trip);
        if (isAbove(answer.pauses, pauseEvents) || isAbove(answer.roundTrips, tripEvents)) broken += 1;
      }
      // 5 % at the most, and three and a half deviations of such a count.
      expect(broken / WORLDS).toBeLessThan(0.05 + 3.5 * Math.sqrt((0.05 * 0.95) / WORLDS));
      if (marginRatio === 1)
        expect(broken / WORLDS, 'a limit that is never broken says too little').toBeGreaterThan(0.02);
    },
  );
});
