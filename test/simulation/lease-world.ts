/**
 * One simulated world of leases: holders, a lock service, a protected storage, and everything that can go wrong between them.
 */
import { createClock } from 'truechimer';
import { acquire, type AcquireOptions, type BoundedUtc, type LeasePlatform, type NotAcquired } from 'truechimer/lease';
import { simulate } from 'truechimer/testing';
import type { ClockPort } from '../../src/core/index.ts';
import { TIMING_MODELS } from '../../src/lease/index.ts';
import type { Fault, NodeOptions, SeededRandom, SimNode, SimulationResult, SimWorldCore } from '../../src/sim/index.ts';
import { DRIFT_PPM_MAX, drawMood, linksOf, type Mood, MOODS } from './lease-faults.ts';
import { Granter, type SimLease, type SimStore, watchedStore } from './lease-granter.ts';
import { LeaseOracle, type Process } from './lease-oracle.ts';
import { work } from './lease-program.ts';
import { type Domain, ProtectedStorage } from './lease-storage.ts';
import { honestUtc } from './lease-utc.ts';

/** The three ways in which a lease may end without its holder. */
export const EXPIRY_RULES = ['server-ttl', 'observer', 'observer+utc'] as const;

/** The holder under test: the public one, or a broken one. */
export type AcquireFunction = (
  store: SimStore,
  name: string,
  options: AcquireOptions<Domain> & LeasePlatform,
) => Promise<SimLease | NotAcquired>;

/** Where faults are put. */
export interface FaultPlace {
  readonly random: SeededRandom;
  readonly holders: readonly string[];
  readonly ttlMs: number;
  readonly forMs: number;
}

/** What can be broken about a world on purpose. */
export interface LeaseWorldChange {
  readonly acquire?: AcquireFunction;
  readonly options?: Partial<AcquireOptions<Domain>>;
  readonly port?: (node: SimNode) => ClockPort;
  readonly store?: (store: SimStore, place: { readonly granter: Granter; readonly process: Process }) => SimStore;
  /** Replaces the honest clock of a node, under the rule that has one. */
  readonly utc?: (honest: BoundedUtc, node: SimNode) => BoundedUtc;
  /** The storage loses its highest token in a crash. */
  readonly fenceForgets?: boolean;
  readonly mood?: Mood;
  readonly expiry?: (typeof EXPIRY_RULES)[number];
  /** The rate of each machine, in ppm, by name. */
  readonly driftPpm?: (name: string) => number;
  /** Replaces the faults that were drawn. */
  readonly faults?: (faults: readonly Fault[], run: FaultPlace) => readonly Fault[];
}

/** What is simulated. */
export interface LeaseRun {
  readonly seed: number;
  readonly name: string;
  /** `count`: violations are left to the caller, for broken holders. Default: the first one fails the simulation. */
  readonly violations?: 'fail' | 'count';
  readonly change?: LeaseWorldChange;
}

/** How many times the time to live a world lasts. */
const LIFETIMES = 12;

/** Random looks at the whole world, in one run. */
const LOOKS = 40;

interface Setting {
  readonly ttlMs: number;
  readonly expiry: (typeof EXPIRY_RULES)[number];
  readonly mood: Mood;
  readonly change: LeaseWorldChange;
}

/** Runs one world; a violation fails with the seed and the command that replays it. */
export function runLeaseWorld({
  seed,
  name,
  violations = 'fail',
  change = {},
}: LeaseRun): Promise<SimulationResult<LeaseOracle>> {
  const expiry = change.expiry ?? EXPIRY_RULES[seed % EXPIRY_RULES.length]!;
  const mood = change.mood ?? MOODS[Math.floor(seed / EXPIRY_RULES.length) % MOODS.length]!;
  // Of the seed alone, since the length of the run depends on it: 300 to 3000 ms.
  const ttlMs = Math.round(300 * 10 ** (((seed * 7919) % 1000) / 999));
  const forMs = LIFETIMES * ttlMs;
  let oracle: LeaseOracle | undefined;
  return simulate<LeaseOracle>({
    name,
    seed,
    replay: "TRUECHIMER_SIM_SEED={seed} npx vitest run test/simulation/leases.test.ts -t '{name}'",
    forMs,
    checkEveryMs: forMs / LOOKS,
    build: (world) => (oracle = buildWorld(world, { ttlMs, expiry, mood, change })),
    faults: (random, world) => {
      const drawn = drawMood(random, world, { mood, ttlMs, forMs });
      const holders = world.nodes.map((node) => node.name).filter((node) => node.startsWith('holder'));
      const faults = change.faults?.(drawn, { random, holders, ttlMs, forMs }) ?? drawn;
      for (const fault of faults) {
        if (fault.kind === 'vm-pause') {
          oracle?.stopsVm(fault.node, { fromMs: fault.atMs, toMs: fault.atMs + fault.forMs });
        }
      }
      return faults;
    },
    check: () => {
      // Before anybody asks: a check would abort the signal itself.
      oracle?.requireNotices({ windowMs: longestWindowMs, slackMs: 3 });
      oracle?.probe();
      const first = oracle?.violations[0];
      if (violations === 'fail' && first !== undefined) throw new Error(`${first.kind}: ${first.detail}`);
    },
  });
}

/** Formula (1) without granularities: no correct window is longer. */
function longestWindowMs(ttlMs: number): number {
  const { holderRatePpm, granterRatePpm } = TIMING_MODELS['one-percent'];
  return (ttlMs * (1e6 - holderRatePpm)) / (1e6 + granterRatePpm);
}

function buildWorld(world: SimWorldCore, setting: Setting): LeaseOracle {
  const { ttlMs, expiry, mood, change } = setting;
  const random = world.random.fork('world');
  const addNode = (name: string): SimNode => {
    const drawn = drawNode(random);
    const driftPpm = change.driftPpm?.(name);
    return world.addNode(name, driftPpm === undefined ? drawn : { ...drawn, drift: { driftPpm } });
  };
  world.network.setDefault(linksOf(mood, ttlMs));
  const oracle = new LeaseOracle(world);
  const granter = new Granter(world, addNode('granter'), oracle, {
    expiry: expiry === 'server-ttl' ? 'server-ttl' : 'observer',
    ignoresAborts: random.uniform() < 0.5,
  });
  const storage = new ProtectedStorage(world, addNode('storage'), oracle, { forgets: change.fenceForgets ?? false });
  const holders = 2 + random.integer(3);
  for (let index = 1; index <= holders; index += 1) {
    const node = addNode(`holder-${index}`);
    const workers = index === 1 ? 2 : 1;
    const place = { world, oracle, granter, storage };
    node.start(() => {
      for (let worker = 1; worker <= workers; worker += 1) startWorker(setting, place, node, worker);
    });
  }
  return oracle;
}

/** Half of all clocks run at the bound of the model, one way or the other. */
function drawNode(random: SeededRandom): NodeOptions {
  const sign = random.uniform() < 0.5 ? -1 : 1;
  const size = random.uniform() < 0.5 ? 1 : random.uniform();
  return {
    drift: { driftPpm: sign * size * DRIFT_PPM_MAX },
    wallAheadMs: Math.round(1e6 * (random.uniform() - 0.5)),
    monotonicMs: Math.round(1e6 * random.uniform()),
    sleptMs: random.uniform() < 0.5 ? 0 : Math.round(1e6 * random.uniform()),
    granularity: { monotonicMs: [2 ** -10, 2 ** -10, 1, 4][random.integer(4)]! },
    platform: random.uniform() < 0.75 ? 'linux' : 'other',
  };
}

function startWorker(
  { ttlMs, expiry, change }: Setting,
  place: {
    readonly world: SimWorldCore;
    readonly oracle: LeaseOracle;
    readonly granter: Granter;
    readonly storage: ProtectedStorage;
  },
  node: SimNode,
  worker: number,
): void {
  const { world, oracle, granter, storage } = place;
  const process: Process = { node, incarnation: node.incarnation };
  const random = node.random.fork(`worker ${worker} of process ${node.incarnation}`);
  const drawn = random.fork('lease');
  const clock = createClock(change.port?.(node) ?? node);
  const client = granter.clientOf(process);
  const store = watchedStore(change.store?.(client, { granter, process }) ?? client, process, oracle);
  const honest = honestUtc(world, random.fork('utc'), ttlMs * 0.2);
  const utc = expiry === 'observer+utc' ? { utc: change.utc?.(honest, node) ?? honest } : {};
  const platform = { clock, random: () => drawn.uniform() };
  const { acquire: acquireWith = acquire } = change;
  const doing = work({
    world,
    process,
    oracle,
    storage,
    random,
    ttlMs,
    options: { ...utc, ...change.options },
    acquire: (options) => acquireWith(store, 'job', { ...options, ...platform }),
  });
  doing.catch((error: unknown) => {
    oracle.violate('program', error instanceof Error ? (error.stack ?? error.message) : String(error));
  });
}
