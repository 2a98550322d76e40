import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DriftModel, type DriftOptions } from './drift-model.ts';
import { SeededRandom } from './random.ts';
import { momentsOf } from './world.fixture.ts';

function ratesOf(options: DriftOptions, seed: number, steps: number): number[] {
  const model = new DriftModel(options, new SeededRandom(seed));
  return Array.from({ length: steps }, (_, step) => model.nextRatePpm(step * model.stepMs));
}

describe('a constant drift', () => {
  it('is constant, and does not change by itself', () => {
    expect(new DriftModel({ driftPpm: -12.5 }, new SeededRandom(1)).isDynamic).toBe(false);
    expect(ratesOf({ driftPpm: -12.5 }, 1, 3)).toEqual([-12.5, -12.5, -12.5]);
    expect(ratesOf({}, 1, 2)).toEqual([0, 0]);
  });
});

describe('the random walk', () => {
  it.each([
    { stepMs: 250, seconds: 25 },
    { stepMs: 1000, seconds: 100 },
    { stepMs: 4000, seconds: 100 },
  ])('has a variance of wander^2 for each second, with steps of $stepMs ms', ({ stepMs, seconds }) => {
    const options = { driftPpm: 3, wanderPpm: 0.5, stepMs };
    let seed = 0;
    const last = (): number => {
      seed += 1;
      return ratesOf(options, seed, (seconds * 1000) / stepMs).at(-1)!;
    };
    const { mean, variance } = momentsOf(last, 4000);
    expect(Math.abs(mean - 3)).toBeLessThan(5 * 0.5 * Math.sqrt(seconds / 4000));
    expect(variance / (0.25 * seconds)).toBeGreaterThan(0.88);
    expect(variance / (0.25 * seconds)).toBeLessThan(1.12);
  });

  it('grows like the square root of time: four times as long, twice as far', () => {
    const spread = (steps: number): number => {
      let seed = 0;
      return Math.sqrt(momentsOf(() => ratesOf({ wanderPpm: 1 }, (seed += 1), steps).at(-1)!, 3000).variance);
    };
    expect(spread(64) / spread(16)).toBeCloseTo(2, 0);
  });

  it('has independent steps of a normal distribution', () => {
    const rates = ratesOf({ wanderPpm: 2 }, 9, 20_000);
    const changes = rates.slice(1).map((rate, index) => rate - rates[index]!);
    const { variance } = momentsOf(() => changes.pop()!, changes.length);
    expect(variance).toBeCloseTo(4, 0);
  });

  it('never leaves its limit, and is not stuck at it', () => {
    fc.assert(
      fc.property(
        fc.maxSafeNat(),
        fc.double({ min: 0.01, max: 50, noNaN: true }),
        fc.double({ min: 0, max: 5, noNaN: true }),
        fc.integer({ min: -100, max: 100 }),
        (seed, wanderPpm, wanderMaxPpm, driftPpm) => {
          const rates = ratesOf({ driftPpm, wanderPpm, wanderMaxPpm }, seed, 200);
          const farthest = Math.max(...rates.map((rate) => Math.abs(rate - driftPpm)));
          expect(farthest).toBeLessThanOrEqual(wanderMaxPpm * (1 + 1e-12) + 1e-12);
        },
      ),
    );
    const rates = ratesOf({ wanderPpm: 1, wanderMaxPpm: 3 }, 1, 50_000);
    const atLimit = rates.filter((rate) => Math.abs(rate) > 2.999_999).length;
    expect(atLimit / rates.length).toBeLessThan(0.001);
    // Reflection makes the walk uniform over its range: a third of the time in each third.
    const inMiddle = rates.filter((rate) => Math.abs(rate) < 1).length / rates.length;
    expect(Math.abs(inMiddle - 1 / 3)).toBeLessThan(0.05);
  });

  it('has a limit when none is given, so that no clock ever runs backwards', () => {
    const rates = ratesOf({ driftPpm: -100_000, wanderPpm: 100_000 }, 3, 5000);
    expect(Math.min(...rates)).toBeGreaterThanOrEqual(-200_000);
    expect(Math.max(...rates)).toBeGreaterThan(-100_000);
  });
});

describe('the temperature wave', () => {
  it('is a sine of true time with its amplitude and its period, around the drift', () => {
    const model = new DriftModel({ driftPpm: 10, wave: { amplitudePpm: 4, periodMs: 3_600_000 } }, new SeededRandom(1));
    expect(model.isDynamic).toBe(true);
    expect(model.nextRatePpm(0)).toBe(10);
    expect(model.nextRatePpm(900_000)).toBeCloseTo(14, 9);
    expect(model.nextRatePpm(1_800_000)).toBeCloseTo(10, 9);
    expect(model.nextRatePpm(2_700_000)).toBeCloseTo(6, 9);
    expect(model.nextRatePpm(3_600_000 * 1000 + 300_000)).toBeCloseTo(12, 6);
  });

  it('adds to the walk', () => {
    const options = { wanderPpm: 1, wave: { amplitudePpm: 4, periodMs: 4000 } };
    const both = ratesOf(options, 5, 4);
    const walk = ratesOf({ wanderPpm: 1 }, 5, 4);
    [0, 4, 0, -4].forEach((ppm, step) => {
      expect(both[step]! - walk[step]!).toBeCloseTo(ppm, 9);
    });
  });
});

describe('what is refused', () => {
  const bad: readonly DriftOptions[] = [
    { driftPpm: 100_001 },
    { driftPpm: -100_001 },
    { driftPpm: NaN },
    { wanderPpm: -1 },
    { wanderPpm: Infinity },
    { wanderMaxPpm: -1 },
    { wave: { amplitudePpm: -1, periodMs: 1000 } },
    { wave: { amplitudePpm: 1, periodMs: 0 } },
    { stepMs: 0 },
    { stepMs: NaN },
  ];

  it.each(bad)('%o', (options) => {
    expect(() => new DriftModel(options, new SeededRandom(1))).toThrow(/drift/);
  });
});
