/** Programs that watch their own pauses, each in a process of its own. What they saw is printed as JSON. */
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import type { Pause } from '../pause/index.ts';
import { monitorPauses, type PauseMonitor } from './pause-monitor.ts';

/** How often a cause is provoked until it is named: on a loaded machine others have the processors in between. */
const ATTEMPTS_MAX = 40;

/** What a scene prints. */
export interface SceneReport {
  readonly causes: readonly string[];
  readonly last: Pick<Pause, 'cause' | 'certainty' | 'gapMs' | 'parts' | 'evidence' | 'stacks'>;
  readonly capabilities: PauseMonitor['capabilities'];
  readonly counts: readonly number[];
}

/** Spins until this process has used that much processor time, however long that takes. */
function spin(cpuMs: number): void {
  const before = process.cpuUsage();
  for (;;) {
    const { user, system } = process.cpuUsage(before);
    if (user + system >= cpuMs * 1000) return;
  }
}

function block(forMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, forMs);
}

function nextPause(monitor: PauseMonitor): Promise<Pause> {
  const keepAlive = setInterval(() => undefined, 1e6);
  return new Promise((resolve) => {
    const off = monitor.onPause((pause) => {
      off();
      clearInterval(keepAlive);
      resolve(pause);
    });
  });
}

/** Provokes a pause until it is given the cause that is wanted. */
async function provoke(monitor: PauseMonitor, provocation: () => void, wanted: string): Promise<SceneReport> {
  const causes: string[] = [];
  const attempts = scene === 'spin-once' ? 1 : ATTEMPTS_MAX;
  while (causes.length < attempts && causes.at(-1) !== wanted) {
    const pause = nextPause(monitor);
    setImmediate(provocation);
    causes.push((await pause).cause);
  }
  return report(monitor, causes);
}

function report(monitor: PauseMonitor, causes: readonly string[]): SceneReport {
  const { capabilities, histogram } = monitor;
  // The instants of a pause refuse to leave the process.
  const { cause, certainty, gapMs, parts, evidence, stacks } = monitor.last ?? ({} as Pause);
  return {
    causes,
    last: { cause, certainty, gapMs, parts, evidence, stacks },
    capabilities,
    counts: [histogram.raw.count, histogram.corrected.count],
  };
}

async function untilReady(monitor: PauseMonitor): Promise<void> {
  while (monitor.watchdog?.ready === false) await new Promise((resolve) => setTimeout(resolve, 5));
}

async function play(wanted: string | undefined): Promise<SceneReport | undefined> {
  if (wanted === 'idle') {
    monitorPauses({ watchdog: true });
    return undefined;
  }
  const monitor = monitorPauses({ watchdog: wanted?.startsWith('spin-') !== true && isMainThread });
  await untilReady(monitor);
  if (wanted === 'block') return provoke(monitor, () => block(300), 'blocked');
  if (wanted !== 'stop') return provoke(monitor, () => spin(300), 'cpu');
  const pause = nextPause(monitor);
  process.stdout.write('ready\n');
  return report(monitor, [(await pause).cause]);
}

/** A scene within a worker: signals and the second thread's stacks are the main thread's, the rest is its own. */
function playInWorker(): Promise<SceneReport> {
  return new Promise((resolve, reject) => {
    new Worker(process.argv[1] ?? '').on('message', resolve).on('error', reject);
  });
}

const scene = process.argv[2];
if (!isMainThread) parentPort?.postMessage(await play('spin'));
else {
  const seen = scene === 'worker' ? await playInWorker() : await play(scene);
  if (seen !== undefined) {
    process.stdout.write(`${JSON.stringify(seen)}\n`, () => process.exit(0));
  }
}
