/**
 * Runs injections one after another, and says which cannot be run here.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { FakeWallClock } from '../servers/fake-time.ts';
import { serverBinary } from '../servers/server-binary.ts';
import { ControlGroup, type Hierarchy } from './control-group.ts';
import type { Injected, Injection, Stage } from './injections.ts';
import { INTERVAL_MS, isDecided, judge, type Trial } from './judgement.ts';
import { NotInjected } from './not-injected.ts';
import { Subject } from './subject.ts';
import { TracerProgram } from './tracer.ts';

/** How trials are run. */
export interface TrialPlan {
  readonly program: string;
  /** Arguments of the program. */
  readonly args?: readonly string[];
  /** A folder on storage. */
  readonly folder: string;
  readonly repetitions: number;
  /**
   * A trial that fails does not count but is made again, and so is one that this machine did not make: whoever asks for that looks whether
   * a failure repeats itself. On a machine of any kind a single one may be the machine's own.
   */
  readonly confirms?: boolean;
  /** How long to wait for what a witness tells; for witnesses that look less often than ours. */
  readonly restMs?: number;
  /** Draws from 0 to 1. */
  readonly random: () => number;
  /** Called after each trial, before the subject is told to forget. */
  readonly afterwards?: (trial: Trial, subject: Subject, injected: Injected) => void | Promise<void>;
}

/** What came of one injection, or why it could not be made. */
export interface InjectionRun {
  readonly injection: Injection;
  readonly trials: readonly Trial[];
  readonly skipped?: string;
  /** Why trials did not come about. */
  readonly notInjected?: readonly string[];
}

/** After this long every wake-up that was due has come, and what waits for SIGCONT has been told. */
const REST_MS = 160;
/** A diluted trial says nothing about the injection: it is made again, so often at most; less often where it may stay undecided. */
const AGAIN_MAX = 5;
const AGAIN_MAX_CONFIRMING = 2;

/** Runs one injection with a subject of its own. */
export async function runInjection(injection: Injection, plan: TrialPlan): Promise<InjectionRun> {
  const props = propsFor(injection);
  if (typeof props === 'string') return { injection, trials: [], skipped: props };
  const folder = await mkdtemp(join(plan.folder, 'trial-'));
  const trials: Trial[] = [];
  const notInjected: string[] = [];
  let subject: Subject | undefined;
  try {
    const madeMax = plan.repetitions + (plan.confirms === true ? AGAIN_MAX_CONFIRMING : AGAIN_MAX);
    for (let counted = 0, made = 0; counted < plan.repetitions && made < madeMax; made += 1) {
      let isSpoiled = injection.spoils === true;
      try {
        subject ??= await Subject.start(startOf(injection, plan, props));
        const trial = await runTrial(injection, plan, { ...props, subject, folder, draw: plan.random() });
        trials.push(trial);
        if (isDecided(trial, plan)) counted += 1;
      } catch (error) {
        if (!(error instanceof NotInjected) || plan.confirms !== true) throw error;
        notInjected.push(error.message);
        isSpoiled = true;
      }
      if (!isSpoiled) continue;
      await subject?.end();
      subject = undefined;
    }
    return { injection, trials, notInjected };
  } finally {
    await subject?.end();
    props[Symbol.dispose]();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runTrial(injection: Injection, plan: TrialPlan, stage: Stage): Promise<Trial> {
  const { subject } = stage;
  await subject.rest(REST_MS);
  subject.forget();
  // Where in the monitor's interval it strikes is left to chance.
  await delay(plan.random() * INTERVAL_MS);
  const injected = await injection.inject(stage);
  await subject.rest(plan.restMs ?? REST_MS);
  const trial = judge(injection, injected, subject);
  await plan.afterwards?.(trial, subject, injected);
  return trial;
}

type Props = Pick<Stage, 'group' | 'wallClock' | 'tracer'> & Disposable;

function startOf(injection: Injection, plan: TrialPlan, props: Props): Parameters<typeof Subject.start>[0] {
  const { group, wallClock } = props;
  return {
    program: plan.program,
    args: plan.args ?? [],
    ...(injection.needs === 'gc' && { execArgv: ['--expose-gc'] }),
    ...(wallClock !== undefined && { env: wallClock.env }),
    ...(group !== undefined && {
      settle: (pid: number): void => {
        group.take(pid);
      },
    }),
  };
}

/** What an injection needs, or why it is not to be had. */
function propsFor({ needs }: Injection): Props | string {
  const none = { group: undefined, wallClock: undefined, tracer: undefined, [Symbol.dispose]: (): void => {} };
  if (process.platform !== 'linux') return 'only Linux can confirm an injection';
  if (!existsSync('/proc/self/schedstat')) return 'this kernel does not say what its scheduler did';
  switch (needs ?? 'nothing') {
    case 'nothing':
    case 'gc':
      return none;
    case 'scheduling':
      return missingCommand('taskset', 'chrt', 'sh') ?? none;
    case 'tracer':
    case 'wall clock': {
      const compiler = serverBinary('cc');
      if (compiler.path === undefined) return compiler.reason;
      if (needs === 'wall clock') {
        const wallClock = new FakeWallClock();
        return { ...none, wallClock, [Symbol.dispose]: () => wallClock[Symbol.dispose]() };
      }
      const refusal = refusedTracing();
      if (refusal !== undefined) return refusal;
      const tracer = new TracerProgram();
      return { ...none, tracer: tracer.path, [Symbol.dispose]: () => tracer[Symbol.dispose]() };
    }
    case 'unified':
      return withGroup(none, [['unified', 'cgroup.freeze']]);
    case 'freezer':
      return withGroup(none, [['freezer', 'freezer.state']]);
    case 'quota':
      return withGroup(none, [
        ['cpu', 'cpu.cfs_quota_us'],
        ['unified', 'cpu.max'],
      ]);
  }
}

function withGroup(none: Props, places: readonly (readonly [Hierarchy, string])[]): Props | string {
  const reasons: string[] = [];
  for (const [hierarchy, file] of places) {
    const group = ControlGroup.make(hierarchy, file);
    if (typeof group !== 'string') return { ...none, group, [Symbol.dispose]: () => group.remove() };
    reasons.push(group);
  }
  return reasons.join('; ');
}

function missingCommand(...names: readonly string[]): string | undefined {
  for (const name of names) {
    try {
      execFileSync('sh', ['-c', `command -v ${name}`], { stdio: 'ignore' });
    } catch {
      return `${name} is not on this machine (util-linux)`;
    }
  }
  return undefined;
}

/** Yama lets only ancestors trace, and the tracer is a sibling of the subject; who may do anything may do that, too. */
function refusedTracing(): string | undefined {
  if (process.getuid?.() === 0) return undefined;
  try {
    const scope = readFileSync('/proc/sys/kernel/yama/ptrace_scope', 'utf8').trim();
    return scope === '0' ? undefined : `this machine lets nobody trace a sibling (ptrace_scope is ${scope})`;
  } catch {
    return undefined;
  }
}
