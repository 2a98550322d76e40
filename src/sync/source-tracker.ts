/**
 * One source and what is known of it: evidence, polling, verdict.
 *
 * A source that contradicts its own past is not believed until a second exchange confirms what it says now: either it
 * jumped, or the local clock did, and one exchange cannot tell.
 */
import { armTimer, type ClockPort, type Interval, type TimerHandle } from '../core/index.ts';
import type { EstimatorSample } from './estimate.ts';
import { checkedOutcome } from './exchange-check.ts';
import { PollSchedule } from './poll-schedule.ts';
import { type AxisPremises, midpointOfExchange, RunningIntersection } from './running-intersection.ts';
import type { Exchange, MeasureOutcome, TimeSource } from './time-source.ts';

/** How many past exchanges are kept for estimators, for each source. */
export const RECENT_EXCHANGES_MAX = 256;

/** A source that does not settle this long after its own limit is counted as silent; what it says later is ignored. */
const OVERDUE_MS = 1000;

/** What a tracker tells its owner. */
export interface TrackerHost {
  readonly port: ClockPort;
  readonly axis: AxisPremises;
  readonly timeoutMs: number;
  readonly random: () => number;
  /** Called after every measurement, before anything is learnt from it: false discards an exchange. */
  admit(exchange: Exchange): boolean;
  /** Called after every measurement, when everything is learnt. */
  measured(tracker: SourceTracker, outcome: MeasureOutcome): void;
  /** Called when an exchange contradicts what the source proved before. */
  contradicted(tracker: SourceTracker): void;
}

/** The state of one source. */
export class SourceTracker {
  readonly source: TimeSource;
  readonly #host: TrackerHost;
  readonly #intersection: RunningIntersection;
  readonly #schedule: PollSchedule;
  readonly #abort = new AbortController();
  #recent: EstimatorSample[] = [];
  #timer: TimerHandle | undefined;
  #overdue: TimerHandle | undefined;
  #measuring = false;
  #stopped = false;
  #unconfirmed = false;
  /** Counts `remeasure`: a measurement that began before one is void. */
  #era = 0;

  /** Measurements that gave an exchange, since the start. */
  exchanges = 0;
  /** Measurements made, since the start. */
  attempts = 0;
  /** Measurements without an exchange in a row. */
  failures = 0;
  /** Whether a measurement has ended since the last `remeasure`. */
  tried = false;
  /** What the last measurement gave. */
  lastOutcome: MeasureOutcome | undefined;
  /** The last exchange, if any. */
  lastExchange: Exchange | undefined;

  constructor(source: TimeSource, host: TrackerHost) {
    this.source = source;
    this.#host = host;
    this.#intersection = new RunningIntersection(host.axis);
    this.#schedule = new PollSchedule(() => source.pace, host.random);
  }

  /** Asks for the first time, at once. */
  start(): void {
    this.#plan();
  }

  /** Asks no more; a measurement under way is told to end, and its result is ignored. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#overdue?.cancel();
    this.#abort.abort();
  }

  /** The polling interval in force, in ms. */
  get pollMs(): number {
    return this.#schedule.pollMs;
  }

  /** Whether the source forbade asking again. */
  get denied(): boolean {
    return this.#schedule.denied;
  }

  /** Whether its last exchange contradicted the ones before and none has confirmed it yet. */
  get unconfirmed(): boolean {
    return this.#unconfirmed;
  }

  /** Recent exchanges, oldest first. */
  get recent(): readonly EstimatorSample[] {
    return this.#recent;
  }

  /** The bounds of theta by this source alone; undefined when it has proved nothing that may be believed. */
  thetaAt(monotonicMs: number): Interval | undefined {
    return this.#unconfirmed ? undefined : this.#intersection.at(monotonicMs);
  }

  /** Forgets what it proved and measures again as soon as the source permits. */
  remeasure(): void {
    this.#era += 1;
    this.tried = false;
    this.#forget();
    this.#unconfirmed = false;
    this.hurry();
  }

  /** Measures again as soon as the source permits, keeping what is known. */
  hurry(): void {
    this.#schedule.hurry(this.#host.port.monotonicMs());
    if (!this.#measuring) this.#plan();
  }

  #forget(): void {
    this.#intersection.reset();
    this.#recent = [];
  }

  #plan(): void {
    this.#timer?.cancel();
    if (this.#stopped) return;
    const { port } = this.#host;
    const untilMs = this.#schedule.nextMs(port.monotonicMs());
    if (untilMs === undefined) return;
    const spec = { port, readMs: () => port.monotonicMs(), untilMs, keepsAlive: false };
    this.#timer = armTimer(spec, () => void this.#ask());
  }

  async #ask(): Promise<void> {
    if (this.#stopped || this.#measuring) return;
    this.#measuring = true;
    this.attempts += 1;
    this.#schedule.asked(this.#host.port.monotonicMs());
    const era = this.#era;
    const outcome = await this.#measureInTime();
    this.#measuring = false;
    if (this.#isStopped()) return;
    this.#learn(outcome, era);
    this.#plan();
  }

  /** Read through a method: the flag can change while something is awaited. */
  #isStopped(): boolean {
    return this.#stopped;
  }

  /** Measures, and settles even when the source does not. */
  #measureInTime(): Promise<MeasureOutcome> {
    const { port, timeoutMs } = this.#host;
    const askedMs = port.monotonicMs();
    return new Promise((resolve) => {
      const overdue = port.setTimer(
        () => {
          resolve({ outcome: 'timeout', detail: 'the source did not settle within its time limit' });
        },
        timeoutMs + OVERDUE_MS,
        { keepsAlive: false },
      );
      this.#overdue = overdue;
      const settle = (outcome: MeasureOutcome): void => {
        overdue.cancel();
        resolve(outcome);
      };
      const failed = (error: unknown): void => {
        settle({ outcome: 'unreachable', detail: error instanceof Error ? error.message : String(error) });
      };
      try {
        const measured = this.source.measure({ clock: port, timeoutMs, signal: this.#abort.signal });
        measured
          .then((outcome) => {
            settle(checkedOutcome(outcome, { askedMs, nowMs: port.monotonicMs() }));
          })
          .catch(failed);
      } catch (error) {
        failed(error);
      }
    });
  }

  #learn(outcome: MeasureOutcome, era: number): void {
    const admitted = outcome.outcome !== 'measured' || (this.#host.admit(outcome.exchange) && era === this.#era);
    if (era === this.#era) this.tried = true;
    this.failures = outcome.outcome === 'measured' ? 0 : this.failures + 1;
    if (admitted) {
      this.lastOutcome = outcome;
      if (outcome.outcome === 'measured') this.#learnExchange(outcome.exchange);
    }
    const theta = this.#intersection.at(this.#host.port.monotonicMs());
    this.#schedule.learn(outcome, theta, this.#host.axis.driftPpm);
    this.#host.measured(this, outcome);
  }

  #learnExchange(exchange: Exchange): void {
    if (this.lastExchange !== undefined && this.lastExchange.server !== exchange.server) this.#forget();
    const wasUnconfirmed = this.#unconfirmed;
    const { hasFacts } = this.#intersection;
    const contradicts = this.#intersection.add(exchange) === 'contradiction';
    // An exchange that contradicts itself leaves nothing that the next one could confirm.
    this.#unconfirmed = contradicts || (wasUnconfirmed && !hasFacts);
    this.exchanges += 1;
    this.lastExchange = exchange;
    if (contradicts) {
      this.#forget();
      this.#unconfirmed = true;
      this.#intersection.add(exchange);
      if (!wasUnconfirmed) this.#schedule.hurry(exchange.receivedMs);
    }
    const { thetaMs, delayMs } = midpointOfExchange(exchange, this.#host.axis);
    this.#recent.push({ thetaMs, delayMs, sourceErrorMs: exchange.sourceErrorMs, atMs: exchange.receivedMs });
    if (this.#recent.length > RECENT_EXCHANGES_MAX) this.#recent.shift();
    if (contradicts) this.#host.contradicted(this);
  }
}
