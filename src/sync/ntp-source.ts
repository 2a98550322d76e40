/**
 * An NTP server as a source of time: one exchange for each measurement, over any transport.
 *
 * Every request carries 64 fresh random bits and nothing else; the first reply that repeats them settles the measurement, and
 * spends them. What goes wrong is an outcome, and recovery needs no restart: names are resolved again and addresses rotate.
 * Several clocks may measure with one source at once: each query has a buffer and random bits of its own, and they share one name lookup.
 */
import {
  ClockError,
  type ClockPort,
  optionNames,
  requireDurationMs,
  requireOptions,
  type TimeScale,
} from '../core/index.ts';
import { isLocalhostName, isLoopbackIp } from './ip-address.ts';
import { NtpAddressBook } from './ntp-address-book.ts';
import { formatNtpAddress, formatNtpEndpoint, NTP_PORT, requireNtpHost, requireNtpPort } from './ntp-address.ts';
import { publicPace, settlePace } from './ntp-pace.ts';
import { encodeNtpRequest, NTP_HEADER_BYTES } from './ntp-packet.ts';
import { judgeReply, ROOT_DISTANCE_MS_MAX_DEFAULT } from './ntp-reply.ts';
import { isZeroNtpTimestamp, type NtpTimestamp } from './ntp-timestamp.ts';
import type { NtpAddress, NtpQuery, NtpTransport } from './ntp-transport.ts';
import { type SettledWork, settleWithin } from './settle-within.ts';
import type { MeasureContext, MeasureOutcome, Pace, TimeSource } from './time-source.ts';

/** What can be said about an NTP server beside its address. */
export interface NtpOptions {
  /** Whether the server smears leap seconds. Default `'utc'`; a wrong answer is wrong by up to a second around a leap second. */
  readonly timeScale?: TimeScale;
  /**
   * How often to ask. Default: 4 questions 2 s apart, then every 16 to 1024 s. Faster than that is honoured only while the address in use
   * is loopback; other people's servers are never asked faster.
   */
  readonly pace?: Partial<Pace>;
  /**
   * The largest error that the server may admit to, in ms. Default 1000 (MAXDIST, RFC 5905). Larger accepts servers that lost their
   * reference hours ago, and wider bounds with them; smaller refuses sooner.
   */
  readonly rootDistanceMaxMs?: number;
  /** For messages and verdicts; unique among the sources of a clock. Default: the address. */
  readonly name?: string;
}

/** Where an NTP server is, and what can be said about it. */
export interface NtpSourceOptions extends NtpOptions {
  /** A name, or an IP address without brackets. */
  readonly host: string;
  /** Default 123. */
  readonly port?: number;
}

/** How many addresses one measurement tries when they refuse or are unreachable at once (an IPv6 address without an IPv6 network). */
const ADDRESSES_TRIED_MAX = 4;

/** A transport that does not keep its time limit is given up this much after it, in ms. */
const TRANSPORT_GRACE_MS = 100;

/** A generator that gives 64 zero bits this many times in a row is broken. */
const NONCE_DRAWS_MAX = 4;

const OPERATION = 'NtpSource';

const NTP_SOURCE_OPTIONS = optionNames<NtpSourceOptions>({
  host: true,
  port: true,
  timeScale: true,
  pace: true,
  rootDistanceMaxMs: true,
  name: true,
});

/**
 * One NTP server behind a name or an address.
 *
 * Guarantee: a measured exchange answered the request of this very measurement, came from its address, and passed every rule of
 * `judgeReply`. Whoever can read the request on its path can forge a reply; NTP without authentication cannot know.
 */
export class NtpSource implements TimeSource {
  readonly name: string;
  readonly timeScale: TimeScale;
  readonly #transport: NtpTransport;
  readonly #host: string;
  readonly #port: number;
  readonly #pace: Pace;
  readonly #rootDistanceMaxMs: number;
  readonly #book = new NtpAddressBook();
  /** The name lookup under way: a resolver that hangs has one of this source, however often it is measured. */
  #lookup: Lookup | undefined;

  /** @throws TC_INVALID_ARGUMENT, TC_OUT_OF_RANGE, TC_NOT_FINITE, TC_EPOCH_AS_DURATION for options that cannot be right. */
  constructor(transport: NtpTransport, options: NtpSourceOptions) {
    requireOptions(OPERATION, options, NTP_SOURCE_OPTIONS);
    this.#transport = transport;
    this.#host = requireNtpHost(OPERATION, options.host);
    this.#port = requireNtpPort(OPERATION, options.port ?? NTP_PORT);
    this.#pace = settlePace(OPERATION, options.pace);
    const rootDistanceMaxMs = options.rootDistanceMaxMs ?? ROOT_DISTANCE_MS_MAX_DEFAULT;
    this.#rootDistanceMaxMs = requireDurationMs(`${OPERATION} rootDistanceMaxMs`, rootDistanceMaxMs);
    this.timeScale = requireTimeScale(options.timeScale ?? 'utc');
    this.name = requireName(options.name ?? formatNtpAddress({ host: this.#host, port: this.#port }));
  }

  /**
   * How often it may be asked, by the address in use. A name that is this machine by definition counts as loopback until it is resolved:
   * nobody has been asked yet.
   */
  get pace(): Pace {
    const ip = this.#book.current?.ip;
    const isLoopback = ip === undefined ? isLocalhostName(this.#host) || isLoopbackIp(this.#host) : isLoopbackIp(ip);
    return isLoopback ? this.#pace : publicPace(this.#pace);
  }

  /** Measures once. Settles within the time limit (and a tenth of a second); never rejects. */
  async measure(context: MeasureContext): Promise<MeasureOutcome> {
    try {
      return await this.#measure(context, context.clock.monotonicMs() + context.timeoutMs);
    } catch (error) {
      return { outcome: 'unreachable', detail: messageOf(error) };
    }
  }

  async #measure(context: MeasureContext, untilMs: number): Promise<MeasureOutcome> {
    const problem = await this.#resolveIfDue(context, untilMs);
    if (problem !== undefined) return problem;
    const triesMax = Math.min(this.#book.size, ADDRESSES_TRIED_MAX);
    for (let tried = 1; ; tried += 1) {
      const address = this.#book.current;
      if (address === undefined)
        return { outcome: 'denied', detail: `every address of ${this.#host} forbids us to ask` };
      const outcome = await this.#ask(address, context, untilMs);
      this.#learn(address, outcome);
      const mayTryNext = tried < triesMax && !context.signal.aborted;
      if (outcome.outcome === 'denied') {
        if (this.#book.current === undefined) return outcome;
        if (!mayTryNext) return deniedByOne(outcome.detail);
      } else {
        if (outcome.outcome !== 'unreachable' || !mayTryNext) return outcome;
        if (this.#book.isInUse(address)) this.#book.next();
      }
    }
  }

  /** Notes how an address did; another measurement may have left it meanwhile, and then only a refusal counts. */
  #learn(address: NtpAddress, { outcome }: MeasureOutcome): void {
    if (outcome === 'denied') this.#book.deny(address);
    else if (this.#book.isInUse(address)) this.#book.settled(['measured', 'rate-limited'].includes(outcome));
  }

  /** Looks the name up when that is due. What goes wrong matters only when there is no address from before. */
  async #resolveIfDue(context: MeasureContext, untilMs: number): Promise<MeasureOutcome | undefined> {
    const nowMs = context.clock.monotonicMs();
    if (!this.#book.isDue(nowMs)) return undefined;
    const before = this.#book.current;
    const timeoutMs = Math.max(0, before === undefined ? untilMs - nowMs : (untilMs - nowMs) / 2);
    const found = await this.#joinLookup(context, timeoutMs);
    if (found.ended === 'done' && found.value === undefined) return undefined;
    if (before !== undefined) {
      if (this.#book.isInUse(before)) this.#book.resolveFailed();
      return undefined;
    }
    if (found.ended === 'late')
      return { outcome: 'timeout', detail: `${this.#host} was not resolved within ${Math.ceil(timeoutMs)} ms` };
    if (found.ended === 'aborted') return ABORTED;
    const why = found.ended === 'failed' ? messageOf(found.error) : found.value;
    return { outcome: 'unreachable', detail: `cannot resolve ${this.#host}: ${why}` };
  }

  /** Waits for the lookup under way, or for a new one; gives what went wrong. The last one that leaves tells it to stop. */
  async #joinLookup({ clock, signal }: MeasureContext, timeoutMs: number): Promise<SettledWork<string | undefined>> {
    const lookup = (this.#lookup ??= this.#startLookup(clock));
    lookup.waiting += 1;
    const settled = await settleWithin({ clock, timeoutMs, signal }, () => lookup.problem);
    lookup.waiting -= 1;
    if (lookup.waiting === 0) lookup.abort.abort();
    return settled;
  }

  #startLookup(clock: ClockPort): Lookup {
    const abort = new AbortController();
    const problem = this.#lookUp(clock, abort.signal).finally(() => {
      this.#lookup = undefined;
    });
    return { problem, abort, waiting: 0 };
  }

  /** Looks the name up, and learns the answer even when nobody waits for it any more. Never rejects. */
  async #lookUp(clock: ClockPort, signal: AbortSignal): Promise<string | undefined> {
    try {
      const addresses = await this.#transport.resolve(this.#host, this.#port, signal);
      if (addresses.length === 0) return 'it has no address';
      this.#book.resolved(addresses, clock.monotonicMs());
      return undefined;
    } catch (error) {
      return messageOf(error);
    }
  }

  /** Sends one request to the address and waits for what settles it. */
  async #ask(address: NtpAddress, context: MeasureContext, untilMs: number): Promise<MeasureOutcome> {
    const { clock, signal } = context;
    const timeoutMs = untilMs - clock.monotonicMs();
    const server = formatNtpEndpoint(address);
    if (timeoutMs <= 0) return { outcome: 'timeout', detail: `no time was left to ask ${server}` };
    const reply = this.#prepare(address, context);
    const limit = { clock, timeoutMs: timeoutMs + TRANSPORT_GRACE_MS, signal };
    const query = await settleWithin(limit, (inner) =>
      this.#transport.query({ address, request: reply.request, clock, timeoutMs, signal: inner, accept: reply.accept }),
    );
    const outcome = reply.outcome();
    if (outcome !== undefined) return outcome;
    if (query.ended === 'aborted') return ABORTED;
    if (query.ended === 'failed') return { outcome: 'unreachable', detail: `${server}: ${messageOf(query.error)}` };
    if (query.ended === 'done' && query.value.result === 'unreachable')
      return { outcome: 'unreachable', detail: query.value.detail };
    return {
      outcome: 'timeout',
      detail: `no reply from ${server} within ${Math.ceil(timeoutMs)} ms${reply.ignored()}`,
    };
  }

  /** Draws a nonce, writes the request, and makes the judge of what comes back: it settles once, and then takes nothing more. */
  #prepare(address: NtpAddress, context: MeasureContext): Reply {
    const nonce = this.#drawNonce();
    const request = encodeNtpRequest(new Uint8Array(NTP_HEADER_BYTES), nonce);
    const server = formatNtpEndpoint(address);
    const granularityMs = context.clock.granularity.monotonicMs;
    let outcome: MeasureOutcome | undefined;
    let ignored = 0;
    let lastIgnored = '';
    return {
      request,
      accept: (datagram, stamps) => {
        if (outcome !== undefined) return false;
        const rootDistanceMaxMs = this.#rootDistanceMaxMs;
        const judgement = judgeReply(datagram, { nonce, server, granularityMs, rootDistanceMaxMs, ...stamps });
        if (judgement.verdict === 'settled') {
          outcome = judgement.outcome;
          return true;
        }
        ignored += 1;
        lastIgnored = `${judgement.reason}: ${judgement.detail}`;
        return false;
      },
      outcome: () => outcome,
      ignored: () =>
        ignored === 0 ? '' : `; ${ignored} datagrams counted for nothing, the last because of ${lastIgnored}`,
    };
  }

  #drawNonce(): NtpTimestamp {
    const bytes = new Uint8Array(8);
    const view = new DataView(bytes.buffer);
    for (let draws = 0; draws < NONCE_DRAWS_MAX; draws += 1) {
      this.#transport.fillRandom(bytes);
      const nonce = { seconds: view.getUint32(0), fraction: view.getUint32(4) };
      if (!isZeroNtpTimestamp(nonce)) return nonce;
    }
    throw new Error('the transport gives no random bits, so no reply could be told from a forgery');
  }
}

/** A name lookup under way. */
interface Lookup {
  /** Settles when the transport's lookup does, with what went wrong, if anything; the answer is learnt by then. */
  readonly problem: Promise<string | undefined>;
  readonly abort: AbortController;
  /** How many measurements wait for it. */
  waiting: number;
}

interface Reply {
  /** The datagram, in a buffer that no other query uses. */
  readonly request: Uint8Array;
  readonly accept: NtpQuery['accept'];
  /** What settled the query, if anything did. */
  outcome(): MeasureOutcome | undefined;
  /** For the message: what arrived and counted for nothing. */
  ignored(): string;
}

const ABORTED: MeasureOutcome = { outcome: 'timeout', detail: 'the measurement was aborted' };

/** One address forbade us to ask while the name has others: no reason to give the name up. */
function deniedByOne(detail: string): MeasureOutcome {
  return { outcome: 'rejected', reason: 'kiss-of-death', detail: `${detail}; other addresses of the name are asked` };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function requireTimeScale(timeScale: TimeScale): TimeScale {
  if (['utc', 'smeared-utc'].includes(timeScale)) return timeScale;
  throw new ClockError(
    'TC_INVALID_ARGUMENT',
    `${OPERATION}: requires a time scale, got ${JSON.stringify(timeScale)}. Pass 'utc', or 'smeared-utc' for servers that smear leap seconds.`,
    { timeScale },
  );
}

function requireName(name: string): string {
  if (typeof name === 'string' && name !== '') return name;
  throw new ClockError(
    'TC_INVALID_ARGUMENT',
    `${OPERATION}: requires a name that is not empty. Leave it out to use the address.`,
    { name },
  );
}
