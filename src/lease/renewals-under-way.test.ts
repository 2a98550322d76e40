import { describe, expect, it } from 'vitest';
import { unlessAborted } from './abort-sharing.ts';
import { holderWindow } from './holder-window.ts';
import { later, never, scene, TTL_MS } from './lease.fixture.ts';
import { RENEWALS_UNDER_WAY_MAX } from './renewals-under-way.ts';

const WINDOW_MS = holderWindow({ ttlMs: TTL_MS });
const THIRD_MS = WINDOW_MS / 3;

describe('renewing faster than the store answers', () => {
  it('loses nothing: the oldest are waited for, and the newest is shared', async () => {
    const { clock, store, runtime, held } = scene();
    const lease = await held({ renew: 'manual' });
    store.onRenew = () => later(clock, 50, () => 'renewed');
    const outcomes: Promise<string>[] = [];
    for (let ms = 0; ms < 2 * WINDOW_MS; ms += 10) {
      outcomes.push(lease.renew());
      await clock.advanceAsync(10);
    }
    await clock.advanceAsync(100);
    expect(new Set(await Promise.all(outcomes))).toEqual(new Set(['renewed']));
    expect(store.of('renew').every(({ io }) => !io.signal.aborted)).toBe(true);
    expect(lease.state).toBe('held');
    expect(runtime.count('lost')).toBe(0);
  });

  it('with automatic renewal: one that is due then is not forgotten', async () => {
    const { clock, store, held } = scene();
    const lease = await held();
    store.onRenew = never;
    for (let sent = 0; sent < 5; sent += 1) void lease.renew();
    expect(store.of('renew')).toHaveLength(RENEWALS_UNDER_WAY_MAX);
    await clock.advanceAsync(THIRD_MS * 0.9);
    store.onRenew = () => Promise.resolve('renewed');
    await clock.advanceAsync(THIRD_MS * 0.4);
    expect(store.of('renew').length).toBeGreaterThan(RENEWALS_UNDER_WAY_MAX);
    expect(lease.state).toBe('held');
  });

  it('those that have had their time make room', async () => {
    const { clock, store, held } = scene();
    const lease = await held({ renew: 'manual' });
    store.onRenew = never;
    for (let sent = 0; sent < RENEWALS_UNDER_WAY_MAX; sent += 1) void lease.renew();
    await clock.advanceAsync(THIRD_MS + 1);
    store.onRenew = () => Promise.resolve('renewed');
    expect(await lease.renew()).toBe('renewed');
    expect(store.of('renew').map(({ io }) => io.signal.aborted)).toEqual([true, false, false, false]);
  });

  it('those that a later answer has overtaken make room', async () => {
    const { clock, store, held } = scene();
    const lease = await held({ renew: 'manual' });
    store.onRenew = never;
    void lease.renew();
    void lease.renew();
    store.onRenew = () => Promise.resolve('renewed');
    expect(await lease.renew()).toBe('renewed');
    store.onRenew = never;
    void lease.renew();
    store.onRenew = () => Promise.resolve('renewed');
    await clock.advanceAsync(1);
    expect(await lease.renew()).toBe('renewed');
    expect(store.of('renew').map(({ io }) => io.signal.aborted)).toEqual([true, false, false, false, false]);
  });

  it('after a suspicion one more is sent, and the oldest still counts', async () => {
    const { clock, store, held } = scene();
    const lease = await held();
    store.onRenew = () => later(clock, 50, () => 'renewed');
    for (let seen = 0; seen < 40; seen += 1) {
      lease.suspect(`pause ${seen}`);
      await clock.advanceAsync(10);
    }
    expect(lease.check()).toMatchObject({ ok: false, reason: 'suspended' });
    expect(lease.state).toBe('jeopardy');
    await clock.advanceAsync(50);
    expect(lease.check().ok).toBe(true);
    expect(lease.check().remainingMs).toBeGreaterThan(WINDOW_MS - 150);
  });

  it('suspicions without end do not lose it either', async () => {
    const { clock, store, held } = scene();
    const lease = await held();
    // As a real store: who has been given up is not answered.
    store.onRenew = (_, { signal }) =>
      unlessAborted(
        later(clock, 500, () => 'renewed'),
        signal,
      );
    for (let ms = 0; ms < WINDOW_MS * 1.5; ms += 100) {
      lease.suspect(`pause ${ms}`);
      await clock.advanceAsync(100);
    }
    expect(lease.state).toBe('jeopardy');
    await clock.advanceAsync(600);
    expect(lease.check().ok).toBe(true);
  });
});
