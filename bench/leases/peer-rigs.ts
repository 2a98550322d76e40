/**
 * The peers, as their documentation shows them: its clients, its defaults except the time to live, and the checks that it names.
 *
 * None of them mints a fencing token, so what they protect has no fence. A lock that is held by somebody else is asked for again, by the library
 * where it does that, else by us.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Announcements, Belief, Locker, LockerPlan, Rig, RigMaker } from '../../test/live/locker.ts';
import { etcdHistory, redisHistory } from '../../test/live/protected-stores.ts';

/** Between two attempts where the library makes none. */
const RETRY_MS = 50;

/** The peers, by what the table calls them. */
export const PEER_RIGS: Readonly<Record<string, RigMaker>> = {
  'redlock 4': (plan) => redisRig(plan, redlock4),
  'redlock 5': (plan) => redisRig(plan, redlock5),
  'redis-semaphore': (plan) => redisRig(plan, redisSemaphore),
  etcd3: async (plan) => {
    const { Etcd3 } = await import('etcd3');
    const client = new Etcd3({ hosts: plan.lockUrl });
    const store = etcdHistory({ url: plan.dataUrl, name: plan.name });
    return { store, locker: { acquire: (signal) => etcd3Lock(client, plan, signal) } };
  },
};

type RedisLocker = (redis: Redis, plan: LockerPlan) => Promise<Locker>;

async function redisRig(plan: LockerPlan, make: RedisLocker): Promise<Rig> {
  const redis = new Redis(plan.lockUrl);
  redis.on('error', () => undefined);
  return { store: await redisHistory({ url: plan.dataUrl, name: plan.name }), locker: await make(redis, plan) };
}

/** `lock`, then `extend` every third of the time to live, "as long as you never let it expire"; held until `expiration`. */
async function redlock4(redis: Redis, { name, ttlMs }: LockerPlan): Promise<Locker> {
  const { default: Redlock } = await import('redlock4');
  const redlock = new Redlock([redis]);
  redlock.on('clientError', () => undefined);
  return {
    acquire: async (_signal, announce) => {
      const lock = await redlock.lock(name, ttlMs);
      let failure: unknown;
      const renewing = setInterval(() => {
        lock.extend(ttlMs).catch((error: unknown) => {
          failure ??= error;
          announce.trouble(`extend: ${String(error)}`);
        });
      }, ttlMs / 3);
      return {
        check: () => {
          if (failure !== undefined) return ended('extension failed');
          return lock.expiration > Date.now() ? { ok: true } : ended('expired');
        },
        release: async () => {
          clearInterval(renewing);
          await lock.unlock().catch(() => undefined);
        },
      };
    },
  };
}

/** `using`: it extends by itself, and aborts its signal when that fails. */
async function redlock5(redis: Redis, { name, ttlMs }: LockerPlan): Promise<Locker> {
  const { default: Redlock } = await import('redlock5');
  const redlock = new Redlock([redis]);
  redlock.on('error', () => undefined);
  return {
    acquire: (_signal, announce) =>
      new Promise((resolve, reject) => {
        const running = redlock.using([name], ttlMs, (signal) => {
          return new Promise<void>((end) => {
            resolve({
              check: () => (signal.aborted ? ended('aborted') : { ok: true }),
              isAborted: () => signal.aborted,
              release: () => {
                end();
                return Promise.resolve();
              },
            });
          });
        });
        running.catch((error: unknown) => {
          announce.trouble(`using: ${String(error)}`);
          reject(error instanceof Error ? error : new Error(String(error)));
        });
      }),
  };
}

/** `Mutex`: it refreshes by itself at 0.8 of the time to live; held while `isAcquired`. */
async function redisSemaphore(redis: Redis, { name, ttlMs }: LockerPlan): Promise<Locker> {
  const { Mutex } = await import('redis-semaphore');
  return {
    acquire: async (_signal, announce: Announcements) => {
      const mutex = new Mutex(redis, name, {
        lockTimeout: ttlMs,
        onLockLost: (error) => announce.trouble(`lost: ${String(error)}`),
      });
      await mutex.acquire();
      return {
        check: () => (mutex.isAcquired ? { ok: true } : ended('not acquired')),
        release: async () => {
          await mutex.release().catch(() => undefined);
        },
      };
    },
  };
}

/** `lock(…).do(…)`: it keeps its etcd lease alive by itself, and has no way to tell of a loss. */
async function etcd3Lock(
  client: { lock: (name: string) => { ttl: (seconds: number) => { do: (act: () => Promise<void>) => Promise<void> } } },
  { name, ttlMs }: LockerPlan,
  signal: AbortSignal,
): Promise<Belief | undefined> {
  while (!signal.aborted) {
    const belief = await new Promise<Belief | undefined>((resolve) => {
      const act = (): Promise<void> =>
        new Promise((end) => {
          resolve({
            check: () => ({ ok: true }),
            release: () => {
              end();
              return Promise.resolve();
            },
          });
        });
      client
        .lock(name)
        .ttl(Math.ceil(ttlMs / 1000))
        .do(act)
        .catch(() => {
          resolve(undefined);
        });
    });
    if (belief !== undefined) return belief;
    await delay(RETRY_MS);
  }
  return undefined;
}

function ended(reason: string): { readonly ok: false; readonly reason: string; readonly isFinal: true } {
  return { ok: false, reason, isFinal: true };
}
