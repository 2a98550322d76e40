/**
 * Acquires a lease: asks, and waits until it is to be had. Whoever waits asks again after a random time, so that a crowd spreads out.
 */
import type { ClockPort } from '../core/index.ts';
import { pauseUntil } from './abort-sharing.ts';
import { LeaseAudience } from './lease-announcer.ts';
import { ATTEMPT_SHARE, type AttemptOutcome, LeaseAttempt } from './lease-attempt.ts';
import type { Lease } from './lease.ts';
import { type AcquireOptions, type LeaseSettings, settleLease } from './lease-options.ts';
import type { LeaseRuntime } from './lease-runtime.ts';
import { requireLeaseText, requireStore } from './lease-subject.ts';
import type { NotAcquired } from './not-acquired.ts';
import { LeaseObserver } from './observer.ts';
import type { LeaseStore, StoreCapabilities, StoreDenial } from './store-port.ts';

/** The first wait before asking again is at most this, in ms; it doubles from there. */
const RETRY_MS_FIRST = 50;

/** The longest wait before asking again, in ms, and at most a third of the time to live. */
const RETRY_MS_MAX = 2000;

/** More doublings would overflow, and change nothing. */
const DOUBLINGS_MAX = 20;

/** An attempt that has begun within the wait gets at least so long for its answer, in ms: cut off, it would say nothing. */
const ATTEMPT_MS_MIN = 250;

/** So many attempts may follow each other at once, past the wait that was asked for, to take over a record that is free to take. */
const TAKEOVERS_AT_ONCE_MAX = 3;

/** Where a lease is acquired. */
export interface AcquirePlace<Capabilities extends StoreCapabilities, Domain extends string> {
  readonly runtime: LeaseRuntime;
  readonly store: LeaseStore<Capabilities, Domain>;
}

/**
 * Acquires a lease on a runtime; `acquire` of `truechimer/lease` does it on the machine's own.
 *
 * @throws TC_INVALID_ARGUMENT, TC_OUT_OF_RANGE, TC_NOT_FINITE, TC_EPOCH_AS_DURATION for arguments that cannot be right; rejects with the
 * signal's reason when aborted.
 */
export async function acquireLease<Capabilities extends StoreCapabilities, Domain extends string>(
  place: AcquirePlace<Capabilities, Domain>,
  name: string,
  options: AcquireOptions<Domain>,
): Promise<Lease<Capabilities, Domain> | NotAcquired> {
  const seeker = new LeaseSeeker('acquire', place, name, options);
  return seeker.seek(seeker.settings.waitMs);
}

/** Seeks one lease, once or again and again; what it has watched of an `observer` store's record it remembers. */
export class LeaseSeeker<Capabilities extends StoreCapabilities, Domain extends string> {
  readonly settings: LeaseSettings<Domain>;
  readonly #runtime: LeaseRuntime;
  readonly #port: ClockPort;
  readonly #store: LeaseStore<Capabilities, Domain>;
  readonly #name: string;
  readonly #observer: LeaseObserver;
  #attempts = 0;
  #nextMs = -Infinity;
  #takeover: { readonly version: string } | undefined;

  /** @throws TC_INVALID_ARGUMENT, TC_OUT_OF_RANGE, TC_NOT_FINITE, TC_EPOCH_AS_DURATION. */
  constructor(
    operation: string,
    place: AcquirePlace<Capabilities, Domain>,
    name: string,
    options: AcquireOptions<Domain>,
  ) {
    this.#runtime = place.runtime;
    this.#port = place.runtime.port;
    this.#store = requireStore(operation, place.store);
    this.#name = requireLeaseText(`${operation} name`, name);
    this.settings = settleLease(operation, { options, store: this.#store, port: this.#port });
    this.#observer = new LeaseObserver(this.settings.timing);
  }

  /** @throws The signal's reason when aborted; TC_INVALID_ARGUMENT for a store whose answers are none. */
  async seek(waitMs: number): Promise<Lease<Capabilities, Domain> | NotAcquired> {
    const { signal, on } = this.settings;
    signal?.throwIfAborted();
    const audience = new LeaseAudience(this.#runtime, on);
    const untilMs = this.#port.monotonicMs() + waitMs;
    for (let atOnce = 0; ;) {
      const outcome = await this.#attempt(audience, waitMs === 0 ? Infinity : untilMs - this.#port.monotonicMs());
      if (outcome.lease !== undefined) return outcome.lease;
      this.#takeover = this.#takeoverAfter(outcome.denial);
      if (this.#takeover !== undefined && atOnce < TAKEOVERS_AT_ONCE_MAX) {
        atOnce += 1;
      } else {
        this.#nextMs = this.#port.monotonicMs() + this.#pauseMs(outcome.denial);
        if (this.#nextMs >= untilMs) return outcome.why;
        await this.pause();
      }
      signal?.throwIfAborted();
    }
  }

  /** Waits until the next attempt is due: for whoever seeks on after a wait that has ended. @throws The signal's reason. */
  pause(): Promise<void> {
    return pauseUntil(this.#port, this.#nextMs, this.settings.signal);
  }

  async #attempt(audience: LeaseAudience, leftMs: number): Promise<AttemptOutcome<Capabilities, Domain>> {
    const { settings } = this;
    const usefulMs = settings.windowMs * ATTEMPT_SHARE;
    const attempt = new LeaseAttempt({
      runtime: this.#runtime,
      store: this.#store,
      name: this.#name,
      settings,
      audience,
      limitMs: Math.min(usefulMs, Math.max(ATTEMPT_MS_MIN, leftMs)),
      takeover: this.#takeover,
    });
    this.#attempts += 1;
    const outcome = await attempt.run();
    if (outcome.lease !== undefined) this.#attempts = 0;
    const wasGranted = outcome.lease !== undefined || isOfGrant(outcome.why);
    if (wasGranted) this.#observer.forget();
    return outcome;
  }

  /** Which version may be replaced by now. */
  #takeoverAfter(denial: StoreDenial | undefined): { readonly version: string } | undefined {
    if (denial?.record === undefined) return undefined;
    const readAtMs = this.#port.monotonicMs();
    this.#observer.observe(denial.record, { readAtMs, holderId: denial.holderId });
    const verdict = this.#observer.mayTakeOver(readAtMs, this.settings.utc?.now());
    return verdict.ok ? { version: verdict.version } : undefined;
  }

  /** How long until the next attempt, in ms: a random time, shorter when the store or the observation knows when it is worth it. */
  #pauseMs(denial: StoreDenial | undefined): number {
    const doublings = Math.min(DOUBLINGS_MAX, this.#attempts - 1);
    const mostMs = Math.min(RETRY_MS_MAX, Math.max(1, this.settings.ttlMs / 3), RETRY_MS_FIRST * 2 ** doublings);
    const drawnMs = mostMs * (0.5 + 0.5 * this.#runtime.random());
    // Everybody who waits has been told the same moment: not all of them come at once.
    const spreadMs = Math.min(RETRY_MS_FIRST, mostMs) * this.#runtime.random();
    const hintMs = this.#hintMs(denial);
    return Math.max(1, Math.min(drawnMs, hintMs + spreadMs));
  }

  #hintMs(denial: StoreDenial | undefined): number {
    if (denial?.record !== undefined) {
      const verdict = this.#observer.mayTakeOver(this.#port.monotonicMs(), this.settings.utc?.now());
      return verdict.ok ? Infinity : verdict.waitMs;
    }
    const hintMs: unknown = denial?.retryAfterMs;
    return typeof hintMs === 'number' && hintMs >= 0 ? hintMs : Infinity;
  }
}

/** Whether the record was this contender's own for a moment. */
function isOfGrant({ reason }: NotAcquired): boolean {
  return reason !== 'held' && reason !== 'unreachable';
}
