/**
 * Text in columns and paragraphs of a limited width.
 *
 * A cell is text and an ink: widths are counted on the text, escape sequences come last, so colours never disturb the layout.
 */
import type { Ink, Paint } from './paint.ts';

/** A piece of text with its ink. */
export interface Cell {
  readonly text: string;
  readonly ink?: Ink;
  readonly align?: 'left' | 'right';
}

/** The code points of a text. */
export function characters(text: string): string[] {
  return Array.from(text);
}

/** Characters as columns; combining characters and wide scripts are not told apart. */
export function widthOf(text: string): number {
  return characters(text).length;
}

/** Text from elsewhere without what could steer a terminal. */
export function harmless(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/gu, '·'); // eslint-disable-line no-control-regex
}

/** Cuts out the middle of what is too long, because both ends of an address tell most. */
export function shorten(text: string, width: number): string {
  const all = characters(text);
  if (all.length <= width) return text;
  if (width <= 1) return '…'.slice(0, Math.max(0, width));
  const tail = Math.floor((width - 1) / 2);
  return `${all.slice(0, width - 1 - tail).join('')}…${tail === 0 ? '' : all.slice(-tail).join('')}`;
}

/** Fills up with blanks. */
export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const blanks = ' '.repeat(Math.max(0, width - widthOf(text)));
  return align === 'right' ? `${blanks}${text}` : `${text}${blanks}`;
}

/** Breaks at blanks; a word that is too long is cut. */
export function wrap(text: string, width: number): readonly string[] {
  const limit = Math.max(1, width);
  const lines: string[] = [];
  let line = '';
  for (const word of harmless(text)
    .split(' ')
    .flatMap((long) => chunks(long, limit))) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (widthOf(longer) <= limit) {
      line = longer;
    } else {
      lines.push(line);
      line = word;
    }
  }
  if (line !== '') lines.push(line);
  return lines;
}

function chunks(word: string, size: number): readonly string[] {
  const all = characters(word);
  const parts: string[] = [];
  for (let from = 0; from < all.length; from += size) parts.push(all.slice(from, from + size).join(''));
  return parts;
}

/** How rows become lines. */
export interface TableLayout {
  readonly paint: Paint;
  readonly indent: number;
  readonly width: number;
  /** The column that gives way when rows are too wide. Default: the first. */
  readonly flexible?: number;
}

/** Blanks between columns. */
const GAP = 2;

/** The column that gives way keeps this much. */
const FLEXIBLE_WIDTH_MIN = 8;

/** Rows as aligned lines. When they are too wide, one column gives way, then the lines are cut. */
export function table(rows: readonly (readonly Cell[])[], layout: TableLayout): readonly string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(0, ...rows.map((row) => widthOf(row[column]?.text ?? ''))),
  );
  const total = layout.indent + widths.reduce((sum, width) => sum + width, 0) + GAP * Math.max(0, columns - 1);
  const flexible = layout.flexible ?? 0;
  const wanted = widths[flexible] ?? 0;
  if (total > layout.width) {
    widths[flexible] = Math.max(Math.min(wanted, FLEXIBLE_WIDTH_MIN), wanted - (total - layout.width));
  }
  return rows.map((row) => tableLine(row, widths, layout));
}

function tableLine(row: readonly Cell[], widths: readonly number[], layout: TableLayout): string {
  let left = layout.width - layout.indent;
  let line = ' '.repeat(layout.indent);
  for (const [column, cell] of row.entries()) {
    const gap = column === 0 ? 0 : Math.min(GAP, left);
    const width = Math.min(widths[column] ?? 0, left - gap);
    const text = shorten(harmless(cell.text), width);
    const blanks = ' '.repeat(Math.max(0, width - widthOf(text)));
    const painted = cell.ink === undefined ? text : layout.paint(cell.ink, text);
    line += `${' '.repeat(gap)}${cell.align === 'right' ? blanks : ''}${painted}${cell.align === 'right' ? '' : blanks}`;
    left -= gap + width;
  }
  return line.trimEnd();
}
