/**
 * What every store asks of a request before it sends it: the core has made it, and a store is also used alone.
 */
import { EPOCH_MS_MAX, requireDurationMs, requireInteger, requireNumber } from '../core/index.ts';
import {
  type AcquireRequest,
  type GrantRef,
  LEASE_TTL_MS_MAX,
  type RenewRequest,
  requireLeaseText,
  type StoreIo,
} from '../lease/index.ts';

const UTC_MOMENT = { what: 'a moment', min: -EPOCH_MS_MAX, max: EPOCH_MS_MAX, unit: 'ms' };

/** Checks a request to acquire. @throws TC_INVALID_ARGUMENT, TC_NOT_FINITE, TC_OUT_OF_RANGE; the signal's reason when it is aborted. */
export function requireAcquireRequest(operation: string, request: AcquireRequest, io: StoreIo): void {
  requireGrantRef(operation, request, io);
  requireRenewRequest(operation, request);
}

/** Checks which grant is meant, and that somebody waits for the answer. @throws TC_INVALID_ARGUMENT; the signal's reason. */
export function requireGrantRef(operation: string, grant: GrantRef, io: StoreIo): void {
  io.signal.throwIfAborted();
  requireLeaseText(`${operation} name`, grant.name);
  requireLeaseText(`${operation} holderId`, grant.holderId);
}

/** Checks what to renew to. @throws TC_INVALID_ARGUMENT, TC_NOT_FINITE, TC_OUT_OF_RANGE. */
export function requireRenewRequest(operation: string, request: RenewRequest): void {
  requireDurationMs(`${operation} ttlMs`, request.ttlMs);
  requireInteger(`${operation} ttlMs`, request.ttlMs, {
    what: 'a time to live',
    min: 1,
    max: LEASE_TTL_MS_MAX,
    unit: 'ms',
  });
  if (request.utcExpiryMs === undefined) return;
  requireNumber(`${operation} utcExpiryMs`, request.utcExpiryMs, UTC_MOMENT);
}
