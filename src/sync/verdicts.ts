/**
 * What is thought of each source, and why, in words for people.
 */
import type { Interval, Premises } from '../core/index.ts';
import type { Agreement, Cluster } from './agreement.ts';
import type { SourceStatus, SourceVerdict } from './clock-status.ts';
import type { SourceTracker } from './source-tracker.ts';
import { offsetFromTheta } from './wall-offset.ts';

/** A verdict with its reason. */
export interface Verdict {
  readonly verdict: SourceVerdict;
  readonly reason?: string;
}

/** Judges one source by the agreement, or by its last outcome where it proved nothing. */
export function verdictOf(tracker: SourceTracker, agreement: Agreement, duplicateOf?: string): Verdict {
  const { name } = tracker.source;
  if (duplicateOf !== undefined) {
    return { verdict: 'rejected', reason: `the same server answers as behind ${duplicateOf}: it has one vote` };
  }
  if (agreement.agreed && agreement.truechimers.includes(name)) return { verdict: 'truechimer' };
  if (agreement.agreed && agreement.falsetickers.includes(name)) {
    return { verdict: 'falseticker', reason: 'it disagrees with the majority' };
  }
  const last = tracker.lastOutcome;
  if (last === undefined) return { verdict: 'unmeasured' };
  if (last.outcome === 'timeout' || last.outcome === 'unreachable')
    return { verdict: 'unreachable', reason: last.detail };
  if (last.outcome === 'rejected') return { verdict: 'rejected', reason: `${last.reason}: ${last.detail}` };
  if (last.outcome !== 'measured') return { verdict: 'rejected', reason: `${last.outcome}: ${last.detail}` };
  if (tracker.unconfirmed)
    return { verdict: 'rejected', reason: 'it contradicts what it said before, and is being measured again' };
  return { verdict: 'rejected', reason: 'there is no agreement to judge it by' };
}

/** Why the sources that answered give no bound. */
export function explainDisagreement(agreement: Agreement, premises: Premises): string {
  const { sourcesAnswering: answering, sourcesConfigured: configured, falsetickersTolerated: tolerated } = premises;
  if (!agreement.agreed && agreement.reason === 'no-agreement') {
    const groups = agreement.clusters.map((cluster) => cluster.sources.join(' + ')).join(' against ');
    return `no majority of the ${answering} sources that answered agrees: ${groups}`;
  }
  if (answering === 0) return `no source gave an answer that can be used, of ${configured} configured`;
  return `${answering} of ${configured} sources answered, and ${tolerated} may be lying: more answers are needed`;
}

/** The groups that agree among themselves, as offsets of the wall clock. */
export function clustersAsOffsets(
  agreement: Agreement,
  baseMs: number,
  wallRelation: Interval,
): readonly Cluster[] | undefined {
  if (agreement.agreed || agreement.reason !== 'no-agreement') return undefined;
  return agreement.clusters.map((cluster) => ({
    sources: cluster.sources,
    interval: offsetFromTheta(cluster.interval, baseMs, wallRelation),
  }));
}

/** What a source's status is made from, beside the source itself. */
export interface SourceStatusInput {
  readonly verdict: Verdict;
  readonly nowMs: number;
  readonly baseMs: number;
  readonly wallRelation: Interval;
}

/** One source for people and dashboards. */
export function sourceStatus(tracker: SourceTracker, input: SourceStatusInput): SourceStatus {
  const theta = tracker.thetaAt(input.nowMs);
  const last = tracker.lastExchange;
  return {
    name: tracker.source.name,
    ...input.verdict,
    exchanges: tracker.exchanges,
    attempts: tracker.attempts,
    pollMs: tracker.pollMs,
    ...(theta === undefined ? {} : { offset: offsetFromTheta(theta, input.baseMs, input.wallRelation) }),
    ...(tracker.recent.length === 0 ? {} : { delayMs: Math.min(...tracker.recent.map((sample) => sample.delayMs)) }),
    ...(last === undefined
      ? {}
      : { server: last.server, stratum: last.stratum, ageMs: Math.max(0, input.nowMs - last.receivedMs) }),
  };
}
