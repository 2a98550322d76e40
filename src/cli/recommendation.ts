/**
 * What the findings mean for a service, in numbers and in words.
 *
 * The limit is the bound, never the estimate, and it is honest about what it rests on: how many servers there were, how many may lie,
 * and that it holds now and not for ever.
 */
import { driftGrowthMs } from '../core/index.ts';
import { formatDuration } from './quantity-text.ts';
import type { Evidence, Recommendation, ReportedInterval, ReportedSource } from './report-schema.ts';
import { explainUnbounded } from './unbounded-advice.ts';

const DAY_MS = 86_400_000;

/** Draws the recommendation from what was found. */
export function recommend(evidence: Evidence): Recommendation {
  const limits = limitsOf(evidence);
  return {
    maxOffsetMs: limits?.maxOffsetMs ?? null,
    maxPairOffsetMs: limits?.maxPairOffsetMs ?? null,
    driftPpm: wallDriftPpm(evidence),
    verdict: verdictSentences(evidence).join(' '),
  };
}

/** The verdict, one statement each. */
export function verdictSentences(evidence: Evidence): readonly string[] {
  const { offset, sources } = evidence;
  const limits = limitsOf(evidence);
  if (offset.status === 'unbounded' || limits === undefined) {
    return [...preface(evidence), ...explainUnbounded(evidence), ...clockEvents(evidence)];
  }
  return [
    ...preface(evidence),
    ...meaning(limits),
    wayAhead(wallDriftPpm(evidence)),
    ...outvoted(sources, offset),
    ...weakPremises(evidence),
    ...clockEvents(evidence),
  ];
}

interface Limits {
  readonly maxOffsetMs: number;
  readonly maxPairOffsetMs: number;
}

function limitsOf({ offset }: Evidence): Limits | undefined {
  if (offset.status === 'unbounded') return undefined;
  const maxOffsetMs = roundUpToTwoDigits(Math.max(Math.abs(offset.earliestMs), Math.abs(offset.latestMs)));
  return { maxOffsetMs, maxPairOffsetMs: roundUpToTwoDigits(2 * maxOffsetMs) };
}

function wayAhead(driftPpm: number): string {
  const runaway = formatDuration(driftGrowthMs(DAY_MS, driftPpm), { rounding: 'up' });
  return `That holds now: left to itself, a clock that drifts by ${driftPpm} ppm runs away by up to ${runaway} a day.`;
}

function preface({ demonstration, ended }: Evidence): readonly string[] {
  const sentences: string[] = [];
  if (demonstration) {
    sentences.push(
      'This is a demonstration: nothing here says how far the clock is from true time. ' +
        'Name servers with --server to find out; the verdict then reads like this:',
    );
  }
  if (ended === 'interrupted') sentences.push('Measuring was interrupted; this is what was known by then.');
  return sentences;
}

function meaning({ maxOffsetMs, maxPairOffsetMs }: Limits): readonly string[] {
  const single = formatDuration(maxOffsetMs, { rounding: 'up' });
  const pair = formatDuration(maxPairOffsetMs, { rounding: 'up' });
  return [
    `The wall clock of this machine can be wrong by up to ${single}; a Date.now() stamp is floored to its step on top.`,
    `Two machines this good can differ by up to ${pair}: use at least that as max-offset in systems like CockroachDB, and do not order events closer than that by wall time.`,
  ];
}

function outvoted(sources: readonly ReportedSource[], bound: ReportedInterval): readonly string[] {
  const liars = sources.filter((source) => source.verdict === 'falseticker');
  return liars.map(({ address, offset }) => {
    const apart =
      offset === undefined ? '' : ` by at least ${formatDuration(distanceMs(offset, bound), { rounding: 'down' })}`;
    return `${address} disagrees with the majority${apart} and was outvoted: find out why, or drop it.`;
  });
}

function distanceMs(a: ReportedInterval, b: ReportedInterval): number {
  return Math.max(0, a.earliestMs - b.latestMs, b.earliestMs - a.latestMs);
}

function weakPremises({ premises, sources, demonstration }: Evidence): readonly string[] {
  if (demonstration) return [];
  const { sourcesConfigured: configured, falsetickersTolerated: tolerated } = premises;
  const sentences: string[] = [];
  const silent = sources.filter((source) => source.verdict === 'unreachable' || source.verdict === 'rejected').length;
  if (silent > 0) sentences.push(`${silent} of ${configured} servers gave nothing that can be used.`);
  if (configured === 1) {
    sentences.push('With a single server nobody can notice if it lies: name four or more, of different operators.');
  } else if (tolerated === 0) {
    sentences.push(
      'This trusts every server that answered: if they disagree it is noticed, but no lie is outvoted. Name four or more.',
    );
  }
  return sentences;
}

function clockEvents({ steps, suspends, faults }: Evidence): readonly string[] {
  const sentences: string[] = [];
  if (steps.length > 0) sentences.push('The wall clock was stepped while measuring: somebody is setting it.');
  if (suspends.length > 0)
    sentences.push('The machine slept while measuring: everything known before that was discarded.');
  for (const address of new Set(faults.map((fault) => fault.address))) {
    sentences.push(
      `${address} contradicted itself: it jumped, or this machine drifts faster than assumed (see --drift).`,
    );
  }
  return sentences;
}

/** The assumed drift of the monotonic clock, and what the wall clock was proved to move against it. */
function wallDriftPpm({ premises, wallRate }: Evidence): number {
  if (wallRate.status === 'unknown') return premises.driftPpm;
  const { earliestPpm, latestPpm } = wallRate;
  const isMoving = earliestPpm > 0 || latestPpm < 0;
  return isMoving
    ? premises.driftPpm + Math.ceil(Math.max(Math.abs(earliestPpm), Math.abs(latestPpm)))
    : premises.driftPpm;
}

/** The smallest number of two significant digits that is not below the value. */
export function roundUpToTwoDigits(value: number): number {
  if (!(value > 0)) return 0;
  const exponent = Math.floor(Math.log10(value)) - 1;
  const digits = Math.ceil(value / 10 ** exponent);
  const candidates = [digits - 1, digits, digits + 1].map((mantissa) => Number(`${mantissa}e${exponent}`));
  return candidates.find((candidate) => candidate >= value) ?? value;
}
