/**
 * A real server of our own: on free loopback ports, in a fresh temporary folder, started and ended by its pid.
 *
 * What differs between servers is a plan: the command, how to ask whether it answers, how to end it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePorts } from './free-port.ts';
import { remember, type Leftover } from './leftovers.ts';
import type { Account } from './server-binary.ts';

/** Where one server lives. */
export interface Place {
  readonly folder: string;
  /** The first one is the clients'. */
  readonly ports: readonly [number, ...number[]];
}

/** One kind of server. */
export interface ServerPlan {
  readonly name: string;
  readonly portCount: number;
  readonly binary: string;
  readonly args: (place: Place) => readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Whom it runs as; by default this process's user. */
  readonly account?: Account | undefined;
  /** Lays its data out, once. */
  readonly prepare?: (folder: string) => Promise<void>;
  /** Whether this very process answers its clients; a throw is a no. */
  readonly answers: (place: Place, pid: number) => Promise<boolean>;
  readonly url: (port: number) => string;
  /** Ends it in good order. */
  readonly stopSignal: NodeJS.Signals;
  /** Ends it at once when nobody is left to wait for it. */
  readonly abandonSignal: NodeJS.Signals;
  /** How long it may take to answer, in ms; default `START_MAX_MS`. */
  readonly startMaxMs?: number;
}

/** A server that does not answer within this time has failed to start; machines under load take several seconds. */
export const START_MAX_MS = 60_000;
/** A server that does not end in good order within this time is killed. */
const STOP_MAX_MS = 15_000;
/** Starts at other ports when somebody was faster to a free one, and restarts while the old one's traces go away. */
const ATTEMPTS_MAX = 20;
const POLL_MS = 10;
const RETRY_MS = 100;
/** How much of the log an error shows. */
const LOG_TAIL_CHARS = 2_000;

/** Linux ends the server when the process that started it dies, even by SIGKILL; elsewhere only our exit hook does. */
const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));

export class Server implements AsyncDisposable {
  readonly host = '127.0.0.1';
  readonly port: number;
  readonly url: string;
  /** Its data and logs; removed by `stop`. */
  readonly folder: string;
  readonly #plan: ServerPlan;
  readonly #place: Place;
  readonly #leftover: Leftover;
  readonly #forget: () => void;
  #child: ChildProcess | undefined;
  #launches = 0;
  #stopping: Promise<void> | undefined;

  private constructor(plan: ServerPlan, place: Place) {
    this.#plan = plan;
    this.#place = place;
    this.folder = place.folder;
    this.port = place.ports[0];
    this.url = plan.url(this.port);
    this.#leftover = { pid: undefined, signal: plan.abandonSignal, folder: place.folder };
    this.#forget = remember(this.#leftover);
  }

  /** Starts a new server; resolves when it answers, rejects with the end of its log when it does not. */
  static async start(plan: ServerPlan): Promise<Server> {
    const folder = await mkdtemp(join(tmpdir(), `truechimer-${plan.name}-`));
    const forget = remember({ pid: undefined, signal: plan.abandonSignal, folder });
    try {
      if (plan.account !== undefined) await chown(folder, plan.account.uid, plan.account.gid);
      await plan.prepare?.(folder);
      for (let attempt = 1; ; attempt += 1) {
        const [first, ...rest] = await freePorts(plan.portCount);
        const server = new Server(plan, { folder, ports: [first ?? 0, ...rest] });
        try {
          await server.#launch();
          return server;
        } catch (error) {
          server.#forget();
          if (attempt === ATTEMPTS_MAX || !/address already in use/i.test(server.log())) throw error;
        }
      }
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    } finally {
      forget();
    }
  }

  /** As `url`, for clients that come by way of another port, such as a proxy's. */
  urlAt(port: number): string {
    return this.#plan.url(port);
  }

  /** The process; another one after a restart, undefined while the server is down. */
  get pid(): number | undefined {
    return this.#leftover.pid;
  }

  /** What it has written since it was last started. */
  log(): string {
    return existsSync(this.#logFile) ? readFileSync(this.#logFile, 'utf8') : '';
  }

  /** Crashes it: the process and its children are gone when this resolves, its data stays. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Stops the process and its present children in their tracks: connections stay open, nothing answers. */
  pause(): void {
    this.#signalAll('SIGSTOP');
  }

  /** Lets it go on. */
  resume(): void {
    this.#signalAll('SIGCONT');
  }

  /** Starts it again with its data on its port, after ending it in good order if it is still running. */
  async restart(): Promise<void> {
    if (this.#stopping !== undefined) throw new Error(`${this.#plan.name}: restart: it was stopped, its data is gone`);
    await this.#end(this.#plan.stopSignal);
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#launch();
        return;
      } catch (error) {
        if (attempt === ATTEMPTS_MAX) throw error;
        await delay(RETRY_MS);
      }
    }
  }

  /** Ends it and removes its data; resolves when the process is gone. */
  stop(): Promise<void> {
    this.#stopping ??= this.#end(this.#plan.stopSignal).then(async () => {
      await rm(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
      this.#forget();
    });
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  get #logFile(): string {
    return join(this.folder, `server-${this.#launches}.log`);
  }

  async #launch(): Promise<void> {
    this.#launches += 1;
    const { name, answers, stopSignal, startMaxMs = START_MAX_MS } = this.#plan;
    const child = this.#spawn();
    let failure: unknown;
    const giveUpMs = performance.now() + startMaxMs;
    while (performance.now() < giveUpMs && this.#child === child && child.pid !== undefined) {
      try {
        if (await answers(this.#place, child.pid)) return;
      } catch (error) {
        failure = error;
      }
      await delay(POLL_MS);
    }
    const outcome = this.#child === undefined ? 'ended by itself' : `did not answer within ${startMaxMs} ms`;
    await this.#end(stopSignal);
    throw new Error(`${name}: start: it ${outcome}. Its log ends:\n${this.log().slice(-LOG_TAIL_CHARS)}`, {
      cause: failure,
    });
  }

  #spawn(): ChildProcess {
    const { binary, args, env, account, abandonSignal } = this.#plan;
    const command = [binary, ...args(this.#place)];
    if (SETPRIV !== undefined) command.unshift(SETPRIV, '--pdeathsig', abandonSignal.slice('SIG'.length), '--');
    const [file = binary, ...rest] = command;
    // A log in a file: a pipe that a blocked test does not read would block the server in turn.
    const log = openSync(this.#logFile, 'w');
    const child = spawn(file, rest, {
      cwd: this.folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', log, log],
      ...account,
    });
    closeSync(log);
    child.unref();
    this.#child = child;
    this.#leftover.pid = child.pid;
    const gone = (): void => {
      if (this.#child !== child) return;
      this.#child = undefined;
      this.#leftover.pid = undefined;
    };
    child.once('exit', gone);
    child.once('error', gone);
    return child;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const ended = new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      // One that could not be run has no exit.
      child.once('error', () => resolve());
    });
    child.ref();
    if (signal === 'SIGKILL') {
      this.#signalAll(signal);
    } else {
      child.kill(signal);
      // A paused process is told, too.
      this.#signalAll('SIGCONT');
    }
    const timer = setTimeout(() => this.#signalAll('SIGKILL'), STOP_MAX_MS);
    await ended;
    clearTimeout(timer);
  }

  #signalAll(signal: NodeJS.Signals): void {
    const { pid } = this;
    if (pid === undefined) return;
    for (const each of [pid, ...childrenOf(pid)]) {
      try {
        process.kill(each, signal);
      } catch {
        // It has ended by itself.
      }
    }
  }
}

/** The process's children as Linux lists them; elsewhere, and for a process that is gone, none. */
function childrenOf(pid: number): readonly number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return text
      .split(' ')
      .filter((each) => each !== '')
      .map(Number);
  } catch {
    return [];
  }
}
