/**
 * How results are written: one JSON object for programs, aligned text for people.
 */
import type { Bench, BenchResult, BenchRow } from './bench.ts';

/** The JSON of one run: one object, on one line. */
export function reportJson(bench: Pick<Bench, 'name'>, result: BenchResult, node: string): string {
  return JSON.stringify({ bench: bench.name, node, rows: result.rows });
}

/** The text of one run: a heading, the table of rows, and what the bench itself has to say. */
export function reportText(bench: Pick<Bench, 'name' | 'summary'>, result: BenchResult, node: string): string {
  const rows = result.rows.filter(result.inText ?? (() => true));
  const parts = [`${bench.name} (Node ${node}): ${bench.summary}`];
  if (rows.length > 0) parts.push(alignColumns(rows.map(cellsOf)));
  if (result.text !== undefined) parts.push(result.text);
  return parts.join('\n\n');
}

/** The list of benches, one line each. */
export function listText(benches: readonly Pick<Bench, 'name' | 'summary'>[]): string {
  const lines = alignColumns(benches.map(({ name, summary }) => [`  ${name}`, summary]));
  return `npm run bench -- NAME [--json] [--quick] [--html FILE]\n\n${lines}`;
}

function cellsOf(row: BenchRow): string[] {
  const verdict = row.holds === undefined ? '' : row.holds ? '✓' : '✗';
  const goal = row.goal === undefined ? '' : `goal ≤ ${row.goal}`;
  const peer = row.peer === undefined ? '' : `to ${row.peer}`;
  return [verdict, row.name, figure(row.value), row.unit, peer, goal];
}

/** Three significant digits, and never an exponent. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const magnitude = Math.abs(value);
  if (magnitude >= 100 || Number.isInteger(value)) return value.toFixed(0);
  if (magnitude >= 10) return value.toFixed(1);
  return value.toFixed(magnitude >= 0.1 ? 2 : 3);
}

/** Pads every column but the last to its widest cell. */
export function alignColumns(table: readonly (readonly string[])[]): string {
  const columns = Math.max(0, ...table.map((cells) => cells.length));
  const widths = Array.from({ length: columns }, (_, at) => Math.max(...table.map((cells) => cells[at]?.length ?? 0)));
  return table
    .map((cells) =>
      cells
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
