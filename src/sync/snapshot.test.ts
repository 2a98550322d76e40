import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  add,
  compareDouble,
  exact,
  multiply,
  negate,
  type Rational,
  rational,
  subtract,
} from '../../test/support/rational.ts';
import type { Interval, Premises } from '../core/index.ts';
import {
  boundsAt,
  earliestAt,
  latestAt,
  makeSnapshot,
  type Snapshot,
  type SnapshotInput,
  VOID_SNAPSHOT,
} from './snapshot.ts';

const premises: Premises = {
  driftPpm: 50,
  falsetickersTolerated: 0,
  sourcesConfigured: 1,
  sourcesAnswering: 1,
  timeScale: 'utc',
};

const DAY_MS = 86_400_000;
const YEAR_MS = 365.25 * DAY_MS;

interface Case {
  readonly input: SnapshotInput;
  readonly atMs: number;
}

interface CaseRange {
  readonly baseMin: number;
  readonly baseMax: number;
  readonly anchorMin: number;
  readonly anchorMax: number;
  readonly lifeMax: number;
  readonly thetaMax: number;
}

function cases(range: CaseRange): fc.Arbitrary<Case> {
  return fc
    .record({
      baseMs: fc.integer({ min: range.baseMin, max: range.baseMax }),
      anchorMs: fc.double({ min: range.anchorMin, max: range.anchorMax, noNaN: true }),
      lifeMs: fc.double({ min: 1, max: range.lifeMax, noNaN: true }),
      share: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      earliest: fc.double({ min: -range.thetaMax, max: range.thetaMax, noNaN: true }),
      width: fc.oneof(
        fc.double({ min: 1e-3, max: 1000, noNaN: true }),
        fc.double({ min: 1e-3, max: DAY_MS, noNaN: true }),
      ),
      driftPpm: fc.oneof(fc.constantFrom(0, 1, 15, 50, 200, 100_000), fc.double({ min: 0, max: 1000, noNaN: true })),
      granularityMs: fc.constantFrom(0, 2 ** -14, 0.000_03, 0.001, 1),
    })
    .map(({ baseMs, anchorMs, lifeMs, share, earliest, width, driftPpm, granularityMs }) => ({
      input: {
        theta: { earliest, latest: earliest + width },
        anchorMs,
        voidAfterMs: anchorMs + lifeMs,
        axis: { baseMs, driftPpm, granularityMs },
        premises,
      },
      atMs: anchorMs + share * lifeMs,
    }));
}

/** 1970 to 2100, uptimes from nothing to three years, held over for up to three years. */
const anyCase = cases({
  baseMin: -3 * YEAR_MS,
  baseMax: 130 * YEAR_MS,
  anchorMin: 0,
  anchorMax: 3 * YEAR_MS,
  lifeMax: 1e11,
  thetaMax: 40 * YEAR_MS,
});

/** What people run: 2026, uptime below 28 hours. */
const ordinaryCase = cases({
  baseMin: 56 * YEAR_MS,
  baseMax: 57 * YEAR_MS,
  anchorMin: 0,
  anchorMax: DAY_MS,
  lifeMax: 4 * 3_600_000,
  thetaMax: 1000,
});

/** The clock of another platform may count from anywhere. */
const negativeOrigin = cases({
  baseMin: 0,
  baseMax: 130 * YEAR_MS,
  anchorMin: -3 * YEAR_MS,
  anchorMax: 0,
  lifeMax: 1000,
  thetaMax: 1000,
}).map(({ input, atMs }) => ({ input: { ...input, voidAfterMs: 1 }, atMs: Math.min(atMs, 0) }));

interface Lines {
  readonly earliest: Rational;
  readonly latest: Rational;
}

/** The lines in exact arithmetic. */
function exactLines({ input, atMs }: Case): Lines {
  const { theta, anchorMs, axis } = input;
  const rate = multiply(exact(axis.driftPpm), rational(1n, 1_000_000n));
  const distance = subtract(exact(Math.max(anchorMs, atMs)), exact(Math.min(anchorMs, atMs)));
  const growth = multiply(rate, distance);
  const granularity = multiply(exact(axis.granularityMs), add(rational(1n), rate));
  const origin = add(exact(axis.baseMs), exact(atMs));
  return {
    earliest: subtract(add(origin, exact(theta.earliest)), growth),
    latest: add(add(add(origin, exact(theta.latest)), growth), granularity),
  };
}

type Read = (snapshot: Snapshot, atMs: number) => Interval;

const read: Read = (snapshot, atMs) => ({ earliest: earliestAt(snapshot, atMs), latest: latestAt(snapshot, atMs) });

function neverNarrower(arbitrary: fc.Arbitrary<Case>, make: typeof makeSnapshot, reading: Read): fc.IProperty<[Case]> {
  return fc.property(arbitrary, (one) => {
    const bounds = reading(make(one.input), one.atMs);
    const lines = exactLines(one);
    return compareDouble(bounds.earliest, lines.earliest) <= 0 && compareDouble(bounds.latest, lines.latest) >= 0;
  });
}

/** Without the rounding slack of `makeSnapshot`. */
const withoutSlack: typeof makeSnapshot = (input) => {
  const snapshot = makeSnapshot(input);
  const shiftMs = snapshot.baseMs - input.axis.baseMs;
  return {
    ...snapshot,
    loMs: input.theta.earliest - shiftMs,
    hiMs: input.theta.latest - shiftMs + input.axis.granularityMs,
  };
};

/** With half of what the last addition can lose. */
const withHalfTheSlack: typeof makeSnapshot = (input) => {
  const [whole, none] = [makeSnapshot(input), withoutSlack(input)];
  return { ...whole, loMs: (whole.loMs + none.loMs) / 2, hiMs: (whole.hiMs + none.hiMs) / 2 };
};

describe('makeSnapshot, earliestAt, latestAt', () => {
  it('G3: are never narrower than the exact lines, at any uptime and in any year', () => {
    fc.assert(neverNarrower(anyCase, makeSnapshot, read), { numRuns: 40_000 });
  });

  it('G3: are never narrower in 2026 either, where most reads are', () => {
    fc.assert(neverNarrower(ordinaryCase, makeSnapshot, read), { numRuns: 40_000 });
  });

  it('G3: are never narrower on a monotonic clock that counts from below zero', () => {
    fc.assert(neverNarrower(negativeOrigin, makeSnapshot, read), { numRuns: 20_000 });
  });

  it('the law catches missing slack, half the slack, and the wrong order of addition', () => {
    const bigFirst: Read = (s, atMs) => ({
      earliest: s.baseMs + atMs + s.loMs + s.loRate * (atMs - s.anchorMs),
      latest: s.baseMs + atMs + s.hiMs + s.hiRate * (atMs - s.anchorMs),
    });
    expect(fc.check(neverNarrower(ordinaryCase, withoutSlack, read), { numRuns: 20_000 }).failed).toBe(true);
    expect(fc.check(neverNarrower(ordinaryCase, withHalfTheSlack, read), { numRuns: 20_000 }).failed).toBe(true);
    expect(fc.check(neverNarrower(ordinaryCase, makeSnapshot, bigFirst), { numRuns: 20_000 }).failed).toBe(true);
  });

  it('cost at most about one ulp of the result (244 ns) on each side, in 2026 and with uptimes below 28 hours', () => {
    const ulp = rational(101n, 100n * 4096n);
    fc.assert(
      fc.property(ordinaryCase, (one) => {
        const bounds = read(makeSnapshot(one.input), one.atMs);
        const lines = exactLines(one);
        const early = subtract(lines.earliest, exact(bounds.earliest));
        const late = subtract(exact(bounds.latest), lines.latest);
        return compareDouble(0, subtract(early, ulp)) >= 0 && compareDouble(0, subtract(late, ulp)) >= 0;
      }),
      { numRuns: 20_000 },
    );
  });

  it('keep the slack of an ulp where the result crosses a power of two', () => {
    for (const power of [2 ** 40, 2 ** 41]) {
      for (let index = -50; index < 50; index += 1) {
        const input: SnapshotInput = {
          theta: { earliest: 0.1, latest: 0.3 },
          anchorMs: 1000,
          voidAfterMs: 2000,
          axis: { baseMs: power - 1500, driftPpm: 50, granularityMs: 0 },
          premises,
        };
        const one = { input, atMs: 1500 + index * 0.137 };
        const bounds = read(makeSnapshot(input), one.atMs);
        const lines = exactLines(one);
        expect(compareDouble(bounds.earliest, lines.earliest)).toBeLessThanOrEqual(0);
        expect(compareDouble(bounds.latest, lines.latest)).toBeGreaterThanOrEqual(0);
      }
    }
  });

  it('carry the premises and the end, and keep the small terms small', () => {
    const snapshot = makeSnapshot({
      theta: { earliest: 31_536_000_123.25, latest: 31_536_000_124 },
      anchorMs: 10,
      voidAfterMs: 99,
      axis: { baseMs: 1_700_000_000_000, driftPpm: 50, granularityMs: 0 },
      premises,
    });
    expect(snapshot).toMatchObject({ baseMs: 1_731_536_000_123, anchorMs: 10, voidAfterMs: 99, premises });
    expect(Math.abs(snapshot.loMs)).toBeLessThan(1);
    expect(snapshot.loRate).toBe(-snapshot.hiRate);
  });
});

describe('boundsAt', () => {
  it('G3: is never narrower than the exact lines in the past, which open towards it', () => {
    const past = fc.tuple(anyCase, fc.double({ min: 0, max: 1, noNaN: true })).map(([one, share]) => ({
      input: one.input,
      atMs: one.input.anchorMs * share,
    }));
    fc.assert(neverNarrower(past, makeSnapshot, boundsAt), { numRuns: 20_000 });
    expect(fc.check(neverNarrower(past, makeSnapshot, read), { numRuns: 2000 }).failed).toBe(true);
  });

  it('reads like the two edges from the anchor on', () => {
    fc.assert(
      fc.property(anyCase, ({ input, atMs }) => {
        const snapshot = makeSnapshot(input);
        expect(boundsAt(snapshot, atMs)).toEqual(read(snapshot, atMs));
      }),
    );
  });

  it('agrees at the anchor from both sides, to the rounding', () => {
    fc.assert(
      fc.property(ordinaryCase, ({ input }) => {
        const snapshot = makeSnapshot(input);
        const before = boundsAt(snapshot, input.anchorMs * (1 - Number.EPSILON));
        const after = boundsAt(snapshot, input.anchorMs);
        expect(Math.abs(before.earliest - after.earliest)).toBeLessThanOrEqual(2 ** -11);
        expect(Math.abs(before.latest - after.latest)).toBeLessThanOrEqual(2 ** -11);
      }),
    );
  });
});

describe('the void snapshot', () => {
  it('is readable at no reading', () => {
    for (const atMs of [-1e9, 0, 1, 1e12]) {
      expect(atMs >= VOID_SNAPSHOT.anchorMs && atMs < VOID_SNAPSHOT.voidAfterMs).toBe(false);
    }
  });
});

it('negation is exact: the helper of this file is not under test', () => {
  expect(compareDouble(-0.1, negate(exact(0.1)))).toBe(0);
});
