import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import type { BoundedTime } from '../core/index.ts';
import { type Attempt, WAIT_MS_DEFAULT, Waiters } from './waiters.ts';

const reading: BoundedTime = {
  status: 'bounded',
  earliest: 1e12,
  latest: 1e12,
  premises: { driftPpm: 50, falsetickersTolerated: 0, sourcesConfigured: 1, sourcesAnswering: 1, timeScale: 'utc' },
};
const done: Attempt = { done: true, value: reading };
const notYet: Attempt = { done: false, why: 'it is too early' };

function setUp(): { clock: ManualClock; waiters: Waiters } {
  const clock = new ManualClock();
  return { clock, waiters: new Waiters(clock) };
}

describe('a wait', () => {
  it('is over at once when what it waits for is there', async () => {
    const { clock, waiters } = setUp();
    await expect(waiters.until('test', {}, () => done)).resolves.toBe(reading);
    expect(clock.pendingTimers).toBe(0);
  });

  it('looks again when it is woken, when the attempt says so, and every second', async () => {
    const { clock, waiters } = setUp();
    const looks: number[] = [];
    let next: Attempt = { ...notYet, againInMs: 250 };
    const wait = waiters.until('test', {}, () => {
      looks.push(clock.exactMonotonicMs - 1000);
      return next;
    });
    await clock.run(249);
    expect(looks).toEqual([0]);
    next = notYet;
    await clock.run(2);
    waiters.wake();
    await clock.run(2000);
    expect(looks.map(Math.round)).toEqual([0, 250, 251, 1251, 2251]);
    next = done;
    waiters.wake();
    await expect(wait).resolves.toBe(reading);
    expect(clock.pendingTimers).toBe(0);
  });

  it('keeps the process alive, and nothing more once it is over', async () => {
    const { clock, waiters } = setUp();
    const abort = new AbortController();
    const wait = waiters.until('test', { signal: abort.signal }, () => notYet);
    expect(clock.pendingAliveTimers).toBe(1);
    abort.abort(new Error('enough'));
    await expect(wait).rejects.toThrow('enough');
    expect(clock.pendingTimers).toBe(0);
  });

  it('is given up after its time limit, by default a minute, and says what was missing', async () => {
    for (const options of [{}, { timeoutMs: WAIT_MS_DEFAULT }]) {
      const { clock, waiters } = setUp();
      const wait = waiters.until('test', options, () => notYet);
      const outcome = Promise.allSettled([wait]);
      await clock.run(WAIT_MS_DEFAULT - 1);
      expect(clock.pendingTimers).toBe(1);
      await clock.run(2);
      const [settled] = await outcome;
      expect(settled).toMatchObject({
        reason: { code: 'TC_TIMED_OUT', name: 'TimeoutError', details: { timeoutMs: 60_000 } },
      });
      expect(String((settled as PromiseRejectedResult).reason)).toContain('it is too early');
      expect(clock.pendingTimers).toBe(0);
    }
  });

  it('with no time at all looks once', async () => {
    const { waiters } = setUp();
    await expect(waiters.until('test', { timeoutMs: 0 }, () => done)).resolves.toBe(reading);
    await expect(waiters.until('test', { timeoutMs: 0 }, () => notYet)).rejects.toMatchObject({ code: 'TC_TIMED_OUT' });
  });

  it('is rejected by stop, now and later', async () => {
    const { clock, waiters } = setUp();
    const wait = waiters.until('test', {}, () => notYet);
    waiters.stop();
    await expect(wait).rejects.toMatchObject({ code: 'TC_STOPPED' });
    await expect(waiters.until('test', {}, () => done)).rejects.toMatchObject({ code: 'TC_STOPPED' });
    expect(clock.pendingTimers).toBe(0);
  });

  it('with an aborted signal does not even look', async () => {
    const { waiters } = setUp();
    let looks = 0;
    const signal = AbortSignal.abort(new Error('never'));
    const wait = waiters.until('test', { signal }, () => {
      looks += 1;
      return done;
    });
    await expect(wait).rejects.toThrow('never');
    expect(looks).toBe(0);
  });

  it('comes back later, not at the same reading, however small the rest', async () => {
    for (const againInMs of [0, 1e-300, 1e-9, 0.000_1]) {
      const { clock, waiters } = setUp();
      let looks = 0;
      void waiters
        .until('test', { timeoutMs: 100 }, () => {
          looks += 1;
          return { ...notYet, againInMs };
        })
        .catch(() => {});
      await clock.run(50);
      expect(looks).toBeLessThanOrEqual(52);
      expect(looks).toBeGreaterThan(10);
      waiters.stop();
    }
  });

  it('that is woken by its own attempt leaves no second timer', async () => {
    const { clock, waiters } = setUp();
    let depth = 0;
    const abort = new AbortController();
    const wait = waiters.until('test', { signal: abort.signal }, () => {
      if (depth === 0) {
        depth = 1;
        waiters.wake();
      }
      return notYet;
    });
    expect(clock.pendingTimers).toBe(1);
    abort.abort(new Error('enough'));
    await expect(wait).rejects.toThrow('enough');
    expect(clock.pendingTimers).toBe(0);
    await clock.run(5000);
    expect(clock.pendingTimers).toBe(0);
  });

  it('that ended while another was woken is not looked at again', async () => {
    const { clock, waiters } = setUp();
    const abort = new AbortController();
    const second = { looks: 0 };
    const first = waiters.until('test', {}, () => {
      if (second.looks > 0) abort.abort(new Error('the first ended the second'));
      return second.looks > 0 ? done : notYet;
    });
    const other = waiters.until('test', { signal: abort.signal }, () => {
      second.looks += 1;
      return notYet;
    });
    waiters.wake();
    await expect(first).resolves.toBe(reading);
    await expect(other).rejects.toThrow('the first ended the second');
    expect(second.looks).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it('refuses a time limit that is none', () => {
    const { waiters } = setUp();
    for (const timeoutMs of [-1, NaN, Infinity, 1.79e12]) {
      expect(() => waiters.until('test', { timeoutMs }, () => done)).toThrow(/\[TC_/u);
    }
  });
});

describe('nextWake', () => {
  it('resolves at the next wake, at stop, after its time, and at once after stop', async () => {
    const { clock, waiters } = setUp();
    const ended: string[] = [];
    const note =
      (name: string): (() => void) =>
      () =>
        ended.push(name);
    void waiters.nextWake(1000).then(note('woken'));
    waiters.wake();
    await clock.run(0);
    void waiters.nextWake(100).then(note('late'));
    await clock.run(101);
    void waiters.nextWake(1000).then(note('stopped'));
    waiters.stop();
    await clock.run(0);
    void waiters.nextWake(1000).then(note('after stop'));
    await clock.run(0);
    expect(ended).toEqual(['woken', 'late', 'stopped', 'after stop']);
    expect(clock.pendingTimers).toBe(0);
  });
});
