/**
 * The etcd store on a cluster of three: a leader that changes in the middle of a renewal, and one that dies.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { GrantRef, StoreIo } from '../../src/lease/index.ts';
import { EtcdLeaseStore } from '../../src/stores/etcd.ts';
import { describeWithServers } from '../servers/availability.ts';
import { freePorts } from '../servers/free-port.ts';
import { remember } from '../servers/leftovers.ts';
import { requiredBinary } from '../servers/server-binary.ts';

const MEMBERS = [0, 1, 2] as const;
const TTL_MS = 5000;

/** What a member says of the cluster. */
interface Status {
  readonly leader?: string;
  readonly header: { readonly member_id: string };
}

describeWithServers('leases in a cluster of etcd', ['etcd'], () => {
  let folder: string;
  const forget: (() => void)[] = [];
  let members: { readonly url: string; readonly process: ChildProcess; readonly ended: Promise<unknown> }[] = [];

  const limited = (ms = 10_000): StoreIo => ({ signal: AbortSignal.timeout(ms) });

  async function ask(url: string, path: string, body: object = {}): Promise<unknown> {
    const signal = AbortSignal.timeout(5000);
    const response = await fetch(`${url}${path}`, { method: 'POST', body: JSON.stringify(body), signal });
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
    return await response.json();
  }

  const statusOf = (at: number): Promise<Status> => ask(members[at]!.url, '/v3/maintenance/status') as Promise<Status>;

  /** The member that leads; while there is none, somebody is elected. */
  async function leader(): Promise<number> {
    for (;;) {
      const statuses = await Promise.all(MEMBERS.map((at) => statusOf(at).catch(() => undefined)));
      const at = statuses.findIndex((status) => status !== undefined && status.leader === status.header.member_id);
      if (at >= 0) return at;
      await delay(20);
    }
  }

  /** Asks until there is an answer: while the cluster elects a leader there is none, and a machine that stands still makes it elect one. */
  async function answerOf<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    for (;;) {
      const answer = await ask().catch(() => undefined);
      if (answer !== undefined) return answer;
      await delay(50);
    }
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'truechimer-etcd-cluster-'));
    const urls = (await freePorts(2 * MEMBERS.length)).map((port) => `http://127.0.0.1:${port}`);
    const cluster = MEMBERS.map((at) => `m${at}=${urls[at + 3]}`).join(',');
    members = MEMBERS.map((at) => {
      const [url, peer] = [urls[at]!, urls[at + 3]!];
      const args = [
        ...['--name', `m${at}`, '--data-dir', join(folder, `m${at}`), '--initial-cluster', cluster],
        ...['--listen-client-urls', url, '--advertise-client-urls', url],
        ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
      ];
      const process = spawn(requiredBinary('etcd'), args, { stdio: 'ignore' });
      forget.push(remember({ pid: process.pid, signal: 'SIGKILL', folder }));
      return { url, process, ended: new Promise((resolve) => process.once('exit', resolve)) };
    });
    await leader();
  });

  afterAll(async () => {
    for (const { process } of members) process.kill('SIGKILL');
    await Promise.all(members.map(({ ended }) => ended));
    for (const each of forget) each();
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  });

  async function grantOf(store: EtcdLeaseStore, name: string, ttlMs: number): Promise<GrantRef> {
    const holderId = `holder of ${name}`;
    const answer = await answerOf(() => store.tryAcquire({ name, holderId, ttlMs }, limited()));
    if (answer.status === 'denied') throw new Error(`${name} is held`);
    return { name, holderId, token: answer.token! };
  }

  it('takes a renewal for no information when another leader was elected between the extension and the look', async () => {
    const election = { isDue: false, isOver: false };
    const store = new EtcdLeaseStore({
      endpoints: members.map(({ url }) => url),
      fetch: async (url, init) => {
        if (election.isDue && url.endsWith('/range')) {
          election.isDue = false;
          const from = await leader();
          const to = await statusOf((from + 1) % MEMBERS.length);
          await ask(members[from]!.url, '/v3/maintenance/transfer-leadership', { targetID: to.header.member_id });
          election.isOver = true;
        }
        return fetch(url, init);
      },
    });
    const held = await grantOf(store, 'elected', 600_000);
    const renewal = (): Promise<string> => store.renew(held, { ttlMs: 600_000 }, limited());
    expect(await answerOf(renewal)).toBe('renewed');
    // A cluster that elects by itself meanwhile, or cannot elect, answers something else, or nothing: then it is asked again.
    for (let says = ''; !says.includes('requires one leader throughout');) {
      Object.assign(election, { isDue: true, isOver: false });
      says = await renewal().catch((error: unknown) => `refused: ${String(error)}`);
      if (election.isOver) expect(says).toContain('refused');
    }
    election.isDue = false;
    expect(await answerOf(renewal)).toBe('renewed');
  });

  it('keeps a lease over the death of the leader, and grants it to nobody before its time is over', async () => {
    const dying = await leader();
    const urls = MEMBERS.map((step) => members[(dying + step) % MEMBERS.length]!.url);
    const store = new EtcdLeaseStore({ endpoints: urls });
    const other = new EtcdLeaseStore({ endpoints: urls.slice(1) });
    const held = await grantOf(store, 'survivor', TTL_MS);
    let sentMs = performance.now();
    members[dying]!.process.kill('SIGKILL');
    // Long enough for an election, short enough that a renewal comes through before the lease runs out; if none does, that is no failure.
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const startMs = performance.now();
      const answer = await store.renew(held, { ttlMs: TTL_MS }, limited(2000)).catch(() => 'silence');
      if (answer === 'renewed') sentMs = startMs;
      await delay(200);
    }
    for (let attempt = 0; ; attempt += 1) {
      const next = { name: 'survivor', holderId: `next ${attempt}`, ttlMs: TTL_MS };
      const answer = await other.tryAcquire(next, limited()).catch(() => undefined);
      if (answer?.status !== 'granted') {
        await delay(50);
        continue;
      }
      expect(performance.now() - sentMs).toBeGreaterThanOrEqual(TTL_MS * 0.99);
      expect(answer.token).toBeGreaterThan(held.token!);
      break;
    }
    expect(await answerOf(() => store.renew(held, { ttlMs: TTL_MS }, limited()))).toBe('lost');
  });
});
