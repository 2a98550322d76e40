/**
 * What the main thread and the watchdog share: fixed cells, and a ring for stacks with one writer and one reader.
 *
 * There are no messages: a blocked thread does not read them. Times are nanoseconds of `process.hrtime`, which both threads read from the
 * same clock (`performance.now()` counts from the start of its own thread).
 */

/** Stacks that wait to be taken; a further one is dropped, so that what a long block cost at first is kept. */
export const STACKS_MAX = 8;

/** Bytes of one stack; the rest, its outermost frames, is cut off. */
export const STACK_BYTES_MAX = 4096;

/** Cells of 32 bits. */
export interface ControlCells {
  /** 1 when the watchdog shall end. */
  readonly close: number;
  /** Waited on by the watchdog, notified by `close()`. */
  readonly wake: number;
  /** 1 once the watchdog looks. */
  readonly ready: number;
  /** 1 when stacks can be taken, 2 when they cannot, 0 before it is known. */
  readonly stackable: number;
  /** Blocks noticed so far. */
  readonly blocks: number;
  /** Stacks written so far, by the watchdog. */
  readonly written: number;
  /** Stacks taken so far, by the main thread. */
  readonly taken: number;
  /** 1 while a session of the inspector is open; notified when it is not any more. */
  readonly asking: number;
  /** 1 while the main thread has slept from beat to beat for a while. */
  readonly resting: number;
}

/** Cells of 64 bits, in nanoseconds; 0 means none. */
export interface ClockCells {
  /** The last beat of the main thread. */
  readonly beat: number;
  /** When the watchdog is due to look again. */
  readonly due: number;
  /** The watchdog's worst lateness since `asked`. */
  readonly late: number;
  /** When the main thread last asked for it. */
  readonly asked: number;
  /** When the process shall be fenced, on the monotonic clock. */
  readonly deadline: number;
  /** The same on the boot clock; 0 where the monotonic clock counts suspend itself. */
  readonly bootDeadline: number;
  /** How long the last block had gone on when it was last looked at. */
  readonly block: number;
  /** How long the last capture of a stack took. */
  readonly capture: number;
}

export const CONTROL_CELLS: ControlCells = {
  close: 0,
  wake: 1,
  ready: 2,
  stackable: 3,
  blocks: 4,
  written: 5,
  taken: 6,
  asking: 7,
  resting: 8,
};

export const CLOCK_CELLS: ClockCells = {
  beat: 0,
  due: 1,
  late: 2,
  asked: 3,
  deadline: 4,
  bootDeadline: 5,
  block: 6,
  capture: 7,
};

/** The shared memory. */
export interface WatchdogMemory {
  readonly control: Int32Array<SharedArrayBuffer>;
  readonly clocks: BigInt64Array<SharedArrayBuffer>;
  /** One cell, 1 while the main thread is blocked; in a buffer of its own, since it is handed out. */
  readonly flag: Int32Array<SharedArrayBuffer>;
  /** Per stack of the ring: its bytes, and the number of its block. */
  readonly lengths: Int32Array<SharedArrayBuffer>;
  readonly owners: Int32Array<SharedArrayBuffer>;
  readonly texts: Uint8Array<SharedArrayBuffer>;
}

/** A stack out of the ring. */
export interface KeptStack {
  /** The number of the block during which it was taken. */
  readonly block: number;
  readonly stack: string;
}

/** New memory, all zero. */
export function watchdogMemory(): WatchdogMemory {
  return {
    control: new Int32Array(new SharedArrayBuffer(Object.keys(CONTROL_CELLS).length * 4)),
    clocks: new BigInt64Array(new SharedArrayBuffer(Object.keys(CLOCK_CELLS).length * 8)),
    flag: new Int32Array(new SharedArrayBuffer(4)),
    lengths: new Int32Array(new SharedArrayBuffer(STACKS_MAX * 4)),
    owners: new Int32Array(new SharedArrayBuffer(STACKS_MAX * 4)),
    texts: new Uint8Array(new SharedArrayBuffer(STACKS_MAX * STACK_BYTES_MAX)),
  };
}

/** Takes what the watchdog has written, oldest first. Only the main thread takes. */
export function takeKeptStacks(memory: WatchdogMemory): readonly KeptStack[] {
  const { control, lengths, owners, texts } = memory;
  const stacks: KeptStack[] = [];
  const written = Atomics.load(control, CONTROL_CELLS.written);
  let taken = Atomics.load(control, CONTROL_CELLS.taken);
  for (; taken !== written; taken = (taken + 1) | 0) {
    const slot = taken & (STACKS_MAX - 1);
    const from = slot * STACK_BYTES_MAX;
    const bytes = Buffer.from(texts.slice(from, from + (lengths[slot] ?? 0)));
    stacks.push({ block: owners[slot] ?? 0, stack: bytes.toString('utf8') });
  }
  Atomics.store(control, CONTROL_CELLS.taken, taken);
  return stacks;
}
