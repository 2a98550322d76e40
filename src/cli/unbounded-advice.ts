/**
 * Why there is no bound, and what to do about it.
 */
import { UNBOUNDED_REASONS, type UnboundedReason } from '../core/index.ts';
import { formatInterval } from './quantity-text.ts';
import type { Evidence } from './report-schema.ts';

const REFUSAL = 'Nobody can say how far this clock is off, so no limit is given: do not rely on its timestamps.';

/** Sentences for a report without a bound. */
export function explainUnbounded(evidence: Evidence): readonly string[] {
  return [REFUSAL, ...why(evidence)];
}

function why(evidence: Evidence): readonly string[] {
  const { offset } = evidence;
  if (offset.status === 'bounded') return [];
  const reason = UNBOUNDED_REASONS.find((known) => known === offset.reason);
  return reason === undefined ? [] : ADVICE[reason](evidence);
}

const ADVICE: Readonly<Record<UnboundedReason, (evidence: Evidence) => readonly string[]>> = {
  synchronizing: () => [
    'The servers could not all be asked in this time: measure longer with --for, or lower --timeout.',
  ],
  'too-few-sources': tooFewSources,
  'no-agreement': noAgreement,
  'clock-discontinuity': () => [
    'The machine slept or its clock was set while measuring, and there was no time to measure again: run it once more.',
  ],
  'leap-second': () => [
    'A leap second is due, and until it has passed UTC itself is ambiguous: run it again in a few minutes.',
  ],
  'holdover-expired': () => ['The servers stopped answering: run it again.'],
  stopped: () => ['The clock was stopped before it could answer: run it again.'],
};

function tooFewSources({ premises, sources }: Evidence): readonly string[] {
  if (premises.sourcesAnswering > 0) {
    const { sourcesAnswering: answering, sourcesConfigured: configured, falsetickersTolerated: tolerated } = premises;
    return [
      `Only ${answering} of ${configured} servers gave a usable answer and ${tolerated} may lie, so the answers might be lies: repair those that failed, or name more servers.`,
    ];
  }
  if (sources.some((source) => source.verdict === 'rejected')) {
    return ['The servers answered, but with nothing that may be used (see the reasons): ask others.'];
  }
  return ['No server answered: check the names, the network, and that UDP to port 123 is not blocked.'];
}

/** More groups than this tell a person nothing. */
const GROUPS_MAX = 4;

function noAgreement({ clusters = [], premises }: Evidence): readonly string[] {
  const groups = clusters.slice(0, GROUPS_MAX).map(({ addresses, earliestMs, latestMs }) => {
    const verb = addresses.length === 1 ? 'says' : 'say';
    return `${addresses.join(' and ')} ${verb} ${formatInterval(earliestMs, latestMs)}`;
  });
  const rest = clusters.length > GROUPS_MAX ? ['and so on'] : [];
  const contradiction =
    clusters.length === 0 ? [] : [`The servers contradict each other: ${[...groups, ...rest].join('; ')}.`];
  const remedy =
    premises.sourcesConfigured < 4
      ? 'Name four or more servers of different operators, so that a majority can decide.'
      : 'No majority agrees, so it cannot be known who is right: name more servers, or drop those you know to be wrong.';
  return [...contradiction, remedy];
}
