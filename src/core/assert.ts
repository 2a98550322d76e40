/**
 * Assertions on what must hold inside this library.
 *
 * A failed assertion is a bug of ours, never a caller's mistake and never an outcome: the message asks for a report.
 */

/** Throws when something that this library guarantees to itself does not hold. */
export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`truechimer: internal assertion failed: ${what}. Please report this as a bug.`);
}
