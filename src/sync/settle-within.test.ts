import { describe, expect, it } from 'vitest';
import { ManualClock, settlePromises } from '../../test/support/manual-clock.ts';
import { type SettledWork, settleWithin } from './settle-within.ts';

function start(work: (signal: AbortSignal) => Promise<number>) {
  const clock = new ManualClock();
  const outer = new AbortController();
  const state: { ended?: SettledWork<number>; inner?: AbortSignal } = {};
  void settleWithin({ clock, timeoutMs: 100, signal: outer.signal }, (signal) => {
    state.inner = signal;
    return work(signal);
  }).then((ended) => {
    state.ended = ended;
  });
  return { clock, outer, state };
}

const never = () => new Promise<number>(() => {});

describe('settleWithin', () => {
  it('gives the value', async () => {
    const { clock, state } = start(() => Promise.resolve(7));
    await settlePromises();
    expect(state.ended).toEqual({ ended: 'done', value: 7 });
    expect(clock.timers.all).toBe(0);
  });

  it('gives a rejection as a value', async () => {
    const error = new Error('no');
    const { state } = start(() => Promise.reject(error));
    await settlePromises();
    expect(state.ended).toEqual({ ended: 'failed', error });
  });

  it('gives a throw as a value', async () => {
    const error = new Error('at once');
    const { clock, state } = start(() => {
      throw error;
    });
    await settlePromises();
    expect(state.ended).toEqual({ ended: 'failed', error });
    expect(clock.timers.all).toBe(0);
  });

  it('is late at its limit, not before, and then tells the work', async () => {
    const { clock, state } = start(never);
    expect(clock.timers).toEqual({ all: 1, keepingAlive: 0 });
    await clock.run(99);
    expect(state.ended).toBeUndefined();
    expect(state.inner?.aborted).toBe(false);
    await clock.run(1);
    expect(state.ended).toEqual({ ended: 'late' });
    expect(state.inner?.aborted).toBe(true);
  });

  it('ends at once when aborted, before or while it works', async () => {
    const during = start(never);
    await settlePromises();
    during.outer.abort();
    await settlePromises();
    expect(during.state.ended).toEqual({ ended: 'aborted' });
    expect(during.state.inner?.aborted).toBe(true);
    expect(during.clock.timers.all).toBe(0);

    const clock = new ManualClock();
    let isStarted = false;
    const ended = await settleWithin({ clock, timeoutMs: 100, signal: AbortSignal.abort() }, () => {
      isStarted = true;
      return never();
    });
    expect(ended).toEqual({ ended: 'aborted' });
    expect(isStarted).toBe(false);
    expect(clock.timers.all).toBe(0);
  });
});
