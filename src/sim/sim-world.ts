/**
 * A world of simulated nodes on one true time line that only the oracle sees; everything from one seed.
 */
import { ClockError, requireEpochMs } from '../core/index.ts';
import type { SplitEpoch } from '../sync/index.ts';
import { SeededRandom } from './random.ts';
import { SimNetwork } from './sim-network.ts';
import { type NodeOptions, SimNode } from './sim-node.ts';
import { requireSimulatedMs, type Scheduled, type Settle, Timeline, type Turn } from './timeline.ts';

/** Where simulated time starts when nothing else is said: 2026-01-01 00:00:00 UTC. */
export const SIM_EPOCH_MS = 1_767_225_600_000;

/** How many nodes a world may have. */
export const NODES_MAX = 256;

/** What a world is made with. */
export interface WorldOptions {
  /** Everything random comes from it. A whole number from 0 to 2^53 - 1. Default 1. */
  readonly seed?: number;
  /** True time at the start, in epoch ms; a whole number. Default 2026-01-01 UTC. */
  readonly epochMs?: number;
  /** How many events one call to `advance` may run. Default 10 000 000. */
  readonly eventsMax?: number;
  /** Lets every promise that is ready run. */
  readonly settle: Settle;
  /** Runs an event in a turn of its own. Default: `settle`, and then in a promise. */
  readonly turn?: Turn;
}

/** Nodes, a network, and true time. */
export class SimWorldCore {
  readonly seed: number;
  /** Random numbers for whoever drives the simulation. */
  readonly random: SeededRandom;
  readonly network: SimNetwork;
  readonly #timeline: Timeline;
  readonly #epochMs: number;
  readonly #nodes = new Map<string, SimNode>();

  constructor(options: WorldOptions) {
    this.seed = options.seed ?? 1;
    this.#epochMs = Math.trunc(requireEpochMs('SimWorld', options.epochMs ?? SIM_EPOCH_MS));
    this.#timeline = new Timeline(options);
    const random = new SeededRandom(this.seed);
    this.random = random.fork('world');
    this.network = new SimNetwork(this.#timeline, random.fork('network'));
  }

  /** True milliseconds since the start: for the oracle, never for the code under test. */
  get nowMs(): number {
    return this.#timeline.nowMs;
  }

  /** True time: for the oracle, never for the code under test. */
  get trueTime(): SplitEpoch {
    const wholeMs = Math.floor(this.#timeline.nowMs);
    return { wholeMs: this.#epochMs + wholeMs, fractionMs: this.#timeline.nowMs - wholeMs };
  }

  /** How many events have been run. */
  get eventsRun(): number {
    return this.#timeline.eventsRun;
  }

  get nodes(): readonly SimNode[] {
    return [...this.#nodes.values()];
  }

  /** Adds a machine. @throws TC_INVALID_ARGUMENT for a name that is taken; TC_OUT_OF_RANGE above 256 nodes. */
  addNode(name: string, options: NodeOptions = {}): SimNode {
    if (this.#nodes.has(name)) {
      throw new ClockError('TC_INVALID_ARGUMENT', `addNode: there is a node ${name} already. Give it another name.`);
    }
    if (this.#nodes.size >= NODES_MAX) {
      throw new ClockError('TC_OUT_OF_RANGE', `addNode: a world has at most ${NODES_MAX} nodes. Use a smaller world.`);
    }
    const random = new SeededRandom(this.seed);
    const node = new SimNode(name, options, { timeline: this.#timeline, epochMs: this.#epochMs, random });
    this.#nodes.set(name, node);
    this.#timeline.addActor(node);
    return node;
  }

  /** The node of that name. @throws TC_INVALID_ARGUMENT when there is none. */
  node(name: string): SimNode {
    const node = this.#nodes.get(name);
    if (node !== undefined) return node;
    const names = [...this.#nodes.keys()].join(', ');
    throw new ClockError('TC_INVALID_ARGUMENT', `node: there is no node ${name}, only ${names}. Add it first.`);
  }

  /** Runs an action after so many true milliseconds: for the oracle and for faults. */
  after(ms: number, action: () => void): Scheduled {
    return this.#timeline.at(this.#timeline.nowMs + requireSimulatedMs('after', ms), action);
  }

  /** Lets true time pass; promises run before the first event and after each. */
  advance(ms: number): Promise<void> {
    return this.#timeline.advanceToAsync(this.#timeline.nowMs + requireSimulatedMs('advance', ms));
  }

  /** Lets true time pass without letting promises run: for code that only uses callbacks. */
  advanceSync(ms: number): void {
    this.#timeline.advanceTo(this.#timeline.nowMs + requireSimulatedMs('advanceSync', ms));
  }

  /**
   * Lets time pass until the predicate holds, which is looked at after every event.
   *
   * @returns Whether it held within `maxMs` (default one hour).
   */
  async runUntil(predicate: () => boolean, options: { readonly maxMs?: number } = {}): Promise<boolean> {
    const untilMs = this.#timeline.nowMs + requireSimulatedMs('runUntil', options.maxMs ?? 3_600_000);
    await this.#timeline.advanceToAsync(untilMs, predicate);
    return predicate();
  }

  /** @internal For `SimClock`. */
  protected get timeline(): Timeline {
    return this.#timeline;
  }
}
