import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { acquireLease } from './acquire-lease.ts';
import { campaignForLease } from './lease-campaign.ts';
import { runUnderLease } from './lease-run.ts';
import { never, runtimeOn, ScriptedStore, TTL_MS } from './lease.fixture.ts';
import { keepingAlive } from './process-hold.ts';

const DAY_MS = 86_400_000;

function place(): {
  readonly clock: ManualClock;
  readonly store: ScriptedStore;
  readonly runtime: ReturnType<typeof runtimeOn>;
} {
  const clock = new ManualClock();
  return { clock, store: new ScriptedStore(), runtime: runtimeOn(clock) };
}

describe('what is awaited keeps the process alive (G14)', () => {
  it('for ever, and not when it has ended, however', async () => {
    const clock = new ManualClock();
    let end: () => void = () => undefined;
    const ended = keepingAlive(clock, () => new Promise<void>((resolve) => (end = resolve)));
    await clock.run(40 * DAY_MS);
    expect(clock.timers).toEqual({ all: 1, keepingAlive: 1 });
    end();
    await ended;
    expect(clock.timers.all).toBe(0);
    await expect(keepingAlive(clock, () => Promise.reject(new Error('a bug')))).rejects.toThrow('a bug');
    expect(clock.timers.all).toBe(0);
  });

  it('a body under a lease', async () => {
    const at = place();
    let end: () => void = () => undefined;
    const run = runUnderLease(at, 'job', { ttlMs: TTL_MS }, () => new Promise<void>((resolve) => (end = resolve)));
    await at.clock.run(TTL_MS * 3);
    expect(at.clock.timers.keepingAlive).toBe(1);
    end();
    expect(await run).toMatchObject({ ending: 'released' });
    expect(at.clock.timers.all).toBe(0);
  });

  it('a leader, also when it waits for nothing but its signal', async () => {
    const at = place();
    const ending = new AbortController();
    const campaign = campaignForLease(at, 'job', {
      ttlMs: TTL_MS,
      signal: ending.signal,
      lead: ({ signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            resolve();
          });
        }),
    });
    await at.clock.run(TTL_MS * 3);
    expect(at.clock.timers.keepingAlive).toBe(1);
    ending.abort();
    await campaign;
    expect(at.clock.timers.all).toBe(0);
  });

  it('a renewal that somebody asked for, and not the lease that is only held', async () => {
    const at = place();
    const lease = await acquireLease(at, 'job', { ttlMs: TTL_MS });
    if (!lease.acquired) throw new Error('no lease');
    at.store.onRenew = never;
    expect(at.clock.timers.keepingAlive).toBe(0);
    const renewed = lease.renew();
    expect(at.clock.timers.keepingAlive).toBe(1);
    await at.clock.run(TTL_MS / 3);
    expect(await renewed).toBe('unknown');
    expect(at.clock.timers.keepingAlive).toBe(0);
  });
});
