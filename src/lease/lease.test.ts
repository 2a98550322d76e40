import { describe, expect, it } from 'vitest';
import { holderWindow } from './holder-window.ts';
import { later, never, scene, type ScriptedStore, TTL_MS } from './lease.fixture.ts';
import type { GuardOptions, Lease, ReleaseOptions } from './lease.ts';

const WINDOW_MS = holderWindow({ ttlMs: TTL_MS });

describe('check', () => {
  it('answers with what is left, the token and the assumptions', async () => {
    const { clock, held } = scene();
    const lease = await held();
    await clock.advanceAsync(1000);
    const verdict = lease.check();
    expect(verdict).toMatchObject({ ok: true, token: 1n });
    expect(verdict).toMatchObject({
      assumptions: { name: 'one-percent', holderRatePpm: 10_000, holderGranularityMs: 2 ** -10, suspend: 'checked' },
    });
    expect(verdict.remainingMs).toBeCloseTo(WINDOW_MS - 1010, 0);
    expect(verdict.remainingMs).toBeLessThanOrEqual(WINDOW_MS - 1010);
  });

  it('refuses when less is left than is needed, and tells so', async () => {
    const { clock, runtime, held } = scene();
    const lease = await held({ renew: 'manual' });
    await clock.advanceAsync(20_000);
    expect(lease.check({ needsMs: 9000 }).ok).toBe(true);
    expect(lease.check({ needsMs: 9500 })).toMatchObject({
      ok: false,
      reason: 'insufficient',
      detail: /9500 ms are needed/,
    });
    expect(lease.check({ needsMs: 9500 }).remainingMs).toBeGreaterThan(9000);
    expect(runtime.heard.at(-1)).toMatchObject({ event: 'rejected', reason: 'insufficient', needsMs: 9500, token: 1n });
    expect(lease.state).toBe('jeopardy');
  });

  it.each<[string, unknown]>([
    ['a number', 5000],
    ['a misspelt option', { needMs: 5 }],
    ['NaN', { needsMs: NaN }],
    ['a negative need', { needsMs: -1 }],
    ['an epoch', { needsMs: 1_790_000_000_000 }],
    ['a string', { needsMs: '5' }],
    ['null', null],
  ])('throws for %s', async (_, options) => {
    const lease = await scene().held();
    expect(() => lease.check(options as object)).toThrow(/^Lease\.check.*\[TC_/);
  });

  it('reads boot time only where it says something', async () => {
    const at = scene();
    const lease = await at.held({ timing: { suspend: 'ignored' } });
    let reads = 0;
    Object.defineProperty(at.clock.node, 'bootMs', { value: () => (reads += 1) });
    expect(lease.check().ok).toBe(true);
    expect(reads).toBe(0);
  });
});

describe('guard', () => {
  it('runs the act with token, signal and a sequence number', async () => {
    const { held } = scene();
    const lease = await held();
    const seen: number[] = [];
    const act = (context: { token: bigint; sequence: number; signal: AbortSignal }): string => {
      expect(context.signal).toBe(lease.signal);
      seen.push(context.sequence);
      return `${context.token}/${context.sequence}`;
    };
    expect(await lease.guard(act)).toEqual({ ok: true, value: '1/1', heldThroughout: true });
    expect(await lease.guard(act)).toMatchObject({ value: '1/2' });
    expect(seen).toEqual([1, 2]);
  });

  it('is not begun when the check refuses', async () => {
    const { clock, held } = scene();
    const lease = await held({ renew: 'manual' });
    await clock.advanceAsync(20_000);
    let runs = 0;
    const act = (): number => (runs += 1);
    expect(await lease.guard(act, { needsMs: 20_000 })).toMatchObject({ ok: false, reason: 'insufficient' });
    await clock.advanceAsync(20_000);
    expect(await lease.guard(act)).toMatchObject({ ok: false, reason: 'expired' });
    expect(runs).toBe(0);
  });

  it('says when the lease did not hold throughout', async () => {
    const { clock, held } = scene();
    const lease = await held();
    const outcome = await lease.guard(() => {
      clock.pause(45_000);
      return 'written';
    });
    expect(outcome).toEqual({ ok: true, value: 'written', heldThroughout: false });
  });

  it.each<[string, unknown, unknown]>([
    ['a promise for an act', Promise.resolve(), undefined],
    ['no act', undefined, undefined],
    ['a wrong rejection', () => 1, { rejection: 'none' }],
    ['a misspelt option', () => 1, { need: 1 }],
    ['needsMs NaN', () => 1, { needsMs: NaN }],
  ])('rejects for %s', async (_, act, options) => {
    const { held } = scene();
    const lease = await held();
    await expect(lease.guard(act as () => number, options as GuardOptions)).rejects.toThrow(/^Lease\.guard.*\[TC_/);
    expect(await lease.release()).toBe('released');
  });
});

describe('release (G18)', () => {
  it('tells the store, once, with holder and token', async () => {
    const { clock, store, runtime, held } = scene();
    const lease = await held();
    const [first, second] = [lease.release(), lease.release({ drainMs: 1 })];
    expect([await first, await second, await lease.release()]).toEqual(['released', 'released', 'released']);
    expect(store.of('release')).toMatchObject([{ grant: { name: 'job', holderId: 'holder-1', token: 1n } }]);
    expect(runtime.heard.at(-1)).toMatchObject({ event: 'released', ending: 'released' });
    expect(runtime.count('lost')).toBe(0);
    expect(lease.state).toBe('released');
    expect(lease.check()).toMatchObject({ ok: false, reason: 'released' });
    expect(lease.signal.reason).toMatchObject({ code: 'TC_LEASE_OVER', details: { reason: 'released' } });
    expect(clock.node.timerCount).toBe(0);
  });

  it('waits for acts under way, lets none begin, and keeps the lease meanwhile', async () => {
    const { clock, store, held } = scene();
    const lease = await held();
    const act = lease.guard(() => later(clock, 15_000, () => 'done'));
    await clock.advanceAsync(100);
    const release = lease.release();
    expect(await lease.guard(() => 'new')).toMatchObject({ ok: false, reason: 'released', detail: /being released/ });
    await clock.advanceAsync(14_000);
    expect(store.of('release')).toHaveLength(0);
    expect(store.of('renew')).toHaveLength(1);
    expect(lease.check().ok).toBe(true);
    await clock.advanceAsync(1000);
    expect(await act).toEqual({ ok: true, value: 'done', heldThroughout: true });
    expect(await release).toBe('released');
    expect(clock.node.timerCount).toBe(0);
  });

  it('sends nothing while an act is still under way after drainMs', async () => {
    const { clock, store, runtime, held } = scene();
    const lease = await held();
    void lease.guard(never);
    const release = lease.release({ drainMs: 2000 });
    await clock.advanceAsync(2001);
    expect(await release).toBe('left-to-expire');
    expect(store.of('release')).toHaveLength(0);
    expect(runtime.heard.at(-1)).toMatchObject({ event: 'released', ending: 'left-to-expire' });
    await clock.advanceAsync(WINDOW_MS * 3);
    expect(store.calls.map(({ method }) => method)).toEqual(['tryAcquire']);
    expect(clock.node.timerCount).toBe(0);
  });

  it('waits for the time to live when nothing is said, and never for ever', async () => {
    const { clock, held } = scene();
    const lease = await held();
    void lease.guard(never);
    const release = lease.release();
    let ending: string | undefined;
    void release.then((outcome) => (ending = outcome));
    await clock.advanceAsync(TTL_MS - 1);
    expect(ending).toBeUndefined();
    await clock.advanceAsync(2);
    expect(ending).toBe('left-to-expire');
  });

  it.each([
    ['async', (): Promise<never> => Promise.reject(new Error('timeout'))],
    [
      'sync',
      (): never => {
        throw new Error('timeout');
      },
    ],
  ])('sends nothing when the outcome of an act is unknown (%s)', async (_, act) => {
    const { store, held } = scene();
    const lease = await held();
    await expect(lease.guard(act)).rejects.toThrow('timeout');
    expect(await lease.guard(() => 1)).toMatchObject({ ok: true });
    expect(await lease.release()).toBe('left-to-expire');
    expect(store.of('release')).toHaveLength(0);
  });

  it("gives back after a rejection that proves that nothing was done: 'no-effect'", async () => {
    const { store, held } = scene();
    const lease = await held();
    const act = (): Promise<never> => Promise.reject(new Error('refused'));
    await expect(lease.guard(act, { rejection: 'no-effect' })).rejects.toThrow('refused');
    expect(await lease.release()).toBe('released');
    expect(store.of('release')).toHaveLength(1);
  });

  it('after a loss nothing is waited for, not even an act under way', async () => {
    const { clock, store, held } = scene();
    store.onRenew = never;
    const lease = await held();
    void lease.guard(never);
    await clock.advanceAsync(WINDOW_MS);
    expect(await lease.release()).toBe('lost');
    expect(store.of('release')).toHaveLength(0);
    expect(clock.node.timerCount).toBe(0);
  });

  it('a loss that is noticed by the release itself, before any timer', async () => {
    const { clock, store, held } = scene();
    const lease = await held();
    void lease.guard(never);
    clock.pause(45_000);
    expect(await lease.release()).toBe('lost');
    expect(store.of('release')).toHaveLength(0);
  });

  it('a loss while draining ends the wait', async () => {
    const { clock, store, held } = scene();
    const lease = await held();
    void lease.guard(never);
    const release = lease.release({ drainMs: 1e9 });
    store.onRenew = () => Promise.resolve('lost');
    await clock.advanceAsync(WINDOW_MS / 2);
    expect(await release).toBe('lost');
    expect(store.of('release')).toHaveLength(0);
    expect(clock.node.timerCount).toBe(0);
  });

  it.each<[string, ScriptedStore['onRelease']]>([
    ['falls silent', never],
    ['rejects', () => Promise.reject(new Error('refused'))],
    ['answers with what is none', () => Promise.resolve('relesed')],
  ])('ends within five seconds when the store %s: left to expire', async (_, onRelease) => {
    const { clock, store, runtime, held } = scene();
    const lease = await held();
    store.onRelease = onRelease;
    const release = lease.release();
    await clock.advanceAsync(5001);
    expect(await release).toBe('left-to-expire');
    expect(runtime.heard.find(({ event }) => event === 'trouble')).toMatchObject({ during: 'release' });
    expect(clock.node.timerCount).toBe(0);
  });

  it('is lost when the store says, inside the window, that it is not there', async () => {
    const { store, runtime, held } = scene();
    const lease = await held();
    store.onRelease = () => Promise.resolve('not-held');
    expect(await lease.release()).toBe('lost');
    expect(runtime.heard.at(-1)).toMatchObject({ event: 'lost', reason: 'lost' });
  });

  it('has run out when the store says so after the window', async () => {
    const { clock, store, runtime, held } = scene();
    const lease = await held({ renew: 'manual' });
    await clock.advanceAsync(WINDOW_MS - 100);
    store.onRelease = () => later(clock, 1000, () => 'not-held');
    const release = lease.release();
    await clock.advanceAsync(1001);
    expect(await release).toBe('left-to-expire');
    expect(runtime.count('lost')).toBe(0);
  });

  it.each<[string, unknown]>([
    ['a number', 5000],
    ['a misspelt option', { drain: 5 }],
    ['an epoch', { drainMs: 1_790_000_000_000 }],
    ['NaN', { drainMs: NaN }],
  ])('rejects for %s, and the lease is kept', async (_, options) => {
    const lease = await scene().held();
    await expect(lease.release(options as ReleaseOptions)).rejects.toThrow(/^Lease\.release.*\[TC_/);
    expect(lease.state).toBe('held');
  });
});

describe('await using', () => {
  it('releases a lease, and has nothing to do where there is none', async () => {
    const at = scene();
    let inner: Lease | undefined;
    {
      await using lease = await at.acquire();
      if (lease.acquired) inner = lease;
      expect(inner?.state).toBe('held');
    }
    expect(inner?.state).toBe('released');
    at.store.onAcquire = () => Promise.resolve({ status: 'denied' });
    {
      await using lease = await at.acquire();
      expect(lease.acquired).toBe(false);
    }
    expect(at.store.of('release')).toHaveLength(1);
  });
});
