/**
 * The sources of one clock and what they agree on: runs the trackers, publishes snapshots, voids them, and knows why there is none.
 */
import {
  addDown,
  assert,
  type Bounded,
  type ClockPort,
  type Interval,
  type Premises,
  type UnboundedReason,
  type UnboundedTime,
  widthMs,
} from '../core/index.ts';
import { agree, type Agreement, type Opinion } from './agreement.ts';
import type { ClockSettings } from './clock-options.ts';
import type { BoundedClockEvents, ClockState, ClockStatus, WallOffset } from './clock-status.ts';
import { leapMoment, leapPhase, LEAP_MS } from './leap.ts';
import type { AxisPremises } from './running-intersection.ts';
import { boundsAt, makeSnapshot, type Snapshot, VOID_SNAPSHOT } from './snapshot.ts';
import { SourceTracker } from './source-tracker.ts';
import { clustersAsOffsets, explainDisagreement, sourceStatus, verdictOf, type Verdict } from './verdicts.ts';
import { wallOffsetFrom } from './wall-offset.ts';

/** A clock is in holdover when every truechimer failed this often in a row, or for as many polling intervals (RFC 5905's reach register). */
const HOLDOVER_POLLS = 8;

/** What the clock does for its consensus. */
export interface ConsensusHost {
  /** Looks at the clocks; may void everything before it returns. */
  examine(): void;
  /** The monotonic reading up to which nothing can be said. */
  voidedAtMs(): number;
  published(snapshot: Snapshot): void;
  emit<Name extends keyof BoundedClockEvents>(name: Name, value: BoundedClockEvents[Name]): void;
}

/** What is agreed, or not, among the sources of one clock. */
export class Consensus {
  readonly #port: ClockPort;
  readonly #settings: ClockSettings;
  readonly #host: ConsensusHost;
  readonly #axis: AxisPremises;
  readonly #trackers: readonly SourceTracker[];
  #snapshot: Snapshot = VOID_SNAPSHOT;
  #agreement: Agreement = { agreed: false, reason: 'too-few-sources' };
  #answering = 0;
  /** Sources behind which the same server answers as behind an earlier one: they have no vote of their own. */
  #duplicates: ReadonlyMap<SourceTracker, string> = new Map();
  /** Set when bounds were voided, until there is a new agreement. */
  #void: UnboundedTime | undefined;
  #leapMomentMs: number | undefined;
  /** The monotonic reading from which the announced leap second may have begun. */
  #ambiguousFromMs = Infinity;
  #voidedAtMs = -Infinity;
  #state: ClockState = 'synchronizing';
  #verdicts = new Map<SourceTracker, Verdict>();
  #stopped = false;

  constructor(port: ClockPort, settings: ClockSettings, host: ConsensusHost) {
    this.#port = port;
    this.#settings = settings;
    this.#host = host;
    this.#axis = {
      baseMs: Math.round(port.wallMs() - port.monotonicMs()),
      driftPpm: settings.driftPpm,
      granularityMs: port.granularity.monotonicMs,
    };
    this.#trackers = settings.sources.map((source) => new SourceTracker(source, this.#trackerHost()));
  }

  #trackerHost(): ConstructorParameters<typeof SourceTracker>[1] {
    return {
      port: this.#port,
      axis: this.#axis,
      timeoutMs: this.#settings.timeoutMs,
      random: this.#settings.random,
      admit: (exchange) => {
        this.#host.examine();
        return exchange.sentMs >= this.#host.voidedAtMs() && this.#phase() !== 'ambiguous';
      },
      measured: (tracker, outcome) => {
        this.#host.emit('measurement', { name: tracker.source.name, outcome });
        this.#publish();
      },
      contradicted: (tracker) => {
        const detail =
          'its last exchange contradicts what it proved before: it jumped, or the local clock left its drift bound';
        this.#host.emit('fault', { name: tracker.source.name, detail });
        for (const other of this.#trackers) if (other !== tracker) other.hurry();
      },
    };
  }

  start(): void {
    for (const tracker of this.#trackers) tracker.start();
  }

  stop(): void {
    this.#stopped = true;
    for (const tracker of this.#trackers) tracker.stop();
    this.#settleState();
  }

  get everySourceTried(): boolean {
    return this.#trackers.every((tracker) => tracker.lastOutcome !== undefined);
  }

  /** Whether every source failed in a way that waiting a little does not mend: no name, closed port, refused. */
  get everySourceFailed(): boolean {
    return this.#trackers.every(
      ({ lastOutcome: last }) => last !== undefined && last.outcome !== 'measured' && last.outcome !== 'timeout',
    );
  }

  /** The monotonic reading up to which nothing can be said since everything was last forgotten. */
  get voidedAtMs(): number {
    return this.#voidedAtMs;
  }

  /** Forgets every bound and measures again at once; tells nobody yet. */
  forget(reason: UnboundedReason, detail: string): void {
    this.#void = { status: 'unbounded', reason, detail: `${detail}; measuring again` };
    this.#leapMomentMs = undefined;
    this.#snapshot = VOID_SNAPSHOT;
    this.#voidedAtMs = this.#port.monotonicMs();
    for (const tracker of this.#trackers) tracker.remeasure();
  }

  /** Tells that everything was forgotten, and what is left: nothing. */
  announceVoid(reason: UnboundedReason, detail: string): void {
    if (this.#stopped) return;
    this.#host.emit('voided', { reason, detail });
    this.#publish();
  }

  /** What time alone changes: expired evidence, leap seconds, holdover. Cheap when nothing is due. */
  keepHouse(nowMs: number): void {
    if (this.#stopped) return;
    if (this.#phase() === 'after') {
      const detail = 'the end of a month with a leap second has passed';
      this.forget('leap-second', detail);
      this.announceVoid('leap-second', detail);
    } else if (this.#isExpired(nowMs)) this.#publish();
    this.#settleState();
  }

  /** Whether some evidence is too old by now. While a leap second makes time ambiguous nothing is published that could change that. */
  #isExpired(nowMs: number): boolean {
    return this.#snapshot !== VOID_SNAPSHOT && nowMs >= this.#snapshot.voidAfterMs && this.#phase() === 'before';
  }

  /** Why there is no bound now. */
  whyUnbounded(): UnboundedTime {
    if (this.#stopped) return unboundedBy('stopped', 'the clock has been stopped');
    if (this.#phase() === 'ambiguous') {
      return unboundedBy(
        'leap-second',
        'a leap second is due: UTC is ambiguous until it has passed and was measured again',
      );
    }
    // Once the sources have been measured again, what that gave is the news.
    if (this.#void !== undefined && !this.#trackers.every((tracker) => tracker.tried || tracker.denied))
      return this.#void;
    const nowMs = this.#port.monotonicMs();
    if (this.#answering === 0 && this.#trackers.some((tracker) => tracker.thetaAt(nowMs) !== undefined)) {
      return unboundedBy('holdover-expired', `no source has answered for ${this.#settings.holdoverMaxMs} ms`);
    }
    if (!this.everySourceTried)
      return unboundedBy('synchronizing', 'the sources are being measured for the first time');
    const reason = this.#agreement.agreed ? 'too-few-sources' : this.#agreement.reason;
    return unboundedBy(reason, explainDisagreement(this.#agreement, this.#premises()));
  }

  /** The offset of the wall clock for a valid snapshot. */
  wallOffset(snapshot: Snapshot, wallRelation: Interval, level: number): WallOffset {
    const monotonicMs = this.#port.monotonicMs();
    const samples = this.#trackers
      .filter((tracker) => this.#isTruechimer(tracker))
      .flatMap((tracker) => tracker.recent);
    return wallOffsetFrom({
      snapshot,
      monotonicMs,
      wallRelation,
      estimate: this.#settings.estimator.estimate(samples, monotonicMs, this.#axis.driftPpm),
      estimateBaseMs: this.#axis.baseMs,
      level,
      premises: snapshot.premises,
    });
  }

  /** Everything, for people and dashboards. */
  status(now: Bounded, wallRelation: Interval): ClockStatus {
    const nowMs = this.#port.monotonicMs();
    const clusters = clustersAsOffsets(this.#agreement, this.#axis.baseMs, wallRelation);
    return {
      state: this.#state,
      ...(now.status === 'unbounded' ? { reason: now.reason, detail: now.detail } : { widthMs: widthMs(now) }),
      ...(clusters === undefined ? {} : { clusters }),
      premises: this.#premises(),
      sources: this.#trackers.map((tracker) =>
        sourceStatus(tracker, { verdict: this.#verdict(tracker), nowMs, baseMs: this.#axis.baseMs, wallRelation }),
      ),
    };
  }

  #premises(): Premises {
    return {
      driftPpm: this.#axis.driftPpm,
      falsetickersTolerated: this.#settings.falsetickers,
      sourcesConfigured: this.#trackers.length,
      sourcesAnswering: this.#answering,
      timeScale: this.#settings.timeScale,
    };
  }

  /** Computes the agreement at this moment and publishes its snapshot, or that there is none. */
  #publish(): void {
    if (this.#stopped) return;
    const nowMs = this.#port.monotonicMs();
    const answering = this.#trackers.filter((tracker) => this.#expiryMs(tracker) > nowMs);
    this.#duplicates = duplicatesAmong(answering);
    const opinions = answering.flatMap((tracker): Opinion[] => {
      const theta = this.#duplicates.has(tracker) ? undefined : tracker.thetaAt(nowMs);
      return theta === undefined ? [] : [{ name: tracker.source.name, interval: theta }];
    });
    this.#answering = opinions.length;
    this.#agreement = this.#agreementOf(opinions);
    if (this.#phase() !== 'ambiguous') {
      this.#snapshot = this.#agreement.agreed ? this.#snapshotOf(this.#agreement.interval, nowMs) : VOID_SNAPSHOT;
      if (this.#agreement.agreed) this.#void = undefined;
    }
    // Published first: a listener that reads the clock finds what it is told of.
    this.#host.published(this.#phase() === 'ambiguous' ? VOID_SNAPSHOT : this.#snapshot);
    this.#settleState();
    this.#announceVerdicts();
  }

  /**
   * What the opinions agree on. Nothing is said before every source has been tried once: whoever answers first must not be believed
   * alone while those that could contradict are on their way.
   */
  #agreementOf(opinions: readonly Opinion[]): Agreement {
    if (!this.everySourceTried) return { agreed: false, reason: 'too-few-sources' };
    return agree(opinions, { configured: this.#trackers.length, tolerated: this.#settings.falsetickers });
  }

  #snapshotOf(theta: Interval, nowMs: number): Snapshot {
    const expiries = this.#trackers.map((tracker) => this.#expiryMs(tracker)).filter((expiryMs) => expiryMs > nowMs);
    const make = (voidAfterMs: number): Snapshot =>
      makeSnapshot({ theta, anchorMs: nowMs, voidAfterMs, axis: this.#axis, premises: this.#premises() });
    const snapshot = make(Math.min(...expiries));
    assert(snapshot.voidAfterMs > nowMs, 'a snapshot is published only with fresh evidence');
    this.#leapMomentMs = this.#announcesLeap() ? leapMoment(boundsAt(snapshot, nowMs)) : undefined;
    this.#ambiguousFromMs = Infinity;
    if (this.#leapMomentMs === undefined) return snapshot;
    const untilLeapMs = this.#leapMomentMs - LEAP_MS - boundsAt(snapshot, nowMs).latest;
    this.#ambiguousFromMs = addDown(nowMs, untilLeapMs / (1 + snapshot.hiRate) - 1);
    return make(Math.min(snapshot.voidAfterMs, this.#ambiguousFromMs));
  }

  #announcesLeap(): boolean {
    if (this.#settings.timeScale !== 'utc') return false;
    return this.#trackers.some(
      (tracker) => this.#isTruechimer(tracker) && (tracker.lastExchange?.leap ?? 'none') !== 'none',
    );
  }

  /** How now stands to an announced leap second, by the last snapshot. */
  #phase(): ReturnType<typeof leapPhase> {
    if (this.#leapMomentMs === undefined || this.#snapshot === VOID_SNAPSHOT) return 'before';
    const nowMs = this.#port.monotonicMs();
    const phase = leapPhase(boundsAt(this.#snapshot, nowMs), this.#leapMomentMs);
    return phase === 'before' && nowMs >= this.#ambiguousFromMs ? 'ambiguous' : phase;
  }

  /** The monotonic reading from which a tracker's evidence is too old. */
  #expiryMs(tracker: SourceTracker): number {
    if (tracker.lastExchange === undefined) return -Infinity;
    return tracker.lastExchange.receivedMs + this.#settings.holdoverMaxMs;
  }

  #isTruechimer(tracker: SourceTracker): boolean {
    return this.#agreement.agreed && this.#agreement.truechimers.includes(tracker.source.name);
  }

  #verdict(tracker: SourceTracker): Verdict {
    return verdictOf(tracker, this.#agreement, this.#duplicates.get(tracker));
  }

  #announceVerdicts(): void {
    for (const tracker of this.#trackers) {
      const verdict = this.#verdict(tracker);
      const before = this.#verdicts.get(tracker)?.verdict ?? 'unmeasured';
      this.#verdicts.set(tracker, verdict);
      if (before !== verdict.verdict) {
        const reason = verdict.reason === undefined ? {} : { reason: verdict.reason };
        this.#host.emit('source', { name: tracker.source.name, from: before, to: verdict.verdict, ...reason });
      }
    }
  }

  #settleState(): void {
    const from = this.#state;
    const nowMs = this.#port.monotonicMs();
    const to = this.#stateAt(nowMs);
    if (from === to) return;
    this.#state = to;
    const reason = to === 'unbounded' || to === 'stopped' ? { reason: this.whyUnbounded().reason } : {};
    this.#host.emit('status', { from, to, ...reason });
  }

  #stateAt(nowMs: number): ClockState {
    if (this.#stopped) return 'stopped';
    if (nowMs < this.#snapshot.voidAfterMs) return this.#isHoldover(nowMs) ? 'holdover' : 'synchronized';
    return this.whyUnbounded().reason === 'synchronizing' ? 'synchronizing' : 'unbounded';
  }

  #isHoldover(nowMs: number): boolean {
    return this.#trackers
      .filter((tracker) => this.#isTruechimer(tracker))
      .every(
        (tracker) =>
          tracker.failures >= HOLDOVER_POLLS ||
          nowMs - (tracker.lastExchange?.receivedMs ?? -Infinity) > HOLDOVER_POLLS * tracker.pollMs,
      );
  }
}

/** Each tracker that is answered by the same server as one before it, and the name of that one: one liar must not have two votes. */
function duplicatesAmong(trackers: readonly SourceTracker[]): ReadonlyMap<SourceTracker, string> {
  const first = new Map<string, string>();
  const duplicates = new Map<SourceTracker, string>();
  for (const tracker of trackers) {
    const server = tracker.lastExchange?.server;
    if (server === undefined) continue;
    const known = first.get(server);
    if (known === undefined) first.set(server, tracker.source.name);
    else duplicates.set(tracker, known);
  }
  return duplicates;
}

function unboundedBy(reason: UnboundedReason, detail: string): UnboundedTime {
  return { status: 'unbounded', reason, detail };
}
