/**
 * Ways to hold a process from outside. Each is confirmed by the kernel before its time counts, and again before it ends.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { ControlGroup } from './control-group.ts';
import { NotInjected } from './not-injected.ts';
import { sharedNowMs } from './protocol.ts';
import { dyingWithParent, type Subject } from './subject.ts';

/** The time for which the kernel said that it was held; it was held at least so long. */
export interface Held {
  readonly fromMs: number;
  readonly toMs: number;
}

/** One way. */
export interface Hold {
  begin(): void | Promise<void>;
  isHeld(): boolean;
  end(): void | Promise<void>;
}

/** Holds it for that long, by this process's clock. @throws When it was not held all the time. */
export async function holdFor(
  subject: Subject,
  hold: Hold,
  ms: number,
  beforeEnd: () => void = () => {},
): Promise<Held> {
  try {
    await hold.begin();
    await subject.until('is held', () => hold.isHeld());
    const fromMs = sharedNowMs();
    while (sharedNowMs() < fromMs + ms) await delay(Math.max(1, fromMs + ms - sharedNowMs()));
    if (!hold.isHeld()) throw new NotInjected('the subject went on by itself');
    beforeEnd();
    return { fromMs, toMs: sharedNowMs() };
  } finally {
    await hold.end();
  }
}

/** SIGSTOP and SIGCONT. */
export function stopping(subject: Subject): Hold {
  return {
    begin: () => {
      subject.kill('SIGSTOP');
    },
    isHeld: () => subject.states().every((state) => state === 'T'),
    end: () => {
      subject.kill('SIGCONT');
    },
  };
}

/** A debugger; `program` is the compiled tracer. */
export function tracing(subject: Subject, program: string): Hold {
  let tracer: ChildProcess | undefined;
  let said = '';
  return {
    begin: () => {
      const [file, ...args] = dyingWithParent([program, String(subject.pid)]);
      tracer = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] });
      for (const stream of [tracer.stdout, tracer.stderr]) {
        stream?.on('data', (data: Buffer) => (said += data.toString()));
      }
    },
    isHeld: () => {
      if (tracer !== undefined && tracer.exitCode !== null)
        throw new NotInjected(`the tracer could not hold it: ${said}`);
      return said.includes('held') && subject.states().every((state) => state === 't');
    },
    end: () => {
      tracer?.stdin?.end();
    },
  };
}

/** The freezer of version 2. */
export function freezing(group: ControlGroup): Hold {
  return {
    begin: () => {
      group.write('cgroup.freeze', '1');
    },
    isHeld: () => group.count('cgroup.events', 'frozen') === 1,
    end: () => {
      group.write('cgroup.freeze', '0');
    },
  };
}

/** The freezer of version 1. */
export function freezingV1(group: ControlGroup): Hold {
  return {
    begin: () => {
      group.write('freezer.state', 'FROZEN');
    },
    isHeld: () => group.read('freezer.state').trim() === 'FROZEN',
    end: () => {
      group.write('freezer.state', 'THAWED');
    },
  };
}

const HOGS = 3;
/** Ready, but not run for so long: what is looked at is the time that the scheduler counts, in between which it might have run. */
const LOOK_EVERY_MS = 4;

/**
 * Starves it for that long: it gets the idle policy and one processor, which others want all the time. What counts is how long the kernel
 * said that its main thread was ready and did not run.
 */
export async function starveFor(subject: Subject, ms: number): Promise<Held> {
  const processor = lastProcessor();
  run('taskset', ['--all-tasks', '--cpu-list', '--pid', processor, String(subject.pid)]);
  run('chrt', ['--all-tasks', '--idle', '--pid', '0', String(subject.pid)]);
  const hogs = Array.from({ length: HOGS }, () => {
    const [file, ...args] = dyingWithParent(['taskset', '--cpu-list', processor, 'sh', '-c', 'while :; do :; done']);
    return spawn(file, args, { stdio: 'ignore' });
  });
  try {
    let fromMs = sharedNowMs();
    let ranNs = NaN;
    await subject.until(
      'is starved',
      () => {
        const { state, runNs } = mainThread(subject.pid);
        const nowMs = sharedNowMs();
        if (state !== 'R' || runNs !== ranNs) fromMs = nowMs;
        ranNs = runNs;
        return nowMs - fromMs >= ms;
      },
      LOOK_EVERY_MS,
    );
    return { fromMs, toMs: sharedNowMs() };
  } finally {
    for (const hog of hogs) hog.kill('SIGKILL');
  }
}

function mainThread(pid: number): { readonly state: string; readonly runNs: number } {
  const stat = readFileSync(`/proc/${pid}/task/${pid}/stat`, 'utf8');
  const [run] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ');
  return { state: stat.charAt(stat.lastIndexOf(')') + 2), runNs: Number(run) };
}

/** One of those that this process may use. */
function lastProcessor(): string {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return /\d+$/.exec(list)?.[0] ?? '0';
}

function run(file: string, args: readonly string[]): void {
  try {
    execFileSync(file, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    throw NotInjected.because(error);
  }
}
