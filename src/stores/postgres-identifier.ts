/**
 * Names of tables and columns that go into a statement's text: checked, then quoted.
 */
import { ClockError, describeValue } from '../core/index.ts';

/** PostgreSQL cuts longer names off (NAMEDATALEN - 1), and then two are one. */
export const POSTGRES_NAME_LENGTH_MAX = 63;

const NAME = /^[A-Za-z_][A-Za-z0-9_$]*$/;

/** Quotes the name of a table, with its schema when there is a dot. @throws TC_INVALID_ARGUMENT. */
export function quotedTable(operation: string, table: string): string {
  const parts: readonly string[] = typeof table === 'string' ? table.split('.') : [table];
  if (parts.length > 2 || !parts.every(isName)) throw notAName(operation, 'a table', table);
  return parts.map((part) => `"${part}"`).join('.');
}

/** Quotes the name of a column. @throws TC_INVALID_ARGUMENT. */
export function quotedColumn(operation: string, column: string): string {
  if (!isName(column)) throw notAName(operation, 'a column', column);
  return `"${column}"`;
}

function isName(part: unknown): boolean {
  return typeof part === 'string' && part.length <= POSTGRES_NAME_LENGTH_MAX && NAME.test(part);
}

function notAName(operation: string, what: string, got: unknown): ClockError {
  return new ClockError(
    'TC_INVALID_ARGUMENT',
    `${operation}: requires the name of ${what}: letters, digits, _ and $, at most ${POSTGRES_NAME_LENGTH_MAX} characters, got ` +
      `${describeValue(got)}. It is quoted, so upper case counts.`,
  );
}
