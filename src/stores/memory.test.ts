import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SimClock, SimWorld } from 'truechimer/testing';
import { type GrantRef, LEASES_MAX, type LeaseStore, type StoreIo } from '../lease/index.ts';
import { MemoryLeaseStore, type MemoryLeaseRecord, type MessageCarrier } from './memory.ts';

const io: StoreIo = { signal: new AbortController().signal };
const TTL_MS = 1000;

const acquire = (store: LeaseStore, holderId: string, name = 'jobs'): ReturnType<LeaseStore['tryAcquire']> =>
  store.tryAcquire({ name, holderId, ttlMs: TTL_MS }, io);

async function held(store: LeaseStore, holderId: string): Promise<GrantRef> {
  const answer = await acquire(store, holderId);
  if (answer.status === 'denied') throw new Error('denied');
  return { name: 'jobs', holderId, token: answer.token! };
}

/** Keeps every message until the test delivers it. */
class Post {
  readonly waiting: { readonly direction: 'request' | 'reply'; readonly deliver: () => void }[] = [];
  readonly carry: MessageCarrier = (direction, deliver) => {
    this.waiting.push({ direction, deliver });
  };

  /** Delivers the message at this place, and keeps it: it can come again. */
  deliver(at: number): void {
    this.waiting[at]!.deliver();
  }
}

describe('the in-memory store', () => {
  it('counts by the clock it was given, and denies with what is left', async () => {
    const clock = new SimClock();
    const store = new MemoryLeaseStore({ clock });
    await held(store, 'a');
    clock.advance(400);
    expect(await acquire(store, 'b')).toEqual({ status: 'denied', holderId: 'a', retryAfterMs: 600 });
    clock.advance(599);
    expect((await acquire(store, 'b')).status).toBe('denied');
    clock.advance(1);
    expect(await acquire(store, 'b')).toEqual({ status: 'granted', token: 2n });
  });

  it('counts by the wall clock when told to: a step frees what is held', async () => {
    const clock = new SimClock();
    const store = new MemoryLeaseStore({ clock, granterClock: 'wall' });
    await held(store, 'a');
    clock.stepWall(-3_600_000);
    expect(await acquire(store, 'b')).toEqual({ status: 'denied', holderId: 'a', retryAfterMs: TTL_MS });
    clock.stepWall(3_601_000);
    expect((await acquire(store, 'b')).status).toBe('granted');
  });

  it('says what it is', () => {
    const clock = new SimClock({ granularity: { monotonicMs: 0.5, wallMs: 16, bootMs: 10 } });
    const about = { consistency: 'linearizable', fencing: 'atomic' };
    const of = (options: object): unknown => new MemoryLeaseStore({ clock, ...options }).capabilities;
    expect(of({})).toEqual({ ...about, expiry: 'server-ttl', granterClock: 'monotonic', granterGranularityMs: 0.5 });
    expect(of({ granterClock: 'wall' })).toMatchObject({ granterClock: 'wall', granterGranularityMs: 16 });
    expect(of({ expiry: 'observer', granterClock: 'wall' })).toEqual({
      ...about,
      expiry: 'observer',
      granterClock: 'none',
      granterGranularityMs: 0,
    });
  });

  it('grants without a token when it mints none', async () => {
    const store = new MemoryLeaseStore({ clock: new SimClock(), fencing: 'none' });
    expect(await acquire(store, 'a')).toEqual({ status: 'granted' });
    expect(await store.renew({ name: 'jobs', holderId: 'a' }, { ttlMs: 1 }, io)).toBe('renewed');
  });

  it('wants a token for a renewal when it mints some', async () => {
    const store = new MemoryLeaseStore({ clock: new SimClock() });
    const { name, holderId } = await held(store, 'a');
    expect(await store.renew({ name, holderId }, { ttlMs: TTL_MS }, io)).toBe('lost');
  });

  it('outlives a crash of its machine by its records', async () => {
    const world = new SimWorld({ seed: 1 });
    const node = world.addNode('server');
    let store: MemoryLeaseStore | undefined;
    node.start(({ storage }) => {
      const kept = storage.get('leases') as Map<string, MemoryLeaseRecord> | undefined;
      store = new MemoryLeaseStore({ clock: node, ...(kept === undefined ? {} : { records: kept }) });
      storage.set('leases', store.records);
    });
    const before = store!;
    const grant = await held(before, 'a');
    node.crash();
    await world.advance(100);
    node.restart();
    expect(store).not.toBe(before);
    expect((await acquire(store!, 'b')).status).toBe('denied');
    expect(await store!.release(grant, io)).toBe('released');
    expect(await acquire(store!, 'b')).toEqual({ status: 'granted', token: 2n });
  });

  it.each([
    [undefined, 'clock'],
    [{ clock: 5 }, 'clock'],
    [{ clock: new SimClock(), expiry: 'ttl' }, 'expiry'],
    [{ clock: new SimClock(), granterClock: 'boot' }, 'granterClock'],
    [{ clock: new SimClock(), fencing: 'some' }, 'fencing'],
    [{ clock: new SimClock(), experiy: 'observer' }, 'Did you mean expiry'],
  ])('refuses options that cannot be right: %o', (options, part) => {
    expect(() => new MemoryLeaseStore(options as never)).toThrow(part);
  });

  it('rejects, and leaves the carrier alone, at its limits', async () => {
    const records = new Map<string, MemoryLeaseRecord>();
    const store = new MemoryLeaseStore({ clock: new SimClock(), records });
    records.set('jobs', { counter: 2n ** 63n - 1n, version: 1n, ttlMs: 1, expiresAtMs: 0 });
    await expect(acquire(store, 'a')).rejects.toThrow('TC_INVALID_ARGUMENT');
    Object.defineProperty(records, 'size', { value: LEASES_MAX });
    await expect(acquire(store, 'a', 'other')).rejects.toThrow('TC_OUT_OF_RANGE');
  });

  it('refuses a connection without a carrier', () => {
    const store = new MemoryLeaseStore({ clock: new SimClock() });
    expect(() => store.connect({} as never)).toThrow('carry');
    expect(() => store.connect({ carry: () => {}, lose: 1 } as never)).toThrow('lose');
  });
});

describe('a connection to the in-memory store', () => {
  it('does what was asked although the reply is lost; the promise ends with its signal only', async () => {
    const store = new MemoryLeaseStore({ clock: new SimClock() });
    const post = new Post();
    const controller = new AbortController();
    const request = { name: 'jobs', holderId: 'a', ttlMs: TTL_MS };
    const answer = store.connect({ carry: post.carry }).tryAcquire(request, { signal: controller.signal });
    let isSettled = false;
    answer.catch(() => {}).finally(() => (isSettled = true));
    post.deliver(0);
    await Promise.resolve();
    await Promise.resolve();
    expect(isSettled).toBe(false);
    expect((await acquire(store, 'b')).status).toBe('denied');
    controller.abort(new Error('out of time'));
    await expect(answer).rejects.toThrow('out of time');
    post.deliver(1);
    expect(await store.release({ name: 'jobs', holderId: 'a' }, io)).toBe('released');
  });

  it('takes the first reply of a request that came twice', async () => {
    const store = new MemoryLeaseStore({ clock: new SimClock() });
    const post = new Post();
    const answer = acquire(store.connect({ carry: post.carry }), 'a');
    post.deliver(0);
    post.deliver(0);
    expect(post.waiting.map(({ direction }) => direction)).toEqual(['request', 'reply', 'reply']);
    post.deliver(2);
    post.deliver(1);
    expect(await answer).toEqual({ status: 'granted', token: 1n });
  });

  it('grants a copy that comes after the release to nobody who listens, and with a token of its own', async () => {
    const store = new MemoryLeaseStore({ clock: new SimClock() });
    const post = new Post();
    const answer = acquire(store.connect({ carry: post.carry }), 'a');
    post.deliver(0);
    post.deliver(1);
    const granted = await answer;
    expect(granted).toEqual({ status: 'granted', token: 1n });
    const grant = { name: 'jobs', holderId: 'a', token: 1n as never };
    await store.release(grant, io);
    post.deliver(0);
    // Blocked until it runs out, which costs time and no safety: what the first grant can still send is refused.
    expect((await acquire(store, 'b')).status).toBe('denied');
    expect(await store.renew(grant, { ttlMs: TTL_MS }, io)).toBe('lost');
    expect(await store.release(grant, io)).toBe('not-held');
  });

  it('checks before it sends', async () => {
    const post = new Post();
    const client = new MemoryLeaseStore({ clock: new SimClock() }).connect({ carry: post.carry });
    await expect(acquire(client, '')).rejects.toThrow('holderId');
    expect(post.waiting).toEqual([]);
  });

  it('never grants two at once nor an older token, in whatever order and however often messages come', async () => {
    const steps = fc.array(
      fc.record({ what: fc.constantFrom('acquire', 'renew', 'release', 'deliver', 'pass'), pick: fc.nat() }),
      { maxLength: 60 },
    );
    await fc.assert(
      fc.asyncProperty(steps, fc.constantFrom('server-ttl' as const, 'observer' as const), async (script, expiry) => {
        const clock = new SimClock();
        const records = new Map<string, MemoryLeaseRecord>();
        const post = new Post();
        const client = new MemoryLeaseStore({ clock, expiry, records }).connect({ carry: post.carry });
        const grants: GrantRef[] = [];
        let before = { counter: 0n, version: 0n, ttlMs: 0, expiresAtMs: 0 } as MemoryLeaseRecord;
        for (const [at, { what, pick }] of script.entries()) {
          const grant = grants[pick % Math.max(1, grants.length)];
          if (what === 'acquire') {
            const holderId = `h${at}`;
            void acquire(client, holderId).then((answer) => {
              if (answer.status === 'granted') grants.push({ name: 'jobs', holderId, token: answer.token! });
            });
          } else if (what === 'renew' && grant !== undefined) void client.renew(grant, { ttlMs: TTL_MS }, io);
          else if (what === 'release' && grant !== undefined) void client.release(grant, io);
          else if (what === 'deliver' && post.waiting.length > 0) post.deliver(pick % post.waiting.length);
          else if (what === 'pass') clock.advance(pick % (TTL_MS / 2));
          await Promise.resolve();
          await Promise.resolve();
          await Promise.resolve();
          const now = records.get('jobs') ?? before;
          // One step at a time; the same token is the same holder, who is never brought back; a new one comes with a new token.
          expect(now.counter - before.counter === 0n || now.counter - before.counter === 1n).toBe(true);
          expect(now.version - before.version === 0n || now.version - before.version === 1n).toBe(true);
          if (now.counter === before.counter) {
            expect(now.holderId === before.holderId || now.holderId === undefined).toBe(true);
            expect(now.expiresAtMs).toBeGreaterThanOrEqual(before.expiresAtMs);
          } else if (before.holderId !== undefined) {
            expect(expiry).toBe('server-ttl');
            expect(clock.port.monotonicMs()).toBeGreaterThanOrEqual(before.expiresAtMs);
          }
          before = now;
        }
        const tokens = grants.map(({ token }) => token);
        expect(new Set(tokens).size).toBe(tokens.length);
      }),
      { numRuns: 300 },
    );
  });
});
