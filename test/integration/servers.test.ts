/**
 * The real servers and the faults that other tests stand on: each starts, answers, keeps its data, leaves nothing
 * behind; each fault does what it says. Real processes, real sockets.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { createClient } from 'redis';
import { build } from 'tsup';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWithServers, fateOf } from '../servers/availability.ts';
import { startEtcd } from '../servers/etcd-server.ts';
import { FakeWallClock } from '../servers/fake-time.ts';
import { startPostgres } from '../servers/postgres-server.ts';
import { startRedis } from '../servers/redis-server.ts';
import type { BinaryName } from '../servers/server-binary.ts';
import { Server, type ServerPlan } from '../servers/server.ts';
import { until } from './until.ts';

/** Whether a process runs; one that has ended and waits for its parent does not. */
function isRunning(pid: number | undefined): boolean {
  if (pid === undefined) return false;
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) Z/.test(existsSync('/proc') ? readFileSync(`/proc/${pid}/stat`, 'utf8') : '');
  } catch {
    return false;
  }
}

async function query(url: string, text: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ answer: unknown }>(text);
    return rows[0]?.answer;
  } finally {
    await client.end();
  }
}

async function redisCommand(url: string, ...command: string[]): Promise<unknown> {
  const client = createClient({ url });
  await client.connect();
  try {
    return await client.sendCommand(command);
  } finally {
    client.destroy();
  }
}

async function etcd(url: string, call: 'put' | 'range', body: object): Promise<{ kvs?: { value: string }[] }> {
  const reply = await fetch(`${url}/v3/kv/${call}`, { method: 'POST', body: JSON.stringify(body) });
  expect(reply.status).toBe(200);
  return (await reply.json()) as { kvs?: { value: string }[] };
}

interface Kind {
  readonly title: string;
  readonly binary: BinaryName;
  readonly start: () => Promise<Server>;
  readonly write: (url: string) => Promise<unknown>;
  /** Yields `kept` when what was written is there. */
  readonly read: (url: string) => Promise<unknown>;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

const KINDS: readonly Kind[] = [
  {
    title: 'PostgreSQL',
    binary: 'postgres',
    start: () => startPostgres(),
    write: (url) => query(url, `create table t as select 'kept' as answer`),
    read: (url) => query(url, 'select answer from t'),
  },
  {
    title: 'Redis',
    binary: 'redis-server',
    start: () => startRedis(),
    write: (url) => redisCommand(url, 'SET', 'k', 'kept'),
    read: (url) => redisCommand(url, 'GET', 'k'),
  },
  {
    title: 'etcd',
    binary: 'etcd',
    start: startEtcd,
    write: (url) => etcd(url, 'put', { key: base64('k'), value: base64('kept') }),
    read: async (url) => {
      const { kvs } = await etcd(url, 'range', { key: base64('k') });
      return Buffer.from(kvs?.[0]?.value ?? '', 'base64').toString();
    },
  },
];

for (const { title, binary, start, write, read } of KINDS) {
  describeWithServers(title, [binary], () => {
    it('answers, keeps its data and port over a restart and a crash, and leaves nothing behind', async () => {
      const server = await start();
      const pids = [server.pid];
      const { url } = server;
      await write(url);
      await server.restart();
      pids.push(server.pid);
      expect(await read(url)).toBe('kept');
      await server.kill();
      expect(server.pid).toBeUndefined();
      await expect(read(url)).rejects.toThrow();
      await server.restart();
      pids.push(server.pid);
      expect(await read(url)).toBe('kept');
      await Promise.all([server.stop(), server.stop()]);
      expect(new Set(pids).size).toBe(3);
      expect(pids.filter(isRunning)).toEqual([]);
      expect(existsSync(server.folder)).toBe(false);
      await expect(server.restart()).rejects.toThrow('was stopped');
    });

    it('two run beside each other; a paused one answers once it is resumed', async () => {
      const servers = await Promise.all([start(), start()]);
      const [one, other] = servers;
      await Promise.all(servers.map(({ url }) => write(url)));
      one.pause();
      let hasAnswered = false;
      const late = read(one.url).finally(() => (hasAnswered = true));
      expect(await read(other.url)).toBe('kept');
      await delay(50);
      expect(hasAnswered).toBe(false);
      one.resume();
      expect(await late).toBe('kept');
      one.pause();
      await Promise.all(servers.map((server) => server.stop()));
      expect(servers.map(({ pid }) => pid)).toEqual([undefined, undefined]);
    });
  });
}

describeWithServers('a paused PostgreSQL', ['postgres'], () => {
  it('is silent in sessions that are open, too', async () => {
    await using server = await startPostgres();
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    await client.query('select 1');
    server.pause();
    let hasAnswered = false;
    const late = client.query('select 1').finally(() => (hasAnswered = true));
    await delay(50);
    expect(hasAnswered).toBe(false);
    server.resume();
    await late;
    await client.end();
  });
});

describe('a server that does not start', () => {
  const plan = (script: string): ServerPlan => ({
    name: 'broken',
    portCount: 1,
    binary: process.execPath,
    args: ({ ports }) => ['-e', script, String(ports[0])],
    answers: async ({ ports }) => (await fetch(`http://127.0.0.1:${ports[0]}`)).ok,
    url: (port) => `http://127.0.0.1:${port}`,
    stopSignal: 'SIGTERM',
    abandonSignal: 'SIGKILL',
    startMaxMs: 200,
  });
  const listen = `require('http').createServer((_, reply) => reply.end()).listen(process.argv[1], '127.0.0.1')`;

  it('shows the end of its log when it ends, and when it is silent for too long', async () => {
    const dying = plan(`console.error('no such ' + 'luck'); process.exit(3)`);
    await expect(Server.start({ ...dying, startMaxMs: 60_000 })).rejects.toThrow(/ended by itself.*no such luck/s);
    await expect(Server.start(plan(`setInterval(() => {}, 1000)`))).rejects.toThrow('did not answer within 200 ms');
    const missing = { ...plan(''), binary: '/nowhere/at-all' };
    await expect(Server.start(missing)).rejects.toThrow(/broken: start/);
  });

  it('tries another port when somebody was faster', async () => {
    const script = `const fs = require('fs');
      if (!fs.existsSync('tried')) { fs.writeFileSync('tried', process.argv[1]); console.error('bind: Address already in use'); process.exit(1); }
      ${listen}`;
    await using server = await Server.start({ ...plan(script), startMaxMs: 60_000 });
    expect(readFileSync(join(server.folder, 'tried'), 'utf8')).not.toBe(String(server.port));
    expect((await fetch(server.url)).ok).toBe(true);
  });
});

describe('a test that ends without stopping its servers', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'truechimer-servers-'));
    await build({
      entry: [fileURLToPath(new URL('../servers/server.ts', import.meta.url))],
      outDir: folder,
      format: ['esm'],
      outExtension: () => ({ js: '.mjs' }),
      silent: true,
      config: false,
      clean: false,
    });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** A process that starts a server and then meets its end; the server's pid and folder. */
  async function endOf(end: string): Promise<{ pid: number; folder: string }> {
    const script = `import { Server } from ${JSON.stringify(join(folder, 'server.mjs'))};
      const server = await Server.start({
        name: 'idle', portCount: 1, binary: process.execPath, args: () => ['-e', 'setInterval(() => {}, 1000)'],
        answers: async () => true, url: String, stopSignal: 'SIGTERM', abandonSignal: 'SIGKILL',
      });
      console.log(JSON.stringify({ pid: server.pid, folder: server.folder }));
      ${end}`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let text = '';
    child.stdout.on('data', (data: Buffer) => (text += data.toString()));
    await new Promise((resolve) => child.once('close', resolve));
    return JSON.parse(text) as { pid: number; folder: string };
  }

  it.each([
    ['exits', 'process.exit()'],
    ['has nothing more to do', ''],
    ['fails', `throw new Error('on purpose')`],
    ['is told to end', `process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000)`],
    ['is interrupted', `process.kill(process.pid, 'SIGINT'); setInterval(() => {}, 1000)`],
  ])('takes them along when it %s', async (_, end) => {
    const left = await endOf(end);
    await until(() => !isRunning(left.pid));
    expect(existsSync(left.folder)).toBe(false);
  });

  it.skipIf(!existsSync('/usr/bin/setpriv'))('takes them along even when it is killed', async () => {
    const left = await endOf(`process.kill(process.pid, 'SIGKILL')`);
    await until(() => !isRunning(left.pid));
    await rm(left.folder, { recursive: true, force: true });
  });
});

describeWithServers('a faked wall clock', ['cc'], () => {
  let clock: FakeWallClock;
  beforeAll(() => {
    clock = new FakeWallClock();
  });
  afterAll(() => clock[Symbol.dispose]());

  /** A Node process that tells its clocks when it is asked. */
  function asked(child: ChildProcess): () => Promise<{ wall: number; mono: number }> {
    const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    return async () => {
      child.stdin!.write('?');
      return JSON.parse(String((await lines.next()).value)) as { wall: number; mono: number };
    };
  }

  it('steps in a process that runs, and its monotonic clock does not', async () => {
    const script = `process.stdin.on('data', () =>
      console.log(JSON.stringify({ wall: Date.now(), mono: performance.now() })))`;
    const env = { ...process.env, ...clock.env };
    const child = spawn(process.execPath, ['-e', script], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    const ask = asked(child);
    const HOUR_MS = 3_600_000;
    const first = await ask();
    expect(first.wall).toBeLessThanOrEqual(Date.now());
    clock.setOffset(HOUR_MS);
    const ahead = await ask();
    expect(ahead.wall - first.wall).toBeGreaterThanOrEqual(HOUR_MS);
    clock.setOffset(-HOUR_MS);
    const behind = await ask();
    expect(behind.wall).toBeLessThan(first.wall);
    expect(first.mono).toBeLessThan(ahead.mono);
    expect(ahead.mono).toBeLessThan(behind.mono);
    expect(behind.mono - first.mono).toBeLessThan(HOUR_MS);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill();
    await ended;
  });

  describeWithServers('of Redis', ['redis-server'], () => {
    it('frees a key at once when it steps past its expiry', async () => {
      clock.setOffset(0);
      await using server = await startRedis({ wallClock: clock });
      await redisCommand(server.url, 'SET', 'k', 'held', 'PX', '3600000');
      expect(await redisCommand(server.url, 'GET', 'k')).toBe('held');
      clock.setOffset(3_600_001);
      expect(await redisCommand(server.url, 'GET', 'k')).toBeNull();
    });
  });

  describeWithServers('of PostgreSQL', ['postgres'], () => {
    it('steps clock_timestamp(), in sessions that are open', async () => {
      clock.setOffset(0);
      await using server = await startPostgres({ wallClock: clock });
      const client = new pg.Client({ connectionString: server.url });
      await client.connect();
      const seconds = async (): Promise<number> => {
        const { rows } = await client.query<{ s: string }>('select extract(epoch from clock_timestamp()) as s');
        return Number(rows[0]?.s);
      };
      const first = await seconds();
      clock.setOffset(60_000);
      expect((await seconds()) - first).toBeGreaterThanOrEqual(60);
      clock.setOffset(-3_600_000);
      expect(await seconds()).toBeLessThan(first);
      await client.end();
    });
  });
});

describe('tests that need servers', () => {
  it('run, are skipped, or fail where the servers are required', () => {
    expect(fateOf([], undefined)).toBe('run');
    expect(fateOf([], '1')).toBe('run');
    expect(fateOf(['no etcd binary found'], undefined)).toBe('skip');
    expect(fateOf(['no etcd binary found'], '0')).toBe('skip');
    expect(fateOf(['no etcd binary found'], '1')).toBe('fail');
  });
});
