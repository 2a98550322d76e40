import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WallInstant } from '../core/index.ts';
import { earliestOf, edgesOf, latestOf, type TimeTarget } from './time-target.ts';

const epoch = fc.double({ min: 1e11, max: 8.64e15, noNaN: true });

describe('the edges of a moment', () => {
  it('of a number and of an instant are the moment itself', () => {
    fc.assert(
      fc.property(epoch, (epochMs) => {
        for (const moment of [epochMs, WallInstant.fromEpochMilliseconds(epochMs)]) {
          expect(edgesOf('test', moment)).toEqual({ earliest: epochMs, latest: epochMs });
        }
      }),
    );
  });

  it('of an interval are its own', () => {
    fc.assert(
      fc.property(epoch, epoch, (a, b) => {
        const moment = { earliest: Math.min(a, b), latest: Math.max(a, b) };
        expect(earliestOf('test', moment)).toBe(moment.earliest);
        expect(latestOf('test', moment)).toBe(moment.latest);
        expect(edgesOf('test', moment)).toEqual(moment);
      }),
    );
  });

  it('of an instant of another copy of the package are found as well', () => {
    expect(latestOf('test', { epochMilliseconds: 2e12 } as unknown as TimeTarget)).toBe(2e12);
  });

  it.each([
    [5, 'TC_DURATION_AS_EPOCH'],
    [NaN, 'TC_NOT_FINITE'],
    [Infinity, 'TC_NOT_FINITE'],
    [9e15, 'TC_OUT_OF_RANGE'],
    ['2026-01-01', 'TC_NOT_FINITE'],
    [undefined, 'TC_NOT_FINITE'],
    [null, 'TC_NOT_FINITE'],
    [1_790_000_000_000n, 'TC_NOT_FINITE'],
    [{}, 'TC_NOT_FINITE'],
    [new Date(2e12), 'TC_NOT_FINITE'],
    [{ earliest: 2e12, latest: 1e12 }, 'TC_INVERTED_INTERVAL'],
  ])('refuses %o with %s', (moment, code) => {
    expect(() => edgesOf('test', moment as TimeTarget)).toThrow(expect.objectContaining({ code }));
  });
});
