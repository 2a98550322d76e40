/**
 * The pause monitor that services start: one timer, the machine's clocks and counters, and the pure detector behind them.
 *
 * The timer does not make anything safe: a process that was stopped has its first instructions before any timer. What must not be done
 * late compares clocks at that moment, as leases and deadlines do; the monitor adds why, and how often.
 */
import { Emitter, requireListener, type TimerHandle, type Unsubscribe } from '../core/index.ts';
import {
  type ClockStep,
  type LeaseTtlOptions,
  type LeaseTtlRefusal,
  type LeaseTtlSuggestion,
  type Pause,
  PauseDetector,
  type PauseEvent,
  type PauseMark,
  suggestLeaseTtl,
} from '../pause/index.ts';
import { publishPauseDiagnostics } from './diagnostics.ts';
import { LostTime } from './lost-time.ts';
import { LatenessRecorder, type PauseHistograms, PauseLengths } from './pause-histogram.ts';
import type { PauseCapabilities } from './pause-capabilities.ts';
import type { ObservedGap, PauseAnnouncer, PauseMonitorEvents } from './pause-monitor-events.ts';
import { type PauseMonitorOptions, type PauseMonitorSettings, requireMonitorOptions } from './pause-monitor-options.ts';
import type { Fenceable } from './pause-monitor-fence.ts';
import { distrustDetail, type Protected, Protection, type ProtectOptions } from './pause-monitor-protection.ts';
import { type MonitorRim, rimFor, startedWatchdog } from './pause-monitor-rim.ts';
import { PauseSampler, type Sample } from './pause-monitor-sampler.ts';
import type { Witness } from './pause-monitor-witnesses.ts';
import type { Watchdog } from './watchdog.ts';
import type { OngoingBlock } from './watchdog-port.ts';

/** The settle timer and SIGCONT come a little later than the moment they are waited for. */
const SETTLE_SLACK_MS = 1;

/**
 * Notices that this process did not run, says why, and keeps count.
 *
 * A wake-up that comes `thresholdMs` late is a pause; every pause of `intervalMs + thresholdMs` is noticed, right after it (G21). A cause is
 * named only on evidence (G22; `docs/algorithms/pause-causes.md`). What no local clock can see is a virtual machine that was stopped together
 * with its clocks and has no VMClock device: fence at the resource.
 */
export class PauseMonitor implements PauseAnnouncer {
  /** How late wake-ups were, in nanoseconds, as they came and as somebody who called at random would have seen them. */
  readonly histogram: PauseHistograms;
  /** The second thread, when there is one. */
  readonly watchdog: Watchdog | undefined;
  readonly #settings: PauseMonitorSettings;
  readonly #rim: MonitorRim;
  readonly #events = new Emitter<PauseMonitorEvents>();
  readonly #protection: Protection;
  readonly #detector: PauseDetector;
  readonly #sampler: PauseSampler;
  readonly #recorder: LatenessRecorder;
  readonly #lengths: PauseLengths;
  readonly #lost = new LostTime();
  readonly #collections: Witness | undefined;
  readonly #continuation: Witness | undefined;
  readonly #endings: Unsubscribe[] = [];
  readonly #startedMs: number;
  #waiting: Sample | undefined;
  #unjudged: Sample | undefined;
  #settling: TimerHandle | undefined;
  #continuedMs = -Infinity;
  #last: Pause | undefined;
  #isEnding = false;
  #isClosed = false;

  /** Use `monitorPauses`. */
  constructor(settings: PauseMonitorSettings, rim: MonitorRim) {
    this.#settings = settings;
    this.#rim = rim;
    this.#sampler = new PauseSampler(rim, settings);
    this.#recorder = new LatenessRecorder(settings.intervalMs);
    this.histogram = this.#recorder;
    this.#lengths = new PauseLengths(settings.intervalMs + settings.thresholdMs);
    this.watchdog = startedWatchdog(rim, settings.watchdog);
    this.#protection = new Protection(this.watchdog);
    this.#collections = rim.watchCollections((collection) => {
      this.#detector.noteCollection(collection);
    });
    this.#continuation = rim.watchContinuation(() => {
      this.#continued();
    });
    this.#detector = this.#createDetector();
    this.#startedMs = rim.port.monotonicMs();
    publishPauseDiagnostics(this);
    // The first beat: a block may begin before the first wake-up.
    this.watchdog?.beat();
    this.#detector.tick(this.#sampler.take().reading);
    this.#begin();
  }

  readonly #wakeUp = (): void => {
    if (this.#waiting !== undefined) this.#flush();
    // Whoever is told may close it.
    if (this.#isEnding) return;
    const lateMs = this.#sampler.begin();
    this.watchdog?.beat(this.#sampler.isResting && lateMs < this.#settings.thresholdMs);
    const isTold = this.#tellGap(lateMs);
    if (this.#isClosed) return;
    const sample = this.#sample();
    if (sample.isLate) this.#waiting = sample;
    this.#protection.wokeUp();
    if (!isTold) this.#tellGap(sample.lateMs);
    if (!sample.isLate) {
      this.#recorder.record(Math.max(0, sample.lateMs));
      if (sample.isSlow) this.#judge(sample);
      else this.#unjudged = sample;
      return;
    }
    this.#rim.soon(() => {
      if (this.#waiting === sample) this.#flush();
    });
  };

  /** Which signals can be read now. */
  get capabilities(): PauseCapabilities {
    return {
      ...this.#rim.sources.readable,
      bootClock: this.#sampler.hasBootClock,
      gc: this.#collections !== undefined,
      sigcont: this.#continuation !== undefined,
      watchdog: this.watchdog?.ready === true,
      stack: this.watchdog?.canTakeStacks === true,
    };
  }

  /** The last pause, of whatever cause. */
  get last(): Pause | undefined {
    return this.#last;
  }

  /**
   * Calls `listener` as soon as a wake-up finds itself late, before it reads what tells why. Its pause follows, with the cause, perhaps after
   * another's gap. Be quick: what the listener does counts as evidence. Not told: what the monotonic clock did not count, and what `close` tells.
   * @throws TC_INVALID_ARGUMENT when it is no function.
   */
  onGap(listener: (gap: ObservedGap) => void): Unsubscribe {
    return this.#on('gap', listener);
  }

  /** Calls `listener` after every pause, but for causes that `suppress` names. @throws TC_INVALID_ARGUMENT when it is no function. */
  onPause(listener: (pause: Pause) => void): Unsubscribe {
    return this.#on('pause', listener);
  }

  /** Calls `listener` after every step of the wall clock: an event of its own, not a pause. @throws TC_INVALID_ARGUMENT. */
  onClockStep(listener: (step: ClockStep) => void): Unsubscribe {
    return this.#on('clockStep', listener);
  }

  /**
   * Calls `listener` for a block that the second thread saw while it lasted. It is called when the main thread is back: what must happen
   * during the block is an option of the watchdog.
   *
   * @throws TC_INVALID_ARGUMENT when it is no function.
   */
  onOngoing(listener: (block: OngoingBlock) => void): Unsubscribe {
    return this.#on('ongoing', listener);
  }

  /** A mark, for `pausedSince`: what was lost until now does not count after it, though no wake-up may have seen it yet. */
  mark(): PauseMark {
    return { pausedMs: this.#lost.told(this.#lostMs()), pauseCount: this.#detector.mark().pauseCount };
  }

  /**
   * How long this process did not run since a mark, in ms; never less than 0.
   *
   * It compares clocks, so the first instruction after a pause already knows, before any timer (G24). Who waits for others must take it into account:
   * **skip a round.** A failure detector that finds more than its threshold here judges nobody by this round (their heartbeats
   * lie unread in its own sockets), sets a new mark and waits for another full timeout. @throws TC_INVALID_ARGUMENT for what is no mark.
   *
   * @example
   * ```ts
   * import { monitorPauses } from 'truechimer';
   *
   * const monitor = monitorPauses();
   * let mark = monitor.mark();
   * const judge = (suspectSilentPeers: () => void): void => {
   *   const isOurOwnFault = monitor.pausedSince(mark) > 50;
   *   mark = monitor.mark();
   *   if (!isOurOwnFault) suspectSilentPeers(); // else skip this round
   * };
   * judge(() => console.log('nobody paused here: silent peers are suspect'));
   * monitor.close();
   * ```
   */
  pausedSince(mark: PauseMark): number {
    return this.#lost.since(mark, this.#lostMs());
  }

  /**
   * Suggests a lease's time to live from the pauses recorded so far and the round trips of its renewals.
   *
   * @throws as `suggestLeaseTtl`, which says what the answer means.
   */
  suggestLeaseTtl(options: Omit<LeaseTtlOptions, 'pauses'>): LeaseTtlSuggestion | LeaseTtlRefusal {
    return suggestLeaseTtl({ ...options, pauses: this.#lengths });
  }

  /**
   * Makes a lease suspect (it renews before its next use), or voids a bounded clock, when the machine slept, the virtual machine was paused, or
   * the wall clock jumped forward and nothing explains it. The evidence decides, not the name of the cause (G25).
   *
   * Both compare clocks by themselves and need this only for what those do not show, as a restored snapshot. With `fence`, a main thread stuck
   * at the end of the window, **or up to `watchdog.noticeMs` before it**, is ended by the watchdog (G26): a block that would have been over in
   * time may be. Keep windows well above twice that. The earliest window counts; none that is over. Call the returned function at a lease's end.
   *
   * @param subject - Has `suspect(detail)`, as a lease, or `distrust(detail)`, as a bounded clock; for `fence` also `remainingMs` and `signal`.
   * @throws TC_INVALID_ARGUMENT when it has neither, and for `fence` without a watchdog that has `fence` and is not unavailable or closed.
   */
  protect(subject: Protected, options?: { readonly fence?: false }): Unsubscribe;
  protect(subject: Protected & Fenceable, options: ProtectOptions): Unsubscribe;
  protect(subject: Protected, options?: ProtectOptions): Unsubscribe {
    return this.#protection.add(subject, options);
  }

  /**
   * Ends it; a pause that still waits for its cause, and one that no wake-up has seen yet, is told first, on what is known at this moment.
   * Calling it again does nothing.
   */
  close(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#judgeEnd();
    this.#isClosed = true;
    for (const end of this.#endings) end();
    this.#settling?.cancel();
    this.#collections?.close();
    this.#continuation?.close();
    this.#protection.close();
    this.watchdog?.close();
    this.#rim.sources.close();
  }

  /** The same as `close`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** All time lost, with what the detector has not been told of yet. */
  #lostMs(): number {
    const unjudgedMs = this.#isClosed ? 0 : (this.#waiting?.lateMs ?? 0) + this.#sampler.unseenMs();
    return this.#detector.mark().pausedMs + unjudgedMs;
  }

  #createDetector(): PauseDetector {
    const { intervalMs, thresholdMs, clockStepMs } = this.#settings;
    const { port } = this.#rim;
    const onBootTime = this.#sampler.readsBootTime;
    return new PauseDetector({
      clock: onBootTime ? port.bootId : port.monotonicId,
      onBootTime,
      intervalMs,
      thresholdMs,
      clockStepMs,
      watchesContinuation: this.#continuation !== undefined,
      watchesCollections: this.#collections !== undefined,
    });
  }

  #begin(): void {
    const { intervalMs, signal } = this.#settings;
    this.#endings.push(this.#rim.every(intervalMs, this.#wakeUp));
    const ongoing = this.watchdog?.onOngoing((block) => {
      this.#events.emit('ongoing', block);
    });
    if (ongoing !== undefined) this.#endings.push(ongoing);
    if (signal === undefined) return;
    const abort = (): void => {
      this.close();
    };
    signal.addEventListener('abort', abort, { once: true });
    this.#endings.push(() => {
      signal.removeEventListener('abort', abort);
    });
    if (signal.aborted) this.close();
  }

  #on<Name extends keyof PauseMonitorEvents>(
    name: Name,
    listener: (event: PauseMonitorEvents[Name]) => void,
  ): Unsubscribe {
    const operation = `PauseMonitor.on${name.charAt(0).toUpperCase()}${name.slice(1)}`;
    requireListener(operation, { name, listener }, [name]);
    return this.#events.on(name, listener);
  }

  #tellGap(gapMs: number): boolean {
    if (gapMs < this.#settings.thresholdMs) return false;
    this.#events.emit('gap', { gapMs });
    return true;
  }

  #sample(isLast = false): Sample {
    const sample = this.#sampler.take(isLast);
    sample.reading.helperGapMs = this.watchdog?.helperGapMs();
    sample.reading.helperIntervalMs = this.watchdog?.sleepMs;
    return sample;
  }

  /** A last look, from within whatever callback ends the monitor: what is heard of between callbacks is not awaited. */
  #judgeEnd(): void {
    if (this.#waiting !== undefined) this.#waiting.reading.isCutShort = true;
    this.#flush();
    this.#handle(this.#detector.end());
    if (this.#sampler.unseenMs() === 0) return;
    this.#sampler.begin();
    this.#judge(this.#sample(true));
  }

  /** Judges the late sample that waits, with everything that has been heard of meanwhile. */
  #flush(): void {
    const sample = this.#waiting;
    if (sample === undefined || this.#isClosed) return;
    this.#waiting = undefined;
    const { reading } = sample;
    const helperGapMs = this.watchdog?.helperGapMs();
    if (helperGapMs !== undefined) reading.helperGapMs = Math.max(helperGapMs, reading.helperGapMs ?? 0);
    this.#judge(sample);
    if (this.#detector.settlesAtMs !== undefined) this.#settle(reading.monotonicMs - sample.lateMs);
  }

  /**
   * Hands a sample to the detector, and the one before it if that was kept back: its window shall be one interval. Samples that are in time
   * tell nothing but where the next window begins, so most of them are never handed over.
   */
  #judge(sample: Sample): void {
    const before = this.#unjudged;
    this.#unjudged = undefined;
    if (before !== undefined) this.#handle(this.#detector.tick(before.reading));
    this.#collections?.flush();
    if (sample.isLate) for (const stack of this.watchdog?.takeStacks() ?? []) this.#detector.noteStack(stack);
    this.#lengths.observedMs = Math.max(1, sample.reading.monotonicMs - this.#startedMs);
    this.#handle(this.#detector.tick(sample.reading));
  }

  /** The pause hangs on SIGCONT: it may have come while the sample waited, and else it may still come. */
  #settle(sinceMs: number): void {
    if (this.#continuedMs >= sinceMs) {
      this.#handle(this.#detector.noteContinued(this.#continuedMs));
      return;
    }
    this.#settling?.cancel();
    const waitMs = Math.ceil((this.#detector.settlesAtMs ?? 0) - this.#rim.port.monotonicMs()) + SETTLE_SLACK_MS;
    const settle = (): void => {
      if (!this.#isClosed) this.#handle(this.#detector.settle(this.#rim.port.monotonicMs()));
    };
    // After the poll: SIGCONT may wait there.
    this.#settling = this.#rim.after(Math.max(1, waitMs), () => this.#rim.soon(settle));
  }

  #continued(): void {
    if (this.#isClosed) return;
    this.#continuedMs = this.#rim.port.monotonicMs();
    this.#handle(this.#detector.noteContinued(this.#continuedMs));
  }

  #handle(events: readonly PauseEvent[]): void {
    for (const event of events) {
      if (event.kind === 'pause') this.#record(event);
      const detail = distrustDetail(event);
      if (detail !== undefined) this.#protection.distrust(detail);
      if (event.kind === 'clock-step') this.#events.emit('clockStep', event);
      else if (!this.#settings.suppress.has(event.cause)) this.#events.emit('pause', event);
    }
  }

  #record(pause: Pause): void {
    this.#lengths.addPause(pause, this.#last);
    this.#last = pause;
    this.#recorder.record(pause.gapMs, 'now');
  }
}

/**
 * Starts to notice pauses of this process.
 *
 * One timer that does not keep the process alive, every 50 ms; nothing runs before this is called, nothing after `close` (G27). What cannot be
 * read here (another system, a container, `--permission`) is missing in `capabilities`, and the verdicts say less.
 *
 * @throws TC_INVALID_ARGUMENT, TC_NOT_FINITE, TC_OUT_OF_RANGE, TC_EPOCH_AS_DURATION for options that cannot be right.
 *
 * @example
 * ```ts
 * import { monitorPauses } from 'truechimer';
 *
 * const monitor = monitorPauses();
 * monitor.onPause(({ cause, gapMs, parts }) => console.log(`paused ${gapMs.toFixed(0)} ms: ${cause}`, parts));
 * monitor.onClockStep(({ deltaMs }) => console.log(`somebody set the wall clock by ${deltaMs.toFixed(0)} ms`));
 * monitor.close();
 * ```
 */
export function monitorPauses(options?: PauseMonitorOptions): PauseMonitor {
  const settings = requireMonitorOptions(options);
  return new PauseMonitor(settings, rimFor(settings.clock));
}
