/**
 * True time as an interval: the state machine that ties sources, agreement and witnesses together.
 *
 * Measuring is slow and rare, reading is fast and frequent: every measurement publishes a snapshot of two lines on the monotonic
 * axis, and a read evaluates them. Steps of the wall clock cannot disturb it, since the wall clock is only a witness.
 * What the witness must catch is time that the monotonic clock did not count; it looks on every read by default.
 */
import {
  armTimer,
  type Bounded,
  type BoundedOrder,
  type BoundedTime,
  ClockError,
  type ClockPort,
  compareIntervals,
  Emitter,
  type Interval,
  MonotonicInstant,
  optionNames,
  requireListener,
  requireOptions,
  type TimerHandle,
  type UnboundedReason,
  type UnboundedTime,
  type Unsubscribe,
  widthMs,
} from '../core/index.ts';
import { BoundedReading } from './bounded-reading.ts';
import {
  type BoundedClockOptions,
  type ClockSettings,
  requireClockPort,
  requireSentence,
  settleOptions,
} from './clock-options.ts';
import {
  BOUNDED_CLOCK_EVENT_NAMES,
  type BoundedClockEvents,
  type ClockStatus,
  type WallOffset,
} from './clock-status.ts';
import { Consensus } from './consensus.ts';
import { ContinuityWitness, type WitnessReport } from './continuity-witness.ts';
import { requireConfidence } from './estimate.ts';
import { edgesOf, earliestOf, latestOf, type TimeTarget } from './time-target.ts';
import { boundsAt, earliestAt, latestAt, type Snapshot, VOID_SNAPSHOT } from './snapshot.ts';
import { requireMaxWidthMs, requireWaitOptions } from './wait-options.ts';
import { Waiters, type WaitUntilOptions } from './waiters.ts';
import type { WitnessWindow } from './continuity.ts';

/** What `ready` waits for. */
export interface ReadyOptions extends WaitUntilOptions {
  /** The bound must be at most this wide. Smaller waits for more measurements, and may never come. Default: any width. */
  readonly maxWidthMs?: number;
}

/** What `offset` can be told. */
export interface OffsetOptions {
  /** The confidence level, between 0 and 1. Default 0.95. */
  readonly level?: number;
}

const WAIT_OPTIONS = optionNames<WaitUntilOptions>({ signal: true, timeoutMs: true });
const READY_OPTIONS = optionNames<ReadyOptions>({ maxWidthMs: true, signal: true, timeoutMs: true });
const OFFSET_OPTIONS = optionNames<OffsetOptions>({ level: true });

/**
 * A clock that answers with an interval that contains the true time, or says that it cannot.
 *
 * This is the platform-free core: services use `BoundedClock.start` of the main entry point, tests and simulations give it
 * any `ClockPort`.
 */
export class BoundedClockCore {
  readonly #port: ClockPort;
  readonly #settings: ClockSettings;
  readonly #events = new Emitter<BoundedClockEvents>();
  readonly #waiters: Waiters;
  readonly #witness: ContinuityWitness;
  readonly #consensus: Consensus;
  readonly #witnessed: boolean;
  #snapshot: Snapshot = VOID_SNAPSHOT;
  #window: WitnessWindow;
  #housekeeping: TimerHandle | undefined;
  #stopped = false;

  /** @throws TC_INVALID_ARGUMENT, TC_OUT_OF_RANGE, TC_NOT_FINITE, TC_MIXED_TIME_SCALES for options that cannot be right. */
  constructor(port: ClockPort, options: BoundedClockOptions) {
    this.#port = requireClockPort(port);
    this.#settings = settleOptions(options);
    this.#witnessed = this.#settings.discontinuity === 'witness';
    this.#waiters = new Waiters(port);
    this.#witness = new ContinuityWitness(port);
    this.#window = this.#witness.window;
    this.#consensus = new Consensus(port, this.#settings, {
      examine: () => {
        this.#examine();
      },
      voidedAtMs: () => this.#witness.voidedAtMs,
      published: (snapshot) => {
        // A listener may have stopped the clock while this was being published.
        if (this.#stopped) return;
        this.#snapshot = snapshot;
        this.#waiters.wake();
      },
      emit: (name, value) => {
        this.#events.emit(name, value);
      },
    });
    this.#consensus.start();
    this.#keepHouse();
  }

  /**
   * The true time, as far as it is known: an interval, or the reason why there is none.
   *
   * @returns `bounded` with `earliest` and `latest` in epoch ms, rounded outward; `unbounded` with a reason.
   * Guarantee G1 (`docs/guarantees.md`): true time at the moment of the call is inside while the premises hold.
   */
  now(): Bounded {
    const snapshot = this.#snapshot;
    const monotonicMs = this.#readableMs(snapshot);
    if (Number.isNaN(monotonicMs)) return this.#nowSlowly();
    return new BoundedReading(earliestAt(snapshot, monotonicMs), latestAt(snapshot, monotonicMs), snapshot.premises);
  }

  /**
   * The monotonic clock when the snapshot may be read as it is; NaN when the clocks need a closer look first.
   *
   * The wall clock is read before the monotonic clock, so that a pause between the two only widens the answer.
   */
  #readableMs(snapshot: Snapshot): number {
    const port = this.#port;
    if (!this.#witnessed) {
      const unwitnessedMs = port.monotonicMs();
      return unwitnessedMs >= snapshot.anchorMs && unwitnessedMs < snapshot.voidAfterMs ? unwitnessedMs : NaN;
    }
    const window = this.#window;
    const wallMs = port.wallMs();
    const monotonicMs = port.monotonicMs();
    const gapMs = wallMs - monotonicMs;
    const undisturbed = gapMs >= window.minGapMs && gapMs <= window.maxGapMs;
    return undisturbed && monotonicMs >= snapshot.anchorMs && monotonicMs < snapshot.voidAfterMs ? monotonicMs : NaN;
  }

  /**
   * The true time at a past reading of the system's monotonic clock: for what was stamped before it was asked.
   *
   * @param instant - A reading of the same clock that this bounded clock runs on; not in the future.
   * @returns Unbounded when the clocks were disturbed or a leap second passed between that instant and now, or the instant is
   * from before the start.
   * @throws TC_CLOCK_MISMATCH for an instant of another clock; TC_OUT_OF_RANGE for one in the future.
   */
  at(instant: MonotonicInstant<'monotonic'>): Bounded {
    const atMs = MonotonicInstant.readingOf(instant, this.#port.monotonicId, 'BoundedClock.at');
    const now = this.#nowSlowly();
    const aheadMs = atMs - this.#port.monotonicMs();
    if (aheadMs > 0) {
      throw new ClockError(
        'TC_OUT_OF_RANGE',
        `BoundedClock.at: requires an instant that is not in the future, got one ${aheadMs} ms ahead. ` +
          'Nobody knows what the clock will do: ask again when the moment has come.',
        { aheadMs },
      );
    }
    if (now.status === 'unbounded') return now;
    if (atMs <= Math.max(this.#witness.voidedAtMs, this.#consensus.voidedAtMs)) {
      return unbounded(
        'clock-discontinuity',
        'the instant is from before the last suspend, jump or leap second, or before the start',
      );
    }
    const { earliest, latest } = boundsAt(this.#snapshot, atMs);
    return new BoundedReading(earliest, latest, this.#snapshot.premises);
  }

  /**
   * Whether the moment has certainly passed. False means "no, or nobody can know".
   *
   * Allocates nothing for numbers. Guarantee G2.
   *
   * @throws TC_NOT_FINITE, TC_DURATION_AS_EPOCH, TC_OUT_OF_RANGE for a number that is no epoch.
   */
  hasPassed(moment: TimeTarget): boolean {
    const target = latestOf('BoundedClock.hasPassed', moment);
    const snapshot = this.#snapshot;
    const monotonicMs = this.#readableMs(snapshot);
    if (!Number.isNaN(monotonicMs)) return earliestAt(snapshot, monotonicMs) > target;
    const now = this.#nowSlowly();
    return now.status === 'bounded' && now.earliest > target;
  }

  /**
   * Whether it is certainly still before the moment. False means "no, or nobody can know": it is not the opposite of `hasPassed`.
   *
   * @throws TC_NOT_FINITE, TC_DURATION_AS_EPOCH, TC_OUT_OF_RANGE for a number that is no epoch.
   */
  isBefore(moment: TimeTarget): boolean {
    const target = earliestOf('BoundedClock.isBefore', moment);
    const snapshot = this.#snapshot;
    const monotonicMs = this.#readableMs(snapshot);
    if (!Number.isNaN(monotonicMs)) return latestAt(snapshot, monotonicMs) < target;
    const now = this.#nowSlowly();
    return now.status === 'bounded' && now.latest < target;
  }

  /**
   * How now is ordered to a moment: `before`, `after`, `overlapping` (nobody can know) or `unbounded`.
   *
   * @throws TC_NOT_FINITE, TC_DURATION_AS_EPOCH, TC_OUT_OF_RANGE for a number that is no epoch.
   */
  compare(moment: TimeTarget): BoundedOrder {
    const edges = edgesOf('BoundedClock.compare', moment);
    const now = this.now();
    return now.status === 'unbounded' ? 'unbounded' : compareIntervals(now, edges);
  }

  /**
   * Resolves when the moment has certainly passed: the commit wait of Spanner (Corbett et al., OSDI 2012, section 4.1.2).
   *
   * Waits through unbounded phases. Keeps the process alive while it waits.
   *
   * @returns The reading that proved it.
   * @throws TC_TIMED_OUT after `timeoutMs` (default 60 s), TC_STOPPED when the clock is stopped, the signal's reason when aborted.
   */
  waitUntilPassed(moment: TimeTarget, options: WaitUntilOptions = {}): Promise<BoundedTime> {
    requireWaitOptions('BoundedClock.waitUntilPassed', options, WAIT_OPTIONS);
    const target = latestOf('BoundedClock.waitUntilPassed', moment);
    return this.#waiters.until('BoundedClock.waitUntilPassed', options, () => {
      const now = this.now();
      if (now.status === 'unbounded') return { done: false, why: now.detail };
      if (now.earliest > target) return { done: true, value: now };
      const leftMs = target - now.earliest;
      return { done: false, againInMs: leftMs, why: `the moment may still be ${leftMs} ms ahead` };
    });
  }

  /**
   * Resolves with a bounded reading as soon as there is one (and it is narrow enough).
   *
   * Keeps the process alive while it waits.
   *
   * @throws TC_TIMED_OUT after `timeoutMs` (default 60 s), TC_STOPPED when the clock is stopped, the signal's reason when aborted;
   * TC_NOT_FINITE, TC_OUT_OF_RANGE for a width that is none.
   */
  ready(options: ReadyOptions = {}): Promise<BoundedTime> {
    requireWaitOptions('BoundedClock.ready', options, READY_OPTIONS);
    const maxWidthMs = requireMaxWidthMs('BoundedClock.ready', options.maxWidthMs);
    return this.#waiters.until('BoundedClock.ready', options, () => {
      const now = this.now();
      if (now.status === 'unbounded') return { done: false, why: now.detail };
      if (widthMs(now) <= maxWidthMs) return { done: true, value: now };
      return { done: false, why: `the bound is ${widthMs(now)} ms wide, wanted at most ${maxWidthMs} ms` };
    });
  }

  /**
   * How far the wall clock is from true time: positive means that the wall clock is slow.
   *
   * The bounds are a guarantee like `now()`; the estimate and its confidence interval are statistics and cannot see path asymmetry.
   *
   * @throws TC_NOT_FINITE, TC_OUT_OF_RANGE for a level that is no probability.
   */
  offset(options: OffsetOptions = {}): WallOffset {
    requireOptions('BoundedClock.offset', options, OFFSET_OPTIONS);
    const level = requireConfidence('BoundedClock.offset level', options.level ?? 0.95);
    const now = this.#nowSlowly();
    if (now.status === 'unbounded') return { status: 'unbounded', reason: now.reason, detail: now.detail };
    return this.#consensus.wallOffset(this.#snapshot, this.#witness.wallRelation, level);
  }

  /**
   * Takes in wall - monotonic as `measureTickEdges` has just measured it: offsets are then sharper than the wall clock's granularity.
   * Bounds of true time do not depend on it. A later step of the wall clock by less than about 1 ms can go unnoticed and make
   * offsets wrong by as much: where that matters, measure again right before reading.
   */
  learnWallRelation(measured: Interval): void {
    this.#examine();
    this.#witness.learnWallRelation(measured);
    this.#window = this.#witness.window;
  }

  /** Everything the clock knows about itself and its sources; made anew on every read. */
  get status(): ClockStatus {
    const now = this.#nowSlowly();
    return this.#consensus.status(now, this.#witness.wallRelation);
  }

  /** Whether every source failed in a way that waiting a little does not mend: no name, closed port, refused. */
  protected get everySourceFailed(): boolean {
    return this.#consensus.everySourceFailed;
  }

  /**
   * Calls the listener on every event of that name; the returned function ends it.
   *
   * A listener that throws disturbs neither the clock nor the other listeners: its error surfaces as an unhandled rejection, which
   * ends a Node.js process that does not handle those.
   *
   * @throws TC_INVALID_ARGUMENT for an event that does not exist, or a listener that is no function.
   */
  on<Name extends keyof BoundedClockEvents>(
    name: Name,
    listener: (event: BoundedClockEvents[Name]) => void,
  ): Unsubscribe {
    requireListener('BoundedClock.on', { name, listener }, BOUNDED_CLOCK_EVENT_NAMES);
    return this.#events.on(name, listener);
  }

  /**
   * Voids every bound until the sources have been measured again: for whoever learns that the machine was paused while its clocks stood
   * still with it, as `PauseMonitor.protect` does. What this clock can see itself, it sees without.
   *
   * @param detail - A sentence for people: what was seen.
   * @throws TC_INVALID_ARGUMENT when it says nothing.
   */
  distrust(detail: string): void {
    const reason = requireSentence('BoundedClock.distrust', detail);
    if (this.#stopped) return;
    this.#snapshot = VOID_SNAPSHOT;
    this.#consensus.forget('clock-discontinuity', reason);
    this.#consensus.announceVoid('clock-discontinuity', reason);
  }

  /** Resolves after the next publication or state change, or when `timeoutMs` have passed: for waiting in steps. */
  protected nextChange(timeoutMs: number): Promise<void> {
    return this.#waiters.nextWake(timeoutMs);
  }

  /** Stops asking; every later answer is unbounded, and every wait is rejected with TC_STOPPED. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#housekeeping?.cancel();
    this.#snapshot = VOID_SNAPSHOT;
    this.#consensus.stop();
    this.#waiters.stop();
  }

  /** The same as `stop`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    return Promise.resolve();
  }

  /** Looks at the clocks closely, then answers. */
  #nowSlowly(): Bounded {
    this.#examine();
    const snapshot = this.#snapshot;
    const monotonicMs = this.#port.monotonicMs();
    if (monotonicMs >= snapshot.anchorMs && monotonicMs < snapshot.voidAfterMs) {
      return new BoundedReading(earliestAt(snapshot, monotonicMs), latestAt(snapshot, monotonicMs), snapshot.premises);
    }
    return this.#consensus.whyUnbounded();
  }

  /** Compares the clocks with each other, and voids what a discontinuity makes wrong. */
  #examine(): void {
    if (this.#stopped) return;
    const seen = this.#witness.examine();
    this.#window = this.#witness.window;
    if (seen.kind !== 'continuous') this.#react(seen);
    this.#consensus.keepHouse(this.#port.monotonicMs());
  }

  /**
   * What was published is void before anybody hears of it: a listener that reads the clock must not get a bound from before the sleep.
   */
  #react(seen: Exclude<WitnessReport, { kind: 'continuous' }>): void {
    const voids = seen.kind !== 'backward-step';
    if (voids) this.#snapshot = VOID_SNAPSHOT;
    if (voids) this.#consensus.forget('clock-discontinuity', discontinuityDetail(seen));
    if (seen.wallStep.earliest !== 0 || seen.wallStep.latest !== 0) {
      this.#events.emit('wallStep', { step: seen.wallStep });
    }
    if (seen.kind === 'suspend') this.#events.emit('suspend', { length: seen.length });
    if (voids) this.#consensus.announceVoid('clock-discontinuity', discontinuityDetail(seen));
  }

  #keepHouse(): void {
    const untilMs = this.#port.monotonicMs() + this.#settings.discontinuityCheckMs;
    const spec = { port: this.#port, readMs: () => this.#port.monotonicMs(), untilMs, keepsAlive: false };
    this.#housekeeping = armTimer(spec, () => {
      this.#examine();
      if (!this.#stopped) this.#keepHouse();
    });
  }
}

function discontinuityDetail(seen: Exclude<WitnessReport, { kind: 'continuous' }>): string {
  if (seen.kind === 'suspend') return `the machine slept for about ${Math.round(seen.length.latest)} ms`;
  if (seen.kind === 'monotonic-went-back') return 'the monotonic clock went back';
  return `the wall clock jumped forward by about ${Math.round(seen.wallStep.latest)} ms and nothing explains it`;
}

function unbounded(reason: UnboundedReason, detail: string): UnboundedTime {
  return { status: 'unbounded', reason, detail };
}
