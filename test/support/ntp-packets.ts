/**
 * NTP packets for tests: one good reply, and arbitrary ones.
 */
import fc from 'fast-check';
import { ntpFromEpoch, type NtpPacket, type NtpTimestamp } from '../../src/sync/index.ts';

export const NONCE: NtpTimestamp = { seconds: 0xdeadbeef, fraction: 0x01234567 };

/** 2026-06-15 12:00 UTC. */
export const SERVER_MS: number = Date.UTC(2026, 5, 15, 12);

/** About a quarter of a millisecond, and a whole number of 2^-32 s. */
export const DWELL_MS: number = 1000 / 4096;

/** A reply of a good server to `NONCE`: stratum 2, root distance 1 ms and a microsecond, a dwell of a quarter of a millisecond. */
export function goodReply(change: Partial<NtpPacket> = {}): NtpPacket {
  return {
    leap: 0,
    version: 4,
    mode: 4,
    stratum: 2,
    pollExponent: 6,
    precisionExponent: -20,
    rootDelayMs: 1000 / 1024,
    rootDispersionMs: 500 / 1024,
    referenceId: 0xc0000201,
    referenceTime: ntpFromEpoch({ wholeMs: SERVER_MS - 10_000, fractionMs: 0 }),
    originTime: NONCE,
    receiveTime: ntpFromEpoch({ wholeMs: SERVER_MS, fractionMs: 0 }),
    transmitTime: ntpFromEpoch({ wholeMs: SERVER_MS, fractionMs: DWELL_MS }),
    ...change,
  };
}

const uint32 = fc.oneof(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.constantFrom(0, 1, 2 ** 32 - 1));
const int8 = fc.integer({ min: -128, max: 127 });

export const anyNtpTimestamp: fc.Arbitrary<NtpTimestamp> = fc.record({ seconds: uint32, fraction: uint32 });

/** Values that the short format holds exactly. */
const anyShortMs = uint32.map((short) => (short * 1000) / 65_536);

export const anyNtpPacket: fc.Arbitrary<NtpPacket> = fc.record({
  leap: fc.constantFrom(0, 1, 2, 3),
  version: fc.integer({ min: 1, max: 4 }),
  mode: fc.integer({ min: 0, max: 7 }),
  stratum: fc.integer({ min: 0, max: 255 }),
  pollExponent: int8,
  precisionExponent: int8,
  rootDelayMs: anyShortMs,
  rootDispersionMs: anyShortMs,
  referenceId: uint32,
  referenceTime: anyNtpTimestamp,
  originTime: anyNtpTimestamp,
  receiveTime: anyNtpTimestamp,
  transmitTime: anyNtpTimestamp,
});

/** Concatenates. */
export function join(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** An extension field that says it has `declared` bytes and has `actual`. */
export function extensionField(declared: number, actual: number = declared): Uint8Array {
  const bytes = new Uint8Array(actual);
  new DataView(bytes.buffer).setUint16(0, 0x7777);
  new DataView(bytes.buffer).setUint16(2, declared);
  return bytes;
}
