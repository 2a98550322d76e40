/**
 * The renewal of a lease in etcd: first extend, then look.
 *
 * A key that is there after the extension of the etcd lease that it hangs on will stay for the whole time. The other way round, somebody
 * could delete it between the two and grant it again, and the extension would still succeed.
 *
 * An extension does not pass through the cluster's log: a leader that was replaced without noticing can confirm one of which its successor
 * knows nothing (etcd issue 15247). But the look is confirmed by the majority, so after an election it shows a later term than the
 * extension did. Two terms are no information.
 */
import type { GrantRef } from '../lease/index.ts';
import { type EtcdRecord, type EtcdRecords, leaseIdOf } from './etcd-records.ts';

/** What to renew, and to how long. */
export interface EtcdRenewal {
  readonly key: string;
  readonly grant: GrantRef;
  readonly ttlMs: number;
}

/** Renews. @throws when it is not known whether it did. */
export async function renewRecord(
  records: EtcdRecords,
  wanted: EtcdRenewal,
  signal: AbortSignal,
): Promise<'renewed' | 'lost'> {
  const { key, grant } = wanted;
  const leaseId = leaseIdOf(key, grant.holderId);
  const usual = await extend(records, { ...wanted, leaseId }, signal);
  if (usual !== 'elsewhere') return usual;
  const { record } = await records.read(key, signal);
  if (!isOf(grant, record)) return 'lost';
  if (record.leaseId !== leaseId && record.leaseId !== '0') {
    const moved = await extend(records, { ...wanted, leaseId: record.leaseId }, signal);
    if (moved !== 'elsewhere') return moved;
  }
  return lengthen(records, { ...wanted, record }, signal);
}

/** Extends one etcd lease. `elsewhere`: the record does not hang on it, or it is shorter than what is wanted. */
async function extend(
  records: EtcdRecords,
  wanted: EtcdRenewal & { readonly leaseId: string },
  signal: AbortSignal,
): Promise<'renewed' | 'lost' | 'elsewhere'> {
  const extension = await records.extendLease(wanted.leaseId, signal);
  if (extension.ttlMs < wanted.ttlMs) return 'elsewhere';
  const { record, term } = await records.read(wanted.key, signal);
  if (!isOf(wanted.grant, record)) return 'lost';
  if (record.leaseId !== wanted.leaseId) return 'elsewhere';
  if (term === extension.term) return 'renewed';
  throw new Error(`etcd: renewal: requires one leader throughout, got the terms ${extension.term} and ${term}`);
}

/** An etcd lease keeps the time that it was granted for, so a longer time needs another one. */
async function lengthen(
  records: EtcdRecords,
  wanted: EtcdRenewal & { readonly record: EtcdRecord },
  signal: AbortSignal,
): Promise<'renewed' | 'lost'> {
  const { key, grant, ttlMs, record } = wanted;
  const leaseId = await records.grantLease('0', ttlMs, signal);
  const found = await records.move(key, { from: record, leaseId }, signal);
  if (found === true) return 'renewed';
  await records.revokeLease(leaseId, signal);
  if (!isOf(grant, found)) return 'lost';
  throw new Error('etcd: renewal: requires that no other renewal of the same lease is under way, found one');
}

function isOf(grant: GrantRef, record: EtcdRecord | undefined): record is EtcdRecord {
  return record?.holderId === grant.holderId && record.createRevision === grant.token;
}
