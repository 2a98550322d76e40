/**
 * What stores and fences may answer, checked: a store that is written wrong must not be taken for a lease.
 *
 * An answer that is none tells nothing: it neither extends a lease nor ends it. A grant without its token, from a store that says it
 * mints them, is the worst: the storage behind it would be unprotected, so it is an error and no lease.
 */
import { ClockError, describeValue } from '../core/index.ts';
import { FENCING_TOKEN_MAX, type FencingToken } from './fencing-token.ts';
import type { Fence, LeaseStore, StoreDenial } from './store-port.ts';

/** A grant, with its token where the store mints them and without where it does not. */
export interface CheckedGrant {
  readonly status: 'granted';
  readonly token?: FencingToken;
}

/** Checks what `tryAcquire` answered. @throws TC_INVALID_ARGUMENT. */
export function requireAcquireAnswer(store: LeaseStore, answer: unknown): CheckedGrant | StoreDenial {
  const status: unknown = typeof answer === 'object' && answer !== null && 'status' in answer ? answer.status : answer;
  if (status === 'denied') return answer as StoreDenial;
  if (status !== 'granted') throw wrong(store.kind, "tryAcquire to answer a status 'granted' or 'denied'", status);
  const grant = answer as CheckedGrant;
  if (store.capabilities.fencing === 'none') return { status: 'granted' };
  const token: unknown = grant.token;
  if (typeof token === 'bigint' && token >= 1n && token <= FENCING_TOKEN_MAX) return grant;
  throw wrong(store.kind, 'a grant with a token, a bigint from 1 to 2^63 - 1, since its fencing is atomic,', token);
}

/** Checks what `renew` answered. @throws TC_INVALID_ARGUMENT. */
export function requireRenewAnswer(store: LeaseStore, answer: unknown): 'renewed' | 'lost' {
  if (answer === 'renewed' || answer === 'lost') return answer;
  throw wrong(store.kind, "renew to answer 'renewed' or 'lost'", answer);
}

/** Checks what `release` answered. @throws TC_INVALID_ARGUMENT. */
export function requireReleaseAnswer(store: LeaseStore, answer: unknown): 'released' | 'not-held' {
  if (answer === 'released' || answer === 'not-held') return answer;
  throw wrong(store.kind, "release to answer 'released' or 'not-held'", answer);
}

/** Checks what a fence answered. @throws TC_INVALID_ARGUMENT. */
export function requireRaiseAnswer(fence: Pick<Fence, 'name'>, answer: unknown): 'raised' | 'stale' {
  if (answer === 'raised' || answer === 'stale') return answer;
  throw wrong(fence.name, "raise to answer 'raised' or 'stale'", answer);
}

function wrong(who: string, requirement: string, got: unknown): ClockError {
  return new ClockError(
    'TC_INVALID_ARGUMENT',
    `${who}: requires ${requirement}, got ${describeValue(got)}. Mend this adapter: the lease cannot rest on it.`,
  );
}
