/** The rules find what they are for: a history in which all is well, and one broken thing at a time. */
import { describe, expect, test } from 'vitest';
import { type Evidence, overlapsOf, refusedWritesOf, staleWritesOf, violationsOf } from './checkers.ts';
import type { HistoryEntry, LiveRecord } from './record.ts';

const check = (acquisition: string, startMs: number, ok: boolean): LiveRecord => ({
  kind: 'check',
  acquisition,
  startMs,
  ok,
});

const write = (acquisition: string, startMs: number, outcome: 'accepted' | 'stale'): LiveRecord => ({
  kind: 'write',
  acquisition,
  startMs,
  endMs: startMs + 1,
  careless: false,
  outcome,
});

const A: readonly LiveRecord[] = [
  { kind: 'acquired', acquisition: 'A1', token: '9', atMs: 0, remainingMs: 900 },
  check('A1', 1, true),
  write('A1', 2, 'accepted'),
  { kind: 'renewed', acquisition: 'A1', atMs: 300, remainingMs: 900 },
  check('A1', 1199, true),
  { kind: 'turn', acquisition: 'A1', previousMs: 1190, startMs: 1216, aborted: false },
  check('A1', 1216, false),
  { kind: 'turn', acquisition: 'A1', previousMs: 1216, startMs: 1217, aborted: true },
  write('A1', 1501, 'stale'),
];

const B: readonly LiveRecord[] = [
  { kind: 'acquired', acquisition: 'B1', token: '10', atMs: 1500, remainingMs: 900 },
  check('B1', 1501, true),
  write('B1', 1502, 'accepted'),
];

const HISTORY: readonly HistoryEntry[] = [
  { acquisition: 'A1', token: '9' },
  { acquisition: 'B1', token: '10' },
];

const run = (a: readonly LiveRecord[] = [], history: readonly HistoryEntry[] = []): Evidence => ({
  records: { A: [...A, ...a], B },
  history: [...HISTORY, ...history],
});

const rules = (evidence: Evidence): readonly string[] => violationsOf(evidence, { exclusive: true });

test('a run in which all is well breaks no rule', () => {
  expect(rules(run())).toEqual([]);
  expect(overlapsOf(run())).toEqual([]);
  expect(staleWritesOf(run())).toEqual([]);
  expect(refusedWritesOf(run())).toBe(1);
});

describe('finds', () => {
  test('a check that answers ok when somebody else had the lock', () => {
    const late = check('A1', 1500.1, true);
    expect(overlapsOf(run([late]))).toEqual([late]);
    expect(rules(run([late]))).toContainEqual(expect.stringMatching(/^overlap/));
    expect(violationsOf(run([late]), { exclusive: false }).join()).not.toContain('overlap');
  });

  test('a check that answers ok beyond its own window, which a renewal extends', () => {
    expect(rules(run([check('A1', 1211, true)]))).toEqual([expect.stringMatching(/^ok beyond the window/)]);
    expect(rules(run([check('A1', 1209, true)]))).toEqual([]);
  });

  test('a stale write in the store', () => {
    const stale = { acquisition: 'A1', token: '9' };
    expect(staleWritesOf(run([], [stale]))).toEqual([stale]);
    expect(rules(run([], [stale]))).toEqual([
      expect.stringMatching(/^stale write/),
      expect.stringMatching(/^token 9 after 10/),
    ]);
  });

  test('a write that was admitted when its successor was there, though the successor had not written', () => {
    expect(rules(run([write('A1', 1500.5, 'accepted')]))).toEqual([expect.stringMatching(/^admitted after/)]);
  });

  test('a turn after the window without a word', () => {
    const deaf: LiveRecord = { kind: 'turn', acquisition: 'A1', previousMs: 1216, startMs: 1217, aborted: false };
    expect(rules(run([deaf]))).toEqual([expect.stringMatching(/^not told/)]);
  });

  test('a lock that is handed out expired, and a token that does not grow', () => {
    const dead: LiveRecord = { kind: 'acquired', acquisition: 'A2', token: '10', atMs: 3000, remainingMs: 0 };
    expect(rules(run([dead]))).toEqual([
      expect.stringMatching(/^A2 has token 10/),
      expect.stringMatching(/^expired when handed out/),
    ]);
  });
});
