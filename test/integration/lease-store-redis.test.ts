/**
 * The Redis store and fence against a real Redis, through both client libraries: the contract of every store, and what Redis alone does:
 * it lives by the wall clock, forgets without an append-only file, and clients queue for it.
 */
import { setMaxListeners } from 'node:events';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fencingToken, type GrantRef } from '../../src/lease/index.ts';
import { type RedisClient, RedisFence, RedisLeaseStore } from '../../src/stores/redis.ts';
import { io } from '../contracts/lease-store-attempts.ts';
import { describeLeaseStore, type FenceUnderTest, type LeaseStoreHarness } from '../contracts/lease-store.ts';
import { describeWithServers } from '../servers/availability.ts';
import { FakeWallClock } from '../servers/fake-time.ts';
import { startRedis } from '../servers/redis-server.ts';
import type { Server } from '../servers/server.ts';
import { until } from './until.ts';

// Many racers listen to the one signal that nobody aborts.
setMaxListeners(0, io.signal);

/** A client, and how to end it. */
interface Connected {
  readonly client: RedisClient;
  /** Any command, for what an operator would do. */
  command(...args: string[]): Promise<unknown>;
  close(): void;
}

async function nodeRedis(url: string): Promise<Connected> {
  const client = createClient({ url, disableOfflineQueue: true });
  // A restart of the server is an error of the connection, which is made again.
  client.on('error', () => undefined);
  await client.connect();
  return { client, command: (...args) => client.sendCommand(args), close: () => client.destroy() };
}

async function ioRedis(url: string): Promise<Connected> {
  const client = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    autoResendUnfulfilledCommands: false,
    commandTimeout: 10_000,
    retryStrategy: () => 50,
  });
  client.on('error', () => undefined);
  await client.connect();
  return {
    client,
    command: (name = '', ...args) => client.call(name, ...args),
    close: () => client.disconnect(),
  };
}

const LIBRARIES = { redis: nodeRedis, ioredis: ioRedis };

function fenceUnderTest(client: RedisClient, resource: string): FenceUnderTest {
  const fence = new RedisFence(client, { key: `fence:{${resource}}` });
  return {
    raise: (token) => fence.raise(fencingToken(token), io),
    write: async (token) => {
      const written = await fence.set(fencingToken(token), { key: `data:{${resource}}`, value: String(token) });
      return written.ok ? 'accepted' : 'stale';
    },
  };
}

/** Waits until a client answers again. */
async function answering({ command }: Connected): Promise<void> {
  await expect.poll(() => command('PING').catch(() => undefined), { timeout: 60_000 }).toBe('PONG');
}

async function harness(connect: (url: string) => Promise<Connected>): Promise<LeaseStoreHarness> {
  const wallClock = new FakeWallClock();
  const server = await startRedis({ wallClock });
  const [one, two] = [await connect(server.url), await connect(server.url)];
  return {
    store: new RedisLeaseStore(one.client),
    other: new RedisLeaseStore(two.client),
    shortMs: 200,
    nowMs: () => performance.now(),
    pass: (ms) => delay(ms),
    restart: async () => {
      await server.kill();
      await server.restart();
      await Promise.all([answering(one), answering(two)]);
    },
    stepServerClock: async (byMs) => {
      wallClock.setOffset(wallClock.offsetMs + byMs);
      // Between two turns of its loop the server keeps a time that it has read before.
      await one.command('PING');
    },
    fence: (resource) => fenceUnderTest(two.client, resource),
    close: async () => {
      one.close();
      two.close();
      await server.stop();
      wallClock[Symbol.dispose]();
    },
  };
}

async function grantOf(store: RedisLeaseStore, name: string, holderId: string, ttlMs = 30_000): Promise<GrantRef> {
  const answer = await store.tryAcquire({ name, holderId, ttlMs }, io);
  if (answer.status === 'denied') throw new Error(`${name} is held`);
  return { name, holderId, token: answer.token! };
}

describeWithServers('leases in Redis', ['redis-server', 'cc'], () => {
  for (const [library, connect] of Object.entries(LIBRARIES)) {
    describeLeaseStore(`redis, through ${library}`, () => harness(connect));
  }

  for (const [library, connect] of Object.entries(LIBRARIES)) {
    describe(`beyond the contract, through ${library}`, () => {
      let server: Server;
      let wallClock: FakeWallClock;
      let redis: Connected;
      let store: RedisLeaseStore;

      beforeAll(async () => {
        wallClock = new FakeWallClock();
        server = await startRedis({ wallClock });
        redis = await connect(server.url);
        store = new RedisLeaseStore(redis.client);
      });

      afterAll(async () => {
        redis?.close();
        await server?.stop();
        wallClock[Symbol.dispose]();
      });

      it('frees a lease of 30 s when the wall clock of the server steps by 31 s, and its fence refuses who held it', async () => {
        const fence = new RedisFence<string>(redis.client, { key: 'fence:{step}' });
        const first = await grantOf(store, 'step', 'first');
        const write = { key: 'data:{step}', value: 'first' };
        expect(await fence.raise(first.token!, io)).toBe('raised');
        expect((await fence.set(first.token!, write)).ok).toBe(true);
        wallClock.setOffset(wallClock.offsetMs + 31_000);
        const second = await grantOf(store, 'step', 'second');
        expect(second.token).toBeGreaterThan(first.token!);
        // No time has passed for the first holder: by its own clock it holds for 29 s more. Only the fence stops it.
        expect(await fence.raise(second.token!, io)).toBe('raised');
        expect(await fence.set(first.token!, { ...write, value: 'stale' })).toEqual({
          ok: false,
          reason: 'stale',
          highest: second.token,
        });
        expect(await redis.command('GET', 'data:{step}')).toBe('first');
        expect(await store.renew(first, { ttlMs: 30_000 }, io)).toBe('lost');
      });

      it('has lost a lease whose key was deleted or written by others, and mints a higher token after it', async () => {
        const held = await grantOf(store, 'flushed', 'a');
        await redis.command('DEL', 'truechimer:lease:{flushed}');
        expect(await store.renew(held, { ttlMs: 30_000 }, io)).toBe('lost');
        await redis.command('SET', 'truechimer:lease:{flushed}', 'something else');
        expect(await store.tryAcquire({ name: 'flushed', holderId: 'b', ttlMs: 1000 }, io)).toEqual({
          status: 'denied',
        });
        expect(await store.release(held, io)).toBe('not-held');
        await redis.command('DEL', 'truechimer:lease:{flushed}');
        expect((await grantOf(store, 'flushed', 'b')).token).toBeGreaterThan(held.token!);
      });

      it('mints tokens beyond 2^53 exactly, and none beyond 63 bits', async () => {
        await redis.command('SET', 'truechimer:token:{large}', (2n ** 53n).toString());
        const held = await grantOf(store, 'large', 'a');
        expect(held.token).toBe(2n ** 53n + 1n);
        expect(await store.renew(held, { ttlMs: 30_000 }, io)).toBe('renewed');
        expect(await store.release(held, io)).toBe('released');
        await redis.command('SET', 'truechimer:token:{large}', (2n ** 63n - 1n).toString());
        await expect(grantOf(store, 'large', 'b')).rejects.toThrow('overflow');
        expect(await redis.command('EXISTS', 'truechimer:lease:{large}')).toBe(0);
      });

      it('keeps both keys of a name in one slot of a cluster, whatever the name', async () => {
        for (const name of ['plain', '}', '{', '{}', '}{x', 'a{b}c', '%7D']) {
          await grantOf(store, name, 'a', 60_000);
        }
        const [cursor, keys] = (await redis.command('SCAN', '0', 'MATCH', 'truechimer:*', 'COUNT', '10000')) as [
          string,
          string[],
        ];
        expect(cursor).toBe('0');
        for (const key of keys) {
          // The server's rule: from the first brace to the next closing one, and all of the key when that is nothing.
          const tag = /\{([^}]+)\}/.exec(key)?.[1];
          expect(tag, key).toBe(key.slice(key.indexOf('{') + 1, -1));
        }
        expect(keys.filter((key) => key.startsWith('truechimer:lease:{%')).length).toBeGreaterThan(0);
      });

      it('runs your script in the same step as the comparison, with your keys and arguments', async () => {
        const fence = new RedisFence(redis.client, { key: 'fence:{script}' });
        const lua = `redis.call('RPUSH', KEYS[1], ARGV[1]) return redis.call('LRANGE', KEYS[1], 0, -1)`;
        const effect = { lua, keys: ['list:{script}'] };
        expect(await fence.admit(fencingToken(7n), { ...effect, args: ['seven'] })).toEqual({
          ok: true,
          value: ['seven'],
        });
        expect(await fence.admit(fencingToken(6n), { ...effect, args: ['six'] })).toMatchObject({ highest: 7n });
        const noResult = await fence.admit(fencingToken(8n), { lua: '-- a comment at the end' });
        expect(noResult).toEqual({ ok: true, value: undefined });
        expect(await redis.command('LRANGE', 'list:{script}', '0', '-1')).toEqual(['seven']);
        await expect(fence.admit(fencingToken(9n), { lua: `return redis.call('NO SUCH')` })).rejects.toThrow();
        await redis.command('SET', 'fence:{script}', 'nonsense');
        await expect(fence.raise(fencingToken(10n), io)).rejects.toThrow('the fence holds no token');
      });
    });
  }

  it('works for a user who may do no more than the documentation says', async () => {
    await using server = await startRedis();
    const admin = await nodeRedis(server.url);
    const rights = '+eval +get +set +incr +del +pttl +pexpire'.split(' ');
    await admin.command('ACL', 'SETUSER', 'worker', 'on', '>secret', '~truechimer:*', '~fence:*', '~data:*', ...rights);
    const worker = createClient({ url: server.url, username: 'worker', password: 'secret' });
    await worker.connect();
    const store = new RedisLeaseStore(worker);
    const held = await grantOf(store, 'acl', 'a');
    expect(await store.renew(held, { ttlMs: 60_000 }, io)).toBe('renewed');
    const fence = new RedisFence<string>(worker, { key: 'fence:acl' });
    expect(await fence.set(held.token!, { key: 'data:acl', value: '1' })).toEqual({ ok: true, value: 'OK' });
    expect(await store.release(held, io)).toBe('released');
    await expect(
      new RedisLeaseStore(worker, { prefix: 'other:' }).tryAcquire({ ...held, ttlMs: 1000 }, io),
    ).rejects.toThrow(/permission/i);
    worker.destroy();
    admin.close();
  });

  it('forgets grants and tokens when it is restarted without an append-only file, as its documentation says', async () => {
    await using server = await startRedis({ durable: false });
    const redis = await nodeRedis(server.url);
    const store = new RedisLeaseStore(redis.client);
    const first = await grantOf(store, 'forgotten', 'first');
    await store.release(first, io);
    const second = await grantOf(store, 'forgotten', 'second');
    await server.kill();
    await server.restart();
    await answering(redis);
    const third = await grantOf(store, 'forgotten', 'third');
    expect(third.token).toBeLessThan(second.token!);
    // The remedy: what a fence has seen, put back by hand.
    await store.release(third, io);
    await redis.command('SET', 'truechimer:token:{forgotten}', String(second.token));
    expect((await grantOf(store, 'forgotten', 'fourth')).token).toBeGreaterThan(second.token!);
    redis.close();
  });

  it('takes a queued acquisition back, where the client can, when nobody waits for it any more', async () => {
    await using server = await startRedis();
    const client = createClient({ url: server.url });
    client.on('error', () => undefined);
    await client.connect();
    await server.kill();
    await until(() => !client.isReady);
    const controller = new AbortController();
    const store = new RedisLeaseStore(client);
    const attempt = store.tryAcquire({ name: 'queued', holderId: 'ghost', ttlMs: 60_000 }, controller);
    controller.abort(new Error('nobody waits'));
    await expect(attempt).rejects.toThrow('nobody waits');
    await server.restart();
    await until(() => client.isReady);
    expect(await client.exists('truechimer:lease:{queued}')).toBe(0);
    client.destroy();
  });
});
