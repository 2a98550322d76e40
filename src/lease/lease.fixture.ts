/**
 * What the tests of leases share: a runtime on a simulated clock that keeps what it was told, and a store that does as the test says.
 */
import type { ClockPort } from '../core/index.ts';
import { SimClock } from '../testing/index.ts';
import { acquireLease } from './acquire-lease.ts';
import { type FencingToken, fencingToken } from './fencing-token.ts';
import type { Lease } from './lease.ts';
import type { LeaseEvents } from './lease-events.ts';
import type { AcquireOptions } from './lease-options.ts';
import type { LeaseRuntime } from './lease-runtime.ts';
import type { AcquireRequest, GrantRef, LeaseStore, RenewRequest, StoreCapabilities, StoreIo } from './store-port.ts';

/** An event and its name. */
export type Heard = { readonly event: keyof LeaseEvents } & Record<string, unknown>;

/** A runtime that keeps every event. */
export interface HeardRuntime extends LeaseRuntime {
  readonly heard: Heard[];
  /** How often each event came. */
  count(event: keyof LeaseEvents): number;
}

/** A runtime on a port; its random numbers are all the same. */
export function runtimeOn(port: ClockPort, random: () => number = () => 0.5): HeardRuntime {
  const heard: Heard[] = [];
  let names = 0;
  return {
    port,
    heard,
    random,
    newHolderId: () => `holder-${(names += 1)}`,
    publish: (event, value) => {
      heard.push({ event, ...value });
    },
    count: (event) => heard.filter((one) => one.event === event).length,
  };
}

/** What a scripted store mints. */
export interface ScriptedCapabilities extends StoreCapabilities {
  readonly fencing: 'atomic';
}

/** One call that a scripted store has got. */
export interface StoreEntry {
  readonly method: 'tryAcquire' | 'renew' | 'release';
  readonly grant: GrantRef & Partial<AcquireRequest & RenewRequest>;
  readonly io: StoreIo;
}

type Script = (grant: StoreEntry['grant'], io: StoreIo) => unknown;

/** A store that answers as it is told, at once; in the beginning: grants, renews, releases. */
export class ScriptedStore implements LeaseStore<ScriptedCapabilities, 'scripted'> {
  readonly kind = 'scripted';
  readonly domain = 'scripted';
  readonly capabilities: ScriptedCapabilities;
  readonly calls: StoreEntry[] = [];
  onAcquire: Script;
  onRenew: Script = () => Promise.resolve('renewed');
  onRelease: Script = () => Promise.resolve('released');
  #minted = 0;

  constructor(capabilities: Partial<StoreCapabilities> = {}) {
    this.capabilities = {
      expiry: 'server-ttl',
      granterClock: 'monotonic',
      granterGranularityMs: 0,
      consistency: 'linearizable',
      ...capabilities,
      fencing: (capabilities.fencing ?? 'atomic') as 'atomic',
    };
    this.onAcquire = () => Promise.resolve(this.grant());
  }

  /** A grant with the next token. */
  grant(): { readonly status: 'granted'; readonly token: FencingToken<'scripted'> } {
    this.#minted += 1;
    return { status: 'granted', token: fencingToken(this.#minted) };
  }

  /** The calls of one method. */
  of(method: StoreEntry['method']): StoreEntry[] {
    return this.calls.filter((call) => call.method === method);
  }

  tryAcquire(request: AcquireRequest, io: StoreIo): Promise<never> {
    this.calls.push({ method: 'tryAcquire', grant: request, io });
    return this.onAcquire(request, io) as Promise<never>;
  }

  renew(grant: GrantRef, request: RenewRequest, io: StoreIo): Promise<never> {
    const whole = { ...grant, ...request };
    this.calls.push({ method: 'renew', grant: whole, io });
    return this.onRenew(whole, io) as Promise<never>;
  }

  release(grant: GrantRef, io: StoreIo): Promise<never> {
    this.calls.push({ method: 'release', grant, io });
    return this.onRelease(grant, io) as Promise<never>;
  }
}

/** Never answers. */
export function never(): Promise<never> {
  return new Promise(() => undefined);
}

/** Answers after so long on a clock. */
export function later<T>(clock: SimClock, ms: number, value: () => T): Promise<T> {
  return clock.timers.sleep(ms).then(value);
}

/** One holder and its store on one simulated clock. */
export interface Scene {
  readonly clock: SimClock;
  readonly store: ScriptedStore;
  readonly runtime: HeardRuntime;
  acquire(
    options?: Partial<AcquireOptions<'scripted'>>,
  ): ReturnType<typeof acquireLease<ScriptedCapabilities, 'scripted'>>;
  /** A lease of 30 s, whatever else. */
  held(options?: Partial<AcquireOptions<'scripted'>>): Promise<Lease<ScriptedCapabilities, 'scripted'>>;
}

/** The time to live in these tests, in ms: with the default model the window is 29.4 s. */
export const TTL_MS = 30_000;

export function scene(given: { readonly store?: ScriptedStore; readonly clock?: SimClock } = {}): Scene {
  const clock = given.clock ?? new SimClock();
  const store = given.store ?? new ScriptedStore();
  const runtime = runtimeOn(clock.port);
  const acquire: Scene['acquire'] = (options) => acquireLease({ runtime, store }, 'job', { ttlMs: TTL_MS, ...options });
  return {
    clock,
    store,
    runtime,
    acquire,
    held: async (options) => {
      const lease = await acquire(options);
      if (!lease.acquired) throw new Error(`no lease: ${lease.reason}`);
      return lease;
    },
  };
}

/** Lets time pass until it has settled. @throws When it has not within ten simulated minutes. */
export async function outcome<T>({ clock }: Pick<Scene, 'clock'>, promise: Promise<T>): Promise<T> {
  let isSettled = false;
  const settle = (): void => {
    isSettled = true;
  };
  promise.then(settle, settle);
  if (!(await clock.runUntilAsync(() => isSettled, { maxMs: 600_000 }))) throw new Error('it has not settled');
  return promise;
}
