/**
 * An NTP server as a source of time: one exchange for each measurement, over any transport.
 *
 * Every request carries 64 fresh random bits and nothing else; the first reply that repeats them settles the measurement, and
 * spends them. What goes wrong is an outcome, and recovery needs no restart: names are resolved again and addresses rotate.
 */
import { assert, ClockError, requireDurationMs, type TimeScale } from '../core/index.ts';
import { isLocalhostName, isLoopbackIp } from './ip-address.ts';
import { NtpAddressBook } from './ntp-address-book.ts';
import { formatNtpAddress, formatNtpEndpoint, NTP_PORT, requireNtpHost, requireNtpPort } from './ntp-address.ts';
import { publicPace, settlePace } from './ntp-pace.ts';
import { encodeNtpRequest, NTP_HEADER_BYTES } from './ntp-packet.ts';
import { judgeReply, ROOT_DISTANCE_MS_MAX_DEFAULT } from './ntp-reply.ts';
import { isZeroNtpTimestamp, type NtpTimestamp } from './ntp-timestamp.ts';
import type { NtpAddress, NtpQuery, NtpTransport } from './ntp-transport.ts';
import { settleWithin } from './settle-within.ts';
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

/** How many addresses one measurement tries when they are unreachable at once (an IPv6 address without an IPv6 network). */
const ADDRESSES_TRIED_MAX = 4;

/** A transport that does not keep its time limit is given up this much after it, in ms. */
const TRANSPORT_GRACE_MS = 100;

/** A generator that gives 64 zero bits this many times in a row is broken. */
const NONCE_DRAWS_MAX = 4;

const OPERATION = 'NtpSource';

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
  readonly #request = new Uint8Array(NTP_HEADER_BYTES);

  /** @throws TC_INVALID_ARGUMENT, TC_OUT_OF_RANGE, TC_NOT_FINITE, TC_EPOCH_AS_DURATION for options that cannot be right. */
  constructor(transport: NtpTransport, options: NtpSourceOptions) {
    this.#transport = transport;
    this.#host = requireNtpHost(OPERATION, options.host);
    this.#port = requireNtpPort(OPERATION, options.port ?? NTP_PORT);
    this.#pace = settlePace(OPERATION, options.pace);
    this.#rootDistanceMaxMs = requireDurationMs(OPERATION, options.rootDistanceMaxMs ?? ROOT_DISTANCE_MS_MAX_DEFAULT);
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
    for (let tried = 1; ; tried += 1) {
      const outcome = await this.#ask(context, untilMs);
      this.#book.settled(['measured', 'rate-limited', 'denied'].includes(outcome.outcome));
      const mayTryNext = tried < Math.min(this.#book.size, ADDRESSES_TRIED_MAX) && !context.signal.aborted;
      if (outcome.outcome !== 'unreachable' || !mayTryNext) return outcome;
      this.#book.next();
    }
  }

  /** Looks the name up when that is due. What goes wrong matters only when there is no address from before. */
  async #resolveIfDue(context: MeasureContext, untilMs: number): Promise<MeasureOutcome | undefined> {
    const { clock, signal } = context;
    const nowMs = clock.monotonicMs();
    if (!this.#book.isDue(nowMs)) return undefined;
    const isFirst = this.#book.current === undefined;
    const timeoutMs = Math.max(0, isFirst ? untilMs - nowMs : (untilMs - nowMs) / 2);
    const found = await settleWithin({ clock, timeoutMs, signal }, (inner) =>
      this.#transport.resolve(this.#host, this.#port, inner),
    );
    if (found.ended === 'done' && found.value.length > 0) {
      this.#book.resolved(found.value, clock.monotonicMs());
      return undefined;
    }
    this.#book.resolveFailed();
    if (!isFirst) return undefined;
    if (found.ended === 'late')
      return { outcome: 'timeout', detail: `${this.#host} was not resolved within ${Math.ceil(timeoutMs)} ms` };
    if (found.ended === 'aborted') return ABORTED;
    const why = found.ended === 'failed' ? messageOf(found.error) : 'it has no address';
    return { outcome: 'unreachable', detail: `cannot resolve ${this.#host}: ${why}` };
  }

  /** Sends one request to the address in use and waits for what settles it. */
  async #ask(context: MeasureContext, untilMs: number): Promise<MeasureOutcome> {
    const { clock, signal } = context;
    const address = this.#book.current;
    assert(address !== undefined, 'a resolved name has an address');
    const timeoutMs = untilMs - clock.monotonicMs();
    const server = formatNtpEndpoint(address);
    if (timeoutMs <= 0) return { outcome: 'timeout', detail: `no time was left to ask ${server}` };
    const reply = this.#prepare(address, context);
    const limit = { clock, timeoutMs: timeoutMs + TRANSPORT_GRACE_MS, signal };
    const query = await settleWithin(limit, (inner) =>
      this.#transport.query({ address, request: this.#request, clock, timeoutMs, signal: inner, accept: reply.accept }),
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
    const server = formatNtpEndpoint(address);
    const granularityMs = context.clock.granularity.monotonicMs;
    let outcome: MeasureOutcome | undefined;
    let ignored = 0;
    let lastIgnored = '';
    return {
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
      if (isZeroNtpTimestamp(nonce)) continue;
      encodeNtpRequest(this.#request, nonce);
      return nonce;
    }
    throw new Error('the transport gives no random bits, so no reply could be told from a forgery');
  }
}

interface Reply {
  readonly accept: NtpQuery['accept'];
  /** What settled the query, if anything did. */
  outcome(): MeasureOutcome | undefined;
  /** For the message: what arrived and counted for nothing. */
  ignored(): string;
}

const ABORTED: MeasureOutcome = { outcome: 'timeout', detail: 'the measurement was aborted' };

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
