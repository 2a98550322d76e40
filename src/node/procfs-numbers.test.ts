import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FileText, keyBytes, numberAt, numberOfLine, valueAfter, valueInFirstLine } from './procfs-numbers.ts';

/** The text, with bytes behind it that are not part of it: what an earlier, longer read left there. */
function textOf(content: string): FileText {
  const bytes = new TextEncoder().encode(`${content}77 leftovers 99\n`);
  return { bytes, length: new TextEncoder().encode(content).length };
}

describe('numbers in the kernel files', () => {
  it('reads every whole number that a double holds, wherever it stands', () => {
    fc.assert(
      fc.property(fc.nat(Number.MAX_SAFE_INTEGER), fc.nat(1000), (value, other) => {
        expect(numberAt(textOf(`${value} ${other}\n`), 0)).toBe(value);
        expect(numberOfLine(textOf(`${other} ${value} ${other}\n`), 1, 3)).toBe(value);
        expect(valueAfter(textOf(`a ${other}\nkey ${value}\nb ${other}\n`), keyBytes('key'))).toBe(value);
        expect(valueAfter(textOf(`key ${other}  ${value}\n`), keyBytes('key'), 1)).toBe(value);
        expect(
          valueInFirstLine(textOf(`some avg=${other}.00 total=${value}\nfull total=1\n`), keyBytes('total=')),
        ).toBe(value);
      }),
    );
  });

  it('gives NaN, never 0 and never an exception, for anything else', () => {
    const anything = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'0123456789 \n\t.-x'.split('')) }));
    fc.assert(
      fc.property(anything, fc.nat(5), (content, field) => {
        const text = textOf(content);
        const isLine = /^\d{1,20} \d{1,20} \d{1,20}\n$/.test(content);
        for (const index of [0, 1, 2]) expect(Number.isNaN(numberOfLine(text, index, 3))).toBe(!isLine);
        const number = numberAt(text, 0);
        expect(Number.isNaN(number)).toBe(!/^\d{1,20}(?=[ \n\t])/.test(content));
        expect(valueAfter(text, keyBytes('never'), field)).toBeNaN();
        expect(valueInFirstLine(text, keyBytes('never='))).toBeNaN();
      }),
    );
  });

  it.each([
    ['', 'an empty file'],
    ['12', 'a number that was cut off'],
    ['12 34', 'a line that was cut off'],
    ['12 34 56', 'a line without its end'],
    ['12 34 56\n7\n', 'a longer file'],
    ['12 34 56 78\n', 'a number more'],
    ['12 -34 56\n', 'a negative number'],
    ['12 3.4 56\n', 'a fraction'],
    ['12  34 56\n', 'two blanks'],
    ['123456789012345678901 1 1\n', 'more digits than 2^64 has'],
  ])('does not take %j for three numbers: %s', (content) => {
    expect(numberOfLine(textOf(content), 0, 3)).toBeNaN();
  });

  it('takes a key only whole and at the beginning of a line', () => {
    const text = textOf('xnr_throttled 1\nnr_throttled_more 2\nnr_throttled 3\n');
    expect(valueAfter(text, keyBytes('nr_throttled'))).toBe(3);
    expect(valueAfter(textOf('nr_throttled\n9\n'), keyBytes('nr_throttled'))).toBeNaN();
  });
});
