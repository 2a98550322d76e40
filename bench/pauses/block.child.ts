/**
 * A process that blocks itself under its watchdog: how late the block was noticed, and how long its stack took, the first time and again.
 * Argument: how many blocks. Prints one JSON object.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { startWatchdog } from 'truechimer';

/** The watchdog takes stacks in one block at its limit, and each time at twice that. */
const STACKS_PER_BLOCK = 3;
const BLOCK_MS = 100;

const dog = startWatchdog({ blockMs: BLOCK_MS });
while (dog.state === 'starting') await delay(1);
const lateMs: number[] = [];
const stackMs: number[] = [];

for (let block = 0; block < Number(process.argv[2]); block += 1) {
  for (let beats = 0; beats < 6; beats += 1) {
    dog.beat(performance.now());
    await delay(20);
  }
  dog.beat(performance.now());
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
}
console.log(JSON.stringify({ lateMs, stackMs }));
process.exit(0);
