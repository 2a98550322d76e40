/**
 * The contract of a lease store: every store, real or simulated, keeps the same laws (`lease-store-laws.ts`).
 *
 * A harness says how to reach the engine and how time passes there. Leases that must not run out during a test are long; those that
 * must are short, and are waited for by asking again, never by sleeping and hoping. So a slow machine makes the suite slow, not wrong.
 */
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { LeaseStore } from '../../src/lease/index.ts';
import { LEASE_STORE_LAWS } from './lease-store-laws.ts';

/** A store under test. */
export interface LeaseStoreHarness {
  /** One client. Read anew for every call: a restart may replace it. */
  readonly store: LeaseStore;
  /** Another client of the same engine, with a connection of its own where there are connections. */
  readonly other: LeaseStore;
  /** A time to live that is short for this engine, in whole ms: 200 for one that counts ms, 2000 for one that counts seconds. */
  readonly shortMs: number;
  /** A monotonic clock of the test, in ms: how long something took. */
  nowMs(): number;
  /** Lets at least `ms` pass, on the engine's clock as well. */
  pass(ms: number): Promise<void>;
  /** Stops the engine and starts it again on the same data; afterwards `store` and `other` are connected again. */
  restart?(): Promise<void>;
  /** Steps the wall clock of the engine; positive is forward. */
  stepServerClock?(byMs: number): Promise<void>;
  /** The engine's fence for a resource that no other test uses. */
  fence?(resource: string): FenceUnderTest | Promise<FenceUnderTest>;
  close?(): Promise<void>;
}

/** A fence under test: the raise of the library, and an effect that the fence protects. */
export interface FenceUnderTest {
  raise(token: bigint): Promise<'raised' | 'stale'>;
  /** Does an effect under a token, as a user of the fence would. */
  write(token: bigint): Promise<'accepted' | 'stale'>;
}

/** Registers the suite for one kind of store. The harness is made once; every law uses names of its own. */
export function describeLeaseStore(
  name: string,
  makeHarness: () => LeaseStoreHarness | Promise<LeaseStoreHarness>,
): void {
  describe(`the contract of a lease store: ${name}`, () => {
    let harness: LeaseStoreHarness;

    beforeAll(async () => {
      harness = await makeHarness();
    });

    afterAll(async () => {
      await harness?.close?.();
    });

    for (const law of LEASE_STORE_LAWS) {
      it(law.says, async (context) => {
        const missing = law.needs?.(harness);
        if (missing !== undefined) context.skip(missing);
        await law.holds(harness);
      });
    }
  });
}
