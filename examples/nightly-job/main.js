/**
 * A nightly job with two workers, and what happens when the one that sends is stopped: `npm run example`.
 *
 * Without an argument it runs until you press Ctrl-C, and you stop and continue the sender yourself. With `--demo` it does so by itself,
 * once with careful workers and once with careless ones, and ends with 0 when every late write was refused.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { PostgresFence, PostgresLeaseStore } from 'truechimer/stores/postgres';
import { openDatabase } from './database.js';

const TTL_MS = 5000;
const SCENE_MS_MAX = 60_000;
const SCHEMA = 'truechimer_example';

const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => ending.abort());

const workers = [];
const database = await openDatabase();
console.log(`database: ${database.name}, schema ${SCHEMA}, which is dropped at the end`);
const pool = new pg.Pool({ connectionString: database.url });
pool.on('error', () => {});
try {
  ending.signal.throwIfAborted();
  await setUp();
  if (process.argv.includes('--demo')) process.exitCode = await demonstrate();
  else await runUntilInterrupted();
} catch (error) {
  if (!ending.signal.aborted) throw error;
  process.exitCode = 130;
} finally {
  await Promise.all(workers.map(end));
  await pool.query(`DROP SCHEMA IF EXISTS ${SCHEMA} CASCADE`).catch((error) => console.error(error.message));
  await pool.end();
  await database.close();
}

/** In a service this is a migration, run by another role than the workers'. */
async function setUp() {
  await pool.query(`DROP SCHEMA IF EXISTS ${SCHEMA} CASCADE`);
  await pool.query(`CREATE SCHEMA ${SCHEMA}`);
  await new PostgresLeaseStore(pool, { table: `${SCHEMA}.lease` }).setup();
  await new PostgresFence(pool, { resource: 'invoices', table: `${SCHEMA}.fence` }).setup();
  await pool.query(`CREATE TABLE ${SCHEMA}.invoice (id bigserial PRIMARY KEY, sent_by text, token bigint)`);
  await pool.query(`INSERT INTO ${SCHEMA}.invoice SELECT FROM generate_series(1, 10000)`);
}

async function runUntilInterrupted() {
  start('worker a', 'careful');
  start('worker b', 'careful');
  console.log(`
Two workers, one lease of ${TTL_MS / 1000} s. Stop the one that sends, and continue it when the other one has taken over:

    kill -STOP <its pid>        and later        kill -CONT <its pid>

It will not send again: its own check refuses, at the first instruction after the stop. End with Ctrl-C.
`);
  await until(ending.signal);
}

async function demonstrate() {
  const careful = await scene('careful', 'its own check refused|lost the lease');
  const careless = await scene('careless', 'the database refused');
  const { rows } = await pool.query(`
    SELECT count(*) AS late FROM
      (SELECT token, max(token) OVER (ORDER BY id) AS highest FROM ${SCHEMA}.invoice WHERE token IS NOT NULL) AS sent
    WHERE token < highest`);
  console.log(`\ninvoices that were sent under an older token after a newer one: ${rows[0].late}`);
  return careful && careless && rows[0].late === '0' ? 0 : 1;
}

/** Stops the sender for longer than its lease, and sees how it is refused. */
async function scene(mode, refusal) {
  console.log(`\n--- ${mode} workers ---`);
  const pair = [start('worker a', mode), start('worker b', mode)];
  const sender = await Promise.race(pair.map((worker) => worker.said('sent invoice')));
  const other = pair.find((worker) => worker !== sender);
  console.log(`(stopping ${sender.name} for longer than its lease: kill -STOP ${sender.child.pid})`);
  sender.child.kill('SIGSTOP');
  await other.said('sent invoice');
  console.log(`(and continuing it: kill -CONT ${sender.child.pid})`);
  const refused = sender.said(refusal);
  sender.child.kill('SIGCONT');
  const wasRefused = await refused.then(
    () => true,
    () => false,
  );
  console.log(wasRefused ? `(${sender.name} was refused)` : `(${sender.name} was NOT refused)`);
  await Promise.all(pair.map(end));
  return wasRefused;
}

function start(name, mode) {
  const script = fileURLToPath(new URL('worker.js', import.meta.url));
  const child = spawn(process.execPath, [script, name, mode], {
    env: { ...process.env, DATABASE_URL: database.url, TTL_MS: String(TTL_MS) },
    stdio: ['pipe', 'pipe', 'inherit'], // it ends when its standard input does, whatever becomes of this process
  });
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => console.log(line));
  /** Resolves at the next line that matches; rejects when there is none for a minute, or this program is to end. */
  const said = (pattern) =>
    new Promise((resolve, reject) => {
      const limit = AbortSignal.any([ending.signal, AbortSignal.timeout(SCENE_MS_MAX)]);
      limit.addEventListener('abort', () => reject(limit.reason));
      limit.throwIfAborted();
      // One listener for all lines: two can come at once, and whoever awaits the first misses the second.
      lines.on('line', (line) => {
        if (new RegExp(pattern).test(line)) resolve(worker);
      });
    });
  const worker = { name, child, said };
  workers.push(worker);
  return worker;
}

async function end({ child }) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  child.kill('SIGCONT'); // a stopped process hears of nothing else
  const killing = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await ended;
  clearTimeout(killing);
}

async function until(signal) {
  while (!signal.aborted) await sleep(3_600_000, undefined, { signal }).catch(() => undefined);
}
