/**
 * No lease, and why: an outcome, not an error.
 */

/** Why there is none. */
export type NotAcquiredReason =
  /** Somebody else holds it. */
  | 'held'
  /** The store gave no answer; the last error is in `error`. */
  | 'unreachable'
  /** It was granted, and too little of the window was left when the answer was here: it was given back. */
  | 'too-late'
  /** A fence gave no answer (`error`), so nobody knows whether the storage would refuse an earlier holder. It was given back. */
  | 'fence-unreachable'
  /** A fence has seen a higher token than the one just granted: somebody was faster, or the store's counter went back. */
  | 'superseded';

/** What `acquire` answers when it has no lease. */
export interface NotAcquired extends AsyncDisposable {
  /** Tells it from a `Lease`. */
  readonly acquired: false;
  readonly name: string;
  readonly reason: NotAcquiredReason;
  /** A sentence for people. */
  readonly detail: string;
  /** Who holds it, where the store says so. */
  readonly heldBy?: string;
  /** When it may be worth to ask again, in ms: a hint. */
  readonly retryAfterMs?: number;
  /** What the store or the fence last failed with. */
  readonly error?: unknown;
}

/** Makes one; there is nothing to dispose of, so that `await using` takes both outcomes. */
export function notAcquired(name: string, why: Omit<NotAcquired, 'acquired' | 'name' | symbol>): NotAcquired {
  return { acquired: false, name, ...why, [Symbol.asyncDispose]: () => Promise.resolve() };
}
