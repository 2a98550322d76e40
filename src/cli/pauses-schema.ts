/**
 * The shape of the report on pauses, schema `truechimer.pauses/1`, documented field by field in `docs/pauses.md`.
 *
 * Every number is finite and its name ends in its unit. Fields are only ever added to a schema; what is unknown is left out or null,
 * never a stand-in number.
 */
import type { PauseCapabilities } from '../node/index.ts';
import type {
  LeaseTtlRefusal,
  LeaseTtlSuggestion,
  PauseCause,
  PauseCertainty,
  PauseDetail,
  PauseEvidence,
  PauseParts,
} from '../pause/index.ts';

/** The name of this schema. */
export const PAUSES_SCHEMA = 'truechimer.pauses/1';

/** One pause. Times are in ms since the detector was started in the program. */
export interface ReportedPause {
  readonly seq: number;
  /** When the program was back. */
  readonly endedMs: number;
  readonly gapMs: number;
  readonly minMs: number;
  /** Null when nothing local bounds it. */
  readonly maxMs: number | null;
  readonly cause: PauseCause;
  readonly detail?: PauseDetail;
  readonly certainty: PauseCertainty;
  readonly share: number;
  readonly candidates: readonly PauseCause[];
  readonly rule: string;
  readonly parts: PauseParts;
  readonly stacks: readonly string[];
  readonly evidence: PauseEvidence;
}

/** One step of the wall clock. */
export interface ReportedStep {
  readonly atMs: number;
  readonly deltaMs: number;
  readonly maybeSuspend: boolean;
}

/** How late wake-ups were. */
export interface Lateness {
  readonly count: number;
  readonly meanMs: number;
  readonly maxMs: number;
  /** Ascending: each halving of what remains above (0, 50, 75, 87.5 … 100), and 90, 99, 99.9 and 99.99. */
  readonly percentiles: readonly { readonly percentile: number; readonly lateMs: number }[];
}

/** As they came, and as somebody who called at random would have seen them. */
export interface LatenessPair {
  readonly raw: Lateness;
  readonly corrected: Lateness;
}

/** The process that was watched. */
export interface WatchedProcess {
  readonly pid: number;
  readonly node: string;
  /** The script, as given; null for `node -e` and the like. */
  readonly script: string | null;
}

/** All pauses of one cause. */
export interface CauseSummary {
  readonly cause: PauseCause;
  readonly count: number;
  readonly totalMs: number;
  readonly longestMs: number;
}

/** A suggested time to live of leases, or why there is none. */
export type ReportedLease =
  | (LeaseTtlSuggestion & { readonly roundTripMs: number })
  | (LeaseTtlRefusal & { readonly roundTripMs: number })
  | { readonly status: 'unknown'; readonly reason: string };

/** How the program ended. */
export type ProgramEnd =
  { readonly how: 'exit'; readonly code: number } | { readonly how: 'signal'; readonly signal: string };

/** The report. */
export interface PausesReport {
  readonly schema: typeof PAUSES_SCHEMA;
  readonly version: string;
  readonly platform: string;
  readonly arch: string;
  readonly command: readonly string[];
  /** By the wall clock. */
  readonly startedAt: string;
  readonly ended: ProgramEnd;
  /** Null when no Node.js process took the detector. */
  readonly process: WatchedProcess | null;
  readonly settings: {
    readonly intervalMs: number;
    readonly thresholdMs: number;
    /** Null without a watchdog. */
    readonly blockMs: number | null;
  };
  /** For how long the detector looked. */
  readonly observedMs: number;
  /** Whether the detector saw the program's end. False after SIGKILL and crashes: the last second may be missing in `lateness`. */
  readonly complete: boolean;
  /** For how long the program had not been heard of when it ended; only when that was itself a pause. */
  readonly silentAtEndMs?: number;
  readonly pausedMs: number;
  readonly causes: readonly CauseSummary[];
  /** In the order of time. */
  readonly pauses: readonly ReportedPause[];
  /** How many shorter ones were left out of `pauses`, though not of `causes`. */
  readonly pausesLeftOut: number;
  readonly steps: readonly ReportedStep[];
  readonly lateness: LatenessPair | null;
  readonly capabilities: PauseCapabilities | null;
  readonly lease: ReportedLease;
}
