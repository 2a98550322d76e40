/**
 * Who believes to hold a lock that somebody else was granted, and what came of it: ours and the libraries that people use, through the same
 * misfortunes, on real servers; and what a check and a million leases cost.
 */
import type { BenchOptions, BenchResult } from './harness/bench.ts';
import { CANDIDATES, compare, outcomeRows, titleOf } from './leases/comparison.ts';
import { costRows } from './leases/costs.ts';
import { renderPage } from './leases/page.ts';
import { comparisonTable } from './leases/table.ts';

export const name = 'leases';
export const summary =
  'overlapping holders and stale writes, beside other lock libraries on real servers, and what leases cost';

export async function run(options: BenchOptions): Promise<BenchResult> {
  const costs = await costRows(options);
  const outcomes = await compare(options);
  const configurations = CANDIDATES.map((candidate) => `${titleOf(candidate)}: ${candidate.how}`);
  return {
    rows: [...costs, ...outcomes.flatMap(outcomeRows)],
    inText: (row) => costs.includes(row),
    text: [comparisonTable(outcomes), ...configurations].join('\n'),
    html: () => renderPage(outcomes, costs),
  };
}
