/**
 * The nemesis: a schedule of faults drawn from a seed.
 *
 * Each kind of fault comes at random moments of a constant rate (a Poisson process), on each node from a stream of its own: another
 * node, or another kind, does not disturb the rest of the schedule.
 */
import { requireDurationMs, requireInteger, requireNumber } from '../core/index.ts';
import { FAULT_KINDS, type Fault, type FaultKind, FAULTS_MAX } from './fault.ts';
import { type FaultLimits, isNetworkFault, requireNodesFor, settleLimits, shapeFault } from './fault-shapes.ts';
import type { SeededRandom } from './random.ts';

/** What the nemesis may do. */
export interface NemesisOptions {
  /** The names of the nodes that may have faults. */
  readonly nodes: readonly string[];
  /** How long it is active, in true ms. */
  readonly forMs: number;
  /** When it begins, in true ms since the start of the simulation. Default 0. */
  readonly fromMs?: number;
  /**
   * How many faults of each kind to expect in an hour, 0 to 1e6: for each node, and for faults of the network in the whole world. What is
   * left out never happens.
   */
  readonly ratePerHour: Partial<Readonly<Record<FaultKind, number>>>;
  /** How severe they may be. */
  readonly limits?: FaultLimits;
  /** At most so many, up to 10 000 (the default); the earliest ones stay. */
  readonly faultsMax?: number;
}

const MS_PER_HOUR = 3_600_000;

/**
 * Draws a schedule, in the order of time. The same random stream (its seed, not its state) and the same options give the same one.
 *
 * @throws TC_INVALID_ARGUMENT without nodes for the kinds asked for; TC_NOT_FINITE, TC_OUT_OF_RANGE, TC_EPOCH_AS_DURATION.
 */
export function drawFaults(random: SeededRandom, options: NemesisOptions): readonly Fault[] {
  const { nodes, ratePerHour } = options;
  const faultsMax = requireInteger('drawFaults', options.faultsMax ?? FAULTS_MAX, COUNT_RANGE);
  const kinds = FAULT_KINDS.filter((kind) => requireRate(ratePerHour[kind] ?? 0) > 0);
  if (kinds.length === 0) return [];
  requireNodesFor('drawFaults', kinds, nodes);
  const faults = kinds.flatMap((kind) =>
    isNetworkFault(kind)
      ? drawKind(kind, nodes, random.fork(`nemesis ${kind}`), options)
      : nodes.flatMap((node) => drawKind(kind, [node], random.fork(`nemesis ${kind} ${node}`), options)),
  );
  return faults.sort((a, b) => a.atMs - b.atMs).slice(0, faultsMax);
}

const COUNT_RANGE = { what: 'a number of faults', min: 0, max: FAULTS_MAX };

function requireRate(ratePerHour: number): number {
  return requireNumber('drawFaults', ratePerHour, { what: 'a rate', min: 0, max: 1e6, unit: 'per hour' });
}

function drawKind(kind: FaultKind, nodes: readonly string[], random: SeededRandom, options: NemesisOptions): Fault[] {
  const limits = settleLimits(options.limits);
  const meanGapMs = MS_PER_HOUR / (options.ratePerHour[kind] ?? 0);
  const fromMs = requireDurationMs('drawFaults', options.fromMs ?? 0);
  const untilMs = fromMs + requireDurationMs('drawFaults', options.forMs);
  const share = (): number => random.uniform();
  const faults: Fault[] = [];
  let atMs = fromMs + meanGapMs * random.exponential();
  while (atMs < untilMs && faults.length < FAULTS_MAX) {
    faults.push(shapeFault({ kind, atMs: Math.floor(atMs), nodes, limits }, share));
    atMs += meanGapMs * random.exponential();
  }
  return faults;
}
