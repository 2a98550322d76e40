/**
 * What a holder knows about its lease, as a state machine that owns no clock: every reading is an argument.
 *
 * The lease is usable while the holder's clocks have advanced by less than the window since *before* the request was sent that the
 * store has acknowledged (theorem 1 in docs/algorithms/leases.md). With several renewals under way the latest acknowledged stamp
 * counts, in whatever order the answers come (theorem 4). Loss is latched: an answer that comes late changes nothing, since the
 * application has already been told.
 *
 * Impossible to know: what happens after the check. A process can be paused between a check and the write that follows it; only a
 * fencing token stops that write.
 */
import { addDown, ClockError, nextDown, subtractDown } from '../core/index.ts';
import type { RefusalReason } from './verdict.ts';

/** One look at the holder's clocks. */
export interface HolderReading {
  readonly monotonicMs: number;
  /** Boot time, which counts suspend; the same as `monotonicMs` where it is not compared. */
  readonly bootMs: number;
  /**
   * How far this boot time may be behind the truth beyond the granularity that the window allows for, in ms; 0 when left out. It may hide
   * that the window is over, and proves nothing: so it refuses, and ends nothing.
   */
  readonly behindMs?: number;
}

/** A request that is under way: when it was sent, and before or after which suspicion. */
export interface SentStamp extends HolderReading {
  readonly suspicion: number;
}

/** The states. `jeopardy`: still inside the window, but a renewal is overdue or the machine slept. The last two are final. */
export type LeaseState = 'held' | 'jeopardy' | 'lost' | 'released';

/** What a machine is made with. */
export interface HolderWindows {
  /** The window on the monotonic clock, in ms. */
  readonly windowMs: number;
  /** The window on boot time, in ms; `undefined`: boot time is not compared. */
  readonly bootWindowMs: number | undefined;
  /** How far boot time may run ahead of monotonic time before that counts as a suspend, in ms. */
  readonly suspendToleranceMs: number;
  /** The lease ends so long after its grant was asked for, whatever is renewed, in ms. Default: never. */
  readonly maxHoldMs?: number | undefined;
}

/** After this share of the window without an acknowledged renewal, one is overdue. */
const OVERDUE_SHARE = 2 / 3;

/** Why the machine is where it is. */
interface Ending {
  readonly reason: RefusalReason;
  readonly detail: string;
}

/** The holder's side of one grant. */
export class HolderMachine {
  readonly #windows: HolderWindows;
  readonly #comparesBoot: boolean;
  readonly #holdUntilMs: number;
  readonly #holdUntilBootMs: number;
  #endMs = -Infinity;
  #bootEndMs = -Infinity;
  #overdueMs = -Infinity;
  /** Where `#endMs` is while the lease is usable; else in the infinite past, so that the fast path is one comparison. */
  #usableUntilMs = -Infinity;
  #lastMs = -Infinity;
  #lastBootMs = -Infinity;
  #bootGapMs = -Infinity;
  #suspicion = 0;
  #suspected: string | undefined;
  #ending: Ending | undefined;

  /** A grant, asked for at `sent`. */
  constructor(windows: HolderWindows, sent: HolderReading) {
    const { maxHoldMs = Infinity } = windows;
    this.#windows = windows;
    this.#comparesBoot = windows.bootWindowMs !== undefined;
    this.#holdUntilMs = sent.monotonicMs + maxHoldMs;
    this.#holdUntilBootMs = sent.bootMs + maxHoldMs;
    this.#bootGapMs = sent.bootMs - sent.monotonicMs;
    this.#lastMs = sent.monotonicMs;
    this.#lastBootMs = sent.bootMs;
    this.#extend(sent);
  }

  /** Whether boot time is compared. */
  get comparesBoot(): boolean {
    return this.#comparesBoot;
  }

  /** Whether it waits for a renewal that was sent after a suspicion. */
  get isSuspect(): boolean {
    return this.#suspected !== undefined;
  }

  /** Counts the suspicions; what was sent before the latest one cannot clear it. */
  get suspicion(): number {
    return this.#suspicion;
  }

  /** Whether it is over for good. */
  get isOver(): boolean {
    return this.#ending !== undefined;
  }

  /** The stamp of a renewal: call it before the request is handed to the store. */
  send(now: HolderReading): SentStamp {
    this.look(now);
    return { ...now, suspicion: this.#suspicion };
  }

  /** A positive answer to the request that was sent at `sent`. `late`: the lease was over, and stays so. */
  acknowledge(sent: SentStamp, now: HolderReading): 'renewed' | 'late' {
    this.look(now);
    if (this.#ending !== undefined) return 'late';
    this.#extend(sent);
    if (sent.suspicion === this.#suspicion) this.#suspected = undefined;
    this.#settle();
    return 'renewed';
  }

  /** A negative answer: somebody else holds it, or nobody does. */
  refuse(detail: string): void {
    this.#end('lost', detail);
  }

  /** Over by a rule that is not decided here: absolute expiry. */
  expire(detail: string): void {
    this.#end('expired', detail);
  }

  /** Given back, or left to expire by the holder's own will. */
  release(): void {
    this.#end('released', 'the lease was released');
  }

  /** Somebody who watches for pauses found one: the lease is not used before a renewal that is sent from now on is acknowledged. */
  suspect(detail: string): void {
    if (this.#ending !== undefined) return;
    this.#suspicion += 1;
    this.#suspected = detail;
    this.#settle();
  }

  /** The state at this moment. */
  stateAt(now: HolderReading): LeaseState {
    this.look(now);
    if (this.#ending !== undefined) return this.#ending.reason === 'released' ? 'released' : 'lost';
    return this.isTroubledAt(now) || !(this.leftMs(now) > 0) ? 'jeopardy' : 'held';
  }

  /** Whether it waits for a renewal that is overdue, or that clears a suspicion. */
  isTroubledAt(now: HolderReading): boolean {
    return this.#ending === undefined && (this.#suspected !== undefined || now.monotonicMs >= this.#overdueMs);
  }

  /**
   * How much of the window is left, in ms: above 0 while the lease may be used at this moment. Not above 0: ask `refusalAt` why.
   *
   * The difference is rounded to nearest, which the end of the window has room for: see `#extend`.
   */
  remainingMs(monotonicMs: number, bootMs: number, behindMs = 0): number {
    if (!(monotonicMs >= this.#lastMs)) return this.#look(monotonicMs, bootMs, behindMs);
    this.#lastMs = monotonicMs;
    const leftMs = this.#usableUntilMs - monotonicMs;
    return this.#comparesBoot ? this.#remainingByBothMs(leftMs, monotonicMs, bootMs, behindMs) : leftMs;
  }

  /**
   * The same by the monotonic clock alone, for a machine that does not compare boot time: the fast path of every check. One that does
   * takes it for a boot clock that gave no number: it cannot be left out by mistake.
   */
  remainingByMonotonicMs(monotonicMs: number): number {
    if (this.#comparesBoot || !(monotonicMs >= this.#lastMs)) {
      return this.#look(monotonicMs, this.#comparesBoot ? NaN : monotonicMs, 0);
    }
    this.#lastMs = monotonicMs;
    return this.#usableUntilMs - monotonicMs;
  }

  /** Why the lease may not be used at this moment, or `undefined` when it may. */
  refusalAt(now: HolderReading): Ending | undefined {
    this.look(now);
    if (this.#ending !== undefined) return this.#ending;
    return this.#suspected === undefined ? undefined : { reason: 'suspended', detail: this.#suspected };
  }

  /** Takes in a reading: notices expiry, suspend and impossible clocks. */
  look(now: HolderReading): void {
    this.#look(now.monotonicMs, now.bootMs, 0);
  }

  /** The monotonic reading at which a renewal counts as overdue. */
  get overdueMs(): number {
    return this.#overdueMs;
  }

  /** How much of the window is left for certain, by the clock that is nearest to its end, in ms; usable or not. */
  leftMs(now: HolderReading): number {
    return this.#shorterMs(this.#endMs - now.monotonicMs, now.bootMs, now.behindMs ?? 0);
  }

  /** How long until these clocks show that the window is over, in ms: when to look again. */
  endsInMs({ monotonicMs, bootMs }: HolderReading): number {
    return this.leftMs({ monotonicMs, bootMs });
  }

  /** Whether a renewal that is sent at this moment could be of use: move the end of the window, or clear a suspicion. */
  canExtend(now: HolderReading): boolean {
    const hasUse = this.#suspected !== undefined || this.#endMs < this.#holdUntilMs;
    return this.#ending === undefined && hasUse && now.monotonicMs < this.#endMs;
  }

  #shorterMs(leftMs: number, bootMs: number, behindMs: number): number {
    if (!this.#comparesBoot) return leftMs;
    const bootLeftMs = this.#bootEndMs - bootMs;
    return Math.min(leftMs, behindMs > 0 ? subtractDown(bootLeftMs, behindMs) : bootLeftMs);
  }

  #remainingByBothMs(leftMs: number, monotonicMs: number, bootMs: number, behindMs: number): number {
    if (!(bootMs >= this.#lastBootMs) || bootMs - monotonicMs - this.#bootGapMs > this.#windows.suspendToleranceMs) {
      return this.#look(monotonicMs, bootMs, behindMs);
    }
    this.#lastBootMs = bootMs;
    return this.#shorterMs(leftMs, bootMs, behindMs);
  }

  /** The whole look; returns how much is left, in ms. */
  #look(monotonicMs: number, bootMs: number, behindMs: number): number {
    if (this.#ending !== undefined) return -Infinity;
    if (!isAfter(monotonicMs, this.#lastMs) || (this.comparesBoot && !isAfter(bootMs, this.#lastBootMs))) {
      const detail = `a clock went back or gave no number: monotonic ${this.#lastMs} to ${monotonicMs} ms, boot ${this.#lastBootMs} to ${bootMs} ms`;
      this.#end('clock-anomaly', detail);
      return -Infinity;
    }
    this.#lastMs = monotonicMs;
    this.#lastBootMs = bootMs;
    this.#noticeSuspend(monotonicMs, bootMs);
    if (!(this.endsInMs({ monotonicMs, bootMs }) > 0)) this.#expire(monotonicMs);
    return this.#usableUntilMs === -Infinity ? -Infinity : this.leftMs({ monotonicMs, bootMs, behindMs });
  }

  #noticeSuspend(monotonicMs: number, bootMs: number): void {
    if (!this.comparesBoot) return;
    const sleptMs = bootMs - monotonicMs - this.#bootGapMs;
    if (sleptMs <= this.#windows.suspendToleranceMs) return;
    this.#bootGapMs = bootMs - monotonicMs;
    this.suspect(`the machine slept for about ${Math.round(sleptMs)} ms`);
  }

  #expire(monotonicMs: number): void {
    const isHoldLimit = this.#endMs === this.#holdUntilMs && monotonicMs >= this.#endMs;
    const detail = isHoldLimit
      ? `the lease was held for its maxHoldMs (${this.#windows.maxHoldMs} ms)`
      : `no renewal was acknowledged within the window of ${Math.floor(this.#windows.windowMs)} ms`;
    this.#end('expired', detail);
  }

  #end(reason: RefusalReason, detail: string): void {
    if (this.#ending !== undefined) return;
    this.#ending = { reason, detail };
    this.#usableUntilMs = -Infinity;
  }

  /**
   * Moves the end to `sent` plus the window, if that is later. One step below the sum, so that a difference to it that is rounded to
   * nearest (by at most half a step of something that is not larger) is never too long.
   */
  #extend(sent: HolderReading): void {
    const { windowMs, bootWindowMs = Infinity } = this.#windows;
    const endMs = nextDown(addDown(sent.monotonicMs, windowMs));
    const bootEndMs = nextDown(addDown(sent.bootMs, bootWindowMs));
    this.#endMs = Math.max(this.#endMs, Math.min(endMs, this.#holdUntilMs));
    this.#bootEndMs = Math.max(this.#bootEndMs, Math.min(bootEndMs, this.#holdUntilBootMs));
    // At the limit of `maxHoldMs` no renewal could help, so none is overdue.
    const overdueMs = this.#endMs < this.#holdUntilMs ? sent.monotonicMs + windowMs * OVERDUE_SHARE : Infinity;
    this.#overdueMs = Math.max(this.#overdueMs, overdueMs);
    this.#settle();
  }

  #settle(): void {
    const isUsable = this.#ending === undefined && this.#suspected === undefined;
    this.#usableUntilMs = isUsable ? this.#endMs : -Infinity;
  }
}

/** Neither back, nor NaN, nor infinite: what no clock may answer. */
function isAfter(readingMs: number, lastMs: number): boolean {
  return readingMs >= lastMs && readingMs < Infinity;
}

/** Checks that a reading can be the first one. @throws TC_NO_MONOTONIC_CLOCK for a clock that gives no numbers. */
export function requireReading(reading: HolderReading): HolderReading {
  if (Number.isFinite(reading.monotonicMs) && Number.isFinite(reading.bootMs)) return reading;
  throw new ClockError(
    'TC_NO_MONOTONIC_CLOCK',
    `acquire: requires a clock that gives finite numbers, got ${reading.monotonicMs} ms and ${reading.bootMs} ms. ` +
      'Pass systemClock, or a clock that createClock made.',
  );
}
