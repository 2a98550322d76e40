/**
 * One attempt to acquire a lease: asks the store, raises the fences, and never hands out what is already used up.
 *
 * Every attempt has a name of its own. One that got no answer may have been granted all the same, so the store is told to free it; when
 * that fails too, it runs out by itself.
 */
import type { ClockPort } from '../core/index.ts';
import { HolderMachine, type HolderReading, requireReading } from './holder-machine.ts';
import { type LeaseAudience, LeaseAnnouncer } from './lease-announcer.ts';
import { Lease } from './lease.ts';
import type { LeaseSettings } from './lease-options.ts';
import { type LeaseRuntime, readClocks } from './lease-runtime.ts';
import { notAcquired, type NotAcquired } from './not-acquired.ts';
import { requireAcquireAnswer, requireRaiseAnswer, requireReleaseAnswer } from './store-answer.ts';
import { callStore, type CallOptions, type StoreCall } from './store-call.ts';
import type { Fence, GrantRef, LeaseStore, StoreCapabilities, StoreDenial, TokenOf } from './store-port.ts';
import { UtcHolding } from './utc-holding.ts';

/** Each call waits this share of the window for its answer: what comes later leaves too little to be of use. */
export const ATTEMPT_SHARE: number = 1 / 3;

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
  #announcer: LeaseAnnouncer;

  constructor(plan: AttemptPlan<Capabilities, Domain>) {
    this.#plan = plan;
    this.#port = plan.runtime.port;
    this.#store = plan.store;
    this.#settings = plan.settings;
    this.#ref = { name: plan.name, holderId: plan.runtime.newHolderId() };
    this.#announcer = this.#announcerOf(this.#ref);
  }

  /** @throws The signal's reason when aborted; TC_INVALID_ARGUMENT for a store whose answers are none. */
  async run(): Promise<AttemptOutcome<Capabilities, Domain>> {
    const { takeover, limitMs } = this.#plan;
    const { ttlMs, bootWindowMs, signal } = this.#settings;
    const utc = new UtcHolding(this.#settings.utc, ttlMs);
    const { utcExpiryMs } = utc.stamp();
    const request = {
      ...this.#ref,
      ttlMs,
      ...(utcExpiryMs === undefined ? {} : { utcExpiryMs }),
      ...(takeover === undefined ? {} : { takeover }),
    };
    // The clocks are read before the request is handed over: nothing that happens after can make the stamp too late.
    const sent = requireReading(readClocks(this.#port, bootWindowMs !== undefined));
    const call = callStore(this.#call('acquire', limitMs), (io) => this.#store.tryAcquire(request, io));
    const outcome = await unlessAborted(call.outcome, signal).catch((error: unknown) => {
      this.#forsake(call);
      throw error;
    });
    if (outcome.status === 'silent') {
      this.#forsake(call);
      this.#announcer.announce('trouble', 0, { during: 'acquire', error: outcome.error });
      return this.#refused('unreachable', 'the store gave no answer, or failed: see error', { error: outcome.error });
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
      this.#giveBack(this.#ref);
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
      this.#giveBack(grant);
      throw error;
    });
    if (refused !== undefined) {
      this.#giveBack(grant);
      return refused;
    }
    const leftMs = this.#leftMs(machine, from.utc);
    if (!(leftMs > 0 && leftMs >= settings.needsMs)) {
      this.#giveBack(grant);
      this.#announcer.announce('late', leftMs, { roundTripMs });
      return this.#refused('too-late', `it was granted after ${Math.round(roundTripMs)} ms: too little can be used`);
    }
    const origin = { runtime, store: this.#store, settings, grant, token, machine, announcer: this.#announcer };
    const lease = new Lease<Capabilities, Domain>({ ...origin, ...from });
    this.#announcer.announce('acquired', leftMs, { roundTripMs });
    return { lease };
  }

  #leftMs(machine: HolderMachine, utc: UtcHolding): number {
    const now = readClocks(this.#port, machine.comparesBoot);
    return utc.limit(machine.remainingMs(now.monotonicMs, now.bootMs));
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
      requireRaiseAnswer(fence, await fence.raise(token, io)),
    );
    const outcome = await unlessAborted(call.outcome, this.#settings.signal).finally(() => {
      call.abandon();
    });
    if (outcome.status === 'silent') {
      const { error } = outcome;
      this.#announcer.announce('trouble', 0, { during: 'raise', error });
      return this.#refused('fence-unreachable', `the fence ${fence.name} gave no answer, or failed: see error`, {
        error,
      });
    }
    if (outcome.value === 'raised') return undefined;
    return this.#refused('superseded', `the fence ${fence.name} has seen a higher token than ${token}`);
  }

  /** Frees an attempt without an answer, now and when a late grant shows up. */
  #forsake(call: StoreCall<unknown>): void {
    call.abandon();
    this.#giveBack(this.#ref);
    void call.answer.then((late) => {
      const { status, token } = late.status === 'answered' ? partsOf(late.value) : {};
      if (status === 'granted') this.#giveBack(typeof token === 'bigint' ? withToken(this.#ref, token) : this.#ref);
    });
  }

  /** In the background and with a limit: a lease that nobody uses runs out by itself. */
  #giveBack(grant: GrantRef): void {
    const announcer = this.#announcer;
    const options = { ...this.#call('release', this.#settings.windowMs * ATTEMPT_SHARE), keepsAlive: false };
    const call = callStore(options, async (io) =>
      requireReleaseAnswer(this.#store, await this.#store.release(grant, io)),
    );
    void call.outcome.then((outcome) => {
      call.abandon();
      if (outcome.status === 'silent') announcer.announce('trouble', 0, { during: 'release', error: outcome.error });
    });
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

/** The value, or a rejection with the signal's reason when that is aborted first. */
function unlessAborted<T>(value: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return value;
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) {
      abort();
      return;
    }
    signal.addEventListener('abort', abort, { once: true });
    void value.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', abort);
    });
  });
}
