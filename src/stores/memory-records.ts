/**
 * The records of the in-memory store, and what each operation makes of them: the whole of its decisions, each in one step.
 */
import { addUp, ClockError } from '../core/index.ts';
import {
  type AcquireRequest,
  fencingToken,
  type FencingToken,
  type GrantRef,
  type LeaseRecord,
  LEASES_MAX,
  type RenewRequest,
  type StoreDenial,
} from '../lease/index.ts';

/** What is kept of one name, for ever: without its counter an old token would be minted again. */
export interface MemoryLeaseRecord {
  /** The highest token that was minted for this name. */
  readonly counter: bigint;
  /** Changes with every change of the record. */
  readonly version: bigint;
  /** Who holds it; absent when it was released. */
  readonly holderId?: string;
  /** The longest time to live that this holder was promised, in ms. */
  readonly ttlMs: number;
  /** By the granter's clock, in ms of that clock. */
  readonly expiresAtMs: number;
  /** The latest moment, by UTC, that this holder has named. */
  readonly utcExpiryMs?: number;
}

/** What decides whether a record is free, beside the record itself. */
export interface Granter {
  readonly records: Map<string, MemoryLeaseRecord>;
  /** Reads the granter's clock; `undefined` when nobody but contenders counts. */
  readonly nowMs: (() => number) | undefined;
  /** Whether its grants carry tokens; where they do not, the holder alone says which grant is meant. */
  readonly mints: boolean;
}

/** Grants, or says who is in the way. */
export function acquireRecord(granter: Granter, request: AcquireRequest): FencingToken | StoreDenial {
  const { name, holderId, ttlMs, utcExpiryMs } = request;
  const nowMs = granter.nowMs?.() ?? 0;
  const record = granter.records.get(name);
  if (record !== undefined && isHeld(record)) {
    if (record.holderId === holderId) return grantAgain(granter, request, record);
    if (!mayReplace(granter, record, { nowMs, takeover: request.takeover })) return denial(granter, record, nowMs);
  }
  if (record === undefined) requireRoom(granter);
  const token = fencingToken((record?.counter ?? 0n) + 1n);
  granter.records.set(name, {
    counter: token,
    version: (record?.version ?? 0n) + 1n,
    holderId,
    ttlMs,
    expiresAtMs: addUp(nowMs, ttlMs),
    ...(utcExpiryMs === undefined ? {} : { utcExpiryMs }),
  });
  return token;
}

function requireRoom({ records }: Granter): void {
  if (records.size < LEASES_MAX) return;
  throw new ClockError(
    'TC_OUT_OF_RANGE',
    `MemoryLeaseStore.tryAcquire: requires at most ${LEASES_MAX} names, got one more. Use fewer names, or a database.`,
  );
}

/** A copy of a request that was granted: the same token, and the whole time to live anew, because this copy may have been sent later. */
function grantAgain(granter: Granter, request: AcquireRequest, { counter }: MemoryLeaseRecord): FencingToken {
  const token = fencingToken(counter);
  renewRecord(granter, { ...request, token }, request);
  return token;
}

/** Renews what is still this holder's, whether or not it has run out: nobody was granted it since. */
export function renewRecord(granter: Granter, grant: GrantRef, request: RenewRequest): 'renewed' | 'lost' {
  const record = granter.records.get(grant.name);
  if (record === undefined || !isOf(record, grant)) return 'lost';
  if (granter.mints && grant.token !== record.counter) return 'lost';
  const utcExpiryMs = latest(record.utcExpiryMs, request.utcExpiryMs);
  granter.records.set(grant.name, {
    ...record,
    version: record.version + 1n,
    ttlMs: Math.max(record.ttlMs, request.ttlMs),
    expiresAtMs: Math.max(record.expiresAtMs, addUp(granter.nowMs?.() ?? 0, request.ttlMs)),
    ...(utcExpiryMs === undefined ? {} : { utcExpiryMs }),
  });
  return 'renewed';
}

/** Frees what is this holder's. */
export function releaseRecord(granter: Granter, grant: GrantRef): 'released' | 'not-held' {
  const record = granter.records.get(grant.name);
  if (record === undefined || !isOf(record, grant)) return 'not-held';
  if (grant.token !== undefined && grant.token !== record.counter) return 'not-held';
  const { counter, version, ttlMs, expiresAtMs } = record;
  granter.records.set(grant.name, { counter, version: version + 1n, ttlMs, expiresAtMs });
  return 'released';
}

function isHeld(record: MemoryLeaseRecord): boolean {
  return record.holderId !== undefined;
}

function isOf(record: MemoryLeaseRecord, grant: GrantRef): boolean {
  return record.holderId === grant.holderId;
}

function mayReplace(
  granter: Granter,
  record: MemoryLeaseRecord,
  by: { readonly nowMs: number; readonly takeover: AcquireRequest['takeover'] },
): boolean {
  if (granter.nowMs === undefined) return by.takeover?.version === `${record.version}`;
  return by.nowMs >= record.expiresAtMs;
}

function denial(granter: Granter, record: MemoryLeaseRecord, nowMs: number): StoreDenial {
  const { holderId } = record;
  const who = { status: 'denied', ...(holderId === undefined ? {} : { holderId }) } as const;
  if (granter.nowMs === undefined) return { ...who, record: shown(record) };
  // A wall clock that went back makes the rest look longer than any lease is.
  return { ...who, retryAfterMs: Math.min(record.expiresAtMs - nowMs, record.ttlMs) };
}

function shown({ version, ttlMs, utcExpiryMs }: MemoryLeaseRecord): LeaseRecord {
  return { version: `${version}`, ttlMs, ...(utcExpiryMs === undefined ? {} : { utcExpiryMs }) };
}

function latest(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.max(a, b);
}
