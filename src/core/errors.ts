/**
 * What a caller did wrong, as an error with a stable code.
 *
 * Outcomes that production will meet (an unbounded clock, a silent source) are values, never errors. An error here
 * means that the call itself cannot be right, and its message says the requirement, the value with its unit, and the
 * remedy: `operation: requirement, got value. Remedy.`
 */

/** Every code a `ClockError` can carry; `docs/errors.md` explains each. */
export const CLOCK_ERROR_CODES = [
  'TC_CLOCK_MISMATCH',
  'TC_DURATION_AS_EPOCH',
  'TC_EPOCH_AS_DURATION',
  'TC_FAKE_INSTALLED',
  'TC_INSTANT_ARITHMETIC',
  'TC_INSTANT_SERIALIZED',
  'TC_INVALID_ARGUMENT',
  'TC_INVERTED_INTERVAL',
  'TC_LEASE_OVER',
  'TC_MIXED_TIME_SCALES',
  'TC_NO_MONOTONIC_CLOCK',
  'TC_NOT_FINITE',
  'TC_OUT_OF_RANGE',
  'TC_SERVER_CLOSED',
  'TC_STALE_TOKEN',
  'TC_STOPPED',
  'TC_TIMED_OUT',
  'TC_TOO_MANY_EVENTS',
] as const;

/** One of the stable codes in `docs/errors.md`. */
export type ClockErrorCode = (typeof CLOCK_ERROR_CODES)[number];

/** The values that an error speaks of, by name; names carry their unit (`valueMs`). */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/** The shape shared by `ClockError` and `ClockTypeError`. */
export interface CodedError extends Error {
  readonly code: ClockErrorCode;
  readonly details: ErrorDetails;
}

/** What else an error can carry. */
export interface ClockErrorOptions {
  /** What caused it. */
  readonly cause?: unknown;
  /** `TimeoutError` where the platform's own errors have that name, so that existing handlers recognise it. */
  readonly name?: 'TimeoutError';
}

/** A wrong call: a value out of range, a stopped clock, a timeout that the caller asked for. */
export class ClockError extends Error implements CodedError {
  override readonly name: string;
  readonly code: ClockErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ClockErrorCode, message: string, details: ErrorDetails = {}, options: ClockErrorOptions = {}) {
    super(`${message} [${code}]`, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = options.name ?? 'ClockError';
    this.code = code;
    this.details = details;
  }
}

/** A wrong kind of value: arithmetic on an instant, a cloned instant, two clocks mixed. It is a `TypeError`. */
export class ClockTypeError extends TypeError implements CodedError {
  override readonly name: string = 'ClockTypeError';
  readonly code: ClockErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ClockErrorCode, message: string, details: ErrorDetails = {}) {
    super(`${message} [${code}]`);
    this.code = code;
    this.details = details;
  }
}

/**
 * Tells whether something caught came from truechimer.
 *
 * Use it instead of `instanceof`: an application can hold the ESM and the CommonJS copy of this package at once, and
 * each has its own classes.
 *
 * @param error - Anything that was caught.
 * @returns True for `ClockError` and `ClockTypeError` of either copy; the `code` may then be read.
 *
 * @example
 * ```ts
 * import { isClockError, systemClock } from 'truechimer';
 *
 * try {
 *   systemClock.monotonic.deadline(Date.now()); // an epoch where a duration belongs
 * } catch (error) {
 *   if (!isClockError(error)) throw error;
 *   console.log(error.code); // TC_EPOCH_AS_DURATION
 * }
 * ```
 */
export function isClockError(error: unknown): error is CodedError {
  return error instanceof Error && 'code' in error && (CLOCK_ERROR_CODES as readonly unknown[]).includes(error.code);
}
