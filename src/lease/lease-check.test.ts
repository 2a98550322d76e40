/** The fast path of a check: what it must compare, however little it reads. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import type { Bounded } from '../core/index.ts';
import { acquireLease } from './acquire-lease.ts';
import { HolderMachine, type HolderReading, type SentStamp } from './holder-machine.ts';
import { holderWindow } from './holder-window.ts';
import { runtimeOn, ScriptedStore, type ScriptedCapabilities, TTL_MS } from './lease.fixture.ts';
import type { AcquireOptions } from './lease-options.ts';
import type { Lease } from './lease.ts';

interface Held {
  readonly clock: ManualClock;
  readonly store: ScriptedStore;
  readonly lease: Lease<ScriptedCapabilities, 'scripted'>;
}

/** No timer fires unless a test runs the clock: what is known here, the check knows by itself. */
async function held(
  options: Partial<AcquireOptions<'scripted'>>,
  { store = new ScriptedStore(), clock = new ManualClock() }: Partial<Held> = {},
): Promise<Held> {
  const lease = await acquireLease({ runtime: runtimeOn(clock), store }, 'job', { ttlMs: TTL_MS, ...options });
  if (!lease.acquired) throw new Error(`no lease: ${lease.reason}`);
  return { clock, store, lease };
}

/** UTC within an error; undefined: unknown. */
function utcOf(clock: ManualClock, errorMs: number | undefined): Bounded {
  if (errorMs === undefined) return { status: 'unbounded', reason: 'no-agreement', detail: 'nobody answers' };
  const nowMs = clock.exactMonotonicMs;
  const premises = { driftPpm: 0, falsetickersTolerated: 0, sourcesConfigured: 1, sourcesAnswering: 1 };
  const [earliest, latest] = [nowMs - errorMs, nowMs + errorMs];
  return { status: 'bounded', earliest, latest, premises: { ...premises, timeScale: 'utc' } };
}

describe.each(['ignored', 'checked'] as const)('a check, suspend %s', (suspend) => {
  const windowMs = holderWindow({ ttlMs: TTL_MS, timing: { suspend } });

  it('G15: compares the window each time, and what is left is exact', async () => {
    const { clock, lease } = await held({ timing: { suspend } });
    for (let checks = 1; checks <= 29; checks += 1) {
      clock.pass(1000);
      const verdict = lease.check();
      expect(verdict).toMatchObject({ ok: true, token: 1n, assumptions: { suspend } });
      expect(verdict.remainingMs).toBeLessThanOrEqual(windowMs - checks * 1000);
      expect(verdict.remainingMs).toBeGreaterThan(windowMs - checks * 1000 - 11);
    }
    clock.pass(windowMs - 29_000);
    expect(lease.check()).toMatchObject({ ok: false, reason: 'expired', remainingMs: 0 });
  });

  it('G17: is refused for good after a clock went back, and after a negative answer', async () => {
    const back = await held({ timing: { suspend } });
    back.clock.pass(1000);
    expect(back.lease.check().ok).toBe(true);
    back.clock.exactMonotonicMs -= 500;
    expect(back.lease.check()).toMatchObject({ ok: false, reason: 'clock-anomaly' });
    back.clock.pass(1000);
    expect(back.lease.check()).toMatchObject({ ok: false, reason: 'clock-anomaly', remainingMs: 0 });

    const refused = await held({ timing: { suspend } });
    refused.store.onRenew = () => Promise.resolve('lost');
    expect(await refused.lease.renew()).toBe('lost');
    expect(refused.lease.check()).toMatchObject({ ok: false, reason: 'lost' });
  });

  it('is refused while the lease is suspect, and moves on with a renewal', async () => {
    const { clock, lease } = await held({ timing: { suspend }, renew: 'manual' });
    clock.pass(20_000);
    lease.suspect('seen from outside');
    expect(lease.check()).toMatchObject({ ok: false, reason: 'suspended' });
    expect(await lease.renew()).toBe('renewed');
    clock.pass(20_000);
    expect(lease.check()).toMatchObject({ ok: true });
    clock.pass(10_000);
    expect(lease.check()).toMatchObject({ ok: false, reason: 'expired' });
  });

  it('obeys UTC as well where a contender may go by it', async () => {
    const clock = new ManualClock();
    let errorMs: number | undefined = 5;
    const at = { store: new ScriptedStore({ expiry: 'observer', granterClock: 'none' }), clock };
    const options = { timing: { suspend }, utc: { now: () => utcOf(clock, errorMs) } };
    const { lease } = await held(options, at);
    expect(lease.check().ok).toBe(true);
    errorMs = undefined;
    expect(lease.check()).toMatchObject({ ok: false, reason: 'clock-anomaly', detail: /UTC is unbounded/ });
    errorMs = 20_000;
    expect(lease.check()).toMatchObject({ ok: true });
    expect(lease.check().remainingMs).toBeLessThan(10_000);
    errorMs = 40_000;
    expect(lease.check()).toMatchObject({ ok: false, reason: 'expired', detail: /by UTC/ });
    errorMs = 5;
    const { lease: next } = await held(options, at);
    clock.pass(windowMs);
    expect(next.check()).toMatchObject({ ok: false, reason: 'expired', detail: /within the window/ });
  });

  it('reads each clock that it compares once, and no other', async () => {
    const { clock, lease } = await held({ timing: { suspend } });
    const read: string[] = [];
    clock.afterRead = (which) => read.push(which);
    expect(lease.check().ok).toBe(true);
    expect(read).toEqual(suspend === 'ignored' ? ['monotonic'] : ['boot', 'monotonic']);
  });
});

describe('a check that compares boot time', () => {
  it('knows of a suspend that the monotonic clock does not show', async () => {
    const slept = await held({});
    slept.clock.suspend(1000);
    expect(slept.lease.check()).toMatchObject({ ok: false, reason: 'suspended' });
    const over = await held({});
    over.clock.suspend(TTL_MS);
    expect(over.lease.check()).toMatchObject({ ok: false, reason: 'expired' });
  });

  it('cannot leave it out by mistake: the machine takes that for a clock that gave no number', () => {
    const windows = { windowMs: 900, bootWindowMs: 880, suspendToleranceMs: 15 };
    const machine = new HolderMachine(windows, { monotonicMs: 0, bootMs: 0 });
    expect(machine.remainingByMonotonicMs(10)).toBe(-Infinity);
    expect(machine.refusalAt({ monotonicMs: 11, bootMs: 11 })).toMatchObject({ reason: 'clock-anomaly' });
  });
});

describe('the machine, by the monotonic clock alone', () => {
  const WINDOWS = { windowMs: 900, bootWindowMs: undefined, suspendToleranceMs: 15, maxHoldMs: 5000 };
  const at = (monotonicMs: number): HolderReading => ({ monotonicMs, bootMs: monotonicMs });

  /** What happens, each after so many ms; a step back or no number is what a check may meet as well. */
  const ACTS = fc.array(
    fc.oneof(
      { weight: 30, arbitrary: fc.tuple(fc.constant('check' as const), fc.integer({ min: 0, max: 450 })) },
      { weight: 15, arbitrary: fc.tuple(fc.constant('send' as const), fc.nat(200)) },
      { weight: 15, arbitrary: fc.tuple(fc.constant('acknowledge' as const), fc.nat(200)) },
      { weight: 3, arbitrary: fc.tuple(fc.constantFrom('suspect' as const, 'refuse' as const), fc.nat(100)) },
      { weight: 2, arbitrary: fc.tuple(fc.constantFrom('release' as const, 'check' as const), fc.constant(-1)) },
      { weight: 1, arbitrary: fc.tuple(fc.constant('check' as const), fc.constant(NaN)) },
    ),
    { minLength: 1, maxLength: 30 },
  );

  /** Two machines with one history: one is checked the fast way, the other looked at. */
  class Twins {
    readonly #fast = new HolderMachine(WINDOWS, at(100));
    readonly #whole = new HolderMachine(WINDOWS, at(100));
    readonly #sent: SentStamp[] = [];

    does(what: 'check' | 'send' | 'acknowledge' | 'suspect' | 'refuse' | 'release', nowMs: number): void {
      const now = at(nowMs);
      const stamps: SentStamp[] = [];
      const sent = what === 'acknowledge' ? this.#sent.shift() : undefined;
      for (const machine of [this.#fast, this.#whole]) {
        if (what === 'send') stamps.push(machine.send(now));
        if (sent !== undefined) machine.acknowledge(sent, now);
        if (what === 'suspect') machine.suspect('seen');
        if (what === 'refuse') machine.refuse('not there');
        if (what === 'release') machine.release();
      }
      this.#sent.push(...stamps.slice(1));
    }

    /** What is left, in ms, the fast way and by the whole look; -Infinity: it may not be used. */
    left(nowMs: number): readonly [fastMs: number, wholeMs: number] {
      const fastMs = this.#fast.remainingByMonotonicMs(nowMs);
      const wholeMs = this.#whole.refusalAt(at(nowMs)) === undefined ? this.#whole.leftMs(at(nowMs)) : -Infinity;
      return [fastMs > 0 ? fastMs : -Infinity, wholeMs > 0 ? wholeMs : -Infinity];
    }
  }

  it('says the same as the whole look, in every history', () => {
    let [usable, refused] = [0, 0];
    fc.assert(
      fc.property(ACTS, (acts) => {
        const twins = new Twins();
        let nowMs = 100;
        for (const [what, afterMs] of acts) {
          const readMs = nowMs + afterMs;
          twins.does(what, readMs);
          const [fastMs, wholeMs] = twins.left(readMs);
          expect(fastMs).toBe(wholeMs);
          if (fastMs > 0) usable += 1;
          else refused += 1;
          if (readMs > nowMs) nowMs = readMs;
        }
      }),
      { numRuns: 1000 },
    );
    expect(Math.min(usable, refused)).toBeGreaterThan(1000);
  });
});
