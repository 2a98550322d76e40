/**
 * The two kinds of bare number at our edges, durations and epochs, told apart at run time.
 *
 * A duration above 1e11 ms (three years) is an epoch by mistake, and an epoch below 1e11 ms (before March 1973) is a
 * duration by mistake: `Date.now() >= policy.timeToLive()` shipped in a real cache. Neither is guessed at.
 */
import { describeValue, isDate } from './describe-value.ts';
import { ClockError } from './errors.ts';

/** The longest duration, in ms, that is believed to be one; above it lies every epoch since 1973. */
export const DURATION_MS_MAX = 1e11;

/** The range of `Date`, in ms on either side of 1970 (ECMA-262, time values). */
export const EPOCH_MS_MAX = 8.64e15;

const EPOCH = 'an epoch in milliseconds';

/** The range that a duration must lie in; both ends are allowed. */
export interface DurationRange {
  readonly minMs?: number;
  readonly maxMs?: number;
}

/**
 * Returns the duration when it is one.
 *
 * @throws TC_NOT_FINITE for NaN, infinities and anything but a number; TC_EPOCH_AS_DURATION above 1e11 ms;
 * TC_OUT_OF_RANGE outside the range.
 */
export function requireDurationMs(operation: string, valueMs: number, range: DurationRange = {}): number {
  const minMs = range.minMs ?? 0;
  const maxMs = range.maxMs ?? DURATION_MS_MAX;
  requireFinite(operation, valueMs, 'a duration in milliseconds');
  if (valueMs > DURATION_MS_MAX) {
    throw new ClockError(
      'TC_EPOCH_AS_DURATION',
      `${operation}: requires a duration in milliseconds, got ${valueMs} ms, which is an epoch. ` +
        'Pass how long, not until when; for a moment in time use an instant or a bounded clock.',
      { valueMs, maxMs: DURATION_MS_MAX },
    );
  }
  if (valueMs < minMs || valueMs > maxMs) {
    throw outOfRange(operation, 'a duration', valueMs, { min: minMs, max: maxMs, unit: 'ms' });
  }
  return valueMs;
}

/**
 * Returns the epoch when it is one.
 *
 * @throws TC_NOT_FINITE for NaN, infinities and anything but a number; TC_DURATION_AS_EPOCH between -1e11 and 1e11;
 * TC_OUT_OF_RANGE outside the range of `Date`.
 */
export function requireEpochMs(operation: string, epochMs: number): number {
  requireFinite(operation, epochMs, EPOCH);
  if (Math.abs(epochMs) < DURATION_MS_MAX) {
    throw new ClockError(
      'TC_DURATION_AS_EPOCH',
      `${operation}: requires milliseconds since 1970, got ${epochMs} ms, which is a duration. ` +
        'Pass the moment itself, in milliseconds (not seconds) since 1970-01-01 UTC.',
      { epochMs, minMs: DURATION_MS_MAX },
    );
  }
  if (Math.abs(epochMs) > EPOCH_MS_MAX) {
    throw outOfRange(operation, 'an epoch', epochMs, { min: -EPOCH_MS_MAX, max: EPOCH_MS_MAX, unit: 'ms' });
  }
  return epochMs;
}

/**
 * Returns the number when it lies in the range, both ends allowed.
 *
 * @throws TC_NOT_FINITE, TC_OUT_OF_RANGE.
 */
export function requireNumber(
  operation: string,
  value: number,
  range: { readonly what: string; readonly min: number; readonly max: number; readonly unit?: string },
): number {
  requireFinite(operation, value, range.what);
  if (value < range.min || value > range.max) throw outOfRange(operation, range.what, value, range);
  return value;
}

/** Like `requireNumber`, for whole numbers. @throws TC_NOT_FINITE, TC_OUT_OF_RANGE, TC_INVALID_ARGUMENT. */
export function requireInteger(
  operation: string,
  value: number,
  range: { readonly what: string; readonly min: number; readonly max: number; readonly unit?: string },
): number {
  requireNumber(operation, value, range);
  if (!Number.isInteger(value)) {
    const unit = range.unit === undefined ? '' : ` ${range.unit}`;
    throw new ClockError(
      'TC_INVALID_ARGUMENT',
      `${operation}: ${range.what} must be a whole number, got ${value}${unit}. ` +
        'Round it yourself, in the direction you mean.',
      { value },
    );
  }
  return value;
}

function requireFinite(operation: string, value: unknown, what: string): void {
  if (typeof value === 'number' && Number.isFinite(value)) return;
  const got = describeValue(value);
  const remedy = what === EPOCH && isDate(value) ? 'Pass date.getTime().' : 'Pass a finite number.';
  throw new ClockError('TC_NOT_FINITE', `${operation}: requires ${what}, got ${got}. ${remedy}`, {
    value: typeof value === 'number' ? value : got,
  });
}

function outOfRange(
  operation: string,
  what: string,
  value: number,
  range: { readonly min: number; readonly max: number; readonly unit?: string },
): ClockError {
  const unit = range.unit === undefined ? '' : ` ${range.unit}`;
  return new ClockError(
    'TC_OUT_OF_RANGE',
    `${operation}: requires ${what} from ${range.min}${unit} to ${range.max}${unit}, got ${value}${unit}. ` +
      'Pass a value in that range.',
    { value, min: range.min, max: range.max },
  );
}
