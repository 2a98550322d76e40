/**
 * Applies a schedule of faults to a world, each at its moment, and counts what came of it.
 *
 * A pause, a suspend, a stopped virtual machine or a crash of a node that stands still already (or is gone) cannot happen; it is skipped and
 * counted as skipped. Faults of a clock act on the machine, whatever its process does just then: a clock that is set while the
 * process is paused is what makes pauses dangerous. A change of a link that is changed already is skipped as well.
 */
import { ClockError } from '../core/index.ts';
import { FAULT_KINDS, type Fault, type FaultKind, FAULTS_MAX, nodesOf, requireFault } from './fault.ts';
import { linkOf } from './link-spec.ts';
import type { SimNode } from './sim-node.ts';
import type { SimWorldCore } from './sim-world.ts';

/** What came of a schedule so far: for the coverage of a simulation. */
export interface FaultCounts {
  readonly applied: Readonly<Record<FaultKind, number>>;
  /** Faults that could not happen: see the header. */
  readonly skipped: Readonly<Record<FaultKind, number>>;
}

/** A schedule under way. */
export interface ScheduledFaults {
  readonly faults: readonly Fault[];
  /** A copy of the counters as they are now. */
  readonly counts: FaultCounts;
}

/**
 * Schedules faults; time passes only when the world is advanced.
 *
 * @param faults - At most 10 000, in any order; simultaneous ones happen in the order of the list.
 * @throws TC_INVALID_ARGUMENT for a node that does not exist and a fault in the past; TC_OUT_OF_RANGE for too many, and for numbers out
 * of range; TC_NOT_FINITE, TC_EPOCH_AS_DURATION.
 */
export function schedule(world: SimWorldCore, faults: readonly Fault[]): ScheduledFaults {
  if (faults.length > FAULTS_MAX) {
    throw new ClockError(
      'TC_OUT_OF_RANGE',
      `schedule: takes at most ${FAULTS_MAX} faults, got ${faults.length}. Schedule fewer, or the later ones later.`,
      { count: faults.length, max: FAULTS_MAX },
    );
  }
  for (const fault of faults) requireSchedulable(world, fault);
  const run = new FaultRun(world, faults);
  run.start();
  return run;
}

function requireSchedulable(world: SimWorldCore, fault: Fault): void {
  requireFault(fault);
  for (const name of nodesOf(fault)) world.node(name);
  if (fault.atMs >= world.nowMs) return;
  throw new ClockError(
    'TC_INVALID_ARGUMENT',
    `schedule: a ${fault.kind} is due at ${fault.atMs} ms, and the simulation is at ${world.nowMs} ms. ` +
      'Schedule faults before they are due; atMs counts from the start of the simulation.',
    { atMs: fault.atMs, nowMs: world.nowMs },
  );
}

function noCounts(): Record<FaultKind, number> {
  return Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as Record<FaultKind, number>;
}

class FaultRun implements ScheduledFaults {
  readonly faults: readonly Fault[];
  readonly #world: SimWorldCore;
  readonly #applied = noCounts();
  readonly #skipped = noCounts();
  /** How many faults hold each direction cut: it is mended with the last of them. */
  readonly #cuts = new Map<string, number>();
  /** Directions that are changed for a time. */
  readonly #changed = new Set<string>();
  /** Cuts from before the last heal are mended already. */
  #heals = 0;

  constructor(world: SimWorldCore, faults: readonly Fault[]) {
    this.#world = world;
    this.faults = [...faults];
  }

  get counts(): FaultCounts {
    return { applied: { ...this.#applied }, skipped: { ...this.#skipped } };
  }

  start(): void {
    for (const fault of this.faults) {
      this.#world.after(fault.atMs - this.#world.nowMs, () => {
        const counts = this.#apply(fault) ? this.#applied : this.#skipped;
        counts[fault.kind] += 1;
      });
    }
  }

  /** False when it cannot happen now. */
  #apply(fault: Fault): boolean {
    switch (fault.kind) {
      case 'heal':
        return this.#heal();
      case 'link':
        return this.#changeLink(fault);
      case 'cut':
        return this.#cut([[fault.from, fault.to]], fault.forMs);
      case 'partition':
        return this.#cut(bothWays(fault.groups), fault.forMs);
      case 'pause':
      case 'vm-pause':
      case 'suspend':
      case 'crash':
        return this.#stop(this.#world.node(fault.node), fault);
      default:
        return disturb(this.#world.node(fault.node), fault);
    }
  }

  #stop(node: SimNode, fault: Extract<Fault, { kind: 'pause' | 'vm-pause' | 'suspend' | 'crash' }>): boolean {
    if (!node.isRunning) return false;
    if (fault.kind === 'pause') node.pause(fault.forMs);
    else if (fault.kind === 'suspend') node.suspend(fault.forMs);
    else if (fault.kind === 'vm-pause') node.pauseVm(fault.forMs, { wall: fault.wall ?? 'jumps' });
    else {
      node.crash();
      this.#world.after(fault.restartAfterMs, () => {
        if (node.isCrashed) node.restart();
      });
    }
    return true;
  }

  #cut(directions: readonly (readonly [string, string])[], forMs: number | undefined): boolean {
    const { network } = this.#world;
    const heals = this.#heals;
    for (const [from, to] of directions) {
      const key = JSON.stringify([from, to]);
      this.#cuts.set(key, (this.#cuts.get(key) ?? 0) + 1);
      network.cut(this.#world.node(from), this.#world.node(to));
    }
    if (forMs === undefined) return true;
    this.#world.after(forMs, () => {
      if (this.#heals !== heals) return;
      for (const [from, to] of directions) this.#mend(from, to);
    });
    return true;
  }

  #mend(from: string, to: string): void {
    const key = JSON.stringify([from, to]);
    const left = (this.#cuts.get(key) ?? 1) - 1;
    this.#cuts.set(key, left);
    if (left === 0) this.#world.network.mend(this.#world.node(from), this.#world.node(to));
  }

  #heal(): boolean {
    this.#heals += 1;
    this.#cuts.clear();
    this.#world.network.heal();
    return true;
  }

  #changeLink(fault: Extract<Fault, { kind: 'link' }>): boolean {
    const { network } = this.#world;
    const [from, to] = [this.#world.node(fault.from), this.#world.node(fault.to)];
    const key = JSON.stringify([fault.from, fault.to]);
    if (this.#changed.has(key)) return false;
    const before = network.linkOptions(from, to);
    network.setLink(from, to, linkOf(fault.link));
    if (fault.forMs === undefined) return true;
    this.#changed.add(key);
    this.#world.after(fault.forMs, () => {
      this.#changed.delete(key);
      network.setLink(from, to, before);
    });
    return true;
  }
}

/** Faults of a clock: always possible. */
function disturb(
  node: SimNode,
  fault: Extract<Fault, { kind: 'step' | 'slew' | 'drift' | 'leap-second' | 'monotonic-back' }>,
): true {
  if (fault.kind === 'step') node.stepWall(fault.byMs);
  else if (fault.kind === 'slew') node.slew({ ppm: fault.ppm, forMs: fault.forMs });
  else if (fault.kind === 'drift') node.setDrift(fault.drift);
  else if (fault.kind === 'monotonic-back') node.moveMonotonicBack(fault.byMs);
  else node.leapSecond(fault.leap, fault.smearMs === undefined ? {} : { smearMs: fault.smearMs });
  return true;
}

function bothWays(groups: readonly [readonly string[], readonly string[]]): (readonly [string, string])[] {
  return groups[0].flatMap((a) =>
    groups[1].flatMap((b) => [[a, b] as const, [b, a] as const] as (readonly [string, string])[]),
  );
}
