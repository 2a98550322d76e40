import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { isClockError } from '../core/index.ts';
import { fencingToken, type StoreIo } from '../lease/index.ts';
import type { PostgresClient } from './postgres-client.ts';
import { PostgresFence, postgresFenceSchema, type PostgresPool } from './postgres.ts';
import { fencedUpdate } from './postgres-fenced-update.ts';

const io: StoreIo = { signal: new AbortController().signal };
const token = fencingToken<'postgres'>(5);

/** Answers every statement with this row, or none. */
function answering(row?: Readonly<Record<string, unknown>>): PostgresClient & { readonly asked: unknown[][] } {
  const asked: unknown[][] = [];
  return {
    asked,
    query: (text, values) => {
      asked.push([text, values]);
      return Promise.resolve({ rows: row === undefined ? [] : [row] });
    },
  };
}

describe('a fence in PostgreSQL', () => {
  it('raises on its own client and admits on the transaction', async () => {
    const pool = answering({ raised: '5' });
    const tx = answering({ raised: '5' });
    const fence = new PostgresFence(pool, { resource: 'jobs' });
    expect(await fence.raise(token, io)).toBe('raised');
    await fence.admit(tx, token);
    expect(pool.asked.map(([, values]) => values)).toEqual([['jobs', '5']]);
    expect(tx.asked).toEqual([
      ['LOCK TABLE "truechimer_fence" IN ACCESS SHARE MODE', undefined],
      [expect.stringContaining('INSERT INTO'), ['jobs', '5']],
    ]);
  });

  it('admits nothing outside a transaction, where it would protect nothing', async () => {
    const fence = new PostgresFence(answering(), { resource: 'jobs' });
    const asked: string[] = [];
    const outside: PostgresClient = {
      query: (text) => {
        asked.push(text);
        return Promise.reject(Object.assign(new Error('LOCK TABLE can only be used …'), { code: '25P01' }));
      },
    };
    await expect(fence.admit(outside, token)).rejects.toThrow(
      /requires a client with a transaction open.*TC_INVALID_ARGUMENT/s,
    );
    expect(asked).toHaveLength(1);
    await expect(fence.admit(new pg.Pool(), token)).rejects.toThrow('got a pool');
    const broken: PostgresClient = { query: () => Promise.reject(new Error('gone')) };
    await expect(fence.admit(broken, token)).rejects.toThrow(/^gone$/);
  });

  it.each([
    [{ highest: '7' }, '7'],
    [undefined, undefined],
  ])('throws when a higher token has been seen: %o', async (row, highest) => {
    const fence = new PostgresFence(answering(row), { resource: 'jobs' });
    expect(await fence.raise(token, io)).toBe('stale');
    const error: unknown = await fence.admit(answering(row), token).catch((caught: unknown) => caught);
    expect(isClockError(error) && error.code).toBe('TC_STALE_TOKEN');
    expect(error).toMatchObject({ details: { resource: 'jobs', token: 5n, highest } });
    expect(String(error)).toContain(`got 5n after ${highest ?? 'a higher one'}. Roll back and stop`);
  });

  it('refuses what is no token, no transaction, no resource', async () => {
    const fence = new PostgresFence(answering(), { resource: 'jobs' });
    await expect(fence.admit(answering(), 0n as never)).rejects.toThrow('TC_INVALID_ARGUMENT');
    await expect(fence.admit(undefined as never, token)).rejects.toThrow('tx');
    for (const options of [
      undefined,
      {},
      { resource: '' },
      { resource: 'jobs', tabel: 'x' },
      { resource: 'a', table: '' },
    ]) {
      expect(() => new PostgresFence(answering(), options as never)).toThrow('TC_INVALID_ARGUMENT');
    }
    expect(() => postgresFenceSchema({ table: 'a;b' })).toThrow('TC_INVALID_ARGUMENT');
  });

  it('asks nothing for a caller that has given up', async () => {
    const client = answering({ raised: '5' });
    const signal = AbortSignal.abort(new Error('given up'));
    await expect(new PostgresFence(client, { resource: 'jobs' }).raise(token, { signal })).rejects.toThrow('given up');
    expect(client.asked).toEqual([]);
  });
});

describe('a fenced update', () => {
  const update = { table: 'app.Invoice', key: { id: 17 }, set: { state: 'sent' }, token };

  it('compares and writes in one statement, with every value a parameter', async () => {
    const client = answering({ updated: '1', matched: '1', highest: '5' });
    expect(await fencedUpdate(client, { ...update, fenceColumn: 'guard' })).toBe('updated');
    const [text, values] = client.asked[0]!;
    expect(text).toContain('UPDATE "app"."Invoice" SET "state" = $3, "guard" = $1::bigint');
    expect(text).toContain('WHERE "id" = $2 AND ("guard" IS NULL OR "guard" <= $1::bigint)');
    expect(values).toEqual(['5', 17, 'sent']);
  });

  it.each([
    [{ updated: '0', matched: '0', highest: null }, 'missing'],
    [undefined, 'missing'],
  ])('tells a row that is missing: %o', async (row, answer) => {
    expect(await fencedUpdate(answering(row), update)).toBe(answer);
  });

  it('throws when a later holder has written the row', async () => {
    const row = { updated: '0', matched: '1', highest: '9' };
    await expect(fencedUpdate(answering(row), update)).rejects.toThrow(/got 5n after 9.*TC_STALE_TOKEN/s);
  });

  it('throws when the key picks out more than one row', async () => {
    const row = { updated: '0', matched: '2', highest: '1' };
    await expect(fencedUpdate(answering(row), update)).rejects.toThrow(/more than one row.*TC_INVALID_ARGUMENT/s);
  });

  it.each([
    [{ key: {} }, 'primary key'],
    [{ key: { 'id" = 1 OR "id': 1 } }, 'the name of a column'],
    [{ set: { 'a b': 1 } }, 'the name of a column'],
    [{ table: 'a"b' }, 'the name of a table'],
    [{ fenceColumn: 'x--' }, 'the name of a column'],
    [{ token: 0n }, 'TC_INVALID_ARGUMENT'],
    [{ where: {} }, 'unknown option'],
    [{ set: { state: undefined } }, 'set.state: requires a value'],
    [{ key: { id: undefined } }, 'key.id: requires a value'],
    [{ key: { id: null } }, 'key.id: requires a value'],
  ])('refuses %o', async (part, message) => {
    await expect(fencedUpdate(answering(), { ...update, ...part } as never)).rejects.toThrow(message);
  });
});

/** A pool with one client that answers what it is scripted to, and tells how it was given back. */
function poolOf(answer: (text: string) => unknown): {
  readonly pool: PostgresPool;
  readonly asked: string[];
  readonly released: unknown[];
  readonly listeners: number[];
} {
  const asked: string[] = [];
  const released: unknown[] = [];
  const listeners = [0];
  const tx = {
    query: async (text: string) => {
      asked.push(text.split(' ')[0]!);
      return (await answer(text)) as { readonly rows: readonly unknown[] };
    },
    release: (destroy?: boolean) => {
      released.push(destroy);
    },
    on: () => listeners.push(listeners.at(-1)! + 1),
    off: () => listeners.push(listeners.at(-1)! - 1),
  };
  return { pool: { connect: () => Promise.resolve(tx) }, asked, released, listeners };
}

describe('a transaction behind a fence', () => {
  const fence = new PostgresFence(answering(), { resource: 'jobs' });
  const raised = { rows: [{ raised: '5' }] };

  it('begins, admits, acts, commits, and gives the connection back', async () => {
    const { pool, asked, released, listeners } = poolOf(() => raised);
    expect(await fence.transaction(pool, token, (tx) => tx.query('UPDATE x').then(() => 'done'))).toBe('done');
    expect(asked).toEqual(['BEGIN', 'WITH', 'UPDATE', 'COMMIT']);
    expect(released).toEqual([false]);
    expect(listeners).toEqual([0, 1, 0]);
  });

  it.each([
    ['BEGIN', 'no route'],
    ['WITH', 'no route'],
    ['COMMIT', 'no route'],
  ])('closes the connection when %s fails, and passes the error on', async (word, message) => {
    const { pool, released } = poolOf((text) => {
      if (text.startsWith(word)) throw new Error(message);
      return raised;
    });
    await expect(fence.transaction(pool, token, () => 1)).rejects.toThrow(message);
    expect(released).toEqual([true]);
  });

  it('does nothing when a later holder has been here, and closes the connection when the act throws', async () => {
    const stale = poolOf(() => ({ rows: [{ highest: '7' }] }));
    await expect(fence.transaction(stale.pool, token, () => expect.fail('acted'))).rejects.toThrow('TC_STALE_TOKEN');
    expect([stale.asked, stale.released]).toEqual([['BEGIN', 'WITH'], [true]]);
    const { pool, asked, released } = poolOf(() => raised);
    const act = (): Promise<never> => Promise.reject(new Error('no stock'));
    await expect(fence.transaction(pool, token, act)).rejects.toThrow('no stock');
    expect([asked, released]).toEqual([['BEGIN', 'WITH'], [true]]);
  });

  it('does not take a COMMIT that rolled back for one: the act passed over an error', async () => {
    const { pool, released } = poolOf((text) => ({ ...raised, command: text === 'COMMIT' ? 'ROLLBACK' : 'X' }));
    await expect(fence.transaction(pool, token, () => 1)).rejects.toThrow(/rolled back.*TC_INVALID_ARGUMENT/s);
    expect(released).toEqual([true]);
  });

  it('refuses what is no pool, no act, no token, before it connects', async () => {
    const { pool, asked } = poolOf(() => raised);
    await expect(fence.transaction(answering() as never, token, () => 1)).rejects.toThrow('requires a pool');
    await expect(fence.transaction(pool, token, undefined as never)).rejects.toThrow('requires a function');
    await expect(fence.transaction(pool, 0n as never, () => 1)).rejects.toThrow('fencingToken');
    expect(asked).toEqual([]);
  });
});
