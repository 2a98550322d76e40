/**
 * Durations and intervals for people: a unit that fits, a sign where it matters, rounded outward where it is a bound.
 */

/** Which way a number may be rounded. */
export type Rounding = 'down' | 'up' | 'nearest';

interface Unit {
  readonly name: string;
  readonly ms: number;
  /** The unit is used from this value on. */
  readonly fromMs: number;
}

const YEAR_MS = 31_557_600_000;

/** From large to small. From minutes on, two of a unit are needed: 90 s reads better than 1.5 min. */
const UNITS: readonly Unit[] = [
  { name: 'years', ms: YEAR_MS, fromMs: 2 * YEAR_MS },
  { name: 'days', ms: 86_400_000, fromMs: 172_800_000 },
  { name: 'h', ms: 3_600_000, fromMs: 7_200_000 },
  { name: 'min', ms: 60_000, fromMs: 120_000 },
  { name: 's', ms: 1000, fromMs: 1000 },
  { name: 'ms', ms: 1, fromMs: 1 },
  { name: 'µs', ms: 1e-3, fromMs: 1e-3 },
];

const NANOSECOND: Unit = { name: 'ns', ms: 1e-6, fromMs: 0 };

function unitFor(valueMs: number): Unit {
  const size = Math.abs(valueMs);
  if (size === 0) return { name: 'ms', ms: 1, fromMs: 0 };
  return UNITS.find((unit) => size >= unit.fromMs) ?? NANOSECOND;
}

/** Three significant digits, and none behind the point from 100 on. */
function decimalsFor(value: number): number {
  const size = Math.abs(value);
  if (size >= 100) return 0;
  return size >= 10 ? 1 : 2;
}

function round(value: number, decimals: number, rounding: Rounding): number {
  const factor = 10 ** decimals;
  const scaled = value * factor;
  const whole = rounding === 'down' ? Math.floor(scaled) : rounding === 'up' ? Math.ceil(scaled) : Math.round(scaled);
  return whole / factor;
}

/** How a duration is written. */
export interface DurationStyle {
  /** Default: to the nearest. */
  readonly rounding?: Rounding;
  /** Whether a plus is written too. Default: no. */
  readonly signed?: boolean;
}

/** One duration, for example `1.25 ms`, `+3 µs`, `12 days`: three digits, no zeros at the end. */
export function formatDuration(valueMs: number, style: DurationStyle = {}): string {
  if (!Number.isFinite(valueMs)) return 'unknown';
  const unit = unitFor(valueMs);
  const value = valueMs / unit.ms;
  const rounded = round(value, decimalsFor(value), style.rounding ?? 'nearest');
  const sign = style.signed === true && rounded >= 0 ? '+' : '';
  return `${sign}${trimZeros(rounded.toFixed(decimalsFor(value)))} ${unit.name}`;
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** More digits than this help nobody at a terminal; the JSON has all. */
const DECIMALS_MAX = 6;
const DIGITS_MAX = 8;

/**
 * An interval, for example `-0.52 … +1.23 ms`: one unit, both signs, rounded outward, and digits enough to see its width.
 */
export function formatInterval(earliestMs: number, latestMs: number): string {
  if (!Number.isFinite(earliestMs) || !Number.isFinite(latestMs)) return 'unknown';
  const largestMs = Math.max(Math.abs(earliestMs), Math.abs(latestMs));
  const unit = unitFor(largestMs);
  const decimals = intervalDecimals(largestMs / unit.ms, (latestMs - earliestMs) / unit.ms);
  const low = signed(round(earliestMs / unit.ms, decimals, 'down'), decimals);
  const high = signed(round(latestMs / unit.ms, decimals, 'up'), decimals);
  return `${low} … ${high} ${unit.name}`;
}

function intervalDecimals(largest: number, width: number): number {
  const enough = decimalsFor(largest);
  if (!(width > 0)) return enough;
  const integerDigits = Math.max(1, Math.floor(Math.log10(largest)) + 1);
  const forWidth = Math.ceil(-Math.log10(width)) + 1;
  return Math.max(enough, Math.min(forWidth, DECIMALS_MAX, DIGITS_MAX - integerDigits));
}

function signed(value: number, decimals: number): string {
  return `${value >= 0 ? '+' : ''}${(value === 0 ? 0 : value).toFixed(decimals)}`;
}

/** A rate interval, for example `-0.02 … +0.03 ppm`, rounded outward. */
export function formatRate(earliestPpm: number, latestPpm: number): string {
  const decimals = decimalsFor(Math.max(Math.abs(earliestPpm), Math.abs(latestPpm)));
  return `${signed(round(earliestPpm, decimals, 'down'), decimals)} … ${signed(round(latestPpm, decimals, 'up'), decimals)} ppm`;
}
