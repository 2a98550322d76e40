/** What needs no server: which client is spoken to how, what an odd reply means, which keys are used. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fencingToken } from '../lease/index.ts';
import { type RedisClient, RedisFence, RedisLeaseStore, type RedisScriptCall } from './redis.ts';

const io = { signal: new AbortController().signal };
const attempt = { name: 'job', holderId: 'h1', ttlMs: 1000 };
const held = { name: 'job', holderId: 'h1', token: fencingToken<'redis'>(7n) };

/** A client that answers every script with this, and remembers what it was asked. */
function answering(reply: unknown): { readonly client: RedisClient; readonly calls: RedisScriptCall[] } {
  const calls: RedisScriptCall[] = [];
  return {
    calls,
    client: (call) => {
      calls.push(call);
      return Promise.resolve(reply);
    },
  };
}

describe('a Redis client', () => {
  it('is spoken to as node-redis when it has eval alone, with the signal where it takes one', async () => {
    const seen: unknown[] = [];
    const evaluate = (_script: string, options: unknown): Promise<unknown> => {
      seen.push(options);
      return Promise.resolve(1);
    };
    const signals: AbortSignal[] = [];
    const client = {
      eval: (): Promise<unknown> => Promise.reject(new Error('without the signal')),
      withAbortSignal: (signal: AbortSignal) => {
        signals.push(signal);
        return { eval: evaluate };
      },
    };
    expect(await new RedisLeaseStore(client).renew(held, { ttlMs: 5 }, io)).toBe('renewed');
    expect(await new RedisLeaseStore({ eval: evaluate }).renew(held, { ttlMs: 5 }, io)).toBe('renewed');
    const asked = { keys: ['truechimer:lease:{job}'], arguments: ['7:h1', '5'] };
    expect(seen).toEqual([asked, asked]);
    expect(signals).toEqual([io.signal]);
  });

  it('is spoken to as ioredis when it defines commands', async () => {
    const seen: unknown[][] = [];
    const client: RedisClient = {
      eval: (...args: unknown[]) => {
        seen.push(args.slice(1));
        return Promise.resolve(0);
      },
      defineCommand: () => undefined,
    };
    expect(await new RedisLeaseStore(client).renew(held, { ttlMs: 5 }, io)).toBe('lost');
    expect(seen).toEqual([[1, 'truechimer:lease:{job}', '7:h1', '5']]);
  });

  it.each([undefined, null, {}, 'redis://127.0.0.1', { eval: true }])('is not %j', (client) => {
    expect(() => new RedisLeaseStore(client as unknown as RedisClient)).toThrow(
      /client: requires a client.*TC_INVALID_ARGUMENT/,
    );
    expect(() => new RedisFence(client as unknown as RedisClient, { key: 'k' })).toThrow(/TC_INVALID_ARGUMENT/);
  });

  it('gets nothing from a caller that has given up, and a caller that gives up waits no longer', async () => {
    const silent = answering(new Promise(() => undefined));
    const store = new RedisLeaseStore(silent.client);
    await expect(store.tryAcquire(attempt, { signal: AbortSignal.abort(new Error('over')) })).rejects.toThrow('over');
    expect(silent.calls).toEqual([]);
    const controller = new AbortController();
    const waiting = store.tryAcquire(attempt, controller);
    await Promise.resolve();
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    expect(silent.calls).toHaveLength(1);
  });
});

describe('RedisLeaseStore', () => {
  it('says what it is', () => {
    const store = new RedisLeaseStore(answering(1).client, { prefix: 'app:' });
    expect(store.kind).toBe('redis');
    expect(store.domain).toBe('redis');
    expect(new RedisLeaseStore(answering(1).client, { domain: 'orders' }).domain).toBe('orders');
    expect(store.capabilities).toEqual({
      expiry: 'server-ttl',
      granterClock: 'wall',
      granterGranularityMs: 1,
      consistency: 'single-node',
      fencing: 'atomic',
    });
  });

  it('reads grants and denials, also from clients that give buffers or numbers as text', async () => {
    const answerTo = (reply: unknown) => new RedisLeaseStore(answering(reply).client).tryAcquire(attempt, io);
    expect(await answerTo(['granted', '9223372036854775807'])).toEqual({ status: 'granted', token: 2n ** 63n - 1n });
    expect(await answerTo([Buffer.from('granted'), Buffer.from('12')])).toEqual({ status: 'granted', token: 12n });
    expect(await answerTo(['denied', 'h2', 250])).toEqual({ status: 'denied', holderId: 'h2', retryAfterMs: 250 });
    expect(await answerTo(['denied', 'h2', '250'])).toEqual({ status: 'denied', holderId: 'h2', retryAfterMs: 250 });
    expect(await answerTo(['denied', '', -1])).toEqual({ status: 'denied' });
  });

  it('takes an answer that it does not know for no information, never for yes or no', async () => {
    for (const reply of [undefined, null, 'OK', 2, [], {}, '']) {
      const { client } = answering(reply);
      const store = new RedisLeaseStore(client);
      await expect(store.tryAcquire(attempt, io)).rejects.toThrow('requires');
      await expect(store.renew(held, { ttlMs: 5 }, io)).rejects.toThrow('requires a reply');
      await expect(store.release(held, io)).rejects.toThrow('requires a reply');
      await expect(new RedisFence(client, { key: 'k' }).raise(held.token, io)).rejects.toThrow('requires the reply');
    }
    const strange = new RedisLeaseStore(answering(['granted', '1e3']).client);
    await expect(strange.tryAcquire(attempt, io)).rejects.toThrow('TC_INVALID_ARGUMENT');
  });

  it('renews nothing without a token, and asks nobody', async () => {
    const { client, calls } = answering(1);
    expect(await new RedisLeaseStore(client).renew({ name: 'job', holderId: 'h1' }, { ttlMs: 5 }, io)).toBe('lost');
    expect(calls).toEqual([]);
  });

  it('keeps names apart, and both keys of a name in one slot', async () => {
    const keysOf = async (name: string): Promise<readonly string[]> => {
      const { client, calls } = answering(['granted', '1']);
      await new RedisLeaseStore(client).tryAcquire({ ...attempt, name }, io);
      return calls[0]!.keys;
    };
    const names = fc.string({ minLength: 1, maxLength: 12, unit: fc.constantFrom('{', '}', '%', '7', 'B', 'a', ':') });
    await fc.assert(
      fc.asyncProperty(names, names, async (one, two) => {
        const [lease, token] = await keysOf(one);
        const [tag, otherTag] = [lease, token].map((key) => /\{([^}]+)\}/.exec(key!)?.[1]);
        expect(tag).toBeDefined();
        expect(otherTag).toBe(tag);
        expect((await keysOf(two))[0] === lease).toBe(one === two);
      }),
    );
  });

  it('refuses options that cannot be right', () => {
    const { client } = answering(1);
    expect(() => new RedisLeaseStore(client, { prefix: 'a{b}' })).toThrow(/prefix: requires.*without braces/);
    expect(() => new RedisLeaseStore(client, { prefix: 'x'.repeat(257) })).toThrow(/prefix: requires/);
    expect(() => new RedisLeaseStore(client, { prefiks: 'a' } as object)).toThrow(/Did you mean prefix/);
  });
});

describe('RedisFence', () => {
  it('tells what it admits from what it refuses', async () => {
    const stale = new RedisFence(answering(['stale', '9']).client, { key: 'fence' });
    expect(await stale.raise(held.token, io)).toBe('stale');
    const refused = { ok: false, reason: 'stale', highest: 9n };
    expect(await stale.set(held.token, { key: 'k', value: 'v' })).toEqual(refused);
    const admitted = answering(['admitted', 'OK']);
    const fence = new RedisFence(admitted.client, { key: 'fence' });
    expect(await fence.raise(held.token, io)).toBe('raised');
    expect(await fence.set(held.token, { key: 'k', value: 'v', signal: io.signal })).toEqual({ ok: true, value: 'OK' });
    expect(admitted.calls[1]).toMatchObject({ keys: ['fence', 'k'], args: ['7', 'v'], signal: io.signal });
  });

  it('refuses what is no key, no token, no effect, and does nothing for a caller that has given up', async () => {
    const { client, calls } = answering(['admitted']);
    expect(() => new RedisFence(client, { key: '' })).toThrow(/key: requires a key/);
    expect(() => new RedisFence(client, { name: 'k' } as never)).toThrow(/unknown option name/);
    const fence = new RedisFence(client, { key: 'fence' });
    await expect(fence.admit(0n as never, { lua: '' })).rejects.toThrow('fencingToken');
    await expect(fence.admit(held.token, { script: '' } as never)).rejects.toThrow('unknown option script');
    expect(() => fence.set(held.token, { key: '', value: '' })).toThrow('requires a key');
    expect(() => fence.set(held.token, { key: 'fence', value: '1' })).toThrow(
      "requires a key other than the fence's own",
    );
    await expect(fence.admit(held.token, { lua: '', keys: ['a', 'fence'] })).rejects.toThrow('TC_INVALID_ARGUMENT');
    const aborted = AbortSignal.abort(new Error('over'));
    await expect(fence.raise(held.token, { signal: aborted })).rejects.toThrow('over');
    expect(calls).toEqual([]);
  });
});
