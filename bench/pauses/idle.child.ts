/**
 * An idle process with one of the tools in it: what it costs while nothing happens. Arguments: which, and for how long in ms. Prints its
 * processor time in ms, the time in which that was used, and by how many bytes its memory grew, garbage collected before and after
 * (`--expose-gc`).
 *
 * It has worked before, as every program that is worth watching has. The first function that is optimized in a process brings in the
 * optimizing compiler: 4 MB of Node's own file, which all processes share, and the compiler's working memory. That is not the tool's.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { FLOORS, STARTERS, UNHEARD } from './watchers.ts';

const [name = '', ms = ''] = process.argv.slice(2);
const SETTLE_MS = 2000;
const COLLECTIONS = 4;
const FUNCTIONS = 40;
const CALLS = 30;
const ROUNDS = 3000;

work();
const startBytes = await settledBytes();
await (STARTERS[name] ?? FLOORS[name])?.(UNHEARD);
await delay(SETTLE_MS);
const [usedBefore, fromMs] = [process.cpuUsage(), performance.now()];
await delay(Number(ms));
const { user, system } = process.cpuUsage(usedBefore);
const lastedMs = performance.now() - fromMs;
const grownBytes = (await settledBytes()) - startBytes;
console.log(JSON.stringify({ cpuMs: (user + system) / 1000, lastedMs, grownBytes }));
process.exit(0);

async function settledBytes(): Promise<number> {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error('start it with --expose-gc');
  for (let round = 0; round < COLLECTIONS; round += 1) {
    await delay(SETTLE_MS / COLLECTIONS);
    gc();
  }
  return process.memoryUsage.rss();
}

/** Enough different functions for all of the compiler's threads. */
function work(): void {
  let kept = 0;
  for (let seed = 0; seed < FUNCTIONS; seed += 1) {
    // eslint-disable-next-line @typescript-eslint/no-implied-eval -- each text is a function of its own to the compiler
    const mix = new Function(
      'rounds',
      `let sum = ${seed};
       const some = [];
       for (let i = 0; i < rounds; i += 1) {
         sum = (sum * 31 + i) | 0;
         some.push({ sum, i });
         if (some.length > 16) some.length = 0;
       }
       return sum + some.length + String(sum).length;`,
    ) as (rounds: number) => number;
    for (let call = 0; call < CALLS; call += 1) kept += mix(ROUNDS);
  }
  if (!Number.isFinite(kept)) throw new Error('nothing was computed');
}
