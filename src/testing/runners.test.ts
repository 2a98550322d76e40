import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SIM_EPOCH_MS } from '../sim/index.ts';
import { useSimClock, withSimClock } from './runners.ts';

const RealDate = Date;

describe('useSimClock', () => {
  const sim = useSimClock({ beforeEach, afterEach }, { wallAheadMs: 500, leaveReal: ['setImmediate'] });
  const realSetImmediate = setImmediate;

  it.each([1, 2])('gives each test a new clock with the options, installed (%s)', (round) => {
    expect(Date.now()).toBe(SIM_EPOCH_MS + 500);
    expect(performance.now()).toBe(0);
    expect(setImmediate).toBe(realSetImmediate);
    sim.clock.advance(round * 1000);
    expect(performance.now()).toBe(round * 1000);
  });

  it('the real Date is back outside, and there is no clock', () => {
    const hooks = { before: [] as (() => void)[], after: [] as (() => void)[] };
    const other = useSimClock({
      beforeEach: (run) => hooks.before.push(run),
      afterEach: (run) => hooks.after.push(run),
    });
    expect(() => other.clock).toThrow(expect.objectContaining({ code: 'TC_INVALID_ARGUMENT' }) as Error);
    expect([hooks.before.length, hooks.after.length]).toEqual([1, 1]);
    // This test has a clock already: a second one is refused, and its end has nothing to undo.
    expect(() => hooks.before[0]?.()).toThrow(expect.objectContaining({ code: 'TC_FAKE_INSTALLED' }) as Error);
    hooks.after[0]?.();
    expect(() => other.clock).toThrow();
  });
});

describe('outside', () => {
  it('everything is real', () => {
    expect(Date).toBe(RealDate);
  });

  it('withSimClock returns what was returned, with or without a promise', async () => {
    expect(await withSimClock({}, (clock) => clock.port.monotonicMs())).toBe(0);
    const text = await withSimClock({ monotonicMs: 1000 }, async (clock) => {
      const waiting = sleep(3_600_000, 'an hour later');
      await clock.advanceAsync(3_600_000);
      return `${await waiting} ${performance.now()}`;
    });
    expect(text).toBe('an hour later 3601000');
    expect(Date).toBe(RealDate);
  });
});
