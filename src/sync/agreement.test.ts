import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { containsMs, type Interval } from '../core/index.ts';
import {
  agree,
  type Agreement,
  type FalsetickerPremise,
  largestMinority,
  type Opinion,
  requireTolerated,
  SOURCES_MAX,
} from './agreement.ts';

type Agree = (opinions: readonly Opinion[], premise: FalsetickerPremise) => Agreement;

function opinion(name: string, earliest: number, latest: number): Opinion {
  return { name, interval: { earliest, latest } };
}

/** Small whole numbers, so that touching, equal and nested intervals are common. */
const anyInterval: fc.Arbitrary<Interval> = fc
  .tuple(fc.integer({ min: -12, max: 12 }), fc.integer({ min: 0, max: 9 }))
  .map(([earliest, width]) => ({ earliest, latest: earliest + width }));

const honestInterval: fc.Arbitrary<Interval> = fc
  .tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 }))
  .map(([before, after]) => ({ earliest: 0 - before, latest: after }));

interface World {
  readonly opinions: readonly Opinion[];
  readonly premise: FalsetickerPremise;
}

/** The truth is 0; at most f of n lie, in any way; any of them may be silent. */
const honestWorld: fc.Arbitrary<World> = fc.integer({ min: 1, max: 9 }).chain((configured) =>
  fc.integer({ min: 0, max: largestMinority(configured) }).chain((tolerated) =>
    fc
      .tuple(
        fc.integer({ min: 0, max: tolerated }),
        fc.array(honestInterval, { minLength: configured, maxLength: configured }),
        fc.array(anyInterval, { minLength: configured, maxLength: configured }),
        fc.array(fc.boolean(), { minLength: configured, maxLength: configured }),
        fc.boolean(),
      )
      .map(([liars, honest, lies, answers, allAnswer]) => ({
        opinions: honest
          .map((interval, index) => ({ name: `s${index}`, interval: index < liars ? lies[index]! : interval }))
          .filter((_, index) => allAnswer || answers[index]!),
        premise: { configured, tolerated },
      })),
  ),
);

const anyWorld: fc.Arbitrary<World> = fc.integer({ min: 1, max: 9 }).chain((configured) =>
  fc
    .tuple(fc.array(anyInterval, { maxLength: configured }), fc.integer({ min: 0, max: largestMinority(configured) }))
    .map(([intervals, tolerated]) => ({
      opinions: intervals.map((interval, index) => ({ name: `s${index}`, interval })),
      premise: { configured, tolerated },
    })),
);

/**
 * Marzullo's agreement by brute force: it looks at every edge and at a point between any two neighbouring edges, and counts.
 */
function oracle({ opinions, premise }: World): { reason: string } | { interval: Interval; truechimers: string[] } {
  const required = opinions.length - premise.tolerated;
  if (required < 1) return { reason: 'too-few-sources' };
  const edges = opinions.flatMap(({ interval }) => [interval.earliest, interval.latest]).sort((a, b) => a - b);
  const points = edges.flatMap((edge, index) => [edge, (edge + (edges[index + 1] ?? edge)) / 2]);
  const holders = (point: number): string[] =>
    opinions.filter(({ interval }) => containsMs(interval, point)).map(({ name }) => name);
  const convinced = points.filter((p) => holders(p).length >= required && holders(p).length * 2 > opinions.length);
  if (convinced.length === 0) return { reason: 'no-agreement' };
  const covered = points.filter((point) => holders(point).length >= required);
  return {
    interval: { earliest: Math.min(...covered), latest: Math.max(...covered) },
    truechimers: [...new Set(convinced.flatMap(holders))].sort(),
  };
}

function sound(implementation: Agree): fc.IProperty<[World]> {
  return fc.property(honestWorld, ({ opinions, premise }) => {
    const agreement = implementation(opinions, premise);
    return !agreement.agreed || containsMs(agreement.interval, 0);
  });
}

function likeTheOracle(implementation: Agree): fc.IProperty<[World]> {
  return fc.property(anyWorld, (world) => {
    const expected = oracle(world);
    const agreement = implementation(world.opinions, world.premise);
    if (!agreement.agreed) return 'reason' in expected && agreement.reason === expected.reason;
    if ('reason' in expected) return false;
    expect(agreement.interval).toEqual(expected.interval);
    expect([...agreement.truechimers].sort()).toEqual(expected.truechimers);
    const judged = [...agreement.truechimers, ...agreement.falsetickers].sort();
    expect(judged).toEqual(world.opinions.map(({ name }) => name).sort());
    return true;
  });
}

/** RFC 5905's choice, the densest part only: tighter, and not a bound. */
const densestOnly: Agree = (opinions, premise) => {
  const agreement = agree(opinions, premise);
  for (let tolerated = 0; agreement.agreed && tolerated < premise.tolerated; tolerated += 1) {
    const tighter = agree(opinions, { ...premise, tolerated });
    if (tighter.agreed) return tighter;
  }
  return agreement;
};

/** Forgets that touching intervals share a point. */
const openEdges: Agree = (opinions, premise) =>
  agree(
    opinions.map(({ name, interval }) => ({
      name,
      interval:
        interval.earliest === interval.latest
          ? interval
          : { earliest: interval.earliest + 1e-9, latest: interval.latest - 1e-9 },
    })),
    premise,
  );

/** Counts liars against the configured sources instead of those that answered. */
const blindToSilence: Agree = (opinions, premise) =>
  agree(opinions, { ...premise, tolerated: Math.min(premise.tolerated, Math.max(0, opinions.length - 2)) });

describe('agree: laws', () => {
  it('G4: holds the truth, or refuses, while at most f lie', () => {
    fc.assert(sound(agree), { numRuns: 20_000 });
  });

  it('the law catches the densest part alone, and a guess about who is silent', () => {
    expect(fc.check(sound(densestOnly), { numRuns: 20_000 }).failed).toBe(true);
    expect(fc.check(sound(blindToSilence), { numRuns: 20_000 }).failed).toBe(true);
  });

  it('answers like brute force over every point', () => {
    fc.assert(likeTheOracle(agree), { numRuns: 20_000 });
  });

  it('the oracle catches edges that are left out', () => {
    expect(fc.check(likeTheOracle(openEdges), { numRuns: 5000 }).failed).toBe(true);
  });

  it('answers the same in any order of the opinions', () => {
    const shuffled = anyWorld.chain((world) =>
      fc.tuple(
        fc.constant(world),
        fc.shuffledSubarray([...world.opinions], {
          minLength: world.opinions.length,
          maxLength: world.opinions.length,
        }),
      ),
    );
    fc.assert(
      fc.property(shuffled, ([world, opinions]) => {
        expect(bySet(agree(opinions, world.premise))).toEqual(bySet(agree(world.opinions, world.premise)));
      }),
      { numRuns: 5000 },
    );
  });

  it('with f = 0 is the plain intersection, or refuses', () => {
    fc.assert(
      fc.property(anyWorld, ({ opinions, premise }) => {
        fc.pre(opinions.length > 0);
        const earliest = Math.max(...opinions.map(({ interval }) => interval.earliest));
        const latest = Math.min(...opinions.map(({ interval }) => interval.latest));
        const agreement = agree(opinions, { ...premise, tolerated: 0 });
        expect(agreement.agreed ? agreement.interval : 'none').toEqual(
          earliest <= latest ? { earliest, latest } : 'none',
        );
      }),
    );
  });

  it('a larger f never gives a narrower bound', () => {
    fc.assert(
      fc.property(anyWorld, ({ opinions, premise }) => {
        const strict = agree(opinions, { ...premise, tolerated: 0 });
        const loose = agree(opinions, premise);
        if (!strict.agreed || !loose.agreed) return true;
        return loose.interval.earliest <= strict.interval.earliest && loose.interval.latest >= strict.interval.latest;
      }),
    );
  });

  it('when it refuses, the clusters cover every source and each really shares its points', () => {
    fc.assert(
      fc.property(anyWorld, ({ opinions, premise }) => {
        const agreement = agree(opinions, premise);
        if (agreement.agreed || agreement.reason !== 'no-agreement') return;
        const named = new Set(agreement.clusters.flatMap((cluster) => cluster.sources));
        expect([...named].sort()).toEqual(opinions.map(({ name }) => name).sort());
        for (const { interval, sources } of agreement.clusters) {
          for (const point of [interval.earliest, interval.latest]) {
            const sharing = opinions.filter((o) => sources.includes(o.name) && containsMs(o.interval, point));
            expect(sharing.length).toBe(sources.length);
          }
        }
        const keys = agreement.clusters.map((cluster) => cluster.sources.join());
        expect(new Set(keys).size).toBe(keys.length);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('agree: by hand', () => {
  const four: FalsetickerPremise = { configured: 4, tolerated: 1 };

  it('G4: outvotes one liar of four', () => {
    const agreement = agree(
      [opinion('a', 0, 4), opinion('b', 1, 5), opinion('c', 2, 6), opinion('liar', 100, 101)],
      four,
    );
    expect(agreement).toEqual({
      agreed: true,
      interval: { earliest: 2, latest: 4 },
      truechimers: ['a', 'b', 'c'],
      falsetickers: ['liar'],
    });
  });

  it('takes the hull of what n - f contain, since either side could be the honest one', () => {
    const agreement = agree(
      [opinion('a', 0, 10), opinion('b', 0, 10), opinion('left', 1, 2), opinion('right', 8, 9)],
      four,
    );
    expect(agreement).toMatchObject({
      agreed: true,
      interval: { earliest: 1, latest: 9 },
      truechimers: ['a', 'b', 'left', 'right'],
    });
  });

  it('G5: refuses two against two, and shows both groups in the order of the axis', () => {
    const opinions = [opinion('d', 101, 103), opinion('a', 0, 2), opinion('b', 1, 3), opinion('c', 100, 102)];
    expect(agree(opinions, four)).toEqual({
      agreed: false,
      reason: 'no-agreement',
      clusters: [
        { interval: { earliest: 1, latest: 2 }, sources: ['a', 'b'] },
        { interval: { earliest: 101, latest: 102 }, sources: ['c', 'd'] },
      ],
    });
  });

  it('G5: refuses two against each other although one liar is tolerated', () => {
    const three: FalsetickerPremise = { configured: 3, tolerated: 1 };
    expect(agree([opinion('a', 0, 1), opinion('b', 5, 6)], three)).toMatchObject({
      agreed: false,
      reason: 'no-agreement',
    });
    expect(agree([opinion('a', 0, 5), opinion('b', 5, 6)], three)).toMatchObject({
      agreed: true,
      interval: { earliest: 0, latest: 6 },
    });
  });

  it('needs more answers than there may be liars', () => {
    expect(agree([], { configured: 1, tolerated: 0 })).toEqual({ agreed: false, reason: 'too-few-sources' });
    expect(agree([opinion('a', 0, 1)], { configured: 3, tolerated: 1 })).toEqual({
      agreed: false,
      reason: 'too-few-sources',
    });
    expect(agree([opinion('a', 0, 1)], { configured: 2, tolerated: 0 })).toMatchObject({ agreed: true });
  });

  it('agrees at a single shared edge', () => {
    expect(agree([opinion('a', 0, 5), opinion('b', 5, 9)], { configured: 2, tolerated: 0 })).toMatchObject({
      agreed: true,
      interval: { earliest: 5, latest: 5 },
    });
  });

  it('takes points and equal intervals', () => {
    const agreement = agree([opinion('a', 3, 3), opinion('b', 3, 3), opinion('c', 3, 3)], {
      configured: 3,
      tolerated: 1,
    });
    expect(agreement).toMatchObject({ agreed: true, interval: { earliest: 3, latest: 3 }, falsetickers: [] });
  });

  it('takes 64 sources and refuses 65', () => {
    const many = Array.from({ length: SOURCES_MAX }, (_, index) => opinion(`s${index}`, 0 - index, index));
    expect(agree(many, { configured: 64, tolerated: 0 })).toMatchObject({
      agreed: true,
      interval: { earliest: 0, latest: 0 },
    });
    expect(() => agree([...many, opinion('more', 0, 1)], { configured: 65, tolerated: 0 })).toThrow(
      expect.objectContaining({ code: 'TC_OUT_OF_RANGE' }),
    );
  });
});

describe('how many may lie', () => {
  it('is the largest minority', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 64].map(largestMinority)).toEqual([0, 0, 1, 1, 2, 2, 3, 31]);
  });

  it('refuses what is no minority', () => {
    expect(requireTolerated('test', 1, 4)).toBe(1);
    for (const wrong of [2, -1, NaN, 0.5]) {
      expect(() => requireTolerated('test', wrong, 4)).toThrow(/\[TC_/u);
    }
  });
});

function bySet(agreement: Agreement): unknown {
  if (!agreement.agreed) return agreement;
  return {
    interval: agreement.interval,
    truechimers: [...agreement.truechimers].sort(),
    falsetickers: [...agreement.falsetickers].sort(),
  };
}
