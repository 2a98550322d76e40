import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { isClockError } from '../core/index.ts';
import { acquireLease } from './acquire-lease.ts';
import { never, runtimeOn, scene, ScriptedStore } from './lease.fixture.ts';
import { LEASE_TTL_MS_MAX } from './lease-options.ts';

async function errorOf(promise: Promise<unknown>): Promise<{ code: string; message: string }> {
  const error: unknown = await promise.then(
    () => new Error('it did not reject'),
    (reason: unknown) => reason,
  );
  if (isClockError(error)) return error;
  throw error;
}

const A_SENTENCE_AND_A_REMEDY = /^acquire.*[:,] .*\. [A-Z].*\. \[TC_|^acquire.*: .*\. [A-Z].* \[TC_/s;
const raise = (): Promise<'raised'> => Promise.resolve('raised');

describe('options that cannot be right', () => {
  it.each<[string, object]>([
    ['no ttlMs', { ttlMs: undefined }],
    ['ttlMs as text', { ttlMs: '30s' }],
    ['ttlMs NaN', { ttlMs: NaN }],
    ['ttlMs 0', { ttlMs: 0 }],
    ['ttlMs negative', { ttlMs: -1 }],
    ['ttlMs no whole number', { ttlMs: 1000.5 }],
    ['ttlMs more than stores keep', { ttlMs: LEASE_TTL_MS_MAX + 1 }],
    ['ttlMs an epoch', { ttlMs: 1_790_000_000_000 }],
    ['ttlMs that granularities eat up', { ttlMs: 10 }],
    ['waitMs misspelt', { waitMs: 'forever' }],
    ['waitMs endless', { waitMs: Infinity }],
    ['waitMs negative', { waitMs: -1 }],
    ['waitMs an epoch', { waitMs: 1_790_000_000_000 }],
    ['signal a controller', { signal: new AbortController() }],
    ['renew a boolean', { renew: true }],
    ['renew misspelt', { renew: 'automatic' }],
    ['maxHoldMs 0', { maxHoldMs: 0 }],
    ['maxHoldMs endless', { maxHoldMs: Infinity }],
    ['needsMs beyond the window', { needsMs: 30_000 }],
    ['needsMs all of the window', { needsMs: 29_405.93 }],
    ['needsMs beyond maxHoldMs', { needsMs: 2000, maxHoldMs: 1000 }],
    ['fences a fence', { fences: { name: 'orders', raise } }],
    ['fences of nothing', { fences: [undefined] }],
    ['fences without raise', { fences: [{ name: 'orders' }] }],
    ['too many fences', { fences: Array.from({ length: 65 }, () => ({ name: 'orders', raise })) }],
    ['timing misspelt', { timing: 'one percent' }],
    ['timing with a rate of 100 %', { timing: { holderRatePpm: 1e6 } }],
    ['timing with a wrong suspend', { timing: { suspend: false } }],
    ['utc no clock', { utc: Date }],
    ['utc where the store counts', { utc: { now: () => undefined } }],
    ['on a function', { on: () => undefined }],
    ['on with a misspelt event', { on: { losst: () => undefined } }],
    ['on with a listener that is none', { on: { lost: 'log' } }],
  ])('%s', async (_, options) => {
    const at = scene();
    const error = await errorOf(at.acquire(options));
    expect(error.message).toMatch(A_SENTENCE_AND_A_REMEDY);
    expect(at.store.calls).toHaveLength(0);
    expect(at.clock.node.timerCount).toBe(0);
  });

  it('fences for a store that mints nothing', async () => {
    const at = scene({ store: new ScriptedStore({ fencing: 'none' }) });
    const error = await errorOf(at.acquire({ fences: [{ name: 'orders', raise }] }));
    expect(error.message).toMatch(/requires a store that mints tokens.*scripted.*leave the fences out/);
  });

  it.each(['', 7, undefined, 'x'.repeat(257), 'a\0b', '\ud800'])('the name %j', async (name) => {
    const { runtime, store } = scene();
    const error = await errorOf(acquireLease({ runtime, store }, name as string, { ttlMs: 30_000 }));
    expect(error.message).toMatch(/^acquire name: requires 1 to 256 characters.*Pass a string/s);
  });

  it.each<[string, unknown, RegExp]>([
    ['undefined', undefined, /requires a lease store/],
    ['a client', { query: never }, /requires a lease store/],
    ['a class', ScriptedStore, /requires a lease store/],
    ['one without capabilities', { kind: 'mine', tryAcquire: never, renew: never, release: never }, /capabilities/],
  ])('the store %s', async (_, store, message) => {
    const { runtime } = scene();
    const error = await errorOf(acquireLease({ runtime, store: store as ScriptedStore }, 'job', { ttlMs: 30_000 }));
    expect(error.message).toMatch(message);
    expect(error.code).toBe('TC_INVALID_ARGUMENT');
  });

  it.each([{ granterGranularityMs: NaN }, { granterGranularityMs: -1 }, { expiry: 'server' }, { fencing: 'yes' }])(
    'a store with the capabilities %j',
    async (wrong) => {
      const at = scene();
      Object.assign(at.store.capabilities, wrong);
      expect((await errorOf(at.acquire())).message).toMatch(/capabilities.*Complete the adapter/);
    },
  );

  it('a clock that gives no numbers', async () => {
    const port = new ManualClock({ startMs: NaN });
    const error = await errorOf(
      acquireLease({ runtime: runtimeOn(port), store: new ScriptedStore() }, 'job', { ttlMs: 30_000 }),
    );
    expect(error.code).toBe('TC_NO_MONOTONIC_CLOCK');
  });
});

describe('what is settled', () => {
  it('granularities are never smaller than those of the clock and the store', async () => {
    const at = scene({ store: new ScriptedStore({ granterGranularityMs: 7 }) });
    const lease = await at.held({ timing: { holderGranularityMs: 0, granterGranularityMs: 2 } });
    expect(lease.check()).toMatchObject({
      assumptions: { holderGranularityMs: at.clock.port.granularity.monotonicMs, granterGranularityMs: 7 },
    });
    const another = await at.held({ timing: { granterGranularityMs: 9 } });
    expect(another.check()).toMatchObject({ assumptions: { granterGranularityMs: 9 } });
  });

  it('the largest time to live is taken', async () => {
    expect((await scene().held({ ttlMs: LEASE_TTL_MS_MAX })).state).toBe('held');
  });
});
