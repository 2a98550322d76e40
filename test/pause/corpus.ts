/**
 * The labelled corpus: real pauses, injected one at a time, with what was read around them.
 *
 * 693 trials on Node 20, 22, 24 and 26: a two-core virtual machine (Linux 6.18, quiet and beside loud neighbours) and a guest
 * without hardware acceleration (Linux 6.12) for suspends, stalls and wall steps. A line without readings is a trial that saw no gap.
 */
import { readFileSync } from 'node:fs';
import type { PauseCause, PauseEvidence } from '../../src/pause/index.ts';

/** The readings of one trial, as recorded: ms, counts, and 0 or 1. */
type RecordedReadings = Readonly<Record<string, number | boolean | null>>;

/** One line of the corpus. */
interface RecordedTrial {
  readonly label: string;
  readonly node: string;
  readonly kernel: string;
  readonly T: number;
  readonly f: RecordedReadings | null;
}

/** One trial with a gap. */
export interface Trial {
  readonly label: string;
  readonly node: string;
  readonly kernel: string;
  /** `quiet`, `noisy`, or `guest`. */
  readonly group: 'quiet' | 'noisy' | 'guest';
  readonly evidence: PauseEvidence;
}

/**
 * What each injection ought to be called. Nothing was injected in `idle`, `vmstop` stops the clocks as well, and a wall step is
 * no pause: whatever a busy host did there, naming it is a guess. On Linux 6.12 there is no counter of freezing.
 */
export function expectedCause({ label, kernel }: Pick<Trial, 'label' | 'kernel'>): PauseCause {
  if (label === 'freeze2' || label === 'busyfreeze2') return kernel.startsWith('6.12') ? 'external-stop' : 'frozen';
  const cause = EXPECTED[label];
  if (cause === undefined) throw new Error(`no expectation for ${label}`);
  return cause;
}

const EXPECTED: Readonly<Record<string, PauseCause>> = {
  idle: 'unknown',
  vmstop: 'unknown',
  stepfwd: 'unknown',
  stepback: 'unknown',
  cpu: 'cpu',
  cpujson: 'cpu',
  pbkdf: 'cpu',
  gc: 'gc',
  await: 'blocked',
  exec: 'blocked',
  fsync: 'blocked',
  starve: 'starved',
  busystarve: 'starved',
  throttle: 'throttled',
  sigstop: 'stopped',
  sigstop50: 'stopped',
  busystop: 'stopped',
  stopinspin: 'stopped',
  freeze1: 'external-stop',
  busyfreeze1: 'external-stop',
  freezeinspin: 'external-stop',
  ptrace: 'external-stop',
  suspend: 'suspend',
  vmstall: 'vm-pause',
};

/** All lines. */
export function readCorpus(): readonly RecordedTrial[] {
  const text = readFileSync(new URL('evidence.jsonl', import.meta.url), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RecordedTrial);
}

/** The lines with readings, as evidence. */
export function readTrials(): readonly Trial[] {
  return readCorpus().flatMap(({ label, node, kernel, T, f }) => {
    if (f === null) return [];
    const group = kernel.includes('noisy') ? 'noisy' : kernel.includes('guest') ? 'guest' : 'quiet';
    return [{ label, node, kernel, group, evidence: evidenceOf(f, T) }];
  });
}

function evidenceOf(f: RecordedReadings, intervalMs: number): PauseEvidence {
  const read = (name: string): number | undefined => (typeof f[name] === 'number' ? f[name] : undefined);
  return {
    gapMs: read('gap') ?? 0,
    intervalMs,
    runMs: read('run'),
    waitMs: read('wait'),
    threadCpuMs: read('tcpu'),
    processCpuMs: read('pcpu'),
    eluActiveMs: read('eluActive'),
    eluIdleMs: read('eluIdle'),
    gcMs: read('gcMs'),
    gcCount: read('gcN'),
    helperGapMs: read('wgap'),
    continued: read('sig') === 1,
    throttledMs: read('thr'),
    throttledCount: read('nthr'),
    frozenMs: read('frozen'),
    stealMs: read('steal'),
    systemSwitchCount: read('ctxt'),
    interruptCount: read('intr'),
    psiCpuMs: read('psiC'),
    psiMemoryMs: read('psiM'),
    psiIoMs: read('psiI'),
    majorFaultCount: read('maj'),
    voluntarySwitchCount: read('vol'),
    involuntarySwitchCount: read('inv'),
    bootJumpMs: read('boot'),
    wallJumpMs: read('wall'),
    rtcMs: read('rtc'),
    suspendCount: read('susp'),
    eventLoopDelayMaxMs: read('eldMax'),
  };
}
