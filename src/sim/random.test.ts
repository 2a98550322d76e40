import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SEED_MAX, SeededRandom } from './random.ts';
import { momentsOf } from './world.fixture.ts';

const seeds = fc.maxSafeNat();

function take(count: number, draw: () => number): number[] {
  return Array.from({ length: count }, draw);
}

describe('a stream', () => {
  /* If these change, every recorded seed of every user replays another history: that is a breaking change. */
  it('never changes between versions', () => {
    const first = (seed: number): number[] => {
      const random = new SeededRandom(seed);
      return take(4, () => random.bits());
    };
    expect({ zero: first(0), one: first(1), many: first(20_260_101), max: first(SEED_MAX) }).toMatchInlineSnapshot(`
      {
        "many": [
          4019663396,
          2226191288,
          2950232246,
          1676887068,
        ],
        "max": [
          3283068768,
          1054798444,
          3384130137,
          3270258908,
        ],
        "one": [
          3929622537,
          290800428,
          4002465876,
          2291547926,
        ],
        "zero": [
          1789933344,
          44971166,
          2521392804,
          3836935353,
        ],
      }
    `);
  });

  it('never changes between versions, fork by fork and distribution by distribution', () => {
    const random = new SeededRandom(42);
    const draws = {
      fork: random.fork('node a').bits(),
      nested: random.fork('node a').fork('drift').bits(),
      uniform: random.uniform(),
      integer: random.integer(1000),
      normal: random.normal(),
      spare: random.normal(),
      exponential: random.exponential(),
      gamma: random.gamma(2.5),
      flatGamma: random.gamma(0.5),
      pareto: random.pareto(1.5),
    };
    const rounded = Object.fromEntries(Object.entries(draws).map(([name, value]) => [name, value.toPrecision(12)]));
    expect(rounded).toMatchInlineSnapshot(`
      {
        "exponential": "1.23350539262",
        "flatGamma": "1.45148108839",
        "fork": "926524285.000",
        "gamma": "2.22578811200",
        "integer": "702.000000000",
        "nested": "1842026554.00",
        "normal": "0.234338236518",
        "pareto": "1.68613339080",
        "spare": "1.70279257399",
        "uniform": "0.866480629763",
      }
    `);
  });

  it('is the same for the same seed, and another for another one', () => {
    fc.assert(
      fc.property(seeds, seeds, (a, b) => {
        const [one, again, other] = [new SeededRandom(a), new SeededRandom(a), new SeededRandom(b)];
        const draws = take(8, () => one.bits());
        expect(take(8, () => again.bits())).toEqual(draws);
        if (a !== b) expect(take(8, () => other.bits())).not.toEqual(draws);
      }),
    );
  });

  it('differs in half of its bits when one bit of the seed differs, in the high half of the seed too', () => {
    const flips: number[] = [];
    for (let bit = 0; bit < 53; bit += 1) {
      const [a, b] = [new SeededRandom(12_345), new SeededRandom(12_345 + 2 ** bit)];
      for (let index = 0; index < 32; index += 1) flips.push(ones(a.bits() ^ b.bits()));
    }
    const { mean } = momentsOf(() => flips.pop() ?? 0, flips.length);
    expect(mean).toBeCloseTo(16, 0);
  });

  it.each([-1, 0.5, NaN, Infinity, SEED_MAX + 1])('refuses the seed %d', (seed) => {
    expect(() => new SeededRandom(seed)).toThrow(/SeededRandom/);
  });
});

function ones(bits: number): number {
  return (bits >>> 0).toString(2).replaceAll('0', '').length;
}

describe('a fork', () => {
  it('depends on the seed and the name only, not on what was drawn before', () => {
    fc.assert(
      fc.property(seeds, fc.string(), fc.nat(20), (seed, name, drawn) => {
        const used = new SeededRandom(seed);
        take(drawn, () => used.normal());
        const [fork, again] = [used.fork(name), new SeededRandom(seed).fork(name)];
        expect(take(4, () => fork.bits())).toEqual(take(4, () => again.bits()));
      }),
    );
  });

  it('does not disturb the stream that it was forked from', () => {
    const [a, b] = [new SeededRandom(7), new SeededRandom(7)];
    a.fork('x').uniform();
    expect(a.uniform()).toBe(b.uniform());
  });

  it('has a stream of its own for each name, also for names that are alike', () => {
    const random = new SeededRandom(1);
    const names = take(3000, () => 0).flatMap((_, index) => [
      `node ${index}`,
      `${index} node`,
      `n${index} -> n${index + 1}`,
    ]);
    const firsts = new Set([random, ...names.map((name) => random.fork(name))].map((stream) => stream.uniform()));
    expect(firsts.size).toBe(names.length + 1);
    const alike = ['', 'a', 'aa', 'ab', 'ba', 'A', ' a', 'a ', 'ä', '😀', '\0', '\0\0'];
    expect(new Set(alike.map((name) => random.fork(name).bits())).size).toBe(alike.length);
  });

  it('is not correlated with its parent or its siblings', () => {
    const parent = new SeededRandom(99);
    const streams = [parent, ...['a', 'b', 'c'].map((name) => new SeededRandom(99).fork(name))];
    const draws = streams.map((stream) => take(20_000, () => stream.uniform() - 0.5));
    for (const [index, a] of draws.entries()) {
      for (const b of draws.slice(index + 1)) {
        const correlation = a.reduce((sum, value, at) => sum + value * b[at]!, 0) / a.length / (1 / 12);
        expect(Math.abs(correlation)).toBeLessThan(5 / Math.sqrt(a.length));
      }
    }
  });
});

describe('uniform', () => {
  it('is in [0, 1), uses all 53 bits, and fills its range evenly', () => {
    const random = new SeededRandom(3);
    const bins = new Array<number>(64).fill(0);
    const oddInBit = new Array<number>(53).fill(0);
    const count = 20_000;
    let outside = 0;
    for (let index = 0; index < count; index += 1) {
      const value = random.uniform();
      if (!(value >= 0 && value < 1)) outside += 1;
      bins[Math.floor(value * 64)]! += 1;
      for (let bit = 0; bit < 53; bit += 1) oddInBit[bit]! += Math.floor(value * 2 ** (bit + 1)) % 2;
    }
    expect(outside).toBe(0);
    const chiSquare = bins.reduce((sum, seen) => sum + (seen - count / 64) ** 2 / (count / 64), 0);
    expect(chiSquare).toBeLessThan(63 + 5 * Math.sqrt(2 * 63));
    for (const odd of oddInBit) expect(Math.abs(odd / count - 0.5)).toBeLessThan(5 * Math.sqrt(0.25 / count));
  });

  it('gives every whole number below a limit, and no other', () => {
    const random = new SeededRandom(4);
    for (const below of [1, 2, 3, 10, 1000]) {
      const seen = new Set(take(below * 30, () => random.integer(below)));
      expect(Math.max(...seen)).toBe(below - 1);
      expect(Math.min(...seen)).toBe(0);
      expect(seen.size).toBe(below);
    }
  });
});

describe('the distributions', () => {
  const COUNT = 200_000;
  const cases = [
    { name: 'uniform', draw: (r: SeededRandom) => r.uniform(), mean: 1 / 2, variance: 1 / 12 },
    { name: 'normal', draw: (r: SeededRandom) => r.normal(), mean: 0, variance: 1 },
    { name: 'exponential', draw: (r: SeededRandom) => r.exponential(), mean: 1, variance: 1 },
    ...[0.3, 1, 2, 50].map((shape) => ({
      name: `gamma ${shape}`,
      draw: (r: SeededRandom) => r.gamma(shape),
      mean: shape,
      variance: shape,
    })),
    { name: 'pareto 5', draw: (r: SeededRandom) => r.pareto(5), mean: 5 / 4, variance: 5 / (16 * 3) },
  ];

  it.each(cases)('$name has its mean and its variance', ({ draw, mean, variance }) => {
    const random = new SeededRandom(5);
    const seen = momentsOf(() => draw(random), COUNT);
    expect(Math.abs(seen.mean - mean)).toBeLessThan(5 * Math.sqrt(variance / COUNT));
    expect(seen.variance / variance).toBeGreaterThan(0.97);
    expect(seen.variance / variance).toBeLessThan(1.03);
  });

  /** The share of draws above a value. */
  function tail(draw: (random: SeededRandom) => number, above: number): number {
    const random = new SeededRandom(6);
    let count = 0;
    for (let index = 0; index < COUNT; index += 1) if (draw(random) > above) count += 1;
    return count / COUNT;
  }

  it.each([
    { name: 'normal beyond 1', draw: (r: SeededRandom) => r.normal(), above: 1, share: 0.158_655 },
    { name: 'normal beyond -2', draw: (r: SeededRandom) => r.normal(), above: -2, share: 0.977_25 },
    { name: 'normal beyond 3', draw: (r: SeededRandom) => r.normal(), above: 3, share: 0.001_35 },
    { name: 'exponential beyond 3', draw: (r: SeededRandom) => r.exponential(), above: 3, share: Math.exp(-3) },
    { name: 'gamma 2 beyond 4', draw: (r: SeededRandom) => r.gamma(2), above: 4, share: 5 * Math.exp(-4) },
    { name: 'pareto 1.5 beyond 10', draw: (r: SeededRandom) => r.pareto(1.5), above: 10, share: 10 ** -1.5 },
  ])('$name is as likely as it should be', ({ draw, above, share }) => {
    const spread = Math.sqrt((share * (1 - share)) / COUNT);
    expect(Math.abs(tail(draw, above) - share)).toBeLessThan(5 * spread);
  });

  it('two normal draws in a row are independent, though they come from one pair', () => {
    const random = new SeededRandom(8);
    const { mean } = momentsOf(() => random.normal() * random.normal(), COUNT);
    expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(COUNT));
  });

  it('delays are never negative and pareto is at least 1', () => {
    fc.assert(
      fc.property(seeds, fc.double({ min: 0.1, max: 1000, noNaN: true }), (seed, parameter) => {
        const random = new SeededRandom(seed);
        expect(random.exponential()).toBeGreaterThanOrEqual(0);
        expect(random.gamma(parameter)).toBeGreaterThanOrEqual(0);
        expect(random.pareto(parameter)).toBeGreaterThanOrEqual(1);
      }),
    );
  });

  it('refuses parameters that mean nothing', () => {
    const random = new SeededRandom(1);
    for (const bad of [0, -1, NaN, Infinity]) {
      expect(() => random.gamma(bad)).toThrow(/shape/);
      expect(() => random.pareto(bad)).toThrow(/tail exponent/);
    }
  });
});
