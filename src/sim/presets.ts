/**
 * Networks and clocks with names, each with its source: the scenarios of chrony's own simulation tests, and the paths of everyday.
 *
 * Everything is data. A drift bound is part of a preset, because the premise of a bound is about the clock that it is computed on:
 * `driftBoundPpm` says what the oscillator needs at least, and a test holds every preset to it.
 */
import type { Pace } from '../sync/index.ts';
import type { DriftOptions } from './drift-model.ts';
import type { LinkSpec } from './link-spec.ts';

/** One scenario: a client and its NTP servers. */
export interface Preset {
  /** What it is like, in a sentence. */
  readonly summary: string;
  /** Where the numbers come from. */
  readonly source: string;
  /** True time at the start, where it matters; the world must be made with it. */
  readonly epochMs?: number;
  readonly client: { readonly wallAheadMs: number; readonly drift: DriftOptions };
  /** How many servers; their paths are alike and independent. */
  readonly servers: number;
  readonly toServer: LinkSpec;
  readonly toClient: LinkSpec;
  /** The first servers lie by so much, in ms, one for each entry. */
  readonly liesMs: readonly number[];
  readonly pace: Partial<Pace>;
  /** The path exists for the first part of every period only. */
  readonly connected?: { readonly forMs: number; readonly everyMs: number };
  /** The drift bound to declare, in ppm. */
  readonly driftPpm: number;
  /** How long the scenario takes, in true ms. */
  readonly forMs: number;
}

/** The names of the presets. */
export type PresetName =
  | 'chrony-defaults'
  | 'chrony-frequency-fast'
  | 'chrony-frequency-slow'
  | 'chrony-large-jitter'
  | 'chrony-large-wander'
  | 'chrony-packet-loss'
  | 'chrony-falsetickers-1'
  | 'chrony-falsetickers-2'
  | 'chrony-falsetickers-3'
  | 'chrony-falsetickers-4'
  | 'chrony-era'
  | 'chrony-intermittent'
  | 'chrony-asymmetric-jitter'
  | 'lan'
  | 'wan-10-1'
  | 'wan-20-10'
  | 'asymmetric-20'
  | 'temperature';

const SECOND_MS = 1000;

/** Base + mean * Exp(1), in each direction. */
function path(baseMs: number, meanMs: number, loss = 0): LinkSpec {
  const delay = { kind: 'exponential', baseMs, meanMs } as const;
  return loss > 0 ? { delay, loss } : { delay };
}

/** 1e-9 s/s per square root of a second is 1e-3 ppm; in a million seconds the walk comes as far as 1 ppm, and here never beyond 5. */
const SMALL_WANDER: DriftOptions = { wanderPpm: 1e-3, wanderMaxPpm: 5 };

const CHRONY = 'chrony, test/simulation';

/** test.common: base delay and jitter 1e-4 s, frequency offset 1e-4, wander 1e-9, time offset 0.1 s, one server, 10 000 s. */
const CHRONY_DEFAULTS: Preset = {
  summary: "chrony's defaults: 0.1 ms + 0.1 ms Exp(1) each way, 100 ppm fast, wander 1e-9, 0.1 s ahead",
  source: `${CHRONY}/test.common and 001-defaults`,
  client: { wallAheadMs: 100, drift: { driftPpm: 100, ...SMALL_WANDER } },
  servers: 1,
  toServer: path(0.1, 0.1),
  toClient: path(0.1, 0.1),
  liesMs: [],
  // chronyd's default: minpoll 6, maxpoll 10.
  pace: { burstCount: 4, burstSpacingMs: 2000, pollMinMs: 64 * SECOND_MS, pollMaxMs: 1024 * SECOND_MS },
  driftPpm: 106,
  forMs: 10_000 * SECOND_MS,
};

/** Of five servers the first i are wrong by 1, 2, ... i seconds. */
function falsetickers(count: number): Preset {
  return {
    ...CHRONY_DEFAULTS,
    summary: `${count} of 5 servers lie by ${count === 1 ? 'a second' : `1 to ${count} s`}, 1 ms + 0.1 ms Exp(1) each way`,
    source: `${CHRONY}/009-sourceselection`,
    servers: 5,
    toServer: path(1, 0.1),
    toClient: path(1, 0.1),
    liesMs: Array.from({ length: count }, (_, index) => (index + 1) * SECOND_MS),
  };
}

/** An ordinary quartz, and the library's default drift bound; four servers, as recommended. */
const EVERYDAY: Preset = {
  summary: 'a local network: 0.2 ms + 0.1 ms Exp(1) each way, 10 ppm fast, wander 1e-9',
  source: "the accuracy baseline of this project (chrony's model of clocks and jitter)",
  client: { wallAheadMs: 20, drift: { driftPpm: 10, ...SMALL_WANDER } },
  servers: 4,
  toServer: path(0.2, 0.1),
  toClient: path(0.2, 0.1),
  liesMs: [],
  pace: { burstCount: 4, burstSpacingMs: 2000, pollMinMs: 16 * SECOND_MS, pollMaxMs: 64 * SECOND_MS },
  driftPpm: 50,
  forMs: 10_000 * SECOND_MS,
};

/** Every preset, by name. */
export const PRESETS: Readonly<Record<PresetName, Preset>> = {
  'chrony-defaults': CHRONY_DEFAULTS,
  'chrony-frequency-fast': {
    ...CHRONY_DEFAULTS,
    summary: 'an oscillator that is 5 % fast: nearly what the kernel can correct',
    source: `${CHRONY}/003-largefreqoffset: frequency offset 5e-2, time offset -6.5 s`,
    client: { wallAheadMs: -6500, drift: { driftPpm: 50_000, ...SMALL_WANDER } },
    driftPpm: 47_700,
  },
  'chrony-frequency-slow': {
    ...CHRONY_DEFAULTS,
    summary: 'an oscillator that is 5 % slow: nearly what the kernel can correct',
    source: `${CHRONY}/003-largefreqoffset: frequency offset -5e-2, time offset 6.5 s`,
    client: { wallAheadMs: 6500, drift: { driftPpm: -50_000, ...SMALL_WANDER } },
    driftPpm: 52_700,
  },
  'chrony-large-jitter': {
    ...CHRONY_DEFAULTS,
    summary: '0.1 ms + 100 ms Exp(1) each way',
    source: `${CHRONY}/006-largejitter: jitter 1e-1`,
    toServer: path(0.1, 100),
    toClient: path(0.1, 100),
  },
  'chrony-large-wander': {
    ...CHRONY_DEFAULTS,
    summary: 'an oscillator that wanders by 1e-7 per square root of a second, here by 50 ppm at the most',
    source: `${CHRONY}/007-largewander: wander 1e-7`,
    client: { wallAheadMs: 100, drift: { driftPpm: 100, wanderPpm: 0.1, wanderMaxPpm: 50 } },
    driftPpm: 151,
  },
  'chrony-packet-loss': {
    ...CHRONY_DEFAULTS,
    summary: 'a third of the packets get lost, each way',
    source: `${CHRONY}: packet loss 33 %`,
    toServer: path(0.1, 0.1, 0.33),
    toClient: path(0.1, 0.1, 0.33),
  },
  'chrony-falsetickers-1': falsetickers(1),
  'chrony-falsetickers-2': falsetickers(2),
  'chrony-falsetickers-3': falsetickers(3),
  'chrony-falsetickers-4': falsetickers(4),
  'chrony-era': {
    ...CHRONY_DEFAULTS,
    summary: 'the second era of NTP begins 500 s after the start: 2036-02-07 06:28:16 UTC',
    source: `${CHRONY}/008-ntpera`,
    epochMs: 2_085_977_996_000,
  },
  'chrony-intermittent': {
    ...CHRONY_DEFAULTS,
    summary: 'a connection for 1200 s in every 10 000 s',
    source: `${CHRONY}/014-intermittent`,
    connected: { forMs: 1200 * SECOND_MS, everyMs: 10_000 * SECOND_MS },
    forMs: 100_000 * SECOND_MS,
  },
  'chrony-asymmetric-jitter': {
    ...CHRONY_DEFAULTS,
    summary: 'jitter of 0.5 ms of which 47 % too little is on the way out and too much on the way back',
    source: `${CHRONY}: asymmetric jitter of 5e-4 s and 0.47 over 1e5 s`,
    toServer: path(0.1, 0.5 * (1 - 2 * 0.47)),
    toClient: path(0.1, 0.5 * (1 + 2 * 0.47)),
    forMs: 100_000 * SECOND_MS,
  },
  lan: EVERYDAY,
  'wan-10-1': {
    ...EVERYDAY,
    summary: 'a wide network: 10 ms + 1 ms Exp(1) each way, 10 ppm fast, wander 1e-9',
    toServer: path(10, 1),
    toClient: path(10, 1),
  },
  'wan-20-10': {
    ...EVERYDAY,
    summary: 'a busy wide network: 20 ms + 10 ms Exp(1) each way, 10 ppm fast, wander 1e-9',
    toServer: path(20, 10),
    toClient: path(20, 10),
  },
  'asymmetric-20': {
    ...EVERYDAY,
    summary: 'the way back is 20 ms longer than the way out: 5 ms and 25 ms, + 1 ms Exp(1)',
    toServer: path(5, 1),
    toClient: path(25, 1),
  },
  temperature: {
    ...EVERYDAY,
    summary: 'wan-10-1 with an air conditioner: the rate swings by 5 ppm in an hour',
    client: {
      wallAheadMs: 20,
      drift: { driftPpm: 10, ...SMALL_WANDER, wave: { amplitudePpm: 5, periodMs: 3600 * SECOND_MS } },
    },
    toServer: path(10, 1),
    toClient: path(10, 1),
  },
};
