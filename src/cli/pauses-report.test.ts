import { describe, expect, test } from 'vitest';
import { PAUSES_LISTED_MAX, worstPauses } from './pauses-report.ts';
import { BUSY, DOUBTFUL, reportOf, RUN, SPUN, STARTED, STATE, STOPPED } from './pauses.fixture.ts';

test('the report has what was told, in the shape of the schema', () => {
  const report = reportOf(BUSY);
  expect(report).toMatchObject({
    schema: 'truechimer.pauses/1',
    version: '1.2.3',
    command: ['node', 'main.js'],
    startedAt: '2026-01-02T03:04:05.006Z',
    ended: { how: 'exit', code: 0 },
    process: { pid: 4711, node: 'v20.20.2', script: '/app/main.js' },
    settings: { intervalMs: 50, thresholdMs: 50, blockMs: 100 },
    observedMs: 10_000,
    complete: true,
    pausedMs: 1820,
    causes: [
      { cause: 'stopped', count: 1, totalMs: 1500, longestMs: 1500 },
      { cause: 'cpu', count: 1, totalMs: 200, longestMs: 200 },
      { cause: 'unknown', count: 1, totalMs: 120, longestMs: 120 },
    ],
    pauses: [SPUN, STOPPED, DOUBTFUL],
    pausesLeftOut: 0,
    steps: [{ atMs: 2000, deltaMs: -7000, maybeSuspend: false }],
    lateness: STATE.lateness,
    capabilities: STATE.capabilities,
    lease: { status: 'suggested', roundTripMs: 10, pauses: { longerCount: 1 }, falseLossProbabilityMax: 1 },
  });
  expect(report).not.toHaveProperty('silentAtEndMs');
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  expect(worstPauses(report, 2)).toEqual([STOPPED, SPUN]);
});

describe('a program that ended without a word', () => {
  const state = { ...STATE, isFinal: false };

  test('within half a second of the last: nothing more is known', () => {
    const report = reportOf(BUSY, { state, ended: { how: 'signal', signal: 'SIGKILL' }, endedHrtimeMs: 500_450 });
    expect(report).toMatchObject({ complete: false, observedMs: 10_000, lease: { status: 'suggested' } });
    expect(report).not.toHaveProperty('silentAtEndMs');
  });

  test('silence counts from the last beat, which comes more often than the state', () => {
    const beat = { elapsedMs: 10_900, hrtimeMs: 500_900 };
    const report = reportOf(BUSY, { state, beat, endedHrtimeMs: 501_600 });
    expect(report).toMatchObject({ observedMs: 10_900, silentAtEndMs: 700 });
    expect(reportOf(BUSY, { state, beat, endedHrtimeMs: 501_300 })).not.toHaveProperty('silentAtEndMs');
  });

  test('a long interval is no silence', () => {
    const options = { ...RUN.options, intervalMs: 2000 };
    expect(reportOf(BUSY, { state, options, endedHrtimeMs: 502_100 })).not.toHaveProperty('silentAtEndMs');
  });

  test('long after the last: it was paused when it ended', () => {
    expect(reportOf(BUSY, { state, endedHrtimeMs: 504_000 })).toMatchObject({
      complete: false,
      silentAtEndMs: 4000,
      lease: { status: 'unknown', reason: expect.stringContaining('never over') as string },
    });
  });

  test('time is observed up to the last pause at least', () => {
    expect(reportOf(BUSY, { state: { ...state, elapsedMs: 10 } }).observedMs).toBe(DOUBTFUL.endedMs);
  });
});

test('nothing was watched', () => {
  expect(reportOf([], { state: undefined })).toMatchObject({
    process: null,
    lateness: null,
    capabilities: null,
    observedMs: 0,
    pauses: [],
    lease: { status: 'unknown' },
  });
});

test('of more pauses than are listed the longest are, and all are counted', () => {
  const count = PAUSES_LISTED_MAX + 100;
  const pauses = Array.from({ length: count }, (_, index) => ({
    ...SPUN,
    seq: index + 1,
    gapMs: 100 + ((index * 7919) % count),
  }));
  const report = reportOf([STARTED, ...pauses.map((pause) => ({ type: 'pause', pause }) as const)]);
  expect(report.pauses).toHaveLength(PAUSES_LISTED_MAX);
  expect(report.pausesLeftOut).toBe(100);
  expect(Math.min(...report.pauses.map(({ gapMs }) => gapMs))).toBe(200);
  expect(report.pauses.map(({ seq }) => seq)).toEqual(report.pauses.map(({ seq }) => seq).sort((a, b) => a - b));
  expect(report.causes[0]).toMatchObject({ count });
});

test('the round trip counts in the suggestion', () => {
  const ttlFor = (roundTripMs: number): number => {
    const { lease } = reportOf(BUSY, { options: { ...RUN.options, roundTripMs } });
    return lease.status === 'suggested' ? lease.ttlMs : NaN;
  };
  expect(ttlFor(1000)).toBeGreaterThan(ttlFor(10));
});
