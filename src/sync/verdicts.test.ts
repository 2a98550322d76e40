import { describe, expect, it } from 'vitest';
import type { Premises } from '../core/index.ts';
import type { Agreement } from './agreement.ts';
import type { SourceTracker } from './source-tracker.ts';
import type { Exchange, MeasureOutcome } from './time-source.ts';
import { clustersAsOffsets, explainDisagreement, sourceStatus, verdictOf } from './verdicts.ts';

const exchange: Exchange = {
  sentMs: 100,
  serverReceived: { wholeMs: 0, fractionMs: 0 },
  serverSent: { wholeMs: 0, fractionMs: 0 },
  receivedMs: 110,
  sourceErrorMs: 0,
  server: '192.0.2.1',
  stratum: 3,
  leap: 'none',
};

interface Known {
  readonly lastOutcome?: MeasureOutcome;
  readonly unconfirmed?: boolean;
  readonly thetaAt?: SourceTracker['thetaAt'];
  readonly recent?: SourceTracker['recent'];
  readonly lastExchange?: Exchange;
}

function tracker(known: Known = {}): SourceTracker {
  const fixed = {
    source: { name: 'a' },
    unconfirmed: false,
    exchanges: 2,
    attempts: 3,
    pollMs: 16_000,
    recent: [],
    thetaAt: () => undefined,
  };
  return { ...fixed, ...known } as unknown as SourceTracker;
}

const none: Agreement = { agreed: false, reason: 'too-few-sources' };
const split: Agreement = {
  agreed: false,
  reason: 'no-agreement',
  clusters: [
    { interval: { earliest: 10, latest: 12 }, sources: ['a', 'b'] },
    { interval: { earliest: 90, latest: 95 }, sources: ['c'] },
  ],
};
const agreed = (truechimers: string[], falsetickers: string[]): Agreement => ({
  agreed: true,
  interval: { earliest: 0, latest: 1 },
  truechimers,
  falsetickers,
});

const premises: Premises = {
  driftPpm: 50,
  falsetickersTolerated: 1,
  sourcesConfigured: 4,
  sourcesAnswering: 2,
  timeScale: 'utc',
};

describe('verdictOf', () => {
  it.each<[string, Known, Agreement, unknown]>([
    ['agrees', {}, agreed(['a'], []), { verdict: 'truechimer' }],
    ['disagrees', {}, agreed(['b'], ['a']), { verdict: 'falseticker', reason: 'it disagrees with the majority' }],
    ['was not asked', {}, none, { verdict: 'unmeasured' }],
    [
      'is silent',
      { lastOutcome: { outcome: 'timeout', detail: 'quiet' } },
      none,
      { verdict: 'unreachable', reason: 'quiet' },
    ],
    [
      'is gone',
      { lastOutcome: { outcome: 'unreachable', detail: 'gone' } },
      none,
      { verdict: 'unreachable', reason: 'gone' },
    ],
    [
      'is not synchronized',
      { lastOutcome: { outcome: 'rejected', reason: 'unsynchronized', detail: 'leap 3' } },
      none,
      { verdict: 'rejected', reason: 'unsynchronized: leap 3' },
    ],
    [
      'denies',
      { lastOutcome: { outcome: 'denied', detail: 'DENY' } },
      none,
      { verdict: 'rejected', reason: 'denied: DENY' },
    ],
    [
      'asks for less',
      { lastOutcome: { outcome: 'rate-limited', detail: 'RATE' } },
      none,
      { verdict: 'rejected', reason: 'rate-limited: RATE' },
    ],
    [
      'contradicts itself',
      { lastOutcome: { outcome: 'measured', exchange }, unconfirmed: true },
      agreed(['b'], []),
      { verdict: 'rejected', reason: 'it contradicts what it said before, and is being measured again' },
    ],
    [
      'cannot be judged',
      { lastOutcome: { outcome: 'measured', exchange } },
      split,
      { verdict: 'rejected', reason: 'there is no agreement to judge it by' },
    ],
    [
      'is silent now and proved enough before',
      { lastOutcome: { outcome: 'timeout', detail: '' } },
      agreed(['a'], []),
      { verdict: 'truechimer' },
    ],
  ])('of a source that %s', (_, known, agreement, verdict) => {
    expect(verdictOf(tracker(known), agreement)).toEqual(verdict);
  });
});

describe('explainDisagreement', () => {
  it('says who stands against whom, or how many are missing', () => {
    expect(explainDisagreement(split, { ...premises, sourcesAnswering: 3 })).toBe(
      'no majority of the 3 sources that answered agrees: a + b against c',
    );
    expect(explainDisagreement(none, { ...premises, sourcesAnswering: 0 })).toBe(
      'no source gave an answer that can be used, of 4 configured',
    );
    expect(explainDisagreement(none, { ...premises, sourcesAnswering: 1 })).toBe(
      '1 of 4 sources answered, and 1 may be lying: more answers are needed',
    );
  });
});

describe('clustersAsOffsets', () => {
  it('gives the groups as true minus wall, and nothing where there are none', () => {
    expect(clustersAsOffsets(split, 1000, { earliest: 998, latest: 999 })).toEqual([
      { sources: ['a', 'b'], interval: { earliest: 11, latest: 14 } },
      { sources: ['c'], interval: { earliest: 91, latest: 97 } },
    ]);
    expect(clustersAsOffsets(none, 1000, { earliest: 998, latest: 999 })).toBeUndefined();
    expect(clustersAsOffsets(agreed(['a'], []), 1000, { earliest: 998, latest: 999 })).toBeUndefined();
  });
});

describe('sourceStatus', () => {
  const input = {
    verdict: { verdict: 'truechimer' },
    nowMs: 200,
    baseMs: 1000,
    wallRelation: { earliest: 998, latest: 999 },
  } as const;

  it('leaves out what is not known', () => {
    expect(sourceStatus(tracker(), { ...input, verdict: { verdict: 'unmeasured' } })).toEqual({
      name: 'a',
      verdict: 'unmeasured',
      exchanges: 2,
      attempts: 3,
      pollMs: 16_000,
    });
  });

  it('tells the offset, the least delay, and who answered how long ago', () => {
    const recent = [5, 3, 4].map((delayMs) => ({ thetaMs: 0, delayMs, sourceErrorMs: 0, atMs: 0 }));
    const known = { thetaAt: () => ({ earliest: 10, latest: 12 }), recent, lastExchange: exchange };
    expect(sourceStatus(tracker(known), input)).toEqual({
      name: 'a',
      verdict: 'truechimer',
      exchanges: 2,
      attempts: 3,
      pollMs: 16_000,
      offset: { earliest: 11, latest: 14 },
      delayMs: 3,
      server: '192.0.2.1',
      stratum: 3,
      ageMs: 90,
    });
  });
});
