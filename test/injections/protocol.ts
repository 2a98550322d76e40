/**
 * What the parent of an injection and the process that suffers it say to each other. Moments are ms of CLOCK_MONOTONIC, which all
 * processes of a machine share (`process.hrtime`; `performance.now()` counts from the start of its own process).
 */

/** What the subject can do to itself. */
export type ActName = 'spin' | 'json' | 'pbkdf2' | 'collect' | 'wait' | 'spawn' | 'fsync' | 'spin-until';

/** From the parent. One order at a time: the next is given when the answer to the last has come. */
export type Order =
  | { readonly order: 'start' }
  /** `ms`: of its own processor time where it computes, else of time. `file`: ends `spin-until`, and is what `fsync` writes. */
  | { readonly order: 'act'; readonly act: ActName; readonly ms: number; readonly file: string }
  /** Lets the event loop turn for so long that whatever has happened was noticed and told. */
  | { readonly order: 'rest'; readonly ms: number }
  /** What the witness can tell at the end, such as a maximum. */
  | { readonly order: 'ask' };

/** What an act really was, by its own count, apart from the monitor. */
export interface Truth {
  readonly fromMs: number;
  readonly toMs: number;
  /** The main thread running, and ready but waiting for a processor. */
  readonly runMs: number;
  readonly waitMs: number;
  /** Processor time of the whole process. */
  readonly cpuMs: number;
}

/** A pause as a witness told it. */
export interface ToldPause {
  readonly said: 'pause';
  readonly cause: string;
  readonly gapMs: number;
  readonly maxMs: number;
  /** When it was over: the late wake-up. */
  readonly endMs: number;
  /** When the listener was called. */
  readonly toldMs: number;
  /** For whoever must find out why a name was given. */
  readonly why: Readonly<Record<string, unknown>>;
}

/** A step of the wall clock as a witness told it. */
export interface ToldStep {
  readonly said: 'step';
  readonly deltaMs: number;
}

/** A block that was noticed while it lasted. */
export interface ToldBlock {
  readonly said: 'block';
  readonly sinceMs: number;
}

/** From the subject. */
export type Answer =
  | { readonly said: 'hello' }
  | { readonly said: 'started'; readonly capabilities: Readonly<Record<string, boolean>> }
  | ({ readonly said: 'acted' } & Truth)
  | { readonly said: 'rested' }
  | { readonly said: 'asked'; readonly figures: Readonly<Record<string, number>> }
  | ToldPause
  | ToldStep
  | ToldBlock;

/** The moment, on the clock that all processes share. */
export function sharedNowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
