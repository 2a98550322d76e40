/**
 * One of the workers: sends the invoices of the night, one after the other. Two of them run, for when one machine is down, and
 * only the one that holds the lease may send.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { campaign } from 'truechimer/lease';
import { PostgresFence, PostgresLeaseStore } from 'truechimer/stores/postgres';

const [name = 'worker', mode = 'careful'] = process.argv.slice(2);
const ttlMs = Number(process.env.TTL_MS ?? 5000);

const say = (text) => console.log(`${name} (pid ${process.pid}): ${text}`);

const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  // A worker that is stopped inside a transaction keeps its locks: the server ends such a transaction, not a person.
  idle_in_transaction_session_timeout: 1000,
  statement_timeout: 1500,
});
pool.on('error', () => {}); // a connection that the server has closed: the next query opens another

const store = new PostgresLeaseStore(pool);
const fence = new PostgresFence(pool, { resource: 'invoices' });

const ending = new AbortController();
process.once('SIGTERM', () => ending.abort());

await campaign(store, 'invoices', {
  ttlMs,
  fences: [fence], // the database hears of our token before we begin: from then on it refuses every earlier worker
  signal: ending.signal,
  on: { lost: ({ reason, detail }) => say(`lost the lease (${reason}): ${detail}`) },
  lead: async ({ lease, signal }) => {
    say(`has the lease, with token ${lease.token}`);
    if (mode === 'careless') await sendCarelessly(lease);
    else await sendAll(lease, signal);
  },
});
await pool.end();

/** The right way: every invoice is an act of its own, which the lease guards. */
async function sendAll(lease, signal) {
  while (!signal.aborted) {
    const sent = await lease.guard(({ token }) => sendNext(token), { needsMs: 200 });
    if (!sent.ok) {
      say(`did not send: its own check refused (${sent.reason}: ${sent.detail})`);
      return;
    }
    await sleep(200);
  }
}

/** The wrong way: it believes that it still has what it once had. The database knows better. */
async function sendCarelessly(lease) {
  while (!ending.signal.aborted) {
    try {
      await sendNext(lease.token);
    } catch (error) {
      say(`did not send: the database refused (${error.code}: ${error.message})`);
      return;
    }
    await sleep(200);
  }
}

/** One transaction: the fence first, then the work. */
async function sendNext(token) {
  const tx = await pool.connect();
  let failed = true;
  try {
    await tx.query('BEGIN');
    await fence.admit(tx, token); // throws TC_STALE_TOKEN when a later worker has been here
    const { rows } = await tx.query('SELECT id FROM invoice WHERE sent_by IS NULL ORDER BY id LIMIT 1');
    if (rows.length > 0) {
      await tx.query('UPDATE invoice SET sent_by = $1, token = $2 WHERE id = $3', [name, String(token), rows[0].id]);
    }
    await tx.query('COMMIT');
    failed = false;
    if (rows.length > 0) say(`sent invoice ${rows[0].id}`);
  } finally {
    tx.release(failed); // a connection in an unknown state is closed, which rolls back
  }
}
