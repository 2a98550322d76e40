/**
 * Pauses in words, the same in text and on the page.
 */
import type { PauseCapabilities } from '../node/index.ts';
import { FALSE_LOSS_MAX_DEFAULT, type PauseCause, type PauseParts } from '../pause/index.ts';
import type { PausesReport, ReportedPause } from './pauses-schema.ts';
import { formatDuration } from './quantity-text.ts';

/** What each cause means, in a few words. */
const CAUSE_MEANINGS: Readonly<Record<PauseCause, string>> = {
  cpu: 'it computed',
  gc: 'it collected garbage',
  blocked: 'it waited in a synchronous call',
  starved: 'other programs had the processors',
  throttled: 'its quota was used up',
  stolen: 'the hypervisor had the processors',
  stopped: 'stopped by a signal',
  frozen: 'frozen by its control group',
  'external-stop': 'held from outside: a debugger, a freezer',
  suspend: 'the machine slept',
  'vm-pause': 'the virtual machine did not run',
  unknown: 'what was read does not tell',
};

/** What each signal of the detector tells. */
export const CAPABILITY_MEANINGS: Readonly<Record<keyof PauseCapabilities, string>> = {
  schedstat: 'running or waiting',
  threadCpu: "the main thread's own processor time",
  throttle: 'quota of the control group',
  freeze: 'freezer of the control group',
  steal: 'time taken by the hypervisor',
  psi: 'pressure on storage and memory',
  traced: 'an attached debugger',
  vmclock: 'a machine stopped or moved',
  suspendCount: 'suspends counted by the kernel',
  rtc: 'the hardware clock',
  bootClock: 'time asleep',
  gc: 'garbage collections',
  sigcont: 'the signal that continues',
  watchdog: 'a second thread',
  stack: 'stacks while blocked',
};

/** Whether it is unknown because no cause had the greater part, though where the time went was measured. */
function isSharedOut({ rule, parts, gapMs }: ReportedPause): boolean {
  return rule === 'no-majority' && parts.unmeasuredMs < gapMs / 2;
}

/** What a cause means in this report: what is unknown is so for one of two reasons. */
export function meaningOf(cause: PauseCause, { pauses }: Pick<PausesReport, 'pauses'>): string {
  const unknown = pauses.filter((pause) => pause.cause === 'unknown');
  if (cause !== 'unknown' || !unknown.some(isSharedOut)) return CAUSE_MEANINGS[cause];
  const shared = 'no single cause: see where the time went';
  return unknown.every(isSharedOut) ? shared : `${shared}; of some, ${CAUSE_MEANINGS.unknown}`;
}

/** How long it was: a range, or one number where both ends read the same. */
export function lengthText({ minMs, maxMs }: Pick<ReportedPause, 'minMs' | 'maxMs'>): string {
  const low = formatDuration(minMs, { rounding: 'down' });
  if (maxMs === null) return `${low} or more`;
  const high = formatDuration(maxMs, { rounding: 'up' });
  if (low === high) return low;
  const unit = high.slice(high.indexOf(' '));
  return `${low.endsWith(unit) ? low.slice(0, -unit.length) : low} … ${high}`;
}

/** The cause with its finer word. */
export function causeText({ cause, detail }: Pick<ReportedPause, 'cause' | 'detail'>): string {
  return detail === undefined ? cause : `${cause} (${detail})`;
}

/** Causes that can be listed before a reader is lost. */
const CANDIDATES_SHOWN_MAX = 4;

/** How the cause is known, for instance `counter, explains 98 %`; of what is unknown, where the time went. */
export function groundsText(pause: ReportedPause): string {
  const { cause, certainty, share, candidates } = pause;
  if (cause !== 'unknown') return `${certainty}, explains ${Math.round(share * 100)} %`;
  const isShared = isSharedOut(pause);
  if (!isShared && candidates.length > 0 && candidates.length <= CANDIDATES_SHOWN_MAX) {
    return `one of ${candidates.join(', ')}`;
  }
  const shares = sharesOf(pause).slice(0, 3);
  return shares.map(({ name, share: part }) => `${Math.round(part * 100)} % ${name}`).join(', ');
}

/** The parts of a pause in words. */
export const PART_NAMES: Readonly<Record<keyof PauseParts, string>> = {
  onCpuMs: 'computing',
  gcMs: 'collecting',
  runqueueMs: 'waiting for a processor',
  throttledMs: 'throttled',
  stolenMs: 'stolen',
  frozenMs: 'frozen',
  suspendedMs: 'asleep',
  offCpuMs: 'off the processor',
  unmeasuredMs: 'not measured',
};

/** A part of a pause, as a share of it. */
export interface PartShare {
  readonly part: keyof PauseParts;
  readonly name: string;
  readonly share: number;
}

/** Where the time of a pause went, the most first; what is less than half a percent is left out. */
export function sharesOf({ parts }: Pick<ReportedPause, 'parts'>): readonly PartShare[] {
  const names = Object.keys(PART_NAMES) as (keyof PauseParts)[];
  const totalMs = names.reduce((sumMs, part) => sumMs + parts[part], 0);
  return names
    .map((part) => ({ part, name: PART_NAMES[part], share: totalMs > 0 ? parts[part] / totalMs : 0 }))
    .filter(({ share }) => share >= 0.005)
    .sort((a, b) => b.share - a.share);
}

/** The frames of the main thread, innermost first. */
export function framesOf(stack: string): readonly string[] {
  return stack
    .split('\n')
    .map((line) => line.trim().replace(/^at /, ''))
    .filter((line) => line !== '');
}

/** The frame to show when there is room for one: the program's own, not Node's. */
export function tellingFrame({ stacks }: Pick<ReportedPause, 'stacks'>): string | undefined {
  const frames = framesOf(stacks[0] ?? '');
  return frames.find((frame) => !/\(?node:|<anonymous>\)?$/.test(frame)) ?? frames[0];
}

/** Why there is no stack, where one was to be expected: the main thread was busy, and stacks could be taken. */
export function missingStackText(
  { cause, stacks }: Pick<ReportedPause, 'cause' | 'stacks'>,
  { capabilities }: Pick<PausesReport, 'capabilities'>,
): string | undefined {
  const isExpected = (cause === 'cpu' || cause === 'blocked') && capabilities?.stack === true;
  return stacks.length === 0 && isExpected ? 'no stack: it was in a native call, or over too soon' : undefined;
}

/** How the program ended. */
export function endText({ ended }: PausesReport): string {
  return ended.how === 'exit' ? `exit code ${ended.code}` : `ended by ${ended.signal}`;
}

/** The whole in one sentence. */
export function headline(report: PausesReport): string {
  const { observedMs, pausedMs, causes, silentAtEndMs } = report;
  const count = causes.reduce((sum, cause) => sum + cause.count, 0);
  if (report.process === null) return 'No Node.js process took the detector: nothing was watched.';
  const looked = formatDuration(observedMs);
  const { intervalMs, thresholdMs } = report.settings;
  const [last, no, some] =
    silentAtEndMs === undefined
      ? ['', 'No pause', '']
      : [
          `It ended in a pause: silent for ${formatDuration(silentAtEndMs)} when ${endingWords(report)}. `,
          'No other pause',
          'Before that ',
        ];
  if (count === 0) return `${last}${no} of ${formatDuration(intervalMs + thresholdMs)} or more in ${looked}.`;
  const share = observedMs > 0 ? ` (${percent(pausedMs / observedMs)})` : '';
  return `${last}${some}${count} ${count === 1 ? 'pause' : 'pauses'}, ${formatDuration(pausedMs)} of ${looked}${share}.`;
}

function endingWords({ ended }: Pick<PausesReport, 'ended'>): string {
  return ended.how === 'signal' ? `${ended.signal} ended it` : 'it ended';
}

/** What was not seen, and why, if anything. */
export function unseenNote(report: PausesReport): string | undefined {
  if (report.process === null) return UNWATCHED_REASONS;
  if (report.complete) return undefined;
  if (report.silentAtEndMs === undefined) {
    return `The last second may be missing, and a pause shorter than that: ${endingWords(report)} without a last word.`;
  }
  return 'That last pause was never over: its cause is not known, and it is not counted below.';
}

const UNWATCHED_REASONS =
  'The usual reasons: it started no Node.js process; NODE_OPTIONS was cleared on the way to it; or Node.js ran with --permission ' +
  "and without --allow-fs-write for the temporary folder (and --allow-fs-read for the detector's file).";

/** What the pauses mean for a lease: what was chosen, what it tolerates, and how little of that is shown. */
export function leaseText({ lease, observedMs }: Pick<PausesReport, 'lease' | 'observedMs'>): string {
  if (lease.status === 'unknown') return `No suggestion: ${lease.reason}.`;
  const trip = `round trips of ${formatDuration(lease.roundTripMs)}`;
  if (lease.status === 'unreachable') {
    return `No time to live up to an hour would do: ${formatDuration(lease.neededTtlMs, { rounding: 'up' })} would be needed (${trip}).`;
  }
  const { pauses, confidence, toShow } = lease;
  const ttl = formatDuration(lease.ttlMs, { rounding: 'up' });
  const tolerated = formatDuration(pauses.toleratedMs, { rounding: 'down' });
  const seen = `${pauses.longerCount === 0 ? 'None' : pauses.longerCount} longer ${pauses.longerCount > 1 ? 'were' : 'was'} seen in ${formatDuration(observedMs)}`;
  const apart = formatDuration(pauses.meanIntervalMsMin, { rounding: 'down' });
  const more =
    toShow.observeMs === 0
      ? ''
      : ` To show that they end a lease in less than ${percent(FALSE_LOSS_MAX_DEFAULT)} of the hours, watch for ${formatDuration(toShow.observeMs, { rounding: 'up' })} more, all processes together.`;
  return (
    `Time to live ${ttl}, renewed every ${formatDuration(lease.renewEveryMs)}: tolerates pauses of ${tolerated}, with ${trip} assumed. ` +
    `${seen}, which shows that such pauses are at least ${apart} apart on average (${percent(confidence)} sure).${more}`
  );
}

/** A nanosecond is what the histogram keeps of a wake-up in time: it knows no 0. */
const IN_TIME_MS_MAX = 1e-6;

/** How late a wake-up was. */
export function latenessText(lateMs: number): string {
  return lateMs <= IN_TIME_MS_MAX ? 'on time' : formatDuration(lateMs);
}

/** A share as a percentage with two digits. */
export function percent(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 0.01) return '< 0.01 %';
  return `${value >= 10 ? Math.round(value) : Number(value.toPrecision(2))} %`;
}
