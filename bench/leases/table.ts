/**
 * The comparison as one table for people.
 */
import { alignColumns } from '../harness/report.ts';
import { NEMESES, type NemesisName } from '../../test/live/nemeses.ts';
import { cellOf, type Outcome, outcomeRows, titleOf } from './comparison.ts';

/** One line for each nemesis, one column for each library. */
export function comparisonTable(outcomes: readonly Outcome[]): string {
  const titles = [...new Set(outcomes.map(({ candidate }) => titleOf(candidate)))];
  const nemeses = [...new Set(outcomes.map(({ nemesis }) => nemesis))];
  const cell = (nemesis: NemesisName, title: string): string => {
    const outcome = outcomes.find((each) => each.nemesis === nemesis && titleOf(each.candidate) === title);
    if (outcome === undefined) return '';
    const mark = outcomeRows(outcome).every(({ holds }) => holds !== false) ? '✓' : '✗';
    return outcome.candidate.isOurs ? `${mark} ${cellOf(outcome)}` : cellOf(outcome);
  };
  const lines = nemeses.map((nemesis) => [NEMESES[nemesis].name, ...titles.map((title) => cell(nemesis, title))]);
  return [
    'Checks that said "go on" after somebody else had the lock / writes of an earlier holder that were accepted after one of a later:',
    '',
    alignColumns([['', ...titles], ...lines]),
    '',
    'A lock that an operator deletes is granted twice by the lock service itself: no check can know, and only a fence helps.',
    '',
  ].join('\n');
}
