/**
 * What a user asks of a lease, checked and settled against the clock and the store.
 */
import {
  type Bounded,
  type ClockPort,
  ClockError,
  describeValue,
  nextDown,
  optionNames,
  requireDurationMs,
  requireInteger,
  requireOptions,
  requireSignal,
} from '../core/index.ts';
import { requireHolderWindowMs } from './holder-window.ts';
import type { LeaseEvents } from './lease-events.ts';
import { comparesBoot } from './lease-runtime.ts';
import type { Fence, LeaseStore } from './store-port.ts';
import { type TimingModel, timingModel, type TimingModelName, type TimingOptions } from './timing-model.ts';

/** The longest time to live, in ms: 24 days, so that it fits 32 bits in every store. A crashed holder blocks everybody for so long. */
export const LEASE_TTL_MS_MAX: number = 2 ** 31 - 1;

/** How many fences one lease may raise: each is a round trip before the lease can be used. */
export const FENCES_MAX = 64;

/** Boot time may run ahead of monotonic time by this much, beyond the granularities of both, before it counts as a suspend, in ms. */
export const SUSPEND_TOLERANCE_MS = 5;

/**
 * The step of boot time that windows are made for, in ms: that of /proc/uptime. A clock may be coarser for some readings, or for good; no
 * window is made of what may change, so each look takes off what it is coarser by at that moment.
 */
export const BOOT_STEP_MS = 10;

/** A clock that answers with bounds on UTC: a `BoundedClock`. */
export interface BoundedUtc {
  now(): Bounded;
}

/** Listeners by event. */
export type LeaseListeners = {
  readonly [Name in keyof LeaseEvents]?: (event: LeaseEvents[Name]) => void;
};

/** What `acquire` is asked for. */
export interface AcquireOptions<Domain extends string = string> {
  /**
   * The time to live that the store is asked for: a whole number of ms up to 24 days. Longer survives longer pauses and outages of the
   * store; shorter frees the lease of a crashed holder sooner. Choose it from measured pauses: see the guide "Leases in practice".
   */
  readonly ttlMs: number;
  /**
   * How long to wait for a lease that somebody else holds, in ms; `'try'` (the default) asks once. In an `observer` store the lease of a
   * crashed holder is taken over only after its record was watched for longer than its time to live: wait for longer than that.
   */
  readonly waitMs?: number | 'try';
  /**
   * Aborting it ends the wait with the signal's reason. It does not end a lease that is held. All waits on one signal share one listener
   * on it.
   */
  readonly signal?: AbortSignal;
  /** `'auto'` (the default) renews at a third of the window until released; `'manual'` leaves it to `lease.renew()`. */
  readonly renew?: 'auto' | 'manual';
  /** The lease ends so long after its grant was asked for, whatever happens, in ms: for work that must come to an end. Default: no limit. */
  readonly maxHoldMs?: number;
  /** At least so much of the window must be left when `acquire` returns, in ms; a grant that came later is given back. Default 0. */
  readonly needsMs?: number;
  /** The protected storages: each is told of the token before the lease is handed out, so that it refuses every earlier holder. */
  readonly fences?: readonly Fence<Domain>[];
  /** What is assumed about the clocks. Default `'one-percent'`. */
  readonly timing?: TimingModelName | TimingOptions;
  /**
   * A bounded clock: the holder then obeys UTC as well, and says so in the record, so that a contender with a bounded clock need not
   * watch a long-dead lease before it takes over. Only for `observer` stores.
   */
  readonly utc?: BoundedUtc;
  /** Listeners from the first event on. */
  readonly on?: LeaseListeners;
}

/** The names of all options, for whoever adds some. */
export const ACQUIRE_OPTIONS: readonly string[] = optionNames<AcquireOptions>({
  ttlMs: true,
  waitMs: true,
  signal: true,
  renew: true,
  maxHoldMs: true,
  needsMs: true,
  fences: true,
  timing: true,
  utc: true,
  on: true,
});

/** Options, settled. */
export interface LeaseSettings<Domain extends string = string> {
  readonly ttlMs: number;
  readonly waitMs: number;
  readonly signal: AbortSignal | undefined;
  readonly renew: 'auto' | 'manual';
  readonly maxHoldMs: number | undefined;
  readonly needsMs: number;
  readonly fences: readonly Fence<Domain>[];
  readonly utc: BoundedUtc | undefined;
  readonly on: LeaseListeners;
  /** With the granularities of the clock and the store. */
  readonly timing: TimingModel;
  readonly windowMs: number;
  readonly bootWindowMs: number | undefined;
  /** The step of boot time that `bootWindowMs` allows for. */
  readonly bootStepMs: number;
  readonly suspendToleranceMs: number;
}

/**
 * Settles the options of `acquire`.
 *
 * @throws TC_INVALID_ARGUMENT, TC_OUT_OF_RANGE, TC_NOT_FINITE, TC_EPOCH_AS_DURATION.
 */
export function settleLease<Domain extends string>(
  operation: string,
  from: { readonly options: AcquireOptions<Domain>; readonly store: LeaseStore; readonly port: ClockPort },
): LeaseSettings<Domain> {
  const { store, port } = from;
  const options = from.options as AcquireOptions<Domain> | undefined;
  const givenMs = requireDurationMs(`${operation} ttlMs`, options?.ttlMs as number);
  const ttlMs = requireInteger(`${operation} ttlMs`, givenMs, TTL_RANGE);
  const given = options as AcquireOptions<Domain>;
  const timing = settleTiming(operation, given, from);
  const readsBoot = comparesBoot(port, timing);
  const usualStepMs = Math.min(port.granularity.bootMs, BOOT_STEP_MS);
  const bootStepMs = Math.max(timing.holderGranularityMs, usualStepMs);
  const bootTiming = { ...timing, holderGranularityMs: bootStepMs };
  const windowMs = requireHolderWindowMs(operation, { ttlMs, timing });
  const bootWindowMs = readsBoot ? requireHolderWindowMs(operation, { ttlMs, timing: bootTiming }) : undefined;
  const maxHoldMs = requireMaxHoldMs(operation, given.maxHoldMs);
  const usableMs = Math.min(windowMs, bootWindowMs ?? Infinity, maxHoldMs ?? Infinity);
  requireSignal(operation, given.signal);
  requireUtc(operation, given.utc, store);
  return {
    ttlMs,
    timing,
    windowMs,
    bootWindowMs,
    bootStepMs,
    suspendToleranceMs: usualStepMs + port.granularity.monotonicMs + SUSPEND_TOLERANCE_MS,
    waitMs: given.waitMs === 'try' ? 0 : requireDurationMs(`${operation} waitMs`, given.waitMs ?? 0),
    signal: given.signal,
    renew: requireRenew(operation, given.renew ?? 'auto'),
    maxHoldMs,
    // All of the window is never left: the answer takes time.
    needsMs: requireDurationMs(`${operation} needsMs`, given.needsMs ?? 0, { maxMs: nextDown(usableMs) }),
    fences: requireFences(operation, given.fences ?? [], store),
    utc: given.utc,
    on: requireListeners(operation, given.on ?? {}),
  };
}

const TTL_RANGE = { what: 'a time to live', min: 1, max: LEASE_TTL_MS_MAX, unit: 'ms' };

function settleTiming(
  operation: string,
  options: AcquireOptions,
  from: { readonly store: LeaseStore; readonly port: ClockPort },
): TimingModel {
  const model = timingModel(`${operation} timing`, options.timing);
  const { capabilities } = from.store;
  const granterMs = capabilities.expiry === 'observer' ? 0 : capabilities.granterGranularityMs;
  return {
    ...model,
    holderGranularityMs: Math.max(model.holderGranularityMs, from.port.granularity.monotonicMs),
    granterGranularityMs: Math.max(model.granterGranularityMs, granterMs),
  };
}

function requireMaxHoldMs(operation: string, maxHoldMs: number | undefined): number | undefined {
  if (maxHoldMs === undefined) return undefined;
  return requireDurationMs(`${operation} maxHoldMs`, maxHoldMs, { minMs: 1 });
}

function requireRenew(operation: string, renew: unknown): 'auto' | 'manual' {
  if (renew === 'auto' || renew === 'manual') return renew;
  throw invalid(
    `${operation} renew: requires 'auto' or 'manual', got ${describeValue(renew)}`,
    'Leave it out for auto.',
  );
}

function requireUtc(operation: string, utc: unknown, store: LeaseStore): void {
  if (utc === undefined) return;
  const isClock = typeof utc === 'object' && utc !== null && 'now' in utc && typeof utc.now === 'function';
  if (!isClock) {
    throw invalid(
      `${operation} utc: requires a bounded clock, got ${describeValue(utc)}`,
      'Pass a BoundedClock, or leave it out.',
    );
  }
  if (store.capabilities.expiry === 'observer') return;
  throw invalid(
    `${operation} utc: only a store whose contenders decide expiry keeps a UTC expiry, got the store ${store.kind}, which counts by itself`,
    'Leave it out, or use a store with observer expiry.',
  );
}

function requireFences<Domain extends string>(
  operation: string,
  fences: readonly Fence<Domain>[],
  store: LeaseStore,
): readonly Fence<Domain>[] {
  const given: unknown = fences;
  const areFences =
    Array.isArray(given) &&
    given.length <= FENCES_MAX &&
    given.every((fence: unknown) => typeof (fence as Partial<Fence> | null)?.raise === 'function');
  if (!areFences) {
    throw invalid(
      `${operation} fences: requires at most ${FENCES_MAX} fences, got ${describeValue(given)}`,
      'Pass an array of fences, each with a raise method.',
    );
  }
  if (given.length > 0 && store.capabilities.fencing !== 'atomic') {
    throw invalid(
      `${operation} fences: requires a store that mints tokens, got the store ${store.kind}, which has none`,
      'Use another store, or leave the fences out.',
    );
  }
  return [...fences];
}

const EVENT_NAMES = optionNames<LeaseEvents>({
  acquired: true,
  renewed: true,
  jeopardy: true,
  lost: true,
  late: true,
  rejected: true,
  released: true,
  trouble: true,
});

/** The events of a lease, by name. */
export const LEASE_EVENT_NAMES: readonly (keyof LeaseEvents)[] = EVENT_NAMES as (keyof LeaseEvents)[];

function requireListeners(operation: string, on: LeaseListeners): LeaseListeners {
  requireOptions(`${operation} on`, on, EVENT_NAMES);
  for (const [name, listener] of Object.entries(on) as [string, unknown][]) {
    if (listener === undefined || typeof listener === 'function') continue;
    throw invalid(`${operation} on.${name}: requires a listener, got ${describeValue(listener)}`, 'Pass a function.');
  }
  return on;
}

function invalid(what: string, remedy: string): ClockError {
  return new ClockError('TC_INVALID_ARGUMENT', `${what}. ${remedy}`);
}
