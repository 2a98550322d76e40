import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exact } from '../../test/support/rational.ts';
import {
  type AxisPremises,
  factsFromExchange,
  lowerAt,
  midpointOfExchange,
  RunningIntersection,
  upperAt,
} from './running-intersection.ts';
import type { Exchange } from './time-source.ts';

/*
 * Everything is exact: monotonic time is counted in ticks of 2^-20 ms, true time in atoms of 1e-9 ticks, and rates are whole
 * numbers of parts per billion, so that the truth is an integer at every tick.
 */
const TICK_MS = 2 ** -20;
const TICKS_PER_MS = 2 ** 20;
const ATOMS_PER_TICK = 1_000_000_000n;
const BASE_MS = 1_789_999_999_000;
/** 2^-10 ms. */
const GRANULARITY_TICKS = 1024;

interface Segment {
  readonly lengthTicks: number;
  readonly driftPpb: number;
}

interface Trip {
  readonly pauseTicks: number;
  readonly outTicks: number;
  readonly dwellTicks: number;
  readonly backTicks: number;
  readonly claimTicks: number;
  readonly errorAtArrival: number;
  readonly errorAtDeparture: number;
}

interface World {
  readonly driftPpm: number;
  readonly segments: readonly Segment[];
  readonly trips: readonly Trip[];
  readonly thetaTicks: number;
  readonly asked: readonly number[];
}

/** True time (less base and monotonic time) in atoms: the path goes on at the last rate for ever. */
function thetaAtoms(world: World, ticks: number): bigint {
  let atoms = BigInt(world.thetaTicks) * ATOMS_PER_TICK;
  let left = ticks;
  for (const [index, { lengthTicks, driftPpb }] of world.segments.entries()) {
    const taken = index === world.segments.length - 1 ? left : Math.min(left, lengthTicks);
    atoms += BigInt(taken) * BigInt(driftPpb);
    left -= taken;
  }
  return atoms;
}

const tripArbitrary: fc.Arbitrary<Trip> = fc.record({
  pauseTicks: fc.integer({ min: 0, max: 200_000 * TICKS_PER_MS }),
  outTicks: fc.oneof(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 0, max: 300 * TICKS_PER_MS })),
  dwellTicks: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 10 * TICKS_PER_MS })),
  backTicks: fc.oneof(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 0, max: 300 * TICKS_PER_MS })),
  claimTicks: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 5 * TICKS_PER_MS })),
  errorAtArrival: fc.constantFrom(-1, -0.3, 0, 0.5, 1),
  errorAtDeparture: fc.constantFrom(-1, -0.3, 0, 0.5, 1),
});

const worldArbitrary: fc.Arbitrary<World> = fc.constantFrom(0, 1, 15, 50, 200, 5000).chain((driftPpm) =>
  fc.record({
    driftPpm: fc.constant(driftPpm),
    segments: fc.array(
      fc.record({
        lengthTicks: fc.integer({ min: 1, max: 100_000 * TICKS_PER_MS }),
        driftPpb: fc.oneof(
          fc.constantFrom(-driftPpm * 1000, driftPpm * 1000),
          fc.integer({ min: -driftPpm * 1000, max: driftPpm * 1000 }),
        ),
      }),
      { minLength: 1, maxLength: 8 },
    ),
    trips: fc.array(tripArbitrary, { minLength: 1, maxLength: 8 }),
    thetaTicks: fc.oneof(
      fc.integer({ min: -5 * TICKS_PER_MS, max: 5 * TICKS_PER_MS }),
      fc.integer({ min: -(2 ** 52), max: 2 ** 52 }),
    ),
    asked: fc.array(fc.integer({ min: 0, max: 1_000_000 * TICKS_PER_MS }), { minLength: 4, maxLength: 8 }),
  }),
);

function axisOf(world: World): AxisPremises {
  return { baseMs: BASE_MS, driftPpm: world.driftPpm, granularityMs: GRANULARITY_TICKS * TICK_MS };
}

function reading(ticks: number): number {
  return (ticks - (ticks % GRANULARITY_TICKS)) * TICK_MS;
}

/** What the server's clock says at a monotonic moment: within its claim of the truth, one tick being kept for its own floor. */
function serverStamp(world: World, ticks: number, errorTicks: number): Exchange['serverSent'] {
  const theta = thetaAtoms(world, ticks);
  const floored = theta >= 0n ? theta / ATOMS_PER_TICK : -((-theta + ATOMS_PER_TICK - 1n) / ATOMS_PER_TICK);
  const sinceBase = floored + BigInt(ticks) + BigInt(errorTicks);
  const whole = sinceBase >> 20n;
  return { wholeMs: BASE_MS + Number(whole), fractionMs: Number(sinceBase - (whole << 20n)) * TICK_MS };
}

function exchangesOf(world: World): readonly Exchange[] {
  let now = 0;
  return world.trips.map((trip) => {
    const sent = now + trip.pauseTicks;
    const arrived = sent + trip.outTicks;
    const left = arrived + trip.dwellTicks;
    now = left + trip.backTicks;
    const slack = trip.claimTicks - 1;
    return {
      sentMs: reading(sent),
      serverReceived: serverStamp(world, arrived, Math.trunc(trip.errorAtArrival * slack)),
      serverSent: serverStamp(world, left, Math.trunc(trip.errorAtDeparture * slack)),
      receivedMs: reading(now),
      sourceErrorMs: trip.claimTicks * TICK_MS,
      server: 'a',
      stratum: 1,
      leap: 'none',
    };
  });
}

/** -1, 0 or 1: a double in ms against a number of atoms, exactly. */
function compareAtoms(ms: number, atoms: bigint): number {
  const { numerator, denominator } = exact(ms);
  const difference = numerator * BigInt(TICKS_PER_MS) * ATOMS_PER_TICK - atoms * denominator;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

interface Variant {
  readonly axis?: (axis: AxisPremises) => AxisPremises;
  readonly exchange?: (exchange: Exchange) => Exchange;
}

function containsTheTruth(variant: Variant = {}): fc.IProperty<[World]> {
  return fc.property(worldArbitrary, (world) => {
    const axis = axisOf(world);
    const intersection = new RunningIntersection(variant.axis?.(axis) ?? axis);
    for (const exchange of exchangesOf(world)) {
      if (intersection.add(variant.exchange?.(exchange) ?? exchange) === 'contradiction') return false;
      const moments = [...world.asked, exchange.sentMs * TICKS_PER_MS, exchange.receivedMs * TICKS_PER_MS];
      for (const ticks of moments) {
        const bounds = intersection.at(ticks * TICK_MS)!;
        const truth = thetaAtoms(world, ticks);
        if (compareAtoms(bounds.earliest, truth) > 0 || compareAtoms(bounds.latest, truth) < 0) return false;
      }
    }
    return true;
  });
}

describe('RunningIntersection: laws', () => {
  it('holds the truth at every moment, earlier or later, with drift at the bound: exactly', () => {
    fc.assert(containsTheTruth(), { numRuns: 3000 });
  });

  it.each<[string, Variant]>([
    ['does not open with drift', { axis: (axis) => ({ ...axis, driftPpm: axis.driftPpm * 0.999 }) }],
    ['forgets the granularity of the clock', { axis: (axis) => ({ ...axis, granularityMs: 0 }) }],
    ["trusts the server's clock", { exchange: (exchange) => ({ ...exchange, sourceErrorMs: 0 }) }],
    ['stamps after sending', { exchange: (exchange) => ({ ...exchange, sentMs: exchange.sentMs + 2 ** -8 }) }],
    ['stamps before receipt', { exchange: (exchange) => ({ ...exchange, receivedMs: exchange.receivedMs - 2 ** -8 }) }],
    [
      'takes the dwell for travel',
      {
        exchange: (exchange) => ({
          ...exchange,
          serverReceived: exchange.serverSent,
          serverSent: exchange.serverReceived,
        }),
      },
    ],
  ])('the law catches one that %s', (name, variant) => {
    // Swapped stamps only widen: that one is the control of the others.
    expect(fc.check(containsTheTruth(variant), { numRuns: 3000 }).failed).toBe(name !== 'takes the dwell for travel');
  });

  it('is the intersection of all facts from the last one on, to the rounding', () => {
    fc.assert(
      fc.property(worldArbitrary, fc.nat({ max: 100_000 }), (world, laterMs) => {
        const axis = axisOf(world);
        const intersection = new RunningIntersection(axis);
        const exchanges = exchangesOf(world);
        const facts = exchanges.map((exchange) => factsFromExchange(exchange, axis));
        for (const exchange of exchanges) intersection.add(exchange);
        const atMs = exchanges.at(-1)!.receivedMs + laterMs;
        const bounds = intersection.at(atMs)!;
        const best = {
          earliest: Math.max(...facts.map((fact) => lowerAt(fact.lower, atMs, world.driftPpm))),
          latest: Math.min(...facts.map((fact) => upperAt(fact.upper, atMs, world.driftPpm))),
        };
        const roundingMs = 4 * Number.EPSILON * (Math.abs(best.earliest) + Math.abs(best.latest) + 1);
        expect(Math.abs(bounds.earliest - best.earliest)).toBeLessThanOrEqual(roundingMs);
        expect(Math.abs(bounds.latest - best.latest)).toBeLessThanOrEqual(roundingMs);
      }),
      { numRuns: 2000 },
    );
  });
});

const lyingWorld: fc.Arbitrary<{ world: World; lies: readonly number[] }> = fc.record({
  world: worldArbitrary,
  lies: fc.array(
    fc.oneof(fc.constant(0), fc.integer({ min: -40, max: 40 }), fc.double({ min: -0.2, max: 0.2, noNaN: true })),
    {
      minLength: 8,
      maxLength: 8,
    },
  ),
});

function lied(exchange: Exchange, byMs: number): Exchange {
  return { ...exchange, sentMs: exchange.sentMs + byMs, receivedMs: exchange.receivedMs + byMs };
}

describe('RunningIntersection: contradictions', () => {
  it('G5: change nothing, and nothing is ever inverted', () => {
    fc.assert(
      fc.property(lyingWorld, ({ world, lies }) => {
        const intersection = new RunningIntersection(axisOf(world));
        for (const [index, exchange] of exchangesOf(world).entries()) {
          const before = world.asked.map((ticks) => intersection.at(ticks * TICK_MS));
          const result = intersection.add(lied(exchange, lies[index]!));
          const after = world.asked.map((ticks) => intersection.at(ticks * TICK_MS));
          if (result !== 'narrowed') expect(after).toEqual(before);
          for (const bounds of after) expect(bounds === undefined || bounds.earliest <= bounds.latest).toBe(true);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('are found exactly when some two facts so far exclude each other', () => {
    fc.assert(
      fc.property(lyingWorld, ({ world, lies }) => {
        const axis = axisOf(world);
        const intersection = new RunningIntersection(axis);
        const accepted: ReturnType<typeof factsFromExchange>[] = [];
        for (const [index, exchange] of exchangesOf(world).entries()) {
          // A lie in the server's stamps, not in the local clock's: local readings never go back.
          const { serverReceived: two, serverSent: three } = exchange;
          const byMs = Math.round(lies[index]!);
          const told = {
            ...exchange,
            serverReceived: { ...two, wholeMs: two.wholeMs + byMs },
            serverSent: { ...three, wholeMs: three.wholeMs + byMs },
          };
          const facts = [...accepted, factsFromExchange(told, axis)];
          const gaps = facts.flatMap(({ upper }) =>
            facts.map(
              ({ lower }) => upper.thetaMs - lower.thetaMs + Math.abs(upper.atMs - lower.atMs) * world.driftPpm * 1e-6,
            ),
          );
          const gap = Math.min(...gaps);
          const result = intersection.add(told);
          const roundingMs = 8 * Number.EPSILON * (1 + Math.abs(facts[0]!.lower.thetaMs));
          if (Math.abs(gap) > roundingMs) expect(result === 'contradiction').toBe(gap < 0);
          if (result !== 'contradiction') accepted.push(factsFromExchange(told, axis));
        }
      }),
      { numRuns: 5000 },
    );
  });

  it('are seen when a discarded fact and a fresh one exclude each other although the kept ones do not', () => {
    const axis: AxisPremises = { baseMs: 0, driftPpm: 1000, granularityMs: 0 };
    const intersection = new RunningIntersection(axis);
    const at = (ms: number): Exchange['serverSent'] => ({ wholeMs: Math.floor(ms), fractionMs: ms - Math.floor(ms) });
    const rest = { sourceErrorMs: 0, server: 'a', stratum: 1, leap: 'none' } as const;
    // Proves theta >= 0 at 1000, and at most 500 at 500.
    intersection.add({ sentMs: 500, serverReceived: at(1000), serverSent: at(1000), receivedMs: 1000, ...rest });
    // At 1000: theta <= -0.25 contradicts it; its own lower fact at 2000 is 1 ms lower than the first, plus an eighth.
    const result = intersection.add({
      sentMs: 1000,
      serverReceived: at(999.75),
      serverSent: at(1999.125),
      receivedMs: 2000,
      ...rest,
    });
    expect(result).toBe('contradiction');
  });

  it('within one exchange: the answer is back before the source says it was sent', () => {
    const intersection = new RunningIntersection({ baseMs: 0, driftPpm: 50, granularityMs: 0 });
    const impossible: Exchange = {
      sentMs: 0,
      serverReceived: { wholeMs: 10, fractionMs: 0 },
      serverSent: { wholeMs: 30, fractionMs: 0 },
      receivedMs: 10,
      sourceErrorMs: 1,
      server: 'a',
      stratum: 1,
      leap: 'none',
    };
    expect(intersection.add(impossible)).toBe('contradiction');
    expect(intersection.hasFacts).toBe(false);
    expect(intersection.at(20)).toBeUndefined();
  });
});

describe('RunningIntersection: by hand', () => {
  const axis: AxisPremises = { baseMs: 1000, driftPpm: 100, granularityMs: 0 };
  const one: Exchange = {
    sentMs: 100,
    serverReceived: { wholeMs: 1107, fractionMs: 0.5 },
    serverSent: { wholeMs: 1108, fractionMs: 0.5 },
    receivedMs: 104,
    sourceErrorMs: 0.25,
    server: 'a',
    stratum: 1,
    leap: 'none',
  };

  it('computes the bounds that a person would', () => {
    const intersection = new RunningIntersection(axis);
    expect(intersection.add(one)).toBe('narrowed');
    // theta >= 108.5 - 0.25 - 104 = 4.25 at 104; theta <= 107.5 + 0.25 - 100 = 7.75 at 100.
    expect(factsFromExchange(one, axis)).toEqual({
      lower: { thetaMs: 4.25, atMs: 104 },
      upper: { thetaMs: 7.75, atMs: 100 },
    });
    const later = intersection.at(10_100)!;
    expect(later.earliest).toBeCloseTo(4.25 - 0.9996, 9);
    expect(later.latest).toBeCloseTo(7.75 + 1, 9);
    const earlier = intersection.at(-9_900)!;
    expect(earlier.earliest).toBeCloseTo(4.25 - 1.0004, 9);
    expect(earlier.latest).toBeCloseTo(7.75 + 1, 9);
  });

  it('keeps what is tighter, whichever exchange it came from, and forgets on reset', () => {
    const intersection = new RunningIntersection(axis);
    intersection.add(one);
    expect(intersection.add({ ...one, sentMs: 90, receivedMs: 120 })).toBe('kept');
    expect(intersection.add(one)).toBe('kept');
    expect(intersection.add({ ...one, receivedMs: 103 })).toBe('narrowed');
    intersection.reset();
    expect(intersection.hasFacts).toBe(false);
    expect(intersection.at(0)).toBeUndefined();
  });

  it('charges the granularity to the lower fact, with the drift over it', () => {
    const coarse = factsFromExchange(one, { ...axis, granularityMs: 1 });
    expect(coarse.lower.thetaMs).toBeLessThanOrEqual(3.25 - 0.0001);
    expect(coarse.lower.thetaMs).toBeCloseTo(3.2499, 9);
    expect(coarse.upper.thetaMs).toBe(7.75);
  });

  it('gives the middle and the round trip for estimators, never a negative delay', () => {
    expect(midpointOfExchange(one, axis)).toEqual({ thetaMs: 6, delayMs: 3 });
    expect(midpointOfExchange({ ...one, receivedMs: 100 }, axis).delayMs).toBe(0);
  });
});
