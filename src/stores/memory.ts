/**
 * A lease store in memory, for tests: it counts by whatever clock it is given, and every message can be lost, late, doubled or overtaken.
 *
 * It is not a lock between processes. What it decides is what the real stores decide, under the same contract suite, so that a test of an
 * application in simulated time means something for the real one.
 */
import { type Clock, ClockError, type ClockPort, describeValue, optionNames, requireOptions } from '../core/index.ts';
import type {
  AcquireRequest,
  FencingToken,
  GrantRef,
  LeaseStore,
  RenewRequest,
  StoreCapabilities,
  StoreDenial,
  StoreGrant,
  StoreIo,
} from '../lease/index.ts';
import { acquireRecord, type Granter, type MemoryLeaseRecord, releaseRecord, renewRecord } from './memory-records.ts';
import { requireAcquireRequest, requireGrantRef, requireRenewRequest } from './store-request.ts';

export type { MemoryLeaseRecord } from './memory-records.ts';

/** What the in-memory store says of itself. */
export interface MemoryCapabilities<Fencing extends 'atomic' | 'none' = 'atomic'> extends StoreCapabilities {
  readonly fencing: Fencing;
}

/** How an in-memory store is made. */
export interface MemoryLeaseStoreOptions<Fencing extends 'atomic' | 'none' = 'atomic'> {
  /** The granter's clock: that of the simulated machine that the store runs on, or `systemClock`. */
  readonly clock: Clock | ClockPort;
  /** `server-ttl` (default): the store counts. `observer`: only contenders do, each by its own clock. */
  readonly expiry?: 'server-ttl' | 'observer';
  /** `wall`: counts by the wall clock, as Redis and PostgreSQL do, so that a step of it frees leases. Default `monotonic`. */
  readonly granterClock?: 'monotonic' | 'wall';
  /** `none`: mints no tokens. Default `atomic`. */
  readonly fencing?: Fencing;
  /** Where the records are: a map that outlives a crash of the store's machine (`node.storage`). Default: a new one. */
  readonly records?: Map<string, MemoryLeaseRecord>;
}

/** Brings a message to its destination by calling `deliver`: never, later, twice, or before an earlier one. */
export type MessageCarrier = (direction: 'request' | 'reply', deliver: () => void) => void;

/** How a client reaches an in-memory store. */
export interface MemoryConnection {
  readonly carry: MessageCarrier;
}

const OPTIONS = optionNames<MemoryLeaseStoreOptions>({
  clock: true,
  expiry: true,
  granterClock: true,
  fencing: true,
  records: true,
});

const CONNECTION = optionNames<MemoryConnection>({ carry: true });

/**
 * Leases in memory, on the clock of your choice: for tests, in simulated time.
 *
 * Called directly it answers at once. `connect({ carry })` gives a client whose requests and replies are carried by you, so that a test
 * decides which of them arrive, when, and how often.
 *
 * Records are kept for ever, each with the counter of its name; at `LEASES_MAX` names an attempt for a new one rejects (TC_OUT_OF_RANGE).
 *
 * @throws TC_INVALID_ARGUMENT for wrong options.
 *
 * @example
 * ```ts
 * import { MemoryLeaseStore } from 'truechimer/stores/memory';
 * import { SimWorld } from 'truechimer/testing';
 *
 * const world = new SimWorld({ seed: 1 });
 * const [server, client] = [world.addNode('server'), world.addNode('client')];
 * const store = new MemoryLeaseStore({ clock: server });
 * const remote = store.connect({
 *   carry: (direction, deliver) => {
 *     if (direction === 'request') world.network.send(client, server, deliver);
 *     else world.network.send(server, client, deliver);
 *   },
 * });
 *
 * const io = { signal: new AbortController().signal };
 * const answer = remote.tryAcquire({ name: 'nightly', holderId: 'a1', ttlMs: 30_000 }, io);
 * await world.advance(10);
 * console.log((await answer).status); // granted
 * ```
 */
export class MemoryLeaseStore<Fencing extends 'atomic' | 'none' = 'atomic'> implements LeaseStore<
  MemoryCapabilities<Fencing>,
  'memory'
> {
  readonly kind = 'memory';
  readonly domain = 'memory';
  readonly capabilities: MemoryCapabilities<Fencing>;
  /** What survives a crash of the store's machine: pass it to the store that comes after. */
  readonly records: Map<string, MemoryLeaseRecord>;
  readonly #granter: Granter;

  constructor(options: MemoryLeaseStoreOptions<Fencing>) {
    requireOptions('MemoryLeaseStore', options, OPTIONS);
    const port = portOf((options as MemoryLeaseStoreOptions<Fencing> | undefined)?.clock);
    const expiry = oneOf('expiry', options.expiry ?? 'server-ttl', ['server-ttl', 'observer']);
    const counting = oneOf('granterClock', options.granterClock ?? 'monotonic', ['monotonic', 'wall']);
    const fencing = oneOf('fencing', options.fencing ?? 'atomic', ['atomic', 'none']) as Fencing;
    this.records = options.records ?? new Map<string, MemoryLeaseRecord>();
    const nowMs = expiry === 'observer' ? undefined : readerOf(port, counting);
    this.#granter = { records: this.records, nowMs, mints: fencing === 'atomic' };
    this.capabilities = {
      expiry,
      granterClock: expiry === 'observer' ? 'none' : counting,
      granterGranularityMs: expiry === 'observer' ? 0 : port.granularity[`${counting}Ms`],
      consistency: 'linearizable',
      fencing,
    };
  }

  tryAcquire(request: AcquireRequest, io: StoreIo): Promise<MemoryAnswer<Fencing>> {
    return this.connect(AT_ONCE).tryAcquire(request, io);
  }

  renew(grant: GrantRef, request: RenewRequest, io: StoreIo): Promise<'renewed' | 'lost'> {
    return this.connect(AT_ONCE).renew(grant, request, io);
  }

  release(grant: GrantRef, io: StoreIo): Promise<'released' | 'not-held'> {
    return this.connect(AT_ONCE).release(grant, io);
  }

  /**
   * A client of this store whose messages you carry.
   *
   * A reply that never comes leaves its promise pending until the signal of the call is aborted. A request that is delivered twice is
   * done twice, like one that a network has doubled; the first reply counts.
   *
   * @throws TC_INVALID_ARGUMENT for wrong options.
   */
  connect(connection: MemoryConnection): LeaseStore<MemoryCapabilities<Fencing>, 'memory'> {
    requireOptions('MemoryLeaseStore.connect', connection, CONNECTION);
    const { carry } = connection;
    if (typeof carry !== 'function') throw noCarrier(carry);
    const granter = this.#granter;
    return {
      kind: this.kind,
      domain: this.domain,
      capabilities: this.capabilities,
      tryAcquire: async (request, io) => {
        requireAcquireRequest('MemoryLeaseStore.tryAcquire', request, io);
        const answer = await exchange(carry, io, () => acquireRecord(granter, request));
        return typeof answer === 'bigint' ? granted<Fencing>(granter.mints ? answer : undefined) : answer;
      },
      renew: async (grant, request, io) => {
        requireGrantRef('MemoryLeaseStore.renew', grant, io);
        requireRenewRequest('MemoryLeaseStore.renew', request);
        return exchange(carry, io, () => renewRecord(granter, grant, request));
      },
      release: async (grant, io) => {
        requireGrantRef('MemoryLeaseStore.release', grant, io);
        return exchange(carry, io, () => releaseRecord(granter, grant));
      },
    };
  }
}

/** What an attempt to acquire answers. */
export type MemoryAnswer<Fencing extends 'atomic' | 'none'> =
  StoreGrant<MemoryCapabilities<Fencing>, 'memory'> | StoreDenial;

const AT_ONCE: MemoryConnection = {
  carry: (_direction, deliver) => {
    deliver();
  },
};

/** The request there, done on arrival, and the reply back. */
function exchange<Answer>(carry: MessageCarrier, io: StoreIo, act: () => Answer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(io.signal.reason as Error);
    };
    io.signal.addEventListener('abort', onAbort, { once: true });
    carry('request', () => {
      const answer = attempt(act);
      // Should the reply get lost, a refusal is nobody's.
      answer.catch(() => undefined);
      carry('reply', () => {
        io.signal.removeEventListener('abort', onAbort);
        resolve(answer);
      });
    });
  });
}

/** A store that refuses says so in its reply; the network that brought the request is not to blame. */
function attempt<Answer>(act: () => Answer): Promise<Answer> {
  return new Promise((resolve) => {
    resolve(act());
  });
}

function granted<Fencing extends 'atomic' | 'none'>(
  token: FencingToken | undefined,
): StoreGrant<MemoryCapabilities<Fencing>, 'memory'> {
  const grant = { status: 'granted', ...(token === undefined ? {} : { token }) };
  return grant as StoreGrant<MemoryCapabilities<Fencing>, 'memory'>;
}

function readerOf(port: ClockPort, clock: 'monotonic' | 'wall'): () => number {
  return clock === 'wall' ? () => port.wallMs() : () => port.monotonicMs();
}

function portOf(clock: unknown): ClockPort {
  const port: unknown = typeof clock === 'object' && clock !== null && 'port' in clock ? clock.port : clock;
  if (typeof port === 'object' && port !== null && 'monotonicMs' in port) return port as ClockPort;
  throw new ClockError(
    'TC_INVALID_ARGUMENT',
    `MemoryLeaseStore clock: requires the granter's clock, got ${describeValue(clock)}. ` +
      'Pass a simulated node, a SimClock, or systemClock.',
  );
}

function noCarrier(carry: unknown): ClockError {
  return new ClockError(
    'TC_INVALID_ARGUMENT',
    `MemoryLeaseStore.connect carry: requires a function, got ${describeValue(carry)}. Pass what brings a message there.`,
  );
}

function oneOf<Choice extends string>(option: string, given: Choice, choices: readonly Choice[]): Choice {
  if (choices.includes(given)) return given;
  throw new ClockError(
    'TC_INVALID_ARGUMENT',
    `MemoryLeaseStore ${option}: requires ${choices.map((choice) => `'${choice}'`).join(' or ')}, got ` +
      `${describeValue(given)}. Leave it out for '${choices[0] ?? ''}'.`,
  );
}
