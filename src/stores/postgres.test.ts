import pg from 'pg';
import { describe, expect, it } from 'vitest';
import type { StoreIo } from '../lease/index.ts';
import { ABANDONED_ATTEMPTS_MAX } from './abandoned-attempts.ts';
import { POSTGRES_GENERATION_MAX, type PostgresClient, postgresLeaseSchema, PostgresLeaseStore } from './postgres.ts';
import { postgresStatements } from './postgres-statements.ts';

const io: StoreIo = { signal: new AbortController().signal };
const request = { name: 'jobs', holderId: 'a', ttlMs: 1000 };

/** Answers with rows, and keeps what it was asked. */
class Scripted implements PostgresClient {
  readonly asked: { readonly text: string; readonly values: unknown[] | undefined }[] = [];
  readonly #answers: (readonly unknown[] | Error)[];

  constructor(...answers: (readonly unknown[] | Error)[]) {
    this.#answers = answers;
  }

  query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly unknown[] }> {
    this.asked.push({ text, values });
    const answer = this.#answers.shift() ?? [];
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve({ rows: answer });
  }
}

describe('the statements of the PostgreSQL store', () => {
  it.each(['server-ttl', 'observer'] as const)('read the clock when they act, and count in the row: %s', (expiry) => {
    const { acquire, renew, release } = postgresStatements('lease', expiry);
    for (const text of [acquire, renew, release]) {
      expect(text).not.toMatch(
        /\bnow\s*\(|CURRENT_|LOCALTIME|statement_timestamp|transaction_timestamp|nextval|\bDELETE\b/i,
      );
      expect(text).not.toContain(';');
    }
    expect(acquire.includes('expires_at <= clock_timestamp()')).toBe(expiry === 'server-ttl');
  });

  it.each([
    ['lease', '"lease"'],
    ['Jobs.Lease_2$', '"Jobs"."Lease_2$"'],
  ])('name the table %s as %s', (table, quoted) => {
    expect(postgresLeaseSchema({ table })).toContain(`IF NOT EXISTS ${quoted} (`);
    expect(postgresStatements(table, 'observer').renew).toContain(`UPDATE ${quoted} SET`);
  });

  it.each(['', 'a.b.c', 'a"b', 'a b', "x'; DROP TABLE y --", '1a', 'x'.repeat(64), 'a.', 5])(
    'refuse %o for a table',
    (table) => {
      expect(() => new PostgresLeaseStore(new Scripted(), { table: table as string })).toThrow(
        'requires the name of a table',
      );
    },
  );
});

describe('the PostgreSQL store', () => {
  it('takes the clients of pg as they are', () => {
    const pool = new pg.Pool();
    const client = new pg.Client();
    for (const one of [pool, client]) expect(new PostgresLeaseStore(one).kind).toBe('postgres');
  });

  it('says what it is', () => {
    const client = new Scripted();
    const about = { consistency: 'single-node', fencing: 'atomic' };
    const store = new PostgresLeaseStore(client);
    expect(store.domain).toBe('postgres');
    expect(new PostgresLeaseStore(client, { domain: 'orders' }).domain).toBe('orders');
    expect(store.capabilities).toEqual({
      ...about,
      expiry: 'server-ttl',
      granterClock: 'wall',
      granterGranularityMs: 0.001,
    });
    expect(new PostgresLeaseStore(client, { expiry: 'observer' }).capabilities).toEqual({
      ...about,
      expiry: 'observer',
      granterClock: 'none',
      granterGranularityMs: 0,
    });
  });

  it('takes a token of any size, exactly', async () => {
    const client = new Scripted([{ token: '9223372036854775807' }]);
    const grant = await new PostgresLeaseStore(client).tryAcquire(request, io);
    expect(grant).toEqual({ status: 'granted', token: 2n ** 63n - 1n });
  });

  it('refuses columns that the client has not left as text, rather than round a token', async () => {
    const client = new Scripted([{ token: 2 ** 60 }]);
    await expect(new PostgresLeaseStore(client).tryAcquire(request, io)).rejects.toThrow('requires text');
  });

  it.each([
    [[], { status: 'denied' }],
    [[{ holder: 'b', rest_ms: '400.123', ttl_ms: '1000' }], { holderId: 'b', retryAfterMs: 400.123 }],
    [[{ holder: 'b', rest_ms: '-5', ttl_ms: '1000' }], { holderId: 'b', retryAfterMs: 0 }],
    [[{ holder: 'b', rest_ms: '3600000', ttl_ms: '1000' }], { holderId: 'b', retryAfterMs: 1000 }],
  ])('denies with what the row %o says', async (rows, denial) => {
    const store = new PostgresLeaseStore(new Scripted(rows));
    expect(await store.tryAcquire(request, io)).toEqual({ status: 'denied', ...denial });
  });

  it('shows an observer the record', async () => {
    const row = { holder: 'b', rest_ms: '400', version: '17', ttl_ms: '1000', utc_expiry_ms: '1800000000000.5' };
    const client = new Scripted([row], [{ ...row, utc_expiry_ms: null }]);
    const store = new PostgresLeaseStore(client, { expiry: 'observer' });
    const record = { version: '17', ttlMs: 1000 };
    expect(await store.tryAcquire(request, io)).toEqual({
      status: 'denied',
      holderId: 'b',
      record: { ...record, utcExpiryMs: 1_800_000_000_000.5 },
    });
    expect(await store.tryAcquire(request, io)).toEqual({ status: 'denied', holderId: 'b', record });
  });

  it('sends a version to take over only when it is one, and only where contenders decide', async () => {
    const client = new Scripted();
    const observer = new PostgresLeaseStore(client, { expiry: 'observer' });
    const versions = ['17', '', '-1', '1; x', '12345678901234567890'];
    for (const version of versions) await observer.tryAcquire({ ...request, takeover: { version } }, io);
    await new PostgresLeaseStore(client).tryAcquire({ ...request, takeover: { version: '17' } }, io);
    const sent = client.asked.map(({ values }) => values?.slice(5));
    expect(sent).toEqual([['17'], [null], [null], [null], [null], []]);
  });

  it('begins to count where its generation does', async () => {
    const client = new Scripted();
    for (const generation of [0, 3, POSTGRES_GENERATION_MAX]) {
      await new PostgresLeaseStore(client, { generation }).tryAcquire(request, io);
    }
    expect(client.asked.map(({ values }) => values?.[4])).toEqual(['0', '6597069766656', '9223369837831520256']);
    for (const generation of [-1, 0.5, NaN, POSTGRES_GENERATION_MAX + 1]) {
      expect(() => new PostgresLeaseStore(client, { generation })).toThrow('generation');
    }
  });

  it('passes on what the database throws: no information', async () => {
    const store = new PostgresLeaseStore(new Scripted(new Error('deadlock'), new Error('deadlock'), new Error('gone')));
    const grant = { name: 'jobs', holderId: 'a', token: 1n as never };
    await expect(store.tryAcquire(request, io)).rejects.toThrow('deadlock');
    await expect(store.renew(grant, { ttlMs: 1 }, io)).rejects.toThrow('deadlock');
    await expect(store.release(grant, io)).rejects.toThrow('gone');
  });

  it('leaves few attempts waiting in a client that does not answer, and goes on when it does', async () => {
    const waiting: ((error: Error) => void)[] = [];
    const client: PostgresClient = { query: () => new Promise((_resolve, reject) => waiting.push(reject)) };
    const store = new PostgresLeaseStore(client);
    const giveUp = async (name: string): Promise<unknown> => {
      const controller = new AbortController();
      const attempt = store.tryAcquire({ ...request, name }, controller).catch((error: unknown) => error);
      controller.abort(new Error('out of time'));
      return attempt;
    };
    for (let attempt = 0; attempt < ABANDONED_ATTEMPTS_MAX; attempt += 1) {
      expect(await giveUp('jobs')).toMatchObject({ message: 'out of time' });
    }
    await expect(store.tryAcquire(request, io)).rejects.toThrow(/still wait in the client.*query_timeout/s);
    expect(waiting).toHaveLength(ABANDONED_ATTEMPTS_MAX);
    await giveUp('another');
    expect(waiting).toHaveLength(ABANDONED_ATTEMPTS_MAX + 1);
    waiting[0]!(new Error('gone'));
    await Promise.resolve();
    await giveUp('jobs');
    expect(waiting).toHaveLength(ABANDONED_ATTEMPTS_MAX + 2);
    await expect(store.tryAcquire(request, io)).rejects.toThrow('still wait in the client');
  });

  it('sends attempts of one name beside each other while somebody waits for each', async () => {
    const client = new Scripted();
    const store = new PostgresLeaseStore(client);
    await Promise.all(Array.from({ length: 20 }, () => store.tryAcquire(request, io)));
    expect(client.asked).toHaveLength(20);
  });

  it('looks twice when the table is made at the same moment by somebody else', async () => {
    const client = new Scripted(
      new Error('duplicate key value violates unique constraint "pg_type_typname_nsp_index"'),
    );
    await new PostgresLeaseStore(client).setup();
    expect(client.asked).toHaveLength(2);
    const denied = new Error('permission denied');
    await expect(new PostgresLeaseStore(new Scripted(denied, denied)).setup()).rejects.toThrow('permission denied');
  });

  it.each([
    [undefined, {}, 'client'],
    ['postgres://localhost', {}, 'client'],
    [new Scripted(), { expires: 'observer' }, 'Did you mean expiry'],
    [new Scripted(), { expiry: 'ttl' }, "'server-ttl' or 'observer'"],
  ])('refuses %o with %o', (client, options, part) => {
    expect(() => new PostgresLeaseStore(client as never, options as never)).toThrow(part);
  });
});
