import { describe, expect, it } from 'vitest';
import { SimClock } from '../testing/index.ts';
import { acquireLease } from './acquire-lease.ts';
import type { FencingToken } from './fencing-token.ts';
import { holderWindow } from './holder-window.ts';
import { later, never, outcome, runtimeOn, scene, ScriptedStore, TTL_MS } from './lease.fixture.ts';
import type { Fence } from './store-port.ts';

const WINDOW_MS = holderWindow({ ttlMs: TTL_MS });
const THIRD_MS = WINDOW_MS / 3;
const DENIED = { status: 'denied', holderId: 'another' };

function fence(raise: Fence['raise'], name = 'orders'): Fence {
  return { name, raise };
}

describe('a grant (G19)', () => {
  it('is a lease with its token, told with its round trip', async () => {
    const at = scene();
    at.store.onAcquire = () => later(at.clock, 40, () => at.store.grant());
    const lease = await outcome(at, at.acquire());
    expect(lease).toMatchObject({ acquired: true, name: 'job', token: 1n, holderId: 'holder-1' });
    expect(at.runtime.heard).toMatchObject([
      { event: 'acquired', name: 'job', store: 'scripted', holderId: 'holder-1', token: 1n, roundTripMs: 40 },
    ]);
    expect(at.runtime.heard[0]?.['remainingMs']).toBeCloseTo(WINDOW_MS - 50, 0);
  });

  it('is measured from before the request, so a slow answer leaves less', async () => {
    const at = scene();
    at.store.onAcquire = () => later(at.clock, 5000, () => at.store.grant());
    const lease = await outcome(at, at.acquire());
    const verdict = lease.acquired ? lease.check() : undefined;
    expect(verdict).toMatchObject({ ok: true });
    expect(verdict?.remainingMs).toBeCloseTo(WINDOW_MS - 5010, 0);
  });

  it('that is used up when it is here is given back, told as late, and nobody hears of a lease', async () => {
    const at = scene();
    at.store.onAcquire = () => {
      at.clock.pause(WINDOW_MS + 1);
      return at.store.grant();
    };
    const got = await outcome(at, at.acquire());
    expect(got).toMatchObject({ acquired: false, reason: 'too-late' });
    expect(at.store.of('release')).toMatchObject([{ grant: { holderId: 'holder-1', token: 1n } }]);
    expect(at.runtime.heard.map(({ event }) => event)).toEqual(['late']);
    expect(at.clock.node.timerCount).toBe(0);
  });

  it.each([
    ['needsMs', { needsMs: WINDOW_MS * 0.9 }, 'too-late'],
    ['less', { needsMs: WINDOW_MS * 0.8 }, undefined],
  ])('must leave %s', async (_, options, reason) => {
    const at = scene();
    at.store.onAcquire = () => later(at.clock, WINDOW_MS * 0.15, () => at.store.grant());
    const got = await outcome(at, at.acquire(options));
    expect(got.acquired ? undefined : got.reason).toBe(reason);
  });

  it('is not used after a suspend during the call', async () => {
    const at = scene();
    at.store.onAcquire = () => {
      at.clock.suspend(1000);
      return at.store.grant();
    };
    expect(await outcome(at, at.acquire())).toMatchObject({ acquired: false, reason: 'too-late' });
    expect(at.store.of('release')).toHaveLength(1);
  });

  it('comes after another try when the first was too late', async () => {
    const at = scene();
    let attempts = 0;
    at.store.onAcquire = () => {
      attempts += 1;
      if (attempts === 1) at.clock.pause(WINDOW_MS);
      return at.store.grant();
    };
    const lease = await outcome(at, at.acquire({ waitMs: 60_000 }));
    expect(lease).toMatchObject({ acquired: true, token: 2n, holderId: 'holder-2' });
  });
});

describe('waiting', () => {
  it("'try' asks once", async () => {
    const at = scene();
    at.store.onAcquire = () => ({ ...DENIED, retryAfterMs: 1200 });
    for (const waitMs of ['try', undefined, 0] as const) {
      const got = await at.acquire(waitMs === undefined ? {} : { waitMs });
      expect(got).toMatchObject({
        acquired: false,
        reason: 'held',
        heldBy: 'another',
        retryAfterMs: 1200,
        name: 'job',
      });
      await using _ = got;
    }
    expect(at.store.calls).toHaveLength(3);
    expect(at.clock.node.timerCount).toBe(0);
  });

  it('goes on until waitMs, at a growing distance, and not beyond', async () => {
    const at = scene();
    const asked: number[] = [];
    at.store.onAcquire = () => {
      asked.push(at.clock.world.nowMs);
      return DENIED;
    };
    const got = await outcome(at, at.acquire({ waitMs: 20_000 }));
    expect(got).toMatchObject({ acquired: false, reason: 'held' });
    expect(at.clock.world.nowMs).toBeLessThanOrEqual(20_000);
    expect(at.clock.world.nowMs).toBeGreaterThan(16_000);
    const gaps = asked.slice(1).map((ms, index) => ms - (asked[index] ?? 0));
    expect(gaps[0]).toBeCloseTo(37.5, -1);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(2000);
    expect(gaps.at(-1)).toBeGreaterThan(1000);
  });

  it('is spread: with other random numbers, at other times', async () => {
    const asked = async (drawn: number): Promise<number[]> => {
      const clock = new SimClock();
      const store = new ScriptedStore();
      const times: number[] = [];
      store.onAcquire = () => {
        times.push(clock.world.nowMs);
        return { ...DENIED, retryAfterMs: 100 };
      };
      const runtime = runtimeOn(clock.port, () => drawn);
      await outcome({ clock }, acquireLease({ runtime, store }, 'job', { ttlMs: TTL_MS, waitMs: 500 }));
      return times.slice(1);
    };
    const early = await asked(0);
    const late = await asked(0.99);
    expect(late.some((ms) => early.includes(ms))).toBe(false);
  });

  it('ends soon after what the store expects, spread too', async () => {
    const at = scene();
    at.store.onAcquire = () =>
      at.clock.world.nowMs < 5100 ? { ...DENIED, retryAfterMs: 5100 - at.clock.world.nowMs } : at.store.grant();
    await outcome(at, at.acquire({ waitMs: 60_000 }));
    expect(at.clock.world.nowMs).toBeLessThanOrEqual(5150);
  });

  it.each([0, -5, NaN, Infinity, 'soon'])('is no hot loop with retryAfterMs %s', async (retryAfterMs) => {
    const at = scene();
    at.store.onAcquire = () => ({ ...DENIED, retryAfterMs });
    await outcome(at, at.acquire({ waitMs: 10_000 }));
    expect(at.store.calls.length).toBeLessThan(500);
  });

  it('an attempt that has begun gets a quarter of a second, so that a wait ends with what the store says', async () => {
    const at = scene();
    at.store.onAcquire = () => later(at.clock, 200, () => DENIED);
    const got = await outcome(at, at.acquire({ waitMs: 1000 }));
    expect(got).toMatchObject({ reason: 'held' });
    expect(at.clock.world.nowMs).toBeLessThanOrEqual(1250);
  });

  it('every attempt has a name of its own', async () => {
    const at = scene();
    at.store.onAcquire = () => DENIED;
    await outcome(at, at.acquire({ waitMs: 3000 }));
    const names = at.store.calls.map(({ grant }) => grant.holderId);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('a store without an answer', () => {
  it('is out of time after a third of the window, and the attempt is freed', async () => {
    const at = scene();
    at.store.onAcquire = never;
    const got = await outcome(at, at.acquire());
    expect(at.clock.world.nowMs).toBeCloseTo(THIRD_MS, 0);
    expect(got).toMatchObject({ acquired: false, reason: 'unreachable', error: { code: 'TC_TIMED_OUT' } });
    expect(at.store.of('tryAcquire')[0]?.io.signal.aborted).toBe(true);
    expect(at.store.of('release')).toMatchObject([{ grant: { name: 'job', holderId: 'holder-1' } }]);
    expect(at.store.of('release')[0]?.grant).not.toHaveProperty('token');
    expect(at.runtime.heard).toMatchObject([{ event: 'trouble', during: 'acquire', holderId: 'holder-1' }]);
    expect(at.clock.node.timerCount).toBe(0);
  });

  it('a grant that comes after all is released, with its token', async () => {
    const at = scene();
    at.store.onAcquire = () => later(at.clock, WINDOW_MS, () => at.store.grant());
    const got = await outcome(at, at.acquire());
    expect(got).toMatchObject({ acquired: false, reason: 'unreachable' });
    await at.clock.advanceAsync(WINDOW_MS);
    expect(at.store.of('release')).toMatchObject([{ grant: { holderId: 'holder-1' } }, { grant: { token: 1n } }]);
  });

  it.each<[string, () => unknown]>([
    ['rejects', () => Promise.reject(new Error('refused'))],
    [
      'throws at once',
      () => {
        throw new Error('refused');
      },
    ],
  ])('one that %s is asked again until the wait is over', async (_, onAcquire) => {
    const at = scene();
    at.store.onAcquire = onAcquire;
    const got = await outcome(at, at.acquire({ waitMs: 5000 }));
    expect(got).toMatchObject({ reason: 'unreachable', error: new Error('refused') });
    expect(at.store.of('tryAcquire').length).toBeGreaterThan(4);
    expect(at.store.of('release')).toHaveLength(at.store.of('tryAcquire').length);
  });

  it('trouble with freeing an attempt is told in the name of that attempt, not of the lease that came after', async () => {
    const at = scene();
    let attempts = 0;
    at.store.onAcquire = () => {
      attempts += 1;
      return attempts === 1 ? Promise.reject(new Error('refused')) : at.store.grant();
    };
    at.store.onRelease = () => later(at.clock, 2000, () => Promise.reject(new Error('refused')));
    await outcome(at, at.acquire({ waitMs: 5000 }));
    await at.clock.advanceAsync(2000);
    expect(at.runtime.heard.filter(({ event }) => event === 'trouble')).toMatchObject([
      { during: 'acquire', holderId: 'holder-1' },
      { during: 'release', holderId: 'holder-1' },
    ]);
  });
});

describe('a store that is written wrong', () => {
  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a misspelt status', { status: 'grantd', token: 1n }],
    ['a string', 'granted'],
    ['no token', { status: 'granted' }],
    ['a null token', { status: 'granted', token: null }],
    ['a negative token', { status: 'granted', token: -1n }],
    ['token 0', { status: 'granted', token: 0n }],
    ['a token beyond 2^63', { status: 'granted', token: 2n ** 63n }],
    ['a number for a token', { status: 'granted', token: 7 }],
    ['a string for a token', { status: 'granted', token: '7' }],
  ])('%s is an error with a remedy, and what may have been granted is freed', async (_, answer) => {
    const at = scene();
    at.store.onAcquire = () => answer;
    await expect(at.acquire({ waitMs: 5000 })).rejects.toThrow(
      /^scripted: requires .* got .*Mend this adapter.*TC_INVALID_ARGUMENT/,
    );
    expect(at.store.of('release')).toHaveLength(1);
    expect(at.clock.node.timerCount).toBe(0);
  });

  it('one that says that it mints nothing has no token, whatever it answers', async () => {
    const store = new ScriptedStore({ fencing: 'none' });
    const at = scene({ store });
    const lease = await at.held();
    expect(lease.token).toBeUndefined();
    expect(lease.check()).toMatchObject({ ok: true, token: undefined });
  });

  it('a record without a version is refused', async () => {
    const at = scene({ store: new ScriptedStore({ expiry: 'observer' }) });
    at.store.onAcquire = () => ({ ...DENIED, record: { version: '', ttlMs: 1000 } });
    await expect(at.acquire()).rejects.toThrow(/record.version/);
  });
});

describe('aborting', () => {
  const reason = new Error('shutting down');

  it('before: nothing is sent', async () => {
    const at = scene();
    await expect(at.acquire({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(at.store.calls).toHaveLength(0);
  });

  it('while waiting: at once', async () => {
    const at = scene();
    at.store.onAcquire = () => DENIED;
    const controller = new AbortController();
    const got = at.acquire({ waitMs: 60_000, signal: controller.signal });
    await at.clock.advanceAsync(5000);
    controller.abort(reason);
    await expect(got).rejects.toBe(reason);
    expect(at.clock.node.timerCount).toBe(0);
  });

  it('during the call: the attempt is freed, and again when its grant comes', async () => {
    const at = scene();
    at.store.onAcquire = () => later(at.clock, 100, () => at.store.grant());
    const controller = new AbortController();
    const got = at.acquire({ signal: controller.signal });
    await at.clock.advanceAsync(10);
    controller.abort(reason);
    await expect(got).rejects.toBe(reason);
    expect(at.store.of('release')).toHaveLength(1);
    await at.clock.advanceAsync(200);
    expect(at.store.of('release')).toMatchObject([{}, { grant: { token: 1n } }]);
    expect(at.clock.node.timerCount).toBe(0);
  });

  it('while a fence is raised: the grant is given back', async () => {
    const at = scene();
    const controller = new AbortController();
    const raise = (_: FencingToken): Promise<'raised'> => later(at.clock, 100, () => 'raised');
    const got = at.acquire({ signal: controller.signal, fences: [fence(raise), fence(raise)] });
    await at.clock.advanceAsync(10);
    controller.abort(reason);
    await expect(got).rejects.toBe(reason);
    expect(at.store.of('release')).toMatchObject([{ grant: { token: 1n } }]);
    await at.clock.advanceAsync(200);
    expect(at.clock.node.timerCount).toBe(0);
  });

  it('after: the lease goes on', async () => {
    const at = scene();
    const controller = new AbortController();
    const lease = await at.held({ signal: controller.signal });
    controller.abort(reason);
    await at.clock.advanceAsync(WINDOW_MS * 2);
    expect(lease.state).toBe('held');
  });
});

describe('fences', () => {
  it('have all been raised, at once, when the lease is handed out', async () => {
    const at = scene();
    const raised: string[] = [];
    const slow = (name: string, ms: number): Fence =>
      fence((token) => later(at.clock, ms, () => (raised.push(`${name} ${token}`), 'raised')), name);
    const got = await outcome(at, at.acquire({ fences: [slow('a', 300), slow('b', 200)] }));
    expect(got.acquired).toBe(true);
    expect(raised).toEqual(['b 1', 'a 1']);
    expect(at.clock.world.nowMs).toBeCloseTo(300);
  });

  it('one that has seen a higher token: superseded, and given back', async () => {
    const at = scene();
    const got = await at.acquire({ fences: [fence(() => Promise.resolve('stale'))] });
    expect(got).toMatchObject({
      acquired: false,
      reason: 'superseded',
      detail: /orders has seen a higher token than 1/,
    });
    expect(at.store.of('release')).toMatchObject([{ grant: { token: 1n } }]);
    expect(at.runtime.count('acquired')).toBe(0);
  });

  it('are raised anew with the next token when waiting', async () => {
    const at = scene();
    const got = await outcome(
      at,
      at.acquire({ waitMs: 5000, fences: [fence((token) => Promise.resolve(token < 3n ? 'stale' : 'raised'))] }),
    );
    expect(got).toMatchObject({ acquired: true, token: 3n });
  });

  it.each<[string, Fence['raise']]>([
    ['gives no answer', never],
    ['rejects', () => Promise.reject(new Error('refused'))],
    ['answers with what is none', () => Promise.resolve('raisd' as 'raised')],
    ['answers undefined', () => Promise.resolve(undefined as unknown as 'raised')],
  ])('one that %s: no lease, and it is given back', async (_, raise) => {
    const at = scene();
    const got = await outcome(
      at,
      at.acquire({ fences: [fence(() => Promise.resolve('raised'), 'fine'), fence(raise)] }),
    );
    expect(got).toMatchObject({ acquired: false, reason: 'fence-unreachable', detail: /orders/ });
    expect(got).toHaveProperty('error');
    expect(at.store.of('release')).toMatchObject([{ grant: { token: 1n } }]);
    expect(at.runtime.heard).toMatchObject([{ event: 'trouble', during: 'raise' }]);
  });

  it('that take so long that the window is used up: given back', async () => {
    const at = scene();
    const got = await outcome(
      at,
      at.acquire({ needsMs: WINDOW_MS * 0.8, fences: [fence(() => later(at.clock, THIRD_MS * 0.9, () => 'raised'))] }),
    );
    expect(got).toMatchObject({ acquired: false, reason: 'too-late' });
  });
});
