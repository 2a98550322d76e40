import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plainPaint } from './paint.ts';
import { ProgressDisplay, ProgressNote, renderProgress } from './progress.ts';
import { widthOf } from './text-layout.ts';

const SOURCES = [
  { address: 'ntp1.example.net:123', outcomes: ['measured', 'timeout', 'measured'], planned: 4 },
  { address: '[::1]:123', outcomes: ['unreachable', 'rejected'], planned: 4 },
] as const;

test('who answered how often, and how long it takes', () => {
  expect(renderProgress({ leftMs: 3200, sources: SOURCES }, { paint: plainPaint, columns: 80, rows: 24 })).toEqual([
    'measuring, at most 4 s left; Ctrl-C ends early',
    '  ntp1.example.net:123  ●·●○ 2 answers',
    '  [::1]:123             ✗✗○○ 0 answers',
  ]);
});

test('fits any terminal', () => {
  const source = fc.record({
    address: fc.string({ maxLength: 100 }),
    outcomes: fc.array(fc.constantFrom('measured', 'timeout', 'denied'), { maxLength: 40 }),
    planned: fc.nat(100),
  });
  fc.assert(
    fc.property(
      fc.array(source, { maxLength: 70 }),
      fc.integer({ min: 11, max: 300 }),
      fc.integer({ min: 3, max: 60 }),
      (sources, columns, rows) => {
        const lines = renderProgress({ leftMs: 1, sources }, { paint: plainPaint, columns, rows });
        expect(lines.length).toBeLessThan(rows);
        for (const line of lines) expect(widthOf(line)).toBeLessThan(columns);
      },
    ),
  );
});

test('a display erases exactly what it drew, once', () => {
  const written: string[] = [];
  const display = new ProgressDisplay({ write: (text) => written.push(text), columns: 80, rows: 24 }, plainPaint);
  display.begin({ leftMs: () => 1000, sources: () => SOURCES });
  display.end();
  display.end();
  expect(written).toHaveLength(2);
  expect(written[0]?.split('\n')).toHaveLength(4);
  expect(written[1]).toBe('\u001b[3A\r\u001b[J');
});

test('where there is no terminal, one line', () => {
  const written: string[] = [];
  const note = new ProgressNote({ write: (text) => written.push(text) });
  note.begin({ leftMs: () => 7000, sources: () => SOURCES });
  note.end();
  expect(written).toEqual(['truechimer doctor: asking 2 servers for at most 7 s\n']);
});
