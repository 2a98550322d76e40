import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SEED } from '../../test/seed.ts';
import { MonotonicInstant } from '../core/index.ts';
import { type JoinablePause, joinedLengthsMs } from './joined-lengths.ts';
import { assessLeaseTtl } from './lease-ttl.ts';
import { pauseTail } from './pause-tail.ts';

const CLOCK = Symbol('a clock');
const HOUR_MS = 3_600_000;

function pauseOf(startMs: number, endMs: number, maxMs: number = endMs - startMs): JoinablePause {
  const at = (readingMs: number): MonotonicInstant => MonotonicInstant.fromReading(CLOCK, readingMs);
  return { startedAt: at(startMs), endedAt: at(endMs), maxMs };
}

describe('lengths of pauses', () => {
  test('with less than this between them they are one, as long as all of it', () => {
    const pauses = [pauseOf(0, 100), pauseOf(119, 200), pauseOf(205, 300), pauseOf(320, 400)];
    expect(joinedLengthsMs(pauses, { apartMs: 20 })).toEqual([300, 80]);
    expect(joinedLengthsMs(pauses, { apartMs: 0 })).toEqual([100, 81, 95, 80]);
    expect(joinedLengthsMs(pauses, { apartMs: 21 })).toEqual([400]);
    expect(joinedLengthsMs([], { apartMs: 20 })).toEqual([]);
  });

  test('the most that each can have been: a suspend that the clock did not count, and one of unknown length', () => {
    expect(joinedLengthsMs([pauseOf(0, 100, 5000), pauseOf(110, 200, 140)], { apartMs: 20 })).toEqual([5150]);
    const endless = [pauseOf(0, 100), pauseOf(110, 200, Infinity), pauseOf(210, 300), pauseOf(900, 1000)];
    expect(joinedLengthsMs(endless, { apartMs: 20 })).toEqual([Infinity, 100]);
  });

  test('any order will do', () => {
    const pauses = [pauseOf(900, 1000), pauseOf(110, 200), pauseOf(0, 100)];
    expect(joinedLengthsMs(pauses, { apartMs: 20 })).toEqual([200, 100]);
    expect(pauses[0]?.maxMs).toBe(100);
  });

  test('of two clocks nobody knows what lies between', () => {
    const other = MonotonicInstant.fromReading(Symbol('another'), 5);
    const pauses = [pauseOf(0, 100), { startedAt: other, endedAt: other, maxMs: 1 }];
    expect(() => joinedLengthsMs(pauses, { apartMs: 1 })).toThrow(
      expect.objectContaining({ code: 'TC_CLOCK_MISMATCH' }),
    );
  });

  test.each<[unknown, unknown, string]>([
    [undefined, { apartMs: 1 }, 'TC_INVALID_ARGUMENT'],
    [[{ startedAt: 0, endedAt: 5, maxMs: 5 }], { apartMs: 1 }, 'TC_INVALID_ARGUMENT'],
    [[null], { apartMs: 1 }, 'TC_INVALID_ARGUMENT'],
    [[pauseOf(0, 5, -1)], { apartMs: 1 }, 'TC_OUT_OF_RANGE'],
    [[pauseOf(0, 5, Number.NaN)], { apartMs: 1 }, 'TC_NOT_FINITE'],
    [[], { apartMs: -1 }, 'TC_OUT_OF_RANGE'],
    [[], {}, 'TC_NOT_FINITE'],
    [[], { apartMs: 1, apart: 1 }, 'TC_INVALID_ARGUMENT'],
  ])('refuses %#', (pauses, options, code) => {
    expect(() => joinedLengthsMs(pauses as never, options as never)).toThrow(expect.objectContaining({ code }));
  });
});

/** A holder that renews every third of its window while it runs, with round trips of this length: whether it loses the lease. */
function isLost(
  pauses: readonly [number, number][],
  { windowMs, tripMs }: { windowMs: number; tripMs: number },
): boolean {
  // The first moment from this one on at which it runs.
  const running = (atMs: number): number =>
    pauses.reduce((nowMs, [startMs, endMs]) => (nowMs > startMs && nowMs < endMs ? endMs : nowMs), atMs);
  const endMs = (pauses.at(-1)?.[1] ?? 0) + 2 * windowMs;
  let stampMs = 0;
  let freeMs = 0;
  while (stampMs < endMs) {
    const sentMs = running(Math.max(freeMs, stampMs + windowMs / 3));
    const answeredMs = running(sentMs + tripMs);
    if (answeredMs > stampMs + windowMs + 1e-6) return true;
    stampMs = sentMs;
    freeMs = answeredMs;
  }
  return false;
}

const exact = { holderRatePpm: 0, granterRatePpm: 0, holderGranularityMs: 0, granterGranularityMs: 0 };

describe('pauses closer together than a round trip', () => {
  test('two that are tolerated one by one cost the lease together, and the judgement says so', () => {
    const [first, second] = [pauseOf(1000, 2430), pauseOf(2432, 3838)];
    const lengthsMs = joinedLengthsMs([first, second], { apartMs: 21 });
    const judged = assessLeaseTtl({
      ttlMs: 3000,
      pauses: pauseTail({ lengthsMs, observedMs: 8000 }),
      roundTripsMs: [20],
    });
    expect(judged.pauses.longerCount).toBe(1);
    expect(judged.falseLossProbability).toBeGreaterThan(0.99);
    expect(Math.max(first.maxMs, second.maxMs), 'each for itself is tolerated').toBeLessThan(judged.pauses.toleratedMs);
  });

  test('joined, none longer than tolerated means that no lease is lost; one by one it does not', () => {
    let [kept, addedUp] = [0, 0];
    const share = fc.integer({ min: 0, max: 1000 }).map((permille) => permille / 1000);
    const world = fc.record({
      trip: share,
      apart: share,
      scene: fc.array(fc.record({ gap: share, isClose: fc.boolean(), length: share }), { minLength: 1, maxLength: 6 }),
    });
    fc.assert(
      fc.property(world, ({ trip, apart, scene }) => {
        const seen = pauseTail({ lengthsMs: [300], observedMs: HOUR_MS, unseenBelowMs: 0 });
        const judged = assessLeaseTtl({ ttlMs: 900, pauses: seen, roundTripsMs: [100], ...exact });
        const { windowMs, pauses: byPauses, roundTrips } = judged;
        // From the slowest that was seen to what is tolerated.
        const apartMs = 100 + apart * (roundTrips.toleratedMs - 100);
        const pauses: [number, number][] = [];
        let atMs = 0;
        for (const { gap, isClose, length } of scene) {
          const startMs = atMs + gap * (isClose ? 1.5 * roundTrips.toleratedMs : windowMs);
          atMs = startMs + 1 + Math.sqrt(length) * (byPauses.toleratedMs - 1);
          pauses.push([startMs, atMs]);
        }
        const spans = pauses.map(([startMs, endMs]) => pauseOf(startMs, endMs));
        const lost = isLost(pauses, { windowMs, tripMs: trip * apartMs });
        const joined = joinedLengthsMs(spans, { apartMs });
        if (joined.every((oneMs) => oneMs <= byPauses.toleratedMs)) {
          kept += 1;
          expect(lost).toBe(false);
        } else if (lost) addedUp += 1;
      }),
      { seed: SEED, numRuns: 3000 },
    );
    expect(kept).toBeGreaterThan(300);
    // No single one of these pauses is longer than tolerated.
    expect(addedUp).toBeGreaterThan(100);
  });
});
