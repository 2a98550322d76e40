/**
 * NTP's two fixed-point formats of time (RFC 5905 section 6), to and from milliseconds.
 *
 * A stamp counts seconds since 1900 in 32 bits and 2^-32 seconds in 32 more; it wraps every 136 years and does not say in
 * which era it is (the next wrap is 2036-02-07 06:28:16 UTC). Nobody can know the era from the stamp: it is taken to be the
 * one nearest to a moment that is known to be near the truth. Both conversions to milliseconds are exact in double precision.
 */
import { addDown } from '../core/index.ts';
import type { SplitEpoch } from './split-epoch.ts';

/** A stamp as it is on the wire; both parts are unsigned 32-bit numbers. Both zero means "unknown". */
export interface NtpTimestamp {
  /** Seconds since 1900-01-01, modulo 2^32. */
  readonly seconds: number;
  /** Units of 2^-32 seconds. */
  readonly fraction: number;
}

/** "Unknown": what a stamp of zero means (never 1900, never 2036). */
export const NTP_TIMESTAMP_ZERO: NtpTimestamp = { seconds: 0, fraction: 0 };

/**
 * The moment that decides eras when nothing else is said: 2026-01-01 UTC, in epoch ms. It is in the past, so stamps are read right
 * until 2094 (68 years after it) and for servers that are wrong by up to 68 years.
 */
export const NTP_PIVOT_MS = 1_767_225_600_000;

/** The longest short-format value, in ms: 65 535.99998 s. */
export const NTP_SHORT_MS_MAX: number = ((2 ** 32 - 1) * 1000) / 2 ** 16;

const ERA_SECONDS = 2 ** 32;
const FRACTIONS_PER_SECOND = 2 ** 32;
/** From 1900-01-01 to 1970-01-01: 70 years with 17 leap days. */
const SECONDS_1900_TO_1970 = 2_208_988_800;

/** Whether the stamp means "unknown". */
export function isZeroNtpTimestamp(stamp: NtpTimestamp): boolean {
  return stamp.seconds === 0 && stamp.fraction === 0;
}

/** Whether all 64 bits are the same. */
export function sameNtpTimestamp(a: NtpTimestamp, b: NtpTimestamp): boolean {
  return a.seconds === b.seconds && a.fraction === b.fraction;
}

/**
 * The moment that a stamp names, exactly: a fraction of 2^-32 s in ms has 42 significant bits, and a double has 53.
 *
 * @param pivotMs - The stamp is taken to be the moment nearest to this epoch; a tie (2^31 s away) is the later one.
 */
export function epochFromNtp(stamp: NtpTimestamp, pivotMs: number = NTP_PIVOT_MS): SplitEpoch {
  const secondsOfEraZero = stamp.seconds - SECONDS_1900_TO_1970;
  const era = Math.round((pivotMs / 1000 - secondsOfEraZero) / ERA_SECONDS);
  const fractionOfSecondMs = (stamp.fraction * 1000) / FRACTIONS_PER_SECOND;
  const wholeOfSecondMs = Math.floor(fractionOfSecondMs);
  return {
    wholeMs: (secondsOfEraZero + era * ERA_SECONDS) * 1000 + wholeOfSecondMs,
    fractionMs: fractionOfSecondMs - wholeOfSecondMs,
  };
}

/** The stamp for a moment of any era, rounded down to 2^-32 s; exact for what `epochFromNtp` gives. */
export function ntpFromEpoch(epoch: SplitEpoch): NtpTimestamp {
  const unixSeconds = Math.floor(epoch.wholeMs / 1000);
  const msOfSecond = addDown(epoch.wholeMs - unixSeconds * 1000, epoch.fractionMs);
  const ntpSeconds = unixSeconds + SECONDS_1900_TO_1970;
  return {
    seconds: ntpSeconds - Math.floor(ntpSeconds / ERA_SECONDS) * ERA_SECONDS,
    fraction: Math.min(Math.floor((msOfSecond * FRACTIONS_PER_SECOND) / 1000), FRACTIONS_PER_SECOND - 1),
  };
}

/** A short-format value (16 bits of seconds, 16 of fraction) in ms, exactly: it has 42 significant bits. */
export function msFromNtpShort(short: number): number {
  return (short * 1000) / 2 ** 16;
}

/**
 * The smallest short-format value not below `valueMs`: an uncertainty is never announced smaller than it is, except
 * that what exceeds the format becomes its largest value.
 */
export function ntpShortFromMsUp(valueMs: number): number {
  if (valueMs >= NTP_SHORT_MS_MAX) return 2 ** 32 - 1;
  const short = Math.max(0, Math.ceil((valueMs * 2 ** 16) / 1000));
  return msFromNtpShort(short) < valueMs ? short + 1 : short;
}
