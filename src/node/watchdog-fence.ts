/**
 * When the watchdog fences: the last look, and the signal.
 *
 * Nothing that can block may stand between the two (see `openStderr`), and whatever has held this thread up, the main thread's words are
 * looked at once more right before the signal. What remains is a beat between that look and the signal: microseconds, or for as long as this
 * thread is kept from its processor just there. Nothing on one machine can close that gap.
 *
 * The function runs in the watchdog's thread, which gets its source text: see `watchdog-worker.ts` for what it may use.
 */
import type { Dog } from './watchdog-dog.ts';

/**
 * Fences the process if it is time; returns how long to sleep at most.
 *
 * Only a block that the deadline fell into counts: a main thread that beats after the deadline has had its turn to look at the clock, and what
 * holds it up later is not what the deadline was set against.
 */
export function fence(dog: Dog, nowMs: number, isStuck: boolean, waitMs: number): number {
  const { memory, clocks, fence: signal } = dog.orders;
  const bootDeadline = Atomics.load(memory.clocks, clocks.bootDeadline);
  const deadline = Atomics.load(memory.clocks, clocks.deadline);
  if (signal === undefined || deadline === BigInt(0) || deadline === dog.settledDeadline) return waitMs;
  const leftMs = Number(deadline) / 1e6 - nowMs;
  if (leftMs > 0 && (bootDeadline === BigInt(0) || dog.os.uptime() * 1000 < Number(bootDeadline) / 1e6)) {
    return Math.max(1, Math.min(waitMs, leftMs));
  }
  const { beatMs, sinceMs } = dog.judgement;
  if (deadline !== dog.passedDeadline) {
    dog.passedDeadline = deadline;
    dog.passedBeatMs = beatMs;
  }
  // The second is for a deadline that only boot time has reached: a beat says nothing of boot time.
  if (beatMs * 1e6 >= Number(deadline) || beatMs !== dog.passedBeatMs) {
    dog.settledDeadline = deadline;
    return waitMs;
  }
  if (!isStuck) return waitMs;
  const blocked = `a deadline has passed while the main thread is blocked, ${sinceMs.toFixed(0)} ms so far`;
  dog.parts.writeLine(dog, `${signal}: ${blocked}`);
  if (
    Number(Atomics.load(memory.clocks, clocks.beat)) / 1e6 !== beatMs ||
    Atomics.load(memory.clocks, clocks.bootDeadline) !== bootDeadline ||
    Atomics.load(memory.clocks, clocks.deadline) !== deadline
  ) {
    dog.parts.writeLine(dog, `no ${signal}: the main thread has come back`);
    return 1;
  }
  dog.process.kill(dog.process.pid, signal);
  dog.settledDeadline = deadline;
  return waitMs;
}
