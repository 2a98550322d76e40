import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { acquireLease } from './acquire-lease.ts';
import { holderWindow } from './holder-window.ts';
import { runtimeOn, scene, ScriptedStore, TTL_MS } from './lease.fixture.ts';

const THIRD_MS = holderWindow({ ttlMs: TTL_MS }) / 3;

describe('after a resume, when timers have stood still', () => {
  it('a suspend longer than the window aborts the signal within a second of the resume, without any look', async () => {
    const { clock, held } = scene();
    for (const renew of ['auto', 'manual'] as const) {
      const lease = await held({ renew });
      await clock.advanceAsync(100);
      clock.suspend(3_600_000);
      await clock.advanceAsync(1000);
      expect(lease.signal.aborted).toBe(true);
    }
  });

  it('a short suspend is noticed within a second, too, and the lease renewed', async () => {
    const { clock, store, held } = scene();
    const lease = await held();
    await clock.advanceAsync(100);
    clock.suspend(3000);
    await clock.advanceAsync(1001);
    expect(store.of('renew')).toHaveLength(1);
    expect(lease.check().ok).toBe(true);
  });

  it('without boot time to compare there is nothing to wake for', async () => {
    const clock = new ManualClock();
    const lease = { ttlMs: TTL_MS, timing: { suspend: 'ignored' } } as const;
    let timers = 0;
    const setTimer = clock.setTimer.bind(clock);
    clock.setTimer = (...given) => ((timers += 1), setTimer(...given));
    await acquireLease({ runtime: runtimeOn(clock), store: new ScriptedStore() }, 'job', lease);
    await clock.run(THIRD_MS * 0.9);
    expect(timers).toBeLessThanOrEqual(2);
  });

  it('after a suspend a lease at its maxHoldMs is renewed as well: only that makes it usable again', async () => {
    const { clock, store, runtime, held } = scene();
    const lease = await held({ maxHoldMs: 20_000 });
    await clock.advanceAsync(1000);
    clock.suspend(50);
    expect(lease.check()).toMatchObject({ ok: false, reason: 'suspended' });
    await clock.advanceAsync(10);
    expect(store.of('renew')).toHaveLength(1);
    expect(lease.check().ok).toBe(true);
    await clock.advanceAsync(18_900);
    expect(lease.check().ok).toBe(true);
    expect(store.of('renew')).toHaveLength(1);
    await clock.advanceAsync(100);
    expect(lease.check()).toMatchObject({ ok: false, reason: 'expired', detail: /maxHoldMs/ });
    expect(runtime.count('jeopardy')).toBe(1);
  });
});
