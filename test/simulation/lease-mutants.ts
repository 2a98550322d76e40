/**
 * Broken holders and stores: each has one of the mistakes that real libraries make, and the simulation must find it.
 *
 * Whatever can be broken from outside is: by options, by the clock's port, by a wrapped store. The rest is the real holder on a broken part,
 * put in place of the real one by the test.
 */
import type { BoundedUtc, FencingToken } from 'truechimer/lease';
import type { ClockPort } from '../../src/core/index.ts';
import type { GuardBook } from '../../src/lease/guard-book.ts';
import type { HolderMachine, HolderReading, HolderWindows, SentStamp } from '../../src/lease/holder-machine.ts';
import type { Fault, SimNode } from '../../src/sim/index.ts';
import { DRIFT_PPM_MAX, type Mood, MOODS } from './lease-faults.ts';
import type { SimStore } from './lease-granter.ts';
import type { Violation } from './lease-oracle.ts';
import type { FaultPlace, LeaseWorldChange } from './lease-world.ts';

/** A mistake. */
export interface Mutant {
  /** Short: it is part of a test's name. */
  readonly name: string;
  /** What it must be caught doing. */
  readonly caughtAs: readonly Violation[];
  readonly change: LeaseWorldChange;
  /** The module of `src/lease` that is replaced, and what replaces its exports. */
  readonly replaced?: {
    readonly module: 'holder-machine' | 'guard-book';
    readonly by: (real: Record<string, unknown>) => Record<string, unknown>;
  };
}

const mood = (name: string): Mood => MOODS.find((one) => one.name === name)!;

/** Much is cut and late, little is lost. */
const SILENCE: Mood = { name: 'silence', perRun: { cut: 12, link: 4, partition: 2 }, delayShare: 0.08, loss: 0.02 };

/** Clean but for what the mutant's own faults do. */
const QUIET: Mood = { name: 'quiet', perRun: {}, delayShare: 0.004, loss: 0 };

/**
 * Again and again the answers to one holder become slow, and then its requests do not arrive any more: the last one that was granted is
 * answered late.
 */
function slowThenSilent({ random, holders, ttlMs, forMs }: FaultPlace): readonly Fault[] {
  const faults: Fault[] = [];
  for (let atMs = ttlMs; atMs < forMs; atMs += 2 * ttlMs) {
    const holder = holders[random.integer(holders.length)]!;
    const delay = { kind: 'uniform', fromMs: 0.2 * ttlMs, toMs: 0.5 * ttlMs } as const;
    const beginMs = Math.floor(atMs + ttlMs * random.uniform());
    const forThat = { forMs: Math.floor(1.5 * ttlMs) };
    faults.push({ kind: 'link', atMs: beginMs, from: 'granter', to: holder, link: { delay }, ...forThat });
    const cutMs = Math.floor(beginMs + ttlMs * (0.2 + 0.5 * random.uniform()));
    faults.push({ kind: 'cut', atMs: cutMs, from: holder, to: 'granter', ...forThat });
  }
  return faults;
}

/** One holder after the other cannot reach the store for longer than its lease. */
function silent({ random, holders, ttlMs, forMs }: FaultPlace): readonly Fault[] {
  const faults: Fault[] = [];
  for (const from of holders) {
    for (let atMs = ttlMs * random.uniform(); atMs < forMs; atMs += ttlMs * (2 + 2 * random.uniform())) {
      faults.push({ kind: 'cut', atMs: Math.floor(atMs), from, to: 'granter', forMs: Math.floor(1.5 * ttlMs) });
    }
  }
  return faults;
}

/** Holders are slow and who counts against them is fast, each at the bound of the model. */
const worstRates = (name: string): number => (name === 'granter' || name === 'holder-2' ? 1 : -1) * DRIFT_PPM_MAX;

/** The machines of `HolderMachine`, by its exports. */
interface Machines {
  readonly HolderMachine: typeof HolderMachine;
}

/** The books of `GuardBook`, by its exports. */
interface Books {
  readonly GuardBook: typeof GuardBook;
}

/** Every mistake. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'acknowledging stamp',
    caughtAs: ['unsafe check'],
    change: { mood: QUIET, faults: (_, place) => slowThenSilent(place) },
    replaced: { module: 'holder-machine', by: (real) => stampedAtAnswer(real as unknown as Machines) },
  },
  {
    name: 'no drift margin',
    caughtAs: ['unsafe check'],
    change: {
      mood: QUIET,
      driftPpm: worstRates,
      faults: (_, place) => silent(place),
      options: { timing: { holderRatePpm: 0, granterRatePpm: 0 } },
    },
  },
  {
    name: 'wall clock',
    caughtAs: ['unsafe check'],
    change: { mood: mood('pauses'), port: byWallClock, faults: withStepsBack },
  },
  {
    name: 'token after grant',
    caughtAs: ['token order'],
    change: {
      mood: mood('network'),
      store: (store, { granter, process }) => mintingLater(store, (mint) => granter.ask(process, mint), granter.node),
    },
  },
  {
    name: 'no latch',
    caughtAs: ['resurrected'],
    change: { mood: SILENCE },
    replaced: { module: 'holder-machine', by: (real) => withoutLatch(real as unknown as Machines) },
  },
  {
    name: 'renewing by process id',
    caughtAs: ['token order', 'unsafe check'],
    change: {
      mood: mood('everything'),
      store: (store, { granter, process }) =>
        byProcessId(store, `${process.node.name} ${process.incarnation}`, granter.node),
    },
  },
  {
    name: 'release before drain',
    caughtAs: ['act after release'],
    change: { mood: mood('calm') },
    replaced: { module: 'guard-book', by: (real) => neverBusy(real as unknown as Books) },
  },
  {
    name: 'suspend ignored',
    caughtAs: ['unsafe check'],
    change: { mood: mood('suspends'), options: { timing: { suspend: 'ignored' } } },
  },
  {
    name: 'no raise',
    caughtAs: ['not raised'],
    change: { mood: mood('calm'), options: { fences: [] } },
  },
  {
    name: 'fence that forgets',
    caughtAs: ['order inversion', 'stale after raise'],
    change: { mood: mood('pauses'), fenceForgets: true, faults: withStorageCrashes },
  },
  {
    name: 'bounded clock that lies',
    caughtAs: ['unsafe check'],
    change: { mood: QUIET, expiry: 'observer+utc', utc: aheadOnOneMachine, faults: (_, place) => silent(place) },
  },
];

function stampedAtAnswer({ HolderMachine: Real }: Machines): Machines & Record<string, unknown> {
  class StampedAtAnswer extends Real {
    override acknowledge(sent: SentStamp, now: HolderReading): 'renewed' | 'late' {
      return super.acknowledge({ ...now, suspicion: sent.suspicion }, now);
    }
  }
  return { HolderMachine: StampedAtAnswer };
}

/** The machine starts anew with the stamp of the late answer, when it had expired. */
function withoutLatch({ HolderMachine: Real }: Machines): Record<string, unknown> {
  const make = (windows: HolderWindows, sent: HolderReading): HolderMachine => {
    let machine = new Real(windows, sent);
    const acknowledge = (stamp: SentStamp, now: HolderReading): 'renewed' | 'late' => {
      const outcome = machine.acknowledge(stamp, now);
      if (outcome === 'renewed' || machine.refusalAt(now)?.reason !== 'expired') return outcome;
      machine = new Real(windows, stamp);
      return 'renewed';
    };
    return new Proxy(machine, {
      get: (_, name) => {
        if (name === 'acknowledge') return acknowledge;
        const value: unknown = Reflect.get(machine, name, machine);
        return typeof value === 'function' ? (value.bind(machine) as unknown) : value;
      },
    });
  };
  return {
    HolderMachine: new Proxy(Real, {
      construct: (_, [windows, sent]: [HolderWindows, HolderReading]) => make(windows, sent),
    }),
  };
}

function neverBusy({ GuardBook: Real }: Books): Record<string, unknown> {
  class NeverBusy extends Real {
    override get isUncertain(): boolean {
      return false;
    }

    override idle(): Promise<void> {
      return Promise.resolve();
    }
  }
  return { GuardBook: NeverBusy };
}

function byWallClock(node: SimNode): ClockPort {
  const startMs = node.wallMs();
  const wallMs = (): number => node.wallMs() - startMs;
  return {
    name: node.name,
    monotonicId: node.monotonicId,
    bootId: node.bootId,
    granularity: { ...node.granularity, monotonicMs: node.granularity.wallMs, bootMs: node.granularity.wallMs },
    monotonicCountsSuspend: true,
    wallSlewPpm: node.wallSlewPpm,
    monotonicMs: wallMs,
    bootMs: wallMs,
    wallMs: () => node.wallMs(),
    setTimer: (callback, delayMs, options) => node.setTimer(callback, delayMs, options),
  };
}

/** While a process stands still, somebody sets its wall clock back, by less than it stands: it never sees the clock go back. */
function withStepsBack(faults: readonly Fault[]): readonly Fault[] {
  const stepsBack = faults.flatMap((fault): readonly Fault[] => {
    if (fault.kind !== 'pause' || fault.forMs < 20) return [];
    const { node, atMs, forMs } = fault;
    return [{ kind: 'step', node, atMs: atMs + forMs / 2, byMs: -0.9 * forMs }];
  });
  return [...faults.filter(({ kind }) => kind !== 'step'), ...stepsBack];
}

/** The storage is back at once, each time. */
function withStorageCrashes(faults: readonly Fault[], { ttlMs, forMs }: FaultPlace): readonly Fault[] {
  const crashes: Fault[] = [];
  for (let atMs = ttlMs; atMs < forMs; atMs += ttlMs / 4) {
    crashes.push({ kind: 'crash', node: 'storage', atMs: Math.floor(atMs), restartAfterMs: 1 });
  }
  return [...faults, ...crashes];
}

/** Its intervals do not contain the truth: a contender takes over before the holder stops. */
function aheadOnOneMachine(honest: BoundedUtc, node: SimNode): BoundedUtc {
  if (node.name !== 'holder-2') return honest;
  return {
    now: () => {
      const now = honest.now();
      return now.status === 'unbounded' ? now : { ...now, earliest: now.earliest + 900, latest: now.latest + 900 };
    },
  };
}

function mintingLater(
  store: SimStore,
  ask: (mint: () => FencingToken<'memory'>) => Promise<FencingToken<'memory'>>,
  granter: SimNode,
): SimStore {
  const granted = new Map<bigint, FencingToken>();
  const mint = (): FencingToken<'memory'> => {
    const next = ((granter.storage.get('minted') as bigint | undefined) ?? 0n) + 1n;
    granter.storage.set('minted', next);
    return next as FencingToken<'memory'>;
  };
  return {
    ...store,
    tryAcquire: async (request, io) => {
      const grant = await store.tryAcquire(request, io);
      if (grant.status === 'denied' || grant.token === undefined) return grant;
      const token = await ask(mint);
      granted.set(token, grant.token);
      return { status: 'granted', token };
    },
    renew: (grant, request, io) => store.renew(withToken(grant, granted), request, io),
    release: (grant, io) => store.release(withToken(grant, granted), io),
  };
}

function withToken<Grant extends { readonly token?: FencingToken }>(
  grant: Grant,
  tokens: Map<bigint, FencingToken>,
): Grant {
  const token = grant.token === undefined ? undefined : tokens.get(grant.token);
  return token === undefined ? grant : { ...grant, token };
}

/** The holder is the process, not the acquisition: whatever grant of this process the record is about is renewed. */
function byProcessId(store: SimStore, holderId: string, granter: SimNode): SimStore {
  const counterOf = (name: string): FencingToken | undefined => {
    const records = granter.storage.get('records') as Map<string, { readonly counter: bigint }>;
    return records.get(name)?.counter as FencingToken | undefined;
  };
  return {
    ...store,
    tryAcquire: (request, io) => store.tryAcquire({ ...request, holderId }, io),
    renew: ({ name }, request, io) => {
      const token = counterOf(name);
      return store.renew(token === undefined ? { name, holderId } : { name, holderId, token }, request, io);
    },
    release: (grant, io) => store.release({ ...grant, holderId }, io),
  };
}
