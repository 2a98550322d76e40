import type { Cluster, Redis } from 'ioredis';
import type { createClient, createClientPool, createCluster, createSentinel } from 'redis';
import { describe, expectTypeOf, it } from 'vitest';
import type { RedisClient } from './redis.ts';

describe('a Redis client', () => {
  it('may be any of node-redis', () => {
    expectTypeOf<ReturnType<typeof createClient>>().toExtend<RedisClient>();
    expectTypeOf<ReturnType<typeof createClientPool>>().toExtend<RedisClient>();
    expectTypeOf<ReturnType<typeof createCluster>>().toExtend<RedisClient>();
    expectTypeOf<ReturnType<typeof createSentinel>>().toExtend<RedisClient>();
  });

  it('may be any of ioredis', () => {
    expectTypeOf<Redis>().toExtend<RedisClient>();
    expectTypeOf<Cluster>().toExtend<RedisClient>();
  });

  it('may be a function, and nothing else', () => {
    expectTypeOf<(call: { readonly script: string }) => Promise<unknown>>().toExtend<RedisClient>();
    expectTypeOf<{ get(key: string): Promise<string> }>().not.toExtend<RedisClient>();
  });
});
