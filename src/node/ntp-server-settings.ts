/**
 * What an embedded NTP server can be told, checked.
 */
import {
  ClockError,
  describeValue,
  DRIFT_PPM_MAX,
  optionNames,
  requireDurationMs,
  requireInteger,
  requireNumber,
  requireOptionalBoolean,
  requireOptionalFunction,
  requireOptions,
} from '../core/index.ts';
import type { NtpLeap, SplitEpoch } from '../sync/index.ts';

/** Delays that the server adds on the way, in ms. They change the path, never the time. */
export interface NtpServerDelay {
  /** Before the request is stamped (T2). */
  readonly outMs: number;
  /** After the reply is stamped (T3). */
  readonly backMs: number;
  /** A random part, uniform from 0 to this, added to each direction. */
  readonly jitterMs: number;
}

/** What can be changed while the server runs. `undefined` sets back to the default. */
export interface NtpServerSettings {
  /** The server's time minus its base time, in ms. Positive: the server is ahead. Default 0. */
  readonly offsetMs?: number | undefined;
  /** How much faster than the base time the server's clock runs, in ppm, -100 000 to 100 000. Default 0. */
  readonly driftPpm?: number | undefined;
  /** 0 to 255. Default 10, like a clock that follows nothing. */
  readonly stratum?: number | undefined;
  /** 0, 1 (a second will be inserted), 2 (deleted) or 3 (not synchronised). Default 0. */
  readonly leap?: NtpLeap | undefined;
  /** What it says about the round trip to its reference. Default 0. */
  readonly rootDelayMs?: number | undefined;
  /** What it says about its own drift. Default 0. */
  readonly rootDispersionMs?: number | undefined;
  /** The exponent of its precision: 2^this seconds. Default -20, about a microsecond. */
  readonly precision?: number | undefined;
  /** Delays in ms; what is left out is 0. */
  readonly delay?: Partial<NtpServerDelay> | undefined;
  /** The share of requests that get lost, 0 to 1. Default 0. */
  readonly lossRatio?: number | undefined;
  /** Four printable ASCII characters: every request is answered with this kiss code. */
  readonly kiss?: string | undefined;
  /** Requests are counted and never answered. */
  readonly silent?: boolean | undefined;
  /** Whoever asks again sooner than this, in ms, gets the kiss code RATE. Default 0: nobody does. */
  readonly minSpacingMs?: number | undefined;
  /** Uniform in [0, 1): for loss and jitter. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** The base time at a reading of `performance.now()`. Default: the wall clock as it was at the start, carried on by `performance.now()`. */
  readonly timeAt?: ((monotonicMs: number) => SplitEpoch) | undefined;
  /** Replaces each reply by any number of datagrams, in order: forgeries, truncations, duplicates, silence. */
  readonly tamper?: ((reply: Uint8Array, request: Uint8Array) => readonly Uint8Array[]) | undefined;
}

/** The settings with every default filled in. */
export interface SettledNtpServerSettings {
  readonly offsetMs: number;
  readonly driftPpm: number;
  readonly stratum: number;
  readonly leap: NtpLeap;
  readonly rootDelayMs: number;
  readonly rootDispersionMs: number;
  readonly precision: number;
  readonly delay: NtpServerDelay;
  readonly lossRatio: number;
  readonly kissId: number | undefined;
  readonly silent: boolean;
  readonly minSpacingMs: number;
  readonly random: () => number;
  readonly timeAt: ((monotonicMs: number) => SplitEpoch) | undefined;
  readonly tamper: ((reply: Uint8Array, request: Uint8Array) => readonly Uint8Array[]) | undefined;
}

const OPERATION = 'NtpServer';

/** The names of what can be changed while the server runs. */
export const NTP_SERVER_SETTINGS: readonly string[] = optionNames<NtpServerSettings>({
  offsetMs: true,
  driftPpm: true,
  stratum: true,
  leap: true,
  rootDelayMs: true,
  rootDispersionMs: true,
  precision: true,
  delay: true,
  lossRatio: true,
  kiss: true,
  silent: true,
  minSpacingMs: true,
  random: true,
  timeAt: true,
  tamper: true,
});

const DELAY_OPTIONS = optionNames<NtpServerDelay>({ outMs: true, backMs: true, jitterMs: true });

/** The longest emulated delay, in ms. */
const DELAY_MS_MAX = 60_000;

/** Offsets up to the range in which eras can be told apart, 68 years in ms. */
const OFFSET_MS_MAX = 2 ** 31 * 1000;

/** What the format of root delay and dispersion can say, in ms. */
const ROOT_MS_MAX = 65_535_000;

/** Checks the settings. @throws TC_NOT_FINITE, TC_OUT_OF_RANGE, TC_INVALID_ARGUMENT, TC_EPOCH_AS_DURATION. */
export function settleServerSettings(settings: NtpServerSettings): SettledNtpServerSettings {
  const root = (name: 'rootDelayMs' | 'rootDispersionMs'): number =>
    requireDurationMs(`${OPERATION} ${name}`, settings[name] ?? 0, { maxMs: ROOT_MS_MAX });
  requireOptionalBoolean(`${OPERATION} silent`, settings.silent);
  for (const name of ['random', 'timeAt', 'tamper'] as const) {
    requireOptionalFunction(`${OPERATION} ${name}`, settings[name]);
  }
  return {
    offsetMs: requireNumber(`${OPERATION} offsetMs`, settings.offsetMs ?? 0, {
      what: 'an offset',
      min: -OFFSET_MS_MAX,
      max: OFFSET_MS_MAX,
      unit: 'ms',
    }),
    driftPpm: requireNumber(`${OPERATION} driftPpm`, settings.driftPpm ?? 0, {
      what: 'a drift',
      min: -DRIFT_PPM_MAX,
      max: DRIFT_PPM_MAX,
      unit: 'ppm',
    }),
    stratum: requireInteger(`${OPERATION} stratum`, settings.stratum ?? 10, { what: 'a stratum', min: 0, max: 255 }),
    leap: requireInteger(`${OPERATION} leap`, settings.leap ?? 0, {
      what: 'a leap indicator',
      min: 0,
      max: 3,
    }) as NtpLeap,
    rootDelayMs: root('rootDelayMs'),
    rootDispersionMs: root('rootDispersionMs'),
    precision: requireInteger(`${OPERATION} precision`, settings.precision ?? -20, {
      what: 'a precision exponent',
      min: -128,
      max: 127,
    }),
    delay: settleDelay(settings.delay ?? {}),
    lossRatio: requireNumber(`${OPERATION} lossRatio`, settings.lossRatio ?? 0, {
      what: 'a loss ratio',
      min: 0,
      max: 1,
    }),
    kissId: settings.kiss === undefined ? undefined : requireKiss(settings.kiss),
    silent: settings.silent ?? false,
    minSpacingMs: requireDurationMs(`${OPERATION} minSpacingMs`, settings.minSpacingMs ?? 0),
    random: settings.random ?? Math.random,
    timeAt: settings.timeAt,
    tamper: settings.tamper,
  };
}

function settleDelay(delay: Partial<NtpServerDelay>): NtpServerDelay {
  requireOptions(`${OPERATION} delay`, delay, DELAY_OPTIONS);
  const duration = (name: keyof NtpServerDelay): number =>
    requireDurationMs(`${OPERATION} delay.${name}`, delay[name] ?? 0, { maxMs: DELAY_MS_MAX });
  return { outMs: duration('outMs'), backMs: duration('backMs'), jitterMs: duration('jitterMs') };
}

/** The kiss code as a reference id. */
function requireKiss(kiss: string): number {
  if (typeof kiss !== 'string' || !/^[!-~]{4}$/.test(kiss)) {
    throw new ClockError(
      'TC_INVALID_ARGUMENT',
      `${OPERATION} kiss: requires a kiss code of four printable ASCII characters, got ${describeValue(kiss)}. Pass 'RATE', 'DENY' or 'RSTR'.`,
      { kiss },
    );
  }
  return kissIdOf(kiss);
}

/** Four ASCII characters as an unsigned 32-bit number. */
export function kissIdOf(kiss: string): number {
  return [0, 1, 2, 3].reduce((id, at) => id * 256 + kiss.charCodeAt(at), 0);
}
