/**
 * The real engines as the harness uses them: started, read without a fence, and laid hands on as a careless operator would.
 */
import pg from 'pg';
import { createClient } from 'redis';
import { startEtcd } from '../servers/etcd-server.ts';
import { startPostgres } from '../servers/postgres-server.ts';
import { startRedis } from '../servers/redis-server.ts';
import type { BinaryName } from '../servers/server-binary.ts';
import type { Server } from '../servers/server.ts';
import { base64, etcdCall, HISTORY_TABLE } from './protected-stores.ts';
import type { HistoryEntry } from './record.ts';

export type EngineName = 'postgres' | 'etcd' | 'redis';

/** One engine that runs. */
export interface Engine extends AsyncDisposable {
  readonly engine: EngineName;
  readonly server: Server;
  /** The writes of one scenario, in the store's own order. */
  readonly history: (name: string) => Promise<readonly HistoryEntry[]>;
  /** Frees a lock behind its holder's back: the key is deleted; in PostgreSQL, whose rows are never deleted, it is made to expire. */
  readonly free: (key: string) => Promise<void>;
}

/** What each needs on the machine. */
export const ENGINE_BINARIES: Readonly<Record<EngineName, BinaryName>> = {
  postgres: 'postgres',
  etcd: 'etcd',
  redis: 'redis-server',
};

/** Where our stores keep a lease of this name. */
export function ourLockKey(engine: EngineName, name: string): string {
  return { postgres: name, etcd: `truechimer/lease/${name}`, redis: `truechimer:lease:{${name}}` }[engine];
}

/** Starts one. */
export async function startEngine(engine: EngineName): Promise<Engine> {
  if (engine === 'postgres') return startPostgresEngine();
  return engine === 'redis' ? startRedisEngine() : startEtcdEngine();
}

function parsed(texts: readonly string[]): readonly HistoryEntry[] {
  return texts.map((text) => JSON.parse(text) as HistoryEntry);
}

async function startPostgresEngine(): Promise<Engine> {
  const server = await startPostgres();
  const query = async (text: string, values: readonly unknown[] = []): Promise<readonly Record<string, string>[]> => {
    const client = new pg.Client({ connectionString: server.url });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<Record<string, string>>(text, [...values])).rows;
    } finally {
      await client.end();
    }
  };
  const { postgresFenceSchema, postgresLeaseSchema } = await import('truechimer/stores/postgres');
  for (const schema of [postgresLeaseSchema(), postgresFenceSchema(), HISTORY_TABLE]) await query(schema);
  return {
    engine: 'postgres',
    server,
    history: async (name) => {
      const rows = await query('SELECT entry FROM live_history WHERE name = $1 ORDER BY id', [name]);
      return parsed(rows.map((row) => row['entry'] ?? ''));
    },
    free: async (key) => {
      const sql = 'UPDATE truechimer_lease SET holder = NULL, expires_at = clock_timestamp() WHERE name = $1';
      await query(sql, [key]);
    },
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

async function startRedisEngine(): Promise<Engine> {
  const server = await startRedis();
  const connected = async () => {
    const client = createClient({ url: server.url });
    client.on('error', () => undefined);
    return client.connect();
  };
  return {
    engine: 'redis',
    server,
    history: async (name) => {
      const client = await connected();
      try {
        return parsed(await client.lRange(`history:{${name}}`, 0, -1));
      } finally {
        client.destroy();
      }
    },
    free: async (key) => {
      const client = await connected();
      await client.del(key).finally(() => client.destroy());
    },
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

async function startEtcdEngine(): Promise<Engine> {
  const server = await startEtcd();
  return {
    engine: 'etcd',
    server,
    history: async (name) => {
      const prefix = `history/${name}/`;
      const body = {
        key: base64(prefix),
        range_end: base64(`history/${name}0`), // '0' comes right after '/'
        sort_order: 'ASCEND',
        sort_target: 'CREATE',
      };
      const answer = (await etcdCall({ url: server.url, path: '/v3/kv/range' }, body)) as {
        readonly kvs?: readonly { readonly value: string }[];
      };
      return parsed((answer.kvs ?? []).map(({ value }) => Buffer.from(value, 'base64').toString()));
    },
    free: async (key) => {
      await etcdCall({ url: server.url, path: '/v3/kv/deleterange' }, { key: base64(key) });
    },
    [Symbol.asyncDispose]: () => server.stop(),
  };
}
