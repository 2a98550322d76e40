import { describe, expect, it } from 'vitest';
import { World } from '../../test/support/scripted-source.ts';
import { type BoundedClockOptions, HOLDOVER_MS_MAX_DEFAULT, settleOptions } from './clock-options.ts';
import { leastDelayEstimator } from './estimate.ts';
import type { TimeSource } from './time-source.ts';

const world = new World();

function named(count: number): TimeSource[] {
  return Array.from({ length: count }, (_, index) => world.source(`s${index}`));
}

describe('settleOptions', () => {
  it('fills in the documented defaults', () => {
    const sources = named(4);
    expect(settleOptions({ sources })).toMatchObject({
      sources,
      driftPpm: 50,
      falsetickers: 1,
      timeoutMs: 2000,
      holdoverMaxMs: HOLDOVER_MS_MAX_DEFAULT,
      discontinuity: 'witness',
      discontinuityCheckMs: 1000,
      estimator: leastDelayEstimator,
      timeScale: 'utc',
    });
    expect(settleOptions({ sources }).random()).toBe(0.5);
  });

  it('takes the largest minority as liars by default, and any smaller number when told', () => {
    expect([1, 2, 3, 4, 5, 7, 64].map((n) => settleOptions({ sources: named(n) }).falsetickers)).toEqual([
      0, 0, 1, 1, 2, 3, 31,
    ]);
    expect(settleOptions({ sources: named(5), falsetickers: 0 }).falsetickers).toBe(0);
  });

  it('keeps its own list of sources', () => {
    const sources = named(2);
    const settled = settleOptions({ sources });
    sources.pop();
    expect(settled.sources).toHaveLength(2);
  });

  it('takes values at both ends of every range', () => {
    for (const edges of [
      { driftPpm: 0, timeoutMs: 1, holdoverMaxMs: 1, discontinuityCheckMs: 10 },
      { driftPpm: 100_000, timeoutMs: 60_000, holdoverMaxMs: 1e11, discontinuityCheckMs: 60_000 },
    ]) {
      expect(settleOptions({ sources: named(1), ...edges })).toMatchObject(edges);
    }
  });

  it.each<[string, Partial<Record<keyof BoundedClockOptions, unknown>>, string]>([
    ['no sources', { sources: [] }, 'TC_INVALID_ARGUMENT'],
    ['sources that are no list', { sources: 'time.example.net' }, 'TC_INVALID_ARGUMENT'],
    ['sources that are missing', { sources: undefined }, 'TC_INVALID_ARGUMENT'],
    ['an address where a source belongs', { sources: ['time.example.net'] }, 'TC_INVALID_ARGUMENT'],
    ['null as a source', { sources: [null] }, 'TC_INVALID_ARGUMENT'],
    ['65 sources', { sources: named(65) }, 'TC_INVALID_ARGUMENT'],
    ['two sources of one name', { sources: [world.source('a'), world.source('a')] }, 'TC_INVALID_ARGUMENT'],
    [
      'mixed time scales',
      { sources: [world.source('a'), world.source('b', { timeScale: 'smeared-utc' })] },
      'TC_MIXED_TIME_SCALES',
    ],
    ['a majority of liars', { falsetickers: 2 }, 'TC_OUT_OF_RANGE'],
    ['half a liar', { falsetickers: 0.5 }, 'TC_INVALID_ARGUMENT'],
    ['negative drift', { driftPpm: -1 }, 'TC_OUT_OF_RANGE'],
    ['drift as a ratio of everything', { driftPpm: NaN }, 'TC_NOT_FINITE'],
    ['a drift of more than a tenth', { driftPpm: 100_001 }, 'TC_OUT_OF_RANGE'],
    ['a timeout of zero', { timeoutMs: 0 }, 'TC_OUT_OF_RANGE'],
    ['an epoch as a timeout', { timeoutMs: 1.79e12 }, 'TC_EPOCH_AS_DURATION'],
    ['no holdover', { holdoverMaxMs: 0 }, 'TC_OUT_OF_RANGE'],
    ['endless holdover', { holdoverMaxMs: Infinity }, 'TC_NOT_FINITE'],
    ['a discontinuity that is no choice', { discontinuity: 'never' }, 'TC_INVALID_ARGUMENT'],
    ['a check that never comes', { discontinuityCheckMs: 60_001 }, 'TC_OUT_OF_RANGE'],
  ])('refuses %s', (_, options, code) => {
    expect(() => settleOptions({ sources: named(4), ...options } as BoundedClockOptions)).toThrow(
      expect.objectContaining({ code }),
    );
  });

  it('names the sources whose time scales differ', () => {
    const sources = [world.source('a'), world.source('b', { timeScale: 'smeared-utc' })];
    expect(() => settleOptions({ sources })).toThrow(/a \(utc\), b \(smeared-utc\)/u);
  });
});
