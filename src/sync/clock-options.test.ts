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
    ['an unknown option', { driftPPM: 50 } as object, 'TC_INVALID_ARGUMENT'],
    ['a source without a name', { sources: [world.source('')] }, 'TC_INVALID_ARGUMENT'],
    [
      'a source of another time scale',
      { sources: [world.source('a', { timeScale: 'tai' as 'utc' })] },
      'TC_INVALID_ARGUMENT',
    ],
    ['a source without a pace', { sources: [world.source('a', { pace: undefined as never })] }, 'TC_INVALID_ARGUMENT'],
    ['an estimator that is none', { estimator: () => undefined }, 'TC_INVALID_ARGUMENT'],
    ['a random that is no function', { random: 0.5 }, 'TC_INVALID_ARGUMENT'],
    ['a random that gives 1', { random: () => 1 }, 'TC_INVALID_ARGUMENT'],
    ['a random that gives nothing', { random: () => undefined }, 'TC_INVALID_ARGUMENT'],
    ['a drift as text', { driftPpm: '50' }, 'TC_NOT_FINITE'],
    ['a check that never comes', { discontinuityCheckMs: 60_001 }, 'TC_OUT_OF_RANGE'],
  ])('refuses %s', (_, options, code) => {
    expect(() => settleOptions({ sources: named(4), ...options } as BoundedClockOptions)).toThrow(
      expect.objectContaining({ code }),
    );
  });

  it.each<[unknown, string]>([
    [undefined, 'BoundedClock.start: sources must be a list of NTP addresses or time sources, got undefined. '],
    ['time.example.net', 'got string "time.example.net". Pass for example ['],
    [[], 'got an empty list. '],
    [[world.source('a'), 'b'], 'sources[1]: requires an NTP address (a string) or a time source, got string "b". '],
    [[world.source('a'), { address: '127.0.0.1:99' }], 'sources[1]: '],
    [[{ address: '127.0.0.1:99' }], 'got object. Pass its address: server.address.'],
    [[world.source('a'), world.source('b'), world.source('b')], 'one liar would have two votes, got "b" twice. '],
    // eslint-disable-next-line no-sparse-arrays -- a hole is what is tested
    [[world.source('a'), , world.source('b')], 'sources[1]: '],
  ])('says what is wrong with the sources %o', (sources, words) => {
    expect(() => settleOptions({ sources } as BoundedClockOptions)).toThrow(words);
  });

  it('says which number is wrong', () => {
    for (const name of ['driftPpm', 'falsetickers', 'timeoutMs', 'holdoverMaxMs', 'discontinuityCheckMs']) {
      expect(() => settleOptions({ sources: named(4), [name]: -1 })).toThrow(`BoundedClock.start ${name}: requires `);
    }
  });

  it('refuses options that are none', () => {
    for (const options of [undefined, null, 5, named(2)]) {
      expect(() => settleOptions(options as never)).toThrow(expect.objectContaining({ code: 'TC_INVALID_ARGUMENT' }));
    }
  });

  it('keeps a random in range that leaves it later', () => {
    const drawn = [0.25, 0.75, 1, NaN, -1];
    const { random } = settleOptions({ sources: named(1), random: () => drawn.shift() ?? 0 });
    expect([random(), random(), random(), random(), random()]).toEqual([0.75, 0.5, 0.5, 0.5, 0]);
  });

  it('names the sources whose time scales differ', () => {
    const sources = [world.source('a'), world.source('b', { timeScale: 'smeared-utc' })];
    expect(() => settleOptions({ sources })).toThrow(/a \(utc\), b \(smeared-utc\)/u);
  });
});
