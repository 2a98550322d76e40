import { describe, expect, it } from 'vitest';
import { ScriptedPort } from '../../test/support/scripted-port.ts';
import { createClock } from './clock.ts';
import {
  nearestName,
  optionNames,
  requireListener,
  requireOptionalBoolean,
  requireOptionalFunction,
  requireOptions,
  requireSignal,
} from './options.ts';

const KNOWN = optionNames<{ waitMs?: number; driftPpm?: number; signal?: AbortSignal }>({
  waitMs: true,
  driftPpm: true,
  signal: true,
});

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toMatchObject({ code: 'TC_INVALID_ARGUMENT' });
    return (error as Error).message;
  }
  return 'passed';
}

const told = (given: unknown): string => messageOf(() => requireOptions('test.run', given, KNOWN));

describe('requireOptions', () => {
  it('passes undefined, an empty object, objects without a prototype, and known names', () => {
    const bare = Object.assign(Object.create(null) as object, { waitMs: 5 });
    for (const given of [undefined, {}, bare, { waitMs: 1, driftPpm: undefined }]) expect(told(given)).toBe('passed');
  });

  it.each([
    [{ waitMS: 5 }, 'waitMS. Did you mean waitMs?'],
    [{ WAITMS: 5 }, 'WAITMS. Did you mean waitMs?'],
    [{ wait: 5 }, 'wait. Did you mean waitMs?'],
    [{ driftPPM: undefined }, 'driftPPM. Did you mean driftPpm?'],
    [{ signla: 5 }, 'signla. Did you mean signal?'],
    [{ holdover: 5 }, 'holdover. The options are waitMs, driftPpm, signal.'],
    [{ 'two words': 5 }, '"two words". The options are waitMs, driftPpm, signal.'],
  ])('refuses %j', (given, rest) => {
    expect(told(given)).toBe(`test.run: unknown option ${rest} [TC_INVALID_ARGUMENT]`);
  });

  it.each([
    [5000, '5000'],
    ['5 s', 'string "5 s"'],
    [null, 'null'],
    [true, 'boolean true'],
    [['a'], 'an array of 1'],
    [() => 5, 'function'],
  ])('refuses %o, which is no object', (given, got) => {
    const hint = 'Pass an object with any of waitMs, driftPpm, signal.';
    expect(told(given)).toBe(`test.run: requires an object of options, got ${got}. ${hint} [TC_INVALID_ARGUMENT]`);
  });

  it('says how a signal is passed', () => {
    const controller = new AbortController();
    expect(told(controller.signal)).toContain('got an AbortSignal. Pass { signal }.');
    expect(told(controller)).toContain('got an AbortController. Pass { signal: controller.signal }.');
  });
});

describe('nearestName', () => {
  it('takes nothing for a misspelling that has little in common with a name', () => {
    expect(['abc', '', 'x', 'constructor'].map((given) => nearestName(given, ['pace', 'name']))).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(nearestName('pages', ['name', 'pace'])).toBe('pace');
  });
});

describe('requireSignal', () => {
  it('passes signals, of another realm or a polyfill too', () => {
    const foreign = { aborted: false, addEventListener: () => {}, removeEventListener: () => {} };
    for (const signal of [undefined, AbortSignal.abort(), foreign]) {
      expect(messageOf(() => requireSignal('test.run', signal))).toBe('passed');
    }
  });

  it('refuses everything else, and knows a controller', () => {
    expect(messageOf(() => requireSignal('test.run', new AbortController()))).toBe(
      'test.run signal: requires an AbortSignal, got an AbortController. Pass controller.signal. [TC_INVALID_ARGUMENT]',
    );
    for (const signal of [null, 5, 'abort', {}, { aborted: false }]) {
      expect(messageOf(() => requireSignal('test.run', signal))).toContain('requires an AbortSignal, got ');
    }
  });
});

describe('other kinds of option', () => {
  it('are what they must be, or left out', () => {
    for (const value of [undefined, true, false]) requireOptionalBoolean('test.run', value);
    for (const value of [undefined, Math.abs]) requireOptionalFunction('test.run', value);
    expect(messageOf(() => requireOptionalBoolean('test.run', 'yes'))).toContain(
      'requires true or false, got string "yes"',
    );
    expect(messageOf(() => requireOptionalFunction('test.run', 5))).toContain('requires a function, got 5');
  });
});

describe('requireListener', () => {
  it('knows the events, and takes functions', () => {
    const told = (name: unknown, listener: unknown): string =>
      messageOf(() => requireListener('test.on', { name, listener }, ['status', 'voided']));
    expect(told('status', () => {})).toBe('passed');
    expect(told('Status', () => {})).toBe(
      'test.on: requires the name of an event, got string "Status". Did you mean status? The events are status, voided. [TC_INVALID_ARGUMENT]',
    );
    expect(told(undefined, () => {})).toContain('got undefined. The events are status, voided.');
    expect(told('status', 'log')).toContain('requires a listener, got string "log". Pass a function.');
  });
});

describe('the options of a clock', () => {
  const clock = createClock(new ScriptedPort());
  const operations: [string, (options: never) => unknown][] = [
    ['MonotonicClock.deadline', (options) => clock.monotonic.deadline(5, options)],
    ['Timers.sleep', (options) => clock.timers.sleep(5, options)],
  ];

  it.each(operations)('%s', (operation, call) => {
    const wrong = (options: unknown): string => messageOf(() => call(options as never));
    expect(wrong({ singal: AbortSignal.abort() })).toBe(
      `${operation}: unknown option singal. Did you mean signal? [TC_INVALID_ARGUMENT]`,
    );
    expect(wrong(AbortSignal.abort())).toContain(`${operation}: requires an object of options, got an AbortSignal. `);
    expect(wrong({ signal: new AbortController() })).toContain(`${operation} signal: `);
    expect(wrong(null)).toContain('got null');
  });
});
