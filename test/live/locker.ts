/**
 * A lock library behind one face, so that ours and others go through the same loop in the same process.
 */

/** What the library says about a lock that it handed out. */
export interface Belief {
  /** The fencing token, where there is one. */
  readonly token?: bigint;
  /** Whether the library says that the holder may go on. */
  readonly check: () =>
    { readonly ok: true } | { readonly ok: false; readonly reason: string; readonly isFinal: boolean };
  /** Whether the loss has been notified, where the library notifies. */
  readonly isAborted?: () => boolean;
  /** Gives it back; must not reject. */
  readonly release: () => Promise<void>;
}

/** What a library tells of itself, to be written down. */
export interface Announcements {
  /** Granted; `remainingMs` as the library says at this moment. */
  readonly granted: (remainingMs: number) => void;
  readonly renewed: (remainingMs: number) => void;
  readonly trouble: (what: string) => void;
}

/** One library, connected. */
export interface Locker {
  /** Waits for the lock; undefined when it was not to be had, or when the signal was aborted. */
  readonly acquire: (signal: AbortSignal, announce: Announcements) => Promise<Belief | undefined>;
}

/** What a locker is given. */
export interface LockerPlan {
  /** Of the lock service, perhaps by way of a proxy. */
  readonly lockUrl: string;
  /** Of the protected store, never by way of a proxy. */
  readonly dataUrl: string;
  /** The name of the lock, and of the history. */
  readonly name: string;
  readonly ttlMs: number;
}

/** A library and the protected store that its writes go to. */
export interface Rig {
  readonly locker: Locker;
  readonly store: ProtectedStore;
}

/** Where the effects are. */
export interface ProtectedStore {
  /** Appends to the history, behind the fence when there is a token. */
  readonly write: (entry: string, token: bigint | undefined) => Promise<'accepted' | 'stale'>;
}

/** Connects a library. Nothing is closed: a contender's process ends with its connections. */
export type RigMaker = (plan: LockerPlan) => Rig | Promise<Rig>;
