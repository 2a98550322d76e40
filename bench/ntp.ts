/**
 * What our NTP client knows, beside what others believe: the width of one exchange, and a table of scenarios with a known truth.
 *
 * The peers run as their documentation shows them, each in a process of its own, against servers of their own.
 */
import type { BenchOptions, BenchResult } from './harness/bench.ts';
import { runComparison, trialRows } from './ntp/comparison.ts';
import { comparisonTable } from './ntp/table.ts';
import { widthRows } from './ntp/widths.ts';

export const name = 'ntp';
export const summary = "the width of our intervals beside a plain client's, and other NTP clients on the same faults";

export async function run(options: BenchOptions): Promise<BenchResult> {
  const widths = await widthRows(options);
  const trials = await runComparison(options);
  return {
    rows: [...widths, ...trials.flatMap(trialRows)],
    inText: (row) => widths.includes(row),
    text: comparisonTable(trials),
  };
}
