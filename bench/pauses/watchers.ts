/**
 * What else tells a process that it was held up, as its documentation shows it and with its defaults.
 */
import { createRequire } from 'node:module';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import { monitorPauses } from 'truechimer';

/** Starts it; it tells its own word, and a length where it has one. Whatever it started runs until the process ends. */
export type Starter = (tell: (word: string, ms: number) => void) => Promise<void>;

/** Those with a figure only are asked as often as our monitor looks. */
const ASKED_EVERY_MS = 50;
/** What a figure must be to count as a report: our interval and threshold. */
const REPORT_MS = 100;

/** What must not be collected as garbage. */
const kept: unknown[] = [];

/** By name. */
export const STARTERS: Readonly<Record<string, Starter>> = {
  nothing: () => Promise.resolve(),
  truechimer: (tell) => {
    monitorPauses().onPause(({ cause, gapMs }) => {
      tell(cause, gapMs);
    });
    return Promise.resolve();
  },
  'truechimer with watchdog': (tell) => {
    monitorPauses({ watchdog: true }).onPause(({ cause, gapMs }) => {
      tell(cause, gapMs);
    });
    return Promise.resolve();
  },
  monitorEventLoopDelay: (tell) => {
    const histogram = monitorEventLoopDelay();
    histogram.enable();
    kept.push(histogram);
    askedEvery(tell, () => {
      const worstMs = histogram.max / 1e6;
      histogram.reset();
      return worstMs;
    });
    return Promise.resolve();
  },
  'toobusy-js': async (tell) => {
    const { default: toobusy } = await import('toobusy-js');
    toobusy.onLag((lagMs) => {
      tell('lag', lagMs);
    });
  },
  'blocked-at': async (tell) => {
    const { default: blockedAt } = await import('blocked-at');
    blockedAt((blockedMs) => {
      tell('blocked', blockedMs);
    });
  },
  'event-loop-stats': (tell) => {
    const stats = requireEventLoopStats();
    if (stats === undefined) throw new Error('it is not installed');
    askedEvery(tell, () => stats.sense().max);
    return Promise.resolve();
  },
  heartbeats,
};

/** What waking up costs by itself, at the interval of our monitor and of its second thread; for costs only, since they tell nothing. */
export const FLOORS: Readonly<Record<string, Starter>> = {
  'a bare timer': () => {
    setInterval(() => undefined, ASKED_EVERY_MS).unref();
    return Promise.resolve();
  },
  'a bare timer and thread': () => {
    setInterval(() => undefined, ASKED_EVERY_MS).unref();
    const source = `
      const cell = require('node:worker_threads').workerData;
      for (;;) Atomics.wait(cell, 0, 0, ${ASKED_EVERY_MS});`;
    new Worker(source, { eval: true, workerData: new Int32Array(new SharedArrayBuffer(4)) }).unref();
    return Promise.resolve();
  },
};

interface EventLoopStats {
  sense(): { readonly max: number };
}

/** It is compiled when it is installed, so it is none of our dependencies: `npm install --no-save event-loop-stats@1.4.1` adds it. */
export function requireEventLoopStats(): EventLoopStats | undefined {
  try {
    return createRequire(import.meta.url)('event-loop-stats') as EventLoopStats;
  } catch {
    return undefined;
  }
}

/** For the cost of a tool, asking must not be part of it: nobody asks where nobody listens. */
function askedEvery(tell: Parameters<Starter>[0], worstMs: () => number): void {
  if (tell === UNHEARD) return;
  setInterval(() => {
    const ms = worstMs();
    if (ms >= REPORT_MS) tell('delay', ms);
  }, ASKED_EVERY_MS).unref();
}

/** Nobody listens. */
export const UNHEARD: Parameters<Starter>[0] = () => undefined;

const HEARTBEAT_MS = 50;
const HEARTBEAT_LIMIT_MS = 100;

/**
 * The second thread that everybody writes first, as in several reporters of errors: the main thread sends beats, and a timer that no beat
 * has put off says that it is blocked.
 */
function heartbeats(tell: Parameters<Starter>[0]): Promise<void> {
  const blocks = new Int32Array(new SharedArrayBuffer(4));
  const source = `
    const { parentPort, workerData: blocks } = require('node:worker_threads');
    let timer;
    parentPort.on('message', () => {
      clearTimeout(timer);
      timer = setTimeout(() => Atomics.add(blocks, 0, 1), ${HEARTBEAT_LIMIT_MS});
    });`;
  const worker = new Worker(source, { eval: true, workerData: blocks });
  worker.unref();
  let known = 0;
  setInterval(() => {
    worker.postMessage('beat');
    const count = Atomics.load(blocks, 0);
    if (count !== known) tell('blocked', NaN);
    known = count;
  }, HEARTBEAT_MS).unref();
  return Promise.resolve();
}
