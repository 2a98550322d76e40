/**
 * The subject as its parent sees it: a process to give orders to, what it and its witness told, and an end by its pid.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { type Leftover, remember } from '../servers/leftovers.ts';
import { NotInjected } from './not-injected.ts';
import type { ActName, Answer, Order, ToldPause, ToldStep, Truth } from './protocol.ts';

/** How a subject is run. */
export interface SubjectStart {
  /** The built program. */
  readonly program: string;
  /** Arguments of the program: which witness, where there are several. */
  readonly args?: readonly string[];
  readonly execArgv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Called with its pid before its witness starts, to put it where it shall be. */
  readonly settle?: (pid: number) => void;
}

/** It has none of its own; removing what does not exist is no error. */
const NO_FOLDER = '/nonexistent/truechimer-subject';
const POLL_MS = 2;

/** How often it is looked whether who has to answer is still there: whoever polls makes a machine look busy before it is held. */
const ANSWER_MS = 200;
const TAIL_CHARS = 2000;
/** Whoever is not done after this long has been forgotten by the machine; generous, since machines are busy. */
const LIMIT_MS = 120_000;

/** Linux ends the subject when this process dies, even when it is stopped. */
const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));

/** A command that ends with this process, where this machine has the means. */
export function dyingWithParent(command: readonly string[]): readonly [string, ...string[]] {
  const [file = '', ...args] = SETPRIV === undefined ? command : [SETPRIV, '--pdeathsig', 'KILL', '--', ...command];
  return [file, ...args];
}

export class Subject {
  readonly #child: ChildProcess;
  readonly #leftover: Leftover;
  readonly #forget: () => void;
  readonly #exited: Promise<void>;
  readonly #answers: Answer[] = [];
  #out = '';
  #err = '';
  /** What its witness can read. */
  capabilities: Readonly<Record<string, boolean>> = {};

  private constructor(start: SubjectStart) {
    const [file, ...args] = dyingWithParent([
      process.execPath,
      ...(start.execArgv ?? []),
      start.program,
      ...(start.args ?? []),
    ]);
    this.#child = spawn(file, args, {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, NODE_OPTIONS: '', ...start.env },
    });
    this.#leftover = { pid: this.#child.pid, signal: 'SIGKILL', folder: NO_FOLDER };
    this.#forget = remember(this.#leftover);
    this.#exited = new Promise((resolve) => {
      this.#child.once('exit', () => {
        resolve();
      });
      this.#child.once('error', (error) => {
        this.#err += String(error);
        resolve();
      });
    });
    this.#child.stdout?.on('data', (data: Buffer) => (this.#out = (this.#out + data.toString()).slice(-TAIL_CHARS)));
    this.#child.stderr?.on('data', (data: Buffer) => (this.#err = (this.#err + data.toString()).slice(-TAIL_CHARS)));
    this.#child.on('message', (answer: Answer) => this.#answers.push(answer));
  }

  /** Starts it; resolves once its witness watches. */
  static async start(start: SubjectStart): Promise<Subject> {
    const subject = new Subject(start);
    try {
      await subject.until('says hello', () => subject.#answers.some(({ said }) => said === 'hello'));
      start.settle?.(subject.pid);
      const { capabilities } = await subject.#ask({ order: 'start' }, 'started');
      subject.capabilities = capabilities;
      return subject;
    } catch (error) {
      await subject.end();
      throw error;
    }
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** Pauses told so far. */
  get pauses(): readonly ToldPause[] {
    return this.#answers.filter((answer) => answer.said === 'pause');
  }

  /** Steps of the wall clock told so far. */
  get steps(): readonly ToldStep[] {
    return this.#answers.filter((answer) => answer.said === 'step');
  }

  /** How often a block was told so far. */
  get blockCount(): number {
    return this.#answers.filter(({ said }) => said === 'block').length;
  }

  /** What it has written to its standard output. */
  get output(): string {
    return this.#out;
  }

  /** Forgets what it was told: the next trial begins. */
  forget(): void {
    this.#answers.length = 0;
    this.#out = '';
  }

  /** Lets it act; resolves to what the act was. */
  act(act: ActName, ms: number, file = ''): Promise<Truth> {
    return this.#ask({ order: 'act', act, ms, file }, 'acted');
  }

  /** Lets its event loop turn, until its witness must have told what has happened. */
  async rest(ms: number): Promise<void> {
    await this.#ask({ order: 'rest', ms }, 'rested');
  }

  /** Asks its witness for figures. */
  async figures(): Promise<Readonly<Record<string, number>>> {
    return (await this.#ask({ order: 'ask' }, 'asked')).figures;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** The states of all its threads, as letters of proc_pid_stat(5). */
  states(): readonly string[] {
    return readdirSync(`/proc/${this.pid}/task`).flatMap((thread) => {
      try {
        // After the command's name in parentheses comes the state.
        const stat = readFileSync(`/proc/${this.pid}/task/${thread}/stat`, 'utf8');
        return [stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3)];
      } catch {
        return []; // That thread has just ended.
      }
    });
  }

  /** Resolves once it is so, throws when the process has ended. */
  async until(what: string, isSo: () => boolean, pollMs: number = POLL_MS): Promise<void> {
    const lateMs = performance.now() + LIMIT_MS;
    while (!isSo()) {
      const { exitCode, signalCode } = this.#child;
      const isGone = exitCode !== null || signalCode !== null || this.#child.pid === undefined;
      if (isGone || performance.now() > lateMs) {
        if (!isGone) throw new NotInjected(`subject, until it ${what}: it took too long\n${this.#err}`);
        throw new Error(`subject, until it ${what}: it has ended (${exitCode ?? signalCode})\n${this.#err}`);
      }
      await this.#news(pollMs);
    }
  }

  /** Ends it; resolves when it is gone. */
  async end(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
    this.#forget();
  }

  /** Resolves when it says something, or after that long. */
  #news(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const told = (): void => {
        clearTimeout(timer);
        this.#child.off('message', told);
        resolve();
      };
      const timer = setTimeout(told, ms);
      this.#child.on('message', told);
    });
  }

  async #ask<Said extends Answer['said']>(order: Order, said: Said): Promise<Extract<Answer, { said: Said }>> {
    const from = this.#answers.length;
    this.#child.send(order, () => undefined);
    let found: Answer | undefined;
    const isSo = (): boolean => {
      found = this.#answers.slice(from).find((answer) => answer.said === said);
      return found !== undefined;
    };
    await this.until(`has ${said}`, isSo, ANSWER_MS);
    return found as Extract<Answer, { said: Said }>;
  }
}
