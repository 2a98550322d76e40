/**
 * What two processes that want one lock write down while a third party hinders one of them.
 *
 * All moments are of the machine's monotonic clock (`CLOCK_MONOTONIC`), which is the same in every process and which no step of a wall clock
 * moves: they can be compared across processes, and the lock libraries under test do not see them.
 */

/** One line of a contender's journal. `acquisition` names one period of holding: `A1`, `A2`, `B1`. */
export type LiveRecord =
  /** The library handed out the lock. `remainingMs`: what it said was left at that moment, where it says so. */
  | {
      readonly kind: 'acquired';
      readonly acquisition: string;
      readonly token?: string;
      readonly atMs: number;
      readonly remainingMs?: number;
    }
  /** The library said that the lock was renewed, and how much was left then. */
  | { readonly kind: 'renewed'; readonly acquisition: string; readonly atMs: number; readonly remainingMs: number }
  /** The contender asked the library whether it may go on. `startMs` is before the question. */
  | {
      readonly kind: 'check';
      readonly acquisition: string;
      readonly startMs: number;
      readonly ok: boolean;
      readonly reason?: string;
    }
  /** A write into the protected store. Careless: without asking first. */
  | {
      readonly kind: 'write';
      readonly acquisition: string;
      readonly startMs: number;
      readonly endMs: number;
      readonly careless: boolean;
      /** `stale`: refused by the fence. `failed`: no answer, or an error; it may have been done. */
      readonly outcome: 'accepted' | 'stale' | 'failed';
    }
  /** A whole turn of the event loop, its timers included, lies between; whether the lease's signal was aborted after it. */
  | {
      readonly kind: 'turn';
      readonly acquisition: string;
      readonly previousMs: number;
      readonly startMs: number;
      readonly aborted: boolean;
    }
  /** The contender believes no longer. */
  | { readonly kind: 'lost'; readonly acquisition: string; readonly atMs: number; readonly reason: string }
  /** It gave the lock back on command. */
  | { readonly kind: 'released'; readonly acquisition: string; readonly atMs: number }
  /** Between a check and its write: about to stop, and going on again. Trusting: from now on it asks no more before it is told. */
  | {
      readonly kind: 'pausing' | 'resumed' | 'trusting';
      readonly acquisition: string;
      readonly atMs: number;
    }
  /** Something that would not be seen otherwise. */
  | { readonly kind: 'trouble'; readonly acquisition: string; readonly atMs: number; readonly what: string };

/** One write as the protected store keeps it, in the store's own order. */
export interface HistoryEntry {
  readonly acquisition: string;
  readonly token?: string;
}

/** Now, in ms of the machine's monotonic clock. */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
