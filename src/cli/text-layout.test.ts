import fc from 'fast-check';
import { expect, test } from 'vitest';
import { colourPaint, plainPaint } from './paint.ts';
import { type Cell, harmless, shorten, table, widthOf, wrap } from './text-layout.ts';

const withoutColour = (line: string): string => line.replace(/\u001b\[\d+m/g, '');

test('columns are aligned, and the last one leaves no blanks', () => {
  const rows: Cell[][] = [
    [{ text: 'a' }, { text: '1', align: 'right' }, { text: 'x' }],
    [{ text: 'long' }, { text: '100', align: 'right' }, { text: '' }],
  ];
  expect(table(rows, { paint: plainPaint, indent: 2, width: 40 })).toEqual(['  a       1  x', '  long  100']);
});

test('the flexible column gives way, its middle first', () => {
  const rows: Cell[][] = [[{ text: 'abcdefghijklmnopqrst' }, { text: 'kept' }]];
  expect(table(rows, { paint: plainPaint, indent: 0, width: 20 })).toEqual(['abcdefg…opqrst  kept']);
});

test('no table is wider than allowed, and colours change nothing', () => {
  const cell = fc.record({
    text: fc.string({ maxLength: 60 }),
    ink: fc.constantFrom('good', 'bad', 'faint'),
    align: fc.constantFrom('left', 'right'),
  });
  fc.assert(
    fc.property(
      fc.array(fc.array(cell, { maxLength: 6 }), { maxLength: 5 }),
      fc.integer({ min: 1, max: 100 }),
      (rows, width) => {
        const typed = rows as Cell[][];
        const plain = table(typed, { paint: plainPaint, indent: 2, width: width + 2 });
        for (const line of plain) expect(widthOf(line)).toBeLessThanOrEqual(width + 2);
        const coloured = table(typed, { paint: colourPaint, indent: 2, width: width + 2 });
        expect(coloured.map((line) => withoutColour(line).trimEnd())).toEqual(plain);
      },
    ),
  );
});

test('wrapping keeps every character but blanks, within the width', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), fc.integer({ min: 1, max: 60 }), (text, width) => {
      const lines = wrap(text, width);
      for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width);
      expect(lines.join('').replaceAll(' ', '')).toBe(harmless(text).replaceAll(' ', ''));
    }),
  );
});

test('shortening keeps both ends', () => {
  expect(shorten('server.example.net:123', 11)).toBe('serve…t:123');
  expect(shorten('abc', 1)).toBe('…');
  expect(shorten('abc', 0)).toBe('');
});

test('nothing from elsewhere steers the terminal', () => {
  expect(harmless('a\u001b[2Jb\r\n\u202ec')).toBe('a·[2Jb···c');
});
