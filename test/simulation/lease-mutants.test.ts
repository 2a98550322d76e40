/**
 * The simulation finds every mistake that it is there for: each mutant is caught doing what it must be caught doing, within a few hundred worlds.
 */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Mutant, MUTANTS } from './lease-mutants.ts';
import { type AcquireFunction, runLeaseWorld } from './lease-world.ts';

/** How many worlds a mutant may survive. */
const WORLDS_MAX = 100;

/** How many worlds with the same faults the real holder goes through. */
const CLEAN_WORLDS = 15;

afterEach(() => {
  vi.doUnmock('../../src/lease/holder-machine.ts');
  vi.doUnmock('../../src/lease/guard-book.ts');
  vi.resetModules();
});

/** The public holder, on the broken part. */
async function brokenHolder({ replaced }: Mutant): Promise<{ readonly acquire?: AcquireFunction }> {
  if (replaced === undefined) return {};
  vi.resetModules();
  vi.doMock(`../../src/lease/${replaced.module}.ts`, async (importOriginal) => {
    const real = await importOriginal<Record<string, unknown>>();
    return { ...real, ...replaced.by(real) };
  });
  const { acquire } = await import('truechimer/lease');
  return { acquire };
}

/** The first world in which it is caught, counted from 1; 0 when it never is. */
async function caughtAfter({ name, caughtAs, change }: Mutant): Promise<number> {
  for (let seed = 0; seed < WORLDS_MAX; seed += 1) {
    const { state } = await runLeaseWorld({ seed, name, violations: 'count', change });
    const kinds = state.violations.map(({ kind }) => kind);
    // A mutant that does not even run would be caught for nothing.
    expect(kinds, JSON.stringify(state.violations)).not.toContain('program');
    if (kinds.some((kind) => caughtAs.includes(kind))) return seed + 1;
  }
  return 0;
}

describe('a mistake is found', () => {
  it.each(MUTANTS)('by its violation, in few worlds: $name', async (mutant) => {
    const holder = await brokenHolder(mutant);
    const worlds = await caughtAfter({ ...mutant, change: { ...mutant.change, ...holder } });
    expect(worlds, `it survived ${WORLDS_MAX} worlds`).toBeGreaterThan(0);
  });

  it.each(MUTANTS)('and nothing is, with the same faults and the real holder: $name', async ({ name, change }) => {
    const { mood, faults, driftPpm, expiry } = change;
    const same = Object.fromEntries(
      Object.entries({ mood, faults, driftPpm, expiry }).filter(([, value]) => value !== undefined),
    );
    for (let seed = 0; seed < CLEAN_WORLDS; seed += 1) await runLeaseWorld({ seed, name, change: same });
  });
});
