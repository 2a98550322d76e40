/**
 * What the detector inside the program and the command say to each other, through three files in a folder of their own.
 *
 * Files rather than a pipe: they leave the program's descriptors alone, a write neither waits for a reader nor is lost with the
 * process, and what was written before SIGKILL is read after it. Events are appended, one line each; the state and the beat are
 * written over themselves.
 */
import type { PauseCapabilities } from '../node/index.ts';
import type { LatenessPair, ReportedPause, ReportedStep, WatchedProcess } from './pauses-schema.ts';

/** The variable that carries the orders; the detector takes it out of the program's environment. */
export const ORDERS_VARIABLE = 'TRUECHIMER_PAUSES';

/** The files. */
export const EVENTS_FILE = 'events.jsonl';
export const STATE_FILE = 'state.json';
export const BEAT_FILE = 'beat.json';

/** What the detector is told. */
export interface PausesOrders {
  readonly folder: string;
  readonly intervalMs: number;
  readonly thresholdMs: number;
  readonly watchdog: { readonly blockMs: number; readonly stderr: boolean } | null;
  /** The program's own NODE_OPTIONS, which it gets back; null when there were none. */
  readonly nodeOptions: string | null;
}

/** One event. */
export type PausesMessage =
  | { readonly type: 'started'; readonly process: WatchedProcess }
  | { readonly type: 'pause'; readonly pause: ReportedPause }
  | { readonly type: 'step'; readonly step: ReportedStep };

/** What is known so far besides the events. */
export interface PausesState {
  readonly elapsedMs: number;
  /** The machine's monotonic clock, which both processes read. */
  readonly hrtimeMs: number;
  readonly isFinal: boolean;
  readonly lateness: LatenessPair;
  readonly capabilities: PauseCapabilities;
}

/** That the main thread ran: cheap, so that it can be written often. */
export type PausesBeat = Pick<PausesState, 'elapsedMs' | 'hrtimeMs'>;

/** How often the main thread shows itself to the command: how short a silence at the end can be known. */
export const BEAT_EVERY_MS = 100;

/** NODE_OPTIONS with the preload in front of what was there. The double quotes let the path have blanks. */
export function nodeOptionsWith(preload: string, existing: string | undefined): string {
  const own = `--require ${JSON.stringify(preload)}`;
  return existing === undefined || existing.trim() === '' ? own : `${own} ${existing}`;
}

/**
 * Whether the script is a package manager's: it only starts the program, which is what is meant.
 *
 * `npm`, `npx`, `yarn`, `pnpm`, `pnpx` and `corepack`, by whatever name they are installed.
 */
export function isPackageManager(script: string | undefined): boolean {
  const name = script?.split(/[/\\]/).at(-1) ?? '';
  return /^(?:npm|npx|yarn|pnpm|pnpx|corepack)(?:-cli)?(?:\.[cm]?js)?$/.test(name);
}

/** Lines that arrive in pieces. The last one may still be incomplete. */
export class MessageReader {
  #rest = '';

  /** The messages that are complete now; a line that is none (the machine crashed) is left out. */
  read(chunk: string): readonly PausesMessage[] {
    const lines = `${this.#rest}${chunk}`.split('\n');
    this.#rest = lines.pop() ?? '';
    return lines.flatMap((line) => {
      const message = parseLine(line) as PausesMessage | undefined;
      return message === undefined ? [] : [message];
    });
  }
}

/** The state: the first line of its file; what follows is left from a longer one. */
export function parseState(text: string): PausesState | undefined {
  return parseLine(text.split('\n')[0] ?? '') as PausesState | undefined;
}

/** The beat: as the state. */
export function parseBeat(text: string): PausesBeat | undefined {
  return parseLine(text.split('\n')[0] ?? '') as PausesBeat | undefined;
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
