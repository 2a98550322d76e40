import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { add, compareDouble, exact } from '../../test/support/rational.ts';
import { type ClockPort, intersectIntervals, type Interval, widthMs } from '../core/index.ts';
import { bracket, measureTickEdges, relationFromReading, type TickEdgeResult } from './wall-relation.ts';

const TICK_MS = 2 ** -20;

/** A wall clock that runs on continuously and is read with a floor, in exact ticks of 2^-20 ms. */
class SpinningPort implements ClockPort {
  readonly name = 'spinning';
  readonly monotonicId: symbol = Symbol('monotonic');
  readonly bootId: symbol = Symbol('boot');
  readonly granularity: ClockPort['granularity'];
  readonly monotonicCountsSuspend = false;
  readonly wallSlewPpm = 0;
  readonly #costs: readonly number[];
  #reads = 0;
  ticks = 0;
  /** wall - monotonic, whole milliseconds and the rest in ticks. */
  aheadMs: number;
  aheadTicks: number;
  /** A step of the wall clock: when, and by how many ticks. */
  stepAtTicks = Infinity;
  stepByTicks = 0;

  constructor(aheadMs: number, aheadTicks: number, costs: readonly number[], monotonicTicks = 32) {
    this.aheadMs = aheadMs;
    this.aheadTicks = aheadTicks;
    this.#costs = costs;
    this.granularity = { monotonicMs: monotonicTicks * TICK_MS, bootMs: 10, wallMs: 1 };
  }

  /** Every reading takes time before the clock is looked at, and after. */
  #take(): void {
    this.ticks += this.#costs[this.#reads % this.#costs.length]!;
    this.#reads += 1;
    if (this.ticks >= this.stepAtTicks) {
      this.stepAtTicks = Infinity;
      this.aheadTicks += this.stepByTicks;
    }
  }

  monotonicMs(): number {
    this.#take();
    const coarse = this.granularity.monotonicMs / TICK_MS;
    return (this.ticks - (this.ticks % coarse)) * TICK_MS;
  }

  bootMs(): number {
    return this.monotonicMs();
  }

  wallMs(): number {
    this.#take();
    return this.aheadMs + Math.floor((this.ticks + this.aheadTicks) * TICK_MS);
  }

  setTimer(): never {
    throw new Error('not used');
  }

  holds(relation: Interval): boolean {
    const truth = add(exact(this.aheadMs), exact(this.aheadTicks * TICK_MS));
    return compareDouble(relation.earliest, truth) <= 0 && compareDouble(relation.latest, truth) >= 0;
  }
}

const cost = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: 20, max: 200 }) },
  { weight: 1, arbitrary: fc.integer({ min: 200, max: 5 * 2 ** 20 }) },
);

const port: fc.Arbitrary<SpinningPort> = fc
  .tuple(
    fc.integer({ min: -1e12, max: 2e12 }),
    fc.integer({ min: 0, max: 2 ** 20 - 1 }),
    fc.array(cost, { minLength: 50, maxLength: 400 }),
    fc.constantFrom(1, 32, 1024),
  )
  .map(
    ([aheadMs, aheadTicks, costs, monotonicTicks]) =>
      new SpinningPort(
        aheadMs,
        aheadTicks,
        costs.map((c) => c * 20),
        monotonicTicks,
      ),
  );

type Measure = (port: ClockPort) => TickEdgeResult;

function containsTheRelation(measure: Measure): fc.IProperty<[SpinningPort]> {
  return fc.property(port, (clocks) => {
    const seen = measure(clocks);
    return seen.result === 'measured' && clocks.holds(seen.relation);
  });
}

/** Brackets the edge from the wrong side: after the last old reading and before the first new one. */
const wrongSide: Measure = (clocks) => {
  let relation: Interval = { earliest: -Infinity, latest: Infinity };
  for (let edge = 0; edge < 3; edge += 1) {
    let oldMs = clocks.wallMs();
    for (;;) {
      const afterOldMs = clocks.monotonicMs();
      const beforeNewMs = clocks.monotonicMs();
      const newMs = clocks.wallMs();
      if (newMs - oldMs === 1) {
        const fresh = { earliest: newMs - beforeNewMs, latest: newMs - afterOldMs };
        const merged = intersectIntervals(relation, fresh);
        if (merged === undefined) return { result: 'stepped', step: fresh };
        relation = merged;
        break;
      }
      oldMs = newMs;
    }
  }
  return { result: 'measured', relation, edges: 3 };
};

const noGranularity: Measure = (clocks) =>
  measureTickEdges(
    Object.setPrototypeOf({ granularity: { monotonicMs: 0, bootMs: 0, wallMs: 1 } }, clocks) as ClockPort,
    {
      edges: 40,
    },
  );

describe('measureTickEdges', () => {
  it('G12: contains the true relation, however long the readings take', () => {
    fc.assert(
      containsTheRelation((clocks) => measureTickEdges(clocks, { edges: 4 })),
      { numRuns: 300 },
    );
  });

  it('the law catches bracketing from the wrong side', () => {
    expect(fc.check(containsTheRelation(wrongSide), { numRuns: 300 }).failed).toBe(true);
  });

  it('is as narrow as a few readings, and narrower with more edges', () => {
    const widths = [1, 10, 100].map((edges) => {
      const clocks = new SpinningPort(1_790_000_000_000, 12_345, [60, 71, 83, 97, 64, 101, 89], 32);
      const seen = measureTickEdges(clocks, { edges });
      return seen.result === 'measured' ? widthMs(seen.relation) : Infinity;
    });
    // At 1.79e12 the relation itself cannot be told finer than 2^-12 ms.
    expect(widths[0]).toBeLessThanOrEqual(2 ** -10);
    expect(widths[1]).toBeLessThanOrEqual(widths[0]!);
    expect(widths[2]).toBeLessThanOrEqual(2 ** -11);
  });

  it('G12: reports a step while it measures, with the size inside the interval', () => {
    const small = fc.oneof(
      fc.integer({ min: -3 * 2 ** 20, max: 3 * 2 ** 20 }),
      fc.integer({ min: -(2 ** 45), max: 2 ** 45 }),
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 20 - 1 }),
        fc.integer({ min: 1, max: 9 * 2 ** 20 }),
        small,
        fc.array(fc.integer({ min: 500, max: 4000 }), { minLength: 50, maxLength: 200 }),
        (aheadTicks, stepAtTicks, stepByTicks, costs) => {
          const clocks = new SpinningPort(1_790_000_000_000, aheadTicks, costs, 32);
          clocks.stepAtTicks = stepAtTicks;
          clocks.stepByTicks = stepByTicks;
          const seen = measureTickEdges(clocks, { edges: 10 });
          if (seen.result === 'stepped') {
            expect(seen.step.earliest).toBeLessThanOrEqual(stepByTicks * TICK_MS);
            expect(seen.step.latest).toBeGreaterThanOrEqual(stepByTicks * TICK_MS);
            return;
          }
          expect(seen.result).toBe('measured');
          // Too small to tell, or over before the first edge or after the last: then only the present can be right.
          if (seen.result === 'measured' && Math.abs(stepByTicks) > 2 ** 21)
            expect(clocks.holds(seen.relation)).toBe(true);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('tells the size of a large step to the microsecond', () => {
    const clocks = new SpinningPort(1_790_000_000_000, 0, [60, 71, 83, 97], 32);
    clocks.stepAtTicks = 3.5 * 2 ** 20;
    clocks.stepByTicks = -250.25 * 2 ** 20;
    const seen = measureTickEdges(clocks);
    expect(seen.result).toBe('stepped');
    if (seen.result === 'stepped') {
      expect(widthMs(seen.step)).toBeLessThan(0.003);
      expect(seen.step.earliest).toBeLessThanOrEqual(-250.25);
      expect(seen.step.latest).toBeGreaterThanOrEqual(-250.25);
    }
  });

  it('gives up on a wall clock that does not tick', () => {
    const frozen = new SpinningPort(5, 0, [1], 32);
    frozen.wallMs = () => 7;
    expect(measureTickEdges(frozen, { edges: 1 })).toEqual({ result: 'no-tick' });
  });

  it('takes at least one edge and at most 200', () => {
    const one = measureTickEdges(new SpinningPort(0, 0, [3000], 32), { edges: -3 });
    const most = measureTickEdges(new SpinningPort(0, 0, [3000], 32), { edges: 1e9 });
    expect(one).toMatchObject({ result: 'measured', edges: 1 });
    expect(most).toMatchObject({ result: 'measured', edges: 200 });
  });
});

describe('relationFromReading', () => {
  it('contains the true relation for any reading, and random readings converge', () => {
    fc.assert(
      fc.property(port, (clocks) => {
        let relation: Interval = { earliest: -Infinity, latest: Infinity };
        for (let read = 0; read < 30; read += 1) {
          const { monotonicMs, wallMs } = clocks.granularity;
          const fresh = relationFromReading(
            bracket(clocks, () => clocks.wallMs()),
            wallMs,
            monotonicMs,
          );
          expect(clocks.holds(fresh)).toBe(true);
          relation = intersectIntervals(relation, fresh)!;
        }
        expect(clocks.holds(relation)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a coarse monotonic clock', () => {
  it('is charged to the lower side: without its granularity the relation is lost', () => {
    const coarse = fc
      .tuple(
        fc.integer({ min: 0, max: 2 ** 20 - 1 }),
        fc.array(fc.integer({ min: 20, max: 300 }), { minLength: 50, maxLength: 100 }),
      )
      .map(
        ([ahead, costs]) =>
          new SpinningPort(
            0,
            ahead,
            costs.map((c) => c * 20),
            2 ** 15,
          ),
      );
    const law = (measure: Measure): fc.IProperty<[SpinningPort]> =>
      fc.property(coarse, (clocks) => {
        const seen = measure(clocks);
        return seen.result === 'measured' && clocks.holds(seen.relation);
      });
    fc.assert(
      law((clocks) => measureTickEdges(clocks, { edges: 40 })),
      { numRuns: 30 },
    );
    expect(fc.check(law(noGranularity), { numRuns: 30 }).failed).toBe(true);
  });
});
