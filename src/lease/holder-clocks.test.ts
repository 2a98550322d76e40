import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { acquireLease } from './acquire-lease.ts';
import type { AcquireOptions } from './lease-options.ts';
import { never, runtimeOn, ScriptedStore, type ScriptedCapabilities } from './lease.fixture.ts';
import type { Lease } from './lease.ts';

const STEP_MS = 10;
const COARSE_MS = 1000;

/** Boot time as Linux without /proc/uptime gives it: whole seconds, continued by monotonic time; only the reading itself tells. */
class CoarseClock extends ManualClock {
  /** The next reading is coarse, or fine again. */
  isCoarse = false;
  #aheadMs = -Infinity;
  #lastMs = -Infinity;

  override bootMs(): number {
    Object.assign(this.granularity, { bootMs: this.isCoarse ? COARSE_MS : STEP_MS });
    const monotonicMs = this.exactMonotonicMs;
    const readMs = this.isCoarse ? this.#coarse(monotonicMs) : cut(this.exactBootMs, STEP_MS);
    this.#aheadMs = this.isCoarse ? Math.max(this.#aheadMs, readMs - monotonicMs) : readMs - monotonicMs;
    this.#lastMs = readMs;
    this.afterRead?.('boot');
    return readMs;
  }

  #coarse(monotonicMs: number): number {
    const wholeMs = cut(this.exactBootMs, COARSE_MS);
    const provenMs = cut(monotonicMs + this.#aheadMs, STEP_MS);
    return Math.min(Math.max(wholeMs, provenMs, this.#lastMs), wholeMs + COARSE_MS - STEP_MS);
  }
}

function cut(ms: number, stepMs: number): number {
  return Math.floor(ms / stepMs) * stepMs;
}

interface Held {
  readonly clock: CoarseClock;
  readonly store: ScriptedStore;
  readonly runtime: ReturnType<typeof runtimeOn>;
  readonly lease: Lease<ScriptedCapabilities, 'scripted'>;
}

async function held(options: AcquireOptions<'scripted'>, clock = new CoarseClock()): Promise<Held> {
  const store = new ScriptedStore();
  const runtime = runtimeOn(clock);
  const lease = await acquireLease({ runtime, store }, 'job', options);
  if (!lease.acquired) throw new Error(`no lease: ${lease.reason}`);
  return { clock, store, runtime, lease };
}

describe('boot time that has become coarse', () => {
  it.each(Array.from({ length: 12 }, (_, index) => index * 90))(
    'G15: a suspend that hides in one second is not outlived, from %s ms of the second on',
    async (phaseMs) => {
      const start = new CoarseClock({ startMs: 10_000 + phaseMs });
      const { clock, lease } = await held({ ttlMs: 3000, renew: 'manual' }, start);
      const sentMs = clock.exactBootMs;
      clock.isCoarse = true;
      for (let step = 0; step < 200; step += 1) {
        clock.pass(10);
        lease.check();
      }
      for (let slept = 0; slept < 3; slept += 1) {
        clock.suspend(450);
        const isUsable = lease.check().ok;
        expect(isUsable && clock.exactBootMs - sentMs >= 3000).toBe(false);
        clock.pass(250);
      }
    },
  );

  it('refuses what may be over, and ends nothing: fine again, the lease may be used', async () => {
    const { clock, runtime, lease } = await held({ ttlMs: 2000, renew: 'manual' });
    clock.pass(1000);
    clock.isCoarse = true;
    expect(lease.check()).toMatchObject({ ok: false, reason: 'insufficient', remainingMs: 0, detail: /too coarse/ });
    expect(lease.state).toBe('jeopardy');
    expect(await lease.guard(() => expect.unreachable())).toMatchObject({ ok: false });
    await clock.run(20);
    expect(lease.signal.aborted).toBe(false);
    expect(runtime.count('jeopardy')).toBe(0);
    clock.isCoarse = false;
    expect(lease.check()).toMatchObject({ ok: true });
    expect(lease.state).toBe('held');
  });

  it('says so with the very reading that is coarse', async () => {
    const { clock, lease } = await held({ ttlMs: 30_000, renew: 'manual' });
    const fineMs = lease.check().remainingMs;
    clock.isCoarse = true;
    // Not one more look: before this reading nothing says that it will be coarse, and after it nothing else may say that it was not.
    const coarseMs = lease.check().remainingMs;
    expect(fineMs - coarseMs).toBeGreaterThanOrEqual(COARSE_MS - 2 * STEP_MS);
    expect(fineMs - coarseMs).toBeLessThanOrEqual(COARSE_MS);
    clock.isCoarse = false;
    expect(lease.check().remainingMs).toBe(fineMs);
  });

  it('tells events what is left for certain', async () => {
    const { clock, runtime, lease } = await held({ ttlMs: 30_000, renew: 'manual' });
    clock.isCoarse = true;
    await lease.renew();
    await lease.release();
    const told = runtime.heard.filter(({ event }) => event !== 'acquired').map((heard) => heard['remainingMs']);
    expect(told).toHaveLength(2);
    for (const remainingMs of told) expect(remainingMs).toBeLessThan(29_405 - (COARSE_MS - STEP_MS));
  });

  it('for good: the signal is aborted at the end of the window, and nothing spins until then', async () => {
    const clock = new CoarseClock();
    clock.isCoarse = true;
    const { store, lease } = await held({ ttlMs: 3000 }, clock);
    store.onRenew = never;
    let reads = 0;
    await clock.run(1900);
    clock.afterRead = () => (reads += 1);
    await clock.run(1000);
    expect(lease.check().ok).toBe(false);
    expect(reads).toBeLessThan(100);
    await clock.run(100);
    expect(lease.signal.aborted).toBe(true);
  });
});

describe('a window', () => {
  it('is not made of the step in force when it is settled: a short lease is no error by chance', async () => {
    const clock = new CoarseClock();
    clock.isCoarse = true;
    clock.bootMs();
    clock.isCoarse = false;
    const { lease } = await held({ ttlMs: 1000, renew: 'manual' }, clock);
    expect(lease.check().remainingMs).toBeGreaterThan(950);
  });

  it('that is shorter than a coarse second: not handed out at that moment, given back, and had at the next', async () => {
    const clock = new CoarseClock();
    const store = new ScriptedStore();
    const runtime = runtimeOn(clock);
    clock.isCoarse = true;
    store.onRelease = () => {
      clock.isCoarse = false;
      return 'released';
    };
    const got = acquireLease({ runtime, store }, 'job', { ttlMs: 1000, waitMs: 500 });
    await clock.run(400);
    expect(await got).toMatchObject({ acquired: true, token: 2n });
    expect(store.of('release')).toMatchObject([{ grant: { token: 1n } }]);
  });

  it('of a model with a coarser clock allows for that, and nothing is taken off twice', async () => {
    const clock = new CoarseClock();
    const { lease } = await held({ ttlMs: 5000, renew: 'manual', timing: { holderGranularityMs: 1000 } }, clock);
    const fineMs = lease.check().remainingMs;
    clock.isCoarse = true;
    expect(fineMs - lease.check().remainingMs).toBeLessThanOrEqual(STEP_MS);
  });

  it('a suspend is noticed with the usual tolerance, though the step was coarse when the lease was settled', async () => {
    const clock = new CoarseClock();
    clock.isCoarse = true;
    clock.bootMs();
    clock.isCoarse = false;
    const { lease } = await held({ ttlMs: 30_000, renew: 'manual' }, clock);
    clock.suspend(100);
    expect(lease.check()).toMatchObject({ ok: false, reason: 'suspended' });
  });
});

describe('a pause between the two reads of the stamp', () => {
  /** The process is paused for so long after each of the first boot readings. */
  function pausedAfterBoot(times: number): CoarseClock {
    const clock = new CoarseClock();
    let left = times;
    clock.afterRead = (which) => {
      if (which !== 'boot' || left === 0) return;
      left -= 1;
      clock.advance(200);
    };
    return clock;
  }

  it('makes no suspend up: the lease is had, and its window is whole', async () => {
    const { lease } = await held({ ttlMs: 30_000, renew: 'manual' }, pausedAfterBoot(4));
    expect(lease.check()).toMatchObject({ ok: true });
    expect(lease.check().remainingMs).toBeGreaterThan(29_000);
  });

  it('is read again a few times only: then the lease is given back, and the reason says it', async () => {
    const runtime = runtimeOn(pausedAfterBoot(5));
    const got = await acquireLease({ runtime, store: new ScriptedStore() }, 'job', { ttlMs: 30_000, waitMs: 'try' });
    expect(got).toMatchObject({ acquired: false, reason: 'too-late', detail: expect.stringContaining('slept') });
  });
});
