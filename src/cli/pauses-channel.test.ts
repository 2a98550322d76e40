import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isPackageManager, MessageReader, nodeOptionsWith, type PausesMessage, parseState } from './pauses-channel.ts';
import { BUSY, STATE } from './pauses.fixture.ts';

describe('NODE_OPTIONS', () => {
  test('the preload comes first, quoted, and the rest is kept', () => {
    expect(nodeOptionsWith('/a b/x.cjs', undefined)).toBe('--require "/a b/x.cjs"');
    expect(nodeOptionsWith('C:\\a "b"\\x.cjs', ' --trace-gc ')).toBe(
      '--require "C:\\\\a \\"b\\"\\\\x.cjs"  --trace-gc ',
    );
    expect(nodeOptionsWith('/x.cjs', ' ')).toBe('--require "/x.cjs"');
  });
});

test.each([
  ['/usr/bin/npm', true],
  ['/usr/lib/node_modules/npm/bin/npm-cli.js', true],
  ['C:\\nodejs\\npx-cli.js', true],
  ['/x/pnpm.cjs', true],
  ['/app/npm/server.js', false],
  ['/app/my-npm.js', false],
  [undefined, false],
])('is %s a package manager: %s', (script, answer) => {
  expect(isPackageManager(script)).toBe(answer);
});

describe('events', () => {
  const text = BUSY.map((message) => `${JSON.stringify(message)}\n`).join('');

  test('however the lines are cut, the same messages come out', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(text.length)), (cuts) => {
        const reader = new MessageReader();
        const edges = [0, ...[...cuts].sort((a, b) => a - b), text.length];
        const messages = edges
          .slice(1)
          .flatMap((edge, index): readonly PausesMessage[] => reader.read(text.slice(edges[index], edge)));
        expect(messages).toEqual(BUSY);
      }),
    );
  });

  test('a line that was cut off by a crash is left out', () => {
    const reader = new MessageReader();
    expect(reader.read(`{"type":"pau\n${JSON.stringify(BUSY[0])}\n{"type"`)).toEqual([BUSY[0]]);
  });
});

test('a state is its first line, whatever is left of a longer one', () => {
  expect(parseState(`${JSON.stringify(STATE)}\n"left":1}\n`)).toEqual(STATE);
  expect(parseState('')).toBeUndefined();
});
