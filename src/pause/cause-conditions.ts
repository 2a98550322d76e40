/**
 * The conditions that rules are made of, each with its bound.
 *
 * Bounds are majorities (a half) or clear majorities (six tenths), with physical reasons, and none was tuned to a vector: the
 * distance between each bound and the nearest vector on either side is in `docs/algorithms/pause-causes.md`.
 */
import { amount, type EvidenceView, signed, SUSPEND_MS_MIN } from './evidence-view.ts';

/** A wake-up late by no more than this is an ordinary timer on an ordinary system. */
const GAP_MS_MIN = 10;

/**
 * A stop is named from silence alone only when it lasted this long: a host that takes its processors away without counting it looks
 * the same, and does so for a hundred milliseconds often.
 */
const SILENT_STOP_MS_MIN = 250;

/** Reading one page from a disk that has to turn for it. */
const PAGE_IN_MS_MAX = 10;

/** Below this rate of context switches a whole Linux stands still (3 to 16 per second in stalls). */
export const STANDSTILL_PER_S_MAX = 20;

/** From this rate on a Linux is alive, however idle (46 per second and more). */
const ALIVE_PER_S_MIN = 30;

/** The rate of a standstill can be told only over this long. */
const STANDSTILL_MS_MIN = 1000;

/** The part is known and at least this share of the span. */
export function atLeast(view: EvidenceView, share: number, partMs: number | undefined): boolean {
  return partMs !== undefined && view.spanMs > 0 && partMs >= share * view.spanMs;
}

/** The wake-up was in time, whatever happened to clocks meanwhile. */
export function isPunctual(view: EvidenceView): boolean {
  return view.gapMs < GAP_MS_MIN;
}

/** The wake-up was in time, and nothing happened. */
export function isInTime(view: EvidenceView): boolean {
  return isPunctual(view) && view.suspendedMs === 0;
}

export function isOffCpu(view: EvidenceView): boolean {
  return atLeast(view, 0.5, view.offMs);
}

export function isWaiting(view: EvidenceView): boolean {
  return atLeast(view, 0.5, view.waitMs);
}

/** Time off the processor is most of the gap, or could be for all that is known. */
export function mayBeOffCpu(view: EvidenceView): boolean {
  if (view.offMs !== undefined) return isOffCpu(view);
  return view.gapMs - (view.onCpuMs ?? 0) - (view.waitMs ?? 0) >= 0.5 * view.gapMs;
}

/** The machine, not the process, says that it was stopped or moved. */
export function isMarkedByHypervisor({ evidence }: EvidenceView): boolean {
  return evidence.vmDisrupted === true || evidence.vmGenerationChanged === true;
}

/** The whole process was silent, and nothing else that holds a process was seen: the machine may have stood still. */
export function mayStandStill(view: EvidenceView): boolean {
  const { evidence, helper } = view;
  const isSilent = helper === 'silent' || (helper === 'absent' && wasPolling(view));
  return mayBeOffCpu(view) && isSilent && evidence.continued !== true && !isMostlyFrozen(view);
}

export function isMostlyFrozen({ evidence, gapMs }: EvidenceView): boolean {
  return gapMs > 0 && (amount(evidence.frozenMs) ?? 0) >= 0.5 * gapMs;
}

/** The wall clock ran ahead and no boot clock says whether that was a suspend. */
export function mayHaveSlept({ evidence, suspendedMs }: EvidenceView): boolean {
  const jumpMs = signed(evidence.wallJumpMs);
  const hasBootClock = signed(evidence.bootJumpMs) !== undefined;
  return suspendedMs === 0 && !hasBootClock && jumpMs !== undefined && jumpMs >= SUSPEND_MS_MIN;
}

/** The wait for a processor was mostly throttling: at most `throttledMs` of it can have been. */
export function isMostlyThrottled(view: EvidenceView): boolean {
  return view.throttledMs !== undefined && view.throttledMs >= 0.5 * (view.waitMs ?? Infinity);
}

/**
 * So much was throttled that the other processors cannot have been throttled for all of it: the sum is over all, and each adds the window at
 * the most. Where periods were not counted, what was seen is only the least that was throttled, and no more than inferred.
 */
export function isItselfThrottled(view: EvidenceView): boolean {
  const processorCount = amount(view.evidence.processorCount);
  if (processorCount === undefined || processorCount < 1 || view.throttledMs === undefined) return false;
  if (amount(view.evidence.throttledCount) === undefined) return false;
  return atLeast(view, 0.8, view.throttledMs - (processorCount - 1) * view.windowMs);
}

/** Throttling explains none or little of the wait, and no quota was out of sight: its periods were counted. */
export function isHardlyThrottled(view: EvidenceView): boolean {
  if (amount(view.evidence.throttledCount) === undefined) return false;
  return view.throttledMs !== undefined && view.throttledMs < 0.25 * (view.waitMs ?? 0);
}

/** The process used the processors while the main thread was in a collection: somebody was collecting. */
export function isCollecting(view: EvidenceView): boolean {
  const cpuMs = amount(view.evidence.processCpuMs) ?? view.onCpuMs;
  return atLeast(view, 0.5, view.gcMs) && atLeast(view, 0.2, cpuMs);
}

/** V8's other threads collected while the main thread was parked: a process that was held meanwhile used no processor. */
export function mayCollectOffCpu(view: EvidenceView): boolean {
  if (view.helper === 'absent') return atLeast(view, 0.5, amount(view.evidence.processCpuMs));
  return view.helper !== 'silent';
}

/** Collections were watched and took less than half. */
export function isNotCollection(view: EvidenceView): boolean {
  return view.gcMs !== undefined && !atLeast(view, 0.5, view.gcMs);
}

/** Steal is summed over processors, so this is an upper bound of what the main thread can have lost. */
export function isStealLarge(view: EvidenceView, ofMs: number | undefined): boolean {
  return (amount(view.evidence.stealMs) ?? 0) >= 0.5 * (ofMs ?? Infinity);
}

/**
 * So much was stolen that most threads must have lost half: a quarter of the time of all processors, or half of one where there are no more
 * than two. A few percent of each of many processors add up to any pause.
 */
export function isMostlyStolen(view: EvidenceView): boolean {
  const count = amount(view.evidence.processorCount);
  const stealMs = amount(view.evidence.stealMs);
  if (count === undefined || stealMs === undefined || view.offMs === undefined) return false;
  return stealMs >= Math.max(0.5, 0.25 * count) * view.offMs;
}

/** Steal was read, and cannot have been half of that time. */
export function isStealSmall(view: EvidenceView, ofMs: number | undefined): boolean {
  return amount(view.evidence.stealMs) !== undefined && !isStealLarge(view, ofMs);
}

/** The event loop was in its poll throughout: no call of the program can have blocked it, and no collection ran. */
export function wasPolling(view: EvidenceView): boolean {
  const activeMs = amount(view.evidence.eluActiveMs);
  if (activeMs === undefined || view.offMs === undefined) return false;
  const idleMs = amount(view.evidence.eluIdleMs) ?? view.windowMs - activeMs;
  return idleMs >= 0.8 * view.offMs && activeMs <= 0.2 * view.gapMs;
}

/** SIGCONT was sent to somebody who was stopped: to a process that is blocked in a call anybody can send one, too. */
export function maySigcontEndIt(view: EvidenceView): boolean {
  if (view.helper === 'absent') return wasPolling(view);
  return view.helper !== 'alive';
}

/** The event loop was inside callbacks for as long as the main thread was off the processor; true when nobody looked. */
export function mayBeInCall(view: EvidenceView): boolean {
  const activeMs = amount(view.evidence.eluActiveMs);
  return activeMs === undefined || activeMs >= 0.8 * (view.offMs ?? 0);
}

/**
 * A second witness of the main thread's processor time: the scheduler's count can lag far behind, or run ahead, where timer ticks
 * are lost. `undefined` when there is none.
 */
export function cpuShare(view: EvidenceView): number | undefined {
  const cpuMs = amount(view.evidence.threadCpuMs) ?? amount(view.evidence.processCpuMs);
  return cpuMs === undefined || view.spanMs === 0 ? undefined : cpuMs / view.spanMs;
}

/** The main thread computed throughout: the event loop did not poll, or (unwatched) the window leaves no room and two counters agree. */
export function isComputing(view: EvidenceView): boolean {
  const activeMs = amount(view.evidence.eluActiveMs);
  if (activeMs === undefined) return (view.onCpuMs ?? 0) >= 0.6 * view.windowMs && (cpuShare(view) ?? 0) >= 0.5;
  return atLeast(view, 0.6, view.onCpuMs) && activeMs >= 0.95 * view.gapMs;
}

/**
 * Others had the processors, not this process: its other threads used less than half of what the main thread waited, and the main
 * thread a third at the most, so that its own work would have been no pause of that size.
 */
export function isCrowdedOut(view: EvidenceView): boolean {
  const processCpuMs = amount(view.evidence.processCpuMs);
  const { onCpuMs, waitMs } = view;
  if (processCpuMs === undefined || onCpuMs === undefined || waitMs === undefined) return false;
  return onCpuMs <= waitMs / 3 && processCpuMs - onCpuMs < 0.5 * waitMs;
}

/**
 * The whole process was held: the second thread was silent for as long, and the main thread was in one place, its poll or a callback
 * without a collection. Without a second thread only the poll will do: nothing of the program can have kept it there past its timer.
 */
export function isHeld(view: EvidenceView): boolean {
  if (!isOffCpu(view)) return false;
  const isPolling = wasPolling(view);
  if (view.helper === 'absent') return isPolling;
  // What the main thread waited for a processor may be what the second thread was silent for, while the main thread was blocked at another time.
  const isOneSilence = (view.waitMs ?? 0) < 0.5 * (view.offMs ?? 0);
  return view.helper === 'silent' && isOneSilence && (isPolling || (mayBeInCall(view) && isNotCollection(view)));
}

/** Everything was read that could say who held the process: SIGCONT, steal, the switches of the system, a clock beside the monotonic one. */
export function isStopDiscerned({ evidence, gapMs }: EvidenceView): boolean {
  const isWatched = evidence.continued === false && amount(evidence.stealMs) !== undefined;
  const hasClock = signed(evidence.bootJumpMs) !== undefined || signed(evidence.wallJumpMs) !== undefined;
  return isWatched && hasClock && amount(evidence.systemSwitchCount) !== undefined && gapMs >= SILENT_STOP_MS_MIN;
}

/**
 * The process may have waited for its own pages: both threads are silent then, as in a stop. Either its major faults can have taken a third of
 * the time at the pace of a slow disk, or the pressure of the whole system is as long as that: on memory, or on storage unless this process
 * is known to have read no page.
 */
export function mayHavePaged({ evidence, offMs }: EvidenceView): boolean {
  const thirdMs = (offMs ?? Infinity) / 3;
  const faultCount = amount(evidence.majorFaultCount);
  const memoryMs = amount(evidence.psiMemoryMs);
  const ioMs = amount(evidence.psiIoMs);
  if (memoryMs !== undefined && memoryMs >= thirdMs) return true;
  if (faultCount === 0) return false;
  if (ioMs !== undefined && ioMs >= thirdMs) return true;
  if (faultCount === undefined) return false;
  return (memoryMs === undefined && ioMs === undefined) || faultCount * PAGE_IN_MS_MAX >= thirdMs;
}

/** The whole system stood still. */
export function isStandstill(view: EvidenceView): boolean {
  return view.gapMs >= STANDSTILL_MS_MIN && switchesPerSecond(view) < STANDSTILL_PER_S_MAX;
}

/** The system went on while the process did not. */
export function isSystemAlive(view: EvidenceView): boolean {
  return switchesPerSecond(view) >= ALIVE_PER_S_MIN;
}

function switchesPerSecond(view: EvidenceView): number {
  const count = amount(view.evidence.systemSwitchCount);
  return count === undefined || view.windowMs === 0 ? Number.NaN : (count / view.windowMs) * 1000;
}
