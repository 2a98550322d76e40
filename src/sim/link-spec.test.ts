import { describe, expect, it } from 'vitest';
import { thrownBy } from '../../test/support/thrown-by.ts';
import { type Delay, delays } from './delays.ts';
import { type DelaySpec, delayOf, linkOf } from './link-spec.ts';
import { SeededRandom } from './random.ts';

const drawsOf = (delay: Delay): number[] => {
  const random = new SeededRandom(7);
  return Array.from({ length: 50 }, () => delay(random));
};

const SPECS: readonly (readonly [DelaySpec, Delay])[] = [
  [{ kind: 'constant', ms: 3 }, delays.constant(3)],
  [{ kind: 'uniform', fromMs: 1, toMs: 2 }, delays.uniform(1, 2)],
  [{ kind: 'exponential', baseMs: 1, meanMs: 5 }, delays.exponential(1, 5)],
  [{ kind: 'gamma', baseMs: 1, meanMs: 5, shape: 2 }, delays.gamma(1, 5, 2)],
  [{ kind: 'pareto', baseMs: 1, scaleMs: 2, alpha: 3 }, delays.pareto(1, 2, 3)],
  [{ kind: 'samples', measuredMs: [1, 2, 4] }, delays.samples([1, 2, 4])],
];

describe('a link as data', () => {
  it.each(SPECS)('%o is the distribution of that name, also after JSON', (spec, delay) => {
    const copy = JSON.parse(JSON.stringify(spec)) as DelaySpec;
    expect(drawsOf(delayOf(copy))).toEqual(drawsOf(delay));
  });

  it('keeps what is no delay, and leaves out a delay that is not said', () => {
    expect(linkOf({ loss: 0.5 })).toEqual({ loss: 0.5 });
    const link = linkOf({ loss: 0.5, delay: { kind: 'constant', ms: 9 } });
    expect(link.loss).toBe(0.5);
    expect(drawsOf(link.delay!)).toEqual(Array(50).fill(9));
  });

  it('refuses what its distribution refuses', () => {
    expect(thrownBy(() => delayOf({ kind: 'constant', ms: -1 }))).toMatchObject({
      code: expect.stringMatching(/^TC_/),
    });
  });
});
