import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HelperSleep } from './watchdog-sleep.ts';

const INTERVAL_MS = 50;

test('between two beats no sleep is longer than it says, whenever it began', () => {
  let [long, short] = [0, 0];
  const beats = fc.array(fc.record({ afterMs: fc.integer({ min: 1, max: 300 }), isResting: fc.boolean() }), {
    maxLength: 30,
  });
  fc.assert(
    fc.property(beats, (all) => {
      const sleep = new HelperSleep(INTERVAL_MS);
      let [beatMs, isTold] = [0, false];
      // What the second thread believed from when on: a sleep that begins then is as long as that.
      const spans: { fromMs: number; toMs: number; isTold: boolean }[] = [];
      sleep.beat(0n, false);
      for (const { afterMs, isResting } of all) {
        const toMs = beatMs + afterMs;
        spans.push({ fromMs: beatMs, toMs, isTold });
        sleep.beat(BigInt(toMs) * 1_000_000n, isResting);
        const wasLong = spans.some((span) => span.isTold && span.toMs + 2 * INTERVAL_MS > beatMs);
        expect(sleep.sleepMs).toBe(wasLong ? 2 * INTERVAL_MS : INTERVAL_MS);
        if (wasLong) long += 1;
        else short += 1;
        [beatMs, isTold] = [toMs, isResting];
      }
    }),
  );
  expect(Math.min(long, short)).toBeGreaterThan(100);
});

test('says what is news', () => {
  const sleep = new HelperSleep(INTERVAL_MS);
  const told = [false, true, true, false, false].map((isResting, at) => sleep.beat(BigInt(at), isResting));
  expect(told).toEqual([false, true, false, true, false]);
});
