/** What the tests of a node share: a node in a world, what its clocks show, and intervals. */
import { SimTimer } from './node-timers.ts';
import type { NodeOptions, SimNode } from './sim-node.ts';
import type { SimWorldCore } from './sim-world.ts';
import { newWorld } from './world.fixture.ts';

export const EPOCH_MS = 1_800_000_000_000;
const FINE = { monotonicMs: 2 ** -20, bootMs: 2 ** -20, wallMs: 2 ** -10 };

/** A node alone in its world, with fine clocks. */
export function newNode(options: NodeOptions = {}, seed = 1): { readonly world: SimWorldCore; readonly node: SimNode } {
  const world = newWorld({ epochMs: EPOCH_MS, seed });
  return { world, node: world.addNode('a', { granularity: FINE, ...options }) };
}

/** What the three clocks show, counted from where they began. */
export function shown(node: SimNode): { readonly monotonic: number; readonly boot: number; readonly wall: number } {
  return { monotonic: node.monotonicMs(), boot: node.bootMs(), wall: node.wallMs() - EPOCH_MS };
}

/** How much each clock moved during something, rounded to a microsecond. */
export function moved(node: SimNode, during: () => void): { monotonic: number; boot: number; wall: number } {
  const before = shown(node);
  during();
  const after = shown(node);
  const round = (ms: number): number => Math.round(ms * 1000) / 1000 + 0;
  return {
    monotonic: round(after.monotonic - before.monotonic),
    boot: round(after.boot - before.boot),
    wall: round(after.wall - before.wall),
  };
}

/** An interval, as `install` makes them. */
export class Every extends SimTimer {
  readonly fire: () => void;

  constructor(everyMs: number, fire: () => void) {
    super(everyMs, { repeatMs: everyMs, keepsAlive: true });
    this.fire = fire;
  }
}
