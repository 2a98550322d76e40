/* Never run: the compiler is the test. Each `@ts-expect-error` is a mistake that must not compile. */
import type pg from 'pg';
import { describe, expectTypeOf, it } from 'vitest';
import { acquire } from '../holder/index.ts';
import type { FencingToken } from '../lease/index.ts';
import { EtcdFence, EtcdLeaseStore } from './etcd.ts';
import { PostgresFence, PostgresLeaseStore } from './postgres.ts';
import { type RedisClient, RedisFence, RedisLeaseStore } from './redis.ts';

declare const pool: pg.Pool;
declare const redis: RedisClient;
const etcd = { endpoints: 'http://127.0.0.1:2379' };
const ttl = { ttlMs: 1000 };

describe('tokens of two counters', () => {
  it('are of two types by default, when the stores are of two kinds', () => {
    expectTypeOf(new PostgresLeaseStore(pool, { table: 'lease' }).domain).toEqualTypeOf<'postgres'>();
    expectTypeOf(new RedisLeaseStore(redis).domain).toEqualTypeOf<'redis'>();
    expectTypeOf(new EtcdLeaseStore(etcd).domain).toEqualTypeOf<'etcd'>();
  });

  it('are told apart by the domains that are given', () => {
    const orders = new PostgresLeaseStore(pool, { table: 'orders', domain: 'orders' });
    expectTypeOf(orders.domain).toEqualTypeOf<'orders'>();
    const options = { prefix: 'app:', domain: 'orders' } as const;
    expectTypeOf(new RedisLeaseStore(redis, options).domain).toEqualTypeOf<'orders'>();
    expectTypeOf(new EtcdLeaseStore({ ...etcd, domain: 'orders' }).domain).toEqualTypeOf<'orders'>();
  });

  it('do not meet at one fence', async () => {
    const orders = new PostgresLeaseStore(pool, { domain: 'orders' });
    const stocks = new PostgresLeaseStore(pool, { table: 'stocks', domain: 'stocks' });
    const fence = new PostgresFence<'orders'>(pool, { resource: 'orders' });
    const plain = new PostgresFence(pool, { resource: 'x' });
    const lease = await acquire(orders, 'x', { ...ttl, fences: [fence] });
    // @ts-expect-error the fence is of another counter's tokens
    await acquire(stocks, 'x', { ...ttl, fences: [fence] });
    // @ts-expect-error the fence is of the tokens of stores of its own kind, unless it is told
    await acquire(new RedisLeaseStore(redis), 'x', { ...ttl, fences: [plain] });
    if (!lease.acquired) return;
    expectTypeOf(lease.token).toEqualTypeOf<FencingToken<'orders'>>();
    await fence.transaction(pool, lease.token, (tx) => tx.query<{ id: number }>('SELECT 1 AS id'));
    // @ts-expect-error a token of one counter at the fence of another
    await new RedisFence(redis, { key: 'fence' }).set(lease.token, { key: 'x', value: 'y' });
    // @ts-expect-error a token of one counter at the fence of another
    await new EtcdFence({ ...etcd, key: 'fence' }).admit(lease.token, { writes: [] });
    await new RedisFence<'orders'>(redis, { key: 'fence' }).set(lease.token, { key: 'x', value: 'y' });
  });

  it('meet where both sides say nothing, within one kind', async () => {
    const fence = new PostgresFence(pool, { resource: 'x' });
    const lease = await acquire(new PostgresLeaseStore(pool), 'x', { ...ttl, fences: [fence] });
    if (lease.acquired) await fence.transaction(pool, lease.token, (tx) => tx.query<{ id: number }>('SELECT 1 AS id'));
  });
});

describe('a transaction behind a fence', () => {
  const fence = new PostgresFence(pool, { resource: 'x' });
  const token = {} as FencingToken<'postgres'>;

  it("hands out the pool's own client, and answers what the act does", () => {
    expectTypeOf(fence.transaction(pool, token, () => 5)).toEqualTypeOf<Promise<number>>();
    void fence.transaction(pool, token, (tx) => {
      expectTypeOf(tx).toEqualTypeOf<pg.PoolClient>();
    });
  });
});
