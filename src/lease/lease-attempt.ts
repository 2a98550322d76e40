/**
 * One attempt to acquire a lease: asks the store, raises the fences, and never hands out what is already used up.
 *
 * Every attempt has a name of its own. One that got no answer may have been granted all the same, so the store is told to free it; when
 * that fails too, it runs out by itself.
 */
import { addUp, armTimer, type ClockPort, describeValue } from '../core/index.ts';
import { unlessAborted } from './abort-sharing.ts';
import type { FencingToken } from './fencing-token.ts';
import { HolderClocks } from './holder-clocks.ts';
import { HolderMachine, type HolderReading, requireReading } from './holder-machine.ts';
import { type LeaseAudience, LeaseAnnouncer } from './lease-announcer.ts';
import { Lease } from './lease.ts';
import type { LeaseSettings } from './lease-options.ts';
import type { LeaseRuntime } from './lease-runtime.ts';
import { notAcquired, type NotAcquired } from './not-acquired.ts';
import { requireAcquireAnswer, requireRaiseAnswer, requireReleaseAnswer } from './store-answer.ts';
import { callStore, type CallOptions, type StoreCall } from './store-call.ts';
import type { Fence, GrantRef, LeaseStore, StoreCapabilities, StoreDenial, TokenOf } from './store-port.ts';
import { UtcHolding } from './utc-holding.ts';

/** Each call waits this share of the window for its answer: what comes later leaves too little to be of use. */
export const ATTEMPT_SHARE: number = 1 / 3;

/**
 * How often an attempt that was given up without an answer is freed again, each time after a share of the window: its request may be
 * done after the first release, and after its answer is heard by nobody. Later than that its grant is about to run out anyway.
 */
export const FREED_AGAIN_MAX = 2;

/** What an attempt is made with. */
export interface AttemptPlan<Capabilities extends StoreCapabilities, Domain extends string> {
  readonly runtime: LeaseRuntime;
  readonly store: LeaseStore<Capabilities, Domain>;
  readonly name: string;
  readonly settings: LeaseSettings<Domain>;
  readonly audience: LeaseAudience;
  /** How long the store may take to answer, in ms. */
  readonly limitMs: number;
  readonly takeover: { readonly version: string } | undefined;
}

/** What came of it. */
export type AttemptOutcome<Capabilities extends StoreCapabilities, Domain extends string> =
  | { readonly lease: Lease<Capabilities, Domain> }
  | { readonly lease?: undefined; readonly why: NotAcquired; readonly denial?: StoreDenial };

/** One attempt. */
export class LeaseAttempt<Capabilities extends StoreCapabilities, Domain extends string> {
  readonly #plan: AttemptPlan<Capabilities, Domain>;
  readonly #port: ClockPort;
  readonly #store: LeaseStore<Capabilities, Domain>;
  readonly #settings: LeaseSettings<Domain>;
  readonly #ref: GrantRef;
  readonly #clocks: HolderClocks;
  #announcer: LeaseAnnouncer;

  constructor(plan: AttemptPlan<Capabilities, Domain>) {
    this.#plan = plan;
    this.#port = plan.runtime.port;
    this.#store = plan.store;
    this.#settings = plan.settings;
    this.#ref = { name: plan.name, holderId: plan.runtime.newHolderId() };
    const { bootWindowMs, bootStepMs } = plan.settings;
    this.#clocks = new HolderClocks({ port: this.#port, readsBoot: bootWindowMs !== undefined, bootStepMs });
    this.#announcer = this.#announcerOf(this.#ref);
  }

  /** @throws The signal's reason when aborted; TC_INVALID_ARGUMENT for a store whose answers are none. */
  async run(): Promise<AttemptOutcome<Capabilities, Domain>> {
    const { takeover, limitMs } = this.#plan;
    const { ttlMs, signal } = this.#settings;
    const utc = new UtcHolding(this.#settings.utc, ttlMs);
    const { utcExpiryMs } = utc.stamp();
    const request = {
      ...this.#ref,
      ttlMs,
      ...(utcExpiryMs === undefined ? {} : { utcExpiryMs }),
      ...(takeover === undefined ? {} : { takeover }),
    };
    // The clocks are read before the request is handed over: nothing that happens after can make the stamp too late.
    const sent = requireReading(this.#clocks.stamp());
    const call = callStore(this.#call('acquire', limitMs), (io) => this.#store.tryAcquire(request, io));
    const outcome = await unlessAborted(call.outcome, signal).catch((error: unknown) => {
      this.#forsake(call);
      throw error;
    });
    if (outcome.status === 'silent') {
      this.#forsake(call);
      this.#announcer.announce('trouble', 0, { during: 'acquire', error: outcome.error });
      const { error } = outcome;
      return this.#refused('unreachable', `the store ${this.#store.kind} gave no answer: ${causeOf(error)}`, { error });
    }
    const answer = this.#required(outcome.value);
    if (answer.status === 'denied') return this.#denied(answer);
    const grant: GrantRef = answer.token === undefined ? this.#ref : { ...this.#ref, token: answer.token };
    return this.#granted(grant, { sent, utc });
  }

  #required(answer: unknown): ReturnType<typeof requireAcquireAnswer> {
    try {
      return requireAcquireAnswer(this.#store, answer);
    } catch (error) {
      void this.#giveBack(this.#ref);
      throw error;
    }
  }

  #denied(denial: StoreDenial): AttemptOutcome<Capabilities, Domain> {
    const { holderId: heldBy, retryAfterMs } = denial;
    const refused = this.#refused('held', `somebody else holds the lease ${this.#ref.name}`, {
      ...(heldBy === undefined ? {} : { heldBy }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
    return { ...refused, denial };
  }

  /** Raises the fences and looks at what is left: the lease, or it is given back. */
  async #granted(
    grant: GrantRef,
    from: { readonly sent: HolderReading; readonly utc: UtcHolding },
  ): Promise<AttemptOutcome<Capabilities, Domain>> {
    const settings = this.#settings;
    const { runtime } = this.#plan;
    this.#announcer = this.#announcerOf(grant);
    const machine = new HolderMachine(settings, from.sent);
    const token = grant.token as TokenOf<Capabilities, Domain>;
    const roundTripMs = this.#port.monotonicMs() - from.sent.monotonicMs;
    const refused = await this.#raiseFences(token).catch((error: unknown) => {
      void this.#giveBack(grant);
      throw error;
    });
    if (refused !== undefined) {
      void this.#giveBack(grant);
      return refused;
    }
    const leftMs = this.#leftMs(machine, from.utc);
    if (!(leftMs > 0 && leftMs >= settings.needsMs)) {
      void this.#giveBack(grant);
      this.#announcer.announce('late', leftMs, { roundTripMs });
      const why = machine.isSuspect ? 'the machine slept meanwhile' : 'too little can be used';
      return this.#refused('too-late', `it was granted after ${Math.round(roundTripMs)} ms: ${why}`);
    }
    const origin = { runtime, store: this.#store, settings, grant, token, machine, announcer: this.#announcer };
    const lease = new Lease<Capabilities, Domain>({ ...origin, ...from, clocks: this.#clocks });
    this.#announcer.announce('acquired', leftMs, { roundTripMs });
    return { lease };
  }

  #leftMs(machine: HolderMachine, utc: UtcHolding): number {
    const { monotonicMs, bootMs, behindMs } = this.#clocks.read();
    return utc.limit(machine.remainingMs(monotonicMs, bootMs, behindMs));
  }

  /** Tells every protected storage of the token, all at once. */
  async #raiseFences(token: TokenOf<Capabilities, Domain>): Promise<AttemptOutcome<Capabilities, Domain> | undefined> {
    const refusals = this.#settings.fences.map((fence) => this.#raise(fence, token));
    return (await Promise.all(refusals)).find((refused) => refused !== undefined);
  }

  async #raise(
    fence: Fence<Domain>,
    token: TokenOf<Capabilities, Domain>,
  ): Promise<AttemptOutcome<Capabilities, Domain> | undefined> {
    const limitMs = this.#settings.windowMs * ATTEMPT_SHARE;
    const call = callStore(this.#call(`raise ${fence.name}`, limitMs), async (io) =>
      // Settled options have fences only where the store mints tokens.
      requireRaiseAnswer(fence, await fence.raise(token as FencingToken<Domain>, io)),
    );
    const outcome = await unlessAborted(call.outcome, this.#settings.signal).finally(() => {
      call.abandon();
    });
    if (outcome.status === 'silent') {
      const { error } = outcome;
      this.#announcer.announce('trouble', 0, { during: 'raise', error });
      const detail = `the fence ${fence.name} gave no answer: ${causeOf(error)}`;
      return this.#refused('fence-unreachable', detail, { error });
    }
    if (outcome.value === 'raised') return undefined;
    const detail =
      `the fence ${fence.name} has seen a higher token than ${token}: somebody was faster, or another lease uses this fence, ` +
      "or the store's counter went back";
    return this.#refused('superseded', detail);
  }

  /** Frees an attempt without an answer: now, when a late grant shows up, and later, since one may be made that never shows up. */
  #forsake(call: StoreCall<unknown>): void {
    const wasPending = call.isPending();
    call.abandon();
    void this.#giveBack(this.#ref).then((isFreed) => {
      if (wasPending && !isFreed) this.#freeAgain(FREED_AGAIN_MAX);
    });
    void call.answer.then((late) => {
      const { status, token } = late.status === 'answered' ? partsOf(late.value) : {};
      if (status !== 'granted') return;
      void this.#giveBack(typeof token === 'bigint' ? withToken(this.#ref, token) : this.#ref);
    });
  }

  #freeAgain(times: number): void {
    if (times === 0) return;
    const port = this.#port;
    const untilMs = addUp(port.monotonicMs(), this.#settings.windowMs * ATTEMPT_SHARE);
    armTimer({ port, readMs: () => port.monotonicMs(), untilMs, keepsAlive: false }, () => {
      void this.#giveBack(this.#ref).then((isFreed) => {
        if (!isFreed) this.#freeAgain(times - 1);
      });
    });
  }

  /**
   * In the background and with a limit: a lease that nobody uses runs out by itself.
   *
   * @returns Whether there was a grant, which is gone now.
   */
  async #giveBack(grant: GrantRef): Promise<boolean> {
    const announcer = this.#announcer;
    const options = { ...this.#call('release', this.#settings.windowMs * ATTEMPT_SHARE), keepsAlive: false };
    const call = callStore(options, async (io) =>
      requireReleaseAnswer(this.#store, await this.#store.release(grant, io)),
    );
    const outcome = await call.outcome;
    call.abandon();
    if (outcome.status === 'answered') return outcome.value === 'released';
    announcer.announce('trouble', 0, { during: 'release', error: outcome.error });
    return false;
  }

  #refused(
    reason: NotAcquired['reason'],
    detail: string,
    more: Partial<Pick<NotAcquired, 'heldBy' | 'retryAfterMs' | 'error'>> = {},
  ): { readonly why: NotAcquired } {
    return { why: notAcquired(this.#ref.name, { ...more, reason, detail }) };
  }

  #call(what: string, limitMs: number): CallOptions {
    return { port: this.#port, what, limitMs, keepsAlive: true };
  }

  #announcerOf(grant: GrantRef): LeaseAnnouncer {
    return new LeaseAnnouncer(this.#plan.audience, { ...grant, store: this.#store.kind });
  }
}

function partsOf(answer: unknown): { readonly status?: unknown; readonly token?: unknown } {
  return typeof answer === 'object' && answer !== null ? answer : {};
}

function withToken(ref: GrantRef, token: bigint): GrantRef {
  return { ...ref, token: token as NonNullable<GrantRef['token']> };
}

/** What went wrong, in one line: messages of drivers are sometimes empty, and then the code says it. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return describeValue(error);
  const code =
    'code' in error && typeof error.code === 'string' && !error.message.includes(error.code) ? ` (${error.code})` : '';
  return `${error.message === '' ? error.name : error.message}${code}`;
}
