/**
 * From what the detector told to the report. Pure.
 */
import { isoFromEpochMs } from '../core/index.ts';
import { PAUSE_CAUSES, pauseTail, suggestLeaseTtl } from '../pause/index.ts';
import { BEAT_EVERY_MS, type PausesBeat, type PausesMessage, type PausesState } from './pauses-channel.ts';
import type { PausesOptions } from './pauses-options.ts';
import {
  type CauseSummary,
  PAUSES_SCHEMA,
  type PausesReport,
  type ProgramEnd,
  type ReportedLease,
  type ReportedPause,
  type ReportedStep,
  type WatchedProcess,
} from './pauses-schema.ts';

/** Pauses listed; of more, the longest. A page with more bars shows nothing that one can see. */
export const PAUSES_LISTED_MAX = 2000;

/** Steps listed. */
const STEPS_LISTED_MAX = 1000;

/** From here on a silence at the end is called a pause. A process that is killed is not gone at once, nor is its end heard at once. */
const SILENCE_MS_MIN = 500;

/** What was gathered while the program ran. */
export class PausesRecord {
  process: WatchedProcess | undefined;
  readonly #pauses: ReportedPause[] = [];
  readonly #steps: ReportedStep[] = [];

  /** Takes in a message. */
  add(message: PausesMessage): void {
    if (message.type === 'started') this.process = message.process;
    else if (message.type === 'pause') this.#pauses.push(message.pause);
    else this.#steps.push(message.step);
  }

  /** All pauses, in the order of time. */
  get pauses(): readonly ReportedPause[] {
    return this.#pauses;
  }

  get steps(): readonly ReportedStep[] {
    return this.#steps;
  }
}

/** What the command knows of the program. */
export interface ProgramRun {
  readonly version: string;
  readonly platform: string;
  readonly arch: string;
  readonly options: PausesOptions;
  readonly startedAtMs: number;
  readonly ended: ProgramEnd;
  /** The machine's monotonic clock when the program ended. */
  readonly endedHrtimeMs: number;
  readonly state: PausesState | undefined;
  /** When the main thread last showed itself, where that is later than the state. */
  readonly beat: PausesBeat | undefined;
}

/** Puts it into the shape of the schema. */
export function buildPausesReport(record: PausesRecord, run: ProgramRun): PausesReport {
  const { options, state } = run;
  const { pauses } = record;
  const listed = longest(pauses, PAUSES_LISTED_MAX);
  const silentAtEndMs = silenceAtEnd(run);
  const observedMs = Math.max(state?.elapsedMs ?? 0, run.beat?.elapsedMs ?? 0, pauses.at(-1)?.endedMs ?? 0);
  return {
    schema: PAUSES_SCHEMA,
    version: run.version,
    platform: run.platform,
    arch: run.arch,
    command: options.command,
    startedAt: isoFromEpochMs(run.startedAtMs),
    ended: run.ended,
    process: record.process ?? null,
    settings: {
      intervalMs: options.intervalMs,
      thresholdMs: options.thresholdMs,
      blockMs: options.watchdog?.blockMs ?? null,
    },
    observedMs,
    complete: state?.isFinal ?? false,
    ...(silentAtEndMs === undefined ? {} : { silentAtEndMs }),
    pausedMs: pauses.reduce((sumMs, { gapMs }) => sumMs + gapMs, 0),
    causes: summarize(pauses),
    pauses: listed,
    pausesLeftOut: pauses.length - listed.length,
    steps: record.steps.slice(0, STEPS_LISTED_MAX),
    lateness: state?.lateness ?? null,
    capabilities: state?.capabilities ?? null,
    lease:
      silentAtEndMs === undefined
        ? suggestLease(pauses, observedMs, options)
        : { status: 'unknown', reason: 'the last pause was never over, so its length is not known' },
  };
}

/** For how long it was silent when it ended, where that was longer than a program that runs is between two beats. */
function silenceAtEnd({ options, state, beat, endedHrtimeMs }: ProgramRun): number | undefined {
  if (state === undefined || state.isFinal) return undefined;
  const silentMs = endedHrtimeMs - Math.max(state.hrtimeMs, beat?.hrtimeMs ?? -Infinity);
  const leastMs = Math.max(SILENCE_MS_MIN, BEAT_EVERY_MS + options.intervalMs + options.thresholdMs);
  return silentMs < leastMs ? undefined : silentMs;
}

function longest(pauses: readonly ReportedPause[], max: number): readonly ReportedPause[] {
  if (pauses.length <= max) return pauses;
  return [...pauses]
    .sort((a, b) => b.gapMs - a.gapMs)
    .slice(0, max)
    .sort((a, b) => a.seq - b.seq);
}

/** The pauses by cause, what cost most first. */
function summarize(pauses: readonly ReportedPause[]): readonly CauseSummary[] {
  return PAUSE_CAUSES.map((cause) => {
    const lengths = pauses.filter((pause) => pause.cause === cause).map(({ gapMs }) => gapMs);
    const totalMs = lengths.reduce((sumMs, oneMs) => sumMs + oneMs, 0);
    return { cause, count: lengths.length, totalMs, longestMs: Math.max(0, ...lengths) };
  })
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.totalMs - a.totalMs);
}

function suggestLease(pauses: readonly ReportedPause[], observedMs: number, options: PausesOptions): ReportedLease {
  if (observedMs < 1) return { status: 'unknown', reason: 'nothing was observed' };
  const { roundTripMs, intervalMs, thresholdMs } = options;
  const suggestion = suggestLeaseTtl({
    pauses: pauseTail({
      lengthsMs: pauses.map(({ maxMs }) => maxMs ?? Infinity),
      observedMs,
      unseenBelowMs: intervalMs + thresholdMs,
    }),
    roundTripsMs: [roundTripMs],
  });
  return { ...suggestion, roundTripMs };
}

/** The worst pauses, the longest first. */
export function worstPauses(report: PausesReport, max: number): readonly ReportedPause[] {
  return [...report.pauses].sort((a, b) => b.gapMs - a.gapMs).slice(0, max);
}
