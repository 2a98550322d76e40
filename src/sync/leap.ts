/**
 * Leap seconds: around one, "milliseconds since 1970" is ambiguous, and a bound on it would be a guess.
 *
 * UTC inserts or deletes a second at the end of a month (ITU-R TF.460), and servers announce it. On the Unix time axis an inserted second
 * is a step back by one second, which no drift bound covers. From one second before the end of the month by the latest
 * reading until one second after it by the earliest, there is no answer; then everything is measured again.
 */
import { type Interval, startOfNextMonthMs } from '../core/index.ts';

/** A leap second moves the Unix axis by this much. */
export const LEAP_MS = 1000;

/** The moment at the end of the month, in epoch ms, around which UTC is ambiguous. */
export function leapMoment(now: Interval): number {
  return startOfNextMonthMs(now.earliest);
}

/** How the time stands to a leap moment, in certainty. */
export type LeapPhase = 'before' | 'ambiguous' | 'after';

/** Whether the true time is certainly before, certainly after, or possibly in the ambiguous seconds. */
export function leapPhase(now: Interval, momentMs: number): LeapPhase {
  if (now.latest < momentMs - LEAP_MS) return 'before';
  return now.earliest > momentMs + LEAP_MS ? 'after' : 'ambiguous';
}
