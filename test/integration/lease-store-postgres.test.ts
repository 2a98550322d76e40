/**
 * The PostgreSQL store and fences against a real server: the contract of every store, and what only many connections can show.
 */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fencingToken, type LeaseStore } from '../../src/lease/index.ts';
import {
  fencedUpdate,
  PostgresFence,
  PostgresLeaseStore,
  type PostgresLeaseStoreOptions,
} from '../../src/stores/postgres.ts';
import { denialOf, grantOf, io, LONG_MS, tryOnce, unique } from '../contracts/lease-store-attempts.ts';
import { describeLeaseStore, type FenceUnderTest, type LeaseStoreHarness } from '../contracts/lease-store.ts';
import { describeWithServers, missingReasons } from '../servers/availability.ts';
import { FakeWallClock } from '../servers/fake-time.ts';
import { startPostgres } from '../servers/postgres-server.ts';
import type { Server } from '../servers/server.ts';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describeWithServers('leases in PostgreSQL', ['postgres'], () => {
  let wallClock: FakeWallClock | undefined;
  let server: Server;
  let pools: pg.Pool[] = [];

  const connect = (): void => {
    pools = [0, 1].map(() => {
      const pool = new pg.Pool({ connectionString: server.url, max: 10 });
      // The server is restarted under idle connections.
      pool.on('error', () => {});
      return pool;
    });
  };
  const disconnect = async (): Promise<void> => {
    await Promise.all(pools.map((pool) => pool.end()));
  };

  beforeAll(async () => {
    wallClock = missingReasons(['cc']).length === 0 ? new FakeWallClock() : undefined;
    server = await startPostgres(wallClock === undefined ? {} : { wallClock });
    connect();
  });

  afterAll(async () => {
    await disconnect();
    await server?.stop();
    wallClock?.[Symbol.dispose]();
  });

  async function harness(options: PostgresLeaseStoreOptions<'postgres'>): Promise<LeaseStoreHarness> {
    const stores = (): PostgresLeaseStore[] => pools.map((pool) => new PostgresLeaseStore(pool, options));
    let [store, other] = stores();
    await Promise.all([store!.setup(), other!.setup()]);
    return {
      get store(): LeaseStore {
        return store!;
      },
      get other(): LeaseStore {
        return other!;
      },
      shortMs: 200,
      nowMs: () => performance.now(),
      pass: sleep,
      restart: async () => {
        await disconnect();
        await server.restart();
        connect();
        [store, other] = stores();
      },
      ...(wallClock === undefined ? {} : { stepServerClock: stepper(wallClock) }),
      fence: (resource) => fenceIn(pools[0]!, resource),
    };
  }

  const stepper =
    (clock: FakeWallClock) =>
    (byMs: number): Promise<void> => {
      clock.setOffset(clock.offsetMs + byMs);
      return Promise.resolve();
    };

  describeLeaseStore('PostgreSQL', () => harness({}));
  describeLeaseStore('PostgreSQL, observed', () => harness({ table: 'observed_lease', expiry: 'observer' }));

  it('grants in the order of its tokens and one at a time, with many clients at once', async () => {
    const store = new PostgresLeaseStore(pools[0]!);
    const other = new PostgresLeaseStore(pools[1]!);
    await store.setup();
    await pools[0]!.query('CREATE TABLE IF NOT EXISTS history (at bigserial, run text, token bigint, what text)');
    const name = unique('hammer');
    const note = (token: bigint, what: string): Promise<unknown> =>
      pools[0]!.query('INSERT INTO history (run, token, what) VALUES ($1, $2, $3)', [name, `${token}`, what]);
    const client = async (which: LeaseStore): Promise<void> => {
      for (let grants = 0; grants < GRANTS_EACH;) {
        const held = await tryOnce(which, name, LONG_MS);
        if ('status' in held) {
          await sleep(Math.random() * 5);
          continue;
        }
        grants += 1;
        await note(held.minted, 'begins');
        await note(held.minted, 'ends');
        expect(await which.release(held, io)).toBe('released');
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, (_, at) => client(at % 2 === 0 ? store : other)));
    const { rows } = await pools[0]!.query<{ token: string; what: string }>(
      'SELECT token::text AS token, what FROM history WHERE run = $1 ORDER BY at',
      [name],
    );
    const expected = Array.from({ length: CLIENTS * GRANTS_EACH }, (_, at) => [
      { token: `${at + 1}`, what: 'begins' },
      { token: `${at + 1}`, what: 'ends' },
    ]).flat();
    expect(rows).toEqual(expected);
  });

  it('admits transactions in the order of their tokens, with many at once', async () => {
    const fence = new PostgresFence(pools[0]!, { resource: unique('hammer') });
    await Promise.all([fence.setup(), fence.setup()]);
    await pools[0]!.query('CREATE TABLE IF NOT EXISTS effects (at bigserial, run text, token bigint)');
    let stale = 0;
    const client = async (pool: pg.Pool): Promise<void> => {
      for (let act = 1; act <= ACTS_EACH; act += 1) {
        const token = fencingToken<'postgres'>(Math.max(1, act + Math.floor(Math.random() * 7) - 3));
        const admitted = await transaction(pool, async (tx) => {
          await fence.admit(tx, token);
          await tx.query('INSERT INTO effects (run, token) VALUES ($1, $2)', [fence.name, `${token}`]);
        });
        if (!admitted) stale += 1;
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, (_, at) => client(pools[at % 2]!)));
    const { rows } = await pools[0]!.query<{ token: string }>(
      'SELECT token::text AS token FROM effects WHERE run = $1 ORDER BY at',
      [fence.name],
    );
    const tokens = rows.map(({ token }) => Number(token));
    expect(tokens).toEqual(tokens.toSorted((a, b) => a - b));
    expect(tokens.length + stale).toBe(CLIENTS * ACTS_EACH);
    // Both must have happened, or nothing has been shown.
    expect(tokens.length).toBeGreaterThan(CLIENTS);
    expect(stale).toBeGreaterThan(0);
  });

  it('makes a raise wait for the transaction of an earlier holder, so that what is read afterwards is all there is', async () => {
    const fence = new PostgresFence(pools[0]!, { resource: unique('waiting') });
    await fence.setup();
    const tx = await pools[0]!.connect();
    const order: string[] = [];
    try {
      await tx.query('BEGIN');
      await fence.admit(tx, fencingToken(1));
      const raised = fence.raise(fencingToken(2), io).then((answer) => order.push(answer));
      await until(() => isWaiting(pools[1]!));
      order.push('committing');
      await tx.query('COMMIT');
      await raised;
    } finally {
      tx.release();
    }
    expect(order).toEqual(['committing', 'raised']);
  });

  it('admits nothing outside a transaction, and always inside, at once after BEGIN too', async () => {
    const fence = new PostgresFence(pools[0]!, { resource: unique('outside') });
    await fence.setup();
    const tx = await pools[0]!.connect();
    try {
      const refusal = /requires a client with a transaction open.*TC_INVALID_ARGUMENT/s;
      await expect(fence.admit(pools[1]!, fencingToken(1))).rejects.toThrow(refusal);
      await expect(fence.admit({ query: (...call) => pools[1]!.query(...call) }, fencingToken(1))).rejects.toThrow(
        refusal,
      );
      await expect(fence.admit(tx, fencingToken(1))).rejects.toThrow(refusal);
      expect((await pools[1]!.query('SELECT FROM truechimer_fence WHERE resource = $1', [fence.name])).rowCount).toBe(
        0,
      );
      for (let act = 1; act <= ACTS_EACH; act += 1) {
        // One message, and nothing awaited in between.
        const begun = tx.query(act % 2 === 0 ? 'BEGIN' : 'BEGIN; SELECT 1');
        await Promise.all([begun, fence.admit(tx, fencingToken(act))]);
        await tx.query('COMMIT');
      }
      await expect(fence.admit(tx, fencingToken(ACTS_EACH))).rejects.toThrow(refusal);
    } finally {
      tx.release();
    }
  });

  it('runs a transaction behind the fence, and leaves no connection with one open', async () => {
    const pool = new pg.Pool({ connectionString: server.url, max: 1 });
    pool.on('error', () => {});
    try {
      const fence = new PostgresFence(pool, { resource: unique('helper') });
      await fence.setup();
      await pool.query('CREATE TABLE helped (what text PRIMARY KEY)');
      const note = (token: number, what: string): Promise<number | null> =>
        fence.transaction(pool, fencingToken(token), async (tx) => {
          return (await tx.query('INSERT INTO helped VALUES ($1)', [what])).rowCount;
        });
      expect(await note(7, 'first')).toBe(1);
      await expect(note(6, 'stale')).rejects.toMatchObject({ code: 'TC_STALE_TOKEN', details: { highest: '7' } });
      await expect(note(8, 'first')).rejects.toMatchObject({ code: '23505' });
      // What failed after the comparison has taken the comparison back with it.
      expect(await note(7, 'second')).toBe(1);
      const swallowed = fence.transaction(pool, fencingToken(9), async (tx) => {
        await tx.query("INSERT INTO helped VALUES ('third')");
        await tx.query('SELECT 1 / 0').catch(() => undefined);
      });
      await expect(swallowed).rejects.toThrow(/rolled back.*TC_INVALID_ARGUMENT/s);
      const killed = fence.transaction(pool, fencingToken(9), async (tx) => {
        const { rows } = await tx.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
        const gone = new Promise((resolve) => tx.once('end', resolve));
        await pools[0]!.query('SELECT pg_terminate_backend($1)', [rows[0]!.pid]);
        await gone;
      });
      await expect(killed).rejects.toThrow();
      expect((await pool.query('SELECT what FROM helped ORDER BY what')).rows).toEqual([
        { what: 'first' },
        { what: 'second' },
      ]);
      const { rows } = await pool.query('SELECT now() = statement_timestamp() AS outside');
      expect(rows).toEqual([{ outside: true }]);
    } finally {
      await pool.end();
    }
  });

  it('denies what is held without waiting for a row that is locked, as by a stuck transaction', async () => {
    const store = new PostgresLeaseStore(pools[0]!);
    await store.setup();
    const held = await grantOf(store, unique('stuck'));
    const tx = await pools[1]!.connect();
    try {
      await tx.query('BEGIN');
      await tx.query('SELECT 1 FROM truechimer_lease WHERE name = $1 FOR UPDATE', [held.name]);
      expect((await denialOf(store, held.name)).holderId).toBe(held.holderId);
      await tx.query('COMMIT');
    } finally {
      tx.release();
    }
  });

  it('gives up at its signal while a row is locked, and the late statement is harmless', async () => {
    const store = new PostgresLeaseStore(pools[0]!);
    await store.setup();
    const held = await grantOf(store, unique('locked'));
    const tx = await pools[1]!.connect();
    try {
      await tx.query('BEGIN');
      await tx.query('SELECT 1 FROM truechimer_lease WHERE name = $1 FOR UPDATE', [held.name]);
      const controller = new AbortController();
      const renewal = store.renew(held, { ttlMs: LONG_MS }, { signal: controller.signal });
      controller.abort(new Error('out of time'));
      await expect(renewal).rejects.toThrow('out of time');
      const released = store.release(held, io);
      await tx.query('COMMIT');
      expect(await released).toBe('released');
    } finally {
      tx.release();
    }
    const next = await grantOf(store, held.name);
    expect(next.minted).toBe(held.minted + 1n);
  });

  it('continues above every earlier token in a later generation, and never falls back', async () => {
    const name = unique('generation');
    const first = new PostgresLeaseStore(pools[0]!);
    const later = new PostgresLeaseStore(pools[0]!, { generation: 3 });
    await first.setup();
    const minted: bigint[] = [];
    for (const store of [first, later, first, later, new PostgresLeaseStore(pools[0]!, { generation: 2 ** 22 - 1 })]) {
      const held = await grantOf(store, name);
      minted.push(held.minted);
      await store.release(held, io);
    }
    const base = 3n * 2n ** 41n;
    expect(minted).toEqual([1n, base + 1n, base + 2n, base + 3n, (2n ** 22n - 1n) * 2n ** 41n + 1n]);
  });

  it('needs no more than SELECT, INSERT and UPDATE', async () => {
    const admin = pools[0]!;
    const [store, fence] = [new PostgresLeaseStore(admin), new PostgresFence(admin, { resource: 'least' })];
    await Promise.all([store.setup(), fence.setup()]);
    await admin.query('CREATE ROLE worker LOGIN');
    await admin.query('GRANT SELECT, INSERT, UPDATE ON truechimer_lease, truechimer_fence TO worker');
    const pool = new pg.Pool({ connectionString: server.url.replace('postgres@', 'worker@') });
    try {
      const least = new PostgresLeaseStore(pool);
      const held = await grantOf(least, unique('least'));
      expect(await least.renew(held, { ttlMs: LONG_MS }, io)).toBe('renewed');
      expect(await new PostgresFence<string>(pool, { resource: 'least' }).raise(held.token!, io)).toBe('raised');
      expect(await least.release(held, io)).toBe('released');
      await expect(pool.query('DELETE FROM truechimer_lease')).rejects.toThrow('permission denied');
    } finally {
      await pool.end();
    }
  });

  describe('a fenced update', () => {
    it('writes a row under its token or a higher one, and tells stale from missing', async () => {
      const pool = pools[0]!;
      await pool.query('CREATE TABLE IF NOT EXISTS "Invoice" (id int PRIMARY KEY, "State" text, fence bigint)');
      await pool.query('INSERT INTO "Invoice" (id, "State") VALUES (1, $1), (2, $1)', ['due']);
      const write = (id: number, token: number, set: Record<string, unknown>): Promise<'updated' | 'missing'> =>
        fencedUpdate(pool, { table: 'public.Invoice', key: { id }, set, token: fencingToken(token) });
      expect(await write(1, 5, { State: 'sent' })).toBe('updated');
      expect(await write(1, 7, {})).toBe('updated');
      await expect(write(1, 6, { State: 'late' })).rejects.toMatchObject({
        code: 'TC_STALE_TOKEN',
        details: { highest: '7', token: 6n },
      });
      expect(await write(1, 7, { State: 'paid' })).toBe('updated');
      expect(await write(3, 9, { State: 'none' })).toBe('missing');
      const { rows } = await pool.query('SELECT id, "State", fence::text FROM "Invoice" ORDER BY id');
      expect(rows).toEqual([
        { id: 1, State: 'paid', fence: '7' },
        { id: 2, State: 'due', fence: null },
      ]);
    });

    describe('of a row that somebody else is busy with', () => {
      const update = { table: 'busy', set: { state: 'sent' }, token: fencingToken(5) };

      beforeAll(async () => {
        await pools[0]!.query('CREATE TABLE busy (id int PRIMARY KEY, state text, fence bigint)');
      });

      /** Updates the row while this statement has it, in a transaction that commits once the update waits for it. */
      async function during(id: number, statement: string): Promise<unknown> {
        const tx = await pools[0]!.connect();
        try {
          await tx.query("INSERT INTO busy VALUES ($1, 'due', NULL)", [id]);
          await tx.query('BEGIN');
          await tx.query(statement, [id]);
          const answer = fencedUpdate(pools[1]!, { ...update, key: { id } }).catch((error: unknown) => error);
          await until(() => isWaiting(pools[0]!));
          await tx.query('COMMIT');
          return await answer;
        } finally {
          tx.release();
        }
      }

      it('is missing when it is deleted meanwhile', async () => {
        expect(await during(1, 'DELETE FROM busy WHERE id = $1')).toBe('missing');
      });

      it('is refused with the token that was written meanwhile', async () => {
        const refused = await during(2, 'UPDATE busy SET fence = 9 WHERE id = $1');
        expect(refused).toMatchObject({ code: 'TC_STALE_TOKEN', details: { highest: '9' } });
        const { rows } = await pools[0]!.query('SELECT state, fence::text FROM busy WHERE id = 2');
        expect(rows).toEqual([{ state: 'due', fence: '9' }]);
      });

      it('is updated when what was written meanwhile is of an earlier token', async () => {
        expect(await during(3, 'UPDATE busy SET fence = 4 WHERE id = $1')).toBe('updated');
      });
    });

    it('writes nothing when the key picks out two rows, whatever their fences say', async () => {
      const pool = pools[0]!;
      await pool.query('CREATE TABLE twins (id int PRIMARY KEY, kind text, fence bigint)');
      await pool.query("INSERT INTO twins VALUES (1, 'a', 1), (2, 'a', 9), (3, 'b', 1), (4, 'b', 1), (5, 'b', 1)");
      for (const kind of ['a', 'b']) {
        const update = { table: 'twins', key: { kind }, set: { kind: 'new' }, token: fencingToken(5) };
        await expect(fencedUpdate(pool, update)).rejects.toThrow(/more than one row.*TC_INVALID_ARGUMENT/s);
      }
      const { rows } = await pool.query('SELECT kind, fence::text FROM twins ORDER BY id');
      expect(rows.map(({ kind, fence }) => `${kind}${fence}`)).toEqual(['a1', 'a9', 'b1', 'b1', 'b1']);
    });
  });
});

const CLIENTS = 8;
const GRANTS_EACH = 25;
const ACTS_EACH = 100;

/** Runs it in a transaction; false when the fence refused it. */
async function transaction(pool: pg.Pool, act: (tx: pg.PoolClient) => Promise<void>): Promise<boolean> {
  const tx = await pool.connect();
  try {
    await tx.query('BEGIN');
    await act(tx);
    await tx.query('COMMIT');
    return true;
  } catch (error) {
    await tx.query('ROLLBACK');
    if ((error as { code?: string }).code === 'TC_STALE_TOKEN') return false;
    throw error;
  } finally {
    tx.release();
  }
}

/** Whether some statement waits for a lock. */
async function isWaiting(pool: pg.Pool): Promise<boolean> {
  const { rows } = await pool.query("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
  return rows.length > 0;
}

/** More looks than this, and what is waited for does not come. */
const LOOKS_MAX = 1000;

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
    if (await holds()) return;
    await sleep(5);
  }
  throw new Error('it never came');
}

/** The fence as its users meet it: an effect in a transaction of its own. */
async function fenceIn(pool: pg.Pool, resource: string): Promise<FenceUnderTest> {
  const fence = new PostgresFence(pool, { resource });
  await fence.setup();
  return {
    raise: (token) => fence.raise(fencingToken(token), io),
    write: async (token) => {
      const admitted = await transaction(pool, (tx) => fence.admit(tx, fencingToken(token)));
      return admitted ? 'accepted' : 'stale';
    },
  };
}
