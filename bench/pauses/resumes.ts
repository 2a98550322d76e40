/**
 * How soon after a stop our monitor tells of it, first that it was, then with its cause. Of the time from SIGCONT on the kernel and the event
 * loop have their part before any line of a process runs: that is the part of a process with a timer and nothing else.
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
  readonly noticedAtMs: number;
  readonly toldAtMs: number;
}

/** Medians over many stops of one process of each kind. */
export async function resumeRows(options: BenchOptions): Promise<readonly BenchRow[]> {
  options.progress('pauses: after SIGCONT');
  const stops = options.quick ? STOPS_QUICK : STOPS;
  const bare = await afterStops('bare', stops);
  const ours = await afterStops('monitored', stops);
  return [
    rowOf({ name: 'gap told after SIGCONT (median)', value: ours.noticedMs, unit: 'ms', goal: 0.2 }),
    rowOf({
      name: 'gap told after SIGCONT (median)',
      value: ours.noticedMs / bare.noticedMs,
      unit: 'ratio',
      peer: 'a bare timer',
    }),
    rowOf({ name: 'pause told after SIGCONT, with its cause (median)', value: ours.toldMs, unit: 'ms' }),
    rowOf({ name: 'a bare timer after SIGCONT (median)', value: bare.noticedMs, unit: 'ms' }),
  ];
}

async function afterStops(
  kind: 'bare' | 'monitored',
  stops: number,
): Promise<{ readonly noticedMs: number; readonly toldMs: number }> {
  const child = fork(beside('pauses/resume.child.js'), [kind]);
  const told: { readonly continuedMs: number; readonly pause: Told }[] = [];
  try {
    await once(child, 'message');
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
  return {
    noticedMs: median(told.map(({ continuedMs, pause }) => pause.noticedAtMs - continuedMs)),
    toldMs: median(told.map(({ continuedMs, pause }) => pause.toldAtMs - continuedMs)),
  };
}
