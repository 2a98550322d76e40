/**
 * One simulated clock for a test: the same face as `systemClock`, and time that passes only when the test says so.
 *
 * It is a world with one node. Durations given to `advance` are true milliseconds; with no drift set (the default) they are the
 * clock's own milliseconds too.
 */
import {
  type Clock,
  type ClockPort,
  createClock,
  type MonotonicClock,
  requireEpochMs,
  type Timers,
  type WallClock,
} from '../core/index.ts';
import type { DriftOptions } from './drift-model.ts';
import type { NodeOptions, SimNode, SlewOptions } from './sim-node.ts';
import { SimWorldCore, type WorldOptions } from './sim-world.ts';
import { requireSimulatedMs } from './timeline.ts';

/** What a simulated clock is made with. */
export interface SimClockOptions extends WorldOptions, NodeOptions {
  /** For messages. Default `sim`. */
  readonly name?: string;
}

/** How far `runUntil` and `runAll` go when nothing else is said, in ms: an hour. */
const RUN_MS_MAX = 3_600_000;

/** The least that one attempt to reach a wall reading waits, in ms: less would not change a sum of epochs. */
const WALL_STEP_MS_MIN = 2 ** -10;

/** A clock for one process, under the test's control. */
export class SimClockCore implements Clock {
  readonly wall: WallClock;
  readonly monotonic: MonotonicClock<'monotonic'>;
  readonly boot: MonotonicClock<'boot'>;
  readonly timers: Timers;
  readonly port: ClockPort;
  /** The machine underneath, for faults that are not repeated here. */
  readonly node: SimNode;
  readonly #world: SimClockWorld;

  constructor(options: SimClockOptions) {
    this.#world = new SimClockWorld(options);
    this.node = this.#world.addNode(options.name ?? 'sim', options);
    const face = createClock(this.node);
    this.wall = face.wall;
    this.monotonic = face.monotonic;
    this.boot = face.boot;
    this.timers = face.timers;
    this.port = this.node;
  }

  /** The world that the clock lives in: true time, the seed. */
  get world(): SimWorldCore {
    return this.#world;
  }

  /** Lets time pass and fires what is due, without letting promises run. */
  advance(ms: number): void {
    this.#world.advanceSync(ms);
  }

  /** Lets time pass and fires what is due, with promises running in between as in an event loop. */
  advanceAsync(ms: number): Promise<void> {
    return this.#world.advance(ms);
  }

  /** Lets time pass until the wall clock reads at least `epochMs`, without letting promises run. */
  advanceTo(epochMs: number): void {
    for (let leftMs = this.#untilWall(epochMs); leftMs > 0; leftMs = this.#untilWall(epochMs)) this.advance(leftMs);
  }

  /** Lets time pass until the wall clock reads at least `epochMs`, with promises running in between. */
  async advanceToAsync(epochMs: number): Promise<void> {
    for (let leftMs = this.#untilWall(epochMs); leftMs > 0; leftMs = this.#untilWall(epochMs)) {
      await this.advanceAsync(leftMs);
    }
  }

  /** Lets time pass until the predicate holds, at most `maxMs` (default an hour). @returns Whether it holds. */
  runUntil(predicate: () => boolean, options: { readonly maxMs?: number } = {}): boolean {
    this.#world.runSync(requireSimulatedMs('runUntil', options.maxMs ?? RUN_MS_MAX), predicate);
    return predicate();
  }

  /** Like `runUntil`, with promises running in between. */
  runUntilAsync(predicate: () => boolean, options: { readonly maxMs?: number } = {}): Promise<boolean> {
    return this.#world.runUntil(predicate, options);
  }

  /** Fires every timer, also those that timers set, in order. @throws TC_TOO_MANY_EVENTS when there is no end to them. */
  runAll(): void {
    this.#world.runSync(Infinity, () => this.node.timerCount === 0);
  }

  /** Like `runAll`, with promises running in between. @throws TC_TOO_MANY_EVENTS when there is no end to them. */
  runAllAsync(): Promise<void> {
    return this.#world.run(Infinity, () => this.node.timerCount === 0);
  }

  /** Steps the wall clock; positive is forward. */
  stepWall(byMs: number): void {
    this.node.stepWall(byMs);
  }

  /** Slews for a while from now on; time passes only when it is advanced. */
  slew(options: SlewOptions): void {
    this.node.slew(options);
  }

  /** Replaces the drift from now on. */
  setDrift(drift: DriftOptions): void {
    this.node.setDrift(drift);
  }

  /** The machine sleeps for so long, and wakes: monotonic time stood still, boot and wall time went on, no timer fired. */
  suspend(forMs: number): void {
    this.#passing('suspend', forMs, () => {
      this.node.suspend(forMs);
    });
  }

  /** The process was stopped for so long, and runs again: its timers are late. They fire with the next `advance`. */
  pause(forMs: number): void {
    this.#passing('pause', forMs, () => {
      this.node.pause(forMs);
    });
  }

  /** The virtual machine was stopped for so long, and runs again. */
  pauseVm(forMs: number, options: { readonly wall?: 'jumps' | 'stays' } = {}): void {
    this.#passing('pauseVm', forMs, () => {
      this.node.pauseVm(forMs, options);
    });
  }

  /** A leap second in the wall clock, as a step now or smeared over a span from now on. */
  leapSecond(kind: 'insert' | 'delete', options: { readonly smearMs?: number } = {}): void {
    this.node.leapSecond(kind, options);
  }

  /** The monotonic clock goes back: illegal, and seen in the wild. */
  moveMonotonicBack(byMs: number): void {
    this.node.moveMonotonicBack(byMs);
  }

  /** Begins a fault and lets its time pass without firing what becomes due at its end: the first instruction after it is yours. */
  #passing(operation: string, forMs: number, begin: () => void): void {
    this.#world.requireIdle(operation);
    begin();
    this.#world.passStanding(forMs);
  }

  /** How long it takes in true time, as far as can be said now, until the wall clock reads that; nothing when it does already. */
  #untilWall(epochMs: number): number {
    const leftMs = requireEpochMs('advanceTo', epochMs) - this.node.wallMs();
    if (leftMs <= 0) return 0;
    const { wallRate } = this.node;
    return Math.max(wallRate > 0 ? leftMs / wallRate : leftMs, WALL_STEP_MS_MIN);
  }
}

/** A world that also lets time pass up to, and not including, what its node does at the end. */
class SimClockWorld extends SimWorldCore {
  /** One call, so that the limit on events is that of the whole run. */
  runSync(forMs: number, stop: () => boolean): void {
    this.timeline.advanceTo(this.timeline.nowMs + forMs, stop);
  }

  run(forMs: number, stop: () => boolean): Promise<void> {
    return this.timeline.advanceToAsync(this.timeline.nowMs + forMs, stop);
  }

  requireIdle(operation: string): void {
    this.timeline.requireIdle(operation);
  }

  passStanding(ms: number): void {
    this.timeline.passQuietly(this.timeline.nowMs + ms);
  }
}
