/**
 * The network between simulated nodes: every message may be lost, late, duplicated, overtaken, or cut off.
 *
 * A link is one direction. Messages are delivered as events of the world, in the order in which they arrive, which need not be the order in
 * which they were sent unless the link keeps it. A node that stands still receives when it runs again; a crashed one does not.
 */
import { requireNumber } from '../core/index.ts';
import { type Delay, delays } from './delays.ts';
import type { SeededRandom } from './random.ts';
import type { SimNode } from './sim-node.ts';
import type { Timeline } from './timeline.ts';

/** What one direction between two nodes is like. */
export interface LinkOptions {
  /** Default: 1 ms, always. */
  readonly delay?: Delay;
  /** The share of messages that get lost, 0 to 1. */
  readonly loss?: number;
  /** The share of messages that arrive twice, each copy with a delay of its own, 0 to 1. */
  readonly duplication?: number;
  /** Messages never overtake each other on this link. Default false: they may. */
  readonly inOrder?: boolean;
  /** How long the link is busy with each message, in ms: later ones queue behind it. Default 0. */
  readonly busyMs?: number;
}

const DELAY_RANGE = { what: 'a delay', min: 0, max: Number.MAX_VALUE, unit: 'ms' };

interface Link {
  options: LinkOptions;
  readonly random: SeededRandom;
  freeAtMs: number;
  lastArrivalMs: number;
}

/** What arrived at a process that stands still, in order. */
interface Waiting {
  /** Whose it is: the next process of that node does not get it. */
  readonly incarnation: number;
  readonly messages: (() => void)[];
}

/** What went over the network so far. */
export interface NetworkCounts {
  readonly sent: number;
  readonly delivered: number;
  /** Arrived at a crashed node, or waited for a process that crashed before it ran again. */
  readonly unreceived: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly cutOff: number;
  readonly reordered: number;
}

/** The links between the nodes of one world. */
export class SimNetwork {
  readonly #timeline: Timeline;
  readonly #random: SeededRandom;
  readonly #links = new Map<string, Link>();
  readonly #cut = new Set<string>();
  #default: LinkOptions = {};
  readonly #waiting = new Map<SimNode, Waiting>();
  readonly #counts = { sent: 0, delivered: 0, unreceived: 0, lost: 0, duplicated: 0, cutOff: 0, reordered: 0 };

  /** @internal Made by `SimWorld`. */
  constructor(timeline: Timeline, random: SeededRandom) {
    this.#timeline = timeline;
    this.#random = random;
  }

  /** What went over it so far: for the coverage of a simulation. */
  get counts(): NetworkCounts {
    for (const node of this.#waiting.keys()) this.#waitingFor(node);
    return { ...this.#counts };
  }

  /** What links are like that nothing else is said about; links that were used already keep what they had. */
  setDefault(options: LinkOptions): void {
    this.#default = requireLink(options);
  }

  /** Sets one direction. What is under way stays under way: later messages queue behind it, and keep its order. */
  setLink(from: SimNode, to: SimNode, options: LinkOptions): void {
    this.#linkOf(from, to).options = requireLink(options);
  }

  /** What one direction is like now. */
  linkOptions(from: SimNode, to: SimNode): LinkOptions {
    return this.#links.get(keyOf(from, to))?.options ?? this.#default;
  }

  /** Sets both directions, which may differ: asymmetry. */
  setLinks(a: SimNode, b: SimNode, options: LinkOptions, back: LinkOptions = options): void {
    this.setLink(a, b, options);
    this.setLink(b, a, back);
  }

  /** Cuts every link between two groups, both ways. Messages under way still arrive. */
  partition(groupA: readonly SimNode[], groupB: readonly SimNode[]): void {
    for (const a of groupA) {
      for (const b of groupB) {
        this.#cut.add(keyOf(a, b));
        this.#cut.add(keyOf(b, a));
      }
    }
  }

  /** Cuts one direction only. */
  cut(from: SimNode, to: SimNode): void {
    this.#cut.add(keyOf(from, to));
  }

  /** Mends one direction. */
  mend(from: SimNode, to: SimNode): void {
    this.#cut.delete(keyOf(from, to));
  }

  /** Mends every cut. */
  heal(): void {
    this.#cut.clear();
  }

  /**
   * Sends a message; `deliver` runs on arrival, as many times as it arrives, on whatever process runs there then: one that has
   * restarted since may get a message for its predecessor, as with UDP.
   */
  send(from: SimNode, to: SimNode, deliver: () => void): void {
    const link = this.#linkOf(from, to);
    const { loss = 0, duplication = 0 } = link.options;
    this.#counts.sent += 1;
    if (this.#cut.has(keyOf(from, to))) {
      this.#counts.cutOff += 1;
      return;
    }
    if (loss > 0 && link.random.uniform() < loss) this.#counts.lost += 1;
    else this.#carry(link, to, deliver);
    if (duplication > 0 && link.random.uniform() < duplication) {
      this.#counts.duplicated += 1;
      this.#carry(link, to, deliver);
    }
  }

  #carry(link: Link, to: SimNode, deliver: () => void): void {
    const { delay = delays.constant(1), inOrder = false, busyMs = 0 } = link.options;
    const leavesMs = Math.max(this.#timeline.nowMs, link.freeAtMs);
    link.freeAtMs = leavesMs + busyMs;
    const delayMs = requireNumber('link', delay(link.random), DELAY_RANGE);
    let arrivesMs = leavesMs + busyMs + delayMs;
    if (arrivesMs < link.lastArrivalMs) {
      if (inOrder) arrivesMs = link.lastArrivalMs;
      else this.#counts.reordered += 1;
    }
    link.lastArrivalMs = Math.max(link.lastArrivalMs, arrivesMs);
    this.#timeline.at(arrivesMs, () => {
      this.#arrive(to, deliver);
    });
  }

  /** A process that stands still finds the message when it runs again; one that is gone never does. */
  #arrive(to: SimNode, deliver: () => void): void {
    const waiting = this.#waitingFor(to);
    if (waiting !== undefined) waiting.messages.push(deliver);
    else if (to.isRunning || to.isCrashed) this.#handOver(to, deliver);
    else {
      const first: Waiting = { incarnation: to.incarnation, messages: [deliver] };
      this.#waiting.set(to, first);
      this.#handOverLater(to, first, to.runsFromMs);
    }
  }

  /** What waits for the process that is there now; what waited for one that is gone is dropped. */
  #waitingFor(to: SimNode): Waiting | undefined {
    const waiting = this.#waiting.get(to);
    if (waiting === undefined || (!to.isCrashed && waiting.incarnation === to.incarnation)) return waiting;
    this.#waiting.delete(to);
    this.#counts.unreceived += waiting.messages.length;
    return undefined;
  }

  #handOver(to: SimNode, deliver: () => void): void {
    if (to.isCrashed) this.#counts.unreceived += 1;
    else {
      this.#counts.delivered += 1;
      deliver();
    }
  }

  /** One message for each event, so that promises run in between; what arrives meanwhile queues behind. */
  #handOverLater(to: SimNode, waiting: Waiting, atMs: number): void {
    this.#timeline.at(atMs, () => {
      if (this.#waitingFor(to) !== waiting) return;
      const first = to.isRunning ? waiting.messages.shift() : undefined;
      if (waiting.messages.length === 0) this.#waiting.delete(to);
      else this.#handOverLater(to, waiting, Math.max(to.runsFromMs, this.#timeline.nowMs));
      if (first !== undefined) this.#handOver(to, first);
    });
  }

  #linkOf(from: SimNode, to: SimNode): Link {
    const key = keyOf(from, to);
    const known = this.#links.get(key);
    if (known !== undefined) return known;
    const link = this.#newLink(key, this.#default);
    this.#links.set(key, link);
    return link;
  }

  #newLink(key: string, options: LinkOptions): Link {
    return { options, random: this.#random.fork(key), freeAtMs: 0, lastArrivalMs: -Infinity };
  }
}

function keyOf(from: SimNode, to: SimNode): string {
  return `${from.name} -> ${to.name}`;
}

/** Checks the options of a link. @throws TC_NOT_FINITE, TC_OUT_OF_RANGE. */
export function requireLink(options: LinkOptions): LinkOptions {
  for (const share of [options.loss ?? 0, options.duplication ?? 0]) {
    requireNumber('link', share, { what: 'a share', min: 0, max: 1 });
  }
  requireNumber('link', options.busyMs ?? 0, { what: 'a busy time', min: 0, max: 1e6, unit: 'ms' });
  return options;
}
