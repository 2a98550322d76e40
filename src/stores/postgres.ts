/**
 * Leases in a table of PostgreSQL: one statement for each operation, tokens counted in the lease's own row.
 *
 * What PostgreSQL cannot know: how long it has really been (`server-ttl` counts by the server's wall clock, and a step of that clock
 * frees or extends leases), and what a replica had not received when it became the primary. The first has a mode that needs no
 * server clock (`observer`); the second is the business of `synchronous_commit` with a synchronous standby, or of `generation`.
 */
import { ClockError, describeValue, optionNames, requireInteger, requireOptions } from '../core/index.ts';
import {
  type AcquireRequest,
  fencingToken,
  type GrantRef,
  type LeaseStore,
  type RenewRequest,
  type StoreCapabilities,
  type StoreDenial,
  type StoreGrant,
  type StoreIo,
  unlessAborted,
} from '../lease/index.ts';
import { AbandonedAttempts } from './abandoned-attempts.ts';
import { createTable, firstRow, type PostgresClient, requirePostgresClient, textOf } from './postgres-client.ts';
import {
  POSTGRES_LEASE_TABLE,
  postgresLeaseSchema,
  type PostgresStatements,
  postgresStatements,
} from './postgres-statements.ts';
import { requireAcquireRequest, requireGrantRef, requireRenewRequest } from './store-request.ts';

export type { PostgresClient } from './postgres-client.ts';
export { PostgresFence, type PostgresFenceOptions, postgresFenceSchema } from './postgres-fence.ts';
export type { PostgresPool, PostgresPoolClient, PostgresTransaction } from './postgres-transaction.ts';
export { type FencedUpdate, fencedUpdate } from './postgres-fenced-update.ts';
export { postgresLeaseSchema } from './postgres-statements.ts';

/** What PostgreSQL is, as a lock service. */
export interface PostgresCapabilities extends StoreCapabilities {
  readonly granterClock: 'wall' | 'none';
  readonly consistency: 'single-node';
  readonly fencing: 'atomic';
}

/** How the store uses the database. */
export interface PostgresLeaseStoreOptions<Domain extends string = string> {
  /** The table, with its schema before a dot if you like; quoted, so upper case counts. Default `truechimer_lease`. */
  readonly table?: string;
  /** Names the token counters in the tokens' type, so that those of two tables do not mix. Default `postgres`. */
  readonly domain?: Domain;
  /**
   * `server-ttl` (default): a lease runs out by the server's wall clock. `observer`: contenders watch the row, each by its own monotonic
   * clock, so no step of the server's clock matters; a contender that just came waits a whole time to live for a dead holder.
   * All users of a table must choose the same.
   */
  readonly expiry?: 'server-ttl' | 'observer';
  /**
   * Raise it, for all users at once, after the database has lost acknowledged writes (a failover to a replica that lagged, a restore): all
   * tokens from then on are above all earlier ones. 0 to 4 194 303; default 0. Lowering it has no effect on rows that are further.
   */
  readonly generation?: number;
}

/** Tokens of one generation: 2^41 grants of one name, 69 years of 1000 a second. */
const GENERATION_SIZE = 2n ** 41n;

/** The last generation whose tokens fit 63 bits. */
export const POSTGRES_GENERATION_MAX: number = 2 ** 22 - 1;

const OPTIONS = optionNames<PostgresLeaseStoreOptions>({ table: true, domain: true, expiry: true, generation: true });

const GENERATION = { what: 'a generation', min: 0, max: POSTGRES_GENERATION_MAX };

/** `clock_timestamp()` shows whole microseconds. */
const CLOCK_GRANULARITY_MS = 0.001;

/**
 * Grants leases from a table of PostgreSQL, with a fencing token in every grant.
 *
 * Give it a pool, or a client of its own with no transaction open: a grant inside a transaction that is rolled back later never was, and its
 * token is minted again.
 *
 * A query that nobody waits for any more cannot be taken back: it stays in the pool's queue and runs later, when an attempt to acquire may
 * still be granted (and is then released). So limit each stage, below a third of the time to live: `connectionTimeoutMillis` for the wait in the
 * pool, `query_timeout` for a silent server, and on the server `lock_timeout` and `statement_timeout`, so that a stuck transaction holds up
 * nobody. The store itself leaves at most 3 attempts of one name like that, and sends no other before. A connection that breaks is an `error`
 * event, which ends the process when nobody listens: `pool.on('error', …)` hears of idle ones only, a client that you have checked out
 * needs a listener of its own.
 *
 * Every statement takes one row lock for its own length. Transaction poolers
 * are fine: there is no session state. READ COMMITTED is meant; under SERIALIZABLE contention shows as errors, which are no
 * information and are tried again.
 *
 * Guarantee: of one name, at most one holder at a time by the expiry that was chosen, and every grant's token is above all earlier ones. Void
 * when acknowledged commits are lost (asynchronous replicas, `fsync = off`, `synchronous_commit = off`) without raising
 * `generation`, when rows are deleted, or, with `server-ttl`, while the server's clock steps forward: then only fencing protects.
 *
 * Least privilege: `GRANT SELECT, INSERT, UPDATE` on the table; no DELETE. `setup()` needs CREATE on the schema: run it as another role.
 *
 * @param client - A `pg.Pool`, a `pg.Client`, or anything with `query(text, values)`.
 * @throws TC_INVALID_ARGUMENT for a client or options that cannot be right; TC_OUT_OF_RANGE, TC_NOT_FINITE for a generation.
 *
 * @example
 * ```ts no-run
 * import pg from 'pg';
 * import { withLease } from 'truechimer/lease';
 * import { PostgresLeaseStore } from 'truechimer/stores/postgres';
 *
 * const options = '-c lock_timeout=2s -c statement_timeout=5s';
 * const pool = new pg.Pool({ options, connectionTimeoutMillis: 5000, query_timeout: 6000 });
 * pool.on('error', () => {}); // the next query opens another connection
 * const store = new PostgresLeaseStore(pool);
 * await store.setup();
 * await withLease(store, 'nightly', { ttlMs: 30_000 }, async (lease) => {
 *   console.log(lease.token, lease.check({ needsMs: 5000 }));
 * });
 * ```
 */
export class PostgresLeaseStore<const Domain extends string = 'postgres'> implements LeaseStore<
  PostgresCapabilities,
  Domain
> {
  readonly kind = 'postgres';
  readonly domain: Domain;
  readonly capabilities: PostgresCapabilities;
  readonly #client: PostgresClient;
  readonly #table: string;
  readonly #statements: PostgresStatements;
  readonly #countFrom: string;
  readonly #attempts = new AbandonedAttempts();

  constructor(client: PostgresClient, options: PostgresLeaseStoreOptions<Domain> = {}) {
    this.#client = requirePostgresClient('PostgresLeaseStore client', client);
    requireOptions('PostgresLeaseStore', options, OPTIONS);
    this.#table = options.table ?? POSTGRES_LEASE_TABLE;
    const expiry = requireExpiry(options.expiry ?? 'server-ttl');
    this.#statements = postgresStatements(this.#table, expiry);
    this.domain = options.domain ?? ('postgres' as Domain);
    const generation = requireInteger('PostgresLeaseStore generation', options.generation ?? 0, GENERATION);
    this.#countFrom = `${BigInt(generation) * GENERATION_SIZE}`;
    this.capabilities = {
      expiry,
      granterClock: expiry === 'observer' ? 'none' : 'wall',
      granterGranularityMs: expiry === 'observer' ? 0 : CLOCK_GRANULARITY_MS,
      consistency: 'single-node',
      fencing: 'atomic',
    };
  }

  /** Makes the table unless it is there: for development; a service has `postgresLeaseSchema` in its migrations. */
  async setup(): Promise<void> {
    await createTable(this.#client, postgresLeaseSchema({ table: this.#table }));
  }

  async tryAcquire(
    request: AcquireRequest,
    io: StoreIo,
  ): Promise<StoreGrant<PostgresCapabilities, Domain> | StoreDenial> {
    requireAcquireRequest('PostgresLeaseStore.tryAcquire', request, io);
    const values: unknown[] = [request.name, request.holderId, request.ttlMs, request.utcExpiryMs ?? null];
    values.push(this.#countFrom);
    if (this.capabilities.expiry === 'observer') values.push(versionOf(request));
    const query = () => this.#client.query(this.#statements.acquire, values);
    const row = firstRow(await this.#attempts.send(request.name, io.signal, query));
    // It looked free when the statement began, and somebody else was faster: there is nothing to say about that one yet.
    if (row === undefined) return { status: 'denied' };
    const token = textOf(row, 'token');
    if (token !== undefined) return { status: 'granted', token: fencingToken<Domain>(token) };
    return denialFrom(row, this.capabilities.expiry);
  }

  async renew(grant: GrantRef, request: RenewRequest, io: StoreIo): Promise<'renewed' | 'lost'> {
    requireGrantRef('PostgresLeaseStore.renew', grant, io);
    requireRenewRequest('PostgresLeaseStore.renew', request);
    const values = [...whoseValues(grant), request.ttlMs, request.utcExpiryMs ?? null];
    const row = firstRow(await unlessAborted(this.#client.query(this.#statements.renew, values), io.signal));
    return row === undefined ? 'lost' : 'renewed';
  }

  async release(grant: GrantRef, io: StoreIo): Promise<'released' | 'not-held'> {
    requireGrantRef('PostgresLeaseStore.release', grant, io);
    const answer = this.#client.query(this.#statements.release, whoseValues(grant));
    const row = firstRow(await unlessAborted(answer, io.signal));
    return row === undefined ? 'not-held' : 'released';
  }
}

function whoseValues({ name, holderId, token }: GrantRef): unknown[] {
  return [name, holderId, token === undefined ? null : `${token}`];
}

/** The version to take over; what is no version of this store matches none. */
function versionOf({ takeover }: AcquireRequest): string | null {
  return takeover !== undefined && /^\d{1,18}$/.test(takeover.version) ? takeover.version : null;
}

function denialFrom(row: Readonly<Record<string, unknown>>, expiry: 'server-ttl' | 'observer'): StoreDenial {
  const holderId = textOf(row, 'holder') ?? '';
  const ttlMs = Number(textOf(row, 'ttl_ms'));
  if (expiry === 'server-ttl') {
    // A wall clock that went back makes the rest look longer than any lease is.
    const restMs = Math.min(Number(textOf(row, 'rest_ms')), ttlMs);
    return { status: 'denied', holderId, retryAfterMs: Math.max(0, restMs) };
  }
  const version = textOf(row, 'version') ?? '';
  const utcExpiry = textOf(row, 'utc_expiry_ms');
  const record = { version, ttlMs, ...(utcExpiry === undefined ? {} : { utcExpiryMs: Number(utcExpiry) }) };
  return { status: 'denied', holderId, record };
}

function requireExpiry(expiry: 'server-ttl' | 'observer'): 'server-ttl' | 'observer' {
  const given: string = expiry;
  if (given === 'server-ttl' || given === 'observer') return given;
  throw new ClockError(
    'TC_INVALID_ARGUMENT',
    `PostgresLeaseStore expiry: requires 'server-ttl' or 'observer', got ${describeValue(given)}. ` +
      "Leave it out for 'server-ttl'.",
  );
}
