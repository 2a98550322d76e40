/**
 * Broken lease stores, one mistake each, made of the in-memory one: what the contract must notice.
 */
import type { SimClock } from 'truechimer/testing';
import type { LeaseStore } from '../../src/lease/index.ts';
import type { MemoryLeaseRecord, MemoryLeaseStoreOptions } from '../../src/stores/memory.ts';
import type { LeaseStoreHarness } from './lease-store.ts';

/** A sound store, and what breaking it needs. */
export interface Sound {
  readonly store: LeaseStore;
  readonly records: Map<string, MemoryLeaseRecord>;
  readonly clock: SimClock;
}

/** What kind of store is broken. */
export type Options = Omit<MemoryLeaseStoreOptions, 'clock'>;

/** One mistake. */
export interface Breakage {
  /** The beginning of the law that must notice. */
  readonly law: string;
  readonly what: string;
  readonly options?: Options;
  readonly change?: (sound: Sound) => Partial<LeaseStore>;
  readonly harness?: (sound: Sound) => Partial<LeaseStoreHarness>;
}

/** Changes a record behind the store's back. */
function edit({ records }: Sound, name: string, change: Partial<Record<keyof MemoryLeaseRecord, unknown>>): void {
  const record = records.get(name);
  if (record === undefined) return;
  records.set(name, { ...record, ...change } as MemoryLeaseRecord);
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const BREAKAGES: readonly Breakage[] = [
  {
    law: 'grants what is free',
    what: 'grants to everybody',
    change: (sound) => ({
      tryAcquire: (request, io) => {
        edit(sound, request.name, { holderId: undefined });
        return sound.store.tryAcquire(request, io);
      },
    }),
  },
  {
    law: 'grants to one of many',
    what: 'looks, and grants a turn later',
    change: (sound) => ({
      tryAcquire: async (request, io) => {
        if (sound.records.get(request.name)?.holderId !== undefined) return sound.store.tryAcquire(request, io);
        await turn();
        edit(sound, request.name, { holderId: undefined });
        return sound.store.tryAcquire(request, io);
      },
    }),
  },
  {
    law: 'gives one attempt one grant',
    what: 'mints a token for every copy of a request',
    change: (sound) => ({
      tryAcquire: (request, io) => {
        if (sound.records.get(request.name)?.holderId === request.holderId) {
          edit(sound, request.name, { holderId: undefined });
        }
        return sound.store.tryAcquire(request, io);
      },
    }),
  },
  {
    law: 'promises the whole time to live to an attempt',
    what: 'answers a copy with what is left of the first',
    change: (sound) => ({
      tryAcquire: async (request, io) => {
        const before = sound.records.get(request.name);
        const answer = await sound.store.tryAcquire(request, io);
        if (before?.holderId === request.holderId) sound.records.set(request.name, before);
        return answer;
      },
    }),
  },
  ...[
    { what: 'trims names', map: (name: string) => name.trim() },
    { what: 'folds case', map: (name: string) => name.toLowerCase() },
    { what: 'normalises names', map: (name: string) => name.normalize('NFC') },
    { what: 'cuts names off', map: (name: string) => name.slice(0, 255) },
    { what: 'takes % for a pattern', map: (name: string) => name.replace('%', '_b') },
  ].map(({ what, map }): Breakage => ({
    law: 'keeps every name apart',
    what,
    change: ({ store }) => ({
      tryAcquire: (request, io) => store.tryAcquire({ ...request, name: map(request.name) }, io),
      release: (grant, io) => store.release({ ...grant, name: map(grant.name) }, io),
    }),
  })),
  {
    law: 'refuses a request that cannot be right',
    what: 'rounds the time to live',
    change: ({ store }) => ({
      tryAcquire: (request, io) => store.tryAcquire({ ...request, ttlMs: Math.ceil(request.ttlMs) }, io),
    }),
  },
  {
    law: 'does nothing for a caller that has given up',
    what: 'never looks at the signal',
    change: ({ store }) => ({
      tryAcquire: (request) => store.tryAcquire(request, { signal: new AbortController().signal }),
    }),
  },
  {
    law: 'extends by a renewal',
    what: 'says renewed, and renews nothing',
    change: () => ({ renew: () => Promise.resolve('renewed') }),
  },
  {
    law: 'never shortens by a renewal',
    what: 'replaces the expiry',
    change: (sound) => ({
      renew: async (grant, request, io) => {
        const answer = await sound.store.renew(grant, request, io);
        edit(sound, grant.name, { expiresAtMs: sound.clock.port.monotonicMs() + request.ttlMs });
        return answer;
      },
    }),
  },
  {
    law: 'renews for nobody but the same holder',
    what: 'renews for anybody',
    change: (sound) => ({
      renew: (grant, request, io) =>
        sound.store.renew({ ...grant, holderId: `${sound.records.get(grant.name)?.holderId}` }, request, io),
    }),
  },
  {
    law: 'renews for nobody but the same holder',
    what: 'renews without looking at the token',
    change: (sound) => ({
      renew: (grant, request, io) =>
        sound.store.renew({ ...grant, token: sound.records.get(grant.name)?.counter as never }, request, io),
    }),
  },
  {
    law: 'revives nothing by a renewal',
    what: 'renews what was released',
    change: (sound) => ({
      renew: (grant, request, io) => {
        const record = sound.records.get(grant.name);
        if (record?.holderId === undefined) edit(sound, grant.name, { holderId: grant.holderId });
        return sound.store.renew(grant, request, io);
      },
    }),
  },
  {
    law: 'renews a lease that has run out only',
    what: 'says that it has renewed what it has let go',
    change: (sound) => ({
      renew: async (grant, request, io) => {
        const before = sound.records.get(grant.name);
        const answer = await sound.store.renew(grant, request, io);
        if (before !== undefined) sound.records.set(grant.name, before);
        return answer;
      },
    }),
  },
  {
    law: 'grants again after a release',
    what: 'forgets the counter with the release',
    change: (sound) => ({
      release: async (grant, io) => {
        const answer = await sound.store.release(grant, io);
        sound.records.delete(grant.name);
        return answer;
      },
    }),
  },
  {
    law: 'releases for nobody but the holder',
    what: 'releases for anybody',
    change: (sound) => ({
      release: (grant, io) =>
        sound.store.release({ ...grant, holderId: `${sound.records.get(grant.name)?.holderId}` }, io),
    }),
  },
  {
    law: 'releases for nobody but the holder',
    what: 'releases without looking at the token',
    change: ({ store }) => ({ release: ({ name, holderId }, io) => store.release({ name, holderId }, io) }),
  },
  {
    law: 'releases for nobody but the holder',
    what: 'says released to everybody',
    change: ({ store }) => ({
      release: async (grant, io) => {
        await store.release(grant, io);
        return 'released';
      },
    }),
  },
  {
    law: 'releases an attempt whose answer never came',
    what: 'wants the token',
    change: ({ store }) => ({
      release: (grant, io) => (grant.token === undefined ? Promise.resolve('not-held') : store.release(grant, io)),
    }),
  },
  {
    law: 'grants to the next after a lease has run out',
    what: 'lets go early',
    change: ({ store }) => ({
      tryAcquire: (request, io) => store.tryAcquire({ ...request, ttlMs: Math.ceil(request.ttlMs / 2) }, io),
    }),
  },
  {
    law: 'grants to the next after a lease has run out',
    what: 'keeps the token when a lease has run out',
    change: (sound) => ({
      tryAcquire: (request, io) => {
        const record = sound.records.get(request.name);
        if (record?.holderId !== undefined && sound.clock.port.monotonicMs() >= record.expiresAtMs) {
          edit(sound, request.name, { counter: record.counter - 1n });
        }
        return sound.store.tryAcquire(request, io);
      },
    }),
  },
  {
    law: 'grants what has run out to one of many',
    what: 'looks whether it has run out, and grants a turn later',
    change: (sound) => ({
      tryAcquire: async (request, io) => {
        const record = sound.records.get(request.name);
        const isDue = record !== undefined && sound.clock.port.monotonicMs() >= record.expiresAtMs;
        if (!isDue) return sound.store.tryAcquire(request, io);
        await turn();
        edit(sound, request.name, { holderId: undefined });
        return sound.store.tryAcquire(request, io);
      },
    }),
  },
  {
    law: 'mints tokens that only grow',
    what: 'counts in blocks, one for each client',
    change: ({ store }) => {
      let calls = 0n;
      return {
        tryAcquire: async (request, io) => {
          const answer = await store.tryAcquire(request, io);
          if (answer.status === 'denied') return answer;
          calls += 1n;
          return { ...answer, token: (calls + (calls % 2n) * 20n) as never };
        },
      };
    },
  },
  {
    law: 'lets a contender take over the version',
    what: 'takes over without comparing',
    options: { expiry: 'observer' },
    change: (sound) => ({
      tryAcquire: (request, io) => {
        const version = `${sound.records.get(request.name)?.version}`;
        return sound.store.tryAcquire(
          request.takeover === undefined ? request : { ...request, takeover: { version } },
          io,
        );
      },
    }),
  },
  {
    law: 'never gives a version twice',
    what: 'counts versions anew for each holder',
    options: { expiry: 'observer' },
    change: (sound) => ({
      release: async (grant, io) => {
        const answer = await sound.store.release(grant, io);
        edit(sound, grant.name, { version: 0n });
        return answer;
      },
    }),
  },
  {
    law: 'keeps the latest expiry by UTC',
    what: 'shows the last one',
    options: { expiry: 'observer' },
    change: (sound) => ({
      renew: async (grant, request, io) => {
        const answer = await sound.store.renew(grant, request, io);
        edit(sound, grant.name, { utcExpiryMs: request.utcExpiryMs });
        return answer;
      },
    }),
  },
  {
    law: 'keeps the latest expiry by UTC',
    what: 'leaves it for the next holder',
    options: { expiry: 'observer' },
    change: (sound) => ({
      tryAcquire: async (request, io) => {
        const answer = await sound.store.tryAcquire(request, io);
        if (answer.status === 'granted') edit(sound, request.name, { utcExpiryMs: 1_800_000_060_000 });
        return answer;
      },
    }),
  },
  {
    law: 'keeps leases and the order of tokens over a restart',
    what: 'has them in memory only',
    harness: ({ records }) => ({
      restart: () => {
        records.clear();
        return Promise.resolve();
      },
    }),
  },
  {
    law: 'says truly whether a step',
    what: 'counts by the wall clock and says that it does not',
    options: { granterClock: 'wall' },
    change: ({ store }) => ({ capabilities: { ...store.capabilities, granterClock: 'monotonic' } }),
  },
  {
    law: 'says truly whether a step',
    what: 'says that it counts by the wall clock, and does not',
    change: ({ store }) => ({ capabilities: { ...store.capabilities, granterClock: 'wall' } }),
  },
];

/** Mistakes of stores. */
export const STORE_BREAKAGES: readonly Breakage[] = [...BREAKAGES];
