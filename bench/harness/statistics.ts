/**
 * Medians: what a busy machine does to a few rounds must not show in the result.
 */

/** The median; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  const lower = sorted[sorted.length % 2 === 0 ? middle - 1 : middle] ?? NaN;
  return (lower + upper) / 2;
}
