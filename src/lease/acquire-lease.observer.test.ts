import { describe, expect, it } from 'vitest';
import type { Bounded, BoundedTime } from '../core/index.ts';
import { MemoryLeaseStore } from '../stores/memory.ts';
import { SimClock, SimWorld } from '../testing/index.ts';
import { acquireLease } from './acquire-lease.ts';
import { holderWindow } from './holder-window.ts';
import { outcome, runtimeOn, type Scene, scene, ScriptedStore, TTL_MS } from './lease.fixture.ts';
import type { AcquireOptions } from './lease-options.ts';

const THIRD_MS = holderWindow({ ttlMs: TTL_MS }) / 3;
const DENIED = { status: 'denied', holderId: 'another' };

describe('observer stores', () => {
  function utcOf(world: SimWorld, epochMs: number, errorMs: number): { now(): BoundedTime } {
    const premises = {
      driftPpm: 50,
      falsetickersTolerated: 1,
      sourcesConfigured: 4,
      sourcesAnswering: 4,
      timeScale: 'utc',
    } as const;
    return {
      now: () => ({
        status: 'bounded',
        earliest: epochMs + world.nowMs - errorMs,
        latest: epochMs + world.nowMs + errorMs,
        premises,
      }),
    };
  }
  const EPOCH_MS = Date.UTC(2026, 0, 1);

  type Seek = (name: string, options?: Partial<AcquireOptions<'memory'>>) => ReturnType<typeof acquireLease>;

  function two(): { world: SimWorld; store: MemoryLeaseStore; seek: Seek } {
    let names = 0;
    const world = new SimWorld({ seed: 7 });
    const store = new MemoryLeaseStore({ clock: world.addNode('store'), expiry: 'observer' });
    return {
      world,
      store,
      seek: (name, options) => {
        const node = world.nodes.find((one) => one.name === name) ?? world.addNode(name);
        const runtime = { ...runtimeOn(node), newHolderId: () => `${name}-${(names += 1)}` };
        return acquireLease({ runtime, store }, 'job', { ttlMs: 10_000, ...options });
      },
    };
  }

  it('a dead holder is taken over once its record was watched for longer than its time to live', async () => {
    const { world, seek } = two();
    const first = await seek('a', { renew: 'manual' });
    const second = seek('b', { waitMs: 60_000 });
    let wonAt = 0;
    void second.then(() => (wonAt = world.nowMs));
    await world.advance(30_000);
    expect(await second).toMatchObject({ acquired: true, token: 2n });
    expect(wonAt).toBeGreaterThanOrEqual(10_100);
    expect(wonAt).toBeLessThan(10_200);
    expect(first.acquired && first.state).toBe('lost');
  });

  it('a holder that renews is not', async () => {
    const { world, seek } = two();
    const first = await seek('a');
    const second = seek('b', { waitMs: 60_000 });
    await world.advance(90_000);
    expect(await second).toMatchObject({ acquired: false, reason: 'held' });
    expect(first.acquired && first.check().ok).toBe(true);
  });

  it('one that died long ago, by UTC at once, even with try', async () => {
    const { world, seek } = two();
    const utc = utcOf(world, EPOCH_MS, 20);
    await seek('a', { renew: 'manual', utc });
    await world.advance(9000);
    expect(await seek('b', { utc })).toMatchObject({ acquired: false });
    await world.advance(1100);
    expect(await seek('b')).toMatchObject({ acquired: false });
    expect(await seek('b', { utc })).toMatchObject({ acquired: true, token: 2n });
  });

  it('the holder obeys UTC: it stops before anybody may take over', async () => {
    const { world, store, seek } = two();
    const first = await seek('a', { renew: 'manual', utc: utcOf(world, EPOCH_MS, 2000) });
    if (!first.acquired) throw new Error('no lease');
    expect(store.records.get('job')?.utcExpiryMs).toBe(EPOCH_MS - 2000 + 10_000);
    await world.advance(5900);
    expect(first.check().ok).toBe(true);
    await world.advance(200);
    expect(first.signal.aborted).toBe(true);
    expect(first.check()).toMatchObject({ ok: false, reason: 'expired', detail: /by UTC/ });
  });

  it('an acknowledgement after the end by UTC does not bring it back', async () => {
    const { world, store, seek } = two();
    let errorMs = 20;
    const utc = { now: () => utcOf(world, EPOCH_MS, errorMs).now() };
    const first = await seek('a', { renew: 'manual', utc });
    if (!first.acquired) throw new Error('no lease');
    await world.advance(5000);
    const renewal = first.renew();
    errorMs = 6000;
    await world.advance(1);
    errorMs = 20;
    expect(await renewal).toBe('lost');
    expect(first.check()).toMatchObject({ ok: false, reason: 'expired' });
    expect(store.records.get('job')?.counter).toBe(1n);
  });

  it('while UTC is unknown the lease is not used, and may be again', async () => {
    const { world, seek } = two();
    const known = utcOf(world, EPOCH_MS, 20);
    let isKnown = true;
    const unknown = { status: 'unbounded', reason: 'no-agreement', detail: 'nobody answers' } as const;
    const utc = { now: (): Bounded => (isKnown ? known.now() : unknown) };
    const first = await seek('a', { utc });
    if (!first.acquired) throw new Error('no lease');
    isKnown = false;
    expect(first.check()).toMatchObject({ ok: false, reason: 'clock-anomaly', detail: /nobody answers/ });
    expect(first.state).toBe('held');
    isKnown = true;
    expect(first.check().ok).toBe(true);
  });

  it('one that denies for ever what it offers is no hot loop', async () => {
    const at = scene({ store: new ScriptedStore({ expiry: 'observer' }) });
    at.store.onAcquire = () => ({ ...DENIED, record: { version: '7', ttlMs: 1000 } });
    const got = await outcome(at, at.acquire({ waitMs: 20_000 }));
    expect(got).toMatchObject({ reason: 'held' });
    expect(at.store.calls.length).toBeLessThan(100);
    expect(at.store.calls.filter(({ grant }) => grant.takeover?.version === '7').length).toBeGreaterThan(3);
  });
});

describe('with messages that are lost or late', () => {
  function remote(given: { requests?: number[]; replies?: number[] }): Scene & { memory: MemoryLeaseStore } {
    const clock = new SimClock();
    const memory = new MemoryLeaseStore({ clock });
    const delays = { request: [...(given.requests ?? [])], reply: [...(given.replies ?? [])] };
    const client = memory.connect({
      carry: (direction, deliver) => {
        const delayMs = delays[direction].shift() ?? 5;
        if (delayMs < Infinity) clock.timers.after(delayMs, deliver);
      },
    });
    const store = client as unknown as ScriptedStore;
    return { ...scene({ clock, store }), memory };
  }

  it('a lost reply: what was granted is freed, and the next attempt gets it', async () => {
    const at = remote({ replies: [Infinity] });
    const lease = await outcome(at, at.acquire({ waitMs: 60_000 }));
    expect(lease).toMatchObject({ acquired: true, token: 2n });
    expect(at.clock.world.nowMs).toBeLessThan(THIRD_MS + 200);
    expect(at.memory.records.get('job')).toMatchObject({ holderId: 'holder-2', counter: 2n });
  });

  it('a request that arrives after its own release blocks the name until it has run out, and no longer', async () => {
    const at = remote({ requests: [THIRD_MS + 1000] });
    const lease = await outcome(at, at.acquire({ waitMs: 120_000 }));
    expect(lease.acquired).toBe(true);
    expect(at.clock.world.nowMs).toBeLessThan(THIRD_MS + 1000 + TTL_MS + 200);
  });
});
