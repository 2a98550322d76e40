import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { isClockError } from '../core/index.ts';
import { SimClock } from '../testing/index.ts';
import { acquireLease } from './acquire-lease.ts';
import { holderWindow } from './holder-window.ts';
import { later, never, runtimeOn, scene, ScriptedStore, TTL_MS } from './lease.fixture.ts';

const WINDOW_MS = holderWindow({ ttlMs: TTL_MS });
const THIRD_MS = WINDOW_MS / 3;

const deaf = (): Promise<never> => Promise.reject(new Error('connection refused'));

describe('renewal', () => {
  it('comes at a third of the window, for ever, and keeps the lease held', async () => {
    const { clock, store, runtime, held } = scene();
    const lease = await held();
    await clock.advanceAsync(THIRD_MS * 0.94);
    expect(store.of('renew')).toHaveLength(0);
    await clock.advanceAsync(THIRD_MS * 0.02);
    expect(store.of('renew')).toHaveLength(1);
    expect(store.of('renew')[0]?.grant).toMatchObject({ ttlMs: TTL_MS, holderId: lease.holderId, token: lease.token });
    await clock.advanceAsync(WINDOW_MS * 10);
    expect(store.of('renew').length).toBeGreaterThanOrEqual(30);
    expect(store.of('renew').length).toBeLessThanOrEqual(34);
    expect(lease.state).toBe('held');
    expect(runtime.count('jeopardy')).toBe(0);
    expect(runtime.count('renewed')).toBe(store.of('renew').length);
  });

  it('is spread by up to a tenth, every time', async () => {
    const moments = async (drawn: number): Promise<number[]> => {
      const clock = new SimClock();
      const store = new ScriptedStore();
      const at: number[] = [];
      store.onRenew = () => {
        at.push(clock.world.nowMs / THIRD_MS);
        return Promise.resolve('renewed');
      };
      await acquireLease({ runtime: runtimeOn(clock.port, () => drawn), store }, 'job', { ttlMs: TTL_MS });
      await clock.advanceAsync(THIRD_MS * 2.2);
      return at.map((thirds) => Math.round(thirds * 100) / 100);
    };
    expect(await moments(0)).toEqual([1, 2]);
    expect(await moments(0.999)).toEqual([0.9, 1.8]);
  });

  it('is sent when the lease was acquired late, at once', async () => {
    const { clock, store, held } = scene();
    store.onAcquire = () => later(clock, THIRD_MS * 0.99, () => store.grant());
    const lease = held();
    await clock.advanceAsync(THIRD_MS);
    expect((await lease).state).toBe('held');
    expect(store.of('renew')).toHaveLength(1);
  });

  it('is left to the user with renew: manual', async () => {
    const { clock, store, held } = scene();
    const lease = await held({ renew: 'manual' });
    await clock.advanceAsync(THIRD_MS);
    expect(store.of('renew')).toHaveLength(0);
    expect(await lease.renew()).toBe('renewed');
    await clock.advanceAsync(THIRD_MS * 2.5);
    expect(lease.check().ok).toBe(true);
    await clock.advanceAsync(THIRD_MS * 0.6);
    expect(lease.check()).toMatchObject({ ok: false, reason: 'expired' });
    expect(await lease.renew()).toBe('lost');
    expect(store.of('renew')).toHaveLength(1);
  });

  it('is not sent beyond maxHoldMs, and the lease then ends without jeopardy', async () => {
    const { clock, store, runtime, held } = scene();
    const lease = await held({ maxHoldMs: 40_000 });
    await clock.advanceAsync(39_990);
    expect(lease.check()).toMatchObject({ ok: true });
    expect(store.of('renew').length).toBeLessThanOrEqual(2);
    await clock.advanceAsync(20);
    expect(lease.check()).toMatchObject({ ok: false, reason: 'expired', detail: /maxHoldMs/ });
    expect(lease.signal.aborted).toBe(true);
    expect(runtime.count('jeopardy')).toBe(0);
  });
});

describe('a store that tells nothing (G20)', () => {
  it('a black hole: three are under way, each a third apart, and the signal is aborted at the local deadline', async () => {
    const { clock, store, runtime, held } = scene();
    store.onRenew = never;
    const lease = await held();
    // Boot time is coarser by 10 ms, and has the shorter window.
    await clock.advanceAsync(WINDOW_MS - 20);
    expect(lease.check().ok).toBe(true);
    expect(lease.signal.aborted).toBe(false);
    expect(store.of('renew').length).toBeLessThanOrEqual(3);
    expect(store.of('renew').every((call) => !call.io.signal.aborted)).toBe(true);
    await clock.advanceAsync(20);
    expect(lease.signal.aborted).toBe(true);
    const reason: unknown = lease.signal.reason;
    expect(isClockError(reason) && reason.code).toBe('TC_LEASE_OVER');
    expect(reason).toMatchObject({ details: { name: 'job', reason: 'expired', token: lease.token } });
    expect(String(reason)).toMatch(/no renewal was acknowledged.*acquire it anew/);
    expect(store.of('renew').every((call) => call.io.signal.aborted)).toBe(true);
    expect(runtime.count('lost')).toBe(1);
    expect(clock.node.timerCount).toBe(0);
  });

  it('says once for each that is out of time that there is trouble, and in jeopardy with which', async () => {
    const { clock, store, runtime, held } = scene();
    store.onRenew = never;
    await held();
    await clock.advanceAsync(WINDOW_MS * 0.9);
    const trouble = runtime.heard.filter(({ event }) => event === 'trouble');
    expect(trouble).toHaveLength(1);
    expect(trouble[0]).toMatchObject({ during: 'renew', error: { code: 'TC_TIMED_OUT', name: 'TimeoutError' } });
    const jeopardy = runtime.heard.filter(({ event }) => event === 'jeopardy');
    expect(jeopardy).toHaveLength(1);
    expect(jeopardy[0]).toMatchObject({ why: 'renewal-overdue' });
    expect(jeopardy[0]?.['remainingMs']).toBeCloseTo(WINDOW_MS / 3, -2);
  });

  it('an answer that comes after its limit still counts, for when it was sent', async () => {
    const { clock, store, runtime, held } = scene();
    store.onRenew = () => later(clock, THIRD_MS * 1.5, () => 'renewed');
    const lease = await held();
    await clock.advanceAsync(WINDOW_MS * 4);
    expect(lease.state).not.toBe('lost');
    expect(runtime.count('lost')).toBe(0);
    expect(runtime.count('renewed')).toBeGreaterThan(3);
  });

  it('one that refuses connections is asked again, neither in a hurry nor too late', async () => {
    const { clock, store, runtime, held } = scene();
    store.onRenew = deaf;
    const lease = await held();
    await clock.advanceAsync(WINDOW_MS + 1);
    expect(store.of('renew').length).toBeGreaterThanOrEqual(10);
    expect(store.of('renew').length).toBeLessThanOrEqual(30);
    expect(runtime.count('trouble')).toBe(store.of('renew').length);
    expect(runtime.count('jeopardy')).toBe(1);
    expect(lease.state).toBe('lost');
  });

  it('is not the end when it comes back in time, and jeopardy is told anew the next time', async () => {
    const { clock, store, runtime, held } = scene();
    store.onRenew = deaf;
    const lease = await held();
    await clock.advanceAsync(WINDOW_MS * 0.9);
    expect(lease.state).toBe('jeopardy');
    store.onRenew = () => Promise.resolve('renewed');
    await clock.advanceAsync(WINDOW_MS * 0.5);
    expect(lease.state).toBe('held');
    store.onRenew = deaf;
    expect(await clock.runUntilAsync(() => lease.state === 'jeopardy')).toBe(true);
    await clock.advanceAsync(WINDOW_MS * 0.2);
    expect(runtime.count('jeopardy')).toBe(2);
  });

  it('keeps at most three manual renewals waiting, and none of them hangs', async () => {
    const { clock, store, held } = scene();
    const lease = await held({ renew: 'manual' });
    store.onRenew = never;
    const waiting = [1, 2, 3, 4, 5].map(() => lease.renew());
    await clock.advanceAsync(1);
    expect(store.of('renew').map((call) => call.io.signal.aborted)).toEqual([false, false, false]);
    await clock.advanceAsync(THIRD_MS);
    expect(await Promise.all(waiting)).toEqual(Array<string>(5).fill('unknown'));
    const last = lease.renew();
    await clock.advanceAsync(1);
    void lease.release();
    expect(await last).toBe('lost');
  });
});

describe('a negative answer', () => {
  it('is loss, at once and for good', async () => {
    const { clock, store, runtime, held } = scene();
    store.onRenew = () => Promise.resolve('lost');
    const lease = await held();
    await clock.advanceAsync(THIRD_MS);
    expect(lease.signal.aborted).toBe(true);
    expect(lease.signal.reason).toMatchObject({ details: { reason: 'lost' } });
    expect(lease.check()).toMatchObject({ ok: false, reason: 'lost', remainingMs: 0 });
    store.onRenew = () => Promise.resolve('renewed');
    expect(await lease.renew()).toBe('lost');
    expect(await lease.release()).toBe('lost');
    expect(store.of('release')).toHaveLength(0);
    expect(runtime.count('lost')).toBe(1);
    expect(clock.node.timerCount).toBe(0);
  });

  it('is told with what was lost', async () => {
    const { clock, store, runtime, held } = scene();
    store.onRenew = () => Promise.resolve('lost');
    const lease = await held();
    await clock.advanceAsync(THIRD_MS);
    expect(runtime.heard.at(-1)).toMatchObject({
      event: 'lost',
      reason: 'lost',
      name: 'job',
      store: 'scripted',
      holderId: lease.holderId,
      token: 1n,
      remainingMs: 0,
    });
  });
});

describe('a late answer', () => {
  it('never brings a lease back', async () => {
    const { clock, store, runtime, held } = scene();
    store.onRenew = () => later(clock, WINDOW_MS * 0.8, () => 'renewed');
    const lease = await held();
    clock.pause(WINDOW_MS + 1);
    await clock.advanceAsync(WINDOW_MS);
    expect(lease.check()).toMatchObject({ ok: false, reason: 'expired' });
    expect(runtime.count('renewed')).toBe(0);
    expect(lease.state).toBe('lost');
  });

  it('is told as late when it was positive', async () => {
    const { clock, store, runtime, held } = scene();
    store.onRenew = () => later(clock, WINDOW_MS * 0.8, () => 'renewed');
    await held();
    await clock.advanceAsync(WINDOW_MS * 2);
    expect(runtime.count('late')).toBe(runtime.heard.filter(({ event }) => event === 'late').length);
    expect(runtime.heard.find(({ event }) => event === 'late')).toMatchObject({ remainingMs: 0 });
    expect(runtime.count('renewed')).toBe(0);
  });

  it('a negative one after a release is no loss', async () => {
    const { clock, store, runtime, held } = scene();
    store.onRenew = () => later(clock, 100, () => 'lost');
    const lease = await held();
    await clock.advanceAsync(THIRD_MS * 0.96);
    expect(await lease.release()).toBe('released');
    await clock.advanceAsync(200);
    expect(runtime.count('lost')).toBe(0);
    expect(lease.state).toBe('released');
  });
});

describe('pauses and suspends', () => {
  it('a check knows of a pause at the first instruction after it, before any timer', async () => {
    const { clock, held } = scene();
    const lease = await held();
    clock.pause(45_000);
    expect(lease.signal.aborted).toBe(false);
    expect(lease.check()).toMatchObject({ ok: false, reason: 'expired' });
    expect(lease.signal.aborted).toBe(true);
  });

  it('a suspend longer than the window ends it, though the monotonic clock stood still', async () => {
    const { clock, held } = scene();
    const lease = await held();
    clock.suspend(45_000);
    expect(lease.check()).toMatchObject({ ok: false, reason: 'expired' });
  });

  it('is not seen with suspend: ignored', async () => {
    const { clock, held } = scene();
    const lease = await held({ timing: { suspend: 'ignored' } });
    clock.suspend(45_000);
    expect(lease.check()).toMatchObject({ ok: true, assumptions: { suspend: 'ignored' } });
  });

  it('after a short suspend the lease is renewed at once, and may then be used again', async () => {
    const { clock, store, runtime, held } = scene();
    const lease = await held();
    store.onRenew = () => later(clock, 20, () => 'renewed');
    clock.suspend(5000);
    expect(lease.check()).toMatchObject({ ok: false, reason: 'suspended', remainingMs: 0 });
    await clock.advanceAsync(10);
    expect(store.of('renew')).toHaveLength(1);
    expect(lease.state).toBe('jeopardy');
    await clock.advanceAsync(30);
    expect(lease.check()).toMatchObject({ ok: true });
    expect(runtime.heard.filter(({ event }) => event === 'jeopardy')).toMatchObject([{ why: 'suspended' }]);
  });

  it('a second suspend while the first renewal is under way is answered by another renewal', async () => {
    const { clock, store, runtime, held } = scene();
    const lease = await held();
    store.onRenew = () => later(clock, 20, () => 'renewed');
    clock.suspend(3000);
    expect(lease.check().ok).toBe(false);
    await clock.advanceAsync(10);
    clock.suspend(3000);
    expect(lease.check().ok).toBe(false);
    await clock.advanceAsync(50);
    expect(store.of('renew')).toHaveLength(2);
    expect(lease.check().ok).toBe(true);
    expect(runtime.count('jeopardy')).toBe(1);
  });

  it('whoever watches for pauses may say so', async () => {
    const { clock, store, held } = scene();
    const lease = await held();
    store.onRenew = () => later(clock, 20, () => 'renewed');
    lease.suspect('the collector ran for 3 s');
    expect(lease.check()).toMatchObject({ ok: false, reason: 'suspended', detail: 'the collector ran for 3 s' });
    expect(store.of('renew')).toHaveLength(1);
    await clock.advanceAsync(21);
    expect(lease.check().ok).toBe(true);
    for (const wrong of [undefined, '', 7]) expect(() => lease.suspect(wrong as string)).toThrow(/TC_INVALID_ARGUMENT/);
  });

  it('a clock that goes back ends it', async () => {
    const { clock, held } = scene();
    const lease = await held();
    await clock.advanceAsync(1000);
    expect(lease.check().ok).toBe(true);
    clock.moveMonotonicBack(500);
    expect(lease.check()).toMatchObject({ ok: false, reason: 'clock-anomaly' });
    expect(lease.state).toBe('lost');
    await clock.advanceAsync(5000);
    expect(lease.check()).toMatchObject({ ok: false, reason: 'clock-anomaly' });
    expect(clock.node.timerCount).toBe(0);
  });

  it('a clock that gives NaN when a timer is set ends it, and throws nothing', async () => {
    const clock = new ManualClock();
    const store = new ScriptedStore();
    const runtime = runtimeOn(clock);
    const lease = await acquireLease({ runtime, store }, 'job', { ttlMs: TTL_MS });
    if (!lease.acquired) throw new Error('no lease');
    clock.exactMonotonicMs = NaN;
    lease.suspect('who knows');
    expect(lease.signal.reason).toMatchObject({ details: { reason: 'clock-anomaly' } });
    expect(clock.pendingTimers).toBe(0);
    expect(runtime.count('lost')).toBe(1);
  });
});

describe('timers', () => {
  it('none keeps the process alive while the lease is only held', async () => {
    const clock = new ManualClock();
    const store = new ScriptedStore();
    await acquireLease({ runtime: runtimeOn(clock), store }, 'job', { ttlMs: TTL_MS });
    store.onRenew = never;
    await clock.run(THIRD_MS * 1.5);
    expect(clock.timers.all).toBeGreaterThanOrEqual(2);
    expect(clock.timers.keepingAlive).toBe(0);
  });

  it('none is left after the end', async () => {
    const { clock, store, held } = scene();
    const lease = await held();
    store.onRenew = never;
    await clock.advanceAsync(THIRD_MS * 1.5);
    expect(await lease.release()).toBe('released');
    expect(clock.node.timerCount).toBe(0);
  });
});
