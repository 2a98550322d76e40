/**
 * The detector inside the watched program: loaded by `--require` before the program, whichever module system that uses.
 *
 * It leaves no trace that a program could stumble on: the environment is put back as it was, nothing is printed but by the watchdog
 * when it was asked to, and no handle keeps the process alive. A failure here must never become one of the program's.
 */
import { openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Histogram } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';
import type { MonotonicInstant } from '../core/index.ts';
import { monitorPauses, type PauseMonitor, systemClock } from '../node/index.ts';
import type { ClockStep, Pause } from '../pause/index.ts';
import {
  BEAT_EVERY_MS,
  BEAT_FILE,
  EVENTS_FILE,
  isPackageManager,
  ORDERS_VARIABLE,
  type PausesBeat,
  type PausesMessage,
  type PausesOrders,
  type PausesState,
  STATE_FILE,
} from './pauses-channel.ts';
import type { Lateness, ReportedPause, ReportedStep } from './pauses-schema.ts';

/** The state is written with every tenth beat: what a SIGKILL can take of it is a second. */
const BEATS_PER_STATE = 10;

/** Stacks and evidence of one pause are some kilobytes; a program that pauses all day long must not fill the disk. */
const EVENTS_MAX = 20_000;

/** Where both clocks stood when the detector was started; pauses are told on either, by what the platform has. */
const beginnings = { boot: systemClock.boot.now(), monotonic: systemClock.monotonic.now() };

function elapsedMs(instant: MonotonicInstant): number {
  const { boot, monotonic } = beginnings;
  return instant.clock === boot.clock ? instant.since(boot) : instant.since(monotonic);
}

/** Percentiles that people ask for, beside the halvings that Node gives. */
const PERCENTILES_ASKED = [90, 99, 99.9, 99.99];

function latenessOf(histogram: Histogram): Lateness {
  if (histogram.count === 0) return { count: 0, meanMs: 0, maxMs: 0, percentiles: [] };
  const asked = PERCENTILES_ASKED.map((percentile) => [percentile, histogram.percentile(percentile)] as const);
  return {
    count: histogram.count,
    meanMs: histogram.mean / 1e6,
    maxMs: histogram.max / 1e6,
    percentiles: [...histogram.percentiles, ...asked]
      .sort(([a], [b]) => a - b)
      .map(([percentile, lateNs]) => ({ percentile, lateMs: (percentile === 100 ? histogram.max : lateNs) / 1e6 })),
  };
}

function reportPause(pause: Pause): ReportedPause {
  const { seq, gapMs, minMs, maxMs, cause, detail, certainty, share, candidates, rule, parts, stacks, evidence } =
    pause;
  return {
    seq,
    endedMs: elapsedMs(pause.endedAt),
    gapMs,
    minMs,
    maxMs: Number.isFinite(maxMs) ? maxMs : null,
    cause,
    ...(detail === undefined ? {} : { detail }),
    certainty,
    share,
    candidates,
    rule,
    parts,
    stacks,
    evidence,
  };
}

function reportStep({ at, deltaMs, maybeSuspend }: ClockStep): ReportedStep {
  return { atMs: elapsedMs(at), deltaMs, maybeSuspend };
}

/** What is kept in the state of a monitor. */
type Kept = Pick<PauseMonitor, 'histogram' | 'capabilities'>;

/** Writes what the monitor tells to the files. */
class Recorder {
  readonly #events: number;
  readonly #state: number;
  readonly #beat: number;
  #written = 0;

  constructor(folder: string) {
    // Exclusive: the first process takes the orders, its children and siblings do not.
    this.#state = openSync(join(folder, STATE_FILE), 'wx');
    this.#events = openSync(join(folder, EVENTS_FILE), 'a');
    this.#beat = openSync(join(folder, BEAT_FILE), 'w');
  }

  tell(message: PausesMessage): void {
    this.#written += 1;
    if (this.#written <= EVENTS_MAX) quietly(() => writeSync(this.#events, `${JSON.stringify(message)}\n`));
  }

  keep({ histogram, capabilities }: Kept, isFinal = false): void {
    const state: PausesState = {
      ...beatNow(),
      isFinal,
      lateness: { raw: latenessOf(histogram.raw), corrected: latenessOf(histogram.corrected) },
      capabilities,
    };
    quietly(() => writeSync(this.#state, `${JSON.stringify(state)}\n`, 0, 'utf8'));
  }

  beat(): void {
    quietly(() => writeSync(this.#beat, `${JSON.stringify(beatNow())}\n`, 0, 'utf8'));
  }
}

function beatNow(): PausesBeat {
  return { elapsedMs: elapsedMs(systemClock.boot.now()), hrtimeMs: Number(process.hrtime.bigint()) / 1e6 };
}

function quietly(act: () => void): void {
  try {
    act();
  } catch {
    // A full disk, or the command has gone and its folder with it: the program goes on.
  }
}

function watch(orders: PausesOrders): void {
  const recorder = new Recorder(orders.folder);
  const { intervalMs, thresholdMs, watchdog } = orders;
  const monitor = monitorPauses({
    intervalMs,
    thresholdMs,
    watchdog: watchdog === null ? false : { ...watchdog, ...watchdogIntervalFor(watchdog.blockMs) },
  });
  recorder.tell({
    type: 'started',
    process: { pid: process.pid, node: process.version, script: process.argv[1] ?? null },
  });
  monitor.onPause((pause) => {
    recorder.tell({ type: 'pause', pause: reportPause(pause) });
    recorder.keep(monitor);
  });
  monitor.onClockStep((step) => {
    recorder.tell({ type: 'step', step: reportStep(step) });
  });
  recorder.keep(monitor);
  let beats = 0;
  const timer = setInterval(() => {
    beats += 1;
    recorder.beat();
    if (beats % BEATS_PER_STATE === 0) recorder.keep(monitor);
  }, BEAT_EVERY_MS);
  timer.unref();
  // Before the watchdog's own: it must still be known what could be read.
  process.prependOnceListener('exit', () => {
    const { capabilities } = monitor;
    quietly(() => {
      monitor.close(); // tells of a pause that still waits for its cause
    });
    recorder.keep({ histogram: monitor.histogram, capabilities }, true);
  });
}

/** The watchdog's interval is half of what it shall notice, and not more than its default. */
function watchdogIntervalFor(blockMs: number): { readonly intervalMs: number } {
  return { intervalMs: Math.max(5, Math.min(50, Math.floor(blockMs / 2))) };
}

function takeOrders(): PausesOrders | undefined {
  const text = process.env[ORDERS_VARIABLE];
  if (!isMainThread || text === undefined || isPackageManager(process.argv[1])) return undefined;
  const orders = JSON.parse(text) as PausesOrders;
  Reflect.deleteProperty(process.env, ORDERS_VARIABLE);
  if (orders.nodeOptions === null) delete process.env['NODE_OPTIONS'];
  else process.env['NODE_OPTIONS'] = orders.nodeOptions;
  return orders;
}

quietly(() => {
  const orders = takeOrders();
  if (orders !== undefined) watch(orders);
});
