import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Bounded, TimeScale } from '../core/index.ts';
import { holdsByUtc, isOverByUtc, utcExpiryMs } from './utc-expiry.ts';

const NOW = Date.UTC(2026, 0, 1);
const UNKNOWN: Bounded = { status: 'unbounded', reason: 'synchronizing', detail: 'no source yet' };

function bounded(earliest: number, latest: number, timeScale: TimeScale = 'utc'): Bounded {
  const premises = { driftPpm: 50, falsetickersTolerated: 1, sourcesConfigured: 4, sourcesAnswering: 4, timeScale };
  return { status: 'bounded', earliest, latest, premises };
}

/** A true time near E and an honest interval around it; whole and quarter numbers, so that edges meet. */
const moment = fc
  .record({
    truth: fc.integer({ min: -4, max: 4 }),
    before: fc.integer({ min: 0, max: 3 }),
    after: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ truth, before, after }) => ({
    truth: NOW + truth / 4,
    utc: bounded(NOW + (truth - before) / 4, NOW + (truth + after) / 4),
  }));

interface Rules {
  readonly holds: (utc: Bounded, expiryMs: number) => boolean;
  readonly isOver: (utc: Bounded, expiryMs: number) => boolean;
}

const RULES: Rules = { holds: (utc, expiryMs) => holdsByUtc(utc, expiryMs).status === 'held', isOver: isOverByUtc };

/** Whoever uses the lease did so before whoever takes it over. */
const separates = ({ holds, isOver }: Rules) =>
  fc.property(moment, moment, (used, taken) => {
    return !(holds(used.utc, NOW) && isOver(taken.utc, NOW)) || used.truth < taken.truth;
  });

function edge(utc: Bounded, side: 'earliest' | 'latest'): number {
  return utc.status === 'bounded' ? utc[side] : Number.NaN;
}

describe('theorem 3: who holds by UTC comes before who takes over by UTC', () => {
  it('holds for all intervals that contain the truth', () => {
    fc.assert(separates(RULES), { numRuns: 5000 });
  });

  it.each<[string, Partial<Rules>]>([
    ['a holder that looks at the earliest moment', { holds: (utc, expiryMs) => edge(utc, 'earliest') < expiryMs }],
    ['a contender that looks at the latest', { isOver: (utc, expiryMs) => edge(utc, 'latest') > expiryMs }],
    [
      'rules that both take the edge',
      {
        holds: (utc, expiryMs) => edge(utc, 'latest') <= expiryMs,
        isOver: (utc, expiryMs) => edge(utc, 'earliest') >= expiryMs,
      },
    ],
  ])('does not hold with %s', (_, wrong) => {
    expect(fc.check(separates({ ...RULES, ...wrong }), { numRuns: 5000 }).failed).toBe(true);
  });

  it('does not hold across two time scales', () => {
    const truth = NOW;
    const smearedIsAhead = bounded(truth + 500, truth + 500, 'smeared-utc');
    const expiryMs = truth + 250;
    expect(holdsByUtc(bounded(truth, truth), expiryMs).status).toBe('held');
    expect(isOverByUtc(smearedIsAhead, expiryMs)).toBe(true);
  });
});

describe('holdsByUtc', () => {
  it('says how much is left, and why it does not know; at the edge neither rule holds', () => {
    expect(holdsByUtc(bounded(NOW - 9, NOW), NOW + 5)).toEqual({ status: 'held', remainingMs: 5 });
    expect(holdsByUtc(bounded(NOW - 9, NOW), NOW)).toEqual({ status: 'expired' });
    expect(holdsByUtc(UNKNOWN, NOW)).toEqual({ status: 'unknown', reason: 'synchronizing', detail: 'no source yet' });
    expect(isOverByUtc(UNKNOWN, 0)).toBe(false);
    expect(isOverByUtc(bounded(NOW, NOW + 9), NOW)).toBe(false);
    expect(isOverByUtc(bounded(NOW + 0.25, NOW + 9), NOW)).toBe(true);
  });
});

describe('utcExpiryMs', () => {
  it('is the earliest whole millisecond and the time to live', () => {
    expect(utcExpiryMs({ utc: bounded(NOW + 0.9, NOW + 70), ttlMs: 30_000 })).toBe(NOW + 30_000);
  });

  it('never decreases over the renewals of a grant', () => {
    const steps = fc.array(fc.option(fc.double({ min: -1e6, max: 1e6, noNaN: true })), { minLength: 2 });
    fc.assert(
      fc.property(steps, (earliests) => {
        let previousMs: number | undefined;
        for (const earliest of earliests) {
          const utc = earliest === null ? UNKNOWN : bounded(NOW + earliest, NOW + earliest + 1);
          const expiryMs = utcExpiryMs({ utc, ttlMs: 1000, previousMs });
          if (previousMs !== undefined && !(expiryMs !== undefined && expiryMs >= previousMs)) return false;
          previousMs = expiryMs;
        }
        return true;
      }),
    );
  });

  it('is left out when UTC was never known, and kept when it is no longer', () => {
    expect(utcExpiryMs({ utc: UNKNOWN, ttlMs: 1000 })).toBeUndefined();
    expect(utcExpiryMs({ utc: UNKNOWN, ttlMs: 1000, previousMs: NOW })).toBe(NOW);
  });
});
