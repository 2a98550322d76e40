import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { LeaseEvents } from '../lease/index.ts';
import { MemoryLeaseStore } from '../stores/memory.ts';
import { SimClock, SimWorld } from '../testing/index.ts';
import { acquire, campaign, LEASE_CHANNELS, type LeasePlatform, withLease } from './index.ts';

function scene(): { clock: SimClock; store: MemoryLeaseStore } {
  const clock = new SimClock();
  return { clock, store: new MemoryLeaseStore({ clock }) };
}

/** Every message on the channels of leases, until the test has finished. */
function listen(): { readonly channel: string; readonly message: Record<string, unknown> }[] {
  const heard: { channel: string; message: Record<string, unknown> }[] = [];
  for (const channel of Object.values(LEASE_CHANNELS)) {
    const hear = (message: unknown): void => {
      heard.push({ channel, message: message as Record<string, unknown> });
    };
    subscribe(channel, hear);
    onTestFinished(() => {
      unsubscribe(channel, hear);
    });
  }
  return heard;
}

describe('the simulated clock', () => {
  it('drives everything: the DDIA scene of a 30 s lease and a 45 s pause', async () => {
    const world = new SimWorld({ seed: 3 });
    const store = new MemoryLeaseStore({ clock: world.addNode('store') });
    const [a, b] = [new SimClock({ name: 'a' }), new SimClock({ name: 'b' })];
    const first = await acquire(store, 'job', { ttlMs: 30_000, clock: a });
    if (!first.acquired) throw new Error('no lease');
    expect(first.check().ok).toBe(true);
    a.pause(45_000);
    await world.advance(30_001);
    const second = await acquire(store, 'job', { ttlMs: 30_000, clock: b });
    expect(second).toMatchObject({ acquired: true, token: 2n });
    expect(first.check()).toMatchObject({ ok: false, reason: 'expired' });
    await a.advanceAsync(10_000);
    expect(first.state).toBe('lost');
  });

  it('runs withLease and campaign too', async () => {
    const { clock, store } = scene();
    const run = withLease(store, 'job', { ttlMs: 30_000, clock }, () => clock.timers.sleep(60_000));
    await clock.advanceAsync(60_001);
    expect(await run).toMatchObject({ acquired: true, ending: 'released' });
    const ending = new AbortController();
    const tokens: bigint[] = [];
    await campaign(store, 'job', {
      ttlMs: 30_000,
      clock,
      signal: ending.signal,
      lead: ({ lease }) => {
        tokens.push(lease.token);
        ending.abort();
      },
    });
    expect(tokens).toEqual([2n]);
    expect(clock.node.timerCount).toBe(0);
  });
});

describe('names of attempts', () => {
  it('are unique, also with a source of random numbers that is none', async () => {
    const { clock, store } = scene();
    const other = new SimClock({ name: 'another machine' });
    const random = (): number => 0.5;
    const first = await acquire(store, 'job', { ttlMs: 30_000, clock, random });
    const second = await acquire(store, 'job', { ttlMs: 30_000, clock, random });
    const third = await acquire(store, 'job', { ttlMs: 30_000, clock: other, random });
    expect([first, second, third].map(({ acquired }) => acquired)).toEqual([true, false, false]);
    expect(second).toHaveProperty('heldBy', first.acquired ? first.holderId : '');
  });

  it('are repeatable for a simulated machine', async () => {
    const nameOf = async (): Promise<string> => {
      const { clock, store } = scene();
      const lease = await acquire(store, 'job', { ttlMs: 30_000, clock, random: () => 0.25 });
      return lease.acquired ? lease.holderId : '';
    };
    expect(await nameOf()).toBe(await nameOf());
  });

  it('are drawn by the platform when nothing is said', async () => {
    const { clock, store } = scene();
    const lease = await acquire(store, 'job', { ttlMs: 30_000, clock });
    expect(lease.acquired && lease.holderId).toMatch(/^[\da-f]{8}-[\da-f]{4}-4/);
  });
});

describe('channels', () => {
  it('there is one for every event', () => {
    const names: Record<keyof LeaseEvents, true> = {
      acquired: true,
      renewed: true,
      jeopardy: true,
      lost: true,
      late: true,
      rejected: true,
      released: true,
      trouble: true,
    };
    expect(LEASE_CHANNELS).toEqual(
      Object.fromEntries(Object.keys(names).map((name) => [name, `truechimer:lease:${name}`])),
    );
  });

  it('tell of a life: acquired, renewed, jeopardy, trouble, rejected, lost', async () => {
    const heard = listen();
    const { clock, store } = scene();
    let isCut = false;
    const client = store.connect({
      carry: (_direction, deliver) => {
        if (!isCut) deliver();
      },
    });
    const lease = await acquire(client, 'job', { ttlMs: 30_000, clock });
    if (!lease.acquired) throw new Error('no lease');
    await clock.advanceAsync(15_000);
    isCut = true;
    await clock.advanceAsync(40_000);
    expect(lease.check().ok).toBe(false);
    const order = [...new Set(heard.map(({ channel }) => channel.replace('truechimer:lease:', '')))];
    expect(order.sort()).toEqual(['acquired', 'jeopardy', 'lost', 'rejected', 'renewed', 'trouble']);
    for (const { message } of heard) {
      expect(message).toMatchObject({ name: 'job', store: 'memory', holderId: lease.holderId, token: 1n });
      expect(message['remainingMs']).toBeGreaterThanOrEqual(0);
    }
    expect(heard[0]?.message).toHaveProperty('roundTripMs', 0);
    expect(heard.find(({ channel }) => channel === LEASE_CHANNELS.renewed)?.message).toHaveProperty('roundTripMs');
    expect(heard.at(-1)?.message).toMatchObject({ reason: 'expired', needsMs: 0 });
  });

  it('tell of a release', async () => {
    const heard = listen();
    const { clock, store } = scene();
    const lease = await acquire(store, 'job', { ttlMs: 30_000, clock });
    await lease[Symbol.asyncDispose]();
    expect(heard.at(-1)).toMatchObject({ channel: LEASE_CHANNELS.released, message: { ending: 'released' } });
  });

  it('a subscriber that throws does not disturb the lease', async () => {
    const errors: unknown[] = [];
    const earlier = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (error) => errors.push(error));
    const hear = (): never => {
      throw new Error('a subscriber');
    };
    subscribe(LEASE_CHANNELS.acquired, hear);
    onTestFinished(() => {
      unsubscribe(LEASE_CHANNELS.acquired, hear);
      process.removeAllListeners('uncaughtException');
      for (const listener of earlier) process.on('uncaughtException', listener);
    });
    const { clock, store } = scene();
    const lease = await acquire(store, 'job', { ttlMs: 30_000, clock });
    await clock.advanceAsync(1);
    expect(lease.acquired && lease.state).toBe('held');
    expect(errors).toHaveLength(1);
  });
});

describe('listeners on signals', () => {
  it('are few on the one that was passed, and as many as anybody wants on those handed out: no warning', async () => {
    const warnings: string[] = [];
    const warn = ({ name }: Error): void => {
      if (name === 'MaxListenersExceededWarning') warnings.push(name);
    };
    process.on('warning', warn);
    onTestFinished(() => void process.off('warning', warn));
    const { clock, store } = scene();
    const shutdown = new AbortController();
    const raise = (): Promise<'raised'> => clock.timers.sleep(5).then(() => 'raised');
    const fences = Array.from({ length: 12 }, (_, index) => ({ name: `fence ${index}`, raise }));
    const got = acquire(store, 'job', { ttlMs: 30_000, clock, fences, signal: shutdown.signal });
    await clock.advanceAsync(10);
    const lease = await got;
    if (!lease.acquired) throw new Error('no lease');
    for (let act = 0; act < 20; act += 1) lease.signal.addEventListener('abort', () => undefined);
    const ttlMs = 30_000;
    const waiting = Array.from({ length: 30 }, () =>
      acquire(store, 'job', { ttlMs, clock, waitMs: 60_000, signal: shutdown.signal }).catch(String),
    );
    const leading = campaign(store, 'another', {
      ttlMs,
      clock,
      signal: shutdown.signal,
      lead: async ({ signal }) => {
        for (let act = 0; act < 20; act += 1) signal.addEventListener('abort', () => undefined);
        await clock.timers.sleep(10_000, { signal });
      },
    });
    await clock.advanceAsync(5000);
    shutdown.abort(new Error('shutting down'));
    await leading;
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['Error: shutting down']));
    await new Promise(setImmediate);
    expect(warnings).toEqual([]);
  });
});

describe('wrong calls reject', () => {
  it.each<[string, unknown, RegExp]>([
    ['no options', undefined, /acquire ttlMs: requires a (?:time to live|duration)/],
    ['null', null, /acquire: requires an object of options/],
    ['a misspelt option', { ttlMs: 30_000, ttl: 5 }, /unknown option ttl\. Did you mean ttlMs\?/],
    ['a clock that is none', { ttlMs: 30_000, clock: Date }, /acquire clock: requires a clock.*Pass one/],
    ['a random number', { ttlMs: 30_000, random: 0.5 }, /acquire random: requires a function/],
    ['random numbers beyond 1', { ttlMs: 30_000, random: () => 1 }, /acquire random: requires a source of numbers/],
    ['random numbers that are none', { ttlMs: 30_000, random: () => NaN }, /acquire random/],
  ])('%s', async (_, options, message) => {
    const { clock, store } = scene();
    const whole = options === undefined || options === null ? options : { clock, ...(options as LeasePlatform) };
    await expect(acquire(store, 'job', whole as never)).rejects.toThrow(message);
  });

  it('of campaign and withLease', async () => {
    const { store, clock } = scene();
    await expect(campaign(store, 'job', undefined as never)).rejects.toThrow(/campaign lead/);
    await expect(campaign(store, 'job', { waitMs: 5 } as never)).rejects.toThrow(/unknown option waitMs/);
    await expect(withLease(store, 'job', { ttlMs: 30_000, clock }, undefined as never)).rejects.toThrow(/withLease/);
  });
});
