/**
 * What the subject does to itself. Whoever computes stops by its own processor time, never by a clock: others on the machine stretch it, but
 * do not change what it was.
 */
import { spawnSync } from 'node:child_process';
import { pbkdf2Sync } from 'node:crypto';
import { existsSync, fsyncSync, readFileSync, writeSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type ActName, sharedNowMs, type Truth } from './protocol.ts';

type Act = (ms: number, file: string) => void;

/** Objects that survive, so that a collection has something to mark. */
const HEAP_OBJECTS = 800_000;
/** Less than a pause is no injection, so on fast storage there is more to sync each time, until it takes this long. */
const SYNC_MS = 180;
const DIRTY_BYTES_MAX = 2 ** 31;
const PIECE_BYTES = 8 << 20;
/** Between two looks for a file: each is a system call. */
const LOOK_EVERY_MS = 2;

let heap: readonly object[] | undefined;
let document = '';
let dirtyBytes = 2 ** 29;
let dirty: FileHandle | undefined;

const ACTS: Readonly<Record<ActName, Act>> = {
  spin: (ms) => {
    computeFor(ms, () => {
      for (let turn = 0; turn < 20_000; turn += 1) Math.sqrt(turn);
    });
  },
  json: (ms) => {
    if (document === '')
      document = JSON.stringify(Array.from({ length: 20_000 }, (_, at) => ({ at, text: `no. ${at}` })));
    computeFor(ms, () => void JSON.parse(document));
  },
  pbkdf2: (ms) => {
    computeFor(ms, () => void pbkdf2Sync('secret', 'salt', 10_000, 32, 'sha256'));
  },
  collect: (ms) => {
    const { gc } = globalThis as { gc?: () => void };
    if (gc === undefined || heap === undefined) throw new Error('start the subject with --expose-gc and prepare it');
    const endMs = sharedNowMs() + ms;
    do gc();
    while (sharedNowMs() < endMs);
  },
  wait: (ms) => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  },
  spawn: (ms) => {
    const { error } = spawnSync('sleep', [String(ms / 1000)]);
    if (error !== undefined) throw error;
  },
  fsync: () => {
    if (dirty === undefined) throw new Error('nothing has been written');
    const fromMs = sharedNowMs();
    fsyncSync(dirty.fd);
    if (sharedNowMs() - fromMs < SYNC_MS) dirtyBytes = Math.min(DIRTY_BYTES_MAX, dirtyBytes * 1.5);
  },
  'spin-until': (_ms, file) => {
    // The parent must know that the callback is being executed; a message would wait for its end.
    writeSync(1, 'spinning\n');
    let lookMs = sharedNowMs();
    for (;;) {
      if (sharedNowMs() < lookMs) continue;
      if (existsSync(file)) return;
      lookMs = sharedNowMs() + LOOK_EVERY_MS;
    }
  },
};

/** Does what would else be part of the first act: a large heap for collections. */
export function prepareActs(): void {
  if ('gc' in globalThis) heap = Array.from({ length: HEAP_OBJECTS }, (_, at) => ({ at, of: [at] }));
}

/** What must be done before, and is not the act. */
export async function prepareAct(act: ActName, file: string): Promise<void> {
  if (act === 'fsync') await makeDirty(file);
}

/** Does it, and says what it was. */
export function perform(act: ActName, ms: number, file: string): Truth {
  const [runBefore, waitBefore] = schedulerMs();
  const cpuBefore = cpuMs();
  const fromMs = sharedNowMs();
  ACTS[act](ms, file);
  const toMs = sharedNowMs();
  const usedMs = cpuMs() - cpuBefore;
  const [run, wait] = schedulerMs();
  return { fromMs, toMs, runMs: run - runBefore, waitMs: wait - waitBefore, cpuMs: usedMs };
}

function computeFor(ms: number, piece: () => void): void {
  const endMs = cpuMs() + ms;
  while (cpuMs() < endMs) piece();
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Running and waiting of the main thread; this is apart from what the monitor reads, so that one fault does not hide in both. */
function schedulerMs(): readonly [number, number] {
  const [run = 0, wait = 0] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ').map(Number);
  return [run / 1e6, wait / 1e6];
}

/**
 * Writes what is to be synced, from other threads: in the main thread it would be computing. The file stays open, since ext4 begins to
 * write when a file that was emptied is closed.
 */
async function makeDirty(file: string): Promise<void> {
  const piece = Buffer.alloc(PIECE_BYTES, 1);
  dirty ??= await open(file, 'w');
  for (let at = 0; at < dirtyBytes; at += PIECE_BYTES) await dirty.write(piece, 0, piece.length, at);
}
