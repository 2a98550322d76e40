/**
 * A fence in the protected row itself: the update and the comparison are one statement.
 */
import { ClockError, describeValue, optionNames, requireOptions } from '../core/index.ts';
import { type FencingToken, fencingToken } from '../lease/index.ts';
import { firstRow, type PostgresClient, requirePostgresClient, textOf } from './postgres-client.ts';
import { staleToken } from './postgres-fence.ts';
import { quotedColumn, quotedTable } from './postgres-identifier.ts';

/** Which row, and what to write into it. */
export interface FencedUpdate<Domain extends string = string> {
  /** The table, with its schema before a dot if you like. */
  readonly table: string;
  /** The columns that pick out one row: its whole primary key. More than one row is refused, and nothing is written. */
  readonly key: Readonly<Record<string, unknown>>;
  /** The columns to write; `null` writes NULL. Empty: only raises the row's fence, before it is read. */
  readonly set: Readonly<Record<string, unknown>>;
  readonly token: FencingToken<Domain>;
  /** The bigint column that remembers the highest token; NULL counts as none. Default `fence`. */
  readonly fenceColumn?: string;
}

const OPTIONS = optionNames<FencedUpdate>({ table: true, key: true, set: true, token: true, fenceColumn: true });

/** A row cannot have more columns (PostgreSQL's own limit). */
const COLUMNS_MAX = 1600;

/**
 * Updates one row unless a later holder has written it: `UPDATE … WHERE fence <= $token`, with the answer told apart.
 *
 * For data that is written row by row, where `PostgresFence` would make everybody queue at one row. Before reading a row that you will
 * write, raise its fence with an empty `set`: until then an earlier holder can still write it. Names of columns are checked and quoted,
 * values are parameters.
 *
 * The row is locked first and then compared as it is, so that a writer or a deletion that was under way is waited for and counts.
 *
 * Guarantee: the tokens under which a row is written never decrease, whatever the clocks do. Void for writers that leave the fence out, and for
 * rows that are deleted and made anew.
 *
 * @param client - A pool, or the client of your own transaction.
 * @returns `updated`, or `missing` when there is no such row.
 * @throws TC_STALE_TOKEN when a later holder has been here; TC_INVALID_ARGUMENT for names, values that are undefined, a key that is empty or
 * picks out more than one row, or what is no token.
 *
 * @example
 * ```ts no-run
 * import pg from 'pg';
 * import { fencingToken } from 'truechimer/lease';
 * import { fencedUpdate } from 'truechimer/stores/postgres';
 *
 * const token = fencingToken('42'); // that came with the work
 * await fencedUpdate(new pg.Pool(), { table: 'invoice', key: { id: 17 }, set: { state: 'sent' }, token });
 * ```
 */
export async function fencedUpdate<Domain extends string>(
  client: PostgresClient,
  update: FencedUpdate<Domain>,
): Promise<'updated' | 'missing'> {
  const operation = 'fencedUpdate';
  requireOptions(operation, update, OPTIONS);
  requirePostgresClient(`${operation} client`, client);
  const token = fencingToken<Domain>(update.token);
  const row = firstRow(await client.query(statementOf(update), [`${token}`, ...valuesOf(update)]));
  const count = (column: string): number => Number(row === undefined ? 0 : textOf(row, column));
  const matched = count('matched');
  if (matched === 0) return 'missing';
  if (matched > 1) throw notOneRow('more than one row. Nothing was written');
  if (count('updated') === 1) return 'updated';
  throw staleToken(operation, { resource: update.table, token, highest: row && textOf(row, 'highest') });
}

function valuesOf({ key, set }: FencedUpdate): unknown[] {
  for (const [name, value] of Object.entries(key)) {
    // NULL equals nothing: it would pick out no row, and look like one that is missing.
    if (value === undefined || value === null) throw noValue(`key.${name}`, value);
  }
  for (const [name, value] of Object.entries(set)) {
    // Clients send undefined as NULL, and a misspelt property would empty a column.
    if (value === undefined) throw noValue(`set.${name}`, value);
  }
  return [...Object.values(key), ...Object.values(set)];
}

function noValue(part: string, value: unknown): ClockError {
  return new ClockError(
    'TC_INVALID_ARGUMENT',
    `fencedUpdate ${part}: requires a value, got ${describeValue(value)}. Leave the column out, or set it to null.`,
  );
}

function notOneRow(got: string): ClockError {
  return new ClockError(
    'TC_INVALID_ARGUMENT',
    `fencedUpdate key: requires the columns of the primary key, which pick out one row, got ${got}. Name one row.`,
  );
}

/**
 * $1 is the token, then the key's values, then the written ones.
 *
 * The lock comes first: it waits for who is writing the row, and gives the row as that one left it, where the statement's own view is of
 * before. Two rows are enough to know that the key picks out more than one.
 */
function statementOf({ table, key, set, fenceColumn = 'fence' }: FencedUpdate): string {
  const keyColumns = Object.keys(key);
  const setColumns = Object.keys(set);
  if (keyColumns.length === 0 || keyColumns.length + setColumns.length > COLUMNS_MAX) {
    throw notOneRow(`${keyColumns.length} columns`);
  }
  const quoted = quotedTable('fencedUpdate table', table);
  const fence = quotedColumn('fencedUpdate fenceColumn', fenceColumn);
  const column = (name: string, at: number): string => `${quotedColumn('fencedUpdate column', name)} = $${at + 2}`;
  const where = keyColumns.map(column).join(' AND ');
  const assignments = setColumns.map((name, at) => column(name, at + keyColumns.length));
  return `WITH locked AS (
  SELECT ${fence} AS seen FROM ${quoted} WHERE ${where} LIMIT 2 FOR NO KEY UPDATE
), written AS (
  UPDATE ${quoted} SET ${[...assignments, `${fence} = $1::bigint`].join(', ')}
  WHERE ${where} AND (${fence} IS NULL OR ${fence} <= $1::bigint) AND (SELECT count(*) FROM locked) = 1
  RETURNING 1
)
SELECT (SELECT count(*) FROM written)::text AS updated, count(*)::text AS matched, max(seen)::text AS highest
FROM locked`;
}
