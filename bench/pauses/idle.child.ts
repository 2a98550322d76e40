/**
 * An idle process with one of the tools in it: what it costs while nothing happens. Arguments: which, and for how long in ms. Prints its
 * processor time in ms, the time in which that was used, and its memory in bytes.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { STARTERS, UNHEARD } from './watchers.ts';

const [name = '', ms = ''] = process.argv.slice(2);
const SETTLE_MS = 2000;

await STARTERS[name]?.(UNHEARD);
await delay(SETTLE_MS);
const [usedBefore, fromMs] = [process.cpuUsage(), performance.now()];
await delay(Number(ms));
const { user, system } = process.cpuUsage(usedBefore);
const lastedMs = performance.now() - fromMs;
console.log(JSON.stringify({ cpuMs: (user + system) / 1000, lastedMs, rssBytes: process.memoryUsage().rss }));
process.exit(0);
