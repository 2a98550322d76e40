/**
 * What every store asks of a request before it sends it: the core has made it, and a store is also used alone.
 */
import {
  ClockError,
  describeValue,
  EPOCH_MS_MAX,
  requireDurationMs,
  requireInteger,
  requireNumber,
} from '../core/index.ts';
import {
  type AcquireRequest,
  type GrantRef,
  LEASE_TTL_MS_MAX,
  type RenewRequest,
  type StoreIo,
} from '../lease/index.ts';

/** The longest name of a lease, and of a holder, in UTF-16 code units: fits an index entry of every engine. */
export const LEASE_NAME_LENGTH_MAX = 256;

const UTC_MOMENT = { what: 'a moment', min: -EPOCH_MS_MAX, max: EPOCH_MS_MAX, unit: 'ms' };

/** With the u flag a pair is one character, so what is left is half of one. */
const LONE_SURROGATE = /\p{Surrogate}/u;

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

/** Checks a name, of a lease, a holder or a resource. @throws TC_INVALID_ARGUMENT. */
export function requireLeaseText(operation: string, text: unknown): void {
  const isShort = typeof text === 'string' && text.length >= 1 && text.length <= LEASE_NAME_LENGTH_MAX;
  if (isShort && !text.includes('\0') && !LONE_SURROGATE.test(text)) return;
  throw new ClockError(
    'TC_INVALID_ARGUMENT',
    `${operation}: requires 1 to ${LEASE_NAME_LENGTH_MAX} characters without U+0000 and lone surrogates, got ` +
      `${describeValue(text)}. No engine keeps those as they are: pass another name.`,
  );
}
