import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  add,
  compare,
  compareDouble,
  exact,
  multiply,
  rational,
  subtract,
  type Rational,
} from '../../test/support/rational.ts';
import { type AffineClock, affineClock, firstTimeOf, ms, readingAt, units } from './affine-clock.fixture.ts';
import { holderWindow, holderWindowMs, requireHolderWindowMs } from './holder-window.ts';
import { TIMING_MODELS, type TimingModel } from './timing-model.ts';

const MILLION = rational(1_000_000n);

/** Formula (1) without any rounding. */
function exactWindow(ttlMs: number, timing: TimingModel): Rational {
  const slowest = subtract(MILLION, exact(timing.holderRatePpm));
  const fastest = add(MILLION, exact(timing.granterRatePpm));
  const share = multiply(slowest, rational(fastest.denominator, fastest.numerator));
  const counted = subtract(exact(ttlMs), exact(timing.granterGranularityMs));
  return subtract(multiply(share, counted), exact(timing.holderGranularityMs));
}

const anyRate = fc.oneof(fc.integer({ min: 0, max: 100_000 }), fc.double({ min: 0, max: 100_000, noNaN: true }));
const anyGranularity = fc.oneof(fc.constantFrom(0, 0.001, 1, 10), fc.double({ min: 0, max: 100, noNaN: true }));
const anyTtl = fc.oneof(fc.integer({ min: 1, max: 3_600_000 }), fc.double({ min: 1, max: 1e11, noNaN: true }));

const anyModel: fc.Arbitrary<TimingModel> = fc.record({
  name: fc.constant('any'),
  holderRatePpm: anyRate,
  granterRatePpm: anyRate,
  holderGranularityMs: anyGranularity,
  granterGranularityMs: anyGranularity,
  suspend: fc.constant('checked' as const),
});

type Window = (ttlMs: number, timing: TimingModel) => number;

/** Never above the exact window, and below it by at most six roundings of the numbers that went into it. */
const roundsDown = (window: Window) =>
  fc.property(anyTtl, anyModel, (ttlMs, timing) => {
    fc.pre(ttlMs > timing.granterGranularityMs);
    const truth = exactWindow(ttlMs, timing);
    const got = window(ttlMs, timing);
    const lost = subtract(truth, exact(got));
    const allowed = multiply(exact(ttlMs + timing.holderGranularityMs), rational(6n, 1n << 52n));
    return compareDouble(got, truth) <= 0 && compare(lost, allowed) <= 0;
  });

interface Scene {
  readonly holder: AffineClock;
  readonly granter: AffineClock;
  readonly ttlMs: number;
  readonly sentAt: bigint;
  readonly delay: bigint;
}

const scene: fc.Arbitrary<Scene> = fc.record({
  holder: affineClock,
  granter: affineClock,
  ttlMs: fc.integer({ min: 20, max: 60_000 }),
  sentAt: fc.bigInt({ min: 0n, max: 1n << 40n }),
  delay: fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 1n << 36n })),
});

function modelOf({ holder, granter }: Scene): TimingModel {
  return {
    name: 'scene',
    holderRatePpm: holder.ratePpm,
    granterRatePpm: granter.ratePpm,
    holderGranularityMs: ms(holder.granularity),
    granterGranularityMs: ms(granter.granularity),
    suspend: 'checked',
  };
}

/** Where the holder reads its clock; an acknowledgement is as long under way as its request. */
type Stamp = 'before-send' | 'at-acknowledgement';

/** At the first moment at which the granter may grant to another, does the first holder still think it holds? */
function overlaps(given: Scene, window: Window, stamp: Stamp): boolean {
  const { holder, granter, ttlMs, sentAt, delay } = given;
  const processedAt = sentAt + delay;
  const stampedAt = stamp === 'before-send' ? sentAt : processedAt + delay;
  const grantedAgainAt = firstTimeOf(granter, readingAt(granter, processedAt) + units(ttlMs));
  const elapsedMs = ms(readingAt(holder, grantedAgainAt) - readingAt(holder, stampedAt));
  return elapsedMs < window(ttlMs, modelOf(given));
}

const excludes = (window: Window, stamp: Stamp = 'before-send') =>
  fc.property(scene, (given) => !overlaps(given, window, stamp));

const without =
  (part: keyof TimingModel): Window =>
  (ttlMs, timing) =>
    holderWindowMs(ttlMs, { ...timing, [part]: 0 });

describe('holderWindowMs', () => {
  it('is formula (1), rounded against the holder', () => {
    fc.assert(roundsDown(holderWindowMs), { numRuns: 2000 });
  });

  it('would not be, with ordinary rounding', () => {
    const ordinary: Window = (ttlMs, timing) =>
      ((1e6 - timing.holderRatePpm) * (ttlMs - timing.granterGranularityMs)) / (1e6 + timing.granterRatePpm) -
      timing.holderGranularityMs;
    expect(fc.check(roundsDown(ordinary), { numRuns: 2000 }).failed).toBe(true);
  });

  it('is 0 or less when the granularities use up the time to live', () => {
    const coarse = { ...TIMING_MODELS['one-percent'], granterGranularityMs: 1000, holderGranularityMs: 10 };
    for (const ttlMs of [1, 999, 1000, 1010]) expect(holderWindowMs(ttlMs, coarse)).toBeLessThanOrEqual(0);
    expect(holderWindowMs(1011, coarse)).toBeGreaterThan(0);
  });
});

describe('theorem 1: nobody is granted the lease inside the window', () => {
  it('holds for all clocks within their bounds, and any delay', () => {
    fc.assert(excludes(holderWindowMs), { numRuns: 5000 });
  });

  it('reaches the edge: half a granule and a millionth more would overlap', () => {
    const more: Window = (ttlMs, timing) =>
      holderWindowMs(ttlMs, timing) * (1 + 1e-6) + (timing.holderGranularityMs + timing.granterGranularityMs) / 2;
    expect(fc.check(excludes(more), { numRuns: 20_000 }).failed).toBe(true);
  });

  it.each<[string, Window]>([
    ['the whole time to live', (ttlMs) => ttlMs],
    ['no rate of the holder', without('holderRatePpm')],
    ['no rate of the granter', without('granterRatePpm')],
    ['no granularity of the holder', without('holderGranularityMs')],
    ['no granularity of the granter', without('granterGranularityMs')],
  ])('does not hold with %s', (_, window) => {
    expect(fc.check(excludes(window), { numRuns: 5000 }).failed).toBe(true);
  });

  it('does not hold when the stamp is taken at the acknowledgement', () => {
    expect(fc.check(excludes(holderWindowMs, 'at-acknowledgement')).failed).toBe(true);
  });
});

describe('holderWindow', () => {
  it.each([
    [undefined, 29_405.94],
    ['one-percent', 29_405.94],
    ['adjtime', 29_940],
    ['chrony-initial', 25_356.89],
    [{ holderRatePpm: 0, granterRatePpm: 0 }, 30_000],
    [{ holderRatePpm: 0, granterRatePpm: 0, holderGranularityMs: 10, granterGranularityMs: 1000 }, 28_990],
  ] as const)('with %j is about %d ms of 30 s', (timing, expected) => {
    const options = timing === undefined ? { ttlMs: 30_000 } : { ttlMs: 30_000, timing };
    expect(Math.abs(holderWindow(options) - expected)).toBeLessThan(0.01);
  });

  it('refuses a time to live of which nothing is left, and says what to do', () => {
    expect(() => holderWindow({ ttlMs: 500, timing: { granterGranularityMs: 1000 } })).toThrow(
      "holderWindow ttlMs: requires more than the clocks' granularities leave unknown (granter 1000 ms, holder 0 ms), " +
        'got 500 ms. Pass a larger ttlMs. [TC_OUT_OF_RANGE]',
    );
    expect(() => holderWindow({ ttlMs: 0 })).toThrow('[TC_OUT_OF_RANGE]');
    expect(() => requireHolderWindowMs('acquire', { ttlMs: 0, timing: TIMING_MODELS.adjtime })).toThrow(
      'acquire ttlMs: ',
    );
  });

  it('refuses what is no duration, and unknown options', () => {
    expect(() => holderWindow({ ttlMs: Number.NaN })).toThrow('[TC_NOT_FINITE]');
    expect(() => holderWindow({ ttlMs: 1.7e12 })).toThrow('[TC_EPOCH_AS_DURATION]');
    expect(() => holderWindow({ ttlMs: -1 })).toThrow('[TC_OUT_OF_RANGE]');
    expect(() => holderWindow({ ttlms: 5 } as never)).toThrow('Did you mean ttlMs?');
    expect(() => holderWindow(undefined as never)).toThrow('[TC_NOT_FINITE]');
    expect(() => holderWindow({ ttlMs: 5, timing: 'adjtimes' as never })).toThrow('Did you mean adjtime?');
  });
});
