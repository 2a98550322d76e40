/**
 * What a lease is of: a store and a name, checked before anything is sent.
 */
import { ClockError, describeValue } from '../core/index.ts';
import type { LeaseStore } from './store-port.ts';

/** The longest name of a lease, of a holder and of a fence's resource, in UTF-16 code units: fits an index entry of every engine. */
export const LEASE_NAME_LENGTH_MAX = 256;

/** What no database takes in a string: NUL, and halves of a surrogate pair (with the u flag a whole pair is one character). */
const NOT_FOR_STORES = /\0|\p{Surrogate}/u;

/** Checks a name, of a lease, a holder or a resource. @throws TC_INVALID_ARGUMENT. */
export function requireLeaseText(operation: string, text: unknown): string {
  const isShort = typeof text === 'string' && text.length > 0 && text.length <= LEASE_NAME_LENGTH_MAX;
  if (isShort && !NOT_FOR_STORES.test(text)) return text;
  throw invalid(
    `${operation}: requires 1 to ${LEASE_NAME_LENGTH_MAX} characters without U+0000 and lone surrogates, got ${describeValue(text)}`,
    'Pass a string that every engine keeps as it is.',
  );
}

const METHODS = ['tryAcquire', 'renew', 'release'] as const;

/** Checks that this is a store, and that it says what it is. @throws TC_INVALID_ARGUMENT. */
export function requireStore<Store>(operation: string, store: Store): Store {
  const given: unknown = store;
  const isStore =
    typeof given === 'object' &&
    given !== null &&
    METHODS.every((method) => typeof (given as Record<string, unknown>)[method] === 'function');
  if (!isStore) {
    throw invalid(
      `${operation} store: requires a lease store, got ${describeValue(given)}`,
      'Pass new PostgresLeaseStore(…), or another from truechimer/stores.',
    );
  }
  requireCapabilities(operation, given);
  return store;
}

/** Safety is computed from these: none is guessed. */
function requireCapabilities(operation: string, { kind, capabilities }: Partial<LeaseStore>): void {
  const { expiry, fencing, granterGranularityMs } = (capabilities ?? {}) as Partial<Record<string, unknown>>;
  const isComplete =
    typeof kind === 'string' &&
    (expiry === 'server-ttl' || expiry === 'observer') &&
    (fencing === 'atomic' || fencing === 'none') &&
    typeof granterGranularityMs === 'number' &&
    granterGranularityMs >= 0 &&
    granterGranularityMs < Infinity;
  if (isComplete) return;
  throw invalid(
    `${operation} store: requires a store with a kind and its capabilities (expiry, fencing, granterGranularityMs), got ` +
      describeValue(capabilities),
    'Complete the adapter: what a lease may assume follows from them.',
  );
}

function invalid(what: string, remedy: string): ClockError {
  return new ClockError('TC_INVALID_ARGUMENT', `${what}. ${remedy}`);
}
