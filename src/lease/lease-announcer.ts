/**
 * Tells of what happens to one lease: its own listeners, those given to `acquire`, and whoever observes from outside.
 */
import { Emitter, type Unsubscribe } from '../core/index.ts';
import type { FencingToken } from './fencing-token.ts';
import type { LeaseEventBase, LeaseEvents } from './lease-events.ts';
import { LEASE_EVENT_NAMES, type LeaseListeners } from './lease-options.ts';
import type { LeaseRuntime } from './lease-runtime.ts';

/** Who it is that speaks. */
export interface LeaseIdentity {
  readonly name: string;
  readonly store: string;
  readonly holderId: string;
  readonly token?: FencingToken;
}

type Base = keyof LeaseEventBase;

/** Where all attempts at one lease are heard. */
export class LeaseAudience {
  readonly #emitter = new Emitter<LeaseEvents>();
  readonly #runtime: LeaseRuntime;

  constructor(runtime: LeaseRuntime, listeners: LeaseListeners) {
    this.#runtime = runtime;
    for (const name of LEASE_EVENT_NAMES) this.#listen(name, listeners[name]);
  }

  #listen<Name extends keyof LeaseEvents>(name: Name, listener: LeaseListeners[Name]): void {
    if (listener !== undefined) this.#emitter.on(name, listener);
  }

  on<Name extends keyof LeaseEvents>(name: Name, listener: (event: LeaseEvents[Name]) => void): Unsubscribe {
    return this.#emitter.on(name, listener);
  }

  hear<Name extends keyof LeaseEvents>(name: Name, event: LeaseEvents[Name]): void {
    this.#emitter.emit(name, event);
    this.#runtime.publish(name, event);
  }
}

/** Speaks for one acquisition, also when another has begun meanwhile. */
export class LeaseAnnouncer {
  readonly #audience: LeaseAudience;
  readonly #identity: LeaseIdentity;
  /** What is being told at this moment. */
  readonly #telling = new Set<keyof LeaseEvents>();

  constructor(audience: LeaseAudience, identity: LeaseIdentity) {
    this.#audience = audience;
    this.#identity = identity;
  }

  on<Name extends keyof LeaseEvents>(name: Name, listener: (event: LeaseEvents[Name]) => void): Unsubscribe {
    return this.#audience.on(name, listener);
  }

  /**
   * Announces an event; who speaks is filled in.
   *
   * Not from within the same event: a listener of `rejected` that checks again is refused again, and would be told of that without end.
   */
  announce<Name extends keyof LeaseEvents>(
    name: Name,
    remainingMs: number,
    event: Omit<LeaseEvents[Name], Base>,
  ): void {
    const base = { ...this.#identity, remainingMs: Math.max(0, remainingMs) };
    if (this.#telling.has(name)) return;
    this.#telling.add(name);
    try {
      this.#audience.hear(name, { ...base, ...event } as unknown as LeaseEvents[Name]);
    } finally {
      this.#telling.delete(name);
    }
  }
}
