/**
 * A lease that is held: what `acquire` hands out.
 *
 * Three things protect what is done under it, each for what the one before cannot do. The signal is prompt: it is aborted when the window
 * ends, as soon as a timer can fire. The check is correct: it reads the clocks now, so the first instruction after a pause knows. The
 * token is safe: the storage refuses it once a later holder's token was seen, whatever any clock says.
 */
import {
  ClockError,
  describeValue,
  optionNames,
  requireDurationMs,
  requireListener,
  requireOptions,
  type Unsubscribe,
} from '../core/index.ts';
import { GuardBook } from './guard-book.ts';
import type { LeaseState } from './holder-machine.ts';
import type { LeaseEvents } from './lease-events.ts';
import { LeaseKeeper, type LeaseOrigin } from './lease-keeper.ts';
import { LEASE_EVENT_NAMES } from './lease-options.ts';
import type { StoreCapabilities, TokenOf } from './store-port.ts';
import type { LeaseRefused, LeaseVerdict } from './verdict.ts';

/** What a check may ask for. */
export interface CheckOptions {
  /** At least so much of the window must be left, in ms; 0 (the default) to the window. More refuses sooner. */
  readonly needsMs?: number;
}

/** How an act is guarded. */
export interface GuardOptions extends CheckOptions {
  /**
   * What it means when the act rejects. `'unknown'` (the default): its effect may have happened or may still come, as after a timeout,
   * so the lease will not be given back but left to expire. `'no-effect'`: a rejection proves that nothing was done and nothing will be.
   */
  readonly rejection?: 'unknown' | 'no-effect';
}

/** What an act is given. */
export interface GuardContext<Capabilities extends StoreCapabilities, Domain extends string> {
  /** Aborted when the lease is over. */
  readonly signal: AbortSignal;
  /** To pass on to the storage. */
  readonly token: TokenOf<Capabilities, Domain>;
  /** 1, 2, 3 and so on under this token: with the token, an idempotency key. */
  readonly sequence: number;
}

/** What came of a guarded act. */
export type GuardOutcome<T> =
  | {
      readonly ok: true;
      readonly value: T;
      /** Whether the lease could still be used when the act had ended. False: part of it may have run beside another holder. */
      readonly heldThroughout: boolean;
    }
  /** The act was not begun. */
  | LeaseRefused;

/** How to give a lease back. */
export interface ReleaseOptions {
  /** How long to wait for acts under way, in ms. Default: the time to live. Shorter leaves the lease to expire sooner. */
  readonly drainMs?: number;
}

/**
 * How a release ended. `left-to-expire`: an act was under way, or its outcome is unknown, or the store did not answer, so the lease runs out by
 * itself. `lost`: it was over before, or the store says that it was.
 */
export type ReleaseOutcome = 'released' | 'left-to-expire' | 'lost';

const CHECK_OPTIONS = optionNames<CheckOptions>({ needsMs: true });
const GUARD_OPTIONS = optionNames<GuardOptions>({ needsMs: true, rejection: true });
const RELEASE_OPTIONS = optionNames<ReleaseOptions>({ drainMs: true });

/**
 * A lease: the right to be the only one, for a while, as far as this process can know.
 *
 * Guarantee G15: while `check()` answers `ok`, no other holder was granted the lease, under the assumptions that the answer carries. What
 * comes after the check is covered by the fencing token only (G16).
 */
export class Lease<
  Capabilities extends StoreCapabilities = StoreCapabilities,
  Domain extends string = string,
> implements AsyncDisposable {
  /** Tells a lease from a `NotAcquired`. */
  readonly acquired = true;
  /** The name of the lease. */
  readonly name: string;
  /** Which acquisition this is; nobody else has the same. */
  readonly holderId: string;
  /** The fencing token: hand it to the storage with every write. Undefined, in the type too, where the store mints none. */
  readonly token: TokenOf<Capabilities, Domain>;
  readonly #keeper: LeaseKeeper;
  readonly #guards = new GuardBook();
  /** Set as soon as no new act may begin. */
  #releasing: Promise<ReleaseOutcome> | undefined;

  /** @internal Made by `acquire`. */
  constructor(origin: LeaseOrigin<Capabilities, Domain>) {
    this.name = origin.grant.name;
    this.holderId = origin.grant.holderId;
    this.token = origin.token;
    this.#keeper = new LeaseKeeper(origin);
  }

  /** The state at this moment; reads the clocks. */
  get state(): LeaseState {
    return this.#keeper.state();
  }

  /** How much of the window is left, in ms; 0 while the lease may not be used. Reads the clocks; `check` says why it is 0. */
  get remainingMs(): number {
    return Math.max(0, this.#keeper.remainingMs());
  }

  /**
   * Aborted when the lease is over: at the end of the window, also when the store has fallen silent, or at once on a negative answer or a
   * release. The reason is a `ClockError` with the code `TC_LEASE_OVER`. It needs a turn of the event loop, and after a suspend up to a
   * second, since timers stand still meanwhile; `check` knows sooner.
   */
  get signal(): AbortSignal {
    return this.#keeper.signal;
  }

  /**
   * Whether the lease may be used at this moment: reads the clocks now, without waiting for any timer.
   *
   * On Linux it compares boot time too, since a suspend can hide in any instant, unless the timing model says `suspend: 'ignored'`.
   *
   * @returns `ok` with what is left of the window, the token and the assumptions; or the reason why not. Never throws for what
   * production can meet.
   * @throws TC_INVALID_ARGUMENT, TC_NOT_FINITE, TC_EPOCH_AS_DURATION, TC_OUT_OF_RANGE for options that cannot be right.
   */
  check(options?: CheckOptions): LeaseVerdict<Capabilities, Domain> {
    const needsMs = options === undefined ? 0 : requireNeedsMs('Lease.check', options);
    const remainingMs = this.#keeper.remainingMs();
    if (remainingMs > 0 && remainingMs >= needsMs) {
      return { ok: true, remainingMs, token: this.token, assumptions: this.#keeper.assumptions };
    }
    return this.#keeper.refusal(remainingMs, needsMs);
  }

  /**
   * Checks, and runs the act if the lease may be used, with the signal, the token and a sequence number. `release` waits for it.
   *
   * @param act - What to do under the lease. Pass the token on to the storage, and the signal to whatever can be aborted.
   * @returns The act's value, or why it was not begun.
   * @throws What the act throws; TC_INVALID_ARGUMENT and others for options that cannot be right.
   */
  async guard<T>(
    act: (context: GuardContext<Capabilities, Domain>) => T | Promise<T>,
    options?: GuardOptions,
  ): Promise<GuardOutcome<T>> {
    const rejection = requireGuard(act, options);
    const needsMs = options?.needsMs;
    const verdict = this.check(needsMs === undefined ? undefined : { needsMs });
    if (!verdict.ok) return verdict;
    if (this.#releasing !== undefined) return this.#keeper.refuseNewActs();
    const sequence = this.#guards.begin();
    let outcome: 'known' | 'unknown' = rejection;
    try {
      const value = await act({ signal: this.signal, token: this.token, sequence });
      outcome = 'known';
      return { ok: true, value, heldThroughout: this.#keeper.remainingMs() > 0 };
    } finally {
      this.#guards.end(outcome);
    }
  }

  /**
   * Renews now: for `renew: 'manual'`, and for whoever does not want to wait. Called faster than the store answers, it shares the answer
   * of the newest of the three renewals that may be under way.
   *
   * @returns `renewed`; `lost` when the store says no or the lease is over; `unknown` when no answer came in a third of the window: the
   * lease may be used until its window ends, and an answer that still comes in time counts.
   */
  renew(): Promise<'renewed' | 'lost' | 'unknown'> {
    return this.#keeper.renew();
  }

  /**
   * Takes the lease for suspect: it is not used before a renewal that is sent from now on is acknowledged. For whoever watches for pauses
   * of the machine that its clocks do not show.
   *
   * @param detail - A sentence for people: what was seen.
   * @throws TC_INVALID_ARGUMENT when it says nothing.
   */
  suspect(detail: string): void {
    const given: unknown = detail;
    if (typeof given !== 'string' || given === '') {
      throw new ClockError(
        'TC_INVALID_ARGUMENT',
        `Lease.suspect: requires a sentence, got ${describeValue(given)}. Say what was seen: it is the detail of refused checks.`,
      );
    }
    this.#keeper.suspect(detail);
  }

  /**
   * Gives the lease back: no new act is begun, those under way are waited for, and then the store is told.
   *
   * It is never given back while an act may still have its effect: then it is left to expire. After a loss nothing is waited for. Calling
   * it again gives the same answer.
   *
   * @throws TC_INVALID_ARGUMENT, TC_NOT_FINITE, TC_EPOCH_AS_DURATION for options that cannot be right; never for trouble with the store.
   */
  async release(options?: ReleaseOptions): Promise<ReleaseOutcome> {
    requireOptions('Lease.release', options, RELEASE_OPTIONS);
    const limitMs = requireDurationMs('Lease.release drainMs', options?.drainMs ?? this.#keeper.ttlMs);
    this.#releasing ??= this.#release(limitMs);
    return this.#releasing;
  }

  async #release(limitMs: number): Promise<ReleaseOutcome> {
    const { port, signal } = this.#keeper;
    if (!this.#keeper.isOver()) await this.#guards.idle({ port, limitMs, signal });
    return this.#keeper.giveBack(this.#guards.isUncertain);
  }

  /** Listens to one event. @returns What ends the subscription. @throws TC_INVALID_ARGUMENT for an unknown event. */
  on<Name extends keyof LeaseEvents>(name: Name, listener: (event: LeaseEvents[Name]) => void): Unsubscribe {
    requireListener('Lease.on', { name, listener }, LEASE_EVENT_NAMES);
    return this.#keeper.announcer.on(name, listener);
  }

  /** Releases, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }
}

function requireNeedsMs(operation: string, options: CheckOptions, known = CHECK_OPTIONS): number {
  requireOptions(operation, options, known);
  return requireDurationMs(`${operation} needsMs`, options.needsMs ?? 0);
}

function requireGuard(act: unknown, options: GuardOptions | undefined): 'known' | 'unknown' {
  if (typeof act !== 'function') {
    throw new ClockError(
      'TC_INVALID_ARGUMENT',
      `Lease.guard: requires a function to run, got ${describeValue(act)}. Pass what is to be done, not its promise.`,
    );
  }
  if (options !== undefined) requireNeedsMs('Lease.guard', options, GUARD_OPTIONS);
  const rejection: unknown = options?.rejection ?? 'unknown';
  if (rejection === 'unknown') return 'unknown';
  if (rejection === 'no-effect') return 'known';
  throw new ClockError(
    'TC_INVALID_ARGUMENT',
    `Lease.guard rejection: requires 'unknown' or 'no-effect', got ${describeValue(rejection)}. Leave it out to be safe.`,
  );
}
