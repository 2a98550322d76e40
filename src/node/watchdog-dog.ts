/**
 * The watchdog's thread as its parts see it: its orders, what it remembers, and each part by name.
 *
 * The parts reach one another through `dog.parts`, since the thread gets their source texts and nothing around them.
 */
import type * as fs from 'node:fs';
import type * as inspector from 'node:inspector';
import type * as os from 'node:os';
import type { Judgement, JudgementLimits, Look, LookMemory } from './watchdog-judgement.ts';
import type { ClockCells, ControlCells, WatchdogMemory } from './watchdog-memory.ts';

/** What the thread is given when it starts. */
export interface WatchdogOrders {
  readonly memory: WatchdogMemory;
  readonly control: ControlCells;
  readonly clocks: ClockCells;
  readonly limits: JudgementLimits;
  readonly stderr: boolean;
  /** The expression that yields the main thread's stack; undefined to take none. */
  readonly expression: string | undefined;
  /** Frames of a stack. */
  readonly framesMax: number;
  readonly fence: 'SIGKILL' | 'SIGTERM' | undefined;
  readonly stacksMax: number;
  readonly stackBytesMax: number;
  /** Captures during one block; each comes twice as late as the one before. */
  readonly capturesMax: number;
  /** Between two lines about blocks. */
  readonly lineGapMs: number;
}

/** When a stack was asked for, and the beat that was the last then. */
export interface Asked {
  readonly startNs: bigint;
  readonly beatMs: number;
}

/** What the source text finds around it. */
export interface Kennel {
  readonly orders: WatchdogOrders;
  readonly process: NodeJS.Process;
  readonly fs: typeof fs;
  readonly os: typeof os;
  /** Missing where Node.js was built without it. */
  readonly inspector: typeof inspector | undefined;
  readonly parts: DogParts;
}

/** The thread, for its parts. */
export interface Dog extends Kennel {
  judgement: Judgement;
  dueMs: number;
  /** The descriptor for lines; -1 for none. */
  stderr: number;
  /** The open question for a stack. */
  session: inspector.Session | undefined;
  /**
   * Looks on while a question is open. It must not be unref'd: nothing else keeps this thread alive while it waits for the answer, as an
   * open session does not; it would end, and a blocked main thread would be left without its watchdog.
   */
  timer: NodeJS.Timeout | undefined;
  captures: number;
  nextCaptureMs: number;
  hasLinePending: boolean;
  lastLineMs: number;
  linesLeftOut: number;
  /** The deadline that nothing more comes of: fenced at, or left to a main thread that has beaten since. */
  settledDeadline: bigint;
  /** The deadline that has passed, and the beat that was the last when that was seen. */
  passedDeadline: bigint;
  passedBeatMs: number;
}

/** The functions that make up the thread. */
export interface DogParts {
  judgeLook(before: LookMemory, look: Look, limits: JudgementLimits): Judgement;
  start(kennel: Kennel): void;
  run(dog: Dog): void;
  look(dog: Dog): number;
  noteLateness(dog: Dog, nowMs: number): void;
  fence(dog: Dog, nowMs: number, isStuck: boolean, waitMs: number): number;
  rehearse(dog: Dog, session: inspector.Session): void;
  capture(dog: Dog): void;
  captureThrown(dog: Dog, session: inspector.Session, asked: Asked): void;
  takeIn(dog: Dog, answer: string, asked: Asked): void;
  resume(dog: Dog): void;
  openSession(dog: Dog): inspector.Session | undefined;
  endSession(dog: Dog): void;
  keepStack(dog: Dog, stack: string): void;
  writeBlockLine(dog: Dog, stack: string): void;
  blockLine(sinceMs: number, stack: string, leftOut: number): string;
  writeLine(dog: Dog, text: string): void;
  openStderr(dog: Dog): number;
}
