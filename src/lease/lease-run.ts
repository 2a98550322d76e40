/**
 * Runs a body under a lease: acquired before, given back after, whatever the body does.
 */
import { ClockError, describeValue } from '../core/index.ts';
import { acquireLease, type AcquirePlace } from './acquire-lease.ts';
import type { AcquireOptions } from './lease-options.ts';
import type { Lease, ReleaseOutcome } from './lease.ts';
import type { NotAcquired } from './not-acquired.ts';
import { keepingAlive } from './process-hold.ts';
import type { StoreCapabilities } from './store-port.ts';

/** The body ran to its end. */
export interface LeaseRun<T> {
  readonly acquired: true;
  readonly value: T;
  /** How the lease ended. `lost`: before the body did, so part of it may have run beside another holder. */
  readonly ending: ReleaseOutcome;
}

/** Runs `body` under a lease, on a runtime. @throws What the body throws, after the lease was given back; see `acquireLease`. */
export async function runUnderLease<Capabilities extends StoreCapabilities, Domain extends string, T>(
  place: AcquirePlace<Capabilities, Domain>,
  name: string,
  options: AcquireOptions<Domain>,
  body: (lease: Lease<Capabilities, Domain>) => T | Promise<T>,
): Promise<LeaseRun<T> | NotAcquired> {
  requireBody('withLease', body);
  const lease = await acquireLease(place, name, options);
  if (!lease.acquired) return lease;
  try {
    const value = await keepingAlive(place.runtime.port, () => body(lease));
    return { acquired: true, value, ending: await lease.release() };
  } catch (error) {
    await lease.release();
    throw error;
  }
}

/** Checks that there is something to run. @throws TC_INVALID_ARGUMENT. */
export function requireBody(operation: string, body: unknown): void {
  if (typeof body === 'function') return;
  throw new ClockError(
    'TC_INVALID_ARGUMENT',
    `${operation}: requires a function to run under the lease, got ${describeValue(body)}. Pass a function of the lease.`,
  );
}
