import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Delay, delays } from './delays.ts';
import { type DelaySpec, delayOf, linkOf } from './link-spec.ts';
import { SeededRandom } from './random.ts';
import { momentsOf } from './world.fixture.ts';

const SPECS: readonly {
  readonly spec: DelaySpec;
  readonly same: Delay;
  readonly mean: number;
  readonly leastMs: number;
}[] = [
  { spec: { kind: 'constant', ms: 3 }, same: delays.constant(3), mean: 3, leastMs: 3 },
  { spec: { kind: 'uniform', fromMs: 2, toMs: 6 }, same: delays.uniform(2, 6), mean: 4, leastMs: 2 },
  { spec: { kind: 'exponential', baseMs: 5, meanMs: 2 }, same: delays.exponential(5, 2), mean: 7, leastMs: 5 },
  { spec: { kind: 'gamma', baseMs: 1, meanMs: 4, shape: 3 }, same: delays.gamma(1, 4, 3), mean: 5, leastMs: 1 },
  { spec: { kind: 'pareto', baseMs: 1, scaleMs: 4, alpha: 5 }, same: delays.pareto(1, 4, 5), mean: 2, leastMs: 1 },
  { spec: { kind: 'samples', measuredMs: [1, 2, 9] }, same: delays.samples([1, 2, 9]), mean: 4, leastMs: 1 },
];

describe('delays', () => {
  it.each(SPECS)('$spec.kind has its base and its mean', ({ same, mean, leastMs }) => {
    const random = new SeededRandom(1);
    let least = Infinity;
    const seen = momentsOf(() => {
      const ms = same(random);
      least = Math.min(least, ms);
      return ms;
    }, 100_000);
    expect(Math.abs(seen.mean - mean)).toBeLessThanOrEqual(5 * Math.sqrt(Math.abs(seen.variance) / 100_000) + 1e-9);
    expect(least).toBeGreaterThanOrEqual(leastMs);
    expect(least).toBeLessThan(leastMs + 0.6);
  });

  it.each(SPECS)('$spec.kind as data is the same distribution', ({ spec, same }) => {
    const [a, b] = [new SeededRandom(2), new SeededRandom(2)];
    const described = delayOf(JSON.parse(JSON.stringify(spec)) as DelaySpec);
    for (let index = 0; index < 20; index += 1) expect(described(a)).toBe(same(b));
  });

  it('the samples are the ones that were measured', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1e6 }), { minLength: 1 }), fc.maxSafeNat(), (measuredMs, seed) => {
        const random = new SeededRandom(seed);
        const delay = delays.samples(measuredMs);
        for (let index = 0; index < 10; index += 1) expect(measuredMs).toContain(delay(random));
      }),
    );
  });

  it.each([
    () => delays.constant(-1),
    () => delays.constant(NaN),
    () => delays.uniform(5, 4),
    () => delays.exponential(-1, 1),
    () => delays.exponential(1, -1),
    () => delays.gamma(1, 1, 0),
    () => delays.pareto(1, 1, 0),
    () => delays.samples([]),
    () => delays.samples([1, -1]),
    () => delays.constant(1_767_225_600_000),
  ])('refuses what is no distribution: %s', (make) => {
    expect(make).toThrow(/delays\./);
  });

  it('a link as data keeps everything else', () => {
    const link = linkOf({ delay: { kind: 'constant', ms: 7 }, loss: 0.1, duplication: 0.2, inOrder: true, busyMs: 3 });
    expect(link).toMatchObject({ loss: 0.1, duplication: 0.2, inOrder: true, busyMs: 3 });
    expect(link.delay?.(new SeededRandom(1))).toBe(7);
    expect('delay' in linkOf({ loss: 0.5 })).toBe(false);
  });
});
