/**
 * The storage's half of fencing, in the database that it protects: the highest token seen, compared inside the transaction that writes.
 */
import { ClockError, optionNames, requireOptions } from '../core/index.ts';
import {
  type Fence,
  type FencingToken,
  fencingToken,
  requireLeaseText,
  type StoreIo,
  unlessAborted,
} from '../lease/index.ts';
import { createTable, firstRow, type PostgresClient, requirePostgresClient, textOf } from './postgres-client.ts';
import { quotedTable } from './postgres-identifier.ts';
import {
  inTransaction,
  type PostgresPool,
  type PostgresTransaction,
  requireOpenTransaction,
  requirePostgresPool,
} from './postgres-transaction.ts';

/** Where fences are kept when nothing else is said. */
const FENCE_TABLE = 'truechimer_fence';

/** Which fence. */
export interface PostgresFenceOptions {
  /** What it protects: usually the name of the lease. 1 to 256 characters. */
  readonly resource: string;
  /** The table, with its schema before a dot if you like. Default `truechimer_fence`. */
  readonly table?: string;
}

const OPTIONS = optionNames<PostgresFenceOptions>({ resource: true, table: true });

/**
 * The migration that makes the table of fences, in the database whose data they protect; safe to run again.
 *
 * The service needs `GRANT SELECT, INSERT, UPDATE` on it. Rows are never deleted: a fence that forgets admits everybody.
 *
 * @throws TC_INVALID_ARGUMENT for what is no name.
 */
export function postgresFenceSchema(options: { readonly table?: string } = {}): string {
  return `CREATE TABLE IF NOT EXISTS ${quotedTable('postgresFenceSchema table', options.table ?? FENCE_TABLE)} (
  resource text COLLATE "C" PRIMARY KEY,
  token bigint NOT NULL
)`;
}

/**
 * Lets no transaction commit that holds an older lease than one that has been here.
 *
 * `raise` is for `acquire`, before anything is read. `transaction` runs your statements behind the fence and commits them; `admit` is for a
 * transaction that you run yourself, as its first statement. Both compare the token, remember it and lock the fence's row until the
 * commit, so transactions behind one fence come one after the other, in the order of their tokens. A `raise` waits for a transaction of an earlier holder that is under way; give such transactions an
 * `idle_in_transaction_session_timeout`, or a holder that is paused inside one holds up its successor.
 *
 * Guarantee: what transactions behind the fence write is written in the order of their tokens, and after `raise(k)` none with a
 * lower token commits. No clock is involved. Void for writers that do not pass the fence, when `admit` runs in another transaction than the
 * one that writes, when it runs after a SAVEPOINT that is rolled back to (which takes back the comparison and its lock), and when
 * acknowledged commits are lost. Reads that came before `admit` may be stale.
 *
 * The tokens may come from any store; the type takes those of a `PostgresLeaseStore` that names no domain of its own, unless you say whose:
 * `new PostgresFence<'orders'>(…)`.
 *
 * Least privilege: `GRANT SELECT, INSERT, UPDATE` on the fence's table.
 *
 * @param client - For `raise` and `setup`: a `pg.Pool`, or anything with `query(text, values)`, with no transaction open.
 * @throws TC_INVALID_ARGUMENT for a client or options that cannot be right.
 *
 * @example
 * ```ts no-run
 * import pg from 'pg';
 * import { acquire } from 'truechimer/lease';
 * import { PostgresFence, PostgresLeaseStore } from 'truechimer/stores/postgres';
 *
 * const pool = new pg.Pool();
 * const fence = new PostgresFence(pool, { resource: 'invoices' });
 * await using lease = await acquire(new PostgresLeaseStore(pool), 'invoices', { ttlMs: 30_000, fences: [fence] });
 * if (lease.acquired) {
 *   await lease.guard(({ token }) =>
 *     fence.transaction(pool, token, async (tx) => {
 *       // here only when no later holder has been here; otherwise TC_STALE_TOKEN is thrown
 *       await tx.query("UPDATE invoice SET state = 'sent' WHERE state = 'due'");
 *     }),
 *   );
 * }
 * ```
 */
export class PostgresFence<Domain extends string = 'postgres'> implements Fence<Domain> {
  /** The resource. */
  readonly name: string;
  readonly #client: PostgresClient;
  readonly #table: string;
  readonly #quoted: string;

  constructor(client: PostgresClient, options: PostgresFenceOptions) {
    this.#client = requirePostgresClient('PostgresFence client', client);
    requireOptions('PostgresFence', options, OPTIONS);
    const resource: unknown = (options as PostgresFenceOptions | undefined)?.resource;
    requireLeaseText('PostgresFence resource', resource);
    this.name = options.resource;
    this.#table = options.table ?? FENCE_TABLE;
    this.#quoted = quotedTable('PostgresFence table', this.#table);
  }

  /** Makes the table unless it is there: for development; a service has `postgresFenceSchema` in its migrations. */
  async setup(): Promise<void> {
    await createTable(this.#client, postgresFenceSchema({ table: this.#table }));
  }

  /** Lets the database know of this token; `stale` when it has seen a higher one. A rejection tells nothing. */
  async raise(token: FencingToken<Domain>, io: StoreIo): Promise<'raised' | 'stale'> {
    io.signal.throwIfAborted();
    const { status } = await unlessAborted(this.#raise(this.#client, token), io.signal);
    return status;
  }

  /**
   * Runs a transaction behind the fence: BEGIN, the comparison, your statements, COMMIT.
   *
   * Whatever fails, the connection is closed, which rolls back, and the first error is passed on. An error of COMMIT itself tells nothing: it may
   * have been done.
   *
   * @param pool - A `pg.Pool`, or anything whose `connect()` gives a client with `query` and `release(destroy)`.
   * @param token - The lease's, as `guard` hands it over.
   * @param act - Your statements, all of them on the client that it is given, awaited.
   * @returns What the act returned, after the commit.
   * @throws TC_STALE_TOKEN when a later holder has been here: the act is not called, stop. TC_INVALID_ARGUMENT for wrong arguments, and for an
   * act that passed over a failed statement, whose transaction PostgreSQL has rolled back. What the act or the client throws.
   */
  async transaction<Pool extends PostgresPool, Value>(
    pool: Pool,
    token: FencingToken<Domain>,
    act: (tx: PostgresTransaction<Pool>) => Value | Promise<Value>,
  ): Promise<Value> {
    requirePostgresPool('PostgresFence.transaction', pool, act);
    fencingToken<Domain>(token);
    return inTransaction('PostgresFence.transaction', pool, async (tx) => {
      await this.#compare('PostgresFence.transaction', tx, token);
      return act(tx as PostgresTransaction<Pool>);
    });
  }

  /**
   * Admits your transaction, or throws so that it rolls back.
   *
   * @param tx - The client that your transaction runs on, after BEGIN and outside any savepoint; never a pool.
   * @param token - The lease's, as `guard` hands it over.
   * @throws TC_STALE_TOKEN when a later holder has been here: roll back, and stop. TC_INVALID_ARGUMENT for what is no token, and for a client
   * with no transaction open.
   */
  async admit(tx: PostgresClient, token: FencingToken<Domain>): Promise<void> {
    const operation = 'PostgresFence.admit';
    const client = requirePostgresClient(`${operation} tx`, tx);
    fencingToken<Domain>(token);
    await requireOpenTransaction(`${operation} tx`, client, this.#quoted);
    await this.#compare(operation, client, token);
  }

  async #compare(operation: string, tx: PostgresClient, token: FencingToken<Domain>): Promise<void> {
    const { status, highest } = await this.#raise(tx, token);
    if (status === 'raised') return;
    throw staleToken(operation, { resource: this.name, token, highest });
  }

  async #raise(client: PostgresClient, token: FencingToken<Domain>): Promise<Raising> {
    const row = firstRow(
      await client.query(raiseStatement(this.#quoted), [this.name, `${fencingToken<Domain>(token)}`]),
    );
    if (row === undefined) return { status: 'stale', highest: undefined };
    const raised = textOf(row, 'raised');
    return raised === undefined ? { status: 'stale', highest: textOf(row, 'highest') } : { status: 'raised' };
  }
}

interface Raising {
  readonly status: 'raised' | 'stale';
  readonly highest?: string | undefined;
}

/** $1 resource, $2 token. The row stays locked until the transaction ends. */
function raiseStatement(table: string): string {
  return `WITH attempt AS (
  INSERT INTO ${table} AS fence (resource, token) VALUES ($1::text, $2::bigint)
  ON CONFLICT (resource) DO UPDATE SET token = EXCLUDED.token WHERE fence.token <= EXCLUDED.token
  RETURNING fence.token
)
SELECT token::text AS raised, NULL AS highest FROM attempt
UNION ALL
SELECT NULL, token::text FROM ${table} WHERE resource = $1::text AND NOT EXISTS (SELECT FROM attempt)`;
}

/** The refusal of a fence, as an error: the transaction must not commit. */
export function staleToken(
  operation: string,
  details: { readonly resource: string; readonly token: bigint; readonly highest: string | undefined },
): ClockError {
  const seen = details.highest ?? 'a higher one';
  return new ClockError(
    'TC_STALE_TOKEN',
    `${operation}: requires a token that is at least the highest seen for ${JSON.stringify(details.resource)}, got ` +
      `${details.token}n after ${seen}. Roll back and stop: somebody else holds the lease now.`,
    details,
  );
}
