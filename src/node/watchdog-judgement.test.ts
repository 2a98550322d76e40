import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Judgement,
  judgeLook,
  judgementLimits,
  type JudgementLimits,
  type Look,
  type LookMemory,
  noticeMs,
} from './watchdog-judgement.ts';

const LIMITS: JudgementLimits = judgementLimits({ blockMs: 100, intervalMs: 50 });

const FIRST: LookMemory = {
  lookMs: 0,
  beatMs: 0,
  freshMs: 0,
  haltedMs: 0,
  isBlocked: false,
  sleepsLong: false,
  mayConfirm: true,
};

/** A look that was on time, and the one before it 10 ms ago, unless said otherwise. */
function judge(memory: Partial<LookMemory>, look: Partial<Look>): Judgement {
  const nowMs = look.nowMs ?? 1000;
  const before = { ...FIRST, lookMs: nowMs - 10, beatMs: look.beatMs ?? 0, ...memory };
  return judgeLook(before, { nowMs, dueMs: nowMs, beatMs: 0, isResting: false, ...look }, LIMITS);
}

describe('blocked or stopped', () => {
  test.each<[string, Partial<LookMemory>, Partial<Look>, Partial<Judgement>]>([
    ['no beat yet', {}, {}, { verdict: 'unwatched', sinceMs: 0, waitMs: 50 }],
    ['a fresh beat', {}, { beatMs: 980 }, { verdict: 'running', sinceMs: 20, waitMs: 50 }],
    ['an ageing beat: looks again shortly before the limit', {}, { beatMs: 940 }, { verdict: 'running', waitMs: 30 }],
    ['just below the limit', {}, { beatMs: 900.5 }, { verdict: 'running', waitMs: 10 }],
    ['at the limit', {}, { beatMs: 900 }, { verdict: 'blocked', sinceMs: 100, isStuck: true, waitMs: 50 }],
    [
      'at the limit, unconfirmed: the last look was long ago',
      { lookMs: 950 },
      { beatMs: 900 },
      { verdict: 'running', waitMs: 10 },
    ],
    ['at the limit, unconfirmed: late', {}, { beatMs: 900, dueMs: 989 }, { verdict: 'running', waitMs: 10 }],
    [
      'old, but the watchdog was silent itself',
      {},
      { beatMs: 100, dueMs: 150 },
      { verdict: 'halted', sinceMs: 50, isStuck: false },
    ],
    [
      'old, but the watchdog was silent a moment ago',
      { freshMs: 920, haltedMs: 800 },
      { beatMs: 100 },
      { verdict: 'running', sinceMs: 100 },
    ],
    [
      'old, and the watchdog has run for long enough',
      { freshMs: 900, haltedMs: 800 },
      { beatMs: 50 },
      { verdict: 'blocked', sinceMs: 150 },
    ],
    ['late by more than half of the limit', {}, { beatMs: 940, dueMs: 949 }, { verdict: 'halted', freshMs: 1000 }],
    [
      'a block goes on',
      { isBlocked: true, lookMs: 950 },
      { beatMs: 300 },
      { verdict: 'blocked', sinceMs: 700, isStuck: true, waitMs: 50 },
    ],
    ['at rest: sleeps for as long as a block is told in time', {}, { beatMs: 990, isResting: true }, { waitMs: 50 }],
    [
      'at rest, with a new beat',
      { beatMs: 900 },
      { beatMs: 996, isResting: true },
      { verdict: 'running', waitMs: 100, sleepsLong: true, mayConfirm: true },
    ],
    ['at rest, and an older one', { beatMs: 900 }, { beatMs: 980, isResting: true }, { waitMs: 85, sleepsLong: true }],
    [
      'at rest, and one too old: shortly after the next',
      { beatMs: 900 },
      { beatMs: 965, isResting: true },
      { waitMs: 20, sleepsLong: false },
    ],
    [
      'at rest, and one still older',
      { beatMs: 900 },
      { beatMs: 940, isResting: true },
      { waitMs: 10, sleepsLong: false },
    ],
    [
      'old after a long sleep: nothing yet',
      { sleepsLong: true, lookMs: 980 },
      { beatMs: 880 },
      { verdict: 'running', mayConfirm: false, waitMs: 5 },
    ],
    [
      'still old: nothing yet',
      { mayConfirm: false },
      { beatMs: 870 },
      { verdict: 'running', mayConfirm: true, waitMs: 10 },
    ],
    ['still old after that', {}, { beatMs: 860 }, { verdict: 'blocked' }],
    [
      'a block is over',
      { isBlocked: true, beatMs: 300, haltedMs: 9 },
      { beatMs: 999 },
      { verdict: 'running', sinceMs: 1, isBlocked: false },
    ],
    [
      'a beat, and again silent for long',
      { isBlocked: true, beatMs: 300 },
      { beatMs: 880 },
      { verdict: 'running', isBlocked: false },
    ],
    [
      'stopped in a block',
      { isBlocked: true },
      { beatMs: 300, dueMs: 400 },
      { verdict: 'halted', sinceMs: 100, isBlocked: true, isStuck: false },
    ],
    [
      'just after it',
      { isBlocked: true, freshMs: 990, haltedMs: 600 },
      { beatMs: 300 },
      { verdict: 'blocked', sinceMs: 100, isStuck: false },
    ],
    [
      'silent from before a beat on: only the part after it counts',
      { beatMs: 300 },
      { beatMs: 600, dueMs: 400 },
      { verdict: 'halted', haltedMs: 400, sinceMs: 0 },
    ],
  ])('%s', (_name, memory, look, expected) => {
    expect(judge(memory, look)).toMatchObject(expected);
  });
});

test('at rest it looks half as often, whatever the phase it began in', () => {
  for (let phase = 0; phase < 50; phase += 1) {
    const beat = (atMs: number): number => 50.1 * Math.floor((atMs - phase) / 50.1) + phase;
    let memory: LookMemory = { ...FIRST, lookMs: 1000, beatMs: beat(1000), freshMs: 0 };
    let looks = 0;
    for (let dueMs = 1050; dueMs < 31_050; looks += 1) {
      const nowMs = dueMs + 0.15;
      const judgement = judgeLook(memory, { nowMs, dueMs, beatMs: beat(nowMs), isResting: true }, LIMITS);
      expect(judgement.verdict).toBe('running');
      memory = judgement;
      dueMs = nowMs + judgement.waitMs;
    }
    expect(looks / 30).toBeLessThan(12);
  }
});

interface Script {
  readonly limits: JudgementLimits;
  readonly beatMs: number;
  /** The whole process is stopped: after how long, for how long, and how late each thread wakes. */
  readonly stops: readonly {
    readonly afterMs: number;
    readonly forMs: number;
    readonly lateMs: readonly [number, number];
  }[];
  /** The main thread is blocked from here on. */
  readonly blockedFromMs: number;
  /** Whether it says that it rests, look by look. */
  readonly resting: readonly boolean[];
  /** How late looks are, look by look. */
  readonly lateMs?: readonly number[];
}

/** Runs both threads through a script; returns when the watchdog noticed a block. */
function noticedMs({ limits, beatMs, stops, blockedFromMs, resting, lateMs = [] }: Script): number | undefined {
  let at = 0;
  const spans = stops.map(({ afterMs, forMs, lateMs }) => {
    const fromMs = at + afterMs;
    at = fromMs + forMs;
    return { fromMs, toMs: at, lateMs };
  });
  const wake = (dueMs: number, thread: 0 | 1): number => {
    const stop = spans.find(({ fromMs, toMs }) => dueMs >= fromMs && dueMs < toMs);
    return stop === undefined ? dueMs : stop.toMs + stop.lateMs[thread];
  };
  const endMs = Math.max(at, Number.isFinite(blockedFromMs) ? blockedFromMs : 0) + 20 * limits.blockMs;
  const beats: number[] = [];
  for (let beat = wake(1, 0); beat < Math.min(endMs, blockedFromMs); beat = wake(beat + beatMs, 0)) beats.push(beat);
  let memory: LookMemory = { ...FIRST, lookMs: 1, freshMs: 1 };
  for (let dueMs = 1, seen = 0, look = 0; dueMs < endMs; look += 1) {
    const nowMs = wake(dueMs, 1) + (lateMs[look % lateMs.length] ?? 0);
    const isResting = resting[look % resting.length] ?? false;
    while ((beats[seen] ?? Infinity) <= nowMs) seen += 1;
    const judgement = judgeLook(memory, { nowMs, dueMs, beatMs: beats[seen - 1] ?? 0, isResting }, limits);
    if (judgement.verdict === 'blocked') return nowMs;
    memory = judgement;
    dueMs = nowMs + judgement.waitMs;
  }
  return undefined;
}

const limits = fc
  .record({ intervalMs: fc.integer({ min: 5, max: 100 }), factor: fc.double({ min: 2, max: 20, noNaN: true }) })
  .map(({ intervalMs, factor }): JudgementLimits => {
    const blockMs = Math.max(30, intervalMs * factor);
    return judgementLimits({ blockMs, intervalMs });
  });
/** For good, or now and then. */
const restings: fc.Arbitrary<readonly boolean[]> = fc.oneof(
  fc.constantFrom([true], [false]),
  fc.array(fc.boolean(), { minLength: 1, maxLength: 9 }),
);
const late = fc.double({ min: 0, max: 4, noNaN: true });
const stops = fc.array(
  fc.record({
    afterMs: fc.double({ min: 1, max: 300, noNaN: true }),
    forMs: fc.double({ min: 0, max: 5000, noNaN: true }),
    lateMs: fc.tuple(late, late),
  }),
  { maxLength: 5 },
);

test('G26: a stopped process is never called blocked, however long and often it is stopped', () => {
  fc.assert(
    fc.property(
      limits,
      stops,
      fc.double({ min: 0.1, max: 1, noNaN: true }),
      restings,
      (limit, stopped, share, resting) => {
        const script = {
          resting,
          limits: limit,
          beatMs: 5 + share * (limit.blockMs - 20),
          stops: stopped,
          blockedFromMs: Infinity,
        };
        expect(noticedMs(script)).toBeUndefined();
      },
    ),
    { numRuns: 1000 },
  );
});

test('a block is noticed at its limit or little later, and after a stop no later than that again', () => {
  fc.assert(
    fc.property(
      limits,
      stops,
      fc.double({ min: 10, max: 3000, noNaN: true }),
      restings,
      (limit, stopped, blockedFromMs, resting) => {
        const beatMs = limit.blockMs / 3;
        const lastStopMs = stopped.reduce((at, { afterMs, forMs }) => at + afterMs + forMs, 0);
        const noticed = noticedMs({ limits: limit, beatMs, stops: stopped, blockedFromMs, resting });
        const fromMs = Math.max(blockedFromMs, lastStopMs + 4);
        const looksMs = resting.includes(true)
          ? Math.max(limit.intervalMs, limit.confirmMs * 2 + 1)
          : limit.confirmMs * 2 + 1;
        expect(noticed).toBeLessThanOrEqual(fromMs + limit.blockMs + looksMs);
        if (stopped.length === 0) expect(noticed).toBeGreaterThanOrEqual(blockedFromMs - beatMs + limit.blockMs);
      },
    ),
    { numRuns: 1000 },
  );
});

test('also where every look is late, by as much as one that confirms may be', () => {
  let rests = 0;
  const script = fc.record({
    limits: fc
      .integer({ min: 10, max: 200 })
      .chain((intervalMs) =>
        fc
          .integer({ min: 2 * intervalMs, max: 20 * intervalMs })
          .map((blockMs) => judgementLimits({ blockMs, intervalMs })),
      ),
    share: fc.double({ min: 0.05, max: 0.9, noNaN: true }),
    shares: fc.array(fc.double({ min: 0, max: 0.99, noNaN: true }), { minLength: 1, maxLength: 7 }),
    resting: restings,
    blockedFromMs: fc.double({ min: 10, max: 3000, noNaN: true }),
  });
  fc.assert(
    fc.property(script, ({ limits: limit, share, shares, resting, blockedFromMs }) => {
      const lateMs = shares.map((one) => one * limit.confirmMs);
      const beatMs = 1 + share * (limit.blockMs / 2);
      const noticed = noticedMs({ limits: limit, beatMs, stops: [], blockedFromMs, resting, lateMs });
      if (resting.includes(true)) rests += 1;
      expect(noticed).toBeLessThanOrEqual(blockedFromMs + noticeMs(limit) + 1e-6);
    }),
    { numRuns: 3000 },
  );
  expect(rests).toBeGreaterThan(1000);
});

test('a stop that is longer than the limit by as much as looks confirm one another is silence, also after a long sleep', () => {
  fc.assert(
    fc.property(limits, fc.double({ min: 0, max: 1, noNaN: true }), (limit, share) => {
      const { intervalMs, blockMs, confirmMs } = limit;
      const sleptMs = intervalMs * (1.5 + 0.5 * share);
      const stopMs = blockMs + confirmMs + 1;
      // It began with the sleep, or later in it: the least lateness that such a stop leaves.
      const before = { ...FIRST, lookMs: 1000, beatMs: 990, freshMs: 0, sleepsLong: true };
      const dueMs = 1000 + sleptMs;
      const look = { nowMs: Math.max(dueMs, 1000 + stopMs), dueMs, beatMs: 990, isResting: true };
      expect(judgeLook(before, look, limit).verdict).toBe('halted');
    }),
  );
});
