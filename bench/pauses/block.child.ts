/**
 * A process that blocks itself under its watchdog: how late the block was noticed, and how long its stack took, the first time and again.
 * Beside each block a thread that does nothing but connect to the inspector, ask for a stack and disconnect, woken the same way: what no way
 * over the inspector can go below. Argument: how many blocks. Prints one JSON object.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { startWatchdog } from 'truechimer';

/** The watchdog takes stacks in one block at its limit, and each time at twice that. */
const STACKS_PER_BLOCK = 3;
const BLOCK_MS = 100;
/** Stacks that the bare thread takes one right after the other. */
const AGAIN = 10;

/** The bare thread's cells: asked so often, answered so often, and how long the last one took in ns. */
const CELLS = { asked: 0, answered: 1, tookNs: 2 };
const cells = new Int32Array(new SharedArrayBuffer(12));

/** As text, since that is how the watchdog's own thread starts. */
const BARE = `
const { Session } = require('node:inspector');
const { cells, at } = require('node:worker_threads').workerData;
setInterval(() => undefined, 1e6);
const next = () => {
  Atomics.wait(cells, at.asked, Atomics.load(cells, at.answered));
  const begunNs = process.hrtime.bigint();
  const session = new Session();
  session.connectToMainThread();
  session.post('Runtime.evaluate', { expression: 'new Error().stack', silent: true, returnByValue: true }, () => {
    session.disconnect();
    Atomics.store(cells, at.tookNs, Number(process.hrtime.bigint() - begunNs));
    Atomics.add(cells, at.answered, 1);
    setImmediate(next);
  });
};
next();
`;
new Worker(BARE, { eval: true, workerData: { cells, at: CELLS } }).unref();

/** Asks the bare thread after it has slept, in ms: for as long as the watchdog has, or not at all. */
function bareStackMs(sleptMs: number): number {
  const untilMs = performance.now() + sleptMs;
  while (performance.now() < untilMs);
  const asked = Atomics.add(cells, CELLS.asked, 1) + 1;
  Atomics.notify(cells, CELLS.asked);
  while (Atomics.load(cells, CELLS.answered) !== asked);
  return Atomics.load(cells, CELLS.tookNs) / 1e6;
}

const dog = startWatchdog({ blockMs: BLOCK_MS });
while (dog.state === 'starting') await delay(1);
const lateMs: number[] = [];
const stackMs: number[] = [];
const bareMs: number[] = [];
const bareAgainMs: number[] = [];

for (let block = 0; block < Number(process.argv[2]); block += 1) {
  for (let beats = 0; beats < 6; beats += 1) {
    dog.beat();
    await delay(20);
  }
  dog.beat();
  const startMs = performance.now();
  while (Atomics.load(dog.flag, 0) === 0);
  lateMs.push(performance.now() - startMs - BLOCK_MS);
  let last = block === 0 ? undefined : dog.lastCaptureMs;
  for (let stacks = 0; stacks < STACKS_PER_BLOCK;) {
    const tookMs = dog.lastCaptureMs;
    if (tookMs === last || tookMs === undefined) continue;
    stackMs.push(tookMs);
    last = tookMs;
    stacks += 1;
  }
  // The next capture of the watchdog comes at eight times its limit, so that the two are not in each other's way.
  bareMs.push(bareStackMs(BLOCK_MS), bareStackMs(BLOCK_MS));
  for (let again = 0; again < AGAIN; again += 1) bareAgainMs.push(bareStackMs(0));
}
console.log(JSON.stringify({ lateMs, stackMs, bareMs, bareAgainMs }));
process.exit(0);
