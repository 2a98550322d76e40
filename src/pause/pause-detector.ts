/**
 * The detector: wake-ups in, pauses and clock steps out, as data.
 *
 * It owns no clock and no timer. Whoever samples calls `tick` at every wake-up with what was read, and passes on SIGCONT and
 * collections. A wake-up that came late is a pause, whatever the cause; the cause is given at once, unless it hangs on a SIGCONT that may
 * still come. Time lost counts from the tick that notices it, cause or no cause.
 *
 * Impossible here: to notice anything before the process runs again. A check of a lease or a deadline must compare clocks by itself.
 */
import { assert, MonotonicInstant, requireNumber } from '../core/index.ts';
import { classifyPause, type PauseVerdict } from './classify-pause.ts';
import { type ClockJumps, ClockRelation } from './clock-relation.ts';
import { CounterBook, type CounterWindow, type PauseCounters } from './counters.ts';
import { type PauseDetectorOptions, requireDetectorOptions } from './detector-options.ts';
import type { PauseEvidence } from './evidence.ts';
import { viewOf } from './evidence-view.ts';
import { type Collection, GapNotes } from './gap-notes.ts';
import { type ClockStep, type Pause, type PauseEvent, type PauseMark, printable } from './pause-event.ts';
import type { PauseReading } from './pause-reading.ts';

/**
 * How long after a wake-up SIGCONT is waited for, in ms. It came within 15 in 192 of 192 stops; beside thirteen processes that computed, two
 * of a hundred took longer: the thread that got the signal had no processor.
 */
export const CONTINUATION_DELAY_MS = 45;

/** Linux sizes a suspend by a clock of whole seconds: 24 of them were wrong by up to 0.85 s, either way. */
export const SUSPEND_ERROR_MS = 1000;

interface PendingPause {
  readonly verdictless: Omit<Pause, keyof PauseVerdict | 'evidence' | 'stacks'>;
  readonly evidence: PauseEvidence;
  readonly windowStartMs: number;
  readonly settlesAtMs: number;
}

/** Notices pauses and clock steps in readings, and keeps count of the time lost. */
export class PauseDetector {
  readonly #options: Required<PauseDetectorOptions>;
  readonly #clocks: ClockRelation;
  readonly #counters = new CounterBook();
  readonly #notes = new GapNotes();
  #lastMs: number | undefined;
  #vmMarker: PauseReading['vmMarker'];
  #vmGeneration: PauseReading['vmGeneration'];
  #pending: PendingPause | undefined;
  #pausedMs = 0;
  #pauseCount = 0;

  /** @throws TC_INVALID_ARGUMENT, TC_NOT_FINITE, TC_OUT_OF_RANGE for options that are none. */
  constructor(options: PauseDetectorOptions) {
    this.#options = requireDetectorOptions(options);
    this.#clocks = new ClockRelation(this.#options.clockStepMs);
  }

  /** The monotonic reading at which `settle` is to be called, when a pause waits for its cause. */
  get settlesAtMs(): number | undefined {
    return this.#pending?.settlesAtMs;
  }

  /**
   * Takes in one wake-up. The first only sets the start.
   *
   * @returns What is known now, the earlier first. A pause whose cause may hang on SIGCONT comes from `settle`, `noteContinued` or a later tick.
   * @throws TC_NOT_FINITE when `monotonicMs` or `dueMs` is no number.
   */
  tick(reading: PauseReading): readonly PauseEvent[] {
    const { monotonicMs } = reading;
    requireReading('monotonicMs', monotonicMs);
    if (reading.dueMs !== undefined) requireReading('dueMs', reading.dueMs);
    const events: PauseEvent[] = [...this.#settle(monotonicMs)];
    const lastMs = this.#lastMs;
    const wentBack = lastMs !== undefined && monotonicMs < lastMs;
    if (wentBack) this.#clocks.reset();
    this.#lastMs = monotonicMs;
    const jumps = this.#clocks.look(reading);
    if (lastMs === undefined || wentBack) {
      this.#remember(reading, { atMs: monotonicMs, windowMs: 0, isGap: true });
      return events;
    }
    this.#rememberEarlier(reading);
    if (jumps.stepMs !== undefined) events.push(this.#clockStep(jumps.stepMs, monotonicMs));
    events.push(...this.#judge(reading, { lastMs, jumps }));
    return events;
  }

  /**
   * Says that SIGCONT was handled. @returns The pause that waited for it, if one did, however long ago it was noticed: nothing that may have
   * been stopped as well has come after it. @throws TC_NOT_FINITE.
   */
  noteContinued(monotonicMs: number): readonly PauseEvent[] {
    requireReading('monotonicMs', monotonicMs);
    if (this.#pending === undefined) {
      this.#notes.noteContinued(monotonicMs);
      return [];
    }
    this.#notes.noteContinued(Math.min(monotonicMs, this.#pending.settlesAtMs));
    const ended = this.#finish();
    this.#notes.forgetContinuation();
    return ended;
  }

  /** Says that garbage was collected; report it before the tick that ends the gap. @throws TC_NOT_FINITE. */
  noteCollection(collection: Collection): void {
    requireReading('startMs', collection.startMs);
    requireReading('durationMs', collection.durationMs);
    this.#notes.noteCollection(collection);
  }

  /** Keeps a stack of the main thread that was taken while it did not come back; at most 16 go with a pause. */
  noteStack(stack: string): void {
    this.#notes.noteStack(stack);
  }

  /** Gives the pause that waits, when SIGCONT cannot come any more. @throws TC_NOT_FINITE. */
  settle(monotonicMs: number): readonly PauseEvent[] {
    requireReading('monotonicMs', monotonicMs);
    const isDue = this.#pending !== undefined && monotonicMs >= this.#pending.settlesAtMs;
    return isDue ? this.#settle(monotonicMs) : [];
  }

  /** Gives the pause that waits without waiting for SIGCONT; whether it would have come is then not known. */
  end(): readonly PauseEvent[] {
    return this.#finish(false);
  }

  /** A mark, for `pausedSince`. */
  mark(): PauseMark {
    return { pausedMs: this.#pausedMs, pauseCount: this.#pauseCount };
  }

  /**
   * Time lost to pauses since a mark, in ms, never less than 0.
   *
   * A pause counts whole, also when the mark was set within it. With a monotonic reading of now, a wake-up that is overdue by the threshold counts
   * as well: the first instruction after a stop already knows.
   */
  pausedSince(mark: PauseMark, monotonicMs?: number): number {
    const lostMs = Math.max(0, this.#pausedMs - mark.pausedMs);
    if (monotonicMs === undefined || this.#lastMs === undefined) return lostMs;
    requireReading('monotonicMs', monotonicMs);
    const overdueMs = monotonicMs - this.#lastMs - this.#options.intervalMs;
    return overdueMs >= this.#options.thresholdMs ? lostMs + overdueMs : lostMs;
  }

  /** Gives the pause that waits; who asks early or late has not heard whatever would have come in time. */
  #settle(monotonicMs: number): readonly PauseEvent[] {
    const lateMs = monotonicMs - (this.#pending?.settlesAtMs ?? 0);
    return this.#finish(lateMs >= 0 && lateMs < this.#options.thresholdMs);
  }

  #judge(reading: PauseReading, since: { readonly lastMs: number; readonly jumps: ClockJumps }): readonly PauseEvent[] {
    const { monotonicMs } = reading;
    const { lastMs, jumps } = since;
    const windowMs = monotonicMs - lastMs;
    const lateMs = Math.max(0, monotonicMs - (reading.dueMs ?? lastMs + this.#options.intervalMs));
    const gapMs = Math.min(windowMs, lateMs);
    const evidence = this.#gather(reading, { lastMs, gapMs, jumps });
    const { suspendedMs } = viewOf(evidence);
    const lengthMs = gapMs + suspendedMs;
    if (lengthMs < this.#options.thresholdMs && !isMarked(evidence)) {
      this.#notes.forgetBefore(monotonicMs);
      this.#notes.takeStacks();
      return [];
    }
    this.#pausedMs += lengthMs;
    this.#pauseCount += 1;
    const startMs = suspendedMs > 0 ? Math.min(lastMs, jumps.bootSinceMs ?? lastMs) : lastMs;
    this.#pending = {
      verdictless: this.#measure(evidence, { startMs, endMs: monotonicMs, suspendedMs }),
      evidence,
      windowStartMs: lastMs,
      settlesAtMs: monotonicMs + CONTINUATION_DELAY_MS,
    };
    if (reading.isCutShort === true) return this.#finish(false);
    return this.#mustWait(evidence, lastMs, monotonicMs + CONTINUATION_DELAY_MS) ? [] : this.#finish();
  }

  #gather(
    reading: PauseReading,
    gap: { readonly lastMs: number; readonly gapMs: number; readonly jumps: ClockJumps },
  ): PauseEvidence {
    const { monotonicMs } = reading;
    const { lastMs, gapMs, jumps } = gap;
    const windowMs = monotonicMs - lastMs;
    const markers = this.#markersIn(reading);
    const isGap = gapMs >= this.#options.thresholdMs;
    return {
      gapMs,
      intervalMs: windowMs - gapMs,
      ...this.#remember(reading, { atMs: monotonicMs, windowMs, isGap, intervalMs: windowMs - gapMs }),
      ...this.#collectionsIn(reading, { lastMs, gapMs }),
      helperGapMs: reading.helperGapMs,
      helperIntervalMs: reading.helperIntervalMs,
      processorCount: reading.processorCount,
      traced: reading.traced,
      bootJumpMs: jumps.bootJumpMs,
      wallJumpMs: jumps.wallJumpMs,
      ...markers,
    };
  }

  #collectionsIn(
    { monotonicMs, isCutShort }: PauseReading,
    { lastMs, gapMs }: { readonly lastMs: number; readonly gapMs: number },
  ): Pick<PauseEvidence, 'gcMs' | 'gcCount'> {
    if (!this.#options.watchesCollections) return {};
    const heardOf = this.#notes.collectionsIn(lastMs, monotonicMs);
    return isCutShort === true && heardOf.gcMs < 0.5 * gapMs ? {} : heardOf;
  }

  /** The cause would be another one with SIGCONT than without, and it has not come yet. */
  #mustWait(evidence: PauseEvidence, fromMs: number, untilMs: number): boolean {
    if (!this.#options.watchesContinuation || this.#notes.continuedIn(fromMs, untilMs)) return false;
    const without = classifyPause({ ...evidence, continued: false });
    return classifyPause({ ...evidence, continued: true }).rule !== without.rule;
  }

  #measure(
    evidence: PauseEvidence,
    span: { readonly startMs: number; readonly endMs: number; readonly suspendedMs: number },
  ): PendingPause['verdictless'] {
    const { gapMs, intervalMs } = evidence;
    const { startMs, endMs, suspendedMs } = span;
    const errorMs = suspendedMs > 0 ? SUSPEND_ERROR_MS : 0;
    const lengthMs = gapMs + suspendedMs;
    const endedAtMs = this.#axisMs(endMs);
    const passedMs = endMs - startMs + (this.#options.onBootTime ? suspendedMs : 0);
    return {
      kind: 'pause',
      seq: this.#pauseCount,
      gapMs: lengthMs,
      minMs: Math.max(gapMs, lengthMs - errorMs),
      maxMs: isMarked(evidence) ? Infinity : lengthMs + intervalMs + errorMs,
      startedAt: this.#instant(endedAtMs - passedMs),
      endedAt: this.#instant(endedAtMs),
    };
  }

  #finish(isHeardOut = true): readonly PauseEvent[] {
    const pending = this.#pending;
    if (pending === undefined) return [];
    this.#pending = undefined;
    const { evidence: unsigned, windowStartMs, settlesAtMs } = pending;
    const continued = this.#notes.continuedIn(windowStartMs, settlesAtMs);
    const isKnown = this.#options.watchesContinuation && (continued || isHeardOut);
    const evidence = isKnown ? { ...unsigned, continued } : unsigned;
    const verdict = classifyPause(evidence);
    this.#notes.forgetBefore(settlesAtMs - CONTINUATION_DELAY_MS);
    return [printable<Pause>({ ...pending.verdictless, ...verdict, evidence, stacks: this.#notes.takeStacks() })];
  }

  #markersIn(reading: PauseReading): Pick<PauseEvidence, 'vmDisrupted' | 'vmGenerationChanged'> {
    const { vmMarker, vmGeneration } = reading;
    return {
      vmDisrupted: hasChanged(this.#vmMarker, vmMarker),
      vmGenerationChanged: hasChanged(this.#vmGeneration, vmGeneration),
    };
  }

  #remember(reading: PauseReading, window: CounterWindow): PauseCounters {
    this.#vmMarker = reading.vmMarker ?? this.#vmMarker;
    this.#vmGeneration = reading.vmGeneration ?? this.#vmGeneration;
    return this.#counters.enter(reading.counters ?? {}, window);
  }

  #rememberEarlier({ earlier = [], monotonicMs }: PauseReading): void {
    for (const { monotonicMs: atMs, counters } of earlier) {
      if (atMs <= monotonicMs) this.#counters.enter(counters, { atMs, windowMs: 0, isGap: false });
    }
  }

  #clockStep(deltaMs: number, monotonicMs: number): PauseEvent {
    const maybeSuspend = deltaMs > 0 && !this.#clocks.hasBootClock;
    return printable<ClockStep>({
      kind: 'clock-step',
      deltaMs,
      at: this.#instant(this.#axisMs(monotonicMs)),
      maybeSuspend,
    });
  }

  #axisMs(monotonicMs: number): number {
    return this.#options.onBootTime ? this.#clocks.bootMsAt(monotonicMs) : monotonicMs;
  }

  #instant(readingMs: number): MonotonicInstant {
    assert(Number.isFinite(readingMs), 'a reading is finite');
    return MonotonicInstant.fromReading(this.#options.clock, readingMs);
  }
}

/** The hypervisor says that the machine was stopped, moved or restored: even a gap of nothing is a pause of unknown length. */
function isMarked({ vmDisrupted, vmGenerationChanged }: PauseEvidence): boolean {
  return vmDisrupted === true || vmGenerationChanged === true;
}

function hasChanged(before: unknown, now: unknown): boolean | undefined {
  if (before === undefined || now === undefined) return undefined;
  return before !== now;
}

const READING = { what: 'a reading in milliseconds', min: -Number.MAX_VALUE, max: Number.MAX_VALUE, unit: 'ms' };

function requireReading(name: string, valueMs: number): void {
  requireNumber(`PauseDetector ${name}`, valueMs, READING);
}
