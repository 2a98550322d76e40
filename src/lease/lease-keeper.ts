/**
 * Keeps one lease: renews it, wakes at its deadlines, and tells who listens.
 *
 * A renewal that gets no answer is no information, so the next one is sent a third of the window later, beside it: at most three are
 * under way, and the answer to any of them counts for the moment at which that one was sent. One timer serves every deadline; it only
 * makes things prompt, since every check reads the clocks itself.
 */
import { armTimer, type ClockError, type ClockPort, type TimerHandle } from '../core/index.ts';
import type { HolderClocks } from './holder-clocks.ts';
import type { HolderMachine, HolderReading, LeaseState, SentStamp } from './holder-machine.ts';
import type { LeaseAnnouncer } from './lease-announcer.ts';
import { GONE, insufficient, leaseOver } from './lease-ending.ts';
import type { LossReason } from './lease-events.ts';
import type { LeaseSettings } from './lease-options.ts';
import { type LeaseRuntime, newController } from './lease-runtime.ts';
import { keepingAlive } from './process-hold.ts';
import { RENEWAL_SHARE, RenewalSchedule } from './renewal-schedule.ts';
import { RenewalsUnderWay } from './renewals-under-way.ts';
import { requireReleaseAnswer, requireRenewAnswer } from './store-answer.ts';
import { callStore, type CallOutcome } from './store-call.ts';
import type { GrantRef, LeaseStore, StoreCapabilities, TokenOf } from './store-port.ts';
import type { TimingModel } from './timing-model.ts';
import type { UtcHolding } from './utc-holding.ts';
import type { LeaseRefused } from './verdict.ts';

/** Where a lease comes from. */
export interface LeaseOrigin<Capabilities extends StoreCapabilities, Domain extends string> {
  readonly runtime: LeaseRuntime;
  readonly store: LeaseStore;
  readonly settings: LeaseSettings<Domain>;
  readonly grant: GrantRef;
  readonly token: TokenOf<Capabilities, Domain>;
  /** Before the request was handed to the store. */
  readonly sent: HolderReading;
  /** Made of `sent`; it may have looked at the clocks since. */
  readonly machine: HolderMachine;
  readonly clocks: HolderClocks;
  readonly utc: UtcHolding;
  readonly announcer: LeaseAnnouncer;
}

/** How long a release waits for the store, in ms: the work is done, and the lease would run out by itself. */
export const RELEASE_WAIT_MS_MAX = 5000;

/** The shortest time between two wakes, in ms: a clock that stands still must not spin. */
const WAKE_MS_MIN = 1;

/** Where boot time is compared, the longest, in ms: timers stand still in a suspend, and may be due long after it. */
const WAKE_MS_MAX = 1000;

/** Keeps one lease until it is over. */
export class LeaseKeeper {
  readonly port: ClockPort;
  readonly ttlMs: number;
  readonly assumptions: TimingModel;
  readonly announcer: LeaseAnnouncer;
  readonly #origin: LeaseOrigin<StoreCapabilities, string>;
  readonly #machine: HolderMachine;
  readonly #clocks: HolderClocks;
  readonly #utc: UtcHolding;
  readonly #controller: AbortController;
  readonly #underWay = new RenewalsUnderWay<'renewed' | 'lost'>();
  readonly #schedule: RenewalSchedule;
  #timer: TimerHandle | undefined;
  #isOver = false;
  #inJeopardy = false;
  #knownSuspicion = 0;
  #lastError: unknown;

  constructor(origin: LeaseOrigin<StoreCapabilities, string>) {
    const { settings, runtime } = origin;
    this.#origin = origin;
    this.port = runtime.port;
    this.ttlMs = settings.ttlMs;
    this.assumptions = settings.timing;
    this.announcer = origin.announcer;
    this.#utc = origin.utc;
    this.#machine = origin.machine;
    this.#clocks = origin.clocks;
    this.#controller = newController(runtime);
    this.#schedule = new RenewalSchedule(settings.windowMs, origin.sent.monotonicMs, () => runtime.random());
    this.#arm();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  state(): LeaseState {
    return this.#machine.stateAt(this.#look());
  }

  /** Whether it is over by now. */
  isOver(): boolean {
    this.#look();
    return this.#machine.isOver;
  }

  /**
   * How much may still be used, in ms; not above 0: it may not be used. The fast path of every check: where one clock is all there is to
   * compare, nothing else is read and nothing allocated. (`Math.min` tells the compiler that the other path gives a number, too.)
   */
  remainingMs(): number {
    if (this.#clocks.readsBoot || this.#utc.isObeyed) {
      return Math.min(this.#remainingByClocksMs(), this.#utc.limit(Infinity));
    }
    return this.#machine.remainingByMonotonicMs(this.port.monotonicMs());
  }

  #remainingByClocksMs(): number {
    const { monotonicMs, bootMs, behindMs } = this.#read();
    return this.#machine.remainingMs(monotonicMs, bootMs, behindMs);
  }

  /** Why a check that found so much was refused. */
  refusal(remainingMs: number, needsMs: number): LeaseRefused {
    const ending = this.#machine.refusalAt(this.#look()) ?? this.#utc.refusal;
    const leftMs = Math.max(0, remainingMs);
    const refused: LeaseRefused =
      ending === undefined
        ? { ok: false, ...insufficient(leftMs, needsMs), remainingMs: leftMs }
        : { ok: false, ...ending, remainingMs: 0 };
    this.announcer.announce('rejected', leftMs, { reason: refused.reason, needsMs });
    return refused;
  }

  /** The lease is being given back: what is under way may end, and nothing new begins. */
  refuseNewActs(): LeaseRefused {
    const remainingMs = Math.max(0, this.remainingMs());
    this.announcer.announce('rejected', remainingMs, { reason: 'released', needsMs: 0 });
    return { ok: false, reason: 'released', detail: 'the lease is being released', remainingMs: 0 };
  }

  suspect(detail: string): void {
    this.#machine.suspect(detail);
    this.#wake();
  }

  /** Renews now, beside what is under way, or as one of it. */
  async renew(): Promise<'renewed' | 'lost' | 'unknown'> {
    if (this.isOver()) return 'lost';
    const outcome = await keepingAlive(this.port, () => this.#sendRenewal());
    if (this.isOver()) return 'lost';
    return outcome.status === 'answered' && outcome.value === 'renewed' ? 'renewed' : 'unknown';
  }

  /** Ends the lease by its holder's will. `isUncertain`: an act may still have its effect, so the store is not told. */
  async giveBack(isUncertain: boolean): Promise<'released' | 'left-to-expire' | 'lost'> {
    const now = this.#look();
    if (this.#isOver) return 'lost';
    const leftMs = this.#machine.leftMs(now);
    this.#machine.release();
    this.#finish(leaseOver(this.#origin.grant, 'released', 'the lease was released'));
    const ending = isUncertain ? 'left-to-expire' : await this.#callRelease();
    if (ending === 'lost') this.announcer.announce('lost', 0, { reason: 'lost', detail: GONE });
    else this.announcer.announce('released', leftMs, { ending });
    return ending;
  }

  async #callRelease(): Promise<'released' | 'left-to-expire' | 'lost'> {
    const { store, grant } = this.#origin;
    const options = { port: this.port, what: 'release', limitMs: RELEASE_WAIT_MS_MAX, keepsAlive: true };
    const call = callStore(options, async (io) => requireReleaseAnswer(store, await store.release(grant, io)));
    const outcome = await call.outcome;
    call.abandon();
    if (outcome.status === 'silent') {
      this.announcer.announce('trouble', 0, { during: 'release', error: outcome.error });
      return 'left-to-expire';
    }
    if (outcome.value === 'released') return 'released';
    // Inside the window it must have been there; later it may have run out on the way.
    return this.#machine.leftMs(this.#read()) > 0 ? 'lost' : 'left-to-expire';
  }

  #read(): HolderReading {
    return this.#clocks.read();
  }

  /** Reads every clock and takes it in, UTC too where the lease goes by it. */
  #look(): HolderReading {
    const now = this.#read();
    this.#machine.look(now);
    if (this.#utc.isObeyed && this.#utc.limit(Infinity) === -Infinity && this.#utc.refusal?.reason === 'expired') {
      this.#machine.expire(this.#utc.refusal.detail);
    }
    this.#notice(now);
    // Listeners may have looked, too: what is used after them must not be older than what they saw.
    return this.#read();
  }

  /** Sends one renewal; the answer is taken in whenever it comes. */
  #sendRenewal(): Promise<CallOutcome<'renewed' | 'lost'>> {
    const { store, grant, settings } = this.#origin;
    const { ttlMs, port } = this;
    const { utcExpiryMs } = this.#utc.stamp();
    // The clocks are read before the request exists: nothing that happens after can make the stamp too late.
    const sent = this.#machine.send(this.#read());
    const { suspicion } = sent;
    this.#schedule.sent(sent.monotonicMs);
    const request = utcExpiryMs === undefined ? { ttlMs } : { ttlMs, utcExpiryMs };
    const outcome = this.#underWay.sendOrJoin(
      { port, what: 'renew', limitMs: settings.windowMs * RENEWAL_SHARE, keepsAlive: false, suspicion },
      async (io) => requireRenewAnswer(store, await store.renew(grant, request, io)),
      {
        answered: (answer) => {
          if (answer === 'lost') this.#takeInLoss();
          else this.#takeIn(sent, utcExpiryMs);
        },
        silent: (error) => {
          this.#takeInSilence(error);
        },
      },
    );
    this.#arm();
    return outcome;
  }

  #takeInLoss(): void {
    this.#machine.refuse(GONE);
    this.#notice(this.#read());
  }

  #takeIn(sent: SentStamp, utcExpiryMs: number | undefined): void {
    const now = this.#look();
    const roundTripMs = now.monotonicMs - sent.monotonicMs;
    if (this.#machine.acknowledge(sent, now) === 'late') {
      this.announcer.announce('late', 0, { roundTripMs });
      return;
    }
    this.#utc.acknowledged(utcExpiryMs);
    this.#lastError = undefined;
    this.#inJeopardy &&= this.#machine.isTroubledAt(now);
    if (!this.#machine.isSuspect) this.#schedule.acknowledged(sent.monotonicMs);
    this.announcer.announce('renewed', this.#machine.leftMs(now), { roundTripMs });
    this.#arm();
  }

  #takeInSilence(error: unknown): void {
    const now = this.#look();
    if (this.#isOver) return;
    this.#lastError = error;
    this.#schedule.failed(now.monotonicMs);
    this.announcer.announce('trouble', this.#machine.leftMs(now), { during: 'renew', error });
    this.#arm();
  }

  #wake(): void {
    const now = this.#look();
    if (this.#isOver) return;
    if (this.#renews(now) && now.monotonicMs >= this.#schedule.dueMs) void this.#sendRenewal();
    else this.#arm();
  }

  #renews(now: HolderReading): boolean {
    return this.#origin.settings.renew === 'auto' && this.#machine.canExtend(now);
  }

  /** Tells of what the machine has found: jeopardy once each time, and the end. */
  #notice(now: HolderReading): void {
    if (this.#isOver) return;
    const refusal = this.#machine.refusalAt(now);
    if (this.#machine.isOver && refusal !== undefined) {
      const { reason, detail } = refusal;
      this.#finish(leaseOver(this.#origin.grant, reason, detail));
      this.announcer.announce('lost', 0, { reason: reason as LossReason, detail });
      return;
    }
    const isNewSuspicion = this.#machine.suspicion !== this.#knownSuspicion;
    this.#knownSuspicion = this.#machine.suspicion;
    if (isNewSuspicion) this.#renewSoon(now);
    if (this.#inJeopardy || !this.#machine.isTroubledAt(now)) return;
    this.#inJeopardy = true;
    const why = refusal === undefined ? 'renewal-overdue' : 'suspended';
    const lastError = this.#lastError === undefined ? {} : { lastError: this.#lastError };
    this.announcer.announce('jeopardy', this.#machine.leftMs(now), { why, ...lastError });
  }

  /** A suspect lease is useless until it is renewed. */
  #renewSoon(now: HolderReading): void {
    this.#schedule.atOnce();
    this.#arm(now);
  }

  /** By the caller's reading, if the caller goes on with it: a later one would make it look like a clock that went back. */
  #arm(now: HolderReading = this.#read()): void {
    this.#timer?.cancel();
    const { port } = this;
    this.#machine.look(now);
    if (this.#machine.isOver) {
      this.#notice(now);
      return;
    }
    const dues = [this.#machine.endsInMs(now), this.#utc.leftMs()];
    if (this.#clocks.readsBoot) dues.push(WAKE_MS_MAX);
    if (!this.#inJeopardy) dues.push(this.#machine.overdueMs - now.monotonicMs);
    if (this.#renews(now)) dues.push(this.#schedule.dueMs - now.monotonicMs);
    const untilMs = now.monotonicMs + Math.max(WAKE_MS_MIN, Math.min(...dues));
    this.#timer = armTimer({ port, readMs: () => port.monotonicMs(), untilMs, keepsAlive: false }, () => {
      this.#wake();
    });
  }

  #finish(reason: ClockError): void {
    this.#isOver = true;
    this.#timer?.cancel();
    this.#underWay.abandonAll();
    this.#controller.abort(reason);
  }
}
