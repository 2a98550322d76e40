/**
 * Our monitor as a witness, with its second thread, at its defaults.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type MonotonicInstant, monitorPauses, type Pause, type PauseMonitor, systemClock } from 'truechimer';
import { sharedNowMs, type ToldPause } from './protocol.ts';
import type { Witness } from './subject-run.ts';

/** The wake-ups after the start in which rates become known. */
const WARM_UP_MS = 300;
const POLL_MS = 5;

/** A new one. */
export function ourWitness(): Witness {
  let monitor: PauseMonitor | undefined;
  return {
    async start(tell) {
      const started = monitorPauses({ watchdog: true });
      monitor = started;
      started.onPause((pause) => {
        tell(toldPause(pause));
      });
      started.onClockStep(({ deltaMs }) => {
        tell({ said: 'step', deltaMs });
      });
      started.onOngoing(({ sinceMs }) => {
        tell({ said: 'block', sinceMs });
      });
      while (started.watchdog?.state === 'starting') await delay(POLL_MS);
      await delay(WARM_UP_MS);
      return { ...started.capabilities };
    },
    figures: () => ({ pauses: monitor?.last?.seq ?? 0 }),
  };
}

function toldPause(pause: Pause): ToldPause {
  const toldMs = sharedNowMs();
  const { cause, detail, rule, certainty, share, candidates, parts, evidence } = pause;
  return {
    said: 'pause',
    cause,
    gapMs: pause.gapMs,
    maxMs: pause.maxMs,
    endMs: toldMs - systemClock.boot.now().since(pause.endedAt as MonotonicInstant<'boot'>),
    toldMs,
    why: { rule, detail, certainty, share, candidates, parts, evidence, stacks: pause.stacks.length },
  };
}
