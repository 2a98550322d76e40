/**
 * No lease, and why: an outcome, not an error.
 */

import { ClockError } from '../core/index.ts';

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

/** Makes one. */
export function notAcquired(name: string, why: Omit<NotAcquired, 'acquired' | 'name' | symbol>): NotAcquired {
  return Object.assign(new NoLease(name), why);
}

/** Its methods are on the prototype, so that it prints as what it says. */
class NoLease {
  readonly acquired = false as const;
  readonly name: string;
  declare readonly reason: NotAcquiredReason;
  declare readonly detail: string;

  constructor(name: string) {
    this.name = name;
  }

  /** There is nothing to dispose of: `await using` takes both outcomes. */
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  static {
    // What the type does not have: without a compiler, somebody forgets to look at `acquired`.
    for (const member of ['check', 'guard', 'renew', 'release', 'token', 'signal', 'state']) {
      Object.defineProperty(this.prototype, member, {
        get(this: NoLease): never {
          throw new ClockError(
            'TC_INVALID_ARGUMENT',
            `${member}: requires a lease that was acquired; ${this.name} was not (${this.reason}: ${this.detail}). ` +
              'Look at lease.acquired first.',
          );
        },
      });
    }
  }
}
