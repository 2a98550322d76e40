import { describe, expect, it } from 'vitest';
import { never, scene, type Scene, TTL_MS } from './lease.fixture.ts';
import { runUnderLease } from './lease-run.ts';

const run = <T>(at: Scene, body: Parameters<typeof runUnderLease<never, 'scripted', T>>[3]) =>
  runUnderLease({ runtime: at.runtime, store: at.store as never }, 'job', { ttlMs: TTL_MS }, body);

describe('a body under a lease', () => {
  it('gives back what it made, and the lease', async () => {
    const at = scene();
    expect(await run(at, (lease) => lease.check().ok)).toEqual({ acquired: true, value: true, ending: 'released' });
    expect(at.store.of('release')).toHaveLength(1);
    expect(at.clock.node.timerCount).toBe(0);
  });

  it('is not run without a lease', async () => {
    const at = scene();
    at.store.onAcquire = () => Promise.resolve({ status: 'denied' });
    expect(await run(at, () => expect.unreachable())).toMatchObject({ acquired: false, reason: 'held' });
  });

  it('that throws: the lease is given back first', async () => {
    const at = scene();
    await expect(run(at, () => Promise.reject(new Error('a bug')))).rejects.toThrow('a bug');
    expect(at.store.of('release')).toHaveLength(1);
  });

  it('that throws out of a guarded act: it is left to expire', async () => {
    const at = scene();
    const body = run(at, (lease) => lease.guard(() => Promise.reject(new Error('timeout'))));
    await expect(body).rejects.toThrow('timeout');
    expect(at.store.of('release')).toHaveLength(0);
  });

  it('that outlives the lease hears how it ended', async () => {
    const at = scene();
    at.store.onRenew = never;
    const body = run(at, () => at.clock.timers.sleep(TTL_MS));
    await at.clock.advanceAsync(TTL_MS);
    expect(await body).toMatchObject({ acquired: true, ending: 'lost' });
  });

  it('must be a function', async () => {
    const at = scene();
    await expect(run(at, Promise.resolve() as never)).rejects.toThrow(
      /withLease: requires a function.*Pass a function/,
    );
    expect(at.store.calls).toHaveLength(0);
  });
});
