import { expect, test } from 'vitest';
import type { Dog } from './watchdog-dog.ts';
import { fence } from './watchdog-fence.ts';
import { CLOCK_CELLS, CONTROL_CELLS, watchdogMemory } from './watchdog-memory.ts';
import { openStderr } from './watchdog-worker.ts';

const BEAT_MS = 1000;
const DEADLINE_MS = 1500;
const NOW_MS = 2000;

/** A thread that has seen a block beyond its deadline; `meanwhile` happens while it writes its first line. */
function scene(meanwhile: (set: (cell: keyof typeof CLOCK_CELLS, atMs: number) => void) => void = () => undefined): {
  readonly dog: Dog;
  readonly done: string[];
} {
  const memory = watchdogMemory();
  const set = (cell: keyof typeof CLOCK_CELLS, atMs: number): void => {
    Atomics.store(memory.clocks, CLOCK_CELLS[cell], BigInt(atMs * 1e6));
  };
  set('beat', BEAT_MS);
  set('deadline', DEADLINE_MS);
  const done: string[] = [];
  const dog: unknown = {
    orders: { memory, control: CONTROL_CELLS, clocks: CLOCK_CELLS, fence: 'SIGKILL' },
    process: { pid: 1, kill: (_pid: number, signal: string) => done.push(`kill ${signal}`) },
    os: { uptime: () => 0 },
    judgement: { beatMs: BEAT_MS, sinceMs: NOW_MS - BEAT_MS },
    settledDeadline: 0n,
    passedDeadline: 0n,
    passedBeatMs: 0,
    parts: {
      writeLine(_dog: Dog, text: string) {
        done.push(text);
        if (done.length === 1) meanwhile(set);
      },
    },
  };
  return { dog: dog as Dog, done };
}

const REASON = 'SIGKILL: a deadline has passed while the main thread is blocked, 1000 ms so far';

test('G26: a block that the deadline fell into is fenced, once', () => {
  const { dog, done } = scene();
  expect([fence(dog, NOW_MS, true, 50), fence(dog, NOW_MS + 50, true, 50)]).toEqual([50, 50]);
  expect(done).toEqual([REASON, 'kill SIGKILL']);
});

test.each([
  ['beat', 1999],
  ['deadline', 9000],
  ['bootDeadline', 9000],
] as const)('G26: no signal is sent when the %s has moved since the look', (cell, atMs) => {
  const { dog, done } = scene((set) => {
    set(cell, atMs);
  });
  expect(fence(dog, NOW_MS, true, 50), 'looks again at once').toBe(1);
  expect(done).toEqual([REASON, 'no SIGKILL: the main thread has come back']);
});

test('a renewal that came between look and signal is fenced at its own deadline', () => {
  const { dog, done } = scene((set) => {
    set('deadline', 9000);
  });
  fence(dog, NOW_MS, true, 50);
  done.push('renewed');
  fence(dog, 8990, true, 50);
  expect(done.at(-1)).toBe('renewed');
  fence(dog, 9000, true, 50);
  expect(done.at(-1)).toBe('kill SIGKILL');
});

test.each([
  ['a file', undefined, 2],
  ['a file', 'SIGKILL', -1],
  ['a socket', undefined, 2],
  ['a socket', 'SIGKILL', -1],
  ['a pipe', 'SIGKILL', 7],
  ['a terminal', 'SIGTERM', 7],
])('of standard error that is %s, with fence %s, descriptor %i is written to', (kind, signal, descriptor) => {
  const status = {
    isFile: () => kind === 'a file',
    isFIFO: () => kind === 'a pipe',
    isCharacterDevice: () => kind === 'a terminal',
  };
  const constants = { O_WRONLY: 1, O_NONBLOCK: 2048, O_NOCTTY: 256 };
  const fs = {
    fstatSync: () => status,
    constants,
    openSync: (_path: string, flags: number) => ((flags & 2048) === 0 ? 8 : 7),
  };
  const dog: unknown = { fs, orders: { stderr: true, fence: signal } };
  expect(openStderr(dog as Dog)).toBe(descriptor);
});
