/**
 * What the holders of the simulation do: acquire, check, act, be late, release; a worker that goes on until its process is gone.
 */
import type { AcquireOptions, NotAcquired } from 'truechimer/lease';
import type { SeededRandom, SimWorldCore } from '../../src/sim/index.ts';
import type { SimLease } from './lease-granter.ts';
import type { HeldLease, LeaseOracle, Process } from './lease-oracle.ts';
import type { Domain, ProtectedStorage } from './lease-storage.ts';

/** One attempt of the real holder, or of a broken one. */
export type Acquire = (options: AcquireOptions<Domain>) => Promise<SimLease | NotAcquired>;

/** Where a worker works. */
export interface Workplace {
  readonly world: SimWorldCore;
  readonly process: Process;
  readonly oracle: LeaseOracle;
  readonly storage: ProtectedStorage;
  readonly random: SeededRandom;
  readonly ttlMs: number;
  /** The options that every attempt has. */
  readonly options: Partial<AcquireOptions<Domain>>;
  readonly acquire: Acquire;
}

/** How many acts, at the most, under one lease. */
const ACTS_MAX = 14;

/** Works for ever: time and crashes end it. */
export async function work(place: Workplace): Promise<void> {
  const { oracle, random, ttlMs } = place;
  for (;;) {
    await sleep(place, random.uniform() ** 2 * ttlMs);
    const atMs = place.world.nowMs;
    const options = drawOptions(place);
    const lease = await place.acquire(options);
    if (!lease.acquired) {
      oracle.coverage.count(`not acquired: ${lease.reason}`);
      continue;
    }
    await useLease(place, oracle.handedOut(lease, place.process, { atMs, ttlMs: options.ttlMs }));
  }
}

function drawOptions({ random, ttlMs, options, process, storage }: Workplace): AcquireOptions<Domain> {
  const waits = random.uniform() < 0.8;
  return {
    // Not all want the same: who watches a record has to go by the record's own.
    ttlMs: random.uniform() < 0.7 ? ttlMs : Math.round(ttlMs * (0.4 + 0.6 * random.uniform())),
    waitMs: waits ? ttlMs * (0.5 + 3 * random.uniform()) : 'try',
    renew: random.uniform() < 0.75 ? 'auto' : 'manual',
    fences: [storage.fenceFor(process)],
    ...(random.uniform() < 0.2 ? { maxHoldMs: ttlMs * (0.5 + 3 * random.uniform()) } : {}),
    ...(random.uniform() < 0.2 ? { needsMs: ttlMs * 0.3 * random.uniform() } : {}),
    ...options,
  };
}

async function useLease(place: Workplace, held: HeldLease): Promise<void> {
  const { random, ttlMs, oracle } = place;
  const acts = random.integer(ACTS_MAX);
  const underWay: Promise<void>[] = [];
  for (let act = 0; act < acts && !held.isOver; act += 1) {
    const choice = random.uniform();
    if (choice < 0.4) oracle.checked(held, held.lease.check());
    else if (choice < 0.75) underWay.push(guardedAct(place, held));
    else if (choice < 0.95) await bareAct(place, held);
    else void held.lease.renew();
    await sleep(place, drawnGap(random, ttlMs));
  }
  const ending = random.uniform();
  if (ending < 0.45) await Promise.all(underWay);
  if (ending < 0.9) {
    const drain = random.uniform() < 0.5 ? {} : { drainMs: ttlMs * 0.3 * random.uniform() };
    oracle.coverage.count(`release: ${await held.lease.release(drain)}`);
  } else {
    // Forgotten: it holds until it loses it, or is asked again much later.
    await sleep(place, ttlMs * 4 * random.uniform());
    oracle.checked(held, held.lease.check());
    oracle.coverage.count(`release: ${await held.lease.release()}`);
  }
  oracle.checked(held, held.lease.check());
}

/** Mostly short, sometimes as long as the lease. */
function drawnGap(random: SeededRandom, ttlMs: number): number {
  return ttlMs * random.uniform() ** 4;
}

/** By the book: checked, tracked, with a token and a sequence number. */
async function guardedAct(place: Workplace, { lease }: HeldLease): Promise<void> {
  const { random, ttlMs, storage, process, oracle } = place;
  const limitMs = ttlMs * 0.5;
  const dawdleMs = drawnGap(random, ttlMs);
  try {
    const outcome = await lease.guard(async ({ token, sequence }) => {
      await sleep(place, dawdleMs);
      return storage.write(process, { token, sequence }, limitMs);
    });
    if (!outcome.ok) return;
    oracle.coverage.count(`guarded: ${outcome.value}`);
    if (!outcome.heldThroughout) oracle.coverage.count('guarded: not held throughout');
  } catch {
    oracle.coverage.count('guarded: outcome unknown');
  }
}

/** Checked, and then late: what no clock can prevent. Nobody waits for it, so only the fence is asked of it. */
async function bareAct(place: Workplace, held: HeldLease): Promise<void> {
  const { random, ttlMs, storage, process, oracle } = place;
  const verdict = held.lease.check();
  oracle.checked(held, verdict);
  if (!verdict.ok) return;
  await sleep(place, 1.5 * drawnGap(random, ttlMs));
  const write = { token: verdict.token };
  void storage.write(process, write, ttlMs).then(
    (answer) => {
      oracle.coverage.count(`bare: ${answer}`);
    },
    () => {
      oracle.coverage.count('bare: outcome unknown');
    },
  );
}

function sleep({ process }: Workplace, ms: number): Promise<void> {
  return new Promise((resolve) => {
    process.node.setTimer(resolve, ms, { keepsAlive: true });
  });
}
