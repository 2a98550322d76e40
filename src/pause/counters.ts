/**
 * Running totals, and what they grew by during a gap.
 *
 * Not every total is read at every wake-up: the slow ones once a second and after a gap. Their growth is then of a longer time than
 * the gap's, and the share that the time before would have had at its usual rate is taken off. Before a rate is known, growth over a
 * time much longer than the gap tells nothing about it, and the signal counts as missing.
 */
import type { PauseEvidence } from './evidence.ts';
import { STANDSTILL_PER_S_MAX } from './cause-conditions.ts';
import { signed } from './evidence-view.ts';

/** Totals since some moment of old, as the system counts them; what was not read this time is left out. Units as in `PauseEvidence`. */
export type PauseCounters = Partial<
  Pick<
    PauseEvidence,
    | 'runMs'
    | 'waitMs'
    | 'threadCpuMs'
    | 'processCpuMs'
    | 'eluActiveMs'
    | 'eluIdleMs'
    | 'throttledMs'
    | 'throttledCount'
    | 'frozenMs'
    | 'stealMs'
    | 'systemSwitchCount'
    | 'interruptCount'
    | 'psiCpuMs'
    | 'psiMemoryMs'
    | 'psiIoMs'
    | 'majorFaultCount'
    | 'voluntarySwitchCount'
    | 'involuntarySwitchCount'
    | 'rtcMs'
    | 'suspendCount'
  >
>;

type CounterName = keyof PauseCounters;

const COUNTERS: Record<CounterName, true> = {
  runMs: true,
  waitMs: true,
  threadCpuMs: true,
  processCpuMs: true,
  eluActiveMs: true,
  eluIdleMs: true,
  throttledMs: true,
  throttledCount: true,
  frozenMs: true,
  stealMs: true,
  systemSwitchCount: true,
  interruptCount: true,
  psiCpuMs: true,
  psiMemoryMs: true,
  psiIoMs: true,
  majorFaultCount: true,
  voluntarySwitchCount: true,
  involuntarySwitchCount: true,
  rtcMs: true,
  suspendCount: true,
};

/** The names of all totals. */
export const PAUSE_COUNTERS: readonly CounterName[] = Object.keys(COUNTERS) as CounterName[];

/** Without a known rate, growth over more than this many windows is not the gap's. */
const WINDOWS_MAX = 2;

/** A rate right before a gap may have been this much larger than it was between the last two readings. */
const RATE_SLACK = 1.5;

interface Total {
  readonly value: number;
  readonly atMs: number;
  /** Growth per ms before that, when it has been read twice. */
  readonly rate: number | undefined;
}

/** When a set of totals was read, and how long the window was that ends there. */
export interface CounterWindow {
  readonly atMs: number;
  readonly windowMs: number;
  /** A gap does not say what is usual. */
  readonly isGap: boolean;
  /** The part of the window before the gap; 0 when left out. */
  readonly intervalMs?: number;
}

/** Remembers totals, and says what they grew by. */
export class CounterBook {
  readonly #totals = new Map<CounterName, Total>();

  /** Enters totals and returns their growth within the window. One that went back was reset: its growth is not known. */
  enter(counters: PauseCounters, window: CounterWindow): PauseCounters {
    const growth: Partial<Record<CounterName, number>> = {};
    for (const name of PAUSE_COUNTERS) {
      const value = signed(counters[name]);
      if (value === undefined) continue;
      const before = this.#totals.get(name);
      const grown = before === undefined ? undefined : growthOf(name, { before, value, window, growth });
      if (grown !== undefined) growth[name] = grown;
      this.#totals.set(name, { value, atMs: window.atMs, rate: rateAfter(before, value, window) });
    }
    return growth;
  }
}

function growthWithin(before: Total, value: number, { atMs, windowMs }: CounterWindow): number | undefined {
  const grown = value - before.value;
  if (grown < 0) return undefined;
  const earlierMs = Math.max(0, atMs - before.atMs - windowMs);
  if (earlierMs === 0) return grown;
  if (before.rate === undefined) return earlierMs + windowMs > WINDOWS_MAX * windowMs ? undefined : grown;
  return Math.max(0, grown - before.rate * earlierMs);
}

interface Growth {
  readonly before: Total;
  readonly value: number;
  readonly window: CounterWindow;
  /** What others grew by: running and waiting come first. */
  readonly growth: PauseCounters;
}

function growthOf(name: CounterName, of: Growth): number | undefined {
  const grown = growthWithin(of.before, of.value, of.window);
  const { rate } = of.before;
  if (!of.window.isGap || grown === undefined || rate === undefined) return grown;
  if (name === 'systemSwitchCount') return switchesOfGap(of, rate);
  // None or some is what counts: a period that was throttled must not be taken off.
  if (name === 'throttledCount') return of.value - of.before.value;
  return name === 'throttledMs' ? throttlingOfGap(of, rate) : grown;
}

/**
 * Throttling within a gap. Too little of it would name others for a wait that the quota was to blame for, too much the quota for theirs. So where
 * a rate that may have been half as large again would lay more than half of it to the time before the gap, nobody knows.
 */
function throttlingOfGap({ before, value, window }: Growth, ratePerMs: number): number | undefined {
  const allMs = value - before.value;
  const othersMs = ratePerMs * Math.max(0, window.atMs - before.atMs - window.windowMs);
  if (allMs === 0) return 0;
  return RATE_SLACK * othersMs <= 0.5 * allMs ? allMs - othersMs : undefined;
}

/**
 * Context switches while the main thread was held. Many of them mean that the machine went on while the process did not, and few that the
 * whole machine stood still, so a wrong guess would name the wrong cause. A busy machine makes enough of them while it certainly ran (before
 * the gap, and while the main thread ran or waited) to look alive throughout: what its usual rate gives that time is taken off. Where that is
 * too much of them for a rate that may have been half as large again, or leaves so few that the machine would have stood still, nobody knows,
 * unless all of them together are few.
 */
function switchesOfGap({ before, value, window, growth }: Growth, ratePerMs: number): number | undefined {
  const { atMs, windowMs, intervalMs = 0 } = window;
  const allCount = value - before.value;
  const awakeMs = Math.min(windowMs, intervalMs + (growth.runMs ?? 0) + (growth.waitMs ?? 0));
  const othersCount = ratePerMs * (Math.max(0, atMs - before.atMs - windowMs) + awakeMs);
  const standstillCount = (STANDSTILL_PER_S_MAX * windowMs) / 1000;
  if (allCount < standstillCount) return allCount;
  const restCount = allCount - othersCount;
  return RATE_SLACK * othersCount <= allCount && restCount >= standstillCount ? restCount : undefined;
}

function rateAfter(before: Total | undefined, value: number, window: CounterWindow): number | undefined {
  if (before === undefined || window.isGap || window.atMs <= before.atMs) return before?.rate;
  return Math.max(0, (value - before.value) / (window.atMs - before.atMs));
}
