/**
 * A process that is stopped and continued by its parent: when it ran again, and when its monitor had told of the gap and of its cause, on the
 * clock that all processes share. It tells its parent after each pause.
 */
import { sharedNowMs } from '../../test/injections/protocol.ts';
import { monitorPauses } from 'truechimer';

/** As the monitor's, so that both are due together; set first, it is called first. */
const INTERVAL_MS = 50;

let ranAtMs = sharedNowMs();
setInterval(() => {
  ranAtMs = sharedNowMs();
}, INTERVAL_MS);
const monitor = monitorPauses({ watchdog: true });
let noticedAtMs = NaN;
monitor.onGap(() => {
  noticedAtMs = sharedNowMs();
});
monitor.onPause(({ cause }) => {
  process.send?.({ cause, ranAtMs, noticedAtMs, toldAtMs: sharedNowMs() });
});
process.on('disconnect', () => {
  process.exit(0);
});
while (monitor.watchdog?.state === 'starting') await new Promise((resolve) => setTimeout(resolve, 1));
process.send?.('watching');
