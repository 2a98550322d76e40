/**
 * The port to a lock service: what a store must do, and what it says about itself.
 *
 * A store never sees a clock and never decides whether a lease is valid. The holder stamps its own clock before it calls, so no
 * adapter can stamp too late; the store only grants, renews and releases, each in one atomic step of its engine.
 */
import type { FencingToken } from './fencing-token.ts';

/**
 * Who decides that a lease has run out: `server-ttl`: the store counts the time to live by a clock of its own; `observer`: the store has
 * only records, and a contender may replace one that it has watched unchanged for long enough, by its own clock.
 */
export type ExpiryAuthority = 'server-ttl' | 'observer';

/** What a store is. Verdicts and documents speak of it; the types follow from it. */
export interface StoreCapabilities {
  readonly expiry: ExpiryAuthority;
  /** The clock that counts the time to live: `wall` means that a step of the server's clock frees or extends leases. */
  readonly granterClock: 'monotonic' | 'wall' | 'none';
  /** How coarse that clock is towards the unsafe side (expiring early), in ms. */
  readonly granterGranularityMs: number;
  readonly consistency: 'linearizable' | 'single-node' | 'async-replicated';
  /** `atomic`: a token is minted in the same atomic step as the grant. With `none`, a lease has no token to read. */
  readonly fencing: 'atomic' | 'none';
}

/**
 * The token's type: `undefined` where the store cannot mint one atomically, so that it cannot be passed on (`never` could be, to everything);
 * a token or `undefined` where the type does not say which it is.
 */
export type TokenOf<Capabilities extends StoreCapabilities, Domain extends string> = TokenWith<
  Capabilities['fencing'],
  Domain
>;

/** Distributes over a union. */
type TokenWith<Fencing, Domain extends string> = Fencing extends 'atomic' ? FencingToken<Domain> : undefined;

/** What limits a call. */
export interface StoreIo {
  /** Aborted when nobody waits for the answer any more; stores pass it on where their client can use it. */
  readonly signal: AbortSignal;
}

/** One attempt to acquire. */
export interface AcquireRequest {
  /** The name of the lease, 1 to 256 characters. */
  readonly name: string;
  /** Unique for each attempt, never for a process: what makes a delayed request harmless. */
  readonly holderId: string;
  /** The time to live, a whole number of ms. */
  readonly ttlMs: number;
  /** The moment, by UTC, from which the holder will refuse by itself (epoch ms); only when it obeys bounded UTC as well. */
  readonly utcExpiryMs?: number;
  /** `observer` stores: replace the record if it still has this version. */
  readonly takeover?: { readonly version: string };
}

/** A lease was granted. */
export interface StoreGrant<
  Capabilities extends StoreCapabilities = StoreCapabilities,
  Domain extends string = string,
> {
  readonly status: 'granted';
  /** Minted in the same atomic step; a store whose fencing is `none` leaves it out. */
  readonly token?: TokenOf<Capabilities, Domain>;
}

/** Somebody else holds it. */
export interface StoreDenial {
  readonly status: 'denied';
  /** Who, where the store knows. */
  readonly holderId?: string;
  /** How long the store thinks that it will last, in ms: a hint for when to ask again, never a proof. */
  readonly retryAfterMs?: number;
  /** `observer` stores: the record as it was read. */
  readonly record?: LeaseRecord;
}

/** A record of an `observer` store. */
export interface LeaseRecord {
  /** Changes with every grant and every renewal. */
  readonly version: string;
  /** The record's own time to live, in ms: what its holder was promised, whatever this contender would ask for. */
  readonly ttlMs: number;
  /** From then on, by UTC, its holder refuses by itself (epoch ms); only when the holder has said so. */
  readonly utcExpiryMs?: number;
}

/** Which grant a renewal or release is about. */
export interface GrantRef {
  readonly name: string;
  readonly holderId: string;
  /** Absent when the grant was never seen: the release of an attempt that got no answer. */
  readonly token?: FencingToken;
}

/** What to renew to. */
export interface RenewRequest {
  readonly ttlMs: number;
  readonly utcExpiryMs?: number;
}

/**
 * A lock service. A rejected promise means *no information*: the request may have been done, may be under way, may be lost.
 *
 * Laws (`test/contracts/lease-store.ts` checks them): a grant mints a token above every earlier one of that name, for ever, restarts
 * included; a renewal works only for the same holder and token, and never moves an expiry to an earlier moment; a release frees only the
 * same holder's grant; `utcExpiryMs` never decreases while the same holder holds.
 */
export interface LeaseStore<
  Capabilities extends StoreCapabilities = StoreCapabilities,
  Domain extends string = string,
> {
  /** For messages and events: `postgres`. */
  readonly kind: string;
  /** Names the token counter. */
  readonly domain: Domain;
  readonly capabilities: Capabilities;
  tryAcquire(request: AcquireRequest, io: StoreIo): Promise<StoreGrant<Capabilities, Domain> | StoreDenial>;
  /** `lost` is a negative answer: somebody else holds it, or nobody does. */
  renew(grant: GrantRef, request: RenewRequest, io: StoreIo): Promise<'renewed' | 'lost'>;
  release(grant: GrantRef, io: StoreIo): Promise<'released' | 'not-held'>;
}

/** The storage's half of fencing: what `acquire` raises before it hands out the lease. */
export interface Fence<Domain extends string = string> {
  /** For messages. */
  readonly name: string;
  /** Lets the storage know of this token, so that every lower one is refused from now on. `stale`: it has seen a higher one. */
  raise(token: FencingToken<Domain>, io: StoreIo): Promise<'raised' | 'stale'>;
}
