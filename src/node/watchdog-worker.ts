/**
 * What the watchdog's thread runs.
 *
 * It is started from source text, not from a file: a file would have to be found in both builds of this package and in whatever bundle a
 * user makes of them. So each function here is self-contained, uses nothing but its arguments, and reaches the others through
 * `dog.parts`; and none needs what a compiler would put in from outside of it (no async function, no spread, no named inner function).
 *
 * The thread sleeps in `Atomics.wait`. Only while it waits for a stack does it go through its event loop, where the inspector's answer
 * arrives. The inspector's session lives as long as one question: an open one makes the process wait at its end.
 */
import { capture, captureThrown, endSession, keepStack, openSession, rehearse, takeIn } from './watchdog-capture.ts';
import type { Dog, DogParts, Kennel } from './watchdog-dog.ts';
import { fence } from './watchdog-fence.ts';
import { judgeLook } from './watchdog-judgement.ts';

/** Sleeps, looks, and sleeps again, until told to end. */
function run(dog: Dog): void {
  const { memory, control, clocks } = dog.orders;
  while (Atomics.load(memory.control, control.close) === 0) {
    const waitMs = dog.parts.look(dog);
    dog.dueMs = Number(dog.process.hrtime.bigint()) / 1e6 + waitMs;
    Atomics.store(memory.clocks, clocks.due, BigInt(Math.round(dog.dueMs * 1e6)));
    if (dog.session !== undefined) {
      dog.timer = setTimeout(() => {
        dog.parts.run(dog);
      }, waitMs);
      return;
    }
    Atomics.wait(memory.control, control.wake, 0, waitMs);
  }
  dog.parts.endSession(dog);
}

/** One look; returns how long to sleep. */
function look(dog: Dog): number {
  const { memory, control, clocks, limits } = dog.orders;
  const beatMs = Number(Atomics.load(memory.clocks, clocks.beat)) / 1e6;
  const nowMs = Number(dog.process.hrtime.bigint()) / 1e6;
  dog.parts.noteLateness(dog, nowMs);
  const wasBlocked = dog.judgement.isBlocked;
  const isResting = Atomics.load(memory.control, control.resting) === 1;
  const isNewBeat = beatMs !== dog.judgement.beatMs;
  dog.judgement = dog.parts.judgeLook(dog.judgement, { nowMs, dueMs: dog.dueMs, beatMs, isResting }, limits);
  const { isBlocked, verdict, sinceMs, isStuck, waitMs } = dog.judgement;
  if (isNewBeat) {
    if (dog.session !== undefined) dog.parts.endSession(dog);
    dog.hasLinePending = false;
    if (wasBlocked) Atomics.store(memory.flag, 0, 0);
  }
  if (isBlocked) {
    Atomics.store(memory.clocks, clocks.block, BigInt(Math.round(sinceMs * 1e6)));
    if (!wasBlocked || isNewBeat) {
      Atomics.add(memory.control, control.blocks, 1);
      Atomics.store(memory.flag, 0, 1);
      Atomics.notify(memory.flag, 0);
      dog.captures = 0;
      dog.nextCaptureMs = 0;
      dog.hasLinePending = true;
    } else if (dog.hasLinePending) {
      dog.parts.writeBlockLine(dog, '');
    }
  }
  let sleepMs = waitMs;
  if (dog.orders.fence !== undefined) sleepMs = dog.parts.fence(dog, nowMs, isStuck, sleepMs);
  if (verdict === 'blocked') dog.parts.capture(dog);
  return sleepMs;
}

/**
 * Notes how late this look is, as far as the main thread has not been told of it (it counts a lateness that still goes on by itself). What is
 * below a millisecond is no silence.
 */
function noteLateness(dog: Dog, nowMs: number): void {
  if (nowMs - dog.dueMs < 1) return;
  const { memory, clocks } = dog.orders;
  const asked = Atomics.load(memory.clocks, clocks.asked);
  const lateMs = nowMs - Math.max(dog.dueMs, Number(asked) / 1e6);
  const late = BigInt(Math.max(0, Math.round(lateMs * 1e6)));
  if (late <= Atomics.load(memory.clocks, clocks.late)) return;
  Atomics.store(memory.clocks, clocks.late, late);
  // It asked in between, while `due` was still the old one, so it has counted this lateness: it must not count it again.
  if (Atomics.load(memory.clocks, clocks.asked) !== asked) Atomics.store(memory.clocks, clocks.late, BigInt(0));
}

/** Goes back to sleep in `Atomics.wait`, until the look that is due. */
function resume(dog: Dog): void {
  if (dog.timer === undefined) return;
  clearTimeout(dog.timer);
  dog.timer = undefined;
  const { memory, control } = dog.orders;
  const leftMs = dog.dueMs - Number(dog.process.hrtime.bigint()) / 1e6;
  if (leftMs > 0) Atomics.wait(memory.control, control.wake, 0, leftMs);
  dog.parts.run(dog);
}

/** Writes the line about this block, unless the last one was a moment ago. */
function writeBlockLine(dog: Dog, stack: string): void {
  dog.hasLinePending = false;
  const { nowMs, lineGapMs } = { nowMs: dog.judgement.lookMs, lineGapMs: dog.orders.lineGapMs };
  if (nowMs - dog.lastLineMs < lineGapMs) {
    dog.linesLeftOut += 1;
    return;
  }
  dog.lastLineMs = nowMs;
  dog.parts.writeLine(dog, dog.parts.blockLine(dog.judgement.sinceMs, stack, dog.linesLeftOut));
  dog.linesLeftOut = 0;
}

/** What the line says. */
export function blockLine(sinceMs: number, stack: string, leftOut: number): string {
  const frames = stack.split('\n');
  const own = frames.find((frame) => !/^$|^<anonymous>|\(<anonymous>|\(?node:/.test(frame));
  const shown = own ?? frames[0] ?? '';
  const where = shown === '' ? '' : `, in ${shown}`;
  const missing = leftOut === 0 ? '' : ` (${String(leftOut)} more since the last line)`;
  return `the main thread is blocked, ${sinceMs.toFixed(0)} ms so far${where}${missing}`;
}

/** One line, at once: what a thread gives to `console` waits for the main thread. */
function writeLine(dog: Dog, text: string): void {
  if (dog.stderr < 0) return;
  try {
    // Names of functions and files are the program's: they must not write lines or escape sequences of their own.
    const printable = text.replace(/[^\x20-\x7e\u00a0-\uffff]/g, ' ').slice(0, 400);
    dog.fs.writeSync(dog.stderr, `truechimer watchdog: ${printable} (pid ${String(dog.process.pid)})\n`);
  } catch {
    // A full or closed pipe. There is no other place to say so.
  }
}

/**
 * A descriptor that a write cannot block on, if there is something to fence: a watchdog that waits for a reader, or for storage that hangs,
 * fences nobody. A pipe and a terminal can be opened again, without blocking; a socket cannot, and for a file it changes nothing.
 */
export function openStderr(dog: Dog): number {
  if (!dog.orders.stderr) return -1;
  try {
    const status = dog.fs.fstatSync(2);
    if (dog.orders.fence === undefined) return 2;
    if (!status.isFIFO() && !status.isCharacterDevice()) return -1;
    const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = dog.fs.constants;
    return dog.fs.openSync('/proc/self/fd/2', O_WRONLY | O_NONBLOCK | O_NOCTTY);
  } catch {
    return -1;
  }
}

/** Finds out what is possible, then watches. */
function start({ orders, process, fs, os, inspector, parts }: Kennel): void {
  const nowMs = Number(process.hrtime.bigint()) / 1e6;
  const dog: Dog = {
    orders,
    process,
    fs,
    os,
    inspector,
    parts,
    judgement: {
      lookMs: nowMs,
      beatMs: 0,
      freshMs: nowMs,
      haltedMs: 0,
      isBlocked: false,
      sleepsLong: false,
      mayConfirm: true,
      verdict: 'unwatched',
      sinceMs: 0,
      isStuck: false,
      waitMs: 0,
    },
    dueMs: nowMs,
    stderr: -1,
    session: undefined,
    timer: undefined,
    captures: 0,
    nextCaptureMs: 0,
    hasLinePending: false,
    lastLineMs: -Infinity,
    linesLeftOut: 0,
    settledDeadline: BigInt(0),
    passedDeadline: BigInt(0),
    passedBeatMs: 0,
  };
  dog.stderr = parts.openStderr(dog);
  if (orders.expression !== undefined) dog.session = parts.openSession(dog);
  Atomics.store(orders.memory.control, orders.control.stackable, dog.session === undefined ? 2 : 1);
  if (dog.session !== undefined) parts.rehearse(dog, dog.session);
  dog.dueMs = Number(process.hrtime.bigint()) / 1e6;
  Atomics.store(orders.memory.clocks, orders.clocks.due, BigInt(Math.round(dog.dueMs * 1e6)));
  Atomics.store(orders.memory.control, orders.control.ready, 1);
  parts.run(dog);
}

const DOG_PARTS = {
  judgeLook,
  start,
  run,
  look,
  noteLateness,
  fence,
  rehearse,
  capture,
  captureThrown,
  takeIn,
  resume,
  openSession,
  endSession,
  keepStack,
  writeBlockLine,
  blockLine,
  writeLine,
  openStderr,
} satisfies DogParts;

/** The text of the whole program. */
export function watchdogSource(): string {
  const parts = Object.entries(DOG_PARTS).map(([name, part]) => `${name}: ${part.toString()}`);
  return `'use strict';
// Bundlers that keep names put calls of this helper into the functions.
const __name = (part) => part;
let inspector;
try {
  inspector = require('node:inspector');
} catch {}
const parts = {
${parts.join(',\n')}
};
parts.start({
  orders: require('node:worker_threads').workerData,
  process,
  fs: require('node:fs'),
  os: require('node:os'),
  inspector,
  parts,
});
`;
}
