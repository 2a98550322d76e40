/**
 * Values of options as people write them: durations, numbers, servers.
 */
import { isClockError } from '../core/index.ts';
import { formatNtpAddress, ipFamilyOf, type NtpHostPort, parseNtpAddress } from '../sync/index.ts';
import { quoteValue, UsageError } from './usage-error.ts';

/** Milliseconds in each unit that a duration may have. */
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/** A range of durations, with the hint for those who gave seconds without a unit. */
export interface DurationLimits {
  readonly minMs: number;
  readonly maxMs: number;
}

/**
 * Reads `7s`, `500ms`, `1m`, `1.5s`; a bare number is milliseconds.
 *
 * @throws UsageError for anything else, and outside the limits.
 */
export function parseDurationMs(option: string, text: string, limits: DurationLimits): number {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text.trim()) ?? [];
  if (digits === undefined) {
    throw new UsageError(`${option} requires a duration, got ${quoteValue(text)}. Write 7s, 500ms or 1m.`);
  }
  const valueMs = Number(digits) * (UNIT_MS[unit] ?? 1);
  if (valueMs >= limits.minMs && valueMs <= limits.maxMs) return valueMs;
  const range = `from ${shortDuration(limits.minMs)} to ${shortDuration(limits.maxMs)}`;
  const got = unit === '' ? `${quoteValue(text)}, which is ${digits} ms` : quoteValue(text);
  const seconds = Number(digits) * 1000;
  const meantSeconds = unit === '' && valueMs < limits.minMs && seconds >= limits.minMs && seconds <= limits.maxMs;
  const remedy = meantSeconds ? `For ${digits} seconds write ${digits}s.` : 'Write a duration in that range.';
  throw new UsageError(`${option} requires a duration ${range}, got ${got}. ${remedy}`);
}

function shortDuration(valueMs: number): string {
  if (valueMs % 60_000 === 0) return `${valueMs / 60_000}m`;
  return valueMs % 1000 === 0 ? `${valueMs / 1000}s` : `${valueMs}ms`;
}

/** What a number must be. */
export interface NumberLimits {
  /** For the message, with the unit: `a drift bound in ppm`. */
  readonly what: string;
  readonly min: number;
  readonly max: number;
  readonly isInteger?: boolean;
  /** What to write instead. */
  readonly remedy: string;
}

/** Reads a decimal number. @throws UsageError for anything else, and outside the limits. */
export function parseNumber(option: string, text: string, limits: NumberLimits): number {
  const value = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : Number.NaN;
  const isWhole = limits.isInteger !== true || Number.isInteger(value);
  if (value >= limits.min && value <= limits.max && isWhole) return value;
  throw new UsageError(
    `${option} requires ${limits.what} from ${limits.min} to ${limits.max}, got ${quoteValue(text)}. ${limits.remedy}`,
  );
}

/** One server of the command line. */
export interface ServerArgument {
  /** `host:port` as given, port 123 filled in; what the report calls it. */
  readonly address: string;
  readonly endpoint: NtpHostPort;
}

/** Reads every `--server`. @throws UsageError for what is no address, and for the same server twice. */
export function parseServers(texts: readonly string[]): readonly ServerArgument[] {
  const known = new Map<string, string>();
  return texts.map((text) => {
    const endpoint = parseServer(text);
    const key = identityOf(endpoint);
    const before = known.get(key);
    if (before !== undefined) {
      throw new UsageError(
        `--server requires different servers, got ${quoteValue(before)} and ${quoteValue(text)}, which are the same. ` +
          'Remove one: the same server twice would have two votes.',
      );
    }
    known.set(key, text);
    return { address: formatNtpAddress(endpoint), endpoint };
  });
}

function parseServer(text: string): NtpHostPort {
  try {
    return parseNtpAddress(text.trim(), '--server');
  } catch (error) {
    if (!isClockError(error)) throw error;
    throw new UsageError(error.message.replace(/^--server: /, '--server ').replace(/ \[TC_[A-Z_]+\]$/, ''));
  }
}

/** The same text for every way to write one address: case, the final dot of a name, abbreviations of IPv6. */
function identityOf({ host, port }: NtpHostPort): string {
  const [address = '', zone] = host.split('%');
  if (ipFamilyOf(host) === 6) return `${new URL(`http://[${address}]`).hostname}%${zone ?? ''}:${port}`;
  return `${host.toLowerCase().replace(/\.$/, '')}:${port}`;
}
