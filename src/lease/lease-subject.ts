/**
 * What a lease is of: a store and a name, checked before anything is sent.
 */
import { ClockError, describeValue } from '../core/index.ts';
import type { LeaseStore } from './store-port.ts';

/** The longest name of a lease, in characters. */
export const LEASE_NAME_LENGTH_MAX = 256;

/** What no database takes in a string: NUL, and halves of a surrogate pair. */
const NOT_FOR_STORES = /\0|\p{Surrogate}/u;

/** Checks the name of a lease. @throws TC_INVALID_ARGUMENT. */
export function requireLeaseName(operation: string, name: unknown): string {
  const isName = typeof name === 'string' && name.length > 0 && name.length <= LEASE_NAME_LENGTH_MAX;
  if (isName && !NOT_FOR_STORES.test(name)) return name;
  throw invalid(
    `${operation} name: requires 1 to ${LEASE_NAME_LENGTH_MAX} characters without U+0000 and lone surrogates, got ${describeValue(name)}`,
    'Pass a string that names what only one process may do.',
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
