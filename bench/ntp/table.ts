/**
 * The comparison as one table for people.
 */
import { alignColumns, figure } from '../harness/report.ts';
import { median } from '../harness/statistics.ts';
import { CLIENTS, OURS } from './clients.ts';
import { countOf, errorsOf, missesOf, trialRows, uncertaintiesOf } from './comparison.ts';
import type { Round, Trial } from './trial.ts';

const YEAR_MS = 365.2425 * 86_400_000;

/** Answers that differ by less than this are shown as one, in ms. */
const SPREAD_MS = 2;

/** A client that takes longer than this is worth a word, in ms. */
const SLOW_MS = 1500;

/** One line for each scenario, one column for each client. */
export function comparisonTable(trials: readonly Trial[]): string {
  const clients = Object.keys(CLIENTS);
  const scenarios = [...new Set(trials.map(({ scenario }) => scenario))];
  const cellOf = (scenario: Trial['scenario'], client: string): string => {
    const trial = trials.find((each) => each.scenario === scenario && each.client === client);
    if (trial === undefined) return '';
    const isGood = trialRows(trial).every(({ holds }) => holds !== false);
    return `${client === OURS ? (isGood ? '✓ ' : '✗ ') : ''}${describe(trial.rounds)}`;
  };
  const lines = scenarios.map((scenario) => [scenario.name, ...clients.map((client) => cellOf(scenario, client))]);
  return [
    'What each client says when the true offset is 0: its error in ms ± what it claims, and how often that covered the truth.',
    '',
    alignColumns([['', ...clients], ...lines]),
  ].join('\n');
}

/** What came of the rounds, in a few words. */
export function describe(rounds: readonly Round[]): string {
  const parts = countOf(rounds, 'answered') > 0 ? [answersText(rounds)] : [];
  for (const [ended, word] of [
    ['refused', 'refused'],
    ['nonsense', 'NaN or Invalid Date'],
    ['hung', 'hangs'],
    ['crashed', 'crashes'],
  ] as const) {
    const count = countOf(rounds, ended);
    if (count > 0) parts.push(count === rounds.length ? word : `${word} ${count}/${rounds.length}`);
  }
  const slowestMs = Math.max(0, ...rounds.filter(({ ended }) => ended !== 'hung').map(({ tookMs }) => tookMs));
  return parts.join(', ') + (slowestMs > SLOW_MS ? ` (${figure(Math.round(slowestMs / 100) / 10)} s)` : '');
}

function answersText(rounds: readonly Round[]): string {
  const errors = errorsOf(rounds);
  const uncertainties = uncertaintiesOf(rounds);
  const least = Math.min(...errors);
  const most = Math.max(...errors);
  const isOne = most - least <= SPREAD_MS || signed(least) === signed(most);
  const error = isOne ? signed(median(errors)) : `${signed(least)} .. ${signed(most)}`;
  if (uncertainties.length === 0) return error;
  const covered = uncertainties.length - missesOf(rounds);
  return `${error} ± ${figure(median(uncertainties))}, ${covered}/${uncertainties.length}`;
}

function signed(errorMs: number): string {
  const sign = errorMs < 0 ? '-' : errorMs > 0 ? '+' : '';
  const size = Math.abs(errorMs);
  return size >= YEAR_MS ? `${sign}${figure(Math.round(size / YEAR_MS))} years` : `${sign}${figure(size)}`;
}
