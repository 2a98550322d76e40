/**
 * What a lease announces, for logs and metrics. Every event carries who, which token, and how much of the window was left.
 */
import type { FencingToken } from './fencing-token.ts';
import type { RefusalReason } from './verdict.ts';

/** What every event says. */
export interface LeaseEventBase {
  /** The name of the lease. */
  readonly name: string;
  /** The store's kind: `postgres`. */
  readonly store: string;
  /** Which acquisition. */
  readonly holderId: string;
  /** Absent where the store mints none. */
  readonly token?: FencingToken;
  /** How much of the window is left at this moment, in ms; 0 when none. */
  readonly remainingMs: number;
}

/** An acknowledged round trip. */
export interface RoundTrip extends LeaseEventBase {
  /** From before the request was sent until its answer was here, in ms on the monotonic clock. */
  readonly roundTripMs: number;
}

/** Why a lease ended. */
export type LossReason = Exclude<RefusalReason, 'released' | 'insufficient' | 'suspended'>;

/** The events by name. */
export interface LeaseEvents {
  /** The lease is held: granted, its fences raised. */
  readonly acquired: RoundTrip;
  /** A renewal was acknowledged in time. */
  readonly renewed: RoundTrip;
  /** A renewal is overdue, or the machine slept: still inside the window, but it will be lost if nothing comes. */
  readonly jeopardy: LeaseEventBase & { readonly why: 'renewal-overdue' | 'suspended'; readonly lastError?: unknown };
  /** It is over, before it was released. */
  readonly lost: LeaseEventBase & { readonly reason: LossReason; readonly detail: string };
  /** A positive answer came when the lease was over, or a grant came too late to be used: it changed nothing. */
  readonly late: RoundTrip;
  /** A check or a guard was refused. */
  readonly rejected: LeaseEventBase & { readonly reason: RefusalReason; readonly needsMs: number };
  /** It was given back, or left to expire because the outcome of an act is unknown. */
  readonly released: LeaseEventBase & { readonly ending: 'released' | 'left-to-expire' };
  /** A call to the store or a fence failed without telling anything: it may have been done, or not. */
  readonly trouble: LeaseEventBase & {
    readonly during: 'acquire' | 'renew' | 'release' | 'raise';
    readonly error: unknown;
  };
}
