/**
 * Our leases, connected as their documentation says.
 */
import pg from 'pg';
import { createClient } from 'redis';
import { acquire, type Fence, type LeaseStore } from 'truechimer/lease';
import { EtcdLeaseStore } from 'truechimer/stores/etcd';
import { PostgresLeaseStore } from 'truechimer/stores/postgres';
import { RedisLeaseStore } from 'truechimer/stores/redis';
import type { Announcements, Belief, Locker, LockerPlan, RigMaker } from './locker.ts';
import { etcdHistory, postgresHistory, redisHistory } from './protected-stores.ts';

/** A contender waits as long as its scenario lasts. */
const WAIT_MS = 600_000;

/** Refusals after which the same lease may be used again. */
const MENDING = new Set(['insufficient', 'suspended']);

/** Ours by store. */
export const OUR_RIGS: Readonly<Record<'postgres' | 'etcd' | 'redis', RigMaker>> = {
  postgres: (plan) => {
    // As documented: statements that are stuck end before a renewal is due again.
    const thirdMs = Math.ceil(plan.ttlMs / 3);
    const pool = new pg.Pool({
      connectionString: plan.lockUrl,
      connectionTimeoutMillis: thirdMs,
      query_timeout: thirdMs,
      statement_timeout: thirdMs,
      lock_timeout: thirdMs,
    });
    pool.on('error', () => undefined);
    const store = postgresHistory({ url: plan.dataUrl, name: plan.name });
    return { store, locker: lockerOf(new PostgresLeaseStore(pool), plan, store.fence) };
  },
  etcd: (plan) => {
    const store = etcdHistory({ url: plan.dataUrl, name: plan.name });
    return { store, locker: lockerOf(new EtcdLeaseStore({ endpoints: plan.lockUrl }), plan, store.fence) };
  },
  redis: async (plan) => {
    const client = createClient({ url: plan.lockUrl, disableOfflineQueue: true });
    client.on('error', () => undefined);
    await client.connect();
    const store = await redisHistory({ url: plan.dataUrl, name: plan.name });
    return { store, locker: lockerOf(new RedisLeaseStore(client), plan, store.fence) };
  },
};

function lockerOf(store: LeaseStore, plan: LockerPlan, fence: Fence): Locker {
  return {
    acquire: async (signal, announce) => {
      const lease = await acquire(store, plan.name, {
        ttlMs: plan.ttlMs,
        waitMs: WAIT_MS,
        signal,
        fences: [fence],
        on: listeners(announce),
      });
      if (!lease.acquired) return undefined;
      const belief: Belief = {
        ...(lease.token === undefined ? {} : { token: lease.token }),
        check: () => {
          const verdict = lease.check();
          if (verdict.ok) return { ok: true };
          return { ok: false, reason: verdict.reason, isFinal: !MENDING.has(verdict.reason) };
        },
        isAborted: () => lease.signal.aborted,
        release: async () => {
          await lease.release();
        },
      };
      return belief;
    },
  };
}

function listeners(announce: Announcements): object {
  return {
    acquired: (event: { readonly remainingMs: number }) => announce.granted(event.remainingMs),
    renewed: (event: { readonly remainingMs: number }) => announce.renewed(event.remainingMs),
    late: () => announce.trouble('late'),
    lost: (event: { readonly reason: string }) => announce.trouble(`lost: ${event.reason}`),
    trouble: (event: { readonly during: string; readonly error: unknown }) =>
      announce.trouble(`${event.during}: ${String(event.error)}`),
  };
}
