/**
 * Faults for property tests, on the fast-check that the caller hands in: nothing here imports it.
 *
 * Everything is mapped from integers that shrink towards 0, and 0 is the mildest: a failing schedule shrinks to fewer faults, of milder
 * kinds, smaller, and later, until each one that is left is needed.
 */
import { requireDurationMs, requireInteger } from '../core/index.ts';
import { FAULT_KINDS, type Fault, type FaultKind, FAULTS_MAX } from './fault.ts';
import { type FaultLimits, requireNodesFor, settleLimits, shapeFault, SHARES_PER_FAULT } from './fault-shapes.ts';

/* The shape of fast-check's own values, streams and randomness is its own business. */
/* eslint-disable @typescript-eslint/no-explicit-any */

/** An arbitrary of fast-check 4, by its shape. */
export interface ArbitraryLike<T> {
  generate(mrng: any, biasFactor: number | undefined): any;
  canShrinkWithoutContext(value: unknown): value is T;
  shrink(value: T, context: unknown): any;
  filter<U extends T>(refinement: (value: T) => value is U): ArbitraryLike<U>;
  filter(predicate: (value: T) => boolean): ArbitraryLike<T>;
  map<U>(mapper: (value: T) => U, unmapper?: (possiblyU: unknown) => T): ArbitraryLike<U>;
  chain<U>(chainer: (value: T) => ArbitraryLike<U>): ArbitraryLike<U>;
}
/* eslint-enable @typescript-eslint/no-explicit-any */

/** What is needed of fast-check. */
export interface FastCheckLike {
  integer(range: { min: number; max: number }): ArbitraryLike<number>;
  tuple<Ts extends unknown[]>(...arbitraries: { [K in keyof Ts]: ArbitraryLike<Ts[K]> }): ArbitraryLike<Ts>;
  array<T>(arbitrary: ArbitraryLike<T>, constraints: { maxLength: number }): ArbitraryLike<T[]>;
}

/** What faults to make. */
export interface FaultArbitraryOptions {
  /** The names of the nodes that may have faults. */
  readonly nodes: readonly string[];
  /** They happen from the start of the simulation until then, in true ms. */
  readonly forMs: number;
  /** Which kinds, from mild to severe. Default: all of them, or those of single nodes when there is only one. */
  readonly kinds?: readonly FaultKind[];
  /** How severe they may be. */
  readonly limits?: FaultLimits;
  /** How many faults a schedule has at the most, 1 to 10 000. Default 10. */
  readonly faultsMax?: number;
}

/** Arbitraries of faults. */
export interface FaultArbitraries {
  readonly fault: ArbitraryLike<Fault>;
  /** In the order of time. */
  readonly faults: ArbitraryLike<readonly Fault[]>;
}

/** Shares have this many steps: `groupsOf` and logarithmic sizes see no finer ones. */
const SHARE_STEPS = 2 ** 20;

/**
 * Arbitraries of faults and schedules, to be given to `schedule`.
 *
 * @param fc - The module fast-check, version 4.
 * @throws TC_INVALID_ARGUMENT without nodes for the kinds asked for; TC_NOT_FINITE, TC_OUT_OF_RANGE, TC_EPOCH_AS_DURATION.
 */
export function faultArbitraries(fc: FastCheckLike, options: FaultArbitraryOptions): FaultArbitraries {
  const { nodes } = options;
  const forMs = requireDurationMs('faultArbitraries', options.forMs);
  const range = { what: 'a number of faults', min: 1, max: FAULTS_MAX };
  const maxLength = requireInteger('faultArbitraries', options.faultsMax ?? 10, range);
  const kinds = options.kinds ?? kindsFor(nodes);
  requireInteger('faultArbitraries', kinds.length, { what: 'a number of kinds', min: 1, max: FAULT_KINDS.length });
  requireNodesFor('faultArbitraries', kinds, nodes);
  const limits = settleLimits(options.limits);
  const steps = Array.from({ length: SHARES_PER_FAULT }, () => fc.integer({ min: 0, max: SHARE_STEPS - 1 }));
  const fault = fc
    .tuple<number[]>(
      fc.integer({ min: 0, max: kinds.length - 1 }),
      fc.integer({ min: 0, max: Math.floor(forMs) }),
      ...steps,
    )
    .map(([index = 0, beforeEndMs = 0, ...shares]) => {
      const next = shares.map((share) => share / SHARE_STEPS)[Symbol.iterator]();
      const kind = kinds[index] as FaultKind;
      return shapeFault({ kind, atMs: forMs - beforeEndMs, nodes, limits }, () => next.next().value ?? 0);
    });
  return { fault, faults: fc.array(fault, { maxLength }).map((faults) => faults.toSorted((a, b) => a.atMs - b.atMs)) };
}

function kindsFor(nodes: readonly string[]): readonly FaultKind[] {
  return nodes.length > 1 ? FAULT_KINDS : FAULT_KINDS.filter((kind) => !['link', 'cut', 'partition'].includes(kind));
}
