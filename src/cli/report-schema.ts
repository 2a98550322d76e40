/**
 * The shape of the doctor's report, schema `truechimer.doctor/1`, documented field by field in `docs/doctor.md`.
 *
 * Every number is finite and its name ends in its unit. Fields are only ever added to a schema; what is unknown is left out or is
 * a status with a reason, never a stand-in number.
 */
import type { Premises } from '../core/index.ts';
import type { WallRate } from './measured-clocks.ts';
import type { MeasuringEnd } from './measuring.ts';

/** The name of this schema. */
export const SCHEMA = 'truechimer.doctor/1';

/** An interval in ms, edges included. */
export interface ReportedInterval {
  readonly earliestMs: number;
  readonly latestMs: number;
}

/** True time minus this machine's wall clock; positive: the wall clock is slow. */
export type ReportedOffset =
  | (ReportedInterval & {
      readonly status: 'bounded';
      readonly estimateMs: number;
      readonly standardErrorMs: number;
      readonly confidence: { readonly level: number; readonly lowMs: number; readonly highMs: number };
    })
  | { readonly status: 'unbounded'; readonly reason: string; readonly detail?: string };

/** What is thought of one server. */
export interface ReportedSource {
  readonly address: string;
  readonly verdict: 'truechimer' | 'falseticker' | 'rejected' | 'unreachable';
  readonly reason?: string;
  readonly exchanges: number;
  readonly attempts: number;
  readonly offset?: ReportedInterval;
  readonly delayMs?: number;
  readonly stratum?: number;
  readonly server?: string;
}

/** A wall step or a suspend: how large, and when it was noticed. */
export interface ReportedEvent extends ReportedInterval {
  readonly elapsedMs: number;
}

/** The recommendation of a report. */
export interface Recommendation {
  /** How far this machine's wall clock can be from true time, rounded up to two digits; null when unbounded. */
  readonly maxOffsetMs: number | null;
  /** How far two machines as good as this one can be apart: the limit that CockroachDB calls max-offset; null when unbounded. */
  readonly maxPairOffsetMs: number | null;
  /** How fast the wall clock may run away from true time between measurements. */
  readonly driftPpm: number;
  /** Sentences for people. */
  readonly verdict: string;
}

/** The report. */
export interface DoctorReport {
  readonly schema: typeof SCHEMA;
  readonly version: string;
  readonly node: string;
  readonly platform: string;
  readonly arch: string;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly ended: MeasuringEnd;
  readonly demonstration: boolean;
  readonly offset: ReportedOffset;
  readonly premises: Premises;
  readonly sources: readonly ReportedSource[];
  readonly clusters?: readonly (ReportedInterval & { readonly addresses: readonly string[] })[];
  readonly clocks: {
    readonly wall: { readonly granularityMs: number };
    readonly monotonic: { readonly granularityMs: number; readonly countsSuspend: boolean };
    readonly boot: { readonly granularityMs: number; readonly countsSuspend: boolean };
    readonly suspendedSinceBoot?: ReportedInterval;
  };
  readonly wallRate: WallRate;
  readonly steps: readonly ReportedEvent[];
  readonly suspends: readonly ReportedEvent[];
  readonly faults: readonly { readonly elapsedMs: number; readonly address: string; readonly detail: string }[];
  readonly recommendation: Recommendation;
}

/** Everything but the recommendation, which is drawn from it. */
export type Evidence = Omit<DoctorReport, 'recommendation'>;
