import fc from 'fast-check';
import { expect, test } from 'vitest';
import { drawDiagram } from './diagram.ts';
import { plainPaint } from './paint.ts';
import { widthOf } from './text-layout.ts';

const LAYOUT = { paint: plainPaint, indent: 0, width: 60 };

test('a common scale, the agreed bound through all, the liar off the scale', () => {
  const rows = [
    { label: 'one', earliestMs: -2, latestMs: 2, isBelieved: true },
    { label: 'two', earliestMs: -1, latestMs: 3, isBelieved: true },
    { label: 'ahead', earliestMs: 250, latestMs: 251, isBelieved: false },
    { label: 'behind', earliestMs: -9, latestMs: -8, isBelieved: false },
    { label: 'across', earliestMs: -9, latestMs: -1.5, isBelieved: false },
  ];
  expect(`\n${drawDiagram({ rows, agreed: { earliestMs: -1, latestMs: 2 } }, LAYOUT).join('\n')}\n`)
    .toMatchInlineSnapshot(`
    "
    one        ├────────┊──────────────────────────┤
    two                 ├──────────────────────────┊────────┤
    ahead                                   +250.0 … +251.0 ms ▶
    behind  ◀ -9.00 … -8.00 ms
    across  ◀──────┤    ┊                          ┊
    agreed              ┣━━━━━━━━━━━━━━━━━━━━━━━━━━┫
            └────────────────────┴─────────────────────────────┘
            -2.3 ms              0                       +3.3 ms
    "
  `);
});

test('points, and nothing to draw', () => {
  expect(drawDiagram({ rows: [] }, LAYOUT)).toEqual([]);
  const point = { label: 'p', earliestMs: 5, latestMs: 5, isBelieved: true };
  expect(drawDiagram({ rows: [point] }, LAYOUT)[0]).toContain('┼');
  expect(drawDiagram({ rows: [point] }, { ...LAYOUT, width: 20 })).toEqual([]);
});

test('never throws and never leaves its width', () => {
  const edge = fc.double({ min: -8.64e15, max: 8.64e15, noNaN: true });
  const row = fc.record({ label: fc.string({ maxLength: 80 }), a: edge, b: edge, isBelieved: fc.boolean() });
  fc.assert(
    fc.property(
      fc.array(row, { maxLength: 6 }),
      fc.option(fc.tuple(edge, edge)),
      fc.integer({ min: 1, max: 100 }),
      (raw, agreed, width) => {
        const rows = raw.map(({ label, a, b, isBelieved }) => ({
          label,
          earliestMs: Math.min(a, b),
          latestMs: Math.max(a, b),
          isBelieved,
        }));
        const bound =
          agreed === null ? {} : { agreed: { earliestMs: Math.min(...agreed), latestMs: Math.max(...agreed) } };
        for (const line of drawDiagram({ rows, ...bound }, { ...LAYOUT, indent: 2, width })) {
          expect(widthOf(line)).toBeLessThanOrEqual(width);
        }
      },
    ),
  );
});
