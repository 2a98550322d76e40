/**
 * A process that is stopped and continued by its parent, and tells it after each pause when it knew, on the clock that all processes share: when
 * its monitor had told of the gap, and of the pause with its cause. With the argument `bare` there is no monitor, and it tells when the first
 * callback of a timer of the same interval ran.
 */
import { sharedNowMs } from '../../test/injections/protocol.ts';
import { monitorPauses } from 'truechimer';

/** As the monitor's. */
const INTERVAL_MS = 50;
const LATE_MS = 50;

process.on('disconnect', () => {
  process.exit(0);
});
if (process.argv[2] === 'bare') {
  let lastMs = sharedNowMs();
  setInterval(() => {
    const nowMs = sharedNowMs();
    if (nowMs - lastMs > INTERVAL_MS + LATE_MS)
      process.send?.({ cause: 'stopped', noticedAtMs: nowMs, toldAtMs: nowMs });
    lastMs = nowMs;
  }, INTERVAL_MS);
} else {
  let noticedAtMs = NaN;
  const monitor = monitorPauses({ watchdog: true });
  monitor.onGap(() => {
    noticedAtMs = sharedNowMs();
  });
  monitor.onPause(({ cause }) => {
    process.send?.({ cause, noticedAtMs, toldAtMs: sharedNowMs() });
  });
  while (monitor.watchdog?.state === 'starting') await new Promise((resolve) => setTimeout(resolve, 1));
}
process.send?.('watching');
