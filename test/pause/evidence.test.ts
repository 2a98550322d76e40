/**
 * Real pauses, replayed through the classifier: what it names, what it leaves open, and that it names nothing wrong.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { classifyPause, PAUSE_SIGNALS, type PauseEvidence, type PauseSignal } from '../../src/pause/index.ts';
import { fromRoot, readProjectFile } from '../docs/project-files.ts';
import { SEED } from '../seed.ts';
import { readCorpus, readTrials } from './corpus.ts';
import { matrixRows, rowsOf, ruleRows, type Score, scoreOf } from './matrix.ts';

const trials = readTrials();
const DOCUMENT = 'docs/algorithms/pause-causes.md';

/** What every platform has. */
const PORTABLE: readonly PauseSignal[] = [
  'threadCpuMs',
  'processCpuMs',
  'eluActiveMs',
  'eluIdleMs',
  'gcMs',
  'gcCount',
  'helperGapMs',
  'continued',
  'wallJumpMs',
  'majorFaultCount',
  'voluntarySwitchCount',
  'involuntarySwitchCount',
  'eventLoopDelayMaxMs',
];

function accuracy({ right, trials: count }: Score): number {
  return right / count;
}

function without(evidence: PauseEvidence, signals: readonly string[]): PauseEvidence {
  return Object.fromEntries(
    Object.entries(evidence).filter(([name]) => !signals.includes(name)),
  ) as unknown as PauseEvidence;
}

describe('the corpus', () => {
  test('is all there', () => {
    expect(readCorpus()).toHaveLength(693);
    expect(trials).toHaveLength(640);
  });

  test.each([
    ['quiet', 0.99],
    ['noisy', 0.96],
    ['guest', 0.9],
  ] as const)('%s: no wrong name, and at least %d named', (group, least) => {
    const score = scoreOf(trials.filter((trial) => trial.group === group));
    expect(score.wrong).toEqual([]);
    expect(accuracy(score)).toBeGreaterThanOrEqual(least);
  });

  test('no version of Node or Linux stands out: bounds that fit one would miss another', () => {
    for (const node of new Set(trials.map((trial) => trial.node))) {
      for (const group of ['quiet', 'noisy', 'guest'] as const) {
        const cell = trials.filter((trial) => trial.node === node && trial.group === group);
        if (cell.length === 0) continue;
        const score = scoreOf(cell);
        expect(score.wrong).toEqual([]);
        expect(accuracy(score)).toBeGreaterThanOrEqual(group === 'quiet' ? 0.97 : 0.86);
      }
    }
  });
});

test('blocks on storage are told from others, but for what the pressure of the whole system hides', () => {
  const onStorage = (labels: readonly string[]): number =>
    trials.filter(({ label, evidence }) => labels.includes(label) && classifyPause(evidence).detail === 'io').length;
  expect(onStorage(['fsync'])).toBe(33);
  expect(onStorage(['await', 'exec'])).toBe(3);
});

describe('a signal that is missing', () => {
  test.each(PAUSE_SIGNALS)('%s: leaving it out makes no name wrong', (signal) => {
    expect(scoreOf(trials, (evidence) => without(evidence, [signal])).wrong).toEqual([]);
  });

  test('G22: leaving out any set of them makes no name wrong', () => {
    fc.assert(
      fc.property(fc.subarray([...PAUSE_SIGNALS]), (signals) => {
        expect(scoreOf(trials, (evidence) => without(evidence, signals)).wrong).toEqual([]);
      }),
      { seed: SEED, numRuns: 150 },
    );
  });

  test('null and NaN, as parsers give them, count as missing', () => {
    const blank = (value: unknown) => (evidence: PauseEvidence) =>
      ({ ...evidence, continued: value, waitMs: value }) as PauseEvidence;
    const missing = scoreOf(trials, (evidence) => without(evidence, ['continued', 'waitMs']));
    for (const value of [null, Number.NaN]) expect(scoreOf(trials, blank(value))).toEqual(missing);
  });

  test('the portable signals alone name what they can: more than a quarter of the corpus', () => {
    const others = PAUSE_SIGNALS.filter((signal) => !PORTABLE.includes(signal));
    const score = scoreOf(trials, (evidence) => without(evidence, others));
    expect(score.wrong).toEqual([]);
    expect(accuracy(score)).toBeGreaterThan(0.25);
  });
});

describe('readings that are off', () => {
  test.each([
    [0.05, 0.97],
    [0.1, 0.9],
    [0.2, 0.75],
  ] as const)('every number by up to %d: no wrong name, at least %d named', (amplitude, least) => {
    let right = 0;
    let count = 0;
    const factors = fc.array(fc.double({ min: 1 - amplitude, max: 1 + amplitude, noNaN: true }), {
      minLength: 97,
      maxLength: 97,
    });
    fc.assert(
      fc.property(factors, (factor) => {
        let turn = 0;
        const shaken = (value: unknown): unknown => {
          turn += 1;
          return typeof value === 'number' ? value * (factor[turn % factor.length] ?? 1) : value;
        };
        const score = scoreOf(trials, ({ intervalMs, ...rest }) => ({
          ...(Object.fromEntries(
            Object.entries(rest).map(([name, value]) => [name, shaken(value)]),
          ) as unknown as PauseEvidence),
          intervalMs,
        }));
        expect(score.wrong).toEqual([]);
        right += score.right;
        count += score.trials;
      }),
      { seed: SEED, numRuns: 20 },
    );
    expect(right / count).toBeGreaterThanOrEqual(least);
  });
});

describe('the documentation', () => {
  const rows = rowsOf(readProjectFile(DOCUMENT));

  test('lists every rule, in order', () => {
    const start = rows.indexOf(ruleRows()[0]!);
    expect(start, fromRoot(DOCUMENT)).toBeGreaterThan(0);
    expect(rows.slice(start, start + ruleRows().length)).toEqual(ruleRows());
  });

  test('shows the confusion matrix that this classifier has', () => {
    const expected = matrixRows(trials);
    const start = rows.indexOf(expected[0]!);
    expect([rows[start], ...rows.slice(start + 2, start + 1 + expected.length)]).toEqual(expected);
  });

  test('shows what each missing signal costs', () => {
    const counters = PAUSE_SIGNALS.filter((signal) => !PORTABLE.includes(signal));
    const absent: Readonly<Record<string, readonly PauseSignal[]>> = {
      'second thread (no watchdog)': ['helperGapMs'],
      SIGCONT: ['continued'],
      'scheduler counts': ['runMs', 'waitMs'],
      'quota counters': ['throttledMs', 'throttledCount'],
      'freeze counter': ['frozenMs'],
      collections: ['gcMs', 'gcCount'],
      'event-loop utilisation': ['eluActiveMs', 'eluIdleMs'],
      'process CPU': ['processCpuMs'],
      'thread CPU': ['threadCpuMs'],
      steal: ['stealMs'],
      'context switches of the system': ['systemSwitchCount'],
      'boot clock': ['bootJumpMs'],
      'wall clock': ['wallJumpMs'],
      pressure: ['psiCpuMs', 'psiMemoryMs', 'psiIoMs'],
      'all of /proc and control groups': counters,
    };
    for (const [name, signals] of Object.entries(absent)) {
      const score = scoreOf(trials, (evidence) => without(evidence, signals));
      expect(rows).toContain(`|${name}|${score.right}|${score.unknown}|${score.wrong.length}|`);
    }
  });

  test('shows the scores of this classifier', () => {
    for (const group of ['quiet', 'noisy', 'guest']) {
      const score = scoreOf(trials.filter((trial) => trial.group === group));
      const percent = (100 * accuracy(score)).toFixed(1);
      expect(rows).toContain(
        `|${group}|${score.trials}|${score.right}|${score.unknown}|${score.wrong.length}|${percent} %|`,
      );
    }
  });
});
