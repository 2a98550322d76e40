/**
 * What is injected, what it must be called, and how much of what the witness saw it was.
 */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FakeWallClock } from '../servers/fake-time.ts';
import type { ControlGroup } from './control-group.ts';
import { freezing, freezingV1, type Held, type Hold, holdFor, starveFor, stopping, tracing } from './holds.ts';
import type { ActName, Truth } from './protocol.ts';
import type { Subject } from './subject.ts';

/** What an injection has at hand. */
export interface Stage {
  readonly subject: Subject;
  readonly group: ControlGroup | undefined;
  readonly wallClock: FakeWallClock | undefined;
  /** The compiled tracer. */
  readonly tracer: string | undefined;
  /** A folder on storage, for one injection at a time. */
  readonly folder: string;
  /** A number from 0 to 1 that was drawn for this trial. */
  readonly draw: number;
}

/** What was really done. */
export interface Injected extends Held {
  /** How long the cause itself lasted; the rest was others' work on this machine. */
  readonly causeMs: number;
  /** How far the wall clock was set. */
  readonly stepMs?: number;
}

/** One injection. */
export interface Injection {
  readonly name: string;
  /** The cause that it must be given; none where nothing pauses. */
  readonly expected: string | undefined;
  /** Belongs to the quick look. */
  readonly quick: boolean;
  readonly needs?: 'tracer' | 'wall clock' | 'unified' | 'freezer' | 'quota' | 'scheduling' | 'gc';
  /** A subject cannot be used again afterwards. */
  readonly spoils?: boolean;
  readonly inject: (stage: Stage) => Promise<Injected>;
}

/** The quota: 10 ms of every 100 ms. */
export const QUOTA = { quotaUs: 10_000, periodUs: 100_000 };

const IDLE_MS = 600;
/** Of processor time: at 10 ms a period it takes three of them. */
const QUOTA_SPIN_MS = 30;

/** All, in the order of the table. */
export const INJECTIONS: readonly Injection[] = [
  { name: 'idle', expected: undefined, quick: true, inject: idle },
  acting('spin', 'cpu', 'spin', ({ runMs }) => runMs),
  acting('JSON.parse', 'cpu', 'json', ({ runMs }) => runMs),
  acting('pbkdf2Sync', 'cpu', 'pbkdf2', ({ runMs }) => runMs),
  // V8 collects on other threads, too; the main thread may wait for them.
  { ...acting('collection', 'gc', 'collect', ({ cpuMs }) => cpuMs), needs: 'gc' },
  acting('Atomics.wait', 'blocked', 'wait', offMs),
  acting('spawnSync', 'blocked', 'spawn', offMs),
  // It writes half a gigabyte and more.
  acting('fsync', 'blocked', 'fsync', offMs, false),
  holding('SIGSTOP, long', 'stopped', [500, 1500], ({ subject }) => stopping(subject)),
  holding('SIGSTOP, short', 'stopped', [120, 200], ({ subject }) => stopping(subject)),
  inSpin('SIGSTOP in a spin', 'stopped', ({ subject }) => stopping(subject)),
  holding('debugger', 'external-stop', [400, 1600], traced, { needs: 'tracer' }),
  holding('freezer v2', 'frozen', [300, 900], ({ group }) => freezing(required(group)), { needs: 'unified' }),
  {
    ...inSpin('freezer v2 in a spin', 'frozen', ({ group }) => freezing(required(group))),
    needs: 'unified',
    quick: false,
  },
  holding('freezer v1', 'external-stop', [400, 1600], ({ group }) => freezingV1(required(group)), { needs: 'freezer' }),
  { name: 'quota', expected: 'throttled', quick: true, needs: 'quota', inject: throttle },
  { name: 'starved', expected: 'starved', quick: true, needs: 'scheduling', spoils: true, inject: starve },
  { name: 'wall step', expected: undefined, quick: true, needs: 'wall clock', inject: stepWall },
];

function between([least, most]: readonly [number, number], draw: number): number {
  return least + (most - least) * draw;
}

function offMs({ fromMs, toMs, runMs, waitMs }: Truth): number {
  return toMs - fromMs - runMs - waitMs;
}

function acting(
  name: string,
  expected: string,
  act: ActName,
  causeMs: (truth: Truth) => number,
  quick = true,
): Injection {
  return {
    name,
    expected,
    quick,
    inject: async ({ subject, draw, folder }) => {
      const truth = await subject.act(act, between([180, 320], draw), join(folder, 'synced'));
      const lastedMs = truth.toMs - truth.fromMs;
      return { ...truth, causeMs: Math.max(0, Math.min(lastedMs, causeMs(truth))) };
    },
  };
}

function holding(
  name: string,
  expected: string,
  lengthMs: readonly [number, number],
  hold: (stage: Stage) => Hold,
  more: Partial<Injection> = {},
): Injection {
  return {
    name,
    expected,
    quick: true,
    inject: async (stage) => heldFor(await holdFor(stage.subject, hold(stage), between(lengthMs, stage.draw))),
    ...more,
  };
}

/** The subject computes in one callback until the hold is over, so its event loop is not in its poll. */
function inSpin(name: string, expected: string, hold: (stage: Stage) => Hold): Injection {
  return {
    name,
    expected,
    quick: true,
    inject: async (stage) => {
      const { subject, folder, draw } = stage;
      const file = join(folder, 'over');
      rmSync(file, { force: true });
      const acted = subject.act('spin-until', 0, file);
      try {
        await subject.until('spins', () => subject.output.includes('spinning'));
        const held = await holdFor(subject, hold(stage), between([500, 1000], draw), () => {
          writeFileSync(file, '');
        });
        await acted;
        return heldFor(held);
      } finally {
        if (!existsSync(file)) writeFileSync(file, '');
        await acted.catch(() => undefined);
      }
    },
  };
}

function traced({ subject, tracer }: Stage): Hold {
  return tracing(subject, required(tracer));
}

function heldFor(held: Held): Injected {
  return { ...held, causeMs: held.toMs - held.fromMs };
}

async function idle({ subject }: Stage): Promise<Injected> {
  await subject.rest(IDLE_MS);
  return { fromMs: NaN, toMs: NaN, causeMs: 0 };
}

async function throttle({ subject, group }: Stage): Promise<Injected> {
  const quota = required(group);
  const isUnified = quota.tryRead('cpu.max') !== undefined;
  const throttledMs = (): number =>
    isUnified ? quota.count('cpu.stat', 'throttled_usec') / 1e3 : quota.count('cpu.stat', 'throttled_time') / 1e6;
  const [file, off, on] = isUnified
    ? ['cpu.max', 'max', `${QUOTA.quotaUs} ${QUOTA.periodUs}`]
    : ['cpu.cfs_quota_us', '-1', String(QUOTA.quotaUs)];
  if (!isUnified) quota.write('cpu.cfs_period_us', String(QUOTA.periodUs));
  const before = throttledMs();
  quota.write(file, on);
  try {
    const truth = await subject.act('spin', QUOTA_SPIN_MS);
    return { ...truth, causeMs: Math.min(throttledMs() - before, truth.toMs - truth.fromMs) };
  } finally {
    quota.write(file, off);
  }
}

async function starve({ subject, draw }: Stage): Promise<Injected> {
  return heldFor(await starveFor(subject, between([250, 600], draw)));
}

const STEPS_MS = [-3_600_000, -5000, -100, 100, 5000, 3_600_000] as const;

/** From where it was, so that every step has its size. */
function stepWall({ wallClock, draw }: Stage): Promise<Injected> {
  const stepMs = STEPS_MS[Math.floor(draw * STEPS_MS.length)] ?? 100;
  const clock = required(wallClock);
  clock.setOffset(clock.offsetMs + stepMs);
  return Promise.resolve({ fromMs: NaN, toMs: NaN, causeMs: 0, stepMs });
}

function required<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('the stage lacks what this injection needs');
  return value;
}
