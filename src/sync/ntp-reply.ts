/**
 * What a datagram that arrived in answer to a request is worth (RFC 5905 sections 7.4, 8 and A.5; chrony's ntp_core.c has the same rules).
 *
 * Two kinds of "no" are kept apart. A datagram that anybody could have sent (it does not repeat the 64 random bits of the
 * request) counts for nothing, whatever it says: it can neither be believed nor end the wait for the real reply nor stop us
 * from asking. A reply that does repeat them comes from the source, or from somebody on the path, and its refusals are obeyed.
 */
import { addUp, DRIFT_PPM_MAX, driftGrowthMs, subtractUp } from '../core/index.ts';
import { decodeNtpPacket, NTP_MODE_SERVER, type NtpPacket } from './ntp-packet.ts';
import {
  epochFromNtp,
  isZeroNtpTimestamp,
  NTP_PIVOT_MS,
  type NtpTimestamp,
  sameNtpTimestamp,
} from './ntp-timestamp.ts';
import type { SplitEpoch } from './split-epoch.ts';
import type { Exchange, MeasureOutcome, RejectReason } from './time-source.ts';

/** The limit on root distance when nothing is said, in ms: MAXDIST of RFC 5905. (chrony's default is 3 s, ntpd's 1.5 s.) */
export const ROOT_DISTANCE_MS_MAX_DEFAULT = 1000;

/** A server that holds a request for longer answers with stale stamps, in ms: chrony's limit. */
export const SERVER_DWELL_MS_MAX = 4000;

/** The oldest version whose replies are used: 3 (RFC 1305) has the same header as 4; older ones are not seen in use. */
const REPLY_VERSION_MIN = 3;

/** A stratum of this and above means "not synchronised" (RFC 5905 figure 11). */
const STRATUM_UNSYNCHRONIZED = 16;

/** No stamp is finer than its last bit, 2^-32 s, whatever precision its sender claims. */
const PRECISION_EXPONENT_MIN = -32;

/** Why a datagram counts for nothing. */
export type IgnoreReason =
  /** It is no NTP packet. */
  | 'malformed'
  /** It is not of mode 4: somebody's request, or a broadcast. */
  | 'wrong-mode'
  /** It does not repeat the request's random bits: a forgery, a duplicate, or a reply that came too late. */
  | 'wrong-origin'
  /** It is of a version that was not asked for. */
  | 'wrong-version';

/** The verdict on one datagram. */
export type ReplyJudgement =
  | { readonly verdict: 'ignored'; readonly reason: IgnoreReason; readonly detail: string }
  | { readonly verdict: 'settled'; readonly outcome: MeasureOutcome };

/** What a datagram is judged by. */
export interface ReplyContext {
  /** The random bits of the request; not all zero. */
  readonly nonce: NtpTimestamp;
  /** T1: the monotonic clock before the request was sent. */
  readonly sentMs: number;
  /** T4: the monotonic clock on receipt. */
  readonly receivedMs: number;
  /** How coarse the monotonic clock is. */
  readonly granularityMs: number;
  /** Who answers, for the exchange. */
  readonly server: string;
  /** The limit on what the server says about its own error. Default 1000 ms. */
  readonly rootDistanceMaxMs?: number;
  /** An epoch within 68 years of the truth: decides the era. Default 2026-01-01. */
  readonly pivotMs?: number;
}

/** Judges a datagram; never throws, whatever its bytes are. */
export function judgeReply(datagram: Uint8Array, context: ReplyContext): ReplyJudgement {
  const decoded = decodeNtpPacket(datagram);
  if (!decoded.ok) return ignored('malformed', `${decoded.reason}: ${decoded.detail}`);
  const { packet } = decoded;
  if (packet.mode !== NTP_MODE_SERVER) return ignored('wrong-mode', `mode ${packet.mode} is not a reply`);
  if (packet.version < REPLY_VERSION_MIN)
    return ignored('wrong-version', `version ${packet.version} was not asked for`);
  if (!sameNtpTimestamp(packet.originTime, context.nonce)) {
    return ignored('wrong-origin', 'it does not repeat the random bits of the request');
  }
  return { verdict: 'settled', outcome: kissOutcome(packet) ?? judgeTimes(packet, context) };
}

function ignored(reason: IgnoreReason, detail: string): ReplyJudgement {
  return { verdict: 'ignored', reason, detail };
}

function rejected(reason: RejectReason, detail: string): MeasureOutcome {
  return { outcome: 'rejected', reason, detail };
}

/** The four characters of a kiss code; undefined when they are not printable ASCII. */
export function kissCodeOf(referenceId: number): string | undefined {
  const codes = [24, 16, 8, 0].map((shift) => (referenceId >>> shift) & 0xff);
  return codes.every((code) => code >= 0x21 && code <= 0x7e) ? String.fromCharCode(...codes) : undefined;
}

/** A kiss-o'-death (RFC 5905 section 7.4): what the server says instead of the time. Its stamps mean nothing. */
function kissOutcome(packet: NtpPacket): MeasureOutcome | undefined {
  if (packet.stratum !== 0) return undefined;
  const code = kissCodeOf(packet.referenceId);
  if (code === undefined) return undefined;
  if (code === 'DENY' || code === 'RSTR')
    return { outcome: 'denied', detail: `kiss code ${code}: the server forbids us to ask` };
  if (code === 'RATE')
    return { outcome: 'rate-limited', detail: 'kiss code RATE: the server asks us to ask less often' };
  return rejected('kiss-of-death', `kiss code ${code} instead of the time`);
}

function judgeTimes(packet: NtpPacket, context: ReplyContext): MeasureOutcome {
  if (packet.leap === 3) return rejected('unsynchronized', 'the server says that its clock is not synchronised');
  if (packet.stratum === 0 || packet.stratum >= STRATUM_UNSYNCHRONIZED) {
    return rejected('unsynchronized', `stratum ${packet.stratum} has no reference clock`);
  }
  if (isZeroNtpTimestamp(packet.receiveTime) || isZeroNtpTimestamp(packet.transmitTime)) {
    return rejected('zero-time', 'a time stamp is zero, which means that the server does not know the time');
  }
  const serverReceived = epochFromNtp(packet.receiveTime, context.pivotMs ?? NTP_PIVOT_MS);
  const serverSent = epochFromNtp(packet.transmitTime, serverReceived.wholeMs);
  const dwellMs = differenceMs(serverSent, serverReceived);
  if (dwellMs < 0 || dwellMs > SERVER_DWELL_MS_MAX) {
    return rejected(
      'server-dwell',
      `the reply left ${dwellMs} ms after the request arrived, allowed are 0 to ${SERVER_DWELL_MS_MAX} ms`,
    );
  }
  return judgeDistance(packet, context, { serverReceived, serverSent, dwellMs });
}

interface ServerTimes {
  readonly serverReceived: SplitEpoch;
  readonly serverSent: SplitEpoch;
  readonly dwellMs: number;
}

function judgeDistance(packet: NtpPacket, context: ReplyContext, times: ServerTimes): MeasureOutcome {
  const { sentMs, receivedMs, granularityMs, server } = context;
  const precisionMs = precisionMsOf(packet);
  const delayMs = subtractUp(subtractUp(receivedMs, sentMs), times.dwellMs);
  if (delayMs < -delayToleranceMs(times.dwellMs, precisionMs, granularityMs)) {
    return rejected('negative-delay', `the reply was here ${-delayMs} ms sooner than the server says it took to make`);
  }
  const sourceErrorMs = addUp(addUp(packet.rootDelayMs / 2, packet.rootDispersionMs), precisionMs);
  const limitMs = context.rootDistanceMaxMs ?? ROOT_DISTANCE_MS_MAX_DEFAULT;
  if (sourceErrorMs > limitMs) {
    return rejected(
      'root-distance',
      `by its own account the server may be wrong by ${sourceErrorMs} ms, allowed are ${limitMs} ms`,
    );
  }
  const { serverReceived, serverSent } = times;
  const leap = leapOf(packet);
  const { stratum } = packet;
  const exchange: Exchange = { sentMs, serverReceived, serverSent, receivedMs, sourceErrorMs, server, stratum, leap };
  return { outcome: 'measured', exchange };
}

function leapOf(packet: NtpPacket): Exchange['leap'] {
  if (packet.leap === 0) return 'none';
  return packet.leap === 1 ? 'insert' : 'delete';
}

/**
 * How coarsely the server reads its clock, exactly: a power of two in seconds. It counts as error, so nonsense (a precision of
 * days, or none finer than a second from a device that does not know) fails the limit on root distance or is honest.
 */
function precisionMsOf(packet: NtpPacket): number {
  return 2 ** Math.max(packet.precisionExponent, PRECISION_EXPONENT_MIN) * 1000;
}

/** Both stamps are within four seconds of each other here or it does not matter: exact for 2^-32 s. */
function differenceMs(later: SplitEpoch, earlier: SplitEpoch): number {
  return later.wholeMs - earlier.wholeMs + (later.fractionMs - earlier.fractionMs);
}

/**
 * How far below zero a delay may seem to be without anybody lying: two stamps of the server's precision, the step of our
 * own clock, and both clocks running at the rate limit of kernels (10 %) in opposite directions while the server had the request.
 */
function delayToleranceMs(dwellMs: number, precisionMs: number, granularityMs: number): number {
  const driftMs = 2 * driftGrowthMs(dwellMs, DRIFT_PPM_MAX);
  return addUp(addUp(2 * precisionMs, granularityMs), driftMs);
}
