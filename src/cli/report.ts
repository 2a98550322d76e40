/**
 * From what was found to the report: the same facts, in the shape of the schema.
 */
import { type Interval, isoFromEpochMs } from '../core/index.ts';
import type { ClockStatus, SourceStatus, WallOffset } from '../sync/index.ts';
import type { Findings } from './findings.ts';
import { recommend } from './recommendation.ts';
import {
  type DoctorReport,
  type Evidence,
  type ReportedInterval,
  type ReportedOffset,
  type ReportedSource,
  SCHEMA,
} from './report-schema.ts';

/** Puts what was found into the shape of the schema. */
export function buildReport(findings: Findings): DoctorReport {
  const { status, clocks } = findings;
  const { suspendedSinceBootMs: suspended, ...grains } = clocks;
  const clusters = reportClusters(status);
  const evidence: Evidence = {
    schema: SCHEMA,
    version: findings.version,
    node: findings.node,
    platform: findings.platform,
    arch: findings.arch,
    startedAt: isoFromEpochMs(findings.startedAtMs),
    durationMs: findings.durationMs,
    ended: findings.ended,
    demonstration: findings.demonstration,
    offset: reportOffset(findings.offset),
    premises: { ...status.premises },
    sources: status.sources.map(reportSource),
    ...(clusters.length === 0 ? {} : { clusters }),
    clocks: { ...grains, ...(suspended === undefined ? {} : { suspendedSinceBoot: inMs(suspended) }) },
    wallRate: findings.wallRate,
    steps: findings.steps.map(({ elapsedMs, size }) => ({ elapsedMs, ...inMs(size) })),
    suspends: findings.suspends.map(({ elapsedMs, size }) => ({ elapsedMs, ...inMs(size) })),
    faults: findings.faults.map((fault) => ({ ...fault })),
  };
  return { ...evidence, recommendation: recommend(evidence) };
}

function reportOffset(offset: WallOffset): ReportedOffset {
  if (offset.status === 'unbounded') return { status: 'unbounded', reason: offset.reason, detail: offset.detail };
  const { earliestMs, latestMs, estimateMs, standardErrorMs, confidence } = offset;
  return { status: 'bounded', earliestMs, latestMs, estimateMs, standardErrorMs, confidence: { ...confidence } };
}

function reportSource(source: SourceStatus): ReportedSource {
  const { offset, delayMs, stratum, server } = source;
  return {
    address: source.name,
    ...judged(source),
    exchanges: source.exchanges,
    attempts: source.attempts,
    ...(offset !== undefined && isFiniteInterval(offset) ? { offset: inMs(offset) } : {}),
    ...(delayMs !== undefined && Number.isFinite(delayMs) ? { delayMs } : {}),
    ...(stratum === undefined ? {} : { stratum }),
    ...(server === undefined ? {} : { server }),
  };
}

/** A source that was not measured before the end has not been reached. */
function judged({ verdict, reason }: SourceStatus): Pick<ReportedSource, 'verdict' | 'reason'> {
  if (verdict === 'unmeasured') return { verdict: 'unreachable', reason: 'it had not answered when measuring ended' };
  return { verdict, ...(reason === undefined ? {} : { reason }) };
}

function reportClusters({ clusters = [] }: ClockStatus): NonNullable<DoctorReport['clusters']> {
  return clusters
    .filter((cluster) => isFiniteInterval(cluster.interval))
    .map(({ sources, interval }) => ({ addresses: [...sources], ...inMs(interval) }));
}

function inMs({ earliest, latest }: Interval): ReportedInterval {
  return { earliestMs: earliest, latestMs: latest };
}

function isFiniteInterval({ earliest, latest }: Interval): boolean {
  return Number.isFinite(earliest) && Number.isFinite(latest);
}

/** The exit code of a report: 0 bounded, 1 unbounded. */
export function exitCodeOf(report: DoctorReport): 0 | 1 {
  return report.offset.status === 'bounded' ? 0 : 1;
}
