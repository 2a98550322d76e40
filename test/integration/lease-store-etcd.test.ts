/**
 * The etcd store and fence against a real etcd: the contract of every store, what the code relies on in etcd's answers, and what happens
 * to a lease when an operator lays hands on it.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fencingToken, type GrantRef } from '../../src/lease/index.ts';
import { EtcdFence, EtcdLeaseStore } from '../../src/stores/etcd.ts';
import { EtcdGateway } from '../../src/stores/etcd-gateway.ts';
import { toBase64 } from '../../src/stores/etcd-json.ts';
import { EtcdRecords, leaseIdOf } from '../../src/stores/etcd-records.ts';
import { describeLeaseStore, type FenceUnderTest } from '../contracts/lease-store.ts';
import { describeWithServers } from '../servers/availability.ts';
import { startEtcd } from '../servers/etcd-server.ts';
import type { Server } from '../servers/server.ts';

const io = { signal: new AbortController().signal };
/** What is polled comes at once; on a machine that stands still, when it goes on. */
const POLLED_MAX_MS = 60_000;
/** etcd raises what is shorter to this. */
const SHORT_MS = 2000;

function fenceUnderTest(endpoint: string, resource: string): FenceUnderTest {
  const fence = new EtcdFence({ endpoints: endpoint, key: `fences/${resource}` });
  return {
    raise: (token) => fence.raise(fencingToken(token), io),
    write: async (token) => {
      const put = { put: `data/${resource}`, value: String(token) };
      const written = await fence.admit(fencingToken(token), { writes: [put] });
      return written.ok ? 'accepted' : 'stale';
    },
  };
}

describeWithServers('leases in etcd', ['etcd'], () => {
  describeLeaseStore('etcd', async () => {
    const server = await startEtcd();
    return {
      store: new EtcdLeaseStore({ endpoints: server.url }),
      other: new EtcdLeaseStore({ endpoints: [server.url] }),
      shortMs: SHORT_MS,
      nowMs: () => performance.now(),
      pass: (ms) => delay(ms),
      restart: () => server.restart(),
      fence: (resource) => fenceUnderTest(server.url, resource),
      close: () => server.stop(),
    };
  });

  describe('beyond the contract', () => {
    let server: Server;
    let store: EtcdLeaseStore;
    let records: EtcdRecords;
    let gateway: EtcdGateway;

    beforeAll(async () => {
      server = await startEtcd();
      store = new EtcdLeaseStore({ endpoints: server.url });
      gateway = new EtcdGateway('test', { endpoints: server.url });
      records = new EtcdRecords(gateway);
    });

    afterAll(async () => {
      await server?.stop();
    });

    const post = (path: string, body: object): Promise<unknown> =>
      gateway.post(path, body as Record<string, unknown>, io.signal);

    async function grantOf(name: string, ttlMs = 60_000): Promise<GrantRef> {
      const holderId = `holder of ${name}`;
      const answer = await store.tryAcquire({ name, holderId, ttlMs }, io);
      if (answer.status === 'denied') throw new Error(`${name} is held`);
      return { name, holderId, token: answer.token! };
    }

    it('has lost a lease whose key was deleted, though its etcd lease lives on', async () => {
      const held = await grantOf('flushed');
      await post('/v3/kv/deleterange', { key: toBase64('truechimer/lease/flushed') });
      expect(await store.renew(held, { ttlMs: 60_000 }, io)).toBe('lost');
    });

    it('has lost a lease whose key an operator wrote, even with the same words', async () => {
      const held = await grantOf('rewritten');
      const key = toBase64('truechimer/lease/rewritten');
      await post('/v3/kv/deleterange', { key });
      await post('/v3/kv/put', { key, value: toBase64(held.holderId) });
      expect(await store.renew(held, { ttlMs: 60_000 }, io)).toBe('lost');
      expect(await store.release(held, io)).toBe('not-held');
    });

    it('takes a key back under an etcd lease when an operator took it off one', async () => {
      const held = await grantOf('unleased');
      const key = toBase64('truechimer/lease/unleased');
      await post('/v3/kv/put', { key, value: toBase64(held.holderId) });
      expect((await records.read('truechimer/lease/unleased', io.signal)).record?.leaseId).toBe('0');
      expect(await store.renew(held, { ttlMs: 60_000 }, io)).toBe('renewed');
      expect((await records.read('truechimer/lease/unleased', io.signal)).record?.leaseId).not.toBe('0');
    });

    it('puts a record on another etcd lease only while it is as it was read', async () => {
      const key = 'truechimer/lease/moved';
      await grantOf('moved');
      const from = (await records.read(key, io.signal)).record!;
      const [long, short] = [
        await records.grantLease('0', 120_000, io.signal),
        await records.grantLease('0', 90_000, io.signal),
      ];
      expect(await records.move(key, { from, leaseId: long }, io.signal)).toBe(true);
      // A slower renewal, to a shorter time, read the same record before: it must not bring the expiry forward.
      expect(await records.move(key, { from, leaseId: short }, io.signal)).toEqual({ ...from, leaseId: long });
    });

    it('refuses an acquisition that comes after the release of its attempt', async () => {
      const attempt = { name: 'ghost', holderId: 'nobody waits', ttlMs: 60_000 };
      let letGo = (): void => undefined;
      const released = new Promise<void>((resolve) => (letGo = resolve));
      const slow = new EtcdLeaseStore({
        endpoints: server.url,
        fetch: async (url, init) => {
          if (url.endsWith('/txn')) await released;
          return fetch(url, init);
        },
      });
      const late = slow.tryAcquire(attempt, io);
      const leaseId = leaseIdOf('truechimer/lease/ghost', attempt.holderId);
      const lives = async (): Promise<number> => (await records.extendLease(leaseId, io.signal)).ttlMs;
      await expect.poll(lives, { timeout: POLLED_MAX_MS }).toBe(60_000);
      expect(await store.release(attempt, io)).toBe('not-held');
      letGo();
      await expect(late).rejects.toThrow('requested lease not found');
      expect((await grantOf('ghost')).token).toBeGreaterThan(0n);
    });

    it('frees at the end of the time to live, rounded up to seconds, late rather than early', async () => {
      const sentMs = performance.now();
      await grantOf('rounded', 2001);
      for (;;) {
        const answer = await store.tryAcquire({ name: 'rounded', holderId: 'next', ttlMs: 2001 }, io);
        if (answer.status === 'granted') break;
        expect(answer.holderId).toBe('holder of rounded');
        await delay(50);
      }
      expect(performance.now() - sentMs).toBeGreaterThanOrEqual(3000 * 0.99);
    });

    it('goes on with another member when one does not answer', async () => {
      const dead = 'http://127.0.0.1:1';
      const both = new EtcdLeaseStore({ endpoints: [dead, server.url] });
      const attempt = { name: 'failover', holderId: 'a', ttlMs: 60_000 };
      await expect(both.tryAcquire(attempt, io)).rejects.toThrow(`etcd: /v3/kv/range at ${dead} got no answer`);
      expect((await both.tryAcquire(attempt, io)).status).toBe('granted');
    });

    it('works for a user who may do no more than the documentation says, with a token in a header', async () => {
      await using guarded = await startEtcd();
      const admin = new EtcdGateway('test', { endpoints: guarded.url });
      const auth = (path: string, body: object): Promise<unknown> =>
        admin.post(`/v3/auth/${path}`, body as Record<string, unknown>, io.signal);
      for (const name of ['root', 'worker']) {
        await auth('user/add', { name, password: 'secret' });
        await auth('role/add', { name });
        await auth('user/grant', { user: name, role: name });
      }
      const range = { key: toBase64('truechimer/'), range_end: toBase64('truechimer0') };
      await auth('role/grant', { name: 'worker', perm: { permType: 'READWRITE', ...range } });
      await auth('enable', {});
      const headers = async (): Promise<Record<string, string>> => {
        const answer = (await auth('authenticate', { name: 'worker', password: 'secret' })) as { token: string };
        return { authorization: answer.token };
      };
      const worker = new EtcdLeaseStore({ endpoints: guarded.url, headers });
      const attempt = { name: 'guarded', holderId: 'a', ttlMs: 60_000 };
      const granted = await worker.tryAcquire(attempt, io);
      if (granted.status === 'denied') throw new Error('should be free');
      const held = { ...attempt, token: granted.token! };
      expect(await worker.renew(held, { ttlMs: 60_000 }, io)).toBe('renewed');
      expect(await worker.renew(held, { ttlMs: 90_000 }, io)).toBe('renewed');
      const fence = new EtcdFence({ endpoints: guarded.url, headers, key: 'truechimer/fence' });
      expect(await fence.raise(held.token, io)).toBe('raised');
      expect(await worker.release(held, io)).toBe('released');
      const elsewhere = new EtcdLeaseStore({ endpoints: guarded.url, headers, prefix: 'other/' });
      await expect(elsewhere.tryAcquire(attempt, io)).rejects.toThrow('permission denied');
      const nobody = new EtcdLeaseStore({ endpoints: guarded.url });
      await expect(nobody.tryAcquire(attempt, io)).rejects.toThrow('user name is empty');
    });

    it('says what etcd said when it refuses', async () => {
      await expect(post('/v3/lease/grant', { TTL: '99999999999' })).rejects.toThrow(
        /^etcd: \/v3\/lease\/grant at http.* answered 400: etcdserver: too large lease TTL$/,
      );
    });

    it('admits all writes or none, in one revision, and leaves a fence that it cannot read closed', async () => {
      const fence = new EtcdFence({ endpoints: server.url, key: 'fence' });
      const [five, six] = [fencingToken<'etcd'>(5n), fencingToken<'etcd'>(6n)];
      const writes = [{ put: 'x', value: '1' }, { put: 'y', value: 'ü' }, { delete: 'z' }];
      const first = await fence.admit(six, { writes });
      expect(first).toEqual({ ok: true, revision: expect.any(BigInt) });
      expect(await fence.admit(five, { writes: [{ put: 'x', value: '2' }] })).toEqual({
        ok: false,
        reason: 'stale',
        highest: 6n,
      });
      expect((await records.read('x', io.signal)).record?.holderId).toBe('1');
      expect((await records.read('y', io.signal)).record?.holderId).toBe('ü');
      const revisions = await Promise.all(['x', 'y'].map((key) => records.read(key, io.signal)));
      if (first.ok) {
        for (const { record } of revisions) expect(record?.createRevision).toBe(first.revision);
      }
      await post('/v3/kv/put', { key: toBase64('fence'), value: toBase64('nonsense') });
      await expect(fence.raise(six, io)).rejects.toThrow('requires a token of 19 digits');
    });
  });
});
