/**
 * Runs a program with the detector inside and tells what it saw.
 *
 * The program has the terminal: its streams are handed down as they are, and everything of ours goes to stderr.
 */
import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants as systemConstants } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock, TimerHandle } from '../core/index.ts';
import type { Machine } from './machine.ts';
import { VERSION } from './machine.ts';
import { type Environment, type Paint, paintFor } from './paint.ts';
import {
  BEAT_FILE,
  EVENTS_FILE,
  nodeOptionsWith,
  ORDERS_VARIABLE,
  parseBeat,
  parseState,
  type PausesMessage,
  type PausesOrders,
  STATE_FILE,
} from './pauses-channel.ts';
import { NewsFile } from './pauses-news.ts';
import { renderPausesPage } from './pauses-page.ts';
import type { PausesOptions } from './pauses-options.ts';
import { makeFolder, refusedFile } from './pauses-places.ts';
import { buildPausesReport, PausesRecord } from './pauses-report.ts';
import type { PausesReport, ProgramEnd } from './pauses-schema.ts';
import { forwardSignals } from './pauses-signals.ts';
import { renderLivePause, renderLiveStep, renderPausesSummary } from './pauses-text.ts';
import type { TerminalStream } from './progress.ts';
import { REPORT_WIDTH_MAX } from './text-report.ts';

/** Exit codes as of `env`, `nohup` and `timeout`: a failure of ours, a program that cannot be run, a program that is not there. */
export const OWN_FAILURE = 125;
const NOT_EXECUTABLE = 126;
const NOT_FOUND = 127;

/** How often is looked for news: a person sees no delay, and it costs next to nothing. */
const LOOK_EVERY_MS = 100;

/** What the run works with. */
export interface PausesContext {
  readonly stdout: TerminalStream;
  readonly stderr: TerminalStream;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly machine: Machine;
}

/** Runs the program; the exit code is the program's. */
export async function runPauses(options: PausesOptions, context: PausesContext): Promise<number> {
  const complain = (what: string): number => {
    context.stderr.write(`truechimer pauses: ${what}\n`);
    return OWN_FAILURE;
  };
  const refusal = refusedFile(options);
  if (refusal !== undefined) return complain(`${refusal} The program was not run.`);
  const made = makeFolder();
  if ('refusal' in made) return complain(`${made.refusal} The program was not run.`);
  const { folder } = made;
  try {
    const run = new PausesRun(options, context, folder);
    const ended = await run.program();
    if (typeof ended === 'number') return ended;
    const report = run.report(ended);
    tell(report, options, context);
    return exitCodeFor(ended);
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    return complain(`the report could not be written: ${error.message}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function tell(report: PausesReport, options: PausesOptions, { stdout, stderr, environment }: PausesContext): void {
  const isTerminal = stderr.isTTY === true;
  const columns = (isTerminal ? stderr.columns : undefined) ?? 0;
  const width = columns > 0 ? columns : REPORT_WIDTH_MAX; // a terminal without a size says 0
  stderr.write(`\n${renderPausesSummary(report, { paint: paintFor(isTerminal, environment), width })}`);
  if (options.html !== undefined) {
    writeFileSync(options.html, renderPausesPage(report));
    stderr.write(`\ntimeline: ${options.html}\n`);
  }
  if (options.json === undefined) return;
  const text = `${JSON.stringify(report, undefined, 2)}\n`;
  if (options.json === '-') stdout.write(text);
  else writeFileSync(options.json, text);
}

function exitCodeFor(ended: ProgramEnd): number {
  if (ended.how === 'exit') return ended.code;
  const numbers: Readonly<Record<string, number>> = systemConstants.signals;
  return 128 + (numbers[ended.signal] ?? 0);
}

/** One run of the program. */
class PausesRun {
  readonly #options: PausesOptions;
  readonly #context: PausesContext;
  readonly #folder: string;
  readonly #record = new PausesRecord();
  readonly #news: NewsFile;
  readonly #paint: Paint;
  #startedAtMs = 0;
  /** When the watched process was gone; what started it may go on. */
  #endedHrtimeMs: number | undefined;

  constructor(options: PausesOptions, context: PausesContext, folder: string) {
    this.#options = options;
    this.#context = context;
    this.#folder = folder;
    this.#news = new NewsFile(join(folder, EVENTS_FILE));
    this.#paint = paintFor(context.stderr.isTTY === true, context.environment);
  }

  /** How the program ended, or the exit code when it could not be run. */
  async program(): Promise<ProgramEnd | number> {
    const [file = '', ...rest] = this.#options.command;
    this.#startedAtMs = this.#context.clock.port.wallMs();
    const child = spawn(file, rest, { stdio: 'inherit', env: this.#environment() });
    const stopForwarding = forwardSignals(child, this.#hasTerminal());
    const stopLooking = every(this.#context.clock, () => {
      this.#look();
    });
    try {
      return await new Promise((resolve) => {
        child.once('error', (error: NodeJS.ErrnoException) => {
          resolve(this.#refused(file, error));
        });
        child.once('exit', (code, signal) => {
          this.#endedHrtimeMs ??= hrtimeMs();
          resolve(signal === null ? { how: 'exit', code: code ?? 0 } : { how: 'signal', signal });
        });
      });
    } finally {
      stopLooking();
      stopForwarding();
      this.#look();
      this.#news.close();
    }
  }

  report(ended: ProgramEnd): PausesReport {
    const { platform, arch } = this.#context.machine;
    return buildPausesReport(this.#record, {
      version: VERSION,
      platform,
      arch,
      options: this.#options,
      startedAtMs: this.#startedAtMs,
      ended,
      endedHrtimeMs: this.#endedHrtimeMs ?? hrtimeMs(),
      state: this.#kept(STATE_FILE, parseState),
      beat: this.#kept(BEAT_FILE, parseBeat),
    });
  }

  #hasTerminal(): boolean {
    const { stdout, stderr } = this.#context;
    return process.stdin.isTTY || stdout.isTTY === true || stderr.isTTY === true;
  }

  #environment(): NodeJS.ProcessEnv {
    const existing = this.#context.environment['NODE_OPTIONS'];
    const { intervalMs, thresholdMs, watchdog, quiet } = this.#options;
    const orders: PausesOrders = {
      folder: this.#folder,
      intervalMs,
      thresholdMs,
      watchdog: watchdog === undefined ? null : { blockMs: watchdog.blockMs, stderr: !quiet },
      nodeOptions: existing ?? null,
    };
    const preload = fileURLToPath(new URL('pauses-preload.cjs', import.meta.url));
    return {
      ...this.#context.environment,
      NODE_OPTIONS: nodeOptionsWith(preload, existing),
      [ORDERS_VARIABLE]: JSON.stringify(orders),
    };
  }

  #refused(file: string, error: NodeJS.ErrnoException): number {
    const isMissing = error.code === 'ENOENT';
    const remedy = isMissing ? 'Is it in PATH?' : 'Give it to node, or make it executable.';
    this.#context.stderr.write(
      `truechimer pauses: requires a program that can be run, got ${file}: ${error.message}. ${remedy}\n`,
    );
    return isMissing ? NOT_FOUND : NOT_EXECUTABLE;
  }

  #look(): void {
    for (const message of this.#news.read()) {
      this.#record.add(message);
      const line = this.#options.quiet ? '' : lineFor(message, this.#paint);
      if (line !== '') this.#context.stderr.write(line);
    }
    const watched = this.#record.process;
    if (watched !== undefined && isGone(watched.pid)) this.#endedHrtimeMs ??= hrtimeMs();
  }

  #kept<T>(file: string, parse: (text: string) => T | undefined): T | undefined {
    try {
      return parse(readFileSync(join(this.#folder, file), 'utf8'));
    } catch {
      return undefined; // no Node.js process took the orders
    }
  }
}

function hrtimeMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** A process that this one cannot see (in a container) is gone, too: then nothing is said of a silence. */
function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

function lineFor(message: PausesMessage, paint: Paint): string {
  if (message.type === 'pause') return renderLivePause(message.pause, paint);
  return message.type === 'step' ? renderLiveStep(message.step, paint) : '';
}

function every(clock: Clock, act: () => void): () => void {
  const arm = (): TimerHandle =>
    clock.port.setTimer(
      () => {
        timer = arm();
        act();
      },
      LOOK_EVERY_MS,
      { keepsAlive: false },
    );
  let timer = arm();
  return () => {
    timer.cancel();
  };
}
