/**
 * Intervals drawn one below the other on a common scale.
 *
 *     a.example.net   ├────────┊───────┊───┤
 *     b.example.net        ├───┊───────┊────────┤
 *     liar.example                               ▶ +250 … +252 ms
 *     agreed                   ┣━━━━━━━┫
 *
 * The scale is that of the sources that are believed; what lies outside is an arrow with its size.
 */
import type { Ink, Paint } from './paint.ts';
import { formatDuration, formatInterval } from './quantity-text.ts';
import { characters, harmless, pad, shorten, widthOf } from './text-layout.ts';

/** One line of the diagram. */
export interface DiagramRow {
  readonly label: string;
  readonly earliestMs: number;
  readonly latestMs: number;
  /** Whether the scale has to show it. */
  readonly isBelieved: boolean;
}

/** What is drawn. */
export interface Diagram {
  readonly rows: readonly DiagramRow[];
  /** The agreed interval, drawn last, its edges marked through the other lines. */
  readonly agreed?: { readonly earliestMs: number; readonly latestMs: number };
}

/** Where it is drawn. */
export interface DiagramLayout {
  readonly paint: Paint;
  readonly indent: number;
  readonly width: number;
}

/** Narrower than this a diagram shows nothing. */
const PLOT_WIDTH_MIN = 20;

const LABEL_WIDTH_MAX = 28;

interface Scale {
  readonly fromMs: number;
  readonly toMs: number;
  readonly columns: number;
}

/** Draws the diagram; no lines when there is nothing to draw or no room. */
export function drawDiagram(diagram: Diagram, layout: DiagramLayout): readonly string[] {
  const { rows, agreed } = diagram;
  const labelWidth = Math.min(LABEL_WIDTH_MAX, Math.max(6, ...rows.map((row) => widthOf(row.label))));
  const columns = layout.width - layout.indent - labelWidth - 2;
  if (rows.length === 0 || columns < PLOT_WIDTH_MIN) return [];
  const scale = scaleFor(diagram, columns);
  const start = (label: string, ink: Ink): string =>
    `${' '.repeat(layout.indent)}${layout.paint(ink, pad(shorten(harmless(label), labelWidth), labelWidth))}  `;
  const marks = agreed === undefined ? [] : [columnOf(agreed.earliestMs, scale), columnOf(agreed.latestMs, scale)];
  const lines = rows.map((row) => {
    const ink: Ink = row.isBelieved ? 'good' : 'bad';
    return `${start(row.label, 'faint')}${drawRow(row, { scale, marks, ink, paint: layout.paint })}`;
  });
  if (agreed !== undefined) {
    const drawn = drawSpan(columnsOf(agreed, scale), scale, { left: '┣', line: '━', right: '┫', point: '╋' });
    lines.push(`${start('agreed', 'strong')}${layout.paint('strong', drawn)}`);
  }
  lines.push(
    ...drawAxis(scale).map((line) => `${' '.repeat(layout.indent + labelWidth + 2)}${layout.paint('faint', line)}`),
  );
  return lines.map((line) => line.trimEnd());
}

/** The hull of what is believed (of everything, when nothing is), with a margin, and zero when it is near. */
function scaleFor({ rows, agreed }: Diagram, columns: number): Scale {
  const believed = rows.filter((row) => row.isBelieved);
  const shown = [...(believed.length === 0 ? rows : believed), ...(agreed === undefined ? [] : [agreed])];
  let fromMs = Math.min(...shown.map((span) => span.earliestMs));
  let toMs = Math.max(...shown.map((span) => span.latestMs));
  const width = toMs - fromMs;
  if (fromMs > 0 && fromMs < width) fromMs = 0;
  if (toMs < 0 && -toMs < width) toMs = 0;
  const marginMs = Math.max((toMs - fromMs) * 0.06, Math.abs(fromMs) * 1e-9, 1e-9);
  return { fromMs: fromMs - marginMs, toMs: toMs + marginMs, columns };
}

function columnOf(valueMs: number, { fromMs, toMs, columns }: Scale): number {
  return Math.floor(((valueMs - fromMs) / (toMs - fromMs)) * (columns - 1) + 0.5);
}

interface Columns {
  readonly from: number;
  readonly to: number;
}

function columnsOf(span: { readonly earliestMs: number; readonly latestMs: number }, scale: Scale): Columns {
  return { from: columnOf(span.earliestMs, scale), to: columnOf(span.latestMs, scale) };
}

interface RowStyle {
  readonly scale: Scale;
  readonly marks: readonly number[];
  readonly ink: Ink;
  readonly paint: Paint;
}

function drawRow(row: DiagramRow, style: RowStyle): string {
  const { scale, marks, ink, paint } = style;
  const span = columnsOf(row, scale);
  const size = formatInterval(row.earliestMs, row.latestMs);
  if (span.from >= scale.columns) {
    const text = `${size} ▶`;
    return paint(ink, text.length > scale.columns ? '▶' : pad(text, scale.columns, 'right'));
  }
  if (span.to < 0) return paint(ink, widthOf(size) + 2 > scale.columns ? '◀' : `◀ ${size}`);
  const drawn = characters(drawSpan(span, scale, { left: '├', line: '─', right: '┤', point: '┼' }));
  const painted = drawn.map((character, column) => {
    const isFree = character === ' ' || character === '─';
    return marks.includes(column) && isFree ? paint('strong', '┊') : character === ' ' ? ' ' : paint(ink, character);
  });
  for (const mark of marks) {
    for (let column = painted.length; column <= mark; column += 1)
      painted.push(column === mark ? paint('strong', '┊') : ' ');
  }
  return painted.join('');
}

interface Strokes {
  readonly left: string;
  readonly line: string;
  readonly right: string;
  readonly point: string;
}

/** A span as characters from column 0 on; arrows where it goes on outside of the scale. */
function drawSpan(span: Columns, { columns }: Scale, strokes: Strokes): string {
  const from = Math.min(Math.max(span.from, 0), columns - 1);
  const to = Math.min(Math.max(span.to, 0), columns - 1);
  const blanks = ' '.repeat(from);
  if (from === to) return `${blanks}${strokes.point}`;
  const left = span.from < 0 ? '◀' : strokes.left;
  const right = span.to >= columns ? '▶' : strokes.right;
  return `${blanks}${left}${strokes.line.repeat(to - from - 1)}${right}`;
}

/** A line with its ends and zero, and what they are. */
function drawAxis(scale: Scale): readonly string[] {
  const { fromMs, toMs, columns } = scale;
  const zero = columnOf(0, scale);
  const isZeroShown = zero > 0 && zero < columns - 1;
  const rule = characters(`└${'─'.repeat(columns - 2)}┘`);
  if (isZeroShown) rule[zero] = '┴';
  const left = formatDuration(fromMs, { signed: true });
  const right = formatDuration(toMs, { signed: true });
  const labels = characters(`${pad(left, columns - widthOf(right))}${right}`);
  const room = zero > widthOf(left) + 1 && zero < columns - widthOf(right) - 2;
  if (isZeroShown && room) labels[zero] = '0';
  return [rule.join(''), widthOf(left) + widthOf(right) < columns ? labels.join('') : shorten(left, columns)];
}
