/**
 * The port through which a bounded clock learns the time: one measurement at a time, of any kind of source.
 *
 * A measurement is an exchange between the local monotonic clock and the source's clock. The source says how far its
 * clock may be from true time; the bounded clock decides when to ask and whom to believe. What goes wrong in production
 * (silence, refusal, nonsense) is an outcome, never a rejected promise.
 */
import type { ClockPort, TimeScale } from '../core/index.ts';
import type { SplitEpoch } from './split-epoch.ts';

/**
 * What one exchange says, in four stamps (RFC 5905 section 8).
 *
 * The request left after `sentMs` and reached the source before it read `serverReceived`; the source read `serverSent` before its
 * answer left, and the answer was here by `receivedMs`. Nothing else is assumed about the two paths.
 */
export interface Exchange {
  /** T1: the monotonic clock, read before the request was handed to the transport, in ms. */
  readonly sentMs: number;
  /** T2: the source's clock when the request arrived. */
  readonly serverReceived: SplitEpoch;
  /** T3: the source's clock when the answer left. */
  readonly serverSent: SplitEpoch;
  /** T4: the monotonic clock, read first thing on receipt, in ms. */
  readonly receivedMs: number;
  /** How far the source's clock may be from true time at T2 and T3, by its own claim, in ms; includes its precision. */
  readonly sourceErrorMs: number;
  /** Who answered, exactly: evidence of two servers behind one name is never mixed. */
  readonly server: string;
  /** The distance from a reference clock, from 1 to 15. */
  readonly stratum: number;
  /** Whether the source announces a leap second at the end of the month. */
  readonly leap: 'none' | 'insert' | 'delete';
}

/** Why an answer was refused although it came from the source. */
export type RejectReason =
  /** Leap indicator 3, or stratum 0 without a kiss code, or stratum 16 and above. */
  | 'unsynchronized'
  /** The source's own root distance is above the limit. */
  | 'root-distance'
  /** The source sent a time stamp of zero, which means "unknown". */
  | 'zero-time'
  /** The answer left before the request arrived, or the source held the request too long. */
  | 'server-dwell'
  /** The answer came back faster than the source says it took to make. */
  | 'negative-delay'
  /** The source's exchange contains impossible numbers. */
  | 'malformed'
  /** The source sent a kiss code that asks for nothing we can do. */
  | 'kiss-of-death';

/** The result of one measurement. */
export type MeasureOutcome =
  | { readonly outcome: 'measured'; readonly exchange: Exchange }
  /** No valid answer within the time limit. */
  | { readonly outcome: 'timeout'; readonly detail: string }
  /** The name does not resolve, the port is closed, or there is no route. */
  | { readonly outcome: 'unreachable'; readonly detail: string }
  /** An answer that must not be used. */
  | { readonly outcome: 'rejected'; readonly reason: RejectReason; readonly detail: string }
  /** The source asks us to ask less often. */
  | { readonly outcome: 'rate-limited'; readonly detail: string }
  /** The source forbids us to ask again. */
  | { readonly outcome: 'denied'; readonly detail: string };

/** How often a source may be asked. */
export interface Pace {
  /** How many measurements are made at the start, and after a fault. */
  readonly burstCount: number;
  /** The time between two of those, in ms. */
  readonly burstSpacingMs: number;
  /** The shortest time between two measurements after that, in ms. */
  readonly pollMinMs: number;
  /** The longest time between two measurements, in ms. */
  readonly pollMaxMs: number;
}

/** What a bounded clock gives a source for one measurement. */
export interface MeasureContext {
  /** The clocks: stamps are read from `clock.monotonicMs()`. */
  readonly clock: ClockPort;
  /** The measurement must settle within this time, in ms. */
  readonly timeoutMs: number;
  /** Aborted when the bounded clock stops; the measurement then settles with any outcome. */
  readonly signal: AbortSignal;
}

/** A source of time. Implement it to plug in a source of your own. */
export interface TimeSource {
  /** A unique name for messages and verdicts, for example `time.example.net:123`. */
  readonly name: string;
  /** Which kind of UTC it speaks. */
  readonly timeScale: TimeScale;
  /** How often it may be asked; read again before each measurement, since it can depend on the address in use. */
  readonly pace: Pace;
  /**
   * Measures once. Not called again before it has settled, unless it is overdue by more than a second: then it counts as a timeout and
   * its late answer is ignored. Must not reject: a rejection counts as `unreachable`.
   */
  measure(context: MeasureContext): Promise<MeasureOutcome>;
}
