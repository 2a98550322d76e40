/**
 * The clocks of one simulated machine as functions of true time: an oscillator and what hangs on it.
 *
 * The oscillator counts true time at a rate that is constant between changes, so every clock is piecewise linear and exact to the ulp
 * between them. Boot time is the oscillator. Monotonic time is boot time without suspends. Wall time is boot time plus what
 * steps and slews have added. A virtual machine that is stopped has no running oscillator at all.
 */
import { assert, type ClockGranularity } from '../core/index.ts';

/** The readings of the three clocks, exact, before granularity. */
export interface HardwareReading {
  readonly monotonicMs: number;
  readonly bootMs: number;
  readonly wallMs: number;
}

/** What the machine is like at the start. */
export interface HardwareOptions {
  /** The wall clock at the start, in epoch ms: a whole number keeps it exact. */
  readonly wallMs: number;
  readonly monotonicMs: number;
  readonly bootMs: number;
  readonly granularity: ClockGranularity;
}

/** The hardware of one node. Its methods take true time, in ms since the start of the simulation, which never goes back. */
export class Hardware {
  readonly granularity: ClockGranularity;
  #trueMs = 0;
  #monotonicMs: number;
  #bootMs: number;
  /** Wall minus boot by steps alone, so it stays exact when they are. */
  #wallAheadMs: number;
  /** What slews of the wall clock have added: small amounts, which a sum with some 1.7e12 ms would round away. */
  #slewedMs = 0;
  #ratePpm = 0;
  /** A slew that moves every clock (Linux), in ppm. */
  #slewPpm = 0;
  /** A slew that moves the wall clock only (elsewhere), in ppm. */
  #wallSlewPpm = 0;
  #suspended = false;
  #halted = false;

  constructor(options: HardwareOptions) {
    this.granularity = options.granularity;
    this.#monotonicMs = options.monotonicMs;
    this.#bootMs = options.bootMs;
    this.#wallAheadMs = options.wallMs - options.bootMs;
  }

  /** Counted milliseconds for each true one. */
  get rate(): number {
    return this.#halted ? 0 : 1 + (this.#ratePpm + this.#slewPpm) * 1e-6;
  }

  /** The same for the wall clock. */
  get wallRate(): number {
    return this.rate * (1 + this.#wallSlewPpm * 1e-6);
  }

  get ratePpm(): number {
    return this.#ratePpm;
  }

  /** Brings every clock to this moment. Everything below changes what happens from here on. */
  catchUp(trueMs: number): void {
    const passedMs = trueMs - this.#trueMs;
    assert(passedMs >= 0, 'true time never goes back');
    const countedMs = passedMs * this.rate;
    this.#trueMs = trueMs;
    this.#bootMs += countedMs;
    if (!this.#suspended) this.#monotonicMs += countedMs;
    this.#slewedMs += countedMs * this.#wallSlewPpm * 1e-6;
  }

  /** The machine is switched on at this moment: nothing has been counted before. */
  skipTo(trueMs: number): void {
    this.#trueMs = trueMs;
  }

  setRate(ratePpm: number): void {
    this.#ratePpm = ratePpm;
  }

  setSlew(ppm: number, clocks: 'all' | 'wall'): void {
    this.#slewPpm = clocks === 'all' ? ppm : 0;
    this.#wallSlewPpm = clocks === 'wall' ? ppm : 0;
  }

  setSuspended(suspended: boolean): void {
    this.#suspended = suspended;
  }

  /** A stopped virtual machine: nothing counts. */
  setHalted(halted: boolean): void {
    this.#halted = halted;
  }

  stepWall(byMs: number): void {
    this.#wallAheadMs += byMs;
  }

  /** What no real monotonic clock may do. */
  moveMonotonic(byMs: number): void {
    this.#monotonicMs += byMs;
  }

  /** The exact readings at a moment not before the last change. */
  at(trueMs: number): HardwareReading {
    const countedMs = (trueMs - this.#trueMs) * this.rate;
    const bootMs = this.#bootMs + countedMs;
    return {
      bootMs,
      monotonicMs: this.#suspended ? this.#monotonicMs : this.#monotonicMs + countedMs,
      wallMs: this.#wallAheadMs + (bootMs + this.#slewedMs + countedMs * this.#wallSlewPpm * 1e-6),
    };
  }

  /**
   * The wall clock as it is shown at a moment. The sum of boot time and some 1.7e12 ms is rounded, and must not round up to
   * the next step: that would be a clock ahead of itself.
   */
  shownWallMs(trueMs: number): number {
    const { bootMs, wallMs } = this.at(trueMs);
    const { wallMs: stepMs } = this.granularity;
    const shownMs = floorTo(wallMs, stepMs);
    const slewedMs = this.#slewedMs + (bootMs - this.#bootMs) * this.#wallSlewPpm * 1e-6;
    return stepMs > 0 && shownMs - this.#wallAheadMs > bootMs + slewedMs
      ? floorTo(shownMs - stepMs / 2, stepMs)
      : shownMs;
  }

  /** The monotonic clock at a moment: what timers run on. */
  monotonicAt(trueMs: number): number {
    return this.#suspended ? this.#monotonicMs : this.#monotonicMs + (trueMs - this.#trueMs) * this.rate;
  }

  /** When the monotonic clock will read `readingMs`, if nothing changes: Infinity while it stands still. */
  trueTimeOf(readingMs: number): number {
    if (this.#suspended || this.rate <= 0) return readingMs <= this.#monotonicMs ? this.#trueMs : Infinity;
    return Math.max(this.#trueMs, this.#trueMs + (readingMs - this.#monotonicMs) / this.rate);
  }

  /** A timer is due at this reading: the division that found the moment must not leave the clock an ulp short of it. */
  reach(readingMs: number, trueMs: number): void {
    this.catchUp(trueMs);
    if (this.#monotonicMs < readingMs) this.#monotonicMs = readingMs;
  }
}

/** A reading as its clock shows it: the last whole step of its granularity that is not above it. */
export function floorTo(valueMs: number, stepMs: number): number {
  if (!(stepMs > 0)) return valueMs;
  const steps = Math.floor(valueMs / stepMs);
  // The division may have rounded to either side of a whole number of steps.
  if (steps * stepMs > valueMs) return (steps - 1) * stepMs;
  return (steps + 1) * stepMs <= valueMs ? (steps + 1) * stepMs : steps * stepMs;
}

/** The first reading at or after this one that a clock of this granularity shows. */
export function ceilTo(valueMs: number, stepMs: number): number {
  const shownMs = floorTo(valueMs, stepMs);
  return shownMs < valueMs ? (Math.round(shownMs / stepMs) + 1) * stepMs : shownMs;
}
