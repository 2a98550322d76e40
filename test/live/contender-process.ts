/**
 * A contender as its parent sees it: a process to command, a journal to read, and an end by its pid.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type Leftover, remember } from '../servers/leftovers.ts';
import type { Command, ContenderPlan } from './contender.ts';
import type { LiveRecord } from './record.ts';

/** How a contender is run. */
export interface ContenderStart {
  /** The built program. */
  readonly program: string;
  readonly plan: ContenderPlan;
  readonly env: Readonly<Record<string, string>>;
  /** For the leftovers: removed with the process. */
  readonly folder: string;
}

const POLL_MS = 15;
/** How much of what it said an error shows. */
const TAIL_CHARS = 1500;

/** Linux ends the contender when this process dies, even when it is stopped. */
const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));

export class ContenderProcess {
  readonly #child: ChildProcess;
  readonly #journal: string;
  readonly #leftover: Leftover;
  readonly #forget: () => void;
  readonly #exited: Promise<void>;
  readonly #deadlineMs: number;
  #said = '';
  #isReady = false;

  constructor(start: ContenderStart, deadlineMs: number) {
    const command = [process.execPath, start.program, JSON.stringify(start.plan)];
    if (SETPRIV !== undefined) command.unshift(SETPRIV, '--pdeathsig', 'KILL', '--');
    const [file = process.execPath, ...args] = command;
    this.#child = spawn(file, args, {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, ...start.env },
    });
    this.#deadlineMs = deadlineMs;
    this.#journal = start.plan.journal;
    this.#leftover = { pid: this.#child.pid, signal: 'SIGKILL', folder: start.folder };
    this.#forget = remember(this.#leftover);
    this.#exited = new Promise((resolve) => {
      this.#child.once('exit', () => resolve());
      this.#child.once('error', () => resolve());
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (data: Buffer) => (this.#said = (this.#said + data.toString()).slice(-TAIL_CHARS)));
    }
    this.#child.on('message', () => (this.#isReady = true));
  }

  /** Resolves when it is connected. */
  async ready(): Promise<void> {
    await this.#poll('is connected', () => this.#isReady);
  }

  tell(command: Command): void {
    this.#child.send(command, () => undefined);
  }

  /** Its journal so far. */
  records(): readonly LiveRecord[] {
    if (!existsSync(this.#journal)) return [];
    const lines = readFileSync(this.#journal, 'utf8').split('\n');
    return lines.slice(0, -1).map((line) => JSON.parse(line) as LiveRecord);
  }

  /** Resolves once its journal is so; throws when the process ends first, or the scenario's time is up. */
  async until(what: string, isSo: (records: readonly LiveRecord[]) => boolean): Promise<void> {
    await this.#poll(what, () => isSo(this.records()));
  }

  /** Resolves once the kernel says that it is stopped. */
  async untilStopped(): Promise<void> {
    const { pid } = this.#child;
    // After the command's name in parentheses comes the state.
    await this.#poll('is stopped', () => readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') T '));
  }

  /** SIGCONT. */
  goOn(): void {
    this.#child.kill('SIGCONT');
  }

  /** Ends it; resolves when it is gone. */
  async end(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
    this.#forget();
  }

  async #poll(what: string, isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      const isGone = this.#child.exitCode !== null || this.#child.signalCode !== null;
      if (isGone || performance.now() > this.#deadlineMs) {
        const tail = this.records()
          .slice(-12)
          .map((record) => JSON.stringify(record));
        const why = isGone ? `has ended (${this.#child.exitCode ?? this.#child.signalCode})` : 'took too long';
        throw new Error(`contender: until it ${what}: it ${why}\n${tail.join('\n')}\n${this.#said}`);
      }
      await delay(POLL_MS);
    }
  }
}
