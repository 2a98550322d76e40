/**
 * What the PostgreSQL store needs of a client, by structure: nothing is imported, and many clients fit.
 */
import { ClockError, describeValue } from '../core/index.ts';

/**
 * Anything that sends one statement with values and gives back its rows: `pg.Pool`, `pg.Client`, or a wrapper of a line.
 *
 * For postgres.js: `{ query: async (text, values) => ({ rows: await sql.unsafe(text, values) }) }`. Numbers arrive as text whatever the
 * client's parsers do, because every statement casts them.
 */
export interface PostgresClient {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}

/** Checks that it is a client. @throws TC_INVALID_ARGUMENT. */
export function requirePostgresClient(operation: string, client: unknown): PostgresClient {
  if (typeof client === 'object' && client !== null && 'query' in client && typeof client.query === 'function') {
    return client as PostgresClient;
  }
  throw new ClockError(
    'TC_INVALID_ARGUMENT',
    `${operation}: requires a client with query(text, values), got ${describeValue(client)}. ` +
      'Pass a pg.Pool or pg.Client, or wrap your client.',
  );
}

/** The first row that a statement gave, by column; undefined when it gave none. */
export function firstRow(answer: { readonly rows: readonly unknown[] }): Readonly<Record<string, unknown>> | undefined {
  const [row] = answer.rows;
  return typeof row === 'object' && row !== null ? (row as Readonly<Record<string, unknown>>) : undefined;
}

/** A column that was cast to text; undefined for NULL. */
export function textOf(row: Readonly<Record<string, unknown>>, column: string): string | undefined {
  const value = row[column];
  if (value === null || value === undefined) return undefined;
  if (typeof value === 'string') return value;
  throw new ClockError(
    'TC_INVALID_ARGUMENT',
    `PostgreSQL ${column}: requires text, got ${describeValue(value)}. The client must give text columns as strings.`,
  );
}

/** Makes a table. Of two services that start at once and find none, one fails: the second look finds it. */
export async function createTable(client: PostgresClient, statement: string): Promise<void> {
  try {
    await client.query(statement);
  } catch {
    await client.query(statement);
  }
}
