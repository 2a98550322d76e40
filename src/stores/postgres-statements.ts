/**
 * The statements of the PostgreSQL store: one for each operation, so that each is atomic without a transaction of its own and
 * works through a pooler.
 *
 * `clock_timestamp()` everywhere: `now()` is when the transaction began, and a statement may have waited for a row since. In an upsert
 * the condition and the assignments are evaluated when the row is locked. The token is counted in the row: a sequence hands out blocks to
 * sessions (CACHE), so a later grant could get a lower number.
 */
import { quotedTable } from './postgres-identifier.ts';

/** Where leases are kept when nothing else is said. */
export const POSTGRES_LEASE_TABLE = 'truechimer_lease';

const OPERATION = 'postgresLeaseSchema table';

/** What the store's statements are. */
export interface PostgresStatements {
  readonly acquire: string;
  readonly renew: string;
  readonly release: string;
}

/**
 * The migration that makes the table of leases; safe to run again.
 *
 * Rows are never deleted: each keeps the counter of its name, and a counter that starts anew mints tokens that were minted before. So the role
 * of the service needs `GRANT SELECT, INSERT, UPDATE` on this table and no DELETE, no TRUNCATE, and no right to create anything when a
 * migration runs this text. Names compare byte by byte (COLLATE "C"), whatever the database's collation does.
 *
 * @param options - `table`: default `truechimer_lease`, with a schema before a dot if you like.
 * @returns One SQL statement.
 * @throws TC_INVALID_ARGUMENT for what is no name.
 *
 * @example
 * ```ts
 * import { postgresLeaseSchema } from 'truechimer/stores/postgres';
 *
 * console.log(postgresLeaseSchema({ table: 'jobs.lease' })); // CREATE TABLE IF NOT EXISTS "jobs"."lease" …
 * ```
 */
export function postgresLeaseSchema(options: { readonly table?: string } = {}): string {
  return `CREATE TABLE IF NOT EXISTS ${quotedTable(OPERATION, options.table ?? POSTGRES_LEASE_TABLE)} (
  name text COLLATE "C" PRIMARY KEY,
  token bigint NOT NULL,
  version bigint NOT NULL,
  holder text COLLATE "C",
  ttl_ms bigint NOT NULL,
  expires_at timestamptz NOT NULL,
  utc_expiry_ms double precision
)`;
}

/** The statements for a table. */
export function postgresStatements(table: string, expiry: 'server-ttl' | 'observer'): PostgresStatements {
  const quoted = quotedTable('PostgresLeaseStore table', table);
  const isDue = expiry === 'observer' ? 'version = $6::bigint' : 'expires_at <= clock_timestamp()';
  return { acquire: acquire(quoted, isDue), renew: renew(quoted), release: release(quoted) };
}

/** The end of a time to live that begins now. */
const END = (ttl: string): string => `clock_timestamp() + ${ttl}::double precision * interval '1 millisecond'`;

/**
 * $1 name, $2 holder, $3 time to live, $4 expiry by UTC, $5 where counting begins; $6 the version to take over, for observers.
 *
 * The first look (NOT EXISTS) is at the rows as they were when the statement began: what is plainly held is denied without a lock, so
 * contenders write nothing and never queue behind a stuck transaction. The second (WHERE) decides, on the locked row. The same holder
 * gets the same token and its whole time again. A denial shows the row as the first look saw it, and no row when it looked free then and somebody was faster.
 */
function acquire(table: string, isDue: string): string {
  const kept = (column: string, fresh: string): string =>
    `CASE WHEN lease.holder = $2::text THEN GREATEST(lease.${column}, ${fresh}) ELSE ${fresh} END`;
  const mayTake = (row: string): string =>
    `(${row}.holder IS NULL OR ${row}.holder = $2::text OR COALESCE(${row}.${isDue}, false))`;
  return `WITH attempt AS (
  INSERT INTO ${table} AS lease (name, token, version, holder, ttl_ms, expires_at, utc_expiry_ms)
  SELECT $1::text, $5::bigint + 1, 1, $2::text, $3::bigint, ${END('$3')}, $4::double precision
  WHERE NOT EXISTS (SELECT FROM ${table} AS seen WHERE seen.name = $1::text AND NOT ${mayTake('seen')})
  ON CONFLICT (name) DO UPDATE SET
    token = CASE WHEN lease.holder = $2::text THEN lease.token ELSE GREATEST(lease.token, $5::bigint) + 1 END,
    version = lease.version + 1,
    holder = $2::text,
    ttl_ms = ${kept('ttl_ms', '$3::bigint')},
    expires_at = ${kept('expires_at', END('$3'))},
    utc_expiry_ms = ${kept('utc_expiry_ms', '$4::double precision')}
  WHERE ${mayTake('lease')}
  RETURNING lease.token
)
SELECT token::text AS token, NULL AS holder, NULL AS rest_ms, NULL AS version, NULL AS ttl_ms, NULL AS utc_expiry_ms
FROM attempt
UNION ALL
SELECT NULL, holder, (extract(epoch FROM expires_at - clock_timestamp()) * 1000)::text, version::text, ttl_ms::text,
  utc_expiry_ms::text
FROM ${table} AS seen
WHERE name = $1::text AND NOT ${mayTake('seen')} AND NOT EXISTS (SELECT FROM attempt)`;
}

/** $1 name, $2 holder, $3 token, $4 time to live, $5 expiry by UTC. Nothing comes nearer: GREATEST, which passes over NULL. */
function renew(table: string): string {
  return `UPDATE ${table} SET
  version = version + 1,
  ttl_ms = GREATEST(ttl_ms, $4::bigint),
  expires_at = GREATEST(expires_at, ${END('$4')}),
  utc_expiry_ms = GREATEST(utc_expiry_ms, $5::double precision)
WHERE name = $1::text AND holder = $2::text AND token = $3::bigint
RETURNING token::text AS token`;
}

/** $1 name, $2 holder, $3 token or NULL when it was never seen. */
function release(table: string): string {
  return `UPDATE ${table} SET holder = NULL, utc_expiry_ms = NULL, version = version + 1
WHERE name = $1::text AND holder = $2::text AND ($3::bigint IS NULL OR token = $3::bigint)
RETURNING token::text AS token`;
}
