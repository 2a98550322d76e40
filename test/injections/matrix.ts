/**
 * The confusion matrix, and what it amounts to.
 */
import { PAUSE_CAUSES } from 'truechimer';
import { isFailure, isMissed, isTooShort, isWrong, type Trial } from './judgement.ts';
import type { InjectionRun } from './trials.ts';

/** Counts over many trials. */
export interface Score {
  /** Trials in which the injection was most of what was seen. */
  readonly trials: number;
  readonly right: number;
  readonly unknown: number;
  readonly wrong: readonly Trial[];
  readonly missed: readonly Trial[];
  /** Made while others had so much of the machine that another name is as true; not in the counts above, but for what was missed. */
  readonly diluted: readonly Trial[];
  /** The gap was shorter than the injection, or the greatest length was. */
  readonly tooShort: readonly Trial[];
}

/** Adds them up. */
export function scoreOf(runs: readonly InjectionRun[]): Score {
  const all = runs.flatMap(({ trials }) => trials);
  const clear = all.filter(({ isDiluted }) => !isDiluted);
  const having = (outcome: Trial['outcome']): readonly Trial[] => clear.filter((trial) => trial.outcome === outcome);
  return {
    trials: clear.length,
    right: having('right').length,
    unknown: having('unknown').length,
    wrong: all.filter(isWrong),
    missed: all.filter(isMissed),
    diluted: all.filter(({ isDiluted }) => isDiluted),
    tooShort: all.filter(isTooShort),
  };
}

/** Failures that happened again: those of an injection that failed more than once. */
export function repeatedFailures(run: InjectionRun): readonly Trial[] {
  const failures = run.trials.filter(isFailure);
  return failures.length > 1 ? failures : [];
}

/** The table, for people, with what was skipped and why. */
export function matrixText(runs: readonly InjectionRun[]): string {
  const names = ['none', 'step', ...PAUSE_CAUSES];
  const made = runs.filter(({ skipped }) => skipped === undefined);
  const used = names.filter((name) => made.some(({ trials }) => trials.some(({ reported }) => reported === name)));
  const rows = made.map(({ injection, trials }) => {
    const clear = trials.filter(({ isDiluted }) => !isDiluted);
    const counts = used.map((name) =>
      String(clear.filter(({ reported }) => reported === name).length).replace(/^0$/, '.'),
    );
    const diluted = trials.filter(({ isDiluted }) => isDiluted).map(({ reported }) => reported);
    return [injection.name, ...counts, diluted.join(' ')];
  });
  const table = [['injected', ...used, 'diluted'], ...rows];
  const widths = table[0]!.map((_, at) => Math.max(...table.map((row) => (row[at] ?? '').length)));
  return [
    ...table.map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    ),
    ...runs.flatMap(({ injection, skipped }) =>
      skipped === undefined ? [] : [`skipped: ${injection.name}: ${skipped}`],
    ),
    ...runs.flatMap(notShownText),
    ...openText(runs),
    summaryOf(runs),
    ...runs.flatMap(({ trials }) => trials.filter(isFailure)).map((trial) => JSON.stringify(trial)),
  ].join('\n');
}

/** What was made, but shows nothing. */
function notShownText({ injection, trials, skipped, notInjected = [] }: InjectionRun): readonly string[] {
  const reasons = [...new Set(notInjected)].map((reason) => `not injected: ${injection.name}: ${reason}`);
  const isShown = skipped !== undefined || trials.some(({ isDiluted }) => !isDiluted);
  return isShown ? reasons : [...reasons, `not shown: ${injection.name}: others had too much of this machine`];
}

/** Which rules of the classifier left what open. */
function openText(runs: readonly InjectionRun[]): readonly string[] {
  return runs.flatMap(({ injection, trials }) => {
    const open = trials.filter(({ isDiluted, outcome }) => !isDiluted && outcome === 'unknown');
    if (open.length === 0) return [];
    const rules = open.map(({ why }) => String(why['rule']));
    const counts = [...new Set(rules)].map((rule) => `${rule} ×${rules.filter((each) => each === rule).length}`);
    return [
      `left open: ${injection.name}: ${counts.join(', ')}; the last: ${JSON.stringify(open.at(-1)?.why['evidence'])}`,
    ];
  });
}

function summaryOf(runs: readonly InjectionRun[]): string {
  const { trials, right, unknown, wrong, missed, diluted, tooShort } = scoreOf(runs);
  const percent = ((100 * right) / Math.max(1, trials)).toFixed(1);
  const latencies = runs
    .flatMap((run) => (run.injection.expected === 'stopped' ? run.trials : []))
    .map(({ latencyMs }) => latencyMs)
    .filter((latencyMs) => !Number.isNaN(latencyMs))
    .sort((a, b) => a - b);
  const median = latencies[latencies.length >> 1]?.toFixed(2) ?? '-';
  return (
    `${right} of ${trials} right (${percent} %), ${unknown} unknown, ${wrong.length} wrong names, ${missed.length} missed, ` +
    `${tooShort.length} too short, ${diluted.length} diluted; told ${median} ms after SIGCONT (median of ${latencies.length})`
  );
}
