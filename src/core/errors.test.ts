import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { CLOCK_ERROR_CODES, ClockError, ClockTypeError, isClockError, type CodedError } from './errors.ts';
import { MonotonicInstant, WallInstant } from './instant.ts';
import { interval, widenInterval } from './interval.ts';
import { requireDurationMs, requireEpochMs, requireInteger, requireNumber } from './quantity.ts';
import { requireDriftPpm } from './rate.ts';

const CLOCK = Symbol('test clock');
const mono = MonotonicInstant.fromReading(CLOCK, 1);
const other = MonotonicInstant.fromReading(Symbol('other clock'), 1);
const wall = WallInstant.fromEpochMilliseconds(1_790_000_000_000);
const range = { what: 'a count', min: 1, max: 9 };

/** Every throw of core that needs no clock port; those of deadline.ts are in deadline.test.ts. */
const THROWS: readonly [string, () => unknown][] = [
  ['a duration that is no number', () => requireDurationMs('test.run', NaN)],
  ['a duration that is an object', () => requireDurationMs('test.run', {} as never)],
  ['an epoch as a duration', () => requireDurationMs('test.run', 1.79e12)],
  ['a negative duration', () => requireDurationMs('test.run', -1)],
  ['a duration as an epoch', () => requireEpochMs('test.run', 5)],
  ['an epoch out of range', () => requireEpochMs('test.run', 9e15)],
  ['a number out of range', () => requireNumber('test.run', 0, range)],
  ['a fraction', () => requireInteger('test.run', 1.5, range)],
  ['a drift bound out of range', () => requireDriftPpm('test.run', -1)],
  ['an interval of NaN', () => interval(NaN, 1)],
  ['an inverted interval', () => interval(2, 1)],
  ['a negative widening', () => widenInterval(interval(0, 1), { earlierByMs: -1, laterByMs: 0 })],
  ['instants of two clocks', () => mono.since(other)],
  ['a wall instant as a monotonic one', () => mono.compare(wall as never)],
  ['a monotonic instant as a wall one', () => wall.compare(mono as never)],
  ['null as an instant', () => mono.since(null as never)],
  ['arithmetic on a monotonic instant', () => Number(mono)],
  ['arithmetic on a wall instant', () => Number(wall)],
  ['a monotonic instant in JSON', () => JSON.stringify(mono)],
];

function caught(run: () => unknown): CodedError {
  try {
    run();
  } catch (error) {
    if (isClockError(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('every message', () => {
  it.each(THROWS)('says operation, requirement, value and remedy: %s', (_name, run) => {
    const error = caught(run);
    expect(error.message).toMatch(/^[A-Za-z]+(\.[A-Za-z]+)?: \S.*\S\. [A-Z].*\S\. \[TC_[A-Z_]+\]$/);
    expect(error.message.endsWith(`[${error.code}]`)).toBe(true);
    expect(error.message).not.toMatch(/ {2}| [.,]|\[object/);
    // An instant used as a number or sent away has no value to show; showing its reading would be the leak.
    if (!error.code.startsWith('TC_INSTANT_')) expect(error.message).toMatch(/, got \S/);
    expect(CLOCK_ERROR_CODES).toContain(error.code);
  });

  it('carries its numbers as data too', () => {
    expect(caught(() => requireDurationMs('test.run', -1)).details).toEqual({ value: -1, min: 0, max: 1e11 });
    expect(caught(() => interval(2, 1)).details).toEqual({ earliestMs: 2, latestMs: 1 });
    expect(caught(() => mono.since(other)).details).toEqual({ expected: 'test clock', got: 'other clock' });
  });
});

describe('the codes', () => {
  it('are unique and stable in form', () => {
    expect(new Set(CLOCK_ERROR_CODES).size).toBe(CLOCK_ERROR_CODES.length);
    for (const code of CLOCK_ERROR_CODES) expect(code).toMatch(/^TC_[A-Z]+(_[A-Z]+)*$/);
  });

  it('each have their section in docs/errors.md, and no other does', () => {
    const text = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
    const sections = [...text.matchAll(/^## (TC_\w+)$/gm)].map((match) => match[1]);
    expect(sections).toEqual([...CLOCK_ERROR_CODES]);
  });
});

describe('ClockError and ClockTypeError', () => {
  it('are an Error and a TypeError', () => {
    expect(new ClockError('TC_STOPPED', 'a: b. C.')).toBeInstanceOf(Error);
    expect(new ClockTypeError('TC_CLOCK_MISMATCH', 'a: b. C.')).toBeInstanceOf(TypeError);
    expect(new ClockError('TC_STOPPED', 'a: b. C.').name).toBe('ClockError');
    expect(new ClockTypeError('TC_CLOCK_MISMATCH', 'a: b. C.').name).toBe('ClockTypeError');
  });

  it('carry a cause when there is one, and none otherwise', () => {
    const cause = new Error('socket');
    expect(new ClockError('TC_STOPPED', 'a: b. C.', {}, { cause }).cause).toBe(cause);
    expect('cause' in new ClockError('TC_STOPPED', 'a: b. C.')).toBe(false);
  });

  it('can have the name that handlers of timeouts look for', () => {
    const error = new ClockError('TC_TIMED_OUT', 'a: b. C.', {}, { name: 'TimeoutError' });
    expect(error.name).toBe('TimeoutError');
    expect(isClockError(error)).toBe(true);
  });

  it('print their name, message and code', () => {
    const text = inspect(new ClockError('TC_STOPPED', 'clock.now: requires a running clock. Start it.'));
    expect(text).toContain('ClockError: clock.now: requires a running clock. Start it. [TC_STOPPED]');
    expect(text).toContain("code: 'TC_STOPPED'");
  });
});

describe('isClockError', () => {
  it('knows both classes, and nothing else', () => {
    expect(isClockError(new ClockError('TC_STOPPED', 'a: b. C.'))).toBe(true);
    expect(isClockError(new ClockTypeError('TC_CLOCK_MISMATCH', 'a: b. C.'))).toBe(true);
    const strangers = [new Error('x'), { code: 'TC_STOPPED' }, null, undefined, 'TC_STOPPED', 5, () => 5];
    for (const stranger of strangers) expect(isClockError(stranger)).toBe(false);
  });

  it('knows the errors of another copy of the module, where instanceof does not', async () => {
    vi.resetModules();
    const copy = await import('./errors.ts');
    expect(copy.ClockError).not.toBe(ClockError);
    const theirs = [
      new copy.ClockError('TC_STOPPED', 'a: b. C.'),
      new copy.ClockTypeError('TC_CLOCK_MISMATCH', 'a: b. C.'),
    ];
    for (const error of theirs) {
      expect(error).not.toBeInstanceOf(ClockError);
      expect(error).not.toBeInstanceOf(ClockTypeError);
      expect(isClockError(error)).toBe(true);
    }
    expect(copy.isClockError(new ClockError('TC_STOPPED', 'a: b. C.'))).toBe(true);
  });
});
