import { expect, test } from 'vitest';
import { viewOf } from './evidence-view.ts';

test.each([
  [0, 50, 'alive'],
  [20, 50, 'unclear'],
  [70, 50, 'silent'],
  // Who may have slept for a whole pause must have been late by much of that sleep as well.
  [0, 100, 'unclear'],
  [38, 100, 'unclear'],
  [41, 100, 'silent'],
])('a second thread that was late by %i ms after a sleep of %i was %s in 120 ms off the processor', (...of) => {
  const [helperGapMs, helperIntervalMs, helper] = of;
  const view = viewOf({ gapMs: 120, intervalMs: 50, runMs: 0, waitMs: 0, helperGapMs, helperIntervalMs });
  expect(view.helper).toBe(helper);
});
