/** The in-memory store keeps the laws of every store, in simulated time, also over a network on which messages overtake each other. */
import { delays, SimClock, SimWorld } from 'truechimer/testing';
import { FenceGate, fencingToken, type LeaseStore } from '../../src/lease/index.ts';
import { MemoryLeaseStore, type MemoryLeaseStoreOptions } from '../../src/stores/memory.ts';
import { describeLeaseStore, type FenceUnderTest, type LeaseStoreHarness } from './lease-store.ts';

/** What a simulated hour costs nothing: a short lease is as long as one likes. */
const SHORT_MS = 1000;

type Kind = Omit<MemoryLeaseStoreOptions<'atomic' | 'none'>, 'clock' | 'records'>;

const KINDS: readonly (Kind & { readonly what: string })[] = [
  { what: 'as it comes' },
  { what: 'counting by the wall clock', granterClock: 'wall' },
  { what: 'observed', expiry: 'observer' },
  { what: 'without tokens', fencing: 'none' },
  { what: 'observed, without tokens', expiry: 'observer', fencing: 'none' },
];

/** Called directly, on a clock that steps. */
function direct(kind: Kind): LeaseStoreHarness {
  const clock = new SimClock({ drift: { driftPpm: -200 } });
  let store = new MemoryLeaseStore({ clock, ...kind });
  return {
    get store() {
      return store;
    },
    get other() {
      return store;
    },
    shortMs: SHORT_MS,
    nowMs: () => clock.port.monotonicMs(),
    pass: (ms) => clock.advanceAsync(ms * 1.001),
    restart: () => {
      store = new MemoryLeaseStore({ clock, ...kind, records: store.records });
      return Promise.resolve();
    },
    stepServerClock: (byMs) => {
      clock.stepWall(byMs);
      return Promise.resolve();
    },
    fence: gate,
  };
}

/** The fence in memory, which is the reference of all. */
function gate(): FenceUnderTest {
  const fence = new FenceGate();
  return {
    raise: (token) => fence.raise(fencingToken(token)),
    write: (token) => Promise.resolve(fence.admit(fencingToken(token), () => 0).ok ? 'accepted' : 'stale'),
  };
}

/** Over a simulated network, with time passing while an answer is awaited. */
function remote(kind: Kind): LeaseStoreHarness {
  const world = new SimWorld({ seed: 7 });
  const server = world.addNode('server', { drift: { driftPpm: 100 } });
  const clients = [world.addNode('one'), world.addNode('two', { drift: { driftPpm: -100 } })];
  world.network.setDefault({ delay: delays.uniform(0.5, 5) });
  const store = new MemoryLeaseStore({ clock: server, ...kind });
  const [one, two] = clients.map((client) =>
    driven(
      world,
      store.connect({
        carry: (direction, deliver) => {
          if (direction === 'request') world.network.send(client, server, deliver);
          else world.network.send(server, client, deliver);
        },
      }),
    ),
  );
  return {
    store: one!,
    other: two!,
    shortMs: SHORT_MS,
    nowMs: () => world.nowMs,
    pass: (ms) => world.advance(ms * 1.001),
    stepServerClock: (byMs) => {
      server.stepWall(byMs);
      return Promise.resolve();
    },
  };
}

/** Lets simulated time pass while somebody waits for an answer. */
function driven(world: SimWorld, store: LeaseStore): LeaseStore {
  const passing = async <Value>(answer: Promise<Value>): Promise<Value> => {
    let settled = false;
    const watched = answer.finally(() => {
      settled = true;
    });
    watched.catch(() => {});
    while (!settled) await advanceAlone(world);
    return watched;
  };
  return {
    kind: store.kind,
    domain: store.domain,
    capabilities: store.capabilities,
    tryAcquire: (request, io) => passing(store.tryAcquire(request, io)),
    renew: (grant, request, io) => passing(store.renew(grant, request, io)),
    release: (grant, io) => passing(store.release(grant, io)),
  };
}

const advancing = new WeakMap<SimWorld, Promise<void>>();

/** One turn of simulated time, shared by all who wait. */
function advanceAlone(world: SimWorld): Promise<void> {
  const under = advancing.get(world);
  if (under !== undefined) return under;
  const turn = world.advance(1).finally(() => advancing.delete(world));
  advancing.set(world, turn);
  return turn;
}

for (const { what, ...kind } of KINDS) {
  describeLeaseStore(`memory, ${what}`, () => direct(kind));
  describeLeaseStore(`memory, ${what}, over a network`, () => remote(kind));
}
