import { describe, expect, it } from 'vitest';
import { isClockError } from '../core/index.ts';
import { fencingToken, type StoreIo } from '../lease/index.ts';
import type { PostgresClient } from './postgres-client.ts';
import { PostgresFence, postgresFenceSchema } from './postgres-fence.ts';
import { fencedUpdate } from './postgres-fenced-update.ts';

const io: StoreIo = { signal: new AbortController().signal };
const token = fencingToken(5);

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
    expect(tx.asked.map(([, values]) => values)).toEqual([['jobs', '5']]);
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

  it('throws when a later holder has written the row, or some of the rows', async () => {
    for (const row of [
      { updated: '0', matched: '1', highest: '9' },
      { updated: '1', matched: '2', highest: '9' },
    ]) {
      await expect(fencedUpdate(answering(row), update)).rejects.toThrow(/got 5n after 9.*TC_STALE_TOKEN/s);
    }
  });

  it.each([
    [{ key: {} }, 'primary key'],
    [{ key: { 'id" = 1 OR "id': 1 } }, 'the name of a column'],
    [{ set: { 'a b': 1 } }, 'the name of a column'],
    [{ table: 'a"b' }, 'the name of a table'],
    [{ fenceColumn: 'x--' }, 'the name of a column'],
    [{ token: 0n }, 'TC_INVALID_ARGUMENT'],
    [{ where: {} }, 'unknown option'],
  ])('refuses %o', async (part, message) => {
    await expect(fencedUpdate(answering(), { ...update, ...part } as never)).rejects.toThrow(message);
  });
});
