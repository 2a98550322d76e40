import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { FENCING_TOKEN_MAX, type FencingToken, fencingToken } from './fencing-token.ts';

describe('fencingToken', () => {
  it('takes a number in any of its three forms, unchanged', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: FENCING_TOKEN_MAX }), (value) => {
        const same = fencingToken(value) === value && fencingToken(String(value)) === value;
        return same && (value > 2n ** 53n - 1n || fencingToken(Number(value)) === value);
      }),
    );
    for (const edge of [1n, FENCING_TOKEN_MAX]) expect(fencingToken(edge)).toBe(edge);
    expect(fencingToken('0000000000000000042')).toBe(42n);
  });

  it.each([
    [0],
    [0n],
    [-1],
    [-1n],
    [1.5],
    [Number.NaN],
    [Infinity],
    [2 ** 53], // may stand for 2^53 + 1 as well
    [FENCING_TOKEN_MAX + 1n],
    ['9223372036854775808'],
    ['00000000000000000042'],
    [''],
    [' 42'],
    ['42n'],
    ['+42'],
    ['0x2a'],
    ['1e3'],
    ['42\n'],
    ['٤٢'],
    [undefined],
    [null],
    [true],
    [[42]],
    [{ valueOf: () => 42 }],
  ])('refuses %o', (value) => {
    expect(() => fencingToken(value as never)).toThrow(
      /^fencingToken: requires a whole number from 1 to 2\^63 - 1, got .*\. Pass the token that came with the grant, unchanged\. \[TC_INVALID_ARGUMENT\]$/s,
    );
  });

  it('keeps the tokens of two counters apart in the type, and is a bigint', () => {
    const orders = fencingToken<'orders'>(1);
    expectTypeOf(orders).toExtend<bigint>();
    expectTypeOf<FencingToken<'orders'>>().not.toExtend<FencingToken<'invoices'>>();
    expectTypeOf<bigint>().not.toExtend<FencingToken<'orders'>>();
    expectTypeOf<FencingToken<'orders'>>().toExtend<FencingToken>();
  });
});
