/**
 * Transactions of PostgreSQL: whether one is open, and running one so that no failure leaves a connection with one open.
 */
import { ClockError, describeValue } from '../core/index.ts';
import type { PostgresClient } from './postgres-client.ts';

/** A client that a pool has lent: what is used of a `pg.PoolClient`. */
export interface PostgresPoolClient extends PostgresClient {
  /** Gives it back; with true it is closed. */
  release(destroy?: boolean): void;
  /** A connection that breaks between two statements is an event, which ends the process when nobody listens. */
  on?(event: 'error', listener: (error: Error) => void): unknown;
  off?(event: 'error', listener: (error: Error) => void): unknown;
}

/** Lends clients: what is used of a `pg.Pool`. */
export interface PostgresPool {
  connect(): Promise<PostgresPoolClient>;
}

/** The client that a pool lends, with its own methods. Pools of `pg` have a second `connect`, with a callback. */
export type PostgresTransaction<Pool extends PostgresPool> = Pool extends {
  connect: { (): Promise<infer Tx>; (callback: never): void };
}
  ? unknown extends Tx
    ? Awaited<ReturnType<Pool['connect']>>
    : Tx
  : PostgresPoolClient;

/** Checks a pool, and what is to be done with it. @throws TC_INVALID_ARGUMENT. */
export function requirePostgresPool(operation: string, pool: unknown, act: unknown): void {
  const lends = typeof pool === 'object' && pool !== null && 'connect' in pool && typeof pool.connect === 'function';
  if (!lends) {
    throw invalid(`${operation} pool: requires a pool with connect(), got ${describeValue(pool)}`, 'Pass a pg.Pool.');
  }
  if (typeof act === 'function') return;
  throw invalid(
    `${operation} act: requires a function that runs the statements, got ${describeValue(act)}`,
    'Pass async (tx) => { … }.',
  );
}

/** What PostgreSQL answers to a command that needs a transaction: no_active_sql_transaction. */
const NO_TRANSACTION = '25P01';

/**
 * Checks that a transaction is open on this client: LOCK TABLE is refused outside of one, and takes no lock that the next statement
 * on the table would not take. Nothing that a statement could compute tells it as surely: `now()` and `statement_timestamp()` differ
 * outside of one as well, as soon as parse and execute are two messages.
 *
 * @param table - Quoted; one whose rows are going to be written in this transaction.
 * @throws TC_INVALID_ARGUMENT when none is open; what the client throws otherwise.
 */
export async function requireOpenTransaction(operation: string, tx: PostgresClient, table: string): Promise<void> {
  // Each query of a pool may go to another connection.
  if ('totalCount' in tx && 'idleCount' in tx) throw noTransaction(operation, 'a pool');
  try {
    await tx.query(`LOCK TABLE ${table} IN ACCESS SHARE MODE`);
  } catch (error) {
    if ((error as { readonly code?: unknown } | null)?.code === NO_TRANSACTION) throw noTransaction(operation, 'none');
    throw error;
  }
}

function noTransaction(operation: string, got: string): ClockError {
  return invalid(
    `${operation}: requires a client with a transaction open, got ${got}`,
    'Use fence.transaction(pool, token, act), or pass the client on which you have sent BEGIN: elsewhere nothing would be protected.',
  );
}

/** Runs it between BEGIN and COMMIT on a client of its own; when anything fails the client is closed, which rolls back. */
export async function inTransaction<Value>(
  operation: string,
  pool: PostgresPool,
  act: (tx: PostgresPoolClient) => Promise<Value>,
): Promise<Value> {
  const tx = await pool.connect();
  tx.on?.('error', ignore);
  let failed = true;
  try {
    await tx.query('BEGIN');
    const value = await act(tx);
    requireCommitted(operation, await tx.query('COMMIT'));
    failed = false;
    return value;
  } finally {
    // A ROLLBACK could fail too, and hide the first error.
    tx.release(failed);
    tx.off?.('error', ignore);
  }
}

/** The statement that is under way, or the next one, rejects: that is where it is heard. */
function ignore(): void {
  // on purpose
}

/** COMMIT of a transaction in which a statement has failed rolls back, and says so in its tag only. */
function requireCommitted(operation: string, answer: object): void {
  if (!('command' in answer) || answer.command !== 'ROLLBACK') return;
  throw invalid(
    `${operation} act: requires an act that rejects when a statement fails, got a transaction that PostgreSQL rolled back`,
    'Let the error of the statement pass, or use a savepoint.',
  );
}

function invalid(what: string, remedy: string): ClockError {
  return new ClockError('TC_INVALID_ARGUMENT', `${what}. ${remedy}`);
}
