import { expect, test } from 'vitest';
import { systemClock } from '../node/index.ts';
import { followWallClock } from './this-wall-clock.ts';

test('two followers of one clock agree, although each began at its own moment', () => {
  const { port } = systemClock;
  const one = followWallClock(port);
  const other = followWallClock(port);
  const monotonicMs = port.monotonicMs();
  const a = one(monotonicMs);
  const b = other(monotonicMs);
  expect(a.fractionMs).toBeGreaterThanOrEqual(0);
  expect(a.fractionMs).toBeLessThan(1);
  expect(Math.abs(a.wholeMs - b.wholeMs + (a.fractionMs - b.fractionMs))).toBeLessThan(0.05);
});
