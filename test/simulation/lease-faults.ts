/**
 * The moods of the simulated worlds: which faults, how often in one run, and how severe against the time to live.
 */
import {
  drawFaults,
  type Fault,
  type FaultKind,
  type FaultLimits,
  type LinkOptions,
  delays,
  type SeededRandom,
  type SimWorldCore,
} from '../../src/sim/index.ts';

/** How a world is plagued. */
export interface Mood {
  readonly name: string;
  /** Faults to expect in one run, of each kind: for each node, and for those of the network in the whole world. */
  readonly perRun: Partial<Readonly<Record<FaultKind, number>>>;
  /** The mean delay of a message, as a share of the time to live. */
  readonly delayShare: number;
  readonly loss: number;
}

const CLOCKS = { step: 1, slew: 0.5, drift: 0.5, 'leap-second': 0.2 } as const;

/** By turns; the last one is the only one in which virtual machines are stopped. */
export const MOODS: readonly Mood[] = [
  { name: 'calm', perRun: CLOCKS, delayShare: 0.01, loss: 0.01 },
  { name: 'pauses', perRun: { ...CLOCKS, pause: 5, suspend: 0.5 }, delayShare: 0.02, loss: 0.02 },
  { name: 'suspends', perRun: { ...CLOCKS, suspend: 4, pause: 1 }, delayShare: 0.02, loss: 0.02 },
  { name: 'network', perRun: { ...CLOCKS, cut: 5, partition: 2, link: 5 }, delayShare: 0.12, loss: 0.1 },
  { name: 'crashes', perRun: { ...CLOCKS, crash: 2, pause: 1, cut: 1 }, delayShare: 0.05, loss: 0.05 },
  {
    name: 'everything',
    perRun: { ...CLOCKS, pause: 2, suspend: 1, crash: 1, cut: 2, link: 2, partition: 1 },
    delayShare: 0.06,
    loss: 0.08,
  },
  { name: 'stopped machines', perRun: { ...CLOCKS, 'vm-pause': 3, pause: 1, cut: 1 }, delayShare: 0.03, loss: 0.03 },
];

/** Base rates keep so far from the model's bound that a slew on top stays inside. */
export const DRIFT_PPM_MAX = 9500;
const SLEW_PPM_MAX = 500;

const MS_PER_HOUR = 3_600_000;

/** Draws the faults of one run. */
export function drawMood(
  random: SeededRandom,
  world: SimWorldCore,
  run: { readonly mood: Mood; readonly ttlMs: number; readonly forMs: number },
): readonly Fault[] {
  const { mood, ttlMs, forMs } = run;
  const kinds = Object.entries(mood.perRun) as [FaultKind, number][];
  const limits: FaultLimits = {
    stepMsMax: 10 * ttlMs,
    slewPpmMax: SLEW_PPM_MAX,
    slewMsMax: forMs,
    driftPpmMax: DRIFT_PPM_MAX,
    pauseMsMax: 3 * ttlMs,
    suspendMsMax: 3 * ttlMs,
    downMsMax: 2 * ttlMs,
    cutMsMax: 3 * ttlMs,
    delayMsMax: ttlMs,
    lossMax: 0.5,
  };
  return drawFaults(random, {
    nodes: world.nodes.map(({ name }) => name),
    forMs,
    ratePerHour: Object.fromEntries(kinds.map(([kind, count]) => [kind, (count * MS_PER_HOUR) / forMs])),
    limits,
  });
}

/** Heavy tails: some messages take longer than the time to live. */
export function linksOf(mood: Mood, ttlMs: number): LinkOptions {
  const meanMs = ttlMs * mood.delayShare;
  return { delay: delays.pareto(meanMs / 4, meanMs / 3, 1.5), loss: mood.loss, duplication: mood.loss };
}
