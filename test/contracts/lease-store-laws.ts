/**
 * The laws of a lease store, one by one, so that a broken store can be shown to break the one that it should
 * (`lease-store.broken.test.ts`).
 */
import { expect } from 'vitest';
import {
  ATTEMPTS_MAX,
  denialOf,
  grantOf,
  grantsOf,
  type Held,
  inTime,
  io,
  LONG_MS,
  mints,
  RACERS,
  takenOver,
  tryOnce,
  unique,
} from './lease-store-attempts.ts';
import { ENGINE_LAWS } from './lease-store-engine-laws.ts';
import { FENCE_LAWS } from './lease-store-fence-laws.ts';
import type { LeaseStoreHarness } from './lease-store.ts';

/** One law. */
export interface LeaseStoreLaw {
  readonly says: string;
  /** What the harness lacks to look at it; undefined when nothing. */
  readonly needs?: (harness: LeaseStoreHarness) => string | undefined;
  readonly holds: (harness: LeaseStoreHarness) => Promise<void>;
}

/** Names that an engine might trim, fold, split, quote or match as a pattern. */
const ODD_NAMES: readonly string[] = [
  'a',
  'A',
  ' a',
  'a ',
  'a/b',
  'a:b',
  '{a}b',
  'a*',
  'a?',
  'a%',
  'a_b',
  "a'b",
  'a"b',
  'a\\b',
  'a\nb',
  '$1',
  ':token',
  '__proto__',
  'é',
  'e\u0301',
  'ß',
  'ss',
  '日本',
  '🔒',
  'x'.repeat(255),
  'x'.repeat(256),
];

const GRANTING: readonly LeaseStoreLaw[] = [
  {
    says: 'grants what is free, and denies it to everybody else, with hints that are possible',
    holds: async ({ store, other }) => {
      const name = unique('grant');
      const held = await grantOf(store, name);
      for (const contender of [store, other]) {
        const denial = await denialOf(contender, name);
        if (denial.holderId !== undefined) expect(denial.holderId).toBe(held.holderId);
        if (denial.retryAfterMs !== undefined) {
          expect(denial.retryAfterMs).toBeGreaterThanOrEqual(0);
          expect(denial.retryAfterMs).toBeLessThanOrEqual(LONG_MS);
        }
        expect(denial.record === undefined).toBe(store.capabilities.expiry === 'server-ttl');
      }
    },
  },
  {
    says: 'grants to one of many who ask at once, round after round',
    holds: async ({ store, other }) => {
      const name = unique('race');
      let highest = 0n;
      for (let round = 0; round < 4; round += 1) {
        const asked = Array.from({ length: RACERS }, (_, at) => tryOnce(at % 2 === 0 ? store : other, name));
        const grants = grantsOf(await Promise.all(asked));
        expect(grants).toHaveLength(1);
        const [winner] = grants;
        if (mints(store)) expect(winner!.minted).toBeGreaterThan(highest);
        highest = winner!.minted;
        expect(await store.release(winner!, io)).toBe('released');
      }
    },
  },
  {
    says: 'gives one attempt one grant, however often it is delivered',
    holds: async ({ store, other }) => {
      const request = { name: unique('duplicate'), holderId: unique('holder'), ttlMs: LONG_MS };
      const first = await store.tryAcquire(request, io);
      const again = await other.tryAcquire(request, io);
      expect(first.status).toBe('granted');
      // To deny the copy is as good; to mint a second token for it is not.
      if (again.status === 'granted') expect(again.token).toBe((first as typeof again).token);
      const held = { ...request, ...(first.status === 'granted' ? { token: first.token! } : {}) };
      expect(await store.renew(held, { ttlMs: LONG_MS }, io)).toBe('renewed');
      await denialOf(other, request.name);
    },
  },
  {
    says: 'promises the whole time to live to an attempt that is repeated later, or denies it',
    holds: async (harness) => {
      const request = { name: unique('repeated'), holderId: unique('holder'), ttlMs: harness.shortMs };
      await harness.store.tryAcquire(request, io);
      const again = await harness.other.tryAcquire({ ...request, ttlMs: LONG_MS }, io);
      if (again.status === 'denied') return;
      await harness.pass(harness.shortMs * 3);
      await denialOf(harness.store, request.name);
    },
  },
  {
    says: 'keeps every name apart, whatever is in it, up to 256 characters',
    holds: async ({ store, other }) => {
      const prefix = unique('').slice(-8);
      const names = ODD_NAMES.flatMap((name) => [name, `${name}${prefix}`, `${prefix}${name}`]).filter(
        ({ length }) => length <= 256,
      );
      const held = [];
      for (const name of names) held.push(await grantOf(store, name));
      for (const name of names) await denialOf(other, name);
      for (const one of held) expect(await other.release(one, io)).toBe('released');
    },
  },
  {
    says: 'refuses a request that cannot be right, and grants nothing by it',
    holds: async ({ store }) => {
      const right = { name: unique('refused'), holderId: unique('holder'), ttlMs: LONG_MS };
      const wrong = [{ name: '' }, { name: 'x'.repeat(257) }, { name: 'a\0b' }, { holderId: '' }];
      const wrongTimes = [{ ttlMs: 0 }, { ttlMs: -1 }, { ttlMs: NaN }, { ttlMs: 0.5 }];
      for (const part of [...wrong, ...wrongTimes]) {
        await expect(store.tryAcquire({ ...right, ...part }, io), JSON.stringify(part)).rejects.toThrow(/\[TC_/);
      }
      await grantOf(store, right.name);
    },
  },
  {
    says: 'does nothing for a caller that has given up already',
    holds: async ({ store }) => {
      const name = unique('aborted');
      const aborted = { signal: AbortSignal.abort(new Error('given up')) };
      const request = { name, holderId: unique('holder'), ttlMs: LONG_MS };
      await expect(store.tryAcquire(request, aborted)).rejects.toThrow('given up');
      const held = await grantOf(store, name);
      await expect(store.renew(held, { ttlMs: LONG_MS }, aborted)).rejects.toThrow('given up');
      await expect(store.release(held, aborted)).rejects.toThrow('given up');
      await denialOf(store, name);
    },
  },
];

const RENEWING: readonly LeaseStoreLaw[] = [
  {
    says: 'extends by a renewal',
    holds: async (harness) => {
      const held = await inTime(harness, async (ttlMs) => {
        const short = await grantOf(harness.store, unique('renew'), ttlMs);
        const renewed = await harness.store.renew(short, { ttlMs: LONG_MS }, io);
        return renewed === 'renewed' ? { ...short, ttlMs } : 'too late';
      });
      await harness.pass(held.ttlMs * 2);
      const denial = await denialOf(harness.other, held.name);
      if (denial.record !== undefined) expect(denial.record.ttlMs).toBe(LONG_MS);
    },
  },
  {
    says: 'never shortens by a renewal what was promised before',
    holds: async (harness) => {
      const held = await grantOf(harness.store, unique('shorten'));
      expect(await harness.store.renew(held, { ttlMs: harness.shortMs }, io)).toBe('renewed');
      await harness.pass(harness.shortMs * 3);
      const denial = await denialOf(harness.other, held.name);
      if (denial.record !== undefined) expect(denial.record.ttlMs).toBe(LONG_MS);
      expect(await harness.store.renew(held, { ttlMs: LONG_MS }, io)).toBe('renewed');
    },
  },
  {
    says: 'renews for nobody but the same holder with the same token',
    holds: async ({ store, other }) => {
      const held = await grantOf(store, unique('stranger'));
      expect(await other.renew({ ...held, holderId: unique('holder') }, { ttlMs: LONG_MS }, io)).toBe('lost');
      if (mints(store)) {
        const guessed = { ...held, token: (held.minted + 1n) as typeof held.token & bigint };
        expect(await other.renew(guessed, { ttlMs: LONG_MS }, io)).toBe('lost');
      }
      expect(await store.renew({ ...held, name: unique('stranger') }, { ttlMs: LONG_MS }, io)).toBe('lost');
      expect(await other.renew(held, { ttlMs: LONG_MS }, io)).toBe('renewed');
    },
  },
  {
    says: 'revives nothing by a renewal that comes after the release',
    holds: async ({ store, other }) => {
      const held = await grantOf(store, unique('late'));
      expect(await store.release(held, io)).toBe('released');
      expect(await store.renew(held, { ttlMs: LONG_MS }, io)).toBe('lost');
      const next = await grantOf(other, held.name);
      expect(await store.renew(held, { ttlMs: LONG_MS }, io)).toBe('lost');
      expect(await other.renew(next, { ttlMs: LONG_MS }, io)).toBe('renewed');
    },
  },
  {
    says: 'renews a lease that has run out only while nobody else was granted it, and then denies it to others',
    holds: async (harness) => {
      const { store, other, shortMs } = harness;
      const held = await grantOf(store, unique('overdue'), shortMs);
      await harness.pass(shortMs * 2);
      const answer = await store.renew(held, { ttlMs: LONG_MS }, io);
      if (answer === 'renewed') await denialOf(other, held.name);
      else await takenOver(harness, other, { name: held.name });
    },
  },
];

const ENDING: readonly LeaseStoreLaw[] = [
  {
    says: 'grants again after a release, at once',
    holds: async ({ store, other }) => {
      const held = await grantOf(store, unique('release'));
      expect(await other.release(held, io)).toBe('released');
      const next = await grantOf(other, held.name);
      if (mints(store)) expect(next.minted).toBeGreaterThan(held.minted);
    },
  },
  {
    says: 'releases for nobody but the holder, and only once',
    holds: async ({ store, other }) => {
      const held = await grantOf(store, unique('strange release'));
      expect(await other.release({ ...held, holderId: unique('holder') }, io)).toBe('not-held');
      if (mints(store)) {
        const guessed = { ...held, token: (held.minted + 1n) as typeof held.token & bigint };
        expect(await other.release(guessed, io)).toBe('not-held');
      }
      await denialOf(other, held.name);
      expect(await store.release(held, io)).toBe('released');
      expect(await store.release(held, io)).toBe('not-held');
      const next = await grantOf(other, held.name);
      expect(await store.release(held, io)).toBe('not-held');
      expect(await other.renew(next, { ttlMs: LONG_MS }, io)).toBe('renewed');
      expect(await store.release({ name: unique('never'), holderId: unique('holder') }, io)).toBe('not-held');
    },
  },
  {
    says: 'releases an attempt whose answer never came, by its holder alone',
    holds: async ({ store, other }) => {
      const { name, holderId } = await grantOf(store, unique('unanswered'));
      expect(await store.release({ name, holderId }, io)).toBe('released');
      await grantOf(other, name);
    },
  },
  {
    says: 'grants to the next after a lease has run out, not before, with a higher token',
    holds: async (harness) => {
      const { store, other, shortMs } = harness;
      const sentMs = harness.nowMs();
      const held = await grantOf(store, unique('expiry'), shortMs);
      const next = await takenOver(harness, other, { name: held.name });
      const passedMs = harness.nowMs() - sentMs;
      expect(passedMs).toBeGreaterThanOrEqual(shortMs * 0.95 - store.capabilities.granterGranularityMs);
      if (mints(store)) expect(next.minted).toBeGreaterThan(held.minted);
      expect(await store.renew(held, { ttlMs: LONG_MS }, io)).toBe('lost');
      expect(await store.release(held, io)).toBe('not-held');
      await denialOf(store, held.name);
    },
  },
  {
    says: 'grants what has run out to one of many who wait for it',
    needs: ({ store }) => (store.capabilities.expiry === 'server-ttl' ? undefined : 'is taken over by its version'),
    holds: async (harness) => {
      const { store, other, shortMs } = harness;
      const { name } = await grantOf(store, unique('waited for'), shortMs);
      let grants: Held[] = [];
      for (let round = 0; round < ATTEMPTS_MAX && grants.length === 0; round += 1) {
        const asked = Array.from({ length: RACERS }, (_, at) => tryOnce(at % 2 === 0 ? store : other, name));
        grants = grantsOf(await Promise.all(asked));
        await harness.pass(shortMs / 20);
      }
      expect(grants).toHaveLength(1);
    },
  },
  {
    says: 'mints tokens that only grow, over releases, expiries and takeovers',
    needs: ({ store }) => (mints(store) ? undefined : 'mints no tokens'),
    holds: async (harness) => {
      const name = unique('tokens');
      const minted: bigint[] = [];
      for (let turn = 0; turn < 6; turn += 1) {
        const client = turn % 2 === 0 ? harness.store : harness.other;
        const expires = turn % 3 === 2;
        const held = await takenOver(harness, client, { name, ttlMs: expires ? harness.shortMs : LONG_MS });
        minted.push(held.minted);
        if (!expires) await client.release(held, io);
      }
      for (let at = 1; at < minted.length; at += 1) expect(minted[at]).toBeGreaterThan(minted[at - 1]!);
    },
  },
];

/** Every law. */
export const LEASE_STORE_LAWS: readonly LeaseStoreLaw[] = [
  ...GRANTING,
  ...RENEWING,
  ...ENDING,
  ...ENGINE_LAWS,
  ...FENCE_LAWS,
];
