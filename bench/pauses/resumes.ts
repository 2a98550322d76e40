/**
 * How soon after a stop our monitor tells of it, first that it was, then with its cause. Of the time from SIGCONT on the kernel and the event loop have their
 * part before any line of the process runs; the other part is ours.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { sharedNowMs } from '../../test/injections/protocol.ts';
import { type BenchOptions, type BenchRow, rowOf } from '../harness/bench.ts';
import { median } from '../harness/statistics.ts';
import { beside } from '../ntp/responder.ts';

const STOPS = 40;
const STOPS_QUICK = 5;
const STOP_MS = 300;
/** The monitor has looked a few times since the last stop, and stops come at any moment between two looks. */
const REST_MS = 150;
const REST_SPREAD_MS = 50;

interface Told {
  readonly cause: string;
  readonly ranAtMs: number;
  readonly noticedAtMs: number;
  readonly toldAtMs: number;
}

/** Medians over many stops of one process. */
export async function resumeRows(options: BenchOptions): Promise<readonly BenchRow[]> {
  options.progress('pauses: after SIGCONT');
  const child = fork(beside('pauses/resume.child.js'));
  const told: { readonly continuedMs: number; readonly pause: Told }[] = [];
  try {
    await once(child, 'message');
    const stops = options.quick ? STOPS_QUICK : STOPS;
    for (let stop = 0; stop < stops; stop += 1) {
      await delay(REST_MS + (stop / stops) * REST_SPREAD_MS);
      child.kill('SIGSTOP');
      await delay(STOP_MS);
      const answer = once(child, 'message');
      child.kill('SIGCONT');
      const continuedMs = sharedNowMs();
      const [pause] = (await answer) as [Told];
      // A pause of the machine's own was told in between: not the one that is waited for.
      if (pause.toldAtMs > continuedMs && pause.cause === 'stopped') told.push({ continuedMs, pause });
    }
  } finally {
    child.kill('SIGKILL');
  }
  const after = (moment: (one: (typeof told)[number]) => number): number => median(told.map(moment));
  return [
    rowOf({
      name: 'gap told after SIGCONT (median)',
      value: after(({ continuedMs, pause }) => pause.noticedAtMs - continuedMs),
      unit: 'ms',
      goal: 0.2,
    }),
    rowOf({
      name: 'pause told after SIGCONT, with its cause (median)',
      value: after(({ continuedMs, pause }) => pause.toldAtMs - continuedMs),
      unit: 'ms',
    }),
    rowOf({
      name: 'until the process runs at all (median)',
      value: after(({ continuedMs, pause }) => pause.ranAtMs - continuedMs),
      unit: 'ms',
    }),
    rowOf({
      name: 'told after its first instruction (median)',
      value: after(({ pause }) => pause.toldAtMs - pause.ranAtMs),
      unit: 'ms',
    }),
  ];
}
