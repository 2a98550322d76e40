import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Findings } from './findings.ts';
import { BOUNDED, CONTRADICTION, SILENCE } from './findings.fixture.ts';
import { roundUpToTwoDigits } from './recommendation.ts';
import { buildReport } from './report.ts';

const recommend = (findings: Findings): ReturnType<typeof buildReport>['recommendation'] =>
  buildReport(findings).recommendation;

test('the limit is the farther bound, rounded up, and twice that between two machines', () => {
  expect(recommend(BOUNDED)).toMatchObject({ maxOffsetMs: 1.3, maxPairOffsetMs: 2.6, driftPpm: 50 });
});

test('an unbounded clock has no limit', () => {
  expect(recommend(SILENCE)).toMatchObject({ maxOffsetMs: null, maxPairOffsetMs: null, driftPpm: 50 });
});

test('rounding up: two digits, never below, never more than a tenth above', () => {
  expect(roundUpToTwoDigits(0)).toBe(0);
  expect(roundUpToTwoDigits(1)).toBe(1);
  expect(roundUpToTwoDigits(1.2)).toBe(1.2);
  expect(roundUpToTwoDigits(1.2000001)).toBe(1.3);
  expect(roundUpToTwoDigits(123)).toBe(130);
  fc.assert(
    fc.property(fc.double({ min: 1e-6, max: 1e13, noNaN: true }), (value) => {
      const rounded = roundUpToTwoDigits(value);
      expect(rounded).toBeGreaterThanOrEqual(value);
      expect(rounded).toBeLessThanOrEqual(value * 1.1 + Number.EPSILON);
      expect(`${Number(rounded.toPrecision(2))}`).toBe(`${rounded}`);
    }),
  );
});

test('a wall clock that is proved to move against the monotonic one adds to the drift', () => {
  const wallRate = { status: 'measured', earliestPpm: 499.2, latestPpm: 500.1, overMs: 1000 } as const;
  expect(recommend({ ...BOUNDED, wallRate }).driftPpm).toBe(551);
});

describe('the verdict in words', () => {
  const withPremises = (premises: object): Findings => ({
    ...BOUNDED,
    status: { ...BOUNDED.status, premises: { ...BOUNDED.status.premises, ...premises } },
  });

  test('names the liar and how far it is from the bound', () => {
    expect(recommend(BOUNDED).verdict).toContain(
      '203.0.113.9:123 disagrees with the majority by at least 248 ms and was outvoted',
    );
  });

  test('says what one server cannot do, and what two cannot', () => {
    expect(recommend(withPremises({ sourcesConfigured: 1, falsetickersTolerated: 0 })).verdict).toContain(
      'nobody can notice if it lies',
    );
    expect(recommend(withPremises({ sourcesConfigured: 2, falsetickersTolerated: 0 })).verdict).toContain(
      'no lie is outvoted',
    );
  });

  test('says when nobody answered, and when the servers contradict each other', () => {
    expect(recommend(SILENCE).verdict).toContain('No server answered: check the names');
    expect(recommend(CONTRADICTION).verdict).toContain('a:123 says -1.00 … +1.00 ms; b:123 says +99.0 … +101.0 ms.');
    expect(recommend(CONTRADICTION).verdict).toContain('Name four or more servers');
  });

  test('says that it is a demonstration, an interrupted run, a step, a suspend, a fault', () => {
    expect(recommend({ ...BOUNDED, demonstration: true }).verdict).toMatch(/^This is a demonstration/);
    expect(recommend({ ...BOUNDED, ended: 'interrupted' }).verdict).toContain('interrupted');
    const event = { elapsedMs: 1, size: { earliest: 5, latest: 6 } };
    expect(recommend({ ...BOUNDED, steps: [event] }).verdict).toContain('stepped while measuring');
    expect(recommend({ ...BOUNDED, suspends: [event] }).verdict).toContain('slept while measuring');
    expect(recommend({ ...BOUNDED, faults: [{ elapsedMs: 1, address: 'a:1', detail: '' }] }).verdict).toContain(
      'a:1 contradicted itself',
    );
  });

  test.each([
    'synchronizing',
    'too-few-sources',
    'no-agreement',
    'clock-discontinuity',
    'leap-second',
    'holdover-expired',
    'stopped',
  ] as const)('has advice for %s', (reason) => {
    const { verdict } = recommend({ ...SILENCE, offset: { status: 'unbounded', reason, detail: 'd' } });
    expect(verdict.split('. ').length).toBeGreaterThanOrEqual(2);
  });
});
