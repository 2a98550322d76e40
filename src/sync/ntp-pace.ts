/**
 * How often an NTP server may be asked.
 *
 * Servers on this machine may be asked as often as one likes. All others are somebody's: their operators expect at least 16 s between
 * polls (MINPOLL, RFC 5905 section 7.2) and at least 2 s between the packets of a burst, and answer less to whoever is faster.
 */
import { optionNames, requireDurationMs, requireInteger, requireOptions } from '../core/index.ts';
import type { Pace } from './time-source.ts';

/** The pace when nothing is said: four questions 2 s apart, then every 16 to 1024 s. */
export const NTP_PACE_DEFAULT: Pace = {
  burstCount: 4,
  burstSpacingMs: 2000,
  pollMinMs: 16_000,
  pollMaxMs: 1_024_000,
};

/** The fastest pace for a server that is not on this machine. */
export const NTP_PACE_PUBLIC_FLOOR: Pick<Pace, 'burstSpacingMs' | 'pollMinMs'> = {
  burstSpacingMs: 2000,
  pollMinMs: 16_000,
};

/** The longest burst for a server that is not on this machine: ntpd's `iburst`. */
export const NTP_BURST_COUNT_PUBLIC_MAX = 8;

/** The longest polling interval, in ms: MAXPOLL, 36 hours. */
export const NTP_POLL_MS_MAX: number = 2 ** 17 * 1000;

const BURST_COUNT_MAX = 1000;

const PACE_OPTIONS = optionNames<Pace>({ burstCount: true, burstSpacingMs: true, pollMinMs: true, pollMaxMs: true });

/** Completes and checks a pace. @throws TC_NOT_FINITE, TC_OUT_OF_RANGE, TC_INVALID_ARGUMENT, TC_EPOCH_AS_DURATION. */
export function settlePace(operation: string, pace: Partial<Pace> = {}): Pace {
  requireOptions(`${operation} pace`, pace, PACE_OPTIONS);
  const duration = (name: keyof Pace, unsaidMs: number, minMs: number): number =>
    requireDurationMs(`${operation} pace.${name}`, pace[name] ?? unsaidMs, { minMs, maxMs: NTP_POLL_MS_MAX });
  const burstCount = requireInteger(`${operation} pace.burstCount`, pace.burstCount ?? NTP_PACE_DEFAULT.burstCount, {
    what: 'a burst count',
    min: 1,
    max: BURST_COUNT_MAX,
  });
  const saidMaxMs = pace.pollMaxMs === undefined ? Infinity : duration('pollMaxMs', Infinity, 1);
  const pollMinMs = duration('pollMinMs', Math.min(NTP_PACE_DEFAULT.pollMinMs, saidMaxMs), 1);
  return {
    burstCount,
    burstSpacingMs: duration('burstSpacingMs', NTP_PACE_DEFAULT.burstSpacingMs, 1),
    pollMinMs,
    pollMaxMs: duration('pollMaxMs', Math.max(NTP_PACE_DEFAULT.pollMaxMs, pollMinMs), pollMinMs),
  };
}

/** The pace, slowed down to what servers on other machines may be asked. */
export function publicPace(pace: Pace): Pace {
  const pollMinMs = Math.max(pace.pollMinMs, NTP_PACE_PUBLIC_FLOOR.pollMinMs);
  return {
    burstCount: Math.min(pace.burstCount, NTP_BURST_COUNT_PUBLIC_MAX),
    burstSpacingMs: Math.max(pace.burstSpacingMs, NTP_PACE_PUBLIC_FLOOR.burstSpacingMs),
    pollMinMs,
    pollMaxMs: Math.max(pace.pollMaxMs, pollMinMs),
  };
}
