/**
 * A process whose lease is fenced by its watchdog. Arguments: what it does, and the lease's time to live in ms.
 *
 * It says what it has come to, so that who started it knows how far it got before it was ended.
 */
import { writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type Fenceable, monitorPauses, type ProtectOptions, systemClock } from 'truechimer';
import { acquire } from 'truechimer/lease';
import { MemoryLeaseStore } from 'truechimer/stores/memory';

const [scene, ttl] = process.argv.slice(2);
const monitor = monitorPauses({ watchdog: { fence: 'SIGKILL' } });
while (monitor.watchdog?.state === 'starting') await delay(5);

function say(what: string): void {
  writeSync(1, `${what}\n`);
}

function block(forMs: number): void {
  const untilMs = performance.now() + forMs;
  while (performance.now() < untilMs);
}

const begunMs = performance.now();
let renewals = 0;
const lease = await acquire(new MemoryLeaseStore({ clock: systemClock }), 'the-job', {
  ttlMs: Number(ttl),
  on: { renewed: () => (renewals += 1) },
});
if (!lease.acquired) throw new Error('nobody else wants this lease');
const options: ProtectOptions = { fence: true };
const unprotect = monitor.protect(lease satisfies Fenceable, options);

if (scene === 'stuck') {
  while (renewals < 1) await delay(5);
  say(String(lease.check().ok));
  block(begunMs + Number(ttl) - performance.now());
  say('beyond the first window');
  block(60_000);
}
if (scene === 'slow') {
  for (let blocks = 0; blocks < 5; blocks += 1) {
    block(500);
    await delay(60);
  }
  say(String(lease.check().ok));
}
// Nothing is left to fence: blocked for longer than the window was.
if (scene === 'released') await lease.release();
if (scene === 'unprotected') unprotect();
if (scene === 'released' || scene === 'unprotected') block(2 * Number(ttl));
say('survived');
process.exit(0);
