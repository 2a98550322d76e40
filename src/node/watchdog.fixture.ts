/**
 * A process with a watchdog, for `watchdog.realtime.test.ts`: argv names what it does. Its blocks end when the watchdog has done what is
 * expected of it, so that nothing depends on how fast the machine is.
 */
import { pbkdf2Sync } from 'node:crypto';
import { writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { syncBuiltinESMExports } from 'node:module';
import workerThreads, { type Worker, type WorkerOptions } from 'node:worker_threads';
import { startWatchdog, type Watchdog } from './watchdog.ts';
import type { WatchdogOptions } from './watchdog-options.ts';

const BEAT_MS = 20;

function say(what: unknown): void {
  writeSync(1, `${JSON.stringify(what)}\n`);
}

async function watched(options: WatchdogOptions): Promise<Watchdog> {
  const dog = startWatchdog(options);
  setInterval(() => {
    dog.beat();
  }, BEAT_MS).unref();
  while (dog.state === 'starting') await delay(1);
  await delay(BEAT_MS * 2);
  return dog;
}

/** What a capture must leave as it was. */
function ownProperties(): unknown {
  const described = (value: unknown): unknown => (typeof value === 'function' ? String(value) : value);
  return ['stackTraceLimit', 'prepareStackTrace'].map((name) =>
    Object.entries(Object.getOwnPropertyDescriptor(Error, name) ?? {}).map(([key, value]) => [key, described(value)]),
  );
}

/** Every worker that the program starts, the watchdog's too. */
const workers: Worker[] = [];
process.on('worker', (worker) => workers.push(worker));

/** The name that the stack must show. */
function spinUntil(isOver: () => boolean): void {
  while (!isOver());
}

const SCENES: Readonly<Record<string, () => Promise<void>>> = {
  async block() {
    let formatted = 0;
    const formatter = (error: Error): string => {
      formatted += 1;
      return `formatted ${error.message}`;
    };
    Error.prepareStackTrace = formatter;
    Error.stackTraceLimit = 1;
    const dog = await watched({ stderr: true });
    const ongoing: unknown[] = [];
    dog.onOngoing((block) => ongoing.push(block));
    const flags = [Atomics.load(dog.flag, 0)];
    spinUntil(() => dog.lastCaptureMs !== undefined);
    flags.push(Atomics.load(dog.flag, 0));
    writeSync(2, 'main: after the block\n');
    while (ongoing.length === 0) await delay(1);
    flags.push(Atomics.load(dog.flag, 0));
    const kept = [formatted, Error.prepareStackTrace === formatter, Error.stackTraceLimit];
    say({ ongoing, stacks: dog.takeStacks(), again: dog.takeStacks(), flags, kept, canTakeStacks: dog.canTakeStacks });
  },

  /** A program that has made its own of `Error`, or nailed it down. */
  async errors() {
    let ran = 0;
    const formatter = (): string => `formatted ${String((ran += 1))}`;
    const kinds: Readonly<Record<string, () => void>> = {
      frozen: () => Object.freeze(Error),
      'frozen-formatter': () => {
        Error.prepareStackTrace = formatter;
        Object.freeze(Error);
      },
      sealed: () => Object.seal(Error),
      closed: () => Object.preventExtensions(Error),
      accessors: () => {
        for (const name of ['stackTraceLimit', 'prepareStackTrace']) {
          Object.defineProperty(Error, name, { get: formatter, set: formatter, configurable: true });
        }
      },
      nailed: () => Object.defineProperty(Error, 'stackTraceLimit', { get: formatter }),
      replaced: () => {
        globalThis.Error = new Proxy(Error, {
          construct: () => ({ stack: formatter() }),
          get: (...of) => (of[1] === 'prepareStackTrace' ? formatter : (Reflect.get(...of) as unknown)),
        });
      },
    };
    const dog = await watched({});
    kinds[process.argv[3] ?? '']?.();
    const before = JSON.stringify(ownProperties());
    dog.takeStacks();
    const lastMs = dog.lastCaptureMs;
    spinUntil(() => dog.lastCaptureMs !== lastMs);
    await delay(BEAT_MS * 2);
    say({ stacks: dog.takeStacks(), ran, isKept: JSON.stringify(ownProperties()) === before });
  },

  /** As many captures as there are in one block, and the watchdog still at work after them. */
  async five() {
    const dog = await watched({ blockMs: 60, intervalMs: 10 });
    const seen = new Set<number | undefined>([dog.lastCaptureMs]);
    spinUntil(() => seen.add(dog.lastCaptureMs).size > 5);
    await delay(BEAT_MS * 2);
    const stacks = dog.takeStacks().filter((stack) => stack.includes('spinUntil'));
    const lastMs = dog.lastCaptureMs;
    spinUntil(() => dog.lastCaptureMs !== lastMs);
    await delay(BEAT_MS * 2);
    say({ stacks, state: dog.state, reason: dog.reason, again: dog.takeStacks().length > 0 });
  },

  /** Two of them: each tells of the same block, with a stack of its own; and the one that has a deadline fences. */
  async two() {
    const dogs = [await watched({}), await watched({ fence: 'SIGKILL', blockMs: 200 })] as const;
    const lastMs = dogs.map((dog) => dog.lastCaptureMs);
    spinUntil(() => dogs.every((dog, at) => dog.lastCaptureMs !== lastMs[at]));
    await delay(BEAT_MS * 2);
    say(dogs.map((dog) => dog.takeStacks().some((stack) => stack.includes('spinUntil'))));
    dogs[0].setDeadline(performance.now() + 50);
    dogs[1].setDeadline(performance.now() + 500);
    spinUntil(() => false);
  },

  /** Its thread runs out of memory, as one that is ended from outside. */
  async dies() {
    const dog = startWatchdog({ fence: 'SIGKILL' });
    while (dog.state === 'starting') await delay(1);
    dog.beat();
    const told: string[] = [];
    dog.onUnavailable((why) => told.push(why));
    const before = [dog.state, dog.setDeadline(performance.now() + 1e6)];
    await Promise.all(workers.map((worker) => worker.terminate()));
    while (dog.state === 'running') await delay(1);
    dog.beat();
    const { state, reason, ready, canTakeStacks } = dog;
    const inForce = dog.setDeadline(performance.now() + 1e6);
    say({
      before,
      state,
      reason,
      ready,
      canTakeStacks,
      inForce,
      gap: typeof dog.helperGapMs(),
      stacks: dog.takeStacks(),
      told,
    });
    dog.close();
  },

  /** As on a Node.js that was built without the inspector: its module cannot be loaded. */
  async uninspected() {
    const { Worker } = workerThreads;
    workerThreads.Worker = class extends Worker {
      constructor(text: string, options: WorkerOptions) {
        super(text.replace("require('node:inspector')", "require('node:no-inspector')"), options);
      }
    };
    syncBuiltinESMExports();
    const dog = await watched({ stderr: true });
    spinUntil(() => Atomics.load(dog.flag, 0) === 1);
    await delay(BEAT_MS * 2);
    const { state, canTakeStacks, lastCaptureMs } = dog;
    say({
      state,
      canTakeStacks,
      took: typeof lastCaptureMs,
      stacks: dog.takeStacks(),
    });
  },

  async stop() {
    const dog = await watched({ blockMs: 2000, stderr: true });
    let blocks = 0;
    dog.onOngoing(() => (blocks += 1));
    dog.helperGapMs();
    // Before it asks: it may be stopped before the next instruction.
    let lastMs = performance.now();
    say('stop me');
    let endMs = Infinity;
    // Stopped in the middle of this: it goes on for a while, and has then been silent for much longer than the limit.
    spinUntil(() => {
      const nowMs = performance.now();
      if (nowMs - lastMs > 2000) endMs = nowMs + 300;
      lastMs = nowMs;
      return nowMs > endMs;
    });
    const first = dog.helperGapMs();
    await delay(BEAT_MS * 5);
    say({ blocks, gaps: [first, dog.helperGapMs()] });
  },

  async fence() {
    const dog = await watched({ fence: process.argv[3] === 'SIGTERM' ? 'SIGTERM' : 'SIGKILL', stderr: true });
    const endMs = performance.now() + 2000;
    while (performance.now() < endMs) {
      dog.setDeadline(performance.now() + 1000);
      await delay(1);
    }
    say('renewed');
    spinUntil(() => false);
  },

  /** Blocked because nobody reads its standard error: the watchdog must not wait for the same reader. */
  async full() {
    const dog = await watched({ fence: 'SIGKILL', stderr: true });
    dog.setDeadline(performance.now() + 500);
    for (;;) writeSync(2, 'x'.repeat(100_000));
  },

  async alive() {
    const dog = await watched({ fence: 'SIGKILL', blockMs: 5000 });
    dog.setDeadline(performance.now() + 50);
    await delay(500);
    say('alive');
    dog.setDeadline(undefined);
    spinUntil(() => Atomics.load(dog.flag, 0) === 1);
    const endMs = performance.now() + 200;
    spinUntil(() => performance.now() > endMs);
    say('survived');
  },

  /** The deadline passes while the main thread is well, and then it is blocked for longer than the limit. */
  async late() {
    const dog = await watched({ fence: 'SIGKILL' });
    say(dog.setDeadline(performance.now() + 50));
    await delay(2000);
    spinUntil(() => Atomics.load(dog.flag, 0) === 1);
    const endMs = performance.now() + 200;
    spinUntil(() => performance.now() > endMs);
    say('survived');
    dog.setDeadline(performance.now() + 50);
    spinUntil(() => false);
  },

  async native() {
    await watched({ blockMs: 20, intervalMs: 10, stderr: true });
    pbkdf2Sync('a', 'b', 1_000_000, 64, 'sha512');
    process.exit(0);
  },

  async exit() {
    await watched({});
    process.exit(3);
  },

  async crash() {
    await watched({});
    throw new Error('crashed on purpose');
  },

  async end() {
    const dog = await watched({});
    say({ state: dog.state, gap: typeof dog.helperGapMs() });
  },

  async close() {
    const dog = await watched({});
    dog.close();
    dog.close();
    say({ state: dog.state, ready: dog.ready, gap: typeof dog.helperGapMs(), inForce: dog.setDeadline(1) });
  },

  async permission() {
    const dog = await watched({ fence: 'SIGKILL' });
    say({ state: dog.state, reason: dog.reason, canTakeStacks: dog.canTakeStacks, inForce: dog.setDeadline(1) });
    dog.setDeadline(undefined);
  },
};

void SCENES[process.argv[2] ?? '']?.();
