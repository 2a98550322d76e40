/**
 * Leases for services: the pure holder on the machine's clocks, or on a simulated one.
 */
import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import {
  type Clock,
  ClockError,
  type ClockPort,
  describeValue,
  nextDown,
  optionNames,
  requireNumber,
  requireOptionalFunction,
  requireOptions,
} from '../core/index.ts';
import {
  ACQUIRE_OPTIONS,
  type AcquireOptions,
  acquireLease,
  type AcquirePlace,
  campaignForLease,
  CAMPAIGN_OPTIONS,
  type CampaignOptions,
  type Lease,
  type LeaseRun,
  type LeaseRuntime,
  type LeaseStore,
  type NotAcquired,
  runUnderLease,
  type StoreCapabilities,
} from '../lease/index.ts';
import { systemClock } from '../node/index.ts';
import { publishLeaseEvent } from './diagnostics.ts';

/** What the lease runs on. */
export interface LeasePlatform {
  /** The clock; a simulated one in tests. Default: `systemClock`. */
  readonly clock?: Clock;
  /** A source of numbers from 0 up to 1, for waits and names: for tests that must be repeatable. Default: the platform's own. */
  readonly random?: () => number;
}

const PLATFORM_OPTIONS = optionNames<LeasePlatform>({ clock: true, random: true });

/**
 * Acquires a lease: the right to be the only one for a while, as far as this process can know.
 *
 * It asks the store, waits for its turn if told to, raises the fences, and hands out a lease that renews itself until it is released. It
 * never hands out one that is used up already. Nobody to be had is an outcome, not an error: look at `acquired`.
 *
 * Waiting for it keeps the process alive; a lease that is only held does not, so await your work, or use `withLease` or `campaign`.
 *
 * @param store - A lock service: from `truechimer/stores/postgres`, `etcd`, `redis`, or `memory` for tests.
 * @param name - What only one process may do: 1 to 256 characters.
 * @param options - `ttlMs` is required; see `AcquireOptions`.
 * @throws TC_INVALID_ARGUMENT, TC_OUT_OF_RANGE, TC_NOT_FINITE, TC_EPOCH_AS_DURATION for arguments that cannot be right. Rejects with the
 * signal's reason when aborted. Never for trouble with the store: that is `reason: 'unreachable'`.
 *
 * @example
 * ```ts
 * import { acquire } from 'truechimer/lease';
 * import { MemoryLeaseStore } from 'truechimer/stores/memory';
 * import { systemClock } from 'truechimer';
 *
 * const store = new MemoryLeaseStore({ clock: systemClock }); // for trying out: use a real lock service
 * await using lease = await acquire(store, 'nightly-report', { ttlMs: 30_000 }); // TypeScript, or Node.js 24
 * if (lease.acquired) {
 *   const verdict = lease.check({ needsMs: 5000 }); // reads the clocks now
 *   console.log(verdict.ok ? `for ${verdict.remainingMs} ms, with token ${verdict.token}` : verdict.reason);
 * } else {
 *   console.log(`not now: ${lease.reason}`);
 * }
 * ```
 */
export function acquire<Capabilities extends StoreCapabilities, Domain extends string>(
  store: LeaseStore<Capabilities, Domain>,
  name: string,
  options: AcquireOptions<NoInfer<Domain>> & LeasePlatform,
): Promise<Lease<Capabilities, Domain> | NotAcquired> {
  return attempt(() => {
    const { place, rest } = settle('acquire', store, options, ACQUIRE_OPTIONS);
    return acquireLease(place, name, rest);
  });
}

/**
 * Runs `body` under a lease, and gives it back afterwards.
 *
 * What must not run beside another holder belongs into `lease.guard`, with the token passed on to the storage. When the body throws, the
 * lease is given back all the same, unless an act's outcome is unknown. The process stays alive while the body is under way.
 *
 * @returns What the body returned and how the lease ended, or why there was none.
 * @throws What the body throws; see `acquire`.
 *
 * @example
 * ```ts
 * import { withLease } from 'truechimer/lease';
 * import { MemoryLeaseStore } from 'truechimer/stores/memory';
 * import { systemClock } from 'truechimer';
 *
 * const store = new MemoryLeaseStore({ clock: systemClock });
 * const run = await withLease(store, 'nightly-report', { ttlMs: 30_000, waitMs: 1000 }, async (lease) => {
 *   return lease.guard(async ({ token, sequence }) => `written with ${token}/${sequence}`);
 * });
 * if (run.acquired) console.log(run.value, run.ending);
 * ```
 */
export function withLease<Capabilities extends StoreCapabilities, Domain extends string, T>(
  store: LeaseStore<Capabilities, Domain>,
  name: string,
  options: AcquireOptions<NoInfer<Domain>> & LeasePlatform,
  body: (lease: Lease<Capabilities, Domain>) => T | Promise<T>,
): Promise<LeaseRun<T> | NotAcquired> {
  return attempt(() => {
    const { place, rest } = settle('withLease', store, options, ACQUIRE_OPTIONS);
    return runUnderLease(place, name, rest, body);
  });
}

/**
 * Leader election: leads whenever this process gets the lease, term after term, until the signal is aborted.
 *
 * The fencing token of a term's lease is the number of the term: it grows from leader to leader. The process stays alive while the
 * campaign is under way.
 *
 * @returns When the signal was aborted and the last term has ended.
 * @throws What `lead` throws while its lease is held, but not what it throws because of the shutdown: once the signal is aborted, its
 * reason, an error caused by it, or an `AbortError`. See `acquire`.
 *
 * @example
 * ```ts
 * import { campaign } from 'truechimer/lease';
 * import { MemoryLeaseStore } from 'truechimer/stores/memory';
 * import { systemClock } from 'truechimer';
 *
 * const store = new MemoryLeaseStore({ clock: systemClock });
 * const ending = new AbortController();
 * await campaign(store, 'scheduler', {
 *   ttlMs: 30_000,
 *   signal: ending.signal,
 *   lead: async ({ lease, signal }) => {
 *     console.log(`leading term ${lease.token}, until ${signal.aborted ? 'now' : 'aborted'}`);
 *     ending.abort(); // a service does this on SIGTERM
 *   },
 * });
 * ```
 */
export function campaign<Capabilities extends StoreCapabilities, Domain extends string>(
  store: LeaseStore<Capabilities, Domain>,
  name: string,
  options: CampaignOptions<Capabilities, NoInfer<Domain>> & LeasePlatform,
): Promise<void> {
  return attempt(() => {
    const { place, rest } = settle('campaign', store, options, CAMPAIGN_OPTIONS);
    return campaignForLease(place, name, rest);
  });
}

/** A wrong call rejects, as everything else that these do. */
async function attempt<T>(call: () => Promise<T>): Promise<T> {
  return call();
}

function settle<Options extends LeasePlatform, Capabilities extends StoreCapabilities, Domain extends string>(
  operation: string,
  store: LeaseStore<Capabilities, Domain>,
  options: Options,
  known: readonly string[],
): { readonly place: AcquirePlace<Capabilities, Domain>; readonly rest: Omit<Options, keyof LeasePlatform> } {
  requireOptions(operation, options, [...known, ...PLATFORM_OPTIONS]);
  const { clock = systemClock, random, ...rest } = (options as Options | undefined) ?? ({} as Options);
  requireOptionalFunction(`${operation} random`, random);
  const { port } = requireClock(operation, clock);
  const runtime = { port, ...randomness(operation, port, random), newController, publish: publishLeaseEvent };
  return { place: { runtime, store }, rest };
}

/** Every act under a lease may listen to its signal: more than ten listeners are no leak. */
function newController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

function randomness(
  operation: string,
  port: ClockPort,
  given: (() => number) | undefined,
): Pick<LeaseRuntime, 'random' | 'newHolderId'> {
  if (given === undefined) return { random: Math.random, newHolderId: randomUUID };
  const random = (): number => requireDrawn(operation, given());
  return { random, newHolderId: () => drawnId(port, random) };
}

/** How many names were drawn on a clock: a source that always gives the same number must not give two attempts one name. */
const namesDrawn = new WeakMap<ClockPort, number>();

/** Repeatable for a simulated node, and nobody else's as far as its clock's name is: for tests. */
function drawnId(port: ClockPort, random: () => number): string {
  const count = (namesDrawn.get(port) ?? 0) + 1;
  namesDrawn.set(port, count);
  const drawn = Math.floor(random() * 2 ** 52).toString(36);
  return `${encodeURIComponent(port.name).slice(0, 100)}-${count}-${drawn}`;
}

/** Anything else would make waits that never end, or no waits at all. */
function requireDrawn(operation: string, drawn: number): number {
  return requireNumber(`${operation} random`, drawn, { what: 'a source of numbers', min: 0, max: nextDown(1) });
}

function requireClock(operation: string, clock: Clock): Clock {
  const given: unknown = clock;
  if (typeof given === 'object' && given !== null && 'port' in given && 'monotonic' in given) return clock;
  throw new ClockError(
    'TC_INVALID_ARGUMENT',
    `${operation} clock: requires a clock, got ${describeValue(given)}. Pass one that createClock(port) made, or leave it out.`,
  );
}
