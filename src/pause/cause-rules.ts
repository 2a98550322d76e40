/**
 * The rules, in order: the first that holds gives the cause. `docs/algorithms/pause-causes.md` lists them.
 *
 * A rule either names a cause on evidence for it, or says which causes cannot be told apart (`unknown` with candidates). A
 * wrong name is worse than none: somebody acts on it. So whenever a signal is missing that a name would rest on, the doubt comes first.
 *
 * Impossible to know here: what a virtual machine does while its clocks stand still with it.
 */
import * as is from './cause-conditions.ts';
import { amount, type EvidenceView } from './evidence-view.ts';
import type { PauseCause, PauseCertainty, PauseDetail } from './pause-cause.ts';

/** One row of the table. */
export interface PauseRule {
  /** Its name in the documentation and in the verdict. */
  readonly name: string;
  /** The cause that it gives. */
  readonly cause: PauseCause;
  readonly certainty: PauseCertainty;
  /** The causes that remain possible: the cause alone, or what a doubt is between. */
  readonly candidates: readonly PauseCause[];
  /** The condition, in words. */
  readonly when: string;
  readonly holds: (view: EvidenceView) => boolean;
  /** A finer word, where the evidence has one. */
  readonly detail?: (view: EvidenceView) => PauseDetail | undefined;
}

/** The table. Shares are of the gap, and of what the event loop was active beyond it. */
export const PAUSE_RULES: readonly PauseRule[] = [
  named('vm-marker', 'vm-pause', 'counter', {
    when: 'the VMClock marker or the generation of the machine changed, and either the wake-up was in time, or the time off the processor is half or unknown and nothing but the machine was seen to hold the process: the second thread was silent as well (without one: the event loop was in its poll), no SIGCONT, no freeze',
    holds: (v) => is.isMarkedByHypervisor(v) && (is.isPunctual(v) || is.mayStandStill(v)),
  }),
  doubt('marked-or-held', ['vm-pause', 'blocked', 'stopped', 'frozen', 'external-stop'], {
    when: 'the same marks, the time off the processor is half or unknown, and the second thread does not show that the process went on',
    holds: (v) => is.isMarkedByHypervisor(v) && is.mayBeOffCpu(v) && v.helper !== 'alive',
  }),
  doubt('in-time', [], {
    when: 'the wake-up was less than 10 ms late and the machine did not sleep',
    holds: is.isInTime,
  }),
  named('boot-clock', 'suspend', 'counter', {
    when: 'boot time ran at least 50 ms ahead of monotonic time, and that is half of the pause or more; without a boot clock, the kernel counted a suspend and the wall clock says how long',
    holds: (v) => v.suspendedMs > 0 && v.suspendedMs >= v.gapMs,
  }),
  doubt(
    'slept-in-part',
    ['suspend', 'cpu', 'gc', 'blocked', 'starved', 'throttled', 'stopped', 'external-stop', 'vm-pause'],
    {
      when: 'the same, and that is a third to a half of the pause: nothing else can be shown to be a clearly larger part',
      holds: (v) => v.suspendedMs >= 0.5 * v.gapMs && v.suspendedMs > 0,
    },
  ),
  named('frozen-counter', 'frozen', 'counter', {
    when: 'the control group was frozen for half of the gap or more',
    holds: is.isMostlyFrozen,
  }),
  doubt('contradiction', ['cpu', 'stolen', 'vm-pause'], {
    when: 'the main thread is said to have run longer than the whole process, by 20 ms and a fifth of the gap',
    holds: (v) => v.contradictory,
  }),
  named('quota', 'throttled', 'counter', {
    when: 'periods were throttled, waiting is eight tenths or more, and so is throttling when all other processors are taken to have been throttled throughout (it is summed over processors)',
    holds: (v) => is.atLeast(v, 0.8, v.waitMs) && is.isItselfThrottled(v),
  }),
  named('quota-in-part', 'throttled', 'inferred', {
    when: 'waiting is half or more, and throttling at least half of the wait (it is summed over processors, so less may have been)',
    holds: (v) => is.isWaiting(v) && is.isMostlyThrottled(v),
  }),
  doubt('slept-or-held', ['suspend', 'vm-pause', 'stopped', 'external-stop', 'blocked'], {
    when: 'there is no boot clock, the wall clock ran 50 ms ahead, and the time off the processor is half or unknown',
    holds: (v) => is.mayHaveSlept(v) && is.mayBeOffCpu(v),
  }),
  named('sigcont', 'stopped', 'counter', {
    when: 'off the processor for half or more, SIGCONT was seen, the second thread was silent as well, and not half of that was stolen, by a quarter of the time of all processors',
    holds: (v) => is.isOffCpu(v) && v.evidence.continued === true && v.helper === 'silent' && !is.isMostlyStolen(v),
  }),
  named('sigcont-alone', 'stopped', 'inferred', {
    when: 'SIGCONT was seen, the time off the processor is half or unknown, the second thread does not show that the process went on (without one: the event loop was in its poll), and neither steal nor collections take half',
    holds: (v) =>
      is.mayBeOffCpu(v) &&
      v.evidence.continued === true &&
      is.maySigcontEndIt(v) &&
      !is.isMostlyStolen(v) &&
      !is.atLeast(v, 0.5, v.gcMs),
  }),
  named('collection', 'gc', 'counter', {
    when: 'collections take half or more, the process used a fifth of a processor or more (half without a second thread), and where the time off the processor is half or unknown, the second thread was not silent',
    holds: (v) => is.isCollecting(v) && (!is.mayBeOffCpu(v) || is.mayCollectOffCpu(v)),
  }),
  doubt('collection-or-held', ['gc', 'starved', 'stopped', 'external-stop'], {
    when: 'collections take half or more, and the main thread was off the processor for half or an unknown time',
    holds: (v) => is.atLeast(v, 0.5, v.gcMs) && is.mayBeOffCpu(v),
  }),
  doubt('held-in-suspend', ['suspend', 'stopped', 'external-stop', 'stolen', 'vm-pause'], {
    when: 'off the processor for half or more, the second thread does not show that the process went on, and the machine slept for a smaller part: every process is held before and after that',
    holds: (v) => v.suspendedMs > 0 && is.isOffCpu(v) && v.helper !== 'alive',
  }),
  named('steal', 'stolen', 'inferred', {
    when: 'off the processor for half or more, held as a whole without SIGCONT, and steal is at least half of that and a quarter of the time of all processors',
    holds: (v) => is.isHeld(v) && v.evidence.continued === false && is.isMostlyStolen(v),
  }),
  doubt('steal-or-blocked', ['stolen', 'blocked', 'stopped', 'external-stop'], {
    when: 'off the processor for half or more, steal is at least half of that, but it is spread over many processors, or nothing shows that the process was held as a whole',
    holds: (v) => is.isOffCpu(v) && is.isStealLarge(v, v.offMs),
  }),
  named('second-thread', 'blocked', 'inferred', {
    when: 'off the processor for half or more inside a callback while the second thread ran, collections were watched and take less than half, steal was read and is less than half, and a second count of processor time is below half',
    holds: (v) =>
      is.isOffCpu(v) &&
      v.helper === 'alive' &&
      is.mayBeInCall(v) &&
      is.isNotCollection(v) &&
      is.isStealSmall(v, v.offMs) &&
      (is.cpuShare(v) ?? 1) < 0.5,
    detail: blockedOn,
  }),
  doubt('held-or-paging', ['blocked', 'stopped', 'external-stop', 'vm-pause'], {
    when: 'held as a whole, and its own pages may have been on storage: pressure on memory for a third of the time or more, or on storage with major faults, or major faults that take a third at 10 ms each',
    holds: (v) => is.isHeld(v) && is.mayHavePaged(v),
  }),
  named('standstill', 'vm-pause', 'inferred', {
    when: 'held as a whole for 1 s or more without SIGCONT or steal, while the whole system made fewer than 20 context switches per second',
    holds: (v) => is.isHeld(v) && is.isStopDiscerned(v) && is.isStandstill(v),
  }),
  named('debugger', 'external-stop', 'inferred', {
    when: 'as the next rule, and a debugger is attached',
    holds: (v) => is.isHeld(v) && is.isStopDiscerned(v) && is.isSystemAlive(v) && v.evidence.traced === true,
    detail: () => 'debugger',
  }),
  named('held', 'external-stop', 'inferred', {
    when: 'held as a whole for 250 ms or more without SIGCONT or steal, while the system made 30 context switches per second or more',
    holds: (v) => is.isHeld(v) && is.isStopDiscerned(v) && is.isSystemAlive(v),
  }),
  doubt('held-or-blocked', ['blocked', 'stopped', 'external-stop', 'vm-pause', 'stolen'], {
    when: 'off the processor for half or more, and what would tell a stop from a block is missing or unclear',
    holds: is.isOffCpu,
  }),
  named('runqueue', 'starved', 'counter', {
    when: 'waiting is six tenths or more, throttling explains less than a quarter of it and no quota is out of sight, steal was read and is less than half of it, the other threads of the process used less than half as much, and the main thread a third at the most',
    holds: (v) =>
      is.atLeast(v, 0.6, v.waitMs) && is.isHardlyThrottled(v) && is.isCrowdedOut(v) && is.isStealSmall(v, v.waitMs),
  }),
  doubt('crowded', ['starved', 'throttled', 'stolen', 'cpu', 'gc'], {
    when: 'waiting is half or more, and who had the processors is not known',
    holds: is.isWaiting,
  }),
  named('computing', 'cpu', 'counter', {
    when: 'running is six tenths or more, inside callbacks throughout, collections were watched and take less than half',
    holds: (v) => is.isComputing(v) && is.isNotCollection(v),
  }),
  doubt('computing-or-collecting', ['cpu', 'gc'], {
    when: 'running is six tenths or more, and collections were not watched',
    holds: (v) => is.isComputing(v) && v.gcMs === undefined,
  }),
  doubt(
    'no-majority',
    ['cpu', 'gc', 'blocked', 'starved', 'throttled', 'stolen', 'stopped', 'external-stop', 'vm-pause'],
    {
      when: 'anything else: no part is large enough, or the parts were not measured',
      holds: () => true,
    },
  ),
];

type Condition = Pick<PauseRule, 'when' | 'holds' | 'detail'>;

function named(name: string, cause: PauseCause, certainty: PauseCertainty, condition: Condition): PauseRule {
  return { name, cause, certainty, candidates: [cause], ...condition };
}

function doubt(name: string, candidates: readonly PauseCause[], condition: Condition): PauseRule {
  return { name, cause: 'unknown', certainty: 'inferred', candidates, ...condition };
}

/** Pressure counts waits of the whole system, so the word is a hint: it was false in 3 of 78 blocks on a host with busy storage. */
function blockedOn(view: EvidenceView): PauseDetail | undefined {
  const { majorFaultCount, psiMemoryMs, psiIoMs } = view.evidence;
  const thirdMs = (view.offMs ?? Infinity) / 3;
  if ((amount(majorFaultCount) ?? 0) > 0 && (amount(psiMemoryMs) ?? 0) >= thirdMs) return 'paging';
  return (amount(psiIoMs) ?? 0) >= thirdMs ? 'io' : undefined;
}
