/**
 * A process that holds a lease and is watched: it asks for permission right before it is paused and with its first instruction afterwards.
 * Arguments: the lease's time to live in ms.
 */
import { monitorPauses, systemClock } from 'truechimer';
import { acquire } from 'truechimer/lease';
import { MemoryLeaseStore } from 'truechimer/stores/memory';
import { runSubject } from './subject-run.ts';

const ttlMs = Number(process.argv[2]);
const store = new MemoryLeaseStore({ clock: systemClock });
const held = await acquire(store, 'the-job', { ttlMs });
if (!held.acquired) throw new Error('nobody else wants this lease');
const lease = held;
const monitor = monitorPauses({ watchdog: true });
monitor.protect(lease);

let timers = 0;
let told = 0;
let acts = 0;
let mark = monitor.mark();
let before = { ok: false, timers: 0, told: 0 };
let after: Readonly<Record<string, number>> = {};

setInterval(() => (timers += 1), 1);
monitor.onPause(() => (told += 1));

runSubject({
  start: () => Promise.resolve({}),
  beforeAct() {
    mark = monitor.mark();
    before = { ok: lease.check().ok, timers, told };
  },
  afterAct() {
    const verdict = lease.check();
    after = {
      heldBefore: Number(before.ok),
      heldAfter: Number(verdict.ok),
      expired: Number(!verdict.ok && verdict.reason === 'expired'),
      timersFired: timers - before.timers,
      pausesTold: told - before.told,
      pausedMs: monitor.pausedSince(mark),
    };
    void lease.guard(() => {
      acts += 1;
    });
    void acquire(store, 'the-job', { ttlMs }).then((next) => {
      after = { ...after, newerToken: Number(next.acquired && next.token > lease.token) };
    });
  },
  figures: () => ({ ...after, acts, toldLater: told - before.told }),
});
