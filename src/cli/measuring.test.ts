import { expect, test } from 'vitest';
import { isFinished, type SourceProgress } from './measuring.ts';
import { burstCountWithin } from './named-servers.ts';

const after = (...outcomes: SourceProgress['outcomes']): boolean =>
  isFinished({ address: 'a:123', outcomes, planned: 4 });

test('a source is finished after its burst, whatever came of it', () => {
  expect(after()).toBe(false);
  expect(after('measured', 'timeout', 'measured')).toBe(false);
  expect(after('timeout', 'timeout', 'timeout', 'timeout')).toBe(true);
});

test('a source is finished when it will say no more', () => {
  expect(after('denied')).toBe(true);
  expect(after('measured', 'rate-limited')).toBe(true);
  expect(after('unreachable')).toBe(false);
  expect(after('unreachable', 'measured', 'unreachable')).toBe(false);
  expect(after('unreachable', 'unreachable')).toBe(true);
});

test.each([
  [7000, 1000, 4],
  [1000, 1000, 1],
  [100, 1000, 1],
  [3000, 1000, 2],
  [600_000, 1000, 16],
])('in %d ms with a time limit of %d ms a server is asked %d times', (forMs, timeoutMs, expected) => {
  expect(burstCountWithin(forMs, timeoutMs)).toBe(expected);
});
