import { expect, test } from 'vitest';
import { CONTINUATION_DELAY_MS, PauseDetector } from './pause-detector.ts';
import type { Pause } from './pause-event.ts';
import type { PauseReading } from './pause-reading.ts';

/** An idle process on a machine that makes three context switches a ms; after the planned interval it is held, and the machine makes so many. */
function heldFor(ms: number, switchesMeanwhile: number): Pause {
  const detector = new PauseDetector({
    clock: Symbol('boot'),
    watchesContinuation: true,
    watchesCollections: true,
  });
  let nowMs = 0;
  let switches = 0;
  const reading = (): PauseReading => ({
    monotonicMs: nowMs,
    bootMs: nowMs,
    wallMs: nowMs,
    helperGapMs: 0,
    counters: {
      runMs: 0,
      waitMs: 0,
      processCpuMs: 0,
      eluActiveMs: 0,
      eluIdleMs: nowMs,
      throttledMs: 0,
      throttledCount: 0,
      frozenMs: 0,
      stealMs: 0,
      systemSwitchCount: switches,
    },
  });
  for (; nowMs < 2000; nowMs += 50, switches += 150) detector.tick(reading());
  // The interval that was planned, and then the gap.
  nowMs += ms;
  switches += switchesMeanwhile;
  detector.tick({ ...reading(), helperGapMs: ms });
  const [pause] = detector.settle(nowMs + CONTINUATION_DELAY_MS);
  return pause as Pause;
}

test('a machine that stood still does not look alive by what it did before', () => {
  expect(heldFor(2000, 0)).toMatchObject({ cause: 'unknown', rule: 'held-or-blocked' });
  expect(heldFor(2000, 60)).toMatchObject({ cause: 'unknown' });
});

test('a machine that went on while the process was held is told from it', () => {
  expect(heldFor(2000, 600)).toMatchObject({ cause: 'external-stop', rule: 'held' });
});
