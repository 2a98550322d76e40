import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Judgement,
  judgeLook,
  judgementLimits,
  type JudgementLimits,
  type Look,
  type LookMemory,
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
      { beatMs: 980, isResting: true },
      { verdict: 'running', waitMs: 100, sleepsLong: true, mayConfirm: true },
    ],
    ['at rest, and an older one', { beatMs: 900 }, { beatMs: 960, isResting: true }, { waitMs: 87, sleepsLong: true }],
    ['at rest, and one too old', { beatMs: 900 }, { beatMs: 940, isResting: true }, { waitMs: 30, sleepsLong: false }],
    [
      'old after a long sleep: nothing yet',
      { sleepsLong: true, lookMs: 980 },
      { beatMs: 880 },
      { verdict: 'running', mayConfirm: false, waitMs: 10 },
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
  /** It says that it rests. */
  readonly isResting: boolean;
}

/** Runs both threads through a script; returns when the watchdog noticed a block. */
function noticedMs({ limits, beatMs, stops, blockedFromMs, isResting }: Script): number | undefined {
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
  for (let dueMs = 1, seen = 0; dueMs < endMs;) {
    const nowMs = wake(dueMs, 1);
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
      fc.boolean(),
      (limit, stopped, share, isResting) => {
        const script = {
          isResting,
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
      fc.boolean(),
      (limit, stopped, blockedFromMs, isResting) => {
        const beatMs = limit.blockMs / 3;
        const lastStopMs = stopped.reduce((at, { afterMs, forMs }) => at + afterMs + forMs, 0);
        const noticed = noticedMs({ limits: limit, beatMs, stops: stopped, blockedFromMs, isResting });
        const fromMs = Math.max(blockedFromMs, lastStopMs + 4);
        const looksMs = isResting ? Math.max(limit.intervalMs, limit.confirmMs * 2 + 1) : limit.confirmMs * 2 + 1;
        expect(noticed).toBeLessThanOrEqual(fromMs + limit.blockMs + looksMs);
        if (stopped.length === 0) expect(noticed).toBeGreaterThanOrEqual(blockedFromMs - beatMs + limit.blockMs);
      },
    ),
    { numRuns: 1000 },
  );
});
