/**
 * What the person at the terminal wrote that cannot be right: the requirement, the value, the remedy.
 */

/** A wrong command line. It is printed without a stack, and the command ends with exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A value as a message shows it: quoted, cut, and with no control characters. */
export function quoteValue(value: string): string {
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
}
