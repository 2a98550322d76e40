/**
 * One simulated machine with one process: a `ClockPort`, timers, faults, crash and recovery.
 *
 * Each fault is its own thing, because real machines mix them: in a *suspend* monotonic time stands still and boot and wall time go on;
 * in a *pause* every clock goes on and only the process stands still, so its timers come late and an interval comes once; a stopped
 * *virtual machine* has no clocks at all, until somebody sets the wall clock right.
 */
import {
  ClockError,
  type ClockGranularity,
  type ClockPort,
  requireDurationMs,
  requireNumber,
  type TimerHandle,
  type TimerOptions,
} from '../core/index.ts';
import { DriftModel, type DriftOptions } from './drift-model.ts';
import { ceilTo, floorTo, Hardware } from './hardware.ts';
import { type NodeOptions, requireNodeOptions, STEP_MS_MAX } from './node-options.ts';
import { CallbackTimer, NodeTimers, type ProcessOfTimers, type SimTimer } from './node-timers.ts';
import type { SeededRandom } from './random.ts';
import type { Actor, Scheduled, Timeline } from './timeline.ts';

export { type NodeOptions, STEP_MS_MAX } from './node-options.ts';

/** Where a slew acts and how long. */
export interface SlewOptions {
  /** The extra rate, in ppm; negative is slower. */
  readonly ppm: number;
  /** How long, in true ms. */
  readonly forMs: number;
}

/** The largest slew, in ppm: the kernel's own limit. */
export const SLEW_PPM_MAX = 100_000;

/** The shortest span that a leap second is smeared over, in ms: that is the largest slew. */
export const LEAP_SMEAR_MS_MIN = 10_000;

/** Wall slews elsewhere may be this large without counting as a step, in ppm. */
const WALL_SLEW_PPM = 1000;

const DELAY_RANGE = { what: 'a delay', min: -Number.MAX_VALUE, max: Number.MAX_VALUE, unit: 'ms' };

/** What a node needs of its world. */
export interface NodeWorld {
  readonly timeline: Timeline;
  /** True time at the start, in epoch ms. */
  readonly epochMs: number;
  readonly random: SeededRandom;
}

/** A simulated machine. */
export class SimNode implements ClockPort, Actor {
  readonly name: string;
  readonly monotonicId: symbol;
  readonly bootId: symbol;
  readonly granularity: ClockGranularity;
  readonly monotonicCountsSuspend: boolean;
  readonly wallSlewPpm: number;
  /** What survives a crash. */
  readonly storage: Map<string, unknown> = new Map<string, unknown>();
  /** Random numbers of this node alone. */
  readonly random: SeededRandom;
  readonly #timeline: Timeline;
  readonly #hardware: Hardware;
  readonly #process: ProcessOfTimers;
  /** Those of the process that is there: a new one begins without any. */
  #timers: NodeTimers;
  /** The reading at which the timer fires that `nextDueMs` has found. */
  #dueReadingMs = Infinity;
  #drift: DriftModel;
  #driftStep: Scheduled | undefined;
  #main: ((node: SimNode) => void) | undefined;
  #runsFromMs = 0;
  /** Until then the machine itself stands still, whatever its process does. */
  #machineRunsFromMs = 0;
  #crashed = false;
  #incarnation = 0;
  #drifts = 0;

  /** @internal Made by `SimWorld.addNode`. */
  constructor(name: string, options: NodeOptions, world: NodeWorld) {
    const settled = requireNodeOptions(options);
    this.name = name;
    this.monotonicId = Symbol(`truechimer.clock.${name}.monotonic`);
    this.bootId = Symbol(`truechimer.clock.${name}.boot`);
    this.granularity = settled.granularity;
    this.monotonicCountsSuspend = settled.platform === 'other';
    this.wallSlewPpm = this.monotonicCountsSuspend ? WALL_SLEW_PPM : 0;
    this.random = world.random.fork(`node ${name}`);
    this.#timeline = world.timeline;
    this.#process = { monotonicMs: () => this.monotonicMs(), notesStacks: () => world.timeline.nearsLimit };
    this.#timers = new NodeTimers(this.#process);
    const { monotonicMs, wallAheadMs, sleptMs } = settled;
    this.#hardware = new Hardware({
      wallMs: world.epochMs + world.timeline.nowMs + wallAheadMs,
      monotonicMs,
      bootMs: monotonicMs + sleptMs,
      granularity: this.granularity,
    });
    this.#hardware.skipTo(world.timeline.nowMs);
    this.#drift = new DriftModel(options.drift ?? {}, this.random.fork('drift'));
    this.#applyDrift();
  }

  monotonicMs(): number {
    return floorTo(this.#hardware.monotonicAt(this.#timeline.nowMs), this.granularity.monotonicMs);
  }

  bootMs(): number {
    return floorTo(this.#hardware.at(this.#timeline.nowMs).bootMs, this.granularity.bootMs);
  }

  wallMs(): number {
    return this.#hardware.shownWallMs(this.#timeline.nowMs);
  }

  setTimer(callback: () => void, delayMs: number, options: TimerOptions): TimerHandle {
    requireNumber('setTimer', delayMs, DELAY_RANGE);
    const dueMs = this.monotonicMs() + Math.max(0, delayMs);
    const timer = new CallbackTimer(callback, dueMs, options);
    this.addTimer(timer);
    return timer;
  }

  /** @internal For `install`: sets a timer of its own kind; `setBy` is the function that the user called. */
  addTimer(timer: SimTimer, setBy?: (...args: never[]) => unknown): void {
    // Whatever still runs of a process that is gone does not come back with the next one.
    if (!this.#crashed) this.#timers.set(timer, setBy);
  }

  /** How many timers are set. */
  get timerCount(): number {
    return this.#timers.size;
  }

  /** How much the oscillator is fast, in ppm, at this moment: what only the oracle knows. */
  get ratePpm(): number {
    return this.#hardware.ratePpm;
  }

  /** Whether its process runs at this moment. */
  get isRunning(): boolean {
    return !this.#crashed && this.#timeline.nowMs >= this.#runsFromMs;
  }

  /** Whether its process is gone. */
  get isCrashed(): boolean {
    return this.#crashed;
  }

  /** How often it has restarted: what a process has in memory belongs to one incarnation. */
  get incarnation(): number {
    return this.#incarnation;
  }

  /** @internal How fast its wall clock runs against true time, as a ratio. */
  get wallRate(): number {
    return this.#hardware.wallRate;
  }

  /** @internal The true moment from which its process runs again. */
  get runsFromMs(): number {
    return this.#runsFromMs;
  }

  // Actor

  nextDueMs(): number {
    this.#dueReadingMs = this.#firstDueMs;
    if (this.#dueReadingMs === Infinity || this.#crashed) return Infinity;
    return Math.max(this.#hardware.trueTimeOf(this.#dueReadingMs), this.#runsFromMs);
  }

  runNext(trueMs: number): void {
    this.#hardware.reach(this.#dueReadingMs, trueMs);
    this.#timers.runFirst();
  }

  describeLast(): string {
    return `${this.#timers.describeLast()} on ${this.name}`;
  }

  // Faults

  /** Steps the wall clock; positive is forward. Nothing else moves. */
  stepWall(byMs: number): void {
    requireNumber('stepWall', byMs, { what: 'a step', min: -STEP_MS_MAX, max: STEP_MS_MAX, unit: 'ms' });
    this.#hardware.stepWall(byMs);
  }

  /** Replaces the drift of the oscillator from now on. */
  setDrift(drift: DriftOptions): void {
    this.#catchUp();
    this.#drifts += 1;
    this.#drift = new DriftModel(drift, this.random.fork(`drift ${this.#drifts}`));
    this.#applyDrift();
  }

  /** Slews for a while: all clocks on Linux, the wall clock elsewhere. A new slew replaces the one under way. */
  slew(options: SlewOptions): void {
    requireNumber('slew', options.ppm, { what: 'a slew', min: -SLEW_PPM_MAX, max: SLEW_PPM_MAX, unit: 'ppm' });
    const forMs = requireDurationMs('slew', options.forMs);
    const clocks = this.monotonicCountsSuspend ? 'wall' : 'all';
    this.#catchUp();
    this.#hardware.setSlew(options.ppm, clocks);
    this.#slewEnd?.cancel();
    this.#slewEnd = this.#later(forMs, () => {
      this.#hardware.setSlew(0, clocks);
    });
  }

  #slewEnd: Scheduled | undefined;

  /** The machine sleeps: monotonic time stands still (on Linux), boot and wall time go on, no timer fires. */
  suspend(forMs: number): void {
    this.#standWithMachine('suspend', forMs);
    if (this.monotonicCountsSuspend) return;
    this.#hardware.setSuspended(true);
    this.#later(forMs, () => {
      this.#hardware.setSuspended(false);
    });
  }

  /** The process is stopped (a SIGSTOP, a long collection of garbage): all clocks go on, timers come late, an interval comes once. */
  pause(forMs: number): void {
    this.#stand('pause', forMs);
  }

  /**
   * The virtual machine is stopped: nothing counts. Afterwards the wall clock jumps to what it would have been, unless
   * `wall` is `'stays'`: then no clock of this machine can ever tell.
   */
  pauseVm(forMs: number, options: { readonly wall?: 'jumps' | 'stays' } = {}): void {
    this.#standWithMachine('pauseVm', forMs);
    this.#hardware.setHalted(true);
    this.#later(forMs, () => {
      this.#hardware.setHalted(false);
      if (options.wall !== 'stays') this.#hardware.stepWall(forMs);
    });
  }

  /** A leap second in the wall clock, now: as a step of one second, or smeared evenly over a span. */
  leapSecond(kind: 'insert' | 'delete', options: { readonly smearMs?: number } = {}): void {
    const byMs = leapMs(kind);
    if (options.smearMs === undefined) {
      this.stepWall(byMs);
      return;
    }
    const smearMs = requireDurationMs('leapSecond', options.smearMs, { minMs: LEAP_SMEAR_MS_MIN });
    this.#catchUp();
    this.#hardware.setSlew((byMs / smearMs) * 1e6, 'wall');
    this.#slewEnd?.cancel();
    this.#slewEnd = this.#later(smearMs, () => {
      this.#hardware.setSlew(0, 'wall');
    });
  }

  /** The monotonic clock goes back: what no platform may do, and some have done. */
  moveMonotonicBack(byMs: number): void {
    this.#catchUp();
    this.#hardware.moveMonotonic(-requireDurationMs('moveMonotonicBack', byMs));
  }

  // Crash and recovery

  /** Runs the program of this node now, and again after every restart. What it must remember belongs into `storage`. */
  start(main: (node: SimNode) => void): void {
    this.#main = main;
    main(this);
  }

  /** The process is gone with everything that it had in memory and every timer. The clocks go on. */
  crash(): void {
    this.#crashed = true;
    this.#timers.clear();
    // What is left of it may start its timers anew: among those of a process that is gone.
    this.#timers = new NodeTimers(this.#process);
  }

  /** A new process: runs the program again. @throws TC_INVALID_ARGUMENT when it runs already, or its machine stands still. */
  restart(): void {
    if (!this.#crashed) {
      throw new ClockError('TC_INVALID_ARGUMENT', `restart: ${this.name} has not crashed. Crash it first.`);
    }
    if (this.#timeline.nowMs < this.#machineRunsFromMs) {
      throw new ClockError(
        'TC_INVALID_ARGUMENT',
        `restart: the machine of ${this.name} sleeps or is stopped. Restart it after it has woken.`,
      );
    }
    this.#crashed = false;
    this.#incarnation += 1;
    this.#runsFromMs = this.#timeline.nowMs;
    this.#main?.(this);
  }

  #stand(operation: string, forMs: number): void {
    const checkedMs = requireDurationMs(operation, forMs);
    if (!this.isRunning) {
      throw new ClockError(
        'TC_INVALID_ARGUMENT',
        `${operation}: ${this.name} stands still already. Wait until it runs again, or make the first fault longer.`,
      );
    }
    this.#catchUp();
    this.#runsFromMs = this.#timeline.nowMs + checkedMs;
  }

  #standWithMachine(operation: string, forMs: number): void {
    this.#stand(operation, forMs);
    this.#machineRunsFromMs = this.#runsFromMs;
  }

  /**
   * The reading at which the first timer fires: the clock must show that it is due, so on a coarse clock it is late. Were it on
   * time by a clock that nobody can read, whoever waits for a reading would wait for ever, at one moment.
   */
  get #firstDueMs(): number {
    const dueMs = this.#timers.firstDueMs;
    return dueMs === Infinity ? Infinity : ceilTo(dueMs, this.granularity.monotonicMs);
  }

  #applyDrift(): void {
    this.#driftStep?.cancel();
    this.#hardware.setRate(this.#drift.nextRatePpm(this.#timeline.nowMs));
    if (!this.#drift.isDynamic) return;
    this.#driftStep = this.#later(this.#drift.stepMs, () => {
      this.#applyDrift();
    });
  }

  #catchUp(): void {
    this.#hardware.catchUp(this.#timeline.nowMs);
  }

  /** A change of the hardware later on: nothing that a program could wait for. */
  #later(inMs: number, change: () => void): Scheduled {
    return this.#timeline.at(
      this.#timeline.nowMs + inMs,
      () => {
        this.#catchUp();
        change();
      },
      { quiet: true },
    );
  }
}

/** What a leap second adds to the wall clock. @throws TC_INVALID_ARGUMENT. */
function leapMs(kind: string): number {
  if (kind === 'insert') return -1000;
  if (kind === 'delete') return 1000;
  throw new ClockError('TC_INVALID_ARGUMENT', `leapSecond: '${kind}' is none. Pass 'insert' or 'delete'.`);
}
