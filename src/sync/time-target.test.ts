import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MonotonicInstant, WallInstant } from '../core/index.ts';
import { earliestOf, edgesOf, latestOf, TARGET_MS_MAX, type TimeTarget } from './time-target.ts';

const epoch = fc.double({ min: 1e11, max: TARGET_MS_MAX, noNaN: true });

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
    [1.0001e15, 'TC_OUT_OF_RANGE'],
    [-1.79e18, 'TC_OUT_OF_RANGE'],
    [{ earliest: 2e12, latest: 2e15 }, 'TC_OUT_OF_RANGE'],
    [{ earliest: NaN, latest: 2e12 }, 'TC_NOT_FINITE'],
    [{ epochMilliseconds: NaN }, 'TC_NOT_FINITE'],
    [{ epochMilliseconds: '2026' }, 'TC_NOT_FINITE'],
    [{ epochMilliseconds: 9e15 }, 'TC_OUT_OF_RANGE'],
    [MonotonicInstant.fromReading(Symbol('a clock'), 5), 'TC_CLOCK_MISMATCH'],
    [{ status: 'unbounded', reason: 'stopped', detail: '' }, 'TC_INVALID_ARGUMENT'],
    ['2026-01-01', 'TC_NOT_FINITE'],
    [undefined, 'TC_NOT_FINITE'],
    [null, 'TC_NOT_FINITE'],
    [1_790_000_000_000n, 'TC_NOT_FINITE'],
    [{}, 'TC_NOT_FINITE'],
    [new Date(2e12), 'TC_NOT_FINITE'],
    [{ earliest: 2e12, latest: 1e12 }, 'TC_INVERTED_INTERVAL'],
  ])('refuses %o with %s', (moment, code) => {
    for (const edge of [edgesOf, earliestOf, latestOf]) {
      expect(() => edge('test', moment as TimeTarget)).toThrow(expect.objectContaining({ code }));
    }
  });

  it('of an instant may lie further away than numbers are believed', () => {
    const moment = WallInstant.fromEpochMilliseconds(Date.UTC(9999, 11, 31));
    expect(latestOf('test', moment)).toBe(moment.epochMilliseconds);
    expect(earliestOf('test', WallInstant.fromReading(5))).toBe(5);
  });

  it.each<[unknown, string]>([
    [new Date(2e12), 'got a Date. Pass date.getTime().'],
    [MonotonicInstant.fromReading(Symbol('a clock'), 5), 'got a monotonic instant. Use at(instant)'],
    [{ status: 'unbounded', reason: 'stopped', detail: '' }, 'got an unbounded reading. Ask for its status first'],
    [{}, 'got object. Pass a number'],
    [[1, 2], 'got an array of 2. '],
    ['2026-01-01', 'got string "2026-01-01". Pass a number, such as Date.parse(text).'],
    [{ earliest: 2e12 }, 'requires an epoch in milliseconds, got undefined.'],
    [1.79e15, 'got 1790000000000000, which is microseconds or nanoseconds. Divide them down'],
  ])('says what %o is, and what to do', (moment, words) => {
    expect(() => edgesOf('test', moment as TimeTarget)).toThrow(words);
  });
});
