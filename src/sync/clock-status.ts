/**
 * What a bounded clock tells about itself: for dashboards, health checks and people, never needed to read the time.
 */
import { type Interval, optionNames, type Premises, type UnboundedReason } from '../core/index.ts';
import type { Cluster } from './agreement.ts';
import type { MeasureOutcome } from './time-source.ts';

/** The states of a bounded clock. */
export type ClockState =
  /** Nothing has been measured yet. */
  | 'synchronizing'
  /** Bounded, with fresh measurements. */
  | 'synchronized'
  /** Bounded, but no source has answered for a while: the bound grows. */
  | 'holdover'
  /** No bound can be given. */
  | 'unbounded'
  | 'stopped';

/** What is thought of one source. */
export type SourceVerdict =
  /** It agrees with the majority. */
  | 'truechimer'
  /** It disagrees with the majority. */
  | 'falseticker'
  /** It answered, and its answer must not be used or cannot be judged: the reason says which. */
  | 'rejected'
  /** It does not answer. */
  | 'unreachable'
  /** It has not been measured yet. */
  | 'unmeasured';

/** One source, as the clock sees it. */
export interface SourceStatus {
  readonly name: string;
  readonly verdict: SourceVerdict;
  /** Why, where the verdict alone does not say it. */
  readonly reason?: string;
  /** Who answers behind the name. */
  readonly server?: string;
  /** Exchanges that were used. */
  readonly exchanges: number;
  /** Measurements that were made. */
  readonly attempts: number;
  /** True time minus the wall clock, by this source alone. */
  readonly offset?: Interval;
  /** The least round trip among the recent exchanges, without the source's dwell. */
  readonly delayMs?: number;
  readonly stratum?: number;
  /** How long ago the last exchange was, on the monotonic clock. */
  readonly ageMs?: number;
  /** The polling interval in force. */
  readonly pollMs: number;
}

/** The clock as a whole. */
export interface ClockStatus {
  readonly state: ClockState;
  /** Why it is unbounded. */
  readonly reason?: UnboundedReason;
  /** A sentence for people about that. */
  readonly detail?: string;
  /** The groups that agree among themselves, as offsets of the wall clock, when there is no agreement. */
  readonly clusters?: readonly Cluster[];
  /** The width of the bound now. */
  readonly widthMs?: number;
  readonly premises: Premises;
  readonly sources: readonly SourceStatus[];
}

/** The wall clock's offset: true time minus wall time; positive means that the wall clock is slow. */
export type WallOffset =
  | {
      readonly status: 'bounded';
      readonly earliestMs: number;
      readonly latestMs: number;
      /** The best guess, inside the bounds. */
      readonly estimateMs: number;
      readonly standardErrorMs: number;
      /** Holds with probability `level` if the errors are as the estimator models them; never a guarantee. */
      readonly confidence: { readonly level: number; readonly lowMs: number; readonly highMs: number };
      readonly premises: Premises;
    }
  | { readonly status: 'unbounded'; readonly reason: UnboundedReason; readonly detail: string };

/** What a bounded clock announces, by event name. */
export interface BoundedClockEvents {
  /** The state changed. */
  readonly status: { readonly from: ClockState; readonly to: ClockState; readonly reason?: UnboundedReason };
  /** The verdict on a source changed. */
  readonly source: {
    readonly name: string;
    readonly from: SourceVerdict;
    readonly to: SourceVerdict;
    readonly reason?: string;
  };
  /** A measurement ended. */
  readonly measurement: { readonly name: string; readonly outcome: MeasureOutcome };
  /** A source contradicts what it proved before: it jumped, or the local clock's rate is beyond the drift bound. */
  readonly fault: { readonly name: string; readonly detail: string };
  /** The wall clock was stepped; positive is forward. Bounds do not depend on it. */
  readonly wallStep: { readonly step: Interval };
  /** The machine slept, as far as boot time shows. Every bound is void until measured again. */
  readonly suspend: { readonly length: Interval };
  /** Bounds were voided. */
  readonly voided: { readonly reason: UnboundedReason; readonly detail: string };
}

/** The names of all events. */
export const BOUNDED_CLOCK_EVENT_NAMES: readonly string[] = optionNames<BoundedClockEvents>({
  status: true,
  source: true,
  measurement: true,
  fault: true,
  wallStep: true,
  suspend: true,
  voided: true,
});
