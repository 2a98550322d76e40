/** The judge, shown every kind of monitor that it must not let pass. */
import { describe, expect, test } from 'vitest';
import { type Injected, type Injection, INJECTIONS } from './injections.ts';
import { isDecided, judge, type Trial } from './judgement.ts';
import { matrixText, repeatedFailures, scoreOf } from './matrix.ts';
import type { ToldPause, ToldStep } from './protocol.ts';

function named(name: string): Injection {
  const found = INJECTIONS.find((injection) => injection.name === name);
  if (found === undefined) throw new Error(`no injection ${name}`);
  return found;
}

const STOP = named('SIGSTOP, long');
/** Stopped from 1000 to 1600. */
const STOPPED: Injected = { fromMs: 1000, toMs: 1600, causeMs: 600 };

function told(over: Partial<ToldPause> = {}): ToldPause {
  return { said: 'pause', cause: 'stopped', gapMs: 580, maxMs: 630, endMs: 1601, toldMs: 1602, why: {}, ...over };
}

function score(pauses: readonly ToldPause[], injected = STOPPED, injection = STOP): ReturnType<typeof scoreOf> {
  return scoreOf([{ injection, trials: [judge(injection, injected, { pauses, steps: [] })] }]);
}

describe('a pause', () => {
  test('named right', () => {
    expect(score([told()])).toMatchObject({ trials: 1, right: 1, wrong: [], missed: [], tooShort: [], diluted: [] });
  });

  test('named wrong, or left open', () => {
    expect(score([told({ cause: 'blocked' })])).toMatchObject({ right: 0, wrong: [{ reported: 'blocked' }] });
    expect(score([told({ cause: 'unknown' })])).toMatchObject({ right: 0, unknown: 1, wrong: [] });
  });

  test('not noticed: nothing was told, or only of another time', () => {
    for (const pauses of [[], [told({ endMs: 900 })], [told({ endMs: 3000 })]]) {
      expect(score(pauses)).toMatchObject({ right: 0, missed: [{ reported: 'none' }] });
    }
  });

  test('not noticed, but shorter than what must be: no trial', () => {
    const short = { fromMs: 1000, toMs: 1090, causeMs: 90 };
    expect(score([], short)).toMatchObject({ trials: 0, missed: [], diluted: [{ reported: 'none' }] });
  });

  test('said to be shorter than it was', () => {
    expect(score([told({ gapMs: 540 })]).tooShort).toHaveLength(1);
    expect(score([told({ maxMs: 590 })]).tooShort).toHaveLength(1);
    expect(score([told({ gapMs: 546, maxMs: 596 })]).tooShort).toEqual([]);
  });

  test('mostly of others on the machine: told apart, whatever it is called', () => {
    const late = told({ cause: 'starved', gapMs: 1200, endMs: 2200 });
    expect(score([late])).toMatchObject({ trials: 0, wrong: [], diluted: [{ reported: 'starved' }] });
  });

  test('the one that overlaps most is meant', () => {
    const before = told({ cause: 'starved', gapMs: 200, endMs: 1010 });
    expect(score([before, told()])).toMatchObject({ right: 1 });
  });
});

describe('nothing that pauses', () => {
  const quiet = (
    injection: string,
    pauses: readonly ToldPause[],
    steps: readonly ToldStep[],
    stepMs?: number,
  ): string =>
    judge(
      named(injection),
      { fromMs: NaN, toMs: NaN, causeMs: 0, ...(stepMs !== undefined && { stepMs }) },
      { pauses, steps },
    ).outcome;
  const step = (deltaMs: number): ToldStep => ({ said: 'step', deltaMs });

  test.each<[string, readonly ToldPause[], readonly ToldStep[], string]>([
    ['nothing told', [], [], 'right'],
    ['processors given to others', [told({ cause: 'starved' })], [], 'right'],
    ['something left open', [told({ cause: 'unknown' })], [], 'unknown'],
    ['a cause named', [told({ cause: 'starved' }), told({ cause: 'gc' })], [], 'wrong'],
    ['a step told', [], [step(100)], 'wrong'],
  ])('idle: %s', (_what, pauses, steps, outcome) => {
    expect(quiet('idle', pauses, steps)).toBe(outcome);
  });

  test.each<[string, readonly ToldPause[], readonly ToldStep[], string]>([
    ['told', [], [step(5003)], 'right'],
    ['not told', [], [], 'missed'],
    ['of another size', [], [step(4900)], 'wrong'],
    ['told twice', [], [step(5000), step(5000)], 'wrong'],
    ['called a pause as well', [told({ cause: 'suspend' })], [step(5000)], 'wrong'],
  ])('a step of the wall clock: %s', (_what, pauses, steps, outcome) => {
    expect(quiet('wall step', pauses, steps, 5000)).toBe(outcome);
  });
});

describe('a failure', () => {
  const trial = (pauses: readonly ToldPause[], injected = STOPPED): Trial =>
    judge(STOP, injected, { pauses, steps: [] });
  const right = trial([told()]);
  const diluted = trial([told({ cause: 'starved', gapMs: 1200, endMs: 2200 })]);
  const open = trial([told({ cause: 'unknown' })]);
  const failures = [trial([told({ cause: 'blocked' })]), trial([]), trial([told({ gapMs: 540 })])];

  test('must be made again where it is to be confirmed; what others diluted always must', () => {
    for (const confirms of [false, true]) {
      expect([right, open, diluted].map((one) => isDecided(one, { confirms }))).toEqual([true, true, false]);
    }
    expect(failures.map((one) => isDecided(one, {}))).toEqual([true, true, true]);
    expect(failures.map((one) => isDecided(one, { confirms: true }))).toEqual([false, false, false]);
  });

  test('repeats itself, or does not', () => {
    for (const failure of failures) {
      expect(repeatedFailures({ injection: STOP, trials: [failure, diluted, right] })).toEqual([]);
      expect(repeatedFailures({ injection: STOP, trials: [failure, diluted, failures[0]!] })).toHaveLength(2);
    }
    expect(repeatedFailures({ injection: STOP, trials: [diluted, open, open, right] })).toEqual([]);
  });

  test('is printed either way, and so is what showed nothing', () => {
    const text = matrixText([
      { injection: STOP, trials: [failures[1]!, right] },
      { injection: named('spin'), trials: [diluted] },
      { injection: named('starved'), trials: [], notInjected: ['no such policy', 'no such policy'] },
    ]);
    expect(text).toContain('"outcome":"missed"');
    expect(text).toContain('not shown: spin: others had too much of this machine');
    expect(text).toContain('not injected: starved: no such policy\n');
    expect(text).not.toContain('not shown: SIGSTOP');
  });
});

test('the matrix says what was skipped, and why', () => {
  const text = matrixText([
    { injection: STOP, trials: [judge(STOP, STOPPED, { pauses: [told({ cause: 'blocked' })], steps: [] })] },
    { injection: named('debugger'), trials: [], skipped: 'no C compiler' },
  ]);
  expect(text).toContain('skipped: debugger: no C compiler');
  expect(text).toContain('0 of 1 right (0.0 %), 0 unknown, 1 wrong names, 0 missed');
});
