/**
 * What the classifier makes of the corpus, as counts and as the tables of the documentation.
 */
import {
  classifyPause,
  PAUSE_CAUSES,
  PAUSE_RULES,
  type PauseCause,
  type PauseEvidence,
} from '../../src/pause/index.ts';
import { expectedCause, type Trial } from './corpus.ts';

/** How many trials were named right, not named, and named wrong. */
export interface Score {
  readonly trials: number;
  readonly right: number;
  readonly unknown: number;
  /** `label -> cause` of every wrong name. */
  readonly wrong: readonly string[];
}

/** Whether an answer is what the injection ought to be called; a freeze whose counter was taken away is an external stop. */
function isRight(trial: Trial, evidence: PauseEvidence, cause: PauseCause): boolean {
  const expected = expectedCause(trial);
  if (expected === 'frozen' && evidence.frozenMs === undefined) return cause === 'external-stop';
  return cause === expected;
}

/** Classifies trials, with their evidence changed first. */
export function scoreOf(
  trials: readonly Trial[],
  change: (evidence: PauseEvidence) => PauseEvidence = (e) => e,
): Score {
  let right = 0;
  let unknown = 0;
  const wrong: string[] = [];
  for (const trial of trials) {
    const evidence = change(trial.evidence);
    const { cause } = classifyPause(evidence);
    if (isRight(trial, evidence, cause)) right += 1;
    else if (cause === 'unknown') unknown += 1;
    else wrong.push(`${trial.label} -> ${cause}`);
  }
  return { trials: trials.length, right, unknown, wrong };
}

/** Rows of a Markdown table without their padding, which belongs to the formatter. */
export function rowsOf(markdown: string): readonly string[] {
  return markdown
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.replaceAll(/\s*\|\s*/g, '|').trim());
}

/** The confusion matrix: injected by reported. */
export function matrixRows(trials: readonly Trial[]): readonly string[] {
  const counts = new Map<string, number>();
  const labels = [...new Set(trials.map(({ label }) => label))].sort();
  for (const { label, evidence } of trials) {
    const key = `${label} ${classifyPause(evidence).cause}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [
    `|injected|${PAUSE_CAUSES.join('|')}|`,
    ...labels.map(
      (label) => `|${label}|${PAUSE_CAUSES.map((cause) => counts.get(`${label} ${cause}`) ?? '').join('|')}|`,
    ),
  ];
}

/** The rules as the documentation lists them. */
export function ruleRows(): readonly string[] {
  return PAUSE_RULES.map(({ name, cause, certainty, candidates, when }, index) => {
    const answer =
      cause === 'unknown'
        ? `unknown: ${candidates.length === 0 ? 'nothing to explain' : candidates.join(', ')}`
        : cause;
    return `|${index + 1}|${name}|${when}|${answer}|${cause === 'unknown' ? '' : certainty}|`;
  });
}
