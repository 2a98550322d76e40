/**
 * All clients through all scenarios, a few at a time, and what is counted of it.
 */
import { type BenchOptions, type BenchRow, rowOf } from '../harness/bench.ts';
import { median } from '../harness/statistics.ts';
import { CLIENTS, OURS } from './clients.ts';
import { makeScenarios } from './scenarios.ts';
import { type Round, runTrial, type Trial } from './trial.ts';

/** Trials mostly wait; more at once would make the paths of each other longer. */
const TRIALS_AT_ONCE = 4;

/** Runs every client through every scenario. */
export async function runComparison(options: BenchOptions): Promise<readonly Trial[]> {
  const jobs = makeScenarios().flatMap((scenario) => Object.keys(CLIENTS).map((client) => ({ scenario, client })));
  const trials = new Map<(typeof jobs)[number], Trial>();
  const waiting = [...jobs].reverse(); // the silent servers first: they take the longest
  const work = async (): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      trials.set(job, await runTrial(job.scenario, job.client, options.quick));
      options.progress(`${trials.size} of ${jobs.length}: ${job.client}, ${job.scenario.name}`);
    }
  };
  await Promise.all(Array.from({ length: TRIALS_AT_ONCE }, work));
  return jobs.map((job) => trials.get(job)).filter((trial) => trial !== undefined);
}

/** The offsets of those rounds that were answered; the truth is 0, so these are the errors. */
export function errorsOf(rounds: readonly Round[]): readonly number[] {
  return rounds.flatMap(({ offsetMs }) => (offsetMs === undefined ? [] : [offsetMs]));
}

/** Half the width of what each answer claims. */
export function uncertaintiesOf(rounds: readonly Round[]): readonly number[] {
  return claimsOf(rounds).map(({ earliestMs, latestMs }) => (latestMs - earliestMs) / 2);
}

/** How many answers claim an interval, and the truth is not in it. */
export function missesOf(rounds: readonly Round[]): number {
  return claimsOf(rounds).filter(({ earliestMs, latestMs }) => earliestMs > 0 || latestMs < 0).length;
}

/** How many rounds ended like that. */
export function countOf(rounds: readonly Round[], ended: Round['ended']): number {
  return rounds.filter((round) => round.ended === ended).length;
}

function claimsOf(rounds: readonly Round[]): readonly { readonly earliestMs: number; readonly latestMs: number }[] {
  return rounds.flatMap(({ earliestMs, latestMs }) =>
    earliestMs === undefined || latestMs === undefined ? [] : [{ earliestMs, latestMs }],
  );
}

/** The rows of one trial. Ours has a goal: in no round a bound without the truth in it, nonsense, a hang or a crash. */
export function trialRows({ scenario, client, rounds }: Trial): readonly BenchRow[] {
  const errors = errorsOf(rounds);
  const uncertainties = uncertaintiesOf(rounds);
  const row = (what: string, value: number, unit: string): BenchRow => ({
    name: `${scenario.name}: ${what}`,
    value,
    unit,
    peer: client,
  });
  const worst = errors.reduce((most, error) => (Math.abs(error) > Math.abs(most) ? error : most), 0);
  const endings = (['answered', 'refused', 'nonsense', 'hung', 'crashed'] as const)
    .map((ended) => row(ended, countOf(rounds, ended), 'runs'))
    .filter(({ value }) => value > 0);
  return [
    ...(errors.length === 0 ? [] : [row('error', median(errors), 'ms'), row('worst error', worst, 'ms')]),
    ...(uncertainties.length === 0
      ? []
      : [row('reported uncertainty', median(uncertainties), 'ms'), row('truth not covered', missesOf(rounds), 'runs')]),
    ...endings,
    ...(client === OURS ? [ourVerdict({ scenario, client, rounds })] : []),
  ];
}

function ourVerdict({ scenario, rounds }: Trial): BenchRow {
  const failures = rounds.filter(({ ended }) => ended !== 'answered' && ended !== 'refused').length;
  return rowOf({
    name: `${scenario.name}: not covered, nonsense, hung or crashed`,
    value: missesOf(rounds) + failures,
    unit: 'runs',
    peer: OURS,
    goal: 0,
  });
}
