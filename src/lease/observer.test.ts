import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BoundedTime } from '../core/index.ts';
import { compareDouble, exact, multiply, rational, add } from '../../test/support/rational.ts';
import { type AffineClock, affineClock, firstTimeOf, ms, readingAt, units } from './affine-clock.fixture.ts';
import { holderWindowMs } from './holder-window.ts';
import { LeaseObserver, observationMs } from './observer.ts';
import type { LeaseRecord } from './store-port.ts';
import { TIMING_MODELS, type TimingModel } from './timing-model.ts';

const exactClocks: TimingModel = { ...TIMING_MODELS.adjtime, holderRatePpm: 0, granterRatePpm: 0 };
const E = Date.UTC(2026, 0, 1);

function utc(earliest: number, latest: number): BoundedTime {
  const premises = {
    driftPpm: 50,
    falsetickersTolerated: 1,
    sourcesConfigured: 4,
    sourcesAnswering: 4,
    timeScale: 'utc',
  } as const;
  return { status: 'bounded', earliest, latest, premises };
}

function record(version: string, ttlMs = 1000, utcExpiryMs?: number): LeaseRecord {
  return { version, ttlMs, ...(utcExpiryMs === undefined ? {} : { utcExpiryMs }) };
}

interface Scene {
  readonly holder: AffineClock;
  readonly contender: AffineClock;
  /** What the holder declares of others; the contender never hears of it. */
  readonly holdersGranterPpm: number;
  readonly holdersGranterGranularityMs: number;
  readonly ttlMs: number;
  readonly sentAt: bigint;
  /** From the holder's send to the contender's reading of its clock. */
  readonly readLater: bigint;
}

const scene: fc.Arbitrary<Scene> = fc.record({
  holder: affineClock,
  contender: affineClock,
  holdersGranterPpm: fc.constantFrom(0, 10_000, 100_000),
  holdersGranterGranularityMs: fc.constantFrom(0, 1),
  ttlMs: fc.integer({ min: 50, max: 60_000 }),
  sentAt: fc.bigInt({ min: 0n, max: 1n << 40n }),
  readLater: fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 1n << 30n })),
});

function holdersWindowMs({ holder, holdersGranterPpm, holdersGranterGranularityMs, ttlMs }: Scene): number {
  return holderWindowMs(ttlMs, {
    name: 'holder',
    holderRatePpm: holder.ratePpm,
    granterRatePpm: holdersGranterPpm,
    holderGranularityMs: ms(holder.granularity),
    granterGranularityMs: holdersGranterGranularityMs,
    suspend: 'checked',
  });
}

function contendersModel({ contender }: Scene): TimingModel {
  return {
    ...exactClocks,
    name: 'contender',
    holderRatePpm: contender.ratePpm,
    holderGranularityMs: ms(contender.granularity),
  };
}

/** The reading of the contender's clock at which it first may take over, found by asking. */
function firstTakeover(observer: LeaseObserver, clock: AffineClock, readAt: bigint): bigint {
  const verdict = observer.mayTakeOver(ms(readAt));
  let reading = verdict.ok ? readAt : readAt + units(verdict.waitMs) - clock.granularity;
  reading -= reading % clock.granularity;
  while (!observer.mayTakeOver(ms(reading)).ok) reading += clock.granularity;
  return reading;
}

interface Wrong {
  readonly model?: Partial<TimingModel>;
  readonly recordTtlMs?: number;
  /** The contender's clock is read before the holder sent. */
  readonly stampEarlier?: bigint;
}

function overlaps(given: Scene, wrong: Wrong = {}): boolean {
  const { holder, contender, sentAt, readLater } = given;
  const observer = new LeaseObserver({ ...contendersModel(given), ...wrong.model });
  const readAt = readingAt(contender, sentAt + readLater - (wrong.stampEarlier ?? 0n));
  observer.observe(record('1', wrong.recordTtlMs ?? given.ttlMs), { readAtMs: ms(readAt) });
  const takenAt = firstTimeOf(contender, firstTakeover(observer, contender, readAt));
  const elapsedMs = ms(readingAt(holder, takenAt) - readingAt(holder, sentAt));
  return elapsedMs < holdersWindowMs(given);
}

const excludes = (wrong?: Wrong) => fc.property(scene, (given) => !overlaps(given, wrong));

describe('theorem 2: nobody takes over inside the window of the holder', () => {
  it('holds for all clocks within their bounds, whatever model the holder has', () => {
    fc.assert(excludes(), { numRuns: 5000 });
  });

  it.each<[string, Wrong]>([
    ['no rate of the contender', { model: { holderRatePpm: 0 } }],
    ['no granularity of the contender', { model: { holderGranularityMs: 0 } }],
    ["a time to live that is not the record's", { recordTtlMs: 40 }],
    ['a stamp from before the record was written', { stampEarlier: units(20) }],
  ])('does not hold with %s', (_, wrong) => {
    expect(fc.check(excludes(wrong), { numRuns: 5000 }).failed).toBe(true);
  });

  it('waits (1 + r) L + g, rounded up', () => {
    const rate = fc.double({ min: 0, max: 100_000, noNaN: true });
    fc.assert(
      fc.property(rate, fc.integer({ min: 1, max: 1e9 }), (ratePpm, ttlMs) => {
        const factor = multiply(add(rational(1_000_000n), exact(ratePpm)), rational(1n, 1_000_000n));
        const timing = { ...exactClocks, granterRatePpm: ratePpm };
        const needed = add(multiply(factor, exact(ttlMs)), exact(10));
        const got = observationMs(ttlMs, { ...timing, holderGranularityMs: 10 });
        return compareDouble(got, needed) >= 0 && compareDouble(got * (1 - 1e-15), needed) <= 0;
      }),
    );
    expect(observationMs(30_000, TIMING_MODELS['one-percent'])).toBe(30_300);
  });
});

describe('LeaseObserver', () => {
  it('knows nothing before it has read', () => {
    const observer = new LeaseObserver(exactClocks);
    expect(observer.mayTakeOver(1e6, utc(E, E))).toEqual({ ok: false, reason: 'nothing-observed', waitMs: 0 });
  });

  it('counts from the first look at a version, and says which one may be replaced', () => {
    const observer = new LeaseObserver(exactClocks);
    observer.observe(record('7'), { readAtMs: 100 });
    observer.observe(record('7'), { readAtMs: 900 });
    expect(observer.mayTakeOver(900)).toEqual({ ok: false, reason: 'observing', waitMs: 200 });
    expect(observer.mayTakeOver(1099.999)).toMatchObject({ ok: false });
    expect(observer.mayTakeOver(1100)).toEqual({ ok: true, by: 'observation', version: '7' });
  });

  it('starts over with every renewal', () => {
    const observer = new LeaseObserver(exactClocks);
    observer.observe(record('7'), { readAtMs: 0 });
    observer.observe(record('8'), { readAtMs: 900 });
    expect(observer.mayTakeOver(1899)).toMatchObject({ ok: false, waitMs: 1 });
    expect(observer.mayTakeOver(1900)).toMatchObject({ ok: true, version: '8' });
  });

  it.each([
    ['the same holder', 'a', 'a', 5000],
    ['a store that names no holder', undefined, undefined, 5000],
    ['a holder that was not named before', undefined, 'a', 5000],
    ['a holder that is not named now', 'a', undefined, 5000],
    ['another holder', 'a', 'b', 1100],
  ])('keeps a longer promise for %s as it should', (_, before, now, overAtMs) => {
    const observer = new LeaseObserver(exactClocks);
    observer.observe(record('1', 5000), { readAtMs: 0, holderId: before });
    observer.observe(record('2', 1000), { readAtMs: 100, holderId: now });
    expect(observer.mayTakeOver(overAtMs - 1).ok).toBe(false);
    expect(observer.mayTakeOver(overAtMs)).toMatchObject({ ok: true, version: '2' });
  });

  it('takes a promise over through a record that names nobody', () => {
    const observer = new LeaseObserver(exactClocks);
    observer.observe(record('1', 1000), { readAtMs: 0, holderId: 'a' });
    observer.observe(record('2', 5000), { readAtMs: 100 }); // b's, unnamed
    observer.observe(record('3', 1000), { readAtMs: 200, holderId: 'b' });
    expect(observer.mayTakeOver(5099).ok).toBe(false);
  });

  it('forgets', () => {
    const observer = new LeaseObserver(exactClocks);
    observer.observe(record('1'), { readAtMs: 0 });
    observer.forget();
    expect(observer.mayTakeOver(1e6)).toMatchObject({ reason: 'nothing-observed' });
  });

  it('refuses readings and records that cannot be ones', () => {
    const observer = new LeaseObserver(exactClocks);
    const observe = (given: object, readAtMs = 0) => {
      observer.observe({ version: '1', ttlMs: 1000, ...given }, { readAtMs });
    };
    expect(() => observe({}, Number.NaN)).toThrow('[TC_NOT_FINITE]');
    expect(() => observe({ ttlMs: -1 })).toThrow('[TC_OUT_OF_RANGE]');
    expect(() => observe({ ttlMs: '5' })).toThrow('[TC_NOT_FINITE]');
    expect(() => observe({ version: 7 })).toThrow('record.version: requires a string');
    expect(() => observe({ utcExpiryMs: 5000 })).toThrow('[TC_DURATION_AS_EPOCH]');
    expect(() => observer.mayTakeOver(Number.NaN)).toThrow('[TC_NOT_FINITE]');
  });
});

describe('the absolute rule beside the observation', () => {
  it('takes over a long-dead lease at the first look', () => {
    const observer = new LeaseObserver(exactClocks);
    observer.observe(record('1', 30_000, E), { readAtMs: 0 });
    expect(observer.mayTakeOver(0, utc(E + 0.5, E + 9))).toEqual({ ok: true, by: 'utc', version: '1' });
    expect(observer.mayTakeOver(0, utc(E, E + 9))).toEqual({ ok: false, reason: 'observing', waitMs: 1 });
    expect(observer.mayTakeOver(0, utc(E - 99, E + 9))).toMatchObject({ ok: false, waitMs: 100 });
    expect(observer.mayTakeOver(0, utc(E - 99_000, E))).toMatchObject({ ok: false, waitMs: 30_000 });
  });

  it('needs the record to say so, and UTC to be known', () => {
    const observer = new LeaseObserver(exactClocks);
    observer.observe(record('1', 30_000), { readAtMs: 0 });
    expect(observer.mayTakeOver(0, utc(E, E)).ok).toBe(false);
    observer.observe(record('2', 30_000, E), { readAtMs: 0 });
    expect(observer.mayTakeOver(0).ok).toBe(false);
    expect(observer.mayTakeOver(0, { status: 'unbounded', reason: 'stopped', detail: '' }).ok).toBe(false);
    observer.observe(record('3', 30_000), { readAtMs: 0 });
    expect(observer.mayTakeOver(0, utc(E + 9, E + 9)).ok).toBe(false);
  });

  it('never believes in an earlier expiry of the same holder', () => {
    const observer = new LeaseObserver(exactClocks);
    observer.observe(record('1', 30_000, E), { readAtMs: 0, holderId: 'a' });
    observer.observe(record('2', 30_000, E - 5000), { readAtMs: 0, holderId: 'a' });
    expect(observer.mayTakeOver(0, utc(E - 1, E)).ok).toBe(false);
    observer.observe(record('3', 30_000, E - 5000), { readAtMs: 0, holderId: 'b' });
    expect(observer.mayTakeOver(0, utc(E - 1, E))).toMatchObject({ ok: true, by: 'utc' });
  });
});
