/**
 * The protected stores as a contender writes to them: an append-only history in the engine itself, with a fence and without.
 */
import pg from 'pg';
import { createClient } from 'redis';
import { type Fence, fencingToken } from 'truechimer/lease';
import { EtcdFence } from 'truechimer/stores/etcd';
import { PostgresFence } from 'truechimer/stores/postgres';
import { RedisFence } from 'truechimer/stores/redis';
import { randomUUID } from 'node:crypto';
import type { ProtectedStore } from './locker.ts';

/** A write that gets no answer in this time may have been done or not. */
const WRITE_MAX_MS = 5000;

/** A protected store, and its fence for `acquire`. */
export interface FencedStore extends ProtectedStore {
  readonly fence: Fence;
}

/** Where a history is. */
export interface HistoryPlace {
  readonly url: string;
  readonly name: string;
}

/** The table of histories, made by whoever starts the server. */
export const HISTORY_TABLE = 'CREATE TABLE IF NOT EXISTS live_history (id bigserial, name text, entry text)';

/** In a table, behind a fence that is compared in the transaction of the write. */
export function postgresHistory({ url, name }: HistoryPlace): FencedStore {
  const pool = new pg.Pool({
    connectionString: url,
    connectionTimeoutMillis: WRITE_MAX_MS,
    query_timeout: WRITE_MAX_MS,
  });
  pool.on('error', () => undefined);
  // A client that is in use tells its own listeners only.
  pool.on('connect', (client) => client.on('error', () => undefined));
  const fence = new PostgresFence(pool, { resource: name });
  const write: ProtectedStore['write'] = async (entry, token) => {
    const client = await pool.connect();
    let isBroken = true;
    try {
      await client.query('BEGIN');
      if (token !== undefined) await fence.admit(client, fencingToken(token));
      await client.query('INSERT INTO live_history (name, entry) VALUES ($1, $2)', [name, entry]);
      await client.query('COMMIT');
      isBroken = false;
      return 'accepted';
    } catch (error) {
      if ((error as { readonly code?: unknown }).code !== 'TC_STALE_TOKEN') throw error;
      await client.query('ROLLBACK');
      isBroken = false;
      return 'stale';
    } finally {
      client.release(isBroken);
    }
  };
  return { fence, write };
}

/** In a list, behind a fence that is compared in the script of the write. */
export async function redisHistory({ url, name }: HistoryPlace): Promise<FencedStore> {
  const client = createClient({ url, disableOfflineQueue: true });
  client.on('error', () => undefined);
  await client.connect();
  const fence = new RedisFence(client, { key: `fence:{${name}}` });
  const key = `history:{${name}}`;
  const write: ProtectedStore['write'] = async (entry, token) => {
    if (token === undefined) {
      await client.rPush(key, entry);
      return 'accepted';
    }
    const lua = `return redis.call('RPUSH', KEYS[1], ARGV[1])`;
    const signal = AbortSignal.timeout(WRITE_MAX_MS);
    const answer = await fence.admit(fencingToken(token), { lua, keys: [key], args: [entry], signal });
    return answer.ok ? 'accepted' : 'stale';
  };
  return { fence, write };
}

/** One key for each entry, behind a fence that is compared in the transaction of the write. */
export function etcdHistory({ url, name }: HistoryPlace): FencedStore {
  const fence = new EtcdFence({ endpoints: url, key: `fences/${name}` });
  const write: ProtectedStore['write'] = async (entry, token) => {
    const key = `history/${name}/${randomUUID()}`;
    const signal = AbortSignal.timeout(WRITE_MAX_MS);
    if (token === undefined) {
      await etcdCall({ url, path: '/v3/kv/put', signal }, { key: base64(key), value: base64(entry) });
      return 'accepted';
    }
    const answer = await fence.admit(fencingToken(token), { writes: [{ put: key, value: entry }], signal });
    return answer.ok ? 'accepted' : 'stale';
  };
  return { fence, write };
}

/** One request to etcd's gateway, apart from the code under test. */
export async function etcdCall(
  { url, path, signal }: { readonly url: string; readonly path: string; readonly signal?: AbortSignal },
  body: object,
): Promise<unknown> {
  const init = { method: 'POST', body: JSON.stringify(body), signal: signal ?? AbortSignal.timeout(WRITE_MAX_MS) };
  const response = await fetch(`${url}${path}`, init);
  if (!response.ok) throw new Error(`etcd ${path}: ${response.status}`);
  return response.json();
}

/** As etcd's gateway wants keys and values. */
export function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
