/**
 * A nightly job with two workers, and what happens when the one that leads is stopped: `npm run example`.
 *
 * Without an argument it runs until you press Ctrl-C, and you stop and continue the leader yourself. With `--demo` it does so by itself,
 * once with careful workers and once with careless ones, and ends with 0 when every late write was refused.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import * as timers from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { PostgresFence, PostgresLeaseStore } from 'truechimer/stores/postgres';
import { openDatabase } from './database.js';

const TTL_MS = 5000;
const SCENE_MS_MAX = 120_000;

const database = await openDatabase();
const pool = new pg.Pool({ connectionString: database.url });
pool.on('error', () => {});
const workers = [];
try {
  await setUp();
  if (process.argv.includes('--demo')) process.exitCode = await demonstrate();
  else await runUntilInterrupted();
} finally {
  await Promise.all(workers.map(end));
  await pool.end();
  await database.close();
}

/** In a service this is a migration, run by another role than the workers'. */
async function setUp() {
  await new PostgresLeaseStore(pool).setup();
  await new PostgresFence(pool, { resource: 'invoices' }).setup();
  await pool.query('CREATE TABLE IF NOT EXISTS invoice (id bigserial PRIMARY KEY, sent_by text, token bigint)');
  await pool.query('INSERT INTO invoice SELECT FROM generate_series(1, 10000)');
}

async function runUntilInterrupted() {
  start('worker a', 'careful');
  start('worker b', 'careful');
  console.log(`
Two workers, one lease of ${TTL_MS / 1000} s. Stop the one that sends, and continue it when the other one has taken over:

    kill -STOP <its pid>        and later        kill -CONT <its pid>

It will not send again: its own check refuses, at the first instruction after the stop. End with Ctrl-C.
`);
  await once(process, 'SIGINT');
}

async function demonstrate() {
  const careful = await scene('careful', 'its own check refused|lost the lease');
  const careless = await scene('careless', 'the database refused');
  const stale = await pool.query(`
    SELECT count(*) AS count FROM (SELECT token, max(token) OVER (ORDER BY id) AS highest FROM invoice WHERE token IS NOT NULL) AS sent
    WHERE token < highest`);
  console.log(`\ninvoices that were sent under an older token after a newer one: ${stale.rows[0].count}`);
  return careful && careless && stale.rows[0].count === '0' ? 0 : 1;
}

/** Stops the leader for longer than its lease, and sees how it is refused. */
async function scene(mode, refusal) {
  console.log(`\n--- ${mode} workers ---`);
  const pair = [start('worker a', mode), start('worker b', mode)];
  const leader = await Promise.race(pair.map((worker) => worker.said('sent invoice')));
  const other = pair.find((worker) => worker !== leader);
  console.log(`(stopping ${leader.name} for longer than its lease: kill -STOP ${leader.child.pid})`);
  leader.child.kill('SIGSTOP');
  await other.said('sent invoice');
  console.log(`(and continuing it: kill -CONT ${leader.child.pid})`);
  const refused = leader.said(refusal);
  leader.child.kill('SIGCONT');
  const wasRefused =
    (await Promise.race([refused, timers.setTimeout(SCENE_MS_MAX, undefined, { ref: false })])) !== undefined;
  console.log(wasRefused ? `(${leader.name} was refused)` : `(${leader.name} was NOT refused)`);
  await Promise.all(pair.map(end));
  return wasRefused;
}

function start(name, mode) {
  const script = fileURLToPath(new URL('worker.js', import.meta.url));
  const child = spawn(process.execPath, [script, name, mode], {
    env: { ...process.env, DATABASE_URL: database.url, TTL_MS: String(TTL_MS) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => console.log(line));
  const worker = { name, child };
  worker.said = (pattern) =>
    new Promise((resolve) => {
      const listen = (line) => {
        if (!new RegExp(pattern).test(line)) return;
        lines.off('line', listen);
        resolve(worker);
      };
      lines.on('line', listen);
    });
  workers.push(worker);
  return worker;
}

async function end({ child }) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGCONT');
  child.kill('SIGTERM');
  const killing = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await ended;
  clearTimeout(killing);
}
