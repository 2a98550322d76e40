/**
 * The records of leases in etcd: a key for each, and the etcd lease that it hangs on and disappears with.
 */
import type { GrantRef } from '../lease/index.ts';
import type { EtcdGateway } from './etcd-gateway.ts';
import { firstAt, integerAt, type JsonObject, objectAt, textAt, toBase64 } from './etcd-json.ts';

/** A lease as etcd keeps it. */
export interface EtcdRecord {
  readonly holderId: string;
  /** The revision that created the key: the token. */
  readonly createRevision: bigint;
  /** The etcd lease; 0 for none. */
  readonly leaseId: string;
}

/** A look that the majority has confirmed. */
export interface EtcdLook {
  readonly record: EtcdRecord | undefined;
  /** The election in force, as the member that answered knows it. */
  readonly term: bigint;
}

/** The result of an extension. */
export interface EtcdExtension {
  /** From now; 0 when there is no such lease. */
  readonly ttlMs: number;
  /** The election in force, as the member that answered knew it before it extended. */
  readonly term: bigint;
}

/** What is done with records, each in one request. */
export class EtcdRecords {
  readonly #gateway: EtcdGateway;

  constructor(gateway: EtcdGateway) {
    this.#gateway = gateway;
  }

  /** Not `serializable`, which would be one member's memory. A transaction without operations would be that, too. */
  async read(key: string, signal: AbortSignal): Promise<EtcdLook> {
    const answer = await this.#gateway.post('/v3/kv/range', { key: toBase64(key) }, signal);
    return { record: recordIn(answer), term: termOf(answer) };
  }

  /** Creates a record where there is none: its revision, or whose record it found. */
  async create(
    key: string,
    by: { readonly holderId: string; readonly leaseId: string },
    signal: AbortSignal,
  ): Promise<{ readonly revision?: bigint; readonly winner?: EtcdRecord | undefined }> {
    const bytes = toBase64(key);
    const answer = await this.#transact(
      {
        compare: [{ key: bytes, target: 'CREATE', result: 'EQUAL', create_revision: '0' }],
        success: [{ request_put: { key: bytes, value: toBase64(by.holderId), lease: by.leaseId } }],
        failure: [{ request_range: { key: bytes } }],
      },
      signal,
    );
    if (answer['succeeded'] !== true) return { winner: foundIn(answer) };
    return { revision: integerAt(objectAt(answer, 'header'), 'revision') };
  }

  /** Hangs a record on another etcd lease, if it still is as it was read: true, or what it has become. */
  async move(
    key: string,
    change: { readonly from: EtcdRecord; readonly leaseId: string },
    signal: AbortSignal,
  ): Promise<true | EtcdRecord | undefined> {
    const bytes = toBase64(key);
    const { from, leaseId } = change;
    const answer = await this.#transact(
      {
        compare: [
          { key: bytes, target: 'CREATE', result: 'EQUAL', create_revision: from.createRevision.toString() },
          { key: bytes, target: 'LEASE', result: 'EQUAL', lease: from.leaseId },
        ],
        // Putting a key that is there keeps the revision that created it.
        success: [{ request_put: { key: bytes, value: toBase64(from.holderId), lease: leaseId } }],
        failure: [{ request_range: { key: bytes } }],
      },
      signal,
    );
    return answer['succeeded'] === true ? true : foundIn(answer);
  }

  /** Removes a record, if it is this grant's. */
  async remove(key: string, grant: GrantRef, signal: AbortSignal): Promise<boolean> {
    const bytes = toBase64(key);
    const byToken = { key: bytes, target: 'CREATE', result: 'EQUAL', create_revision: String(grant.token) };
    const answer = await this.#transact(
      {
        compare: [
          { key: bytes, target: 'VALUE', result: 'EQUAL', value: toBase64(grant.holderId) },
          ...(grant.token === undefined ? [] : [byToken]),
        ],
        success: [{ request_delete_range: { key: bytes } }],
      },
      signal,
    );
    return answer['succeeded'] === true;
  }

  /** Makes an etcd lease; the id 0 lets etcd choose one. Rounded up: late is safe. */
  async grantLease(leaseId: string, ttlMs: number, signal: AbortSignal): Promise<string> {
    const body = { ID: leaseId, TTL: String(Math.ceil(ttlMs / 1000)) };
    const answer = await this.#gateway.post('/v3/lease/grant', body, signal);
    const grantedMs = Number(integerAt(answer, 'TTL')) * 1000;
    if (grantedMs < ttlMs) throw new Error(`etcd: requires a lease of at least ${ttlMs} ms, got ${grantedMs} ms`);
    return integerAt(answer, 'ID').toString();
  }

  /** Gives an etcd lease its full time again. */
  async extendLease(leaseId: string, signal: AbortSignal): Promise<EtcdExtension> {
    const answer = await this.#gateway.post('/v3/lease/keepalive', { ID: leaseId }, signal);
    const result = objectAt(answer, 'result');
    return { ttlMs: Number(integerAt(result, 'TTL')) * 1000, term: termOf(result) };
  }

  /** Ends an etcd lease, and with it what hangs on it. Best effort: what is not revoked runs out by itself. */
  async revokeLease(leaseId: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#gateway.post('/v3/lease/revoke', { ID: leaseId }, signal);
    } catch {
      // It was never granted, has run out, or will.
    }
  }

  #transact(transaction: JsonObject, signal: AbortSignal): Promise<JsonObject> {
    return this.#gateway.post('/v3/kv/txn', transaction, signal);
  }
}

const FNV_OFFSET = 0xcbf29ce484222325n;
const FNV_PRIME = 0x100000001b3n;

/**
 * The id of the etcd lease of one acquisition, made from its name and holder (FNV-1a, 64 bits, by Fowler, Noll and Vo).
 *
 * So whoever knows the holder can extend and revoke without a lookup, even when the answer to the grant was lost. The 63 bits that
 * etcd allows are as unlikely to meet as random ones; if two met, etcd would refuse the second grant.
 */
export function leaseIdOf(key: string, holderId: string): string {
  let hash = FNV_OFFSET;
  for (const byte of new TextEncoder().encode(`${key}\n${holderId}`)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * FNV_PRIME);
  }
  const id = hash >> 1n;
  // Zero would mean: choose one for me.
  return String(id === 0n ? 1n : id);
}

function recordIn(range: JsonObject): EtcdRecord | undefined {
  const kv = firstAt(range, 'kvs');
  if (kv === undefined) return undefined;
  return {
    holderId: textAt(kv, 'value'),
    createRevision: integerAt(kv, 'create_revision'),
    leaseId: integerAt(kv, 'lease').toString(),
  };
}

/** What the range found that a transaction did instead. */
function foundIn(answer: JsonObject): EtcdRecord | undefined {
  return recordIn(objectAt(firstAt(answer, 'responses') ?? {}, 'response_range'));
}

function termOf(answer: JsonObject): bigint {
  const term = integerAt(objectAt(answer, 'header'), 'raft_term');
  if (term > 0n) return term;
  throw new Error(`etcd: requires the term of an election in the header of an answer, got ${term}`);
}
