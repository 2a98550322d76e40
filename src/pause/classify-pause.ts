/**
 * From the evidence of one gap to its cause.
 *
 * Pure: the same evidence gives the same answer, on any machine, whatever the order of its fields; recorded evidence can be
 * replayed through a later version.
 */
import { assert, ClockError, describeValue, requireNumber } from '../core/index.ts';
import { PAUSE_RULES } from './cause-rules.ts';
import type { PauseEvidence } from './evidence.ts';
import { type EvidenceView, viewOf } from './evidence-view.ts';
import type { PauseCause, PauseCertainty, PauseDetail } from './pause-cause.ts';
import { type PauseParts, partsOf } from './pause-parts.ts';

/** Why a gap came about, as far as its evidence tells. */
export interface PauseVerdict {
  /** The cause; `unknown` when the evidence does not tell. */
  readonly cause: PauseCause;
  /** A finer word; a hint only. */
  readonly detail?: PauseDetail;
  /** `counter` when a witness of its own was read, `inferred` when it is what the others leave over. */
  readonly certainty: PauseCertainty;
  /** The part of the pause that the cause explains, 0 to 1; 0 for `unknown`. */
  readonly share: number;
  /** The causes that the evidence leaves open; the cause itself, or what `unknown` is between. */
  readonly candidates: readonly PauseCause[];
  /** The name of the rule that decided, as in `docs/algorithms/pause-causes.md`. */
  readonly rule: string;
  /** Where the time went; the parts sum to the length of the pause, suspend included. */
  readonly parts: PauseParts;
}

/**
 * Says why a wake-up came late.
 *
 * The first rule of a fixed table that holds decides. A cause is named only when something was read that speaks for it;
 * missing signals are never taken for 0, and without those that a name rests on the answer is `unknown` with the causes it may be.
 * Voided by evidence from another window than the gap's, or from another process.
 *
 * @param evidence - What was read around the gap. Signals that are not finite count as missing.
 * @returns The cause, how it is known, how much of the pause it explains, and where all the time went.
 * @throws TC_INVALID_ARGUMENT when it is no object; TC_NOT_FINITE, TC_OUT_OF_RANGE for its `gapMs` and `intervalMs`.
 *
 * @example
 * ```ts
 * import { classifyPause } from 'truechimer';
 *
 * const spun = { gapMs: 190, intervalMs: 20, runMs: 200, waitMs: 2, processCpuMs: 201, eluActiveMs: 205, gcMs: 0 };
 * const { cause, share } = classifyPause(spun);
 * console.log(cause, share.toFixed(2)); // cpu 0.98
 * ```
 */
export function classifyPause(evidence: PauseEvidence): PauseVerdict {
  requireEvidence(evidence);
  const view = viewOf(evidence);
  const rule = PAUSE_RULES.find(({ holds }) => holds(view));
  assert(rule !== undefined, 'the last rule always holds');
  const parts = partsOf(view);
  const detail = rule.detail?.(view);
  return {
    cause: rule.cause,
    ...(detail === undefined ? {} : { detail }),
    certainty: rule.certainty,
    share: shareOf(rule.cause, parts, view),
    candidates: rule.candidates,
    rule: rule.name,
    parts,
  };
}

const LENGTH = { what: 'a duration in milliseconds', min: -1e11, max: 1e11, unit: 'ms' };

function requireEvidence(evidence: unknown): void {
  if (typeof evidence !== 'object' || evidence === null) {
    const got = describeValue(evidence);
    throw new ClockError(
      'TC_INVALID_ARGUMENT',
      `classifyPause: requires the evidence of a gap, got ${got}. Pass an object.`,
    );
  }
  const { gapMs, intervalMs } = evidence as PauseEvidence;
  requireNumber('classifyPause gapMs', gapMs, LENGTH);
  requireNumber('classifyPause intervalMs', intervalMs, { ...LENGTH, min: 0 });
}

/** A collection explains the time that it overlaps, waiting for processors included; every other cause explains its part. */
function shareOf(cause: PauseCause, parts: PauseParts, view: EvidenceView): number {
  const lengthMs = view.gapMs + view.suspendedMs;
  const explainedMs = cause === 'gc' ? (view.gcMs ?? 0) : explainedBy(cause, parts);
  return lengthMs === 0 ? 0 : Math.min(1, explainedMs / lengthMs);
}

function explainedBy(cause: PauseCause, parts: PauseParts): number {
  switch (cause) {
    case 'cpu':
      return parts.onCpuMs;
    case 'gc':
      return parts.gcMs;
    case 'starved':
      return parts.runqueueMs;
    case 'throttled':
      return parts.throttledMs;
    case 'stolen':
      return parts.stolenMs;
    case 'frozen':
      return parts.frozenMs;
    case 'suspend':
      return parts.suspendedMs;
    case 'blocked':
      return parts.offCpuMs;
    case 'stopped':
    case 'external-stop':
    case 'vm-pause':
      return parts.offCpuMs + parts.stolenMs + parts.unmeasuredMs;
    case 'unknown':
      return 0;
  }
}
