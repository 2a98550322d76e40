/**
 * What a check of a lease answers: usable, with how long and under which assumptions, or the reason why not.
 *
 * Not a boolean: what it assumed, how long it holds and why it refused travel with the answer.
 */
import type { StoreCapabilities, TokenOf } from './store-port.ts';
import type { TimingModel } from './timing-model.ts';

/** Why a lease may not be used. */
export type RefusalReason =
  /** The window has passed by a clock of this machine. Final. */
  | 'expired'
  /** The lock service said that somebody else holds it, or nobody. Final. */
  | 'lost'
  /** It was given back. Final. */
  | 'released'
  /** Less than `needsMs` is left; a renewal may mend it. */
  | 'insufficient'
  /** The machine slept, or somebody who watches for pauses said so; a renewal that is sent from now on may mend it. */
  | 'suspended'
  /** A clock did what no clock may do (final), or bounded UTC is unknown while the lease obeys it (may mend). */
  | 'clock-anomaly';

/** Every `RefusalReason`, for exhaustive tables. */
export const REFUSAL_REASONS: readonly RefusalReason[] = [
  'expired',
  'lost',
  'released',
  'insufficient',
  'suspended',
  'clock-anomaly',
];

/** The lease may be used at this moment. A pause after the check is not covered by any clock: pass the token on to the storage. */
export interface LeaseUsable<
  Capabilities extends StoreCapabilities = StoreCapabilities,
  Domain extends string = string,
> {
  readonly ok: true;
  /** How much of the window is left, in ms on this machine's clocks; above 0 and at least `needsMs`. */
  readonly remainingMs: number;
  readonly token: TokenOf<Capabilities, Domain>;
  /** What the answer rests on. */
  readonly assumptions: TimingModel;
}

/** The lease may not be used. */
export interface LeaseRefused {
  readonly ok: false;
  readonly reason: RefusalReason;
  /** A sentence for people. */
  readonly detail: string;
  /** How much of the window is left, in ms; 0 unless the reason is one that may mend. */
  readonly remainingMs: number;
}

/** Look at `ok` first; the type makes you. */
export type LeaseVerdict<Capabilities extends StoreCapabilities = StoreCapabilities, Domain extends string = string> =
  LeaseUsable<Capabilities, Domain> | LeaseRefused;
