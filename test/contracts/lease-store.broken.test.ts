/** The contract notices: for each law there is a store that breaks it, and is caught by it. */
import { describe, expect, it } from 'vitest';
import { SimClock } from 'truechimer/testing';
import type { LeaseStore } from '../../src/lease/index.ts';
import { MemoryLeaseStore, type MemoryLeaseRecord } from '../../src/stores/memory.ts';
import { type Breakage, type Options, type Sound, STORE_BREAKAGES } from './lease-store-breakages.ts';
import { fence, FENCE_BREAKAGES, lower } from './lease-store-fence-breakages.ts';
import { LEASE_STORE_LAWS } from './lease-store-laws.ts';
import type { LeaseStoreHarness } from './lease-store.ts';

const BREAKAGES: readonly Breakage[] = [...STORE_BREAKAGES, ...FENCE_BREAKAGES];

function harnessOf({ options = {}, change, harness }: Breakage): LeaseStoreHarness {
  const clock = new SimClock();
  const records = new Map<string, MemoryLeaseRecord>();
  const memory = new MemoryLeaseStore({ clock, ...options, records });
  const sound: Sound = { store: memory, records, clock };
  const store: LeaseStore = {
    kind: 'broken',
    domain: 'broken',
    capabilities: memory.capabilities,
    tryAcquire: (request, io) => memory.tryAcquire(request, io),
    renew: (grant, request, io) => memory.renew(grant, request, io),
    release: (grant, io) => memory.release(grant, io),
    ...change?.(sound),
  };
  return {
    store,
    other: store,
    shortMs: 1000,
    nowMs: () => clock.port.monotonicMs(),
    pass: (ms) => clock.advanceAsync(ms),
    restart: () => Promise.resolve(),
    stepServerClock: (byMs) => {
      clock.stepWall(byMs);
      return Promise.resolve();
    },
    ...fence({ refuses: lower })(),
    ...harness?.(sound),
  };
}

describe('the contract of a lease store, on broken ones', () => {
  it('has a breakage for each law, and every law holds for the sound store', async () => {
    for (const law of LEASE_STORE_LAWS) {
      expect(
        BREAKAGES.filter((breakage) => law.says.startsWith(breakage.law)),
        law.says,
      ).not.toHaveLength(0);
      const kinds: readonly Options[] = [{}, { expiry: 'observer' }, { granterClock: 'wall' }];
      const harnesses = kinds.map((options) => harnessOf({ law: '', what: '', options }));
      const able = harnesses.filter((harness) => law.needs?.(harness) === undefined);
      expect(able.length, law.says).toBeGreaterThan(0);
      for (const harness of able) await law.holds(harness);
    }
  });

  for (const breakage of BREAKAGES) {
    it(`catches one that ${breakage.what}`, async () => {
      const laws = LEASE_STORE_LAWS.filter(({ says }) => says.startsWith(breakage.law));
      expect(laws).toHaveLength(1);
      const harness = harnessOf(breakage);
      expect(laws[0]!.needs?.(harness)).toBeUndefined();
      await expect(laws[0]!.holds(harness)).rejects.toThrow();
    });
  }
});
