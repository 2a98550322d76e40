/**
 * The laws of a lease store that only some engines can show: of records that contenders watch, of restarts and of clocks.
 */
import { expect } from 'vitest';
import { denialOf, grantOf, grantsOf, io, LONG_MS, mints, RACERS, tryOnce, unique } from './lease-store-attempts.ts';
import type { LeaseStoreLaw } from './lease-store-laws.ts';

const OBSERVING: readonly LeaseStoreLaw[] = [
  {
    says: 'lets a contender take over the version that it has watched, and no other; a renewal in between wins',
    needs: ({ store }) => (store.capabilities.expiry === 'observer' ? undefined : 'counts the time to live by itself'),
    holds: async ({ store, other }) => {
      const held = await grantOf(store, unique('takeover'));
      const watched = (await denialOf(other, held.name)).record!;
      expect((await denialOf(other, held.name)).record).toEqual(watched);
      expect(await store.renew(held, { ttlMs: LONG_MS }, io)).toBe('renewed');
      const refused = await tryOnce(other, held.name, LONG_MS, watched);
      if (!('status' in refused)) throw new Error('a version that was renewed since was taken over');
      expect(refused.record!.version).not.toBe(watched.version);
      const racers = Array.from({ length: RACERS }, (_, at) =>
        tryOnce(at % 2 === 0 ? store : other, held.name, LONG_MS, refused.record),
      );
      const grants = grantsOf(await Promise.all(racers));
      expect(grants).toHaveLength(1);
      expect(await store.renew(held, { ttlMs: LONG_MS }, io)).toBe('lost');
    },
  },
  {
    says: 'never gives a version twice, over release and grant',
    needs: ({ store }) => (store.capabilities.expiry === 'observer' ? undefined : 'counts the time to live by itself'),
    holds: async ({ store, other }) => {
      const name = unique('versions');
      const versions = new Set<string>();
      for (let turn = 0; turn < 5; turn += 1) {
        const held = await grantOf(store, name);
        versions.add((await denialOf(other, name)).record!.version);
        await store.renew(held, { ttlMs: LONG_MS }, io);
        versions.add((await denialOf(other, name)).record!.version);
        await store.release(held, io);
      }
      expect(versions.size).toBe(10);
    },
  },
  {
    says: 'keeps the latest expiry by UTC while the same holder holds, and forgets it with the next',
    needs: ({ store }) => (store.capabilities.expiry === 'observer' ? undefined : 'shows no record'),
    holds: async ({ store, other }) => {
      const name = unique('utc');
      const request = { name, holderId: unique('holder'), ttlMs: LONG_MS, utcExpiryMs: 1_800_000_060_000 };
      const granted = await store.tryAcquire(request, io);
      if (granted.status !== 'granted') throw new Error('should be free');
      const held = { name, holderId: request.holderId, ...(mints(store) ? { token: granted.token! } : {}) };
      const shown = async (): Promise<number | undefined> => (await denialOf(other, name)).record!.utcExpiryMs;
      expect(await shown()).toBe(1_800_000_060_000);
      for (const utcExpiryMs of [1_800_000_090_000, 1_800_000_070_000]) {
        expect(await store.renew(held, { ttlMs: LONG_MS, utcExpiryMs }, io)).toBe('renewed');
        expect(await shown()).toBe(1_800_000_090_000);
      }
      await store.release(held, io);
      await grantOf(other, name);
      expect(await shown()).toBeUndefined();
    },
  },
];

const ENGINE: readonly LeaseStoreLaw[] = [
  {
    says: 'keeps leases and the order of tokens over a restart of the engine',
    needs: ({ restart }) => (restart === undefined ? 'the harness cannot restart it' : undefined),
    holds: async (harness) => {
      const kept = await grantOf(harness.store, unique('restart'));
      const freed = await grantOf(harness.store, unique('restart'));
      await harness.store.release(freed, io);
      await harness.restart!();
      await denialOf(harness.other, kept.name);
      expect(await harness.store.renew(kept, { ttlMs: LONG_MS }, io)).toBe('renewed');
      const next = await grantOf(harness.other, freed.name);
      if (mints(harness.store)) expect(next.minted).toBeGreaterThan(freed.minted);
      await harness.store.release(kept, io);
      const after = await grantOf(harness.other, kept.name);
      if (mints(harness.store)) expect(after.minted).toBeGreaterThan(kept.minted);
    },
  },
  {
    says: 'says truly whether a step of its wall clock frees a lease, and mints a higher token when it does',
    needs: ({ stepServerClock }) => (stepServerClock === undefined ? 'the harness cannot step its clock' : undefined),
    holds: async (harness) => {
      const { store, other } = harness;
      const held = await grantOf(store, unique('step'));
      await harness.stepServerClock!(-3_600_000);
      await denialOf(other, held.name);
      await harness.stepServerClock!(7_200_000);
      const after = await tryOnce(other, held.name);
      if (store.capabilities.granterClock !== 'wall') {
        expect('status' in after).toBe(true);
        expect(await store.renew(held, { ttlMs: LONG_MS }, io)).toBe('renewed');
        return;
      }
      if ('status' in after)
        throw new Error('a step of the wall clock did not free the lease: is the clock another one?');
      if (mints(store)) expect(after.minted).toBeGreaterThan(held.minted);
      expect(await store.renew(held, { ttlMs: LONG_MS }, io)).toBe('lost');
    },
  },
];

/** Laws of records that contenders watch, of restarts, and of clocks. */
export const ENGINE_LAWS: readonly LeaseStoreLaw[] = [...OBSERVING, ...ENGINE];
