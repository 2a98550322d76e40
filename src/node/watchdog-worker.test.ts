import { Linter } from 'eslint';
import { expect, test } from 'vitest';
import { stackExpression } from './watchdog-stack.ts';
import { blockLine, watchdogSource } from './watchdog-worker.ts';

/** What both texts may use from around them. */
const LANGUAGE = ['Error', 'TypeError', 'Object', 'Reflect', 'String', 'Array'];
const THREAD = [
  ...['Atomics', 'BigInt', 'Number', 'Math', 'Infinity', 'Uint8Array', 'TextEncoder', 'String', 'undefined'],
  ...['setTimeout', 'clearTimeout', 'setImmediate', 'require', 'process'],
];

function unknownNames(source: string, known: readonly string[]): readonly string[] {
  const globals = Object.fromEntries(known.map((name) => [name, 'readonly'] as const));
  const messages = new Linter().verify(source, [
    {
      languageOptions: { sourceType: 'script', ecmaVersion: 2022, globals: { Date: 'off', ...globals } },
      rules: { 'no-undef': 'error' },
    },
  ]);
  return messages.map(({ message }) => message);
}

test('the source text of the thread uses nothing from outside of it', () => {
  expect(unknownNames(watchdogSource(), THREAD)).toEqual([]);
  expect(unknownNames(stackExpression(), LANGUAGE)).toEqual([]);
});

test('that check would find a name that is missing', () => {
  expect(unknownNames(watchdogSource().replace('limits }', 'limitz }'), THREAD)).not.toEqual([]);
});

test.each([
  ['', 0, 'the main thread is blocked, 103 ms so far'],
  ['work (/app/a.js:1:2)\nnode:internal', 0, 'the main thread is blocked, 103 ms so far, in work (/app/a.js:1:2)'],
  [
    'Atomics.wait (<anonymous>)\nread (node:fs:1:2)\nnode:internal/x:1:2\nown (file:///a.js:3:4)',
    0,
    'the main thread is blocked, 103 ms so far, in own (file:///a.js:3:4)',
  ],
  [
    'read (node:fs:1:2)',
    2,
    'the main thread is blocked, 103 ms so far, in read (node:fs:1:2) (2 more since the last line)',
  ],
])('the line of a block names the innermost frame of the program: %j', (stack, leftOut, line) => {
  expect(blockLine(103.4, stack, leftOut)).toBe(line);
});
