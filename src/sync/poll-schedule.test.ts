import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Interval } from '../core/index.ts';
import { NTP_POLL_MS_MAX } from './ntp-pace.ts';
import { FAILURE_POLL_MS_MAX, PollSchedule } from './poll-schedule.ts';
import type { MeasureOutcome, Pace } from './time-source.ts';

const pace: Pace = { burstCount: 4, burstSpacingMs: 2000, pollMinMs: 16_000, pollMaxMs: 1_024_000 };

const measured: MeasureOutcome = {
  outcome: 'measured',
  exchange: {
    sentMs: 0,
    serverReceived: { wholeMs: 0, fractionMs: 0 },
    serverSent: { wholeMs: 0, fractionMs: 0 },
    receivedMs: 0,
    sourceErrorMs: 0,
    server: 'a',
    stratum: 1,
    leap: 'none',
  },
};
const timeout: MeasureOutcome = { outcome: 'timeout', detail: '' };
const rateLimited: MeasureOutcome = { outcome: 'rate-limited', detail: '' };
const denied: MeasureOutcome = { outcome: 'denied', detail: '' };

/** At 50 ppm and 16 s drift adds 1.6 ms between polls. */
const wide: Interval = { earliest: 0, latest: 1000 };
const narrow: Interval = { earliest: 0, latest: 0.001 };

interface Step {
  readonly outcome: MeasureOutcome;
  readonly theta: Interval | undefined;
  /** How many times somebody hurries before the next question. */
  readonly hurries: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  outcome: fc.oneof(
    { weight: 8, arbitrary: fc.constant(measured) },
    { weight: 4, arbitrary: fc.constant(timeout) },
    { weight: 1, arbitrary: fc.constant(rateLimited) },
  ),
  theta: fc.constantFrom(undefined, wide, narrow, { earliest: 0, latest: 8 }),
  hurries: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3 })),
});

interface Scenario {
  readonly pace: Pace;
  readonly steps: readonly Step[];
  readonly randoms: readonly number[];
}

const scenario: fc.Arbitrary<Scenario> = fc.record({
  pace: fc.record({
    burstCount: fc.integer({ min: 1, max: 8 }),
    burstSpacingMs: fc.integer({ min: 1, max: 2000 }),
    pollMinMs: fc.integer({ min: 2000, max: 64_000 }),
    pollMaxMs: fc.integer({ min: 64_000, max: 1_024_000 }),
  }),
  steps: fc.array(step, { minLength: 1, maxLength: 120, size: 'max' }),
  randoms: fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 5, maxLength: 5 }),
});

type Make = (pace: () => Pace, random: () => number) => PollSchedule;
const make: Make = (ownPace, random) => new PollSchedule(ownPace, random);

/** Asks as soon as the schedule permits, and gives the moments at which it asked. */
function asks(plan: Scenario, construct: Make): readonly number[] {
  let draws = 0;
  const schedule = construct(
    () => plan.pace,
    () => plan.randoms[draws++ % plan.randoms.length]!,
  );
  const times: number[] = [];
  let nowMs = 1000;
  for (const { outcome, theta, hurries } of plan.steps) {
    nowMs = schedule.nextMs(nowMs)!;
    times.push(nowMs);
    schedule.asked(nowMs);
    schedule.learn(outcome, theta, 50);
    for (let hurry = 0; hurry < hurries; hurry += 1) schedule.hurry(nowMs);
  }
  return times;
}

/** The bursts a source may meet in a window: three that follow closely, and one more every eight shortest intervals. */
function asksAllowed(plan: Scenario, windowMs: number): number {
  const { burstCount, pollMinMs } = plan.pace;
  const bursts = 3 + Math.ceil(windowMs / (8 * pollMinMs));
  return bursts * burstCount + Math.floor(windowMs / pollMinMs) + 1;
}

function neverTooFast(construct: Make): fc.IProperty<[Scenario]> {
  return fc.property(scenario, (plan) => {
    const times = asks(plan, construct);
    const least = Math.min(plan.pace.burstSpacingMs, plan.pace.pollMinMs);
    for (const [index, time] of times.entries()) {
      if (index > 0 && time - times[index - 1]! < least - 1e-6) return false;
      for (const windows of [1, 4, 20]) {
        const windowMs = windows * plan.pace.pollMinMs;
        const seen = times.filter((other) => other >= time && other < time + windowMs).length;
        if (seen > asksAllowed(plan, windowMs)) return false;
      }
    }
    return true;
  });
}

/** Starts a new burst whenever somebody hurries. */
class Hasty extends PollSchedule {
  readonly #remake: () => PollSchedule;
  #inner: PollSchedule;
  #lastMs = -Infinity;

  constructor(ownPace: () => Pace, random: () => number) {
    super(ownPace, random);
    this.#remake = () => new PollSchedule(ownPace, random);
    this.#inner = this.#remake();
  }

  override hurry(): void {
    this.#inner = this.#remake();
    this.#inner.asked(this.#lastMs);
  }

  override asked(monotonicMs: number): void {
    this.#lastMs = monotonicMs;
    this.#inner.asked(monotonicMs);
  }

  override learn(...given: Parameters<PollSchedule['learn']>): void {
    this.#inner.learn(...given);
  }

  override nextMs(nowMs: number): number | undefined {
    return this.#inner.nextMs(nowMs);
  }
}

describe('PollSchedule: G11: never faster than the source permits', () => {
  it('over long random histories with storms of hurry: spacing and bursts are bounded', () => {
    fc.assert(neverTooFast(make), { numRuns: 600 });
  });

  it('the law catches one that bursts whenever it is told to hurry', () => {
    expect(
      fc.check(
        neverTooFast((ownPace, random) => new Hasty(ownPace, random)),
        { numRuns: 600 },
      ).failed,
    ).toBe(true);
  });

  it('makes three bursts in a row at the most, the one at the start included', () => {
    const schedule = make(
      () => pace,
      () => 0,
    );
    let nowMs = 5;
    const gaps: number[] = [];
    for (let ask = 0; ask < 24; ask += 1) {
      const nextMs = schedule.nextMs(nowMs)!;
      gaps.push(nextMs - nowMs);
      nowMs = nextMs;
      schedule.asked(nowMs);
      schedule.learn(measured, undefined, 50);
      schedule.hurry(nowMs);
    }
    const inBursts = gaps.filter((gap) => gap === 2000).length;
    expect(gaps.slice(0, 12).filter((gap) => gap === 2000)).toHaveLength(11);
    expect(gaps.slice(12, 18)).toEqual([16_000, 16_000, 16_000, 16_000, 16_000, 16_000]);
    expect(inBursts).toBeLessThan(16);
  });

  it('a storm of hurries with no time between them costs one burst', () => {
    const schedule = make(
      () => pace,
      () => 0,
    );
    for (let hurry = 0; hurry < 1000; hurry += 1) schedule.hurry(0);
    let nowMs = 0;
    for (let ask = 0; ask < 5; ask += 1) {
      nowMs = schedule.nextMs(nowMs)!;
      schedule.asked(nowMs);
      schedule.learn(measured, undefined, 50);
    }
    expect(nowMs).toBe(3 * 2000 + 16_000);
  });
});

describe('PollSchedule: the start', () => {
  it('asks at once, then in a burst, then every shortest interval', () => {
    const schedule = make(
      () => pace,
      () => 0,
    );
    const times = asks(
      { pace, steps: Array<Step>(7).fill({ outcome: measured, theta: undefined, hurries: 0 }), randoms: [0] },
      make,
    );
    expect(schedule.nextMs(123)).toBe(123);
    expect(times.map((time) => time - 1000)).toEqual([0, 2000, 4000, 6000, 22_000, 38_000, 54_000]);
  });

  it('reads the pace before each decision', () => {
    let current = pace;
    const schedule = make(
      () => current,
      () => 0,
    );
    schedule.asked(0);
    expect(schedule.nextMs(0)).toBe(2000);
    current = { ...pace, burstSpacingMs: 100 };
    expect(schedule.nextMs(0)).toBe(100);
  });

  it('spreads what follows the burst later only, by at most a tenth', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (random) => {
        const schedule = settled(() => random);
        const gapMs = schedule.nextMs(0)! - 0;
        expect(gapMs).toBeGreaterThanOrEqual(16_000);
        expect(gapMs).toBeLessThanOrEqual(16_000 * 1.1);
      }),
    );
  });
});

/** A schedule whose burst is over, last asked at 0. */
function settled(random: () => number = () => 0): PollSchedule {
  const schedule = make(() => pace, random);
  for (let ask = 0; ask < 4; ask += 1) {
    schedule.asked(0);
    schedule.learn(measured, undefined, 50);
  }
  return schedule;
}

describe('PollSchedule: adapting', () => {
  it('doubles while drift adds less than an eighth of the width, up to the longest interval', () => {
    const schedule = settled();
    const polls = Array.from({ length: 8 }, () => {
      schedule.learn(measured, wide, 50);
      return schedule.pollMs;
    });
    expect(polls).toEqual([32_000, 64_000, 128_000, 256_000, 512_000, 1_024_000, 1_024_000, 1_024_000]);
  });

  it('halves while drift adds more than half of it, down to the shortest', () => {
    const schedule = settled();
    for (let more = 0; more < 3; more += 1) schedule.learn(measured, wide, 50);
    const polls = Array.from({ length: 4 }, () => {
      schedule.learn(measured, narrow, 50);
      return schedule.pollMs;
    });
    expect(polls).toEqual([64_000, 32_000, 16_000, 16_000]);
  });

  it('stays where it is in between, and during a burst', () => {
    const schedule = settled();
    schedule.learn(measured, { earliest: 0, latest: 5 }, 50);
    expect(schedule.pollMs).toBe(16_000);
    const fresh = make(
      () => pace,
      () => 0,
    );
    fresh.asked(0);
    fresh.learn(measured, wide, 50);
    expect(fresh.pollMs).toBe(16_000);
  });

  it('returns to the shortest interval when it must hurry', () => {
    const schedule = settled();
    schedule.learn(measured, wide, 50);
    schedule.hurry(0);
    expect(schedule.pollMs).toBe(16_000);
  });
});

describe('PollSchedule: what goes wrong', () => {
  it('backs off after failures up to a minute, and recovers with the first success', () => {
    const schedule = settled();
    const gaps = Array.from({ length: 5 }, () => {
      schedule.learn(timeout, undefined, 50);
      return schedule.nextMs(0);
    });
    expect(gaps).toEqual([16_000, 32_000, FAILURE_POLL_MS_MAX, FAILURE_POLL_MS_MAX, FAILURE_POLL_MS_MAX]);
    schedule.learn(measured, undefined, 50);
    expect(schedule.nextMs(0)).toBe(16_000);
  });

  it('backs off although the shortest interval is longer than a minute', () => {
    const slow = { ...pace, burstCount: 1, pollMinMs: 100_000 };
    const schedule = make(
      () => slow,
      () => 0,
    );
    schedule.asked(0);
    for (let failure = 0; failure < 40; failure += 1) schedule.learn(timeout, undefined, 50);
    expect(schedule.nextMs(0)).toBe(100_000);
  });

  it('asks half as often after each RATE, for ever, and ends the burst', () => {
    const schedule = make(
      () => pace,
      () => 0,
    );
    schedule.asked(0);
    schedule.learn(rateLimited, undefined, 50);
    expect(schedule.nextMs(0)).toBe(32_000);
    schedule.learn(rateLimited, undefined, 50);
    expect(schedule.nextMs(0)).toBe(64_000);
    schedule.learn(measured, narrow, 50);
    schedule.learn(timeout, undefined, 50);
    expect(schedule.nextMs(0)).toBe(64_000);
    schedule.hurry(0);
    expect(schedule.nextMs(0)).toBe(64_000);
  });

  it.each([1, 16_000, 1_024_000])('doubles the gap after each RATE beyond a longest interval of %i ms', (pollMaxMs) => {
    const tight: Pace = { burstCount: 1, burstSpacingMs: 1, pollMinMs: Math.min(pollMaxMs, 16_000), pollMaxMs };
    const schedule = make(
      () => tight,
      () => 0,
    );
    let expectedMs = tight.pollMinMs;
    let nowMs = 0;
    for (let ask = 0; ask < 40; ask += 1) {
      schedule.asked(nowMs);
      schedule.learn(rateLimited, undefined, 50);
      expectedMs = Math.min(2 * expectedMs, NTP_POLL_MS_MAX);
      expect(schedule.nextMs(nowMs)! - nowMs).toBe(expectedMs);
      nowMs += expectedMs;
    }
    schedule.learn(measured, narrow, 50);
    schedule.learn(measured, wide, 50);
    expect(schedule.pollMs).toBe(NTP_POLL_MS_MAX);
  });

  it('is not asked more often because of a RATE, however long its longest interval is', () => {
    const slow: Pace = { ...pace, burstCount: 1, pollMinMs: 3 * NTP_POLL_MS_MAX, pollMaxMs: 4 * NTP_POLL_MS_MAX };
    const schedule = make(
      () => slow,
      () => 0,
    );
    schedule.asked(0);
    schedule.learn(rateLimited, undefined, 50);
    expect(schedule.nextMs(0)).toBe(3 * NTP_POLL_MS_MAX);
  });

  it('never asks again after DENY, whatever happens', () => {
    const schedule = settled();
    schedule.learn(denied, undefined, 50);
    schedule.hurry(1e9);
    schedule.learn(measured, wide, 50);
    expect(schedule.denied).toBe(true);
    expect(schedule.nextMs(1e10)).toBeUndefined();
  });
});
