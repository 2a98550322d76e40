/**
 * What a witness made of one injection.
 */
import type { Injected, Injection } from './injections.ts';
import type { ToldPause, ToldStep } from './protocol.ts';

/** The monitor's interval and threshold: what is longer must be noticed. */
export const INTERVAL_MS = 50;
export const THRESHOLD_MS = 50;

/** Clocks of two processes are read at two moments. */
export const TOLERANCE_MS = 5;

/**
 * `diluted`: less than this part of what was seen was the injection; the rest was the machine's other work, so that another name may be true.
 * The boundary is above every majority that the rules ask for.
 */
export const DILUTED_BELOW = 0.7;

/** What came of it. */
export type Outcome = 'right' | 'unknown' | 'wrong' | 'missed';

/** One trial, judged. */
export interface Trial {
  readonly injection: string;
  readonly expected: string;
  readonly outcome: Outcome;
  readonly isDiluted: boolean;
  /** What it was called; `none` when nothing was told. */
  readonly reported: string;
  /** For sure so long. */
  readonly leastMs: number;
  readonly gapMs: number;
  readonly maxMs: number;
  /** From the end of the injection until the listener was called. */
  readonly latencyMs: number;
  /** Which part of the gap the injection was. */
  readonly share: number;
  readonly why: Readonly<Record<string, unknown>>;
}

/** Nothing excuses it: named wrong, not noticed, or said to be shorter than it was. */
export function isFailure(trial: Trial): boolean {
  return isWrong(trial) || isMissed(trial) || isTooShort(trial);
}

/** Need not be made again. Where failures are to be confirmed, a failure must. */
export function isDecided(trial: Trial, { confirms = false }: { readonly confirms?: boolean }): boolean {
  return !trial.isDiluted && !(confirms && isFailure(trial));
}

/** Named wrong; a diluted trial may have another name that is as true. */
export function isWrong({ outcome, isDiluted }: Trial): boolean {
  return outcome === 'wrong' && !isDiluted;
}

/** Not noticed, though a pause of that length must be, and so must every step. */
export function isMissed({ outcome, leastMs, expected }: Trial): boolean {
  return outcome === 'missed' && (leastMs >= INTERVAL_MS + THRESHOLD_MS || expected === 'step');
}

/** The true length must lie between what was seen and the greatest length; it is at least the time for which the kernel confirmed it. */
export function isTooShort({ leastMs, gapMs, maxMs }: Trial): boolean {
  if (leastMs === 0 || Number.isNaN(gapMs)) return false;
  return gapMs < leastMs - INTERVAL_MS - TOLERANCE_MS || maxMs < leastMs - TOLERANCE_MS;
}

/** What a process that nothing was done to may suffer on a busy machine. */
const NATURAL: readonly string[] = ['starved', 'stolen', 'throttled'];

/** Judges one. */
export function judge(
  injection: Injection,
  injected: Injected,
  told: { readonly pauses: readonly ToldPause[]; readonly steps: readonly ToldStep[] },
): Trial {
  if (injection.expected === undefined) return judgeQuiet(injection, injected, told);
  const { fromMs, toMs, causeMs } = injected;
  const pause = mostOverlapping(told.pauses, fromMs, toMs);
  const leastMs = toMs - fromMs;
  const common = { injection: injection.name, expected: injection.expected, leastMs };
  // Nothing promises that it is noticed: the storage was too fast, say.
  const isShort = leastMs < INTERVAL_MS + THRESHOLD_MS;
  if (pause === undefined) {
    return { ...common, ...NOTHING, outcome: 'missed', isDiluted: isShort, reported: 'none', share: 0, why: {} };
  }
  const share = Math.min(1, causeMs / pause.gapMs);
  return {
    ...common,
    outcome: pause.cause === injection.expected ? 'right' : pause.cause === 'unknown' ? 'unknown' : 'wrong',
    isDiluted: share < DILUTED_BELOW,
    reported: pause.cause,
    gapMs: pause.gapMs,
    maxMs: pause.maxMs,
    latencyMs: pause.toldMs - toMs,
    share,
    why: pause.why,
  };
}

const NOTHING = { gapMs: NaN, maxMs: NaN, latencyMs: NaN };

/** Nothing paused the process: neither idleness nor a step of the wall clock is a pause. */
function judgeQuiet(
  injection: Injection,
  { stepMs }: Injected,
  { pauses, steps }: { readonly pauses: readonly ToldPause[]; readonly steps: readonly ToldStep[] },
): Trial {
  const expected = stepMs === undefined ? 'none' : 'step';
  // Steps follow the clock's own resolution and slewing; a busy machine is natural, and its pauses are not ours.
  const isStepRight =
    stepMs === undefined ? steps.length === 0 : steps.length === 1 && isAbout(steps[0]?.deltaMs, stepMs);
  const strange = pauses.filter(({ cause }) => !NATURAL.includes(cause));
  const named = strange.find(({ cause }) => cause !== 'unknown');
  const outcome = !isStepRight
    ? stepMs !== undefined && steps.length === 0
      ? 'missed'
      : 'wrong'
    : named !== undefined
      ? 'wrong'
      : strange.length > 0
        ? 'unknown'
        : 'right';
  const worst = named ?? strange[0] ?? pauses[0];
  return {
    injection: injection.name,
    expected,
    outcome,
    isDiluted: false,
    reported: outcome === 'right' ? expected : (worst?.cause ?? (steps.length > 0 ? 'step' : 'none')),
    leastMs: 0,
    gapMs: worst?.gapMs ?? NaN,
    maxMs: worst?.maxMs ?? NaN,
    latencyMs: NaN,
    share: 0,
    why: { ...worst?.why, steps },
  };
}

/** The wall clock counts whole milliseconds, and another one passes between two readings. */
const STEP_TOLERANCE_MS = 10;

function isAbout(deltaMs: number | undefined, stepMs: number): boolean {
  return deltaMs !== undefined && Math.abs(deltaMs - stepMs) <= STEP_TOLERANCE_MS;
}

function mostOverlapping(pauses: readonly ToldPause[], fromMs: number, toMs: number): ToldPause | undefined {
  const overlapMs = ({ endMs, gapMs }: ToldPause): number => Math.min(endMs, toMs) - Math.max(endMs - gapMs, fromMs);
  return pauses.filter((pause) => overlapMs(pause) > 0).sort((a, b) => overlapMs(b) - overlapMs(a))[0];
}
