/**
 * One of the workers: sends the invoices of the night, one after the other. Two of them run, for when one machine is down, and
 * only the one that holds the lease may send.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { campaign } from 'truechimer/lease';
import { PostgresFence, PostgresLeaseStore } from 'truechimer/stores/postgres';

const [name = 'worker', mode = 'careful'] = process.argv.slice(2);

const say = (text) => console.log(`${name} (pid ${process.pid}): ${text}`);

const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  connectionTimeoutMillis: 1500, // a query that nobody waits for any more must not wait in the pool
  query_timeout: 1500,
  // A worker that is stopped inside a transaction keeps its locks: the server ends such a transaction, not a person.
  idle_in_transaction_session_timeout: 1000,
});
// A connection that the server has closed is no reason to end: the next query opens another.
pool.on('error', () => {});
pool.on('connect', (client) => client.on('error', () => {}));

const store = new PostgresLeaseStore(pool, { table: 'truechimer_example.lease' });
const fence = new PostgresFence(pool, { resource: 'invoices', table: 'truechimer_example.fence' });

// Ends when told to, and when whoever started it is gone.
const ending = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => ending.abort());
process.stdin.resume().on('close', () => ending.abort());

await campaign(store, 'invoices', {
  ttlMs: Number(process.env.TTL_MS ?? 5000),
  fences: [fence], // the database hears of our token before we begin: from then on it refuses every earlier worker
  signal: ending.signal,
  on: { lost: ({ reason, detail }) => say(`lost the lease (${reason}): ${detail}`) },
  lead: async ({ lease, signal }) => {
    say(`has the lease, with token ${lease.token}`);
    await (mode === 'careless' ? sendCarelessly(lease) : sendAll(lease, signal));
  },
});
await pool.end();
process.stdin.destroy();

/** The right way: every invoice is an act of its own, which the lease guards. */
async function sendAll(lease, signal) {
  while (!signal.aborted) {
    try {
      const sent = await lease.guard(({ token }) => sendNext(token), { needsMs: 200 });
      if (!sent.ok) {
        say(`did not send: its own check refused (${sent.reason}: ${sent.detail})`);
        return;
      }
    } catch (error) {
      say(`could not send: ${error.message || error.code}`); // the database is away: the next round tries again
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
    const { rows } = await tx.query(
      'UPDATE truechimer_example.invoice SET sent_by = $1, token = $2 WHERE id = ' +
        '(SELECT min(id) FROM truechimer_example.invoice WHERE sent_by IS NULL) RETURNING id',
      [name, String(token)],
    );
    await tx.query('COMMIT');
    failed = false;
    for (const { id } of rows) say(`sent invoice ${id}`);
  } finally {
    tx.release(failed); // a connection in an unknown state is closed, which rolls back
  }
}
