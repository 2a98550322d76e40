/** What tests of the report start from: three honest servers and a liar. */
import type { Findings } from './findings.ts';

const PREMISES = {
  driftPpm: 50,
  falsetickersTolerated: 1,
  sourcesConfigured: 4,
  sourcesAnswering: 4,
  timeScale: 'utc',
} as const;

const source = (name: string, earliest: number, latest: number): Findings['status']['sources'][number] => ({
  name,
  verdict: 'truechimer',
  exchanges: 4,
  attempts: 4,
  pollMs: 16_000,
  offset: { earliest, latest },
  delayMs: latest - earliest,
  stratum: 2,
  server: name,
});

/** Bounded, with one server outvoted. */
export const BOUNDED: Findings = {
  version: '1.2.3',
  node: 'v20.20.2',
  platform: 'linux',
  arch: 'x64',
  startedAtMs: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
  durationMs: 6021.5,
  ended: 'finished',
  demonstration: false,
  offset: {
    status: 'bounded',
    earliestMs: -0.412_345,
    latestMs: 1.234_567,
    estimateMs: 0.4,
    standardErrorMs: 0.05,
    confidence: { level: 0.95, lowMs: 0.302, highMs: 0.498 },
    premises: PREMISES,
  },
  status: {
    state: 'synchronized',
    widthMs: 1.65,
    premises: PREMISES,
    sources: [
      source('ntp1.example.net:123', -0.412_345, 2.5),
      source('ntp2.example.net:123', -1.25, 1.234_567),
      source('[2001:db8::7]:123', -2, 3),
      {
        ...source('203.0.113.9:123', 249.5, 252.25),
        verdict: 'falseticker',
        reason: 'it disagrees with the majority',
      },
    ],
  },
  clocks: {
    wall: { granularityMs: 1 },
    monotonic: { granularityMs: 0.000_25, countsSuspend: false },
    boot: { granularityMs: 10, countsSuspend: true },
    suspendedSinceBootMs: { earliest: 0, latest: 7.5 },
  },
  wallRate: { status: 'measured', earliestPpm: -0.0312, latestPpm: 0.0298, overMs: 6012 },
  steps: [],
  suspends: [],
  faults: [],
};

/** No agreement between two servers. */
export const CONTRADICTION: Findings = {
  ...BOUNDED,
  offset: {
    status: 'unbounded',
    reason: 'no-agreement',
    detail: 'no majority of the 2 sources that answered agrees: a:123 against b:123',
  },
  status: {
    state: 'unbounded',
    reason: 'no-agreement',
    detail: 'no majority of the 2 sources that answered agrees: a:123 against b:123',
    premises: { ...PREMISES, falsetickersTolerated: 0, sourcesConfigured: 2, sourcesAnswering: 2 },
    clusters: [
      { interval: { earliest: -1, latest: 1 }, sources: ['a:123'] },
      { interval: { earliest: 99, latest: 101 }, sources: ['b:123'] },
    ],
    sources: [
      { ...source('a:123', -1, 1), verdict: 'rejected', reason: 'there is no agreement to judge it by' },
      { ...source('b:123', 99, 101), verdict: 'rejected', reason: 'there is no agreement to judge it by' },
    ],
  },
};

/** Nobody answered. */
export const SILENCE: Findings = {
  ...BOUNDED,
  offset: {
    status: 'unbounded',
    reason: 'too-few-sources',
    detail: 'none of the 1 sources gave an answer that can be used',
  },
  status: {
    state: 'unbounded',
    reason: 'too-few-sources',
    detail: 'none of the 1 sources gave an answer that can be used',
    premises: { ...PREMISES, falsetickersTolerated: 0, sourcesConfigured: 1, sourcesAnswering: 0 },
    sources: [
      {
        name: 'a:123',
        verdict: 'unreachable',
        reason: 'no reply from a:123 within 1000 ms',
        exchanges: 0,
        attempts: 3,
        pollMs: 16_000,
      },
    ],
  },
};
