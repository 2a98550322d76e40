/**
 * Leases in one Redis or Valkey server: an efficiency lock, made harmless by its fence.
 *
 * Redis expires keys by its wall clock, on one machine. Who steps that clock forward frees every lease at once, and no check of the
 * holder can know; a failover to a lagging replica, or a restart of a server that keeps no synced append-only file, may forget grants and
 * their counter. So a lease of this store saves double work most of the time, and what must never be done twice belongs behind a fence.
 * It is deliberately not Redlock: five such servers still expire by wall clocks, and mint no token.
 */
import { ClockError, describeValue, optionNames, requireOptions } from '../core/index.ts';
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
} from '../lease/index.ts';
import { type RedisClient, type RedisScriptRunner, replyTexts, scriptRunner } from './redis-client.ts';
import { ACQUIRE, RELEASE, RENEW } from './redis-scripts.ts';
import { requireAcquireRequest, requireGrantRef, requireRenewRequest } from './store-request.ts';

export type {
  IoRedisClient,
  NodeRedisClient,
  RedisClient,
  RedisScriptCall,
  RedisScriptRunner,
} from './redis-client.ts';
export {
  type RedisAdmission,
  type RedisEffect,
  RedisFence,
  type RedisFenceOptions,
  type RedisWrite,
} from './redis-fence.ts';
export type { StaleToken } from './stale-token.ts';

/** What Redis is, as a lock service. */
export interface RedisCapabilities extends StoreCapabilities {
  readonly expiry: 'server-ttl';
  readonly granterClock: 'wall';
  readonly consistency: 'single-node';
  readonly fencing: 'atomic';
}

/** How the store uses the server. */
export interface RedisLeaseStoreOptions<Domain extends string = string> {
  /** Begins every key, for the ACL and for people; without braces. Default `truechimer:`. */
  readonly prefix?: string;
  /** Names the token counters in the tokens' type, so that those of two servers or prefixes do not mix. Default `redis`. */
  readonly domain?: Domain;
}

const PREFIX_DEFAULT = 'truechimer:';
/** With a name of 256 characters the key stays below 1 kB of ASCII. */
const PREFIX_CHARS_MAX = 256;

const OPTIONS = optionNames<RedisLeaseStoreOptions>({ prefix: true, domain: true });

const CAPABILITIES: RedisCapabilities = {
  expiry: 'server-ttl',
  granterClock: 'wall',
  granterGranularityMs: 1,
  consistency: 'single-node',
  fencing: 'atomic',
};

/**
 * Keeps leases in one Redis (6.2 or later) or Valkey server, through the client that you already have.
 *
 * A grant and its token are made in one script; a renewal and a release work only for the same holder and token, and no renewal moves
 * the expiry to an earlier moment. Two keys for each name: `<prefix>lease:{name}`, which expires, and `<prefix>token:{name}`, which must
 * never expire or be deleted. Both lie in one slot of a cluster. An attempt that the client sends twice is granted once.
 *
 * Guarantee: on a server that never loses an acknowledged write, tokens grow with every grant of a name. With `appendonly yes` and
 * `appendfsync always` that includes crashes. Void: `appendfsync everysec` (the last second), no append-only file, asynchronous
 * replicas after a failover, an eviction policy `allkeys-…`, FLUSHALL. A counter that has fallen back mints tokens that your fences
 * refuse as stale, until you repair it: `SET '<prefix>token:{name}' <the highest that a fence has seen>`.
 *
 * The expiry follows the server's wall clock: a step forward frees leases early, a step back keeps them longer. Keep the server's clock
 * slewed, not stepped, and keep the fence. `utcExpiryMs` and `takeover` have no meaning here and are ignored.
 *
 * Clients queue: a request that waits while the connection is down may reach the server much later. A late renewal or release is harmless,
 * it names holder and token; a late acquisition makes a ghost that blocks the name for one time to live. So make clients fail
 * instead: `disableOfflineQueue: true` for redis (whose queued commands are taken back when nobody waits any more), for ioredis
 * `enableOfflineQueue: false`, `maxRetriesPerRequest: 1`, `autoResendUnfulfilledCommands: false` and a `commandTimeout`.
 *
 * Set-up: none. Least privilege (ACL): `+eval +get +set +incr +del +pttl +pexpire ~truechimer:*`.
 *
 * @param client - A connected client of `redis` 4+ or `ioredis` (single, sentinel or cluster), or a function that runs a script.
 * @throws TC_INVALID_ARGUMENT for a client or options that cannot be right.
 *
 * @example
 * ```ts no-run
 * import { createClient } from 'redis';
 * import { acquire } from 'truechimer/lease';
 * import { RedisFence, RedisLeaseStore } from 'truechimer/stores/redis';
 *
 * const client = await createClient({ url: 'redis://127.0.0.1:6379', disableOfflineQueue: true }).connect();
 * const fence = new RedisFence(client, { key: 'fence:{report}' });
 * await using lease = await acquire(new RedisLeaseStore(client), 'report', { ttlMs: 30_000, fences: [fence] });
 * if (lease.acquired) {
 *   const written = await fence.set(lease.token, { key: 'report:{report}', value: 'done' });
 *   console.log(written.ok); // false: a later holder has been here
 * }
 * ```
 */
export class RedisLeaseStore<const Domain extends string = 'redis'> implements LeaseStore<RedisCapabilities, Domain> {
  readonly kind = 'redis';
  readonly domain: Domain;
  readonly capabilities: RedisCapabilities = CAPABILITIES;
  readonly #run: RedisScriptRunner;
  readonly #prefix: string;

  constructor(client: RedisClient, options: RedisLeaseStoreOptions<Domain> = {}) {
    requireOptions('new RedisLeaseStore', options, OPTIONS);
    this.#run = scriptRunner('new RedisLeaseStore', client);
    this.#prefix = requirePrefix(options.prefix ?? PREFIX_DEFAULT);
    this.domain = options.domain ?? ('redis' as Domain);
  }

  async tryAcquire(request: AcquireRequest, io: StoreIo): Promise<StoreGrant<RedisCapabilities, Domain> | StoreDenial> {
    requireAcquireRequest('RedisLeaseStore.tryAcquire', request, io);
    const reply = await this.#run({
      script: ACQUIRE,
      keys: [this.#key('lease', request.name), this.#key('token', request.name)],
      args: [request.holderId, String(request.ttlMs)],
      signal: io.signal,
    });
    const [status, detail = '', remainingMs = ''] = replyTexts('RedisLeaseStore.tryAcquire', reply);
    if (status === 'granted') return { status, token: fencingToken<Domain>(detail) };
    if (status !== 'denied') throw unknownReply('RedisLeaseStore.tryAcquire', reply);
    return { status, ...(detail === '' ? {} : { holderId: detail }), ...retryHint(Number(remainingMs)) };
  }

  async renew(grant: GrantRef, request: RenewRequest, io: StoreIo): Promise<'renewed' | 'lost'> {
    requireGrantRef('RedisLeaseStore.renew', grant, io);
    requireRenewRequest('RedisLeaseStore.renew', request);
    if (grant.token === undefined) return 'lost';
    const done = await this.#run({
      script: RENEW,
      keys: [this.#key('lease', grant.name)],
      args: [`${grant.token}:${grant.holderId}`, String(request.ttlMs)],
      signal: io.signal,
    });
    return isDone('RedisLeaseStore.renew', done) ? 'renewed' : 'lost';
  }

  async release(grant: GrantRef, io: StoreIo): Promise<'released' | 'not-held'> {
    requireGrantRef('RedisLeaseStore.release', grant, io);
    const done = await this.#run({
      script: RELEASE,
      keys: [this.#key('lease', grant.name)],
      args: [grant.holderId, grant.token?.toString() ?? ''],
      signal: io.signal,
    });
    return isDone('RedisLeaseStore.release', done) ? 'released' : 'not-held';
  }

  /** The braces make both keys of a name fall into one slot, so there must be no others. */
  #key(kind: 'lease' | 'token', name: string): string {
    const plain = name.replace(/[%{}]/g, (char) => encodeURIComponent(char));
    return `${this.#prefix}${kind}:{${plain}}`;
  }
}

/** A key without expiry answers -1: no hint. */
function retryHint(remainingMs: number): { readonly retryAfterMs?: number } {
  return remainingMs >= 0 ? { retryAfterMs: remainingMs } : {};
}

/** Anything but the script's own answers is no information. */
function isDone(operation: string, reply: unknown): boolean {
  const text = String(reply);
  if (text === '1' || text === '0') return text === '1';
  throw unknownReply(operation, reply);
}

function unknownReply(operation: string, reply: unknown): Error {
  return new Error(`${operation}: requires a reply of its script, got ${describeValue(reply)}`);
}

function requirePrefix(prefix: string): string {
  if (typeof prefix === 'string' && prefix.length <= PREFIX_CHARS_MAX && !/[{}]/.test(prefix)) return prefix;
  throw new ClockError(
    'TC_INVALID_ARGUMENT',
    `new RedisLeaseStore prefix: requires at most ${PREFIX_CHARS_MAX} characters without braces, got ` +
      `${describeValue(prefix)}. Pass something like 'myapp:'.`,
  );
}
