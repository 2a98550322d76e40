/**
 * NTP packets as bytes (RFC 5905 section 7.3; extension fields: RFC 7822).
 *
 * Decoding judges the form only: whether the bytes are a packet. What the packet says is judged in `ntp-reply.ts`. Datagrams come from
 * anybody, so no input throws: what is not a packet is a typed reason. Requests carry nothing about this machine: every
 * field is zero but the version, the mode and 64 random bits (draft-ietf-ntp-data-minimization-04; chrony and ntpd-rs do the same).
 */
import { ClockError, requireInteger } from '../core/index.ts';
import { msFromNtpShort, ntpShortFromMsUp, type NtpTimestamp } from './ntp-timestamp.ts';

/** The length of the header, which every packet has. */
export const NTP_HEADER_BYTES = 48;

/** Longer datagrams are no packets: an Ethernet frame holds 1500 bytes, and nothing we ask for has a long answer. */
export const NTP_PACKET_BYTES_MAX = 1500;

/** The mode of a client's request. */
export const NTP_MODE_CLIENT = 3;

/** The mode of a server's reply. */
export const NTP_MODE_SERVER = 4;

/** The leap indicator: nothing, a second is inserted or deleted at the end of the month, or the clock is not synchronised. */
export type NtpLeap = 0 | 1 | 2 | 3;

/** What a packet says; extension fields and authenticators are not part of it. */
export interface NtpPacket {
  readonly leap: NtpLeap;
  /** From 1 to 4. */
  readonly version: number;
  /** From 0 to 7; 3 is a client, 4 a server. */
  readonly mode: number;
  /** From 0 to 255; 0 says that `referenceId` is a kiss code. */
  readonly stratum: number;
  /** The polling interval is 2^this seconds; signed. */
  readonly pollExponent: number;
  /** The clock is read to 2^this seconds; signed. */
  readonly precisionExponent: number;
  /** The round trip to the reference clock. */
  readonly rootDelayMs: number;
  /** How far the server's clock may have drifted from the reference clock, by its own account. */
  readonly rootDispersionMs: number;
  /** An unsigned 32-bit number. */
  readonly referenceId: number;
  readonly referenceTime: NtpTimestamp;
  readonly originTime: NtpTimestamp;
  readonly receiveTime: NtpTimestamp;
  readonly transmitTime: NtpTimestamp;
}

/** Why bytes are not a packet. */
export type NtpDecodeReason =
  /** Below 48 bytes. */
  | 'too-short'
  /** Above 1500 bytes. */
  | 'too-long'
  /** A version other than 1 to 4. */
  | 'bad-version'
  /** What follows the header and its extension fields is no authenticator. */
  | 'bad-length'
  /** An extension field is shorter than 16 bytes, longer than the datagram, or no multiple of 4. */
  | 'bad-extension';

/** A packet, or why there is none. */
export type NtpDecodeResult =
  | { readonly ok: true; readonly packet: NtpPacket }
  | { readonly ok: false; readonly reason: NtpDecodeReason; readonly detail: string };

const ORIGIN_AT = 24;
const TRANSMIT_AT = 40;
const EXTENSION_BYTES_MIN = 16;
/** What may follow the last extension field: nothing, a crypto-NAK, or a key number with an MD5 or SHA-1 digest (RFC 7822 section 3). */
const AUTHENTICATOR_BYTES: readonly number[] = [0, 4, 20, 24];
/** More than the longest authenticator is an extension field, so the last one without an authenticator has at least 28 bytes. */
const AUTHENTICATOR_BYTES_MAX = 24;

function refuse(reason: NtpDecodeReason, detail: string): NtpDecodeResult {
  return { ok: false, reason, detail };
}

/** Reads a datagram; unknown extension fields and a trailing authenticator are passed over. Never throws. */
export function decodeNtpPacket(datagram: Uint8Array): NtpDecodeResult {
  const bytes = datagram.byteLength;
  if (bytes < NTP_HEADER_BYTES) return refuse('too-short', `${bytes} bytes, a packet has at least ${NTP_HEADER_BYTES}`);
  if (bytes > NTP_PACKET_BYTES_MAX)
    return refuse('too-long', `${bytes} bytes, at most ${NTP_PACKET_BYTES_MAX} are read`);
  const view = new DataView(datagram.buffer, datagram.byteOffset, bytes);
  const version = (view.getUint8(0) >> 3) & 7;
  if (version < 1 || version > 4) return refuse('bad-version', `version ${version}, known are 1 to 4`);
  return judgeTail(view) ?? { ok: true, packet: readHeader(view, version) };
}

/** What is wrong with the bytes after the header, if anything (RFC 7822 section 3, with the lengths of section 7.5 of RFC 5905). */
function judgeTail(view: DataView): NtpDecodeResult | undefined {
  let at = NTP_HEADER_BYTES;
  while (view.byteLength - at > AUTHENTICATOR_BYTES_MAX) {
    const fieldBytes = view.getUint16(at + 2);
    if (fieldBytes < EXTENSION_BYTES_MIN || fieldBytes % 4 !== 0 || fieldBytes > view.byteLength - at) {
      return refuse(
        'bad-extension',
        `an extension field of ${fieldBytes} bytes with ${view.byteLength - at} bytes left`,
      );
    }
    at += fieldBytes;
  }
  const restBytes = view.byteLength - at;
  if (AUTHENTICATOR_BYTES.includes(restBytes)) return undefined;
  return refuse('bad-length', `${restBytes} bytes after the header and its extension fields are no authenticator`);
}

function readHeader(view: DataView, version: number): NtpPacket {
  const first = view.getUint8(0);
  return {
    leap: (first >> 6) as NtpLeap,
    version,
    mode: first & 7,
    stratum: view.getUint8(1),
    pollExponent: view.getInt8(2),
    precisionExponent: view.getInt8(3),
    rootDelayMs: msFromNtpShort(view.getUint32(4)),
    rootDispersionMs: msFromNtpShort(view.getUint32(8)),
    referenceId: view.getUint32(12),
    referenceTime: readStamp(view, 16),
    originTime: readStamp(view, ORIGIN_AT),
    receiveTime: readStamp(view, 32),
    transmitTime: readStamp(view, TRANSMIT_AT),
  };
}

function readStamp(view: DataView, at: number): NtpTimestamp {
  return { seconds: view.getUint32(at), fraction: view.getUint32(at + 4) };
}

function writeStamp(view: DataView, at: number, stamp: NtpTimestamp): void {
  view.setUint32(at, stamp.seconds);
  view.setUint32(at + 4, stamp.fraction);
}

/**
 * Writes the 48 bytes of a packet; root delay and dispersion are rounded up.
 *
 * @param target - Where to write, at least 48 bytes; what follows them is left alone.
 * @returns The 48 bytes, a view of `target`.
 * @throws TC_OUT_OF_RANGE for a short target or a field that does not fit; TC_INVALID_ARGUMENT, TC_NOT_FINITE for fields
 * that are no whole numbers.
 */
export function encodeNtpPacket(packet: NtpPacket, target: Uint8Array = new Uint8Array(NTP_HEADER_BYTES)): Uint8Array {
  const view = headerView('encodeNtpPacket', target);
  const field = (what: string, value: number, min: number, max: number): number =>
    requireInteger('encodeNtpPacket', value, { what, min, max });
  const leap = field('a leap indicator', packet.leap, 0, 3);
  const version = field('a version', packet.version, 1, 4);
  view.setUint8(0, (leap << 6) | (version << 3) | field('a mode', packet.mode, 0, 7));
  view.setUint8(1, field('a stratum', packet.stratum, 0, 255));
  view.setInt8(2, field('a poll exponent', packet.pollExponent, -128, 127));
  view.setInt8(3, field('a precision exponent', packet.precisionExponent, -128, 127));
  view.setUint32(4, ntpShortFromMsUp(packet.rootDelayMs));
  view.setUint32(8, ntpShortFromMsUp(packet.rootDispersionMs));
  view.setUint32(12, packet.referenceId);
  writeStamp(view, 16, packet.referenceTime);
  writeStamp(view, ORIGIN_AT, packet.originTime);
  writeStamp(view, 32, packet.receiveTime);
  writeStamp(view, TRANSMIT_AT, packet.transmitTime);
  return target.subarray(0, NTP_HEADER_BYTES);
}

/**
 * Writes a request: version 4, mode 3, the nonce where the transmit time belongs, zero everywhere else.
 *
 * @param nonce - 64 unpredictable bits, not all zero; a reply must repeat them.
 * @throws TC_OUT_OF_RANGE for a target below 48 bytes.
 */
export function encodeNtpRequest(target: Uint8Array, nonce: NtpTimestamp): Uint8Array {
  const view = headerView('encodeNtpRequest', target);
  target.fill(0, 0, NTP_HEADER_BYTES);
  view.setUint8(0, (4 << 3) | NTP_MODE_CLIENT);
  writeStamp(view, TRANSMIT_AT, nonce);
  return target.subarray(0, NTP_HEADER_BYTES);
}

/** Writes the transmit time of an encoded packet anew: the last thing before it is sent. @throws TC_OUT_OF_RANGE as above. */
export function stampTransmit(packet: Uint8Array, stamp: NtpTimestamp): void {
  writeStamp(headerView('stampTransmit', packet), TRANSMIT_AT, stamp);
}

function headerView(operation: string, target: Uint8Array): DataView {
  if (target.byteLength < NTP_HEADER_BYTES) {
    throw new ClockError(
      'TC_OUT_OF_RANGE',
      `${operation}: requires a target of at least ${NTP_HEADER_BYTES} bytes, got ${target.byteLength}. Pass a longer one.`,
      { bytes: target.byteLength, min: NTP_HEADER_BYTES },
    );
  }
  return new DataView(target.buffer, target.byteOffset, NTP_HEADER_BYTES);
}
