import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  add,
  compareDouble,
  exact,
  greatestDoubleAtMost,
  ordinalOf,
  smallestDoubleAtLeast,
  subtract,
} from '../../test/support/rational.ts';
import {
  addIntervals,
  compareIntervals,
  containsMs,
  hullOfIntervals,
  intersectIntervals,
  interval,
  midpointMs,
  shiftInterval,
  subtractIntervals,
  widenInterval,
  widthMs,
  type Interval,
  type Order,
  type Widening,
} from './interval.ts';
import { nextDown, nextUp } from './rounding.ts';

/** Finite edges of every size; small whole numbers so that edges meet, and epochs so that rounding matters. */
const edge = fc.oneof(
  fc.integer({ min: -4, max: 4 }),
  fc.double({ noNaN: true, min: 1.6e12, max: 2e12 }),
  fc.double({ noNaN: true, min: -100, max: 100 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const openEdge = fc.oneof(
  { weight: 9, arbitrary: edge },
  { weight: 1, arbitrary: fc.constantFrom(-Infinity, Infinity) },
);

function rangeOf(edges: fc.Arbitrary<number>): fc.Arbitrary<Interval> {
  return fc.tuple(edges, edges).map(([a, b]) => interval(Math.min(a, b), Math.max(a, b)));
}
const range = rangeOf(edge);
const openRange = rangeOf(openEdge);

/** Two intervals that share exactly one point. */
const touching = fc.tuple(edge, edge, edge).map(([a, b, c]): [Interval, Interval] => {
  const [first, shared, last] = [a, b, c].sort((x, y) => x - y) as [number, number, number];
  return [interval(first, shared), interval(shared, last)];
});
/** Any two intervals; often touching, in either order. */
const twoRanges = fc.oneof(
  fc.tuple(openRange, openRange),
  touching,
  touching.map(([a, b]): [Interval, Interval] => [b, a]),
);

/** Two intervals and a point that often lies on, just inside or just outside an edge. */
const twoAndAPoint = twoRanges.chain(([a, b]) => {
  const edges = [a.earliest, a.latest, b.earliest, b.latest];
  const near = edges.flatMap((x) => [nextDown(x), x, nextUp(x)]);
  return fc.tuple(fc.constant(a), fc.constant(b), fc.oneof(fc.constantFrom(...near), edge));
});

/** A point of the interval: an edge, or something between. */
function pointOf(r: Interval): fc.Arbitrary<number> {
  return fc.oneof(fc.constantFrom(r.earliest, r.latest), fc.double({ noNaN: true, min: r.earliest, max: r.latest }));
}

function containsExactly(r: Interval, value: ReturnType<typeof exact>): boolean {
  return compareDouble(r.earliest, value) <= 0 && compareDouble(r.latest, value) >= 0;
}

describe('interval', () => {
  it('takes two edges in order, infinities included', () => {
    expect(interval(1, 1)).toEqual({ earliest: 1, latest: 1 });
    expect(interval(-Infinity, Infinity)).toEqual({ earliest: -Infinity, latest: Infinity });
  });

  it('refuses an inverted pair and NaN, with the values in the message', () => {
    expect(() => interval(2, 1)).toThrow(expect.objectContaining({ code: 'TC_INVERTED_INTERVAL' }));
    expect(() => interval(2, 1)).toThrow('[2, 1] ms');
    expect(() => interval(NaN, 1)).toThrow(expect.objectContaining({ code: 'TC_NOT_FINITE' }));
    expect(() => interval(1, NaN)).toThrow(expect.objectContaining({ code: 'TC_NOT_FINITE' }));
    const anyInterval = interval as (...edges: readonly unknown[]) => unknown;
    expect(() => anyInterval('10', '9')).toThrow('requires two numbers, got [string "10", string "9"] ms. ');
    expect(() => anyInterval()).toThrow('got [undefined, undefined] ms. ');
    for (const edges of [[1], [1, '2'], [null, 2], [1n, 2n]]) {
      expect(() => anyInterval(...edges)).toThrow(expect.objectContaining({ code: 'TC_NOT_FINITE' }));
    }
  });

  it('contains its edges and nothing just outside', () => {
    fc.assert(
      fc.property(range, (r) => {
        const edgesInside = containsMs(r, r.earliest) && containsMs(r, r.latest);
        return edgesInside && !containsMs(r, nextDown(r.earliest)) && !containsMs(r, nextUp(r.latest));
      }),
    );
    expect(containsMs(interval(0, 1), NaN)).toBe(false);
  });
});

describe('width and midpoint', () => {
  const widthLaw = (width: (r: Interval) => number) =>
    fc.property(range, (r) => {
      const exactWidth = subtract(exact(r.latest), exact(r.earliest));
      return ordinalOf(width(r)) === ordinalOf(smallestDoubleAtLeast(exactWidth));
    });

  it('the width is the smallest double not below the exact one', () => {
    fc.assert(widthLaw(widthMs));
    expect(widthMs(interval(Infinity, Infinity))).toBe(0);
    expect(widthMs(interval(-Infinity, 0))).toBe(Infinity);
  });

  it('the law refuses an ordinary subtraction', () => {
    expect(fc.check(widthLaw((r) => r.latest - r.earliest)).failed).toBe(true);
  });

  it('the midpoint lies inside', () => {
    const inside = (midpoint: (r: Interval) => number) =>
      fc.property(range, (r) => {
        fc.pre(Number.isFinite(r.latest - r.earliest));
        return containsMs(r, midpoint(r));
      });
    fc.assert(inside(midpointMs));
    expect(fc.check(inside((r) => (r.latest - r.earliest) / 2)).failed).toBe(true);
  });
});

describe('intersection and hull', () => {
  type Intersect = (a: Interval, b: Interval) => Interval | undefined;
  const intersectionLaw = (intersect: Intersect) =>
    fc.property(twoAndAPoint, ([a, b, point]) => {
      const common = intersect(a, b);
      const inBoth = containsMs(a, point) && containsMs(b, point);
      return inBoth === (common !== undefined && containsMs(common, point));
    });

  it('the intersection contains exactly the common points', () => {
    fc.assert(intersectionLaw(intersectIntervals), { numRuns: 1000 });
  });

  it('the intersection is undefined exactly when there is no common point, never inverted', () => {
    fc.assert(
      fc.property(twoRanges, ([a, b]) => {
        const common = intersectIntervals(a, b);
        return common === undefined ? compareIntervals(a, b) !== 'overlapping' : common.earliest <= common.latest;
      }),
    );
    expect(intersectIntervals(interval(0, 1), interval(1, 2))).toEqual({ earliest: 1, latest: 1 });
  });

  it('the law refuses a half-open intersection and an inverted interval', () => {
    const halfOpen: Intersect = (a, b) => {
      const common = intersectIntervals(a, b);
      return common === undefined || common.earliest === common.latest ? undefined : common;
    };
    expect(fc.check(intersectionLaw(halfOpen), { numRuns: 1000 }).failed).toBe(true);
    expect(
      fc.check(
        intersectionLaw((a, b) => hullOfIntervals(a, b)),
        { numRuns: 1000 },
      ).failed,
    ).toBe(true);
  });

  type Hull = (a: Interval, b: Interval) => Interval;
  const hullLaw = (hull: Hull) =>
    fc.property(twoRanges, ([a, b]) => {
      const both = hull(a, b);
      const contains = [a, b].every((r) => containsMs(both, r.earliest) && containsMs(both, r.latest));
      const smallest = [a.earliest, b.earliest].includes(both.earliest) && [a.latest, b.latest].includes(both.latest);
      return contains && smallest;
    });

  it('the hull contains both and is the smallest that does', () => {
    fc.assert(hullLaw(hullOfIntervals));
  });

  it('the law refuses a hull that takes the intersection, and one that opens further', () => {
    expect(fc.check(hullLaw((a, b) => intersectIntervals(a, b) ?? a)).failed).toBe(true);
    const further: Hull = (a, b) => shiftOutward(hullOfIntervals(a, b));
    expect(fc.check(hullLaw(further)).failed).toBe(true);
  });
});

function shiftOutward(r: Interval): Interval {
  return { earliest: nextDown(r.earliest), latest: nextUp(r.latest) };
}

describe('widening', () => {
  type Widen = (r: Interval, by: Widening) => Interval;
  const distance = fc.double({ noNaN: true, min: 0, max: 1e6 });
  const neverNarrows = (widen: Widen) =>
    fc.property(openRange, distance, distance, (r, earlierByMs, laterByMs) => {
      const wide = widen(r, { earlierByMs, laterByMs });
      return wide.earliest <= r.earliest && wide.latest >= r.latest;
    });
  const exactlyOutward = (widen: Widen) =>
    fc.property(range, distance, distance, (r, earlierByMs, laterByMs) => {
      const wide = widen(r, { earlierByMs, laterByMs });
      const earliest = greatestDoubleAtMost(subtract(exact(r.earliest), exact(earlierByMs)));
      const latest = smallestDoubleAtLeast(add(exact(r.latest), exact(laterByMs)));
      return ordinalOf(wide.earliest) === ordinalOf(earliest) && ordinalOf(wide.latest) === ordinalOf(latest);
    });

  it('never narrows', () => {
    fc.assert(neverNarrows(widenInterval));
  });

  it('opens to the nearest double outside the exact edge', () => {
    fc.assert(exactlyOutward(widenInterval), { numRuns: 500 });
  });

  it('by nothing changes nothing', () => {
    fc.assert(fc.property(openRange, (r) => compareEdges(widenInterval(r, { earlierByMs: 0, laterByMs: 0 }), r)));
  });

  it('the laws refuse inward and ordinary rounding', () => {
    const swapped: Widen = (r, by) => ({ earliest: r.earliest + by.earlierByMs, latest: r.latest - by.laterByMs });
    const ordinary: Widen = (r, by) => ({ earliest: r.earliest - by.earlierByMs, latest: r.latest + by.laterByMs });
    expect(fc.check(neverNarrows(swapped)).failed).toBe(true);
    expect(fc.check(exactlyOutward(ordinary)).failed).toBe(true);
  });

  it.each([-1, -Number.MIN_VALUE, NaN])('refuses a widening of %s ms on either side', (bad) => {
    const refused = expect.objectContaining({ code: 'TC_OUT_OF_RANGE' }) as unknown as Error;
    expect(() => widenInterval(interval(0, 1), { earlierByMs: bad, laterByMs: 0 })).toThrow(refused);
    expect(() => widenInterval(interval(0, 1), { earlierByMs: 0, laterByMs: bad })).toThrow(refused);
  });
});

function compareEdges(a: Interval, b: Interval): boolean {
  return a.earliest === b.earliest && a.latest === b.latest;
}

describe('shift, sum and difference', () => {
  type Shift = (r: Interval, byMs: number) => Interval;
  type Combine = (a: Interval, b: Interval) => Interval;
  const shiftLaw = (shift: Shift) =>
    fc.property(
      range.chain((r) => fc.tuple(fc.constant(r), pointOf(r))),
      edge,
      ([r, point], byMs) => containsExactly(shift(r, byMs), add(exact(point), exact(byMs))),
    );
  const pair = fc
    .tuple(range, range)
    .chain(([a, b]) => fc.tuple(fc.constant(a), fc.constant(b), pointOf(a), pointOf(b)));
  const combineLaw = (combine: Combine, truth: typeof add) =>
    fc.property(pair, ([a, b, x, y]) => containsExactly(combine(a, b), truth(exact(x), exact(y))));

  it('a shifted interval contains every shifted point, exactly', () => {
    fc.assert(shiftLaw(shiftInterval), { numRuns: 1000 });
  });

  it('a sum contains every sum and a difference every difference, exactly', () => {
    fc.assert(combineLaw(addIntervals, add), { numRuns: 1000 });
    fc.assert(combineLaw(subtractIntervals, subtract), { numRuns: 1000 });
  });

  it('are tight: edges are the nearest doubles outside the exact ones', () => {
    fc.assert(
      fc.property(range, range, (a, b) => {
        const difference = subtractIntervals(a, b);
        const earliest = greatestDoubleAtMost(subtract(exact(a.earliest), exact(b.latest)));
        const latest = smallestDoubleAtLeast(subtract(exact(a.latest), exact(b.earliest)));
        return (
          ordinalOf(difference.earliest) === ordinalOf(earliest) && ordinalOf(difference.latest) === ordinalOf(latest)
        );
      }),
    );
  });

  it('the laws refuse ordinary rounding', () => {
    const shifted: Shift = (r, byMs) => ({ earliest: r.earliest + byMs, latest: r.latest + byMs });
    const summed: Combine = (a, b) => ({ earliest: a.earliest + b.earliest, latest: a.latest + b.latest });
    const subtracted: Combine = (a, b) => ({ earliest: a.earliest - b.latest, latest: a.latest - b.earliest });
    expect(fc.check(shiftLaw(shifted), { numRuns: 1000 }).failed).toBe(true);
    expect(fc.check(combineLaw(summed, add), { numRuns: 1000 }).failed).toBe(true);
    expect(fc.check(combineLaw(subtracted, subtract), { numRuns: 1000 }).failed).toBe(true);
  });

  it('the law refuses a difference of like edges', () => {
    const likeEdges: Combine = (a, b) => ({ earliest: a.earliest - b.earliest, latest: a.latest - b.latest });
    expect(fc.check(combineLaw(likeEdges, subtract), { numRuns: 1000 }).failed).toBe(true);
  });
});

describe('order', () => {
  type Compare = (a: Interval, b: Interval) => Order;
  const mirrored = { before: 'after', after: 'before', overlapping: 'overlapping' } as const;
  const antisymmetric = (compareBoth: Compare) =>
    fc.property(twoRanges, ([a, b]) => compareBoth(b, a) === mirrored[compareBoth(a, b)]);
  const certain = (compareBoth: Compare) =>
    fc.property(twoRanges, ([a, b]) => {
      const order = compareBoth(a, b);
      if (order === 'before') return a.latest < b.earliest;
      if (order === 'after') return b.latest < a.earliest;
      return intersectIntervals(a, b) !== undefined;
    });

  it('is antisymmetric', () => {
    fc.assert(antisymmetric(compareIntervals));
  });

  it('says before or after only when no point is shared, and always then', () => {
    fc.assert(certain(compareIntervals), { numRuns: 1000 });
  });

  it('touching edges overlap, on either side', () => {
    const overlap = ([a, b]: [Interval, Interval]): boolean =>
      compareIntervals(a, b) === 'overlapping' && compareIntervals(b, a) === 'overlapping';
    fc.assert(fc.property(touching, overlap));
    expect(compareIntervals(interval(0, 1), interval(nextUp(1), 2))).toBe('before');
    expect(compareIntervals(interval(nextUp(1), 2), interval(0, 1))).toBe('after');
  });

  it('before is transitive', () => {
    fc.assert(
      fc.property(fc.tuple(range, range, range), ([a, b, c]) => {
        const chained = compareIntervals(a, b) === 'before' && compareIntervals(b, c) === 'before';
        return !chained || compareIntervals(a, c) === 'before';
      }),
    );
  });

  it('the laws refuse half-open edges, midpoints and an order that always has an answer', () => {
    const halfOpen: Compare = (a, b) =>
      a.latest <= b.earliest ? 'before' : b.latest <= a.earliest ? 'after' : 'overlapping';
    const midpoints: Compare = (a, b) => (midpointMs(a) < midpointMs(b) ? 'before' : 'after');
    expect(fc.check(certain(halfOpen), { numRuns: 1000 }).failed).toBe(true);
    expect(fc.check(certain(midpoints)).failed).toBe(true);
    expect(fc.check(antisymmetric(midpoints), { numRuns: 1000 }).failed).toBe(true);
  });
});
