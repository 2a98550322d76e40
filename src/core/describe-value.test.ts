import { describe, expect, it } from 'vitest';
import { describeValue, isDate } from './describe-value.ts';

class Order {
  readonly count = 1;
}

function longNamed(): object {
  const Long = class {
    readonly count = 1;
  };
  Object.defineProperty(Long, 'name', { value: 'L'.repeat(1000) });
  return new Long();
}

describe('describeValue', () => {
  it.each<[unknown, string]>([
    [undefined, 'undefined'],
    [null, 'null'],
    [NaN, 'NaN'],
    [-1.5, '-1.5'],
    ['a "b"', 'string "a \\"b\\""'],
    [250n, 'bigint 250n'],
    [false, 'boolean false'],
    [Symbol('ms'), 'symbol'],
    [() => 5, 'function'],
    [{}, 'object'],
    [Object.create(null), 'object'],
    [[1, 2], 'an array of 2'],
    [new Date(0), 'a Date'],
    [new Order(), 'an Order'],
    [new AbortController(), 'an AbortController'],
    [{ constructor: { name: 'not a name' } }, 'object'],
  ])('of %o', (value, words) => {
    expect(describeValue(value)).toBe(words);
  });

  it('is short, and survives objects that throw', () => {
    const hostile = new Proxy(
      {},
      {
        get: () => {
          throw new Error('no');
        },
      },
    );
    expect(describeValue(hostile)).toBe('object');
    for (const long of ['x'.repeat(1000), 10n ** 1000n, longNamed()]) {
      expect(describeValue(long).length).toBeLessThan(60);
    }
  });

  it('knows dates', () => {
    expect([new Date(NaN), {}, null, 5].map(isDate)).toEqual([true, false, false, false]);
  });
});
