/** What needs no server: the order of the steps, what an answer means and what it does not, which member is asked. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fencingToken } from '../lease/index.ts';
import { response, scriptedEtcd, type Answer } from './etcd.fixture.ts';
import { EtcdFence, EtcdLeaseStore, type EtcdLeaseStoreOptions } from './etcd.ts';
import { ETCD_RESPONSE_BYTES_MAX } from './etcd-gateway.ts';
import { fromBase64, paddedToken, toBase64 } from './etcd-json.ts';
import { leaseIdOf } from './etcd-records.ts';

const io = { signal: new AbortController().signal };
const attempt = { name: 'job', holderId: 'h1', ttlMs: 2500 };
const held = { name: 'job', holderId: 'h1', token: fencingToken<'etcd'>(7n) };
const KEY = 'truechimer/lease/job';
const LEASE = leaseIdOf(KEY, 'h1');
const MEMBERS = ['http://one:2379', 'http://two:2379'];

const [RANGE, TXN, GRANT, KEEPALIVE, REVOKE] = [
  '/v3/kv/range',
  '/v3/kv/txn',
  '/v3/lease/grant',
  '/v3/lease/keepalive',
  '/v3/lease/revoke',
] as const;

const header = (term = '2'): object => ({ revision: '9', raft_term: term });
const looked = (kv: object = {}, term = '2'): Answer => ({
  header: header(term),
  kvs: [{ key: toBase64(KEY), value: toBase64('h1'), create_revision: '7', lease: LEASE, ...kv }],
});
const empty: Answer = { header: header() };
const extended = (ttl: string | undefined, term = '2'): Answer => ({
  result: { header: header(term), ID: LEASE, ...(ttl === undefined ? {} : { TTL: ttl }) },
});

function storeOn(answers: Readonly<Record<string, readonly Answer[]>>, options: Partial<EtcdLeaseStoreOptions> = {}) {
  const { fetch, asked } = scriptedEtcd(answers);
  const store = new EtcdLeaseStore({ endpoints: MEMBERS, fetch, ...options });
  return { store, asked, paths: () => asked.map(({ path }) => path) };
}

describe('the JSON of etcd', () => {
  it('keeps every text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(fromBase64(toBase64(text))).toBe(text);
        expect(toBase64(text)).toBe(Buffer.from(text).toString('base64'));
      }),
    );
  });

  it('orders tokens as text as it orders them as numbers', () => {
    const tokens = fc.bigInt({ min: 1n, max: 2n ** 63n - 1n });
    fc.assert(
      fc.property(tokens, tokens, (one, two) => {
        expect(paddedToken(one) < paddedToken(two)).toBe(one < two);
      }),
    );
  });

  it('makes the id of an etcd lease that all processes agree on, above 0 and below 2^63', () => {
    expect(leaseIdOf('truechimer/lease/ghost', 'nobody waits')).toBe('6406882903858128378');
    fc.assert(
      fc.property(fc.string(), fc.string(), (key, holderId) => {
        const id = BigInt(leaseIdOf(key, holderId));
        expect(id > 0n && id < 2n ** 63n).toBe(true);
      }),
    );
  });
});

describe('EtcdLeaseStore.tryAcquire', () => {
  it('rounds the time to live up, and takes the revision of the transaction for the token', async () => {
    const { store, asked } = storeOn({
      [RANGE]: [empty],
      [GRANT]: [{ header: header(), ID: LEASE, TTL: '3' }],
      [TXN]: [{ header: header(), succeeded: true }],
    });
    expect(await store.tryAcquire(attempt, io)).toEqual({ status: 'granted', token: 9n });
    expect(asked[1]?.body).toEqual({ ID: LEASE, TTL: '3' });
    expect(asked[2]?.body).toMatchObject({ success: [{ request_put: { lease: LEASE } }] });
    expect(asked.every(({ body }) => !('serializable' in body))).toBe(true);
  });

  it('writes nothing for a lease that is held, and takes its etcd lease back when somebody was faster', async () => {
    const held = storeOn({ [RANGE]: [looked({ value: toBase64('h2') })] });
    expect(await held.store.tryAcquire(attempt, io)).toEqual({ status: 'denied', holderId: 'h2' });
    expect(held.paths()).toEqual([RANGE]);
    const raced = storeOn({
      [RANGE]: [empty],
      [GRANT]: [{ header: header(), ID: LEASE, TTL: '3' }],
      [TXN]: [{ header: header(), responses: [{ response_range: looked({ value: toBase64('h3') }) }] }],
    });
    expect(await raced.store.tryAcquire(attempt, io)).toEqual({ status: 'denied', holderId: 'h3' });
    expect(raced.paths()).toEqual([RANGE, GRANT, TXN, REVOKE]);
  });

  it('uses no etcd lease that is shorter than what was asked for', async () => {
    const { store, paths } = storeOn({ [RANGE]: [empty], [GRANT]: [{ header: header(), ID: LEASE, TTL: '2' }] });
    await expect(store.tryAcquire(attempt, io)).rejects.toThrow('at least 2500 ms, got 2000 ms');
    expect(paths()).not.toContain(TXN);
  });
});

describe('EtcdLeaseStore.renew', () => {
  const renewed = (answers: Readonly<Record<string, readonly Answer[]>>) => {
    const { store, paths } = storeOn(answers);
    return { answer: store.renew(held, { ttlMs: 2500 }, io), paths };
  };

  it('extends first and looks then', async () => {
    const { answer, paths } = renewed({ [KEEPALIVE]: [extended('3')], [RANGE]: [looked()] });
    expect(await answer).toBe('renewed');
    expect(paths()).toEqual([KEEPALIVE, RANGE]);
  });

  it.each([
    ['nobody holds it', empty],
    ['somebody else does', looked({ value: toBase64('h2') })],
    ['it was granted anew', looked({ create_revision: '8' })],
  ])('has lost when the look shows that %s, even if the extension worked', async (_what, look) => {
    expect(await renewed({ [KEEPALIVE]: [extended('3')], [RANGE]: [look] }).answer).toBe('lost');
    expect(await renewed({ [KEEPALIVE]: [extended(undefined)], [RANGE]: [look] }).answer).toBe('lost');
  });

  it('knows nothing when another leader was elected between the two, or when no term is said', async () => {
    const elected = renewed({ [KEEPALIVE]: [extended('3', '2')], [RANGE]: [looked({}, '3')] });
    await expect(elected.answer).rejects.toThrow('requires one leader throughout, got the terms 2 and 3');
    const unsaid = renewed({ [KEEPALIVE]: [{ result: { header: {}, TTL: '3' } }], [RANGE]: [looked()] });
    await expect(unsaid.answer).rejects.toThrow('requires the term');
  });

  it('moves the record to a longer etcd lease when the one that it hangs on is too short', async () => {
    const answers = {
      [KEEPALIVE]: [extended('2')],
      [RANGE]: [looked()],
      [GRANT]: [{ header: header(), ID: '55', TTL: '3' }],
    };
    const moved = renewed({ ...answers, [TXN]: [{ header: header(), succeeded: true }] });
    expect(await moved.answer).toBe('renewed');
    expect(moved.paths()).toEqual([KEEPALIVE, RANGE, GRANT, TXN]);
    const gone = renewed({ ...answers, [TXN]: [{ header: header(), responses: [{ response_range: empty }] }] });
    expect(await gone.answer).toBe('lost');
    expect(gone.paths()).toContain(REVOKE);
    const busy = renewed({
      ...answers,
      [TXN]: [{ header: header(), responses: [{ response_range: looked({ lease: '56' }) }] }],
    });
    await expect(busy.answer).rejects.toThrow('no other renewal');
  });

  it('finds a record that hangs on another etcd lease', async () => {
    const { answer, paths } = renewed({
      [KEEPALIVE]: [extended(undefined), extended('60')],
      [RANGE]: [looked({ lease: '55' })],
    });
    expect(await answer).toBe('renewed');
    expect(paths()).toEqual([KEEPALIVE, RANGE, KEEPALIVE, RANGE]);
  });

  it('asks another member when the renewal before has no answer yet', async () => {
    const silence = (): Promise<never> => new Promise(() => undefined);
    const { store, asked } = storeOn({ [KEEPALIVE]: [silence, extended('3')], [RANGE]: [looked()] });
    void store.renew(held, { ttlMs: 2500 }, io);
    await Promise.resolve();
    expect(await store.renew(held, { ttlMs: 2500 }, io)).toBe('renewed');
    expect(asked.map(({ url }) => new URL(url).host)).toEqual(['one:2379', 'two:2379', 'two:2379']);
  });
});

describe('EtcdLeaseStore.release', () => {
  it('revokes the etcd lease of what it released, and of an attempt whose answer never came; not of a stranger', async () => {
    const released = storeOn({ [TXN]: [{ header: header(), succeeded: true }] });
    expect(await released.store.release(held, io)).toBe('released');
    expect(released.asked.map(({ body }) => body['ID'])).toEqual([undefined, LEASE]);
    const unseen = storeOn({ [TXN]: [empty] });
    expect(await unseen.store.release({ name: 'job', holderId: 'h1' }, io)).toBe('not-held');
    expect(unseen.paths()).toEqual([TXN, REVOKE]);
    const stranger = storeOn({ [TXN]: [empty] });
    expect(await stranger.store.release(held, io)).toBe('not-held');
    expect(stranger.paths()).toEqual([TXN]);
  });
});

describe('the gateway of etcd', () => {
  const asking = (answer: Answer, options: Partial<EtcdLeaseStoreOptions> = {}) => {
    const made = storeOn({ [RANGE]: [answer] }, options);
    return { ...made, ask: (signal = io.signal) => made.store.tryAcquire(attempt, { signal }) };
  };

  it.each([
    [400, '{"error":"no","message":"bad","code":3}', 'answered 400: bad'],
    [200, '{"error":{"message":"in a stream"}}', 'answered 200: in a stream'],
    [404, 'Not Found\n', 'answered 404: Not Found'],
    [503, 'long '.repeat(200), `answered 503: ${'long '.repeat(60)}`],
    [200, '[]', 'answered 200: []'],
    [200, '', 'answered 200: '],
    [200, '{}', 'answered 200: {}'],
    [200, '{"succeeded":true}', 'answered 200: {"succeeded":true}'],
  ])('takes what is no answer of etcd, or an error, for no information: %i, %#', async (status, text, message) => {
    const { ask } = asking(() => Promise.resolve(response(status, text)));
    const error: unknown = await ask().catch((reason: unknown) => reason);
    expect((error as Error).message).toBe(`etcd: /v3/kv/range at http://one:2379 ${message}`);
  });

  it('takes fields of another kind for no information', async () => {
    for (const answer of [{ header: {} }, { header: header(), kvs: {} }, { header: header(), kvs: [7] }]) {
      await expect(asking(answer).ask()).rejects.toThrow('etcd: requires');
    }
    await expect(asking(looked({ create_revision: 'many' })).ask()).rejects.toThrow('a whole number');
    await expect(asking(looked({ value: 7 })).ask()).rejects.toThrow('requires text');
  });

  it('reads an answer that comes in parts, in the middle of a character, and no more than its limit', async () => {
    const whole = new TextEncoder().encode(JSON.stringify({ header: header(), note: 'ü' }));
    const cut = whole.indexOf(0xc3) + 1;
    const parts = asking(() => Promise.resolve(response(200, whole.slice(0, cut), whole.slice(cut))));
    await expect(parts.ask()).rejects.toThrow(GRANT);
    const half = new Uint8Array(ETCD_RESPONSE_BYTES_MAX / 2);
    const { ask } = asking(() => Promise.resolve(response(200, half, half, new Uint8Array(1))));
    const error: unknown = await ask().catch((reason: unknown) => reason);
    expect(String((error as Error).cause)).toContain('at most 1048576 bytes');
  });

  it('leaves a member that fails, is out of order or stays silent until the caller gives up, and only then', async () => {
    const hostsAfter = async (first: Answer, signal?: AbortSignal): Promise<string[]> => {
      const { store, asked } = storeOn({ [RANGE]: [first, looked({ value: toBase64('h2') })] });
      await store.tryAcquire(attempt, { signal: signal ?? io.signal }).catch(() => undefined);
      await store.tryAcquire(attempt, io);
      return asked.map(({ url }) => new URL(url).hostname);
    };
    const away = ['one', 'two'];
    expect(await hostsAfter(() => Promise.reject(new Error('refused')))).toEqual(away);
    expect(await hostsAfter(() => Promise.resolve(response(503, '')))).toEqual(away);
    expect(await hostsAfter(() => Promise.resolve(response(400, '')))).toEqual(['one', 'one']);
    expect(await hostsAfter(looked({ value: toBase64('h2') }))).toEqual(['one', 'one']);
    const controller = new AbortController();
    const silent: Answer = ({ init }) =>
      new Promise((_resolve, reject) => {
        init.signal.addEventListener('abort', () => {
          reject(init.signal.reason as Error);
        });
        controller.abort(new Error('enough'));
      });
    expect(await hostsAfter(silent, controller.signal)).toEqual(away);
  });

  it('rejects with the reason of a caller that gave up', async () => {
    const controller = new AbortController();
    const { ask } = asking(() => {
      controller.abort(new Error('enough'));
      return Promise.reject(new Error('aborted'));
    });
    await expect(ask(controller.signal)).rejects.toThrow('enough');
  });

  it('asks for its headers before every request, follows no redirect, and passes the signal on', async () => {
    let count = 0;
    const headers = (): Record<string, string> => ({ authorization: `token ${(count += 1)}` });
    const { ask, asked } = asking(looked(), { headers });
    await ask();
    await ask();
    expect(asked.map(({ init }) => init.headers['authorization'])).toEqual(['token 1', 'token 2']);
    expect(asked[0]?.init).toMatchObject({ method: 'POST', redirect: 'error', signal: io.signal });
  });

  it('refuses connections that cannot be right', () => {
    const wrong: readonly [unknown, RegExp][] = [
      [{}, /endpoints: requires 1 to 64 URLs.*got undefined/],
      [{ endpoints: [] }, /got 0 of them/],
      [{ endpoints: 'localhost:2379' }, /got/],
      [{ endpoints: 'http://user:secret@host' }, /without path or password/],
      [{ endpoints: 'http://host/v3' }, /without path/],
      [{ endpoints: MEMBERS, headers: 'x' }, /headers: requires an object/],
      [{ endpoints: MEMBERS, fetch: 'x' }, /fetch: requires a function/],
      [{ endpoints: MEMBERS, endpoint: 'x' }, /Did you mean endpoints/],
      [{ endpoints: MEMBERS, prefix: 7 }, /prefix: requires/],
    ];
    for (const [options, message] of wrong) {
      expect(() => new EtcdLeaseStore(options as EtcdLeaseStoreOptions)).toThrow(message);
    }
    expect(new EtcdLeaseStore({ endpoints: 'https://host:2379/' }).domain).toBe('etcd');
  });
});

describe('EtcdFence', () => {
  it('refuses what is no key, no token, no write', async () => {
    const { fetch, asked } = scriptedEtcd({});
    expect(() => new EtcdFence({ endpoints: MEMBERS, key: '' })).toThrow(/key: requires a key/);
    const fence = new EtcdFence({ endpoints: MEMBERS, fetch, key: 'fence' });
    await expect(fence.admit(0n as never, { writes: [] })).rejects.toThrow('fencingToken');
    await expect(fence.admit(held.token, { writes: [{ put: '', value: '' }] })).rejects.toThrow('requires a key');
    await expect(fence.admit(held.token, { writes: [{ put: 'k' } as never] })).rejects.toThrow('requires text');
    for (const write of [{ put: 'fence', value: '1' }, { delete: 'fence' }]) {
      await expect(fence.admit(held.token, { writes: [write] })).rejects.toThrow("other than the fence's own");
    }
    expect(asked).toEqual([]);
  });

  it('opens by no answer that it does not know', async () => {
    const fence = (answer: Answer) => {
      const { fetch } = scriptedEtcd({ [TXN]: [answer] });
      return new EtcdFence({ endpoints: MEMBERS, fetch, key: 'fence' });
    };
    await expect(fence({ header: header(), succeeded: true }).raise(held.token, io)).rejects.toThrow('19 digits');
    await expect(fence({}).raise(held.token, io)).rejects.toThrow('answered 200: {}');
  });
});
