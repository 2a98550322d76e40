/**
 * The storage's half of fencing, in the database that it protects: the highest token seen, compared inside the transaction that writes.
 */
import { ClockError, optionNames, requireOptions } from '../core/index.ts';
import { type Fence, type FencingToken, fencingToken, type StoreIo } from '../lease/index.ts';
import { abortable } from './abortable-answer.ts';
import { createTable, firstRow, type PostgresClient, requirePostgresClient, textOf } from './postgres-client.ts';
import { quotedTable } from './postgres-identifier.ts';
import { requireLeaseText } from './store-request.ts';

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
 * `raise` is for `acquire`, before anything is read. `admit` is for your own transaction, as its first statement: it compares the token,
 * remembers it and locks the fence's row until you commit, so transactions behind one fence come one after the other, in the order of
 * their tokens. A `raise` waits for a transaction of an earlier holder that is under way; give such transactions an
 * `idle_in_transaction_session_timeout`, or a holder that is paused inside one holds up its successor.
 *
 * Guarantee: what transactions behind the fence write is written in the order of their tokens, and after `raise(k)` none with a
 * lower token commits. No clock is involved. Void for writers that do not pass the fence, when `admit` runs outside the transaction that
 * writes (it then compares and protects nothing), and when acknowledged commits are lost. Reads that came before `admit` may be stale.
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
 *   await lease.guard(async ({ token }) => {
 *     const tx = await pool.connect();
 *     try {
 *       await tx.query('BEGIN');
 *       await fence.admit(tx, token); // throws TC_STALE_TOKEN when a later holder has been here
 *       await tx.query("UPDATE invoice SET state = 'sent' WHERE state = 'due'");
 *       await tx.query('COMMIT');
 *     } catch (error) {
 *       await tx.query('ROLLBACK');
 *       throw error;
 *     } finally {
 *       tx.release();
 *     }
 *   });
 * }
 * ```
 */
export class PostgresFence<Domain extends string = string> implements Fence<Domain> {
  /** The resource. */
  readonly name: string;
  readonly #client: PostgresClient;
  readonly #table: string;
  readonly #statement: string;

  constructor(client: PostgresClient, options: PostgresFenceOptions) {
    this.#client = requirePostgresClient('PostgresFence client', client);
    requireOptions('PostgresFence', options, OPTIONS);
    const resource: unknown = (options as PostgresFenceOptions | undefined)?.resource;
    requireLeaseText('PostgresFence resource', resource);
    this.name = options.resource;
    this.#table = options.table ?? FENCE_TABLE;
    this.#statement = raiseStatement(quotedTable('PostgresFence table', this.#table));
  }

  /** Makes the table unless it is there: for development; a service has `postgresFenceSchema` in its migrations. */
  async setup(): Promise<void> {
    await createTable(this.#client, postgresFenceSchema({ table: this.#table }));
  }

  /** Lets the database know of this token; `stale` when it has seen a higher one. A rejection tells nothing. */
  async raise(token: FencingToken<Domain>, io: StoreIo): Promise<'raised' | 'stale'> {
    io.signal.throwIfAborted();
    const { status } = await abortable(io.signal, this.#raise(this.#client, token));
    return status;
  }

  /**
   * Admits your transaction, or throws so that it rolls back.
   *
   * @param tx - The client that your transaction runs on, after BEGIN; a pool would compare on another connection.
   * @param token - The lease's, as `guard` hands it over.
   * @throws TC_STALE_TOKEN when a later holder has been here: roll back, and stop. TC_INVALID_ARGUMENT for what is no token.
   */
  async admit(tx: PostgresClient, token: FencingToken<Domain>): Promise<void> {
    const { status, highest } = await this.#raise(requirePostgresClient('PostgresFence.admit tx', tx), token);
    if (status === 'raised') return;
    throw staleToken('PostgresFence.admit', { resource: this.name, token, highest });
  }

  async #raise(client: PostgresClient, token: FencingToken<Domain>): Promise<Raising> {
    const row = firstRow(await client.query(this.#statement, [this.name, `${fencingToken<Domain>(token)}`]));
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
