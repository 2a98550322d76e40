/**
 * Leases in an etcd cluster, over its JSON gateway: keys, transactions and etcd's leases; not its Lock service, which hands out locks
 * whose time may already be up (Jepsen, etcd 3.4.3, 2020).
 *
 * The lease is a key that exists: created in a transaction that requires its absence, hanging on an etcd lease with the time to live.
 * The token is the revision that created it, which the cluster agrees on. Why `fetch` and no client library is in decision 0011.
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
import { type EtcdConnection, EtcdGateway } from './etcd-gateway.ts';
import { EtcdRecords, leaseIdOf } from './etcd-records.ts';
import { renewRecord } from './etcd-renewal.ts';
import { requireAcquireRequest, requireGrantRef, requireRenewRequest } from './store-request.ts';

export { type EtcdAdmission, type EtcdEffect, EtcdFence, type EtcdFenceOptions, type EtcdWrite } from './etcd-fence.ts';
export type { EtcdConnection, EtcdFetch, EtcdHeaders, EtcdRequestInit, EtcdResponse } from './etcd-gateway.ts';
export type { StaleToken } from './stale-token.ts';

/** What etcd is, as a lock service. */
export interface EtcdCapabilities extends StoreCapabilities {
  readonly expiry: 'server-ttl';
  readonly granterClock: 'monotonic';
  readonly consistency: 'linearizable';
  readonly fencing: 'atomic';
}

/** How the store reaches and uses the cluster. */
export interface EtcdLeaseStoreOptions<Domain extends string = string> extends EtcdConnection {
  /** Begins every key. Default `truechimer/`. */
  readonly prefix?: string;
  /** Names the revision counter in the tokens' type; default `etcd`: one counter for the whole cluster. */
  readonly domain?: Domain;
}

const PREFIX_DEFAULT = 'truechimer/';
const PREFIX_CHARS_MAX = 256;

const OPTIONS = optionNames<EtcdLeaseStoreOptions>({
  endpoints: true,
  headers: true,
  fetch: true,
  prefix: true,
  domain: true,
});

/** Expiry is looked for twice a second, after whole seconds: always late, never early. */
const CAPABILITIES: EtcdCapabilities = {
  expiry: 'server-ttl',
  granterClock: 'monotonic',
  granterGranularityMs: 0,
  consistency: 'linearizable',
  fencing: 'atomic',
};

/**
 * Keeps leases in an etcd cluster (3.4 or later), for those who have outgrown one machine.
 *
 * A grant is one transaction; a renewal counts only when the key still is this holder's after the etcd lease was extended, read with the
 * agreement of the cluster, and no new leader was elected meanwhile. A time to live is rounded up to whole seconds, and etcd raises it to its own
 * minimum (2 s with default election timeouts): the holder counts what it asked for, so both are late and safe.
 *
 * Guarantee: at most one grant at a time and tokens that grow for ever, as long as a majority of members keeps its data. Void: restoring the
 * cluster from a snapshot without `--bump-revision`, `--force-new-cluster`, `--unsafe-no-fsync`. An old leader that was stuck may
 * revoke leases early (etcd issue 15247; made unlikely, not impossible, by releases since 2024): the fence covers that.
 *
 * Expiry follows the leader's monotonic clock; a new leader gives every lease its full time again. `utcExpiryMs` and `takeover` have no
 * meaning here and are ignored.
 *
 * Set-up: none. Least privilege: a role with `readwrite` on the prefix; any authenticated user may grant etcd leases. With authentication the
 * gateway takes tokens only, not the names in client certificates: pass `headers`.
 *
 * @throws TC_INVALID_ARGUMENT for options that cannot be right.
 *
 * @example
 * ```ts no-run
 * import { acquire } from 'truechimer/lease';
 * import { EtcdFence, EtcdLeaseStore } from 'truechimer/stores/etcd';
 *
 * const endpoints = ['http://10.0.0.1:2379', 'http://10.0.0.2:2379', 'http://10.0.0.3:2379'];
 * const fence = new EtcdFence({ endpoints, key: 'fences/report' });
 * await using lease = await acquire(new EtcdLeaseStore({ endpoints }), 'report', { ttlMs: 30_000, fences: [fence] });
 * if (lease.acquired) {
 *   const written = await fence.admit(lease.token, { writes: [{ put: 'report', value: 'done' }] });
 *   console.log(written.ok); // false: a later holder has been here
 * }
 * ```
 */
export class EtcdLeaseStore<const Domain extends string = 'etcd'> implements LeaseStore<EtcdCapabilities, Domain> {
  readonly kind = 'etcd';
  readonly domain: Domain;
  readonly capabilities: EtcdCapabilities = CAPABILITIES;
  readonly #gateway: EtcdGateway;
  readonly #records: EtcdRecords;
  readonly #prefix: string;
  /** Renewals without an answer yet, and the member that owes it. */
  readonly #unanswered = new Map<string, string>();

  constructor(options: EtcdLeaseStoreOptions<Domain>) {
    requireOptions('new EtcdLeaseStore', options, OPTIONS);
    this.#gateway = new EtcdGateway('new EtcdLeaseStore', options);
    this.#records = new EtcdRecords(this.#gateway);
    this.#prefix = requirePrefix(options.prefix ?? PREFIX_DEFAULT);
    this.domain = options.domain ?? ('etcd' as Domain);
  }

  async tryAcquire(request: AcquireRequest, io: StoreIo): Promise<StoreGrant<EtcdCapabilities, Domain> | StoreDenial> {
    requireAcquireRequest('EtcdLeaseStore.tryAcquire', request, io);
    const { holderId, ttlMs } = request;
    const key = this.#key(request.name);
    // Waiting for a lease costs the cluster a read; only a free one costs writes.
    const { record } = await this.#records.read(key, io.signal);
    if (record !== undefined) return { status: 'denied', holderId: record.holderId };
    const leaseId = leaseIdOf(key, holderId);
    await this.#records.grantLease(leaseId, ttlMs, io.signal);
    const { revision, winner } = await this.#records.create(key, { holderId, leaseId }, io.signal);
    if (revision !== undefined) return granted(revision);
    await this.#records.revokeLease(leaseId, io.signal);
    return { status: 'denied', ...(winner === undefined ? {} : { holderId: winner.holderId }) };
  }

  async renew(grant: GrantRef, request: RenewRequest, io: StoreIo): Promise<'renewed' | 'lost'> {
    requireGrantRef('EtcdLeaseStore.renew', grant, io);
    requireRenewRequest('EtcdLeaseStore.renew', request);
    const { holderId } = grant;
    // The one before is still waiting: whatever that member does, ask another one.
    const silent = this.#unanswered.get(holderId);
    if (silent !== undefined) this.#gateway.leave(silent);
    const { endpoint } = this.#gateway;
    this.#unanswered.set(holderId, endpoint);
    try {
      const wanted = { key: this.#key(grant.name), grant, ttlMs: request.ttlMs };
      return await renewRecord(this.#records, wanted, io.signal);
    } finally {
      if (this.#unanswered.get(holderId) === endpoint) this.#unanswered.delete(holderId);
    }
  }

  async release(grant: GrantRef, io: StoreIo): Promise<'released' | 'not-held'> {
    requireGrantRef('EtcdLeaseStore.release', grant, io);
    const key = this.#key(grant.name);
    const released = await this.#records.remove(key, grant, io.signal);
    // When no answer to the acquisition was seen it may still be on its way: without its etcd lease it will be refused.
    if (released || grant.token === undefined) {
      await this.#records.revokeLease(leaseIdOf(key, grant.holderId), io.signal);
    }
    return released ? 'released' : 'not-held';
  }

  #key(name: string): string {
    return `${this.#prefix}lease/${name}`;
  }
}

function granted<Domain extends string>(revision: bigint): StoreGrant<EtcdCapabilities, Domain> {
  return { status: 'granted', token: fencingToken<Domain>(revision) };
}

function requirePrefix(prefix: string): string {
  if (typeof prefix === 'string' && prefix.length <= PREFIX_CHARS_MAX) return prefix;
  throw new ClockError(
    'TC_INVALID_ARGUMENT',
    `new EtcdLeaseStore prefix: requires at most ${PREFIX_CHARS_MAX} characters, got ${describeValue(prefix)}. ` +
      "Pass something like 'myapp/'.",
  );
}
