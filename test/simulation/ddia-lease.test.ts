/**
 * The lease of "Designing Data-Intensive Applications" (Kleppmann 2017, chapters 8 and 9: "Process pauses", "Fencing tokens"), on the real
 * holder: a lease of 30 s, a holder that is stopped for 45 s between its check and its write, and a successor in the meantime.
 *
 * Each scene says what would have happened without the part that it is about.
 */
import { createClock } from 'truechimer';
import { type AcquireOptions, acquire, FenceGate, type FencingToken, type Lease as AnyLease } from 'truechimer/lease';
import { type MemoryCapabilities, MemoryLeaseStore } from 'truechimer/stores/memory';
import { delays, type NodeOptions, type SimNode, SimWorld } from 'truechimer/testing';
import { describe, expect, it } from 'vitest';

const LEASE_MS = 30_000;
const PAUSE_MS = 45_000;

type Lease = AnyLease<MemoryCapabilities, 'memory'>;
type Options = Partial<AcquireOptions<'memory'>>;

/** Two processes, a lock service, and a storage that keeps two logs: what a fence lets in, and what would land without one. */
class Stage {
  readonly world = new SimWorld();
  readonly a: SimNode;
  readonly b: SimNode;
  readonly gate = new FenceGate<'memory'>();
  readonly fenced: string[] = [];
  readonly unfenced: string[] = [];
  readonly #granter: SimNode;
  readonly #store: MemoryLeaseStore;

  constructor(machine: NodeOptions = {}) {
    this.world.network.setDefault({ delay: delays.constant(5) });
    this.#granter = this.world.addNode('lock service');
    this.a = this.world.addNode('a', machine);
    this.b = this.world.addNode('b', machine);
    this.#store = new MemoryLeaseStore({ clock: createClock(this.#granter) });
  }

  async acquire(node: SimNode, options: Options = {}): Promise<Lease> {
    const store = this.#store.connect({
      carry: (direction, deliver) => {
        const way = direction === 'request' ? ([node, this.#granter] as const) : ([this.#granter, node] as const);
        this.world.network.send(...way, deliver);
      },
    });
    const lease = await acquire(store, 'the file', {
      ttlMs: LEASE_MS,
      waitMs: 100_000,
      fences: [this.gate],
      clock: createClock(node),
      random: () => node.random.uniform(),
      ...options,
    });
    if (!lease.acquired) throw new Error(lease.detail);
    return lease;
  }

  /** What the client of the book does: it sends its write, and the storage decides. */
  write(who: string, token: FencingToken<'memory'>): void {
    this.unfenced.push(who);
    this.gate.admit(token, () => {
      this.fenced.push(who);
    });
  }
}

/** Something stops the holder between two of its instructions. */
type Stop = (stage: Stage) => void;

const pause: Stop = ({ a }) => {
  a.pause(PAUSE_MS);
};
const pauseWithStep: Stop = (stage) => {
  pause(stage);
  stage.world.after(20_000, () => {
    stage.a.stepWall(-3_600_000);
  });
};
const suspend: Stop = ({ a }) => {
  a.suspend(PAUSE_MS);
};
const stopMachine: Stop = ({ a }) => {
  a.pauseVm(PAUSE_MS);
};

interface Scene {
  readonly stage: Stage;
  readonly lease: Lease;
  /** The check right before the stop. */
  readonly before: ReturnType<Lease['check']>;
  /** The first instruction after it. */
  readonly after: ReturnType<Lease['check']>;
}

/**
 * A holds, checks at `atMs`, and is stopped; B gets the lease and writes; A goes on where it was. `looksAgain`: it checks once more before it
 * writes.
 */
async function play(
  stop: Stop,
  { looksAgain, atMs = 5000, options = {} }: { looksAgain: boolean; atMs?: number; options?: Options },
): Promise<Scene> {
  const stage = new Stage();
  const { world, a } = stage;
  const holding = stage.acquire(a, options);
  await world.advance(100);
  const lease = await holding;
  void stage.acquire(stage.b).then((successor) => {
    stage.write('b', successor.token);
  });
  await world.advance(atMs - 100);
  const before = lease.check();
  stop(stage);
  let after: Scene['after'] | undefined;
  a.setTimer(
    () => {
      after = lease.check();
      if (!looksAgain || after.ok) stage.write('a', lease.token);
    },
    0,
    { keepsAlive: true },
  );
  await world.advance(PAUSE_MS + 100);
  if (after === undefined) throw new Error('a never went on');
  return { stage, lease, before, after };
}

describe('G15, G16: a lease of 30 s, and a holder that is stopped for 45 s', () => {
  it('without a fence and without a second look: the anomaly of the book', async () => {
    const { stage, before } = await play(pause, { looksAgain: false });
    expect(before.ok).toBe(true);
    expect(stage.unfenced).toEqual(['b', 'a']);
  });

  it('with a fence: the late write is refused, whether it looks again or not', async () => {
    const { stage, lease } = await play(pause, { looksAgain: false });
    expect(stage.fenced).toEqual(['b']);
    expect(stage.gate.highest).toBe(lease.token + 1n);
  });

  it.each([
    ['a pause', pause],
    ['a pause in which the wall clock is set back by an hour', pauseWithStep],
    ['a suspend, in which monotonic time stands still', suspend],
  ])('with a second look: expired at the first instruction after %s', async (_, stop) => {
    const { stage, lease, before, after } = await play(stop, { looksAgain: true });
    expect(before).toMatchObject({ ok: true, token: lease.token });
    expect(after).toMatchObject({ ok: false, reason: 'expired', remainingMs: 0 });
    expect(stage.unfenced).toEqual(['b']);
    await stage.world.advance(1);
    expect(lease.signal.aborted).toBe(true);
    expect(lease.signal.reason).toMatchObject({ code: 'TC_LEASE_OVER', details: { reason: 'expired' } });
  });

  it('a suspend that the timing model ignores is not seen: only the fence is left', async () => {
    const { stage, after } = await play(suspend, { looksAgain: true, options: { timing: { suspend: 'ignored' } } });
    expect(after.ok).toBe(true);
    expect(stage.unfenced).toEqual(['b', 'a']);
    expect(stage.fenced).toEqual(['b']);
  });

  it('a stopped virtual machine is seen by no clock in it: only the fence is left', async () => {
    const { stage, after } = await play(stopMachine, { looksAgain: true });
    expect(after.ok).toBe(true);
    expect(stage.unfenced).toEqual(['b', 'a']);
    expect(stage.fenced).toEqual(['b']);
  });

  it('stopped between the second look and the write: no check can help, the fence does', async () => {
    const stage = new Stage();
    const holding = stage.acquire(stage.a, { renew: 'manual' });
    await stage.world.advance(29_000);
    const lease = await holding;
    void stage.acquire(stage.b).then((successor) => {
      stage.write('b', successor.token);
    });
    expect(lease.check().ok).toBe(true);
    const { token } = lease;
    pause(stage);
    stage.a.setTimer(
      () => {
        stage.write('a', token);
      },
      0,
      { keepsAlive: true },
    );
    await stage.world.advance(PAUSE_MS + 1000);
    expect(stage.unfenced).toEqual(['b', 'a']);
    expect(stage.fenced).toEqual(['b']);
  });
});

describe('around the end of the window, which is 0.99 / 1.01 of 30 s less the granularity: 29 405.9 ms', () => {
  /** What a check says when the holder has been stopped from its first second until so long after it sent its request. */
  async function checkAfter(untilMs: number, machine: NodeOptions): Promise<ReturnType<Lease['check']>> {
    const stage = new Stage(machine);
    const holding = stage.acquire(stage.a, { renew: 'manual' });
    await stage.world.advance(1000);
    const lease = await holding;
    stage.a.pause(untilMs - 1000);
    await stage.world.advance(untilMs - 1000 - 0.5);
    // Nobody can ask while it is stopped; this is its first instruction.
    let verdict: ReturnType<Lease['check']> | undefined;
    stage.world.after(0.5, () => (verdict = lease.check()));
    await stage.world.advance(1);
    return verdict!;
  }

  it('29.40 s is inside and 29.41 s is not', async () => {
    const machine = { platform: 'other' } as const;
    expect(await checkAfter(29_400, machine)).toMatchObject({ ok: true });
    expect(await checkAfter(29_410, machine)).toMatchObject({ ok: false, reason: 'expired' });
  });

  it('on Linux boot time is read in steps of 10 ms, and costs one of them', async () => {
    const machine = { platform: 'linux' } as const;
    expect(await checkAfter(29_390, machine)).toMatchObject({ ok: true });
    expect(await checkAfter(29_400, machine)).toMatchObject({ ok: false, reason: 'expired' });
  });
});

describe('the answer to a renewal that comes after the pause', () => {
  it('does not resurrect the lease, which ends with the first instruction', async () => {
    const stage = new Stage();
    const { world, a } = stage;
    const late: unknown[] = [];
    const holding = stage.acquire(a, { renew: 'manual', on: { late: (event) => late.push(event) } });
    await world.advance(9000);
    const lease = await holding;
    const renewing = lease.renew();
    pause(stage);
    await world.advance(PAUSE_MS + 1);
    expect(await renewing).toBe('lost');
    expect(lease.check()).toMatchObject({ ok: false, reason: 'expired' });
    expect(lease.state).toBe('lost');
    expect(late).toHaveLength(1);
    expect(await lease.renew()).toBe('lost');
    await world.advance(1000);
    expect(lease.check().ok).toBe(false);
  });
});
