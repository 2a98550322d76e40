/**
 * Instants: opaque readings of a clock, one class for each kind of time.
 *
 * A branded number still allows `wall - mono`; a class makes it a compile error and, in JavaScript, a coded throw.
 * A monotonic reading means something only beside another reading of the same clock in the same boot of the same
 * machine, so an instant knows its clock and refuses every other (after Kotlin's `TimeMark`), and refuses to leave the
 * process.
 *
 * The clock's identity is an own enumerable property whose value is a Symbol: that is what makes structuredClone,
 * postMessage, v8.serialize and IPC throw instead of yielding an empty object. The reading is an own field and not
 * `#private`, since deep equality does not see `#private` state and would call different instants equal.
 */
import { isoFromEpochMs } from './civil.ts';
import { ClockTypeError } from './errors.ts';
import { EPOCH_MS_MAX, requireDurationMs, requireEpochMs, requireNumber } from './quantity.ts';

/** What `console.log` in Node calls; a registered symbol, so that core needs no Node. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/** The identity of the wall clock: there is one UTC. */
const WALL_ID = Symbol.for('truechimer.clock.wall');

/** What a wall instant can name: the range of `Date`. */
const DATE_RANGE = { what: 'a result', min: -EPOCH_MS_MAX, max: EPOCH_MS_MAX, unit: 'ms' };

/**
 * A reading of one monotonic clock: comparable with readings of the same clock, and with nothing else.
 *
 * `Domain` names the clock in the type (`'monotonic'` or `'boot'`), so mixing the two does not compile. At run time every
 * method checks the clock itself.
 *
 * @example
 * ```ts
 * import { systemClock } from 'truechimer';
 *
 * const begun = systemClock.monotonic.now();
 * const elapsedMs = systemClock.monotonic.now().since(begun); // never negative, whatever happens to the wall clock
 * console.log(elapsedMs >= 0);
 * ```
 */
export class MonotonicInstant<Domain extends string = string> {
  /** The identity of the clock that was read. */
  readonly clock: symbol;
  /** Only in the type: the clock's domain. */
  declare readonly domain: Domain;
  private readonly readingMs: number;

  private constructor(clock: symbol, readingMs: number) {
    this.clock = clock;
    this.readingMs = readingMs;
  }

  /** @internal For clocks only: the one way to make an instant. */
  static fromReading<Domain extends string>(clock: symbol, readingMs: number): MonotonicInstant<Domain> {
    return new MonotonicInstant<Domain>(clock, readingMs);
  }

  /** @internal For clocks only: the reading, after checking that it is of this clock. @throws TC_CLOCK_MISMATCH. */
  static readingOf(instant: MonotonicInstant, clock: symbol, operation: string): number {
    const candidate: unknown = instant;
    if (typeof candidate !== 'object' || candidate === null || !('clock' in candidate)) {
      throw mismatch(operation, clock, undefined);
    }
    if (candidate.clock !== clock || !('readingMs' in candidate)) throw mismatch(operation, clock, candidate.clock);
    return candidate.readingMs as number;
  }

  /**
   * How long after `earlier` this instant is, in milliseconds; negative when it is before it.
   *
   * @throws TC_CLOCK_MISMATCH when `earlier` is of another clock.
   */
  since(earlier: MonotonicInstant<Domain>): number {
    return this.readingMs - MonotonicInstant.readingOf(earlier, this.clock, 'MonotonicInstant.since');
  }

  /** The instant `durationMs` later. @throws TC_NOT_FINITE, TC_EPOCH_AS_DURATION, TC_OUT_OF_RANGE when negative. */
  plus(durationMs: number): MonotonicInstant<Domain> {
    const checkedMs = requireDurationMs('MonotonicInstant.plus', durationMs);
    return new MonotonicInstant<Domain>(this.clock, this.readingMs + checkedMs);
  }

  /** The instant `durationMs` earlier. @throws TC_NOT_FINITE, TC_EPOCH_AS_DURATION, TC_OUT_OF_RANGE when negative. */
  minus(durationMs: number): MonotonicInstant<Domain> {
    const checkedMs = requireDurationMs('MonotonicInstant.minus', durationMs);
    return new MonotonicInstant<Domain>(this.clock, this.readingMs - checkedMs);
  }

  /** -1, 0 or 1, for sorting. @throws TC_CLOCK_MISMATCH when `other` is of another clock. */
  compare(other: MonotonicInstant<Domain>): -1 | 0 | 1 {
    const otherMs = MonotonicInstant.readingOf(other, this.clock, 'MonotonicInstant.compare');
    return signOf(this.readingMs - otherMs);
  }

  /** Whether this reading is before the other. @throws TC_CLOCK_MISMATCH. */
  isBefore(other: MonotonicInstant<Domain>): boolean {
    return this.compare(other) < 0;
  }

  /** Whether this reading is after the other. @throws TC_CLOCK_MISMATCH. */
  isAfter(other: MonotonicInstant<Domain>): boolean {
    return this.compare(other) > 0;
  }

  /** Always throws: an instant is not a number. */
  [Symbol.toPrimitive](hint: string): never {
    throw arithmetic('MonotonicInstant', hint, 'Use later.since(earlier) for a duration, a.compare(b) for an order.');
  }

  /** Always throws: a monotonic reading means nothing outside its process. */
  toJSON(): never {
    throw new ClockTypeError(
      'TC_INSTANT_SERIALIZED',
      'MonotonicInstant.toJSON: a monotonic reading means nothing in another process or after a restart. ' +
        'Send a bounded wall time (BoundedClock.now()) or a duration instead.',
    );
  }

  static {
    Object.defineProperty(this.prototype, INSPECT, {
      value(this: MonotonicInstant): string {
        return `MonotonicInstant(${this.readingMs} ms on ${this.clock.description ?? 'a clock'})`;
      },
    });
  }
}

/**
 * A reading of the wall clock: it names a moment in UTC and measures nothing, since the wall clock may jump.
 *
 * There is deliberately no `since`: the difference of two wall readings is not a duration. JSON and templates give ISO 8601.
 */
export class WallInstant {
  /** The identity of the wall clock; what makes cloning throw rather than lose the class. */
  readonly clock: symbol;
  /** Milliseconds since 1970-01-01 UTC, as the wall clock said; the same name as in Temporal. */
  readonly epochMilliseconds: number;

  private constructor(epochMilliseconds: number) {
    this.clock = WALL_ID;
    this.epochMilliseconds = epochMilliseconds;
  }

  /** @internal For clocks only: a reading, unchecked. */
  static fromReading(epochMs: number): WallInstant {
    return new WallInstant(epochMs);
  }

  /**
   * Names the moment that many milliseconds after 1970-01-01 UTC.
   *
   * @throws TC_NOT_FINITE, TC_DURATION_AS_EPOCH below 1e11, TC_OUT_OF_RANGE outside the range of `Date`.
   */
  static fromEpochMilliseconds(epochMs: number): WallInstant {
    return new WallInstant(requireEpochMs('WallInstant.fromEpochMilliseconds', epochMs));
  }

  /** The moment `durationMs` later on the UTC axis. @throws TC_NOT_FINITE, TC_EPOCH_AS_DURATION, TC_OUT_OF_RANGE. */
  plus(durationMs: number): WallInstant {
    const epochMs = this.epochMilliseconds + requireDurationMs('WallInstant.plus', durationMs);
    return new WallInstant(requireNumber('WallInstant.plus', epochMs, DATE_RANGE));
  }

  /** The moment `durationMs` earlier on the UTC axis. @throws TC_NOT_FINITE, TC_EPOCH_AS_DURATION, TC_OUT_OF_RANGE. */
  minus(durationMs: number): WallInstant {
    const epochMs = this.epochMilliseconds - requireDurationMs('WallInstant.minus', durationMs);
    return new WallInstant(requireNumber('WallInstant.minus', epochMs, DATE_RANGE));
  }

  /** -1, 0 or 1 by what the wall clock said: it may have been stepped in between, so this is not the order of events. */
  compare(other: WallInstant): -1 | 0 | 1 {
    const candidate: unknown = other;
    if (typeof candidate !== 'object' || candidate === null || !('clock' in candidate)) {
      throw mismatch('WallInstant.compare', WALL_ID, undefined);
    }
    if (candidate.clock !== WALL_ID) throw mismatch('WallInstant.compare', WALL_ID, candidate.clock);
    return signOf(this.epochMilliseconds - other.epochMilliseconds);
  }

  /** ISO 8601 in UTC, floored to the millisecond. */
  toString(): string {
    return isoFromEpochMs(this.epochMilliseconds);
  }

  /** ISO 8601 in UTC, floored to the millisecond. */
  toJSON(): string {
    return this.toString();
  }

  /** Text for templates; throws for arithmetic and comparison. */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === 'string') return this.toString();
    throw arithmetic(
      'WallInstant',
      hint,
      'Durations come from a monotonic clock: stopwatch() or later.since(earlier).',
    );
  }

  static {
    Object.defineProperty(this.prototype, INSPECT, {
      value(this: WallInstant): string {
        return `WallInstant(${this.toString()})`;
      },
    });
  }
}

function signOf(difference: number): -1 | 0 | 1 {
  return difference < 0 ? -1 : difference > 0 ? 1 : 0;
}

function arithmetic(type: string, hint: string, remedy: string): ClockTypeError {
  return new ClockTypeError(
    'TC_INSTANT_ARITHMETIC',
    `${type}: an instant is not a ${hint === 'string' ? 'string' : 'number'}, and was used as one. ${remedy}`,
    { hint },
  );
}

function mismatch(operation: string, expected: symbol, got: unknown): ClockTypeError {
  const gotName = typeof got === 'symbol' ? (got.description ?? 'another clock') : undefined;
  return new ClockTypeError(
    'TC_CLOCK_MISMATCH',
    `${operation}: requires an instant of ${expected.description ?? 'this clock'}, got ${gotName === undefined ? 'something else' : `one of ${gotName}`}. ` +
      'Readings of two clocks have no difference and no order: read both instants from the same clock.',
    { expected: expected.description, got: gotName },
  );
}
