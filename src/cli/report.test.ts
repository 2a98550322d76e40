import { expect, test } from 'vitest';
import { BOUNDED, CONTRADICTION, SILENCE } from './findings.fixture.ts';
import { buildReport, exitCodeOf } from './report.ts';

test('the fields of the schema, by their names', () => {
  const report = JSON.parse(JSON.stringify(buildReport(BOUNDED))) as Record<string, unknown>;
  expect(report).toMatchObject({
    schema: 'truechimer.doctor/1',
    version: '1.2.3',
    node: 'v20.20.2',
    platform: 'linux',
    arch: 'x64',
    startedAt: '2026-01-02T03:04:05.006Z',
    durationMs: 6021.5,
    ended: 'finished',
    demonstration: false,
    premises: { driftPpm: 50, falsetickersTolerated: 1, sourcesConfigured: 4, sourcesAnswering: 4, timeScale: 'utc' },
    steps: [],
    suspends: [],
    faults: [],
  });
  expect(report['offset']).toEqual({
    status: 'bounded',
    earliestMs: -0.412_345,
    latestMs: 1.234_567,
    estimateMs: 0.4,
    standardErrorMs: 0.05,
    confidence: { level: 0.95, lowMs: 0.302, highMs: 0.498 },
  });
  expect((report['sources'] as unknown[])[3]).toEqual({
    address: '203.0.113.9:123',
    verdict: 'falseticker',
    reason: 'it disagrees with the majority',
    exchanges: 4,
    attempts: 4,
    offset: { earliestMs: 249.5, latestMs: 252.25 },
    delayMs: 2.75,
    stratum: 2,
    server: '203.0.113.9:123',
  });
  expect(report['clocks']).toEqual({
    wall: { granularityMs: 1 },
    monotonic: { granularityMs: 0.000_25, countsSuspend: false },
    boot: { granularityMs: 10, countsSuspend: true },
    suspendedSinceBoot: { earliestMs: 0, latestMs: 7.5 },
  });
  expect(report['clusters']).toBeUndefined();
});

test('an unbounded report has a reason, clusters, and no number for the offset', () => {
  const report = buildReport(CONTRADICTION);
  expect(Object.keys(report.offset)).toEqual(['status', 'reason', 'detail']);
  expect(report.clusters).toEqual([
    { addresses: ['a:123'], earliestMs: -1, latestMs: 1 },
    { addresses: ['b:123'], earliestMs: 99, latestMs: 101 },
  ]);
});

test('a source that was not measured in time was not reached', () => {
  const status = {
    ...SILENCE.status,
    sources: [{ name: 'a:123', verdict: 'unmeasured', exchanges: 0, attempts: 1, pollMs: 1 } as const],
  };
  expect(buildReport({ ...SILENCE, status }).sources).toEqual([
    {
      address: 'a:123',
      verdict: 'unreachable',
      reason: 'it had not answered when measuring ended',
      exchanges: 0,
      attempts: 1,
    },
  ]);
});

test('what is not finite is left out', () => {
  const [first] = BOUNDED.status.sources;
  const odd = { ...first!, offset: { earliest: -Infinity, latest: 1 }, delayMs: Infinity };
  const [source] = buildReport({ ...BOUNDED, status: { ...BOUNDED.status, sources: [odd] } }).sources;
  expect(source).not.toHaveProperty('offset');
  expect(source).not.toHaveProperty('delayMs');
});

test('steps are reported with their size and when they were noticed', () => {
  const steps = [{ elapsedMs: 12, size: { earliest: -501, latest: -499 } }];
  expect(buildReport({ ...BOUNDED, steps }).steps).toEqual([{ elapsedMs: 12, earliestMs: -501, latestMs: -499 }]);
});

test('the exit code', () => {
  expect(exitCodeOf(buildReport(BOUNDED))).toBe(0);
  expect(exitCodeOf(buildReport(SILENCE))).toBe(1);
});
