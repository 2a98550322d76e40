/**
 * How the rate of an oscillator changes: a constant, a random walk, and a temperature wave, added up.
 *
 * The random walk is clknetsim's model, as in chrony's own tests: every second the rate changes by a normal amount; "wander 1e-9" means 1e-9
 * s/s per square root of a second. The wave stands for day and night, or an air conditioner.
 */
import { requireDurationMs, requireNumber } from '../core/index.ts';
import type { SeededRandom } from './random.ts';

/** The parts of a rate. What is left out is zero. */
export interface DriftOptions {
  /** How much faster than true time the oscillator runs, in ppm; negative is slower. -100 000 to 100 000. */
  readonly driftPpm?: number;
  /** The random walk: standard deviation of the change of rate, in ppm per square root of a second. */
  readonly wanderPpm?: number;
  /** The walk never leaves `driftPpm` by more than this, in ppm; it is reflected there. Default 100 000: no clock runs backwards. */
  readonly wanderMaxPpm?: number;
  /** The temperature wave: its largest rate, in ppm, and its period. */
  readonly wave?: { readonly amplitudePpm: number; readonly periodMs: number };
  /** How often a changing rate changes, in true ms. Default 1000. */
  readonly stepMs?: number;
}

const RATE_PPM_MAX = 100_000;

/** How far the walk goes when nothing is said, in ppm: no clock runs backwards. */
export const WANDER_MAX_PPM_DEFAULT = 100_000;
const STEP_MS_DEFAULT = 1000;

/** A changing rate. */
export class DriftModel {
  readonly stepMs: number;
  readonly #options: DriftOptions;
  readonly #random: SeededRandom;
  #walkPpm = 0;

  /** @throws TC_NOT_FINITE, TC_OUT_OF_RANGE, TC_EPOCH_AS_DURATION. */
  constructor(options: DriftOptions, random: SeededRandom) {
    const ppm = (what: string, value: number | undefined, min: number): void => {
      if (value !== undefined) requireNumber('drift', value, { what, min, max: RATE_PPM_MAX, unit: 'ppm' });
    };
    ppm('a drift', options.driftPpm, -RATE_PPM_MAX);
    ppm('a wander', options.wanderPpm, 0);
    ppm('a limit of the wander', options.wanderMaxPpm, 0);
    ppm('an amplitude', options.wave?.amplitudePpm, 0);
    if (options.wave !== undefined) requireDurationMs('drift', options.wave.periodMs, { minMs: 1 });
    this.stepMs = requireDurationMs('drift', options.stepMs ?? STEP_MS_DEFAULT, { minMs: 1 });
    this.#options = options;
    this.#random = random;
  }

  /** Whether the rate changes by itself. */
  get isDynamic(): boolean {
    return (this.#options.wanderPpm ?? 0) > 0 || (this.#options.wave?.amplitudePpm ?? 0) > 0;
  }

  /** The rate for the step that begins at this moment; moves the random walk by one step. */
  nextRatePpm(trueMs: number): number {
    const { driftPpm = 0, wanderPpm = 0, wanderMaxPpm = WANDER_MAX_PPM_DEFAULT, wave } = this.#options;
    if (wanderPpm > 0) {
      this.#walkPpm += wanderPpm * Math.sqrt(this.stepMs / 1000) * this.#random.normal();
      this.#walkPpm = reflect(this.#walkPpm, wanderMaxPpm);
    }
    const phase = wave === undefined ? 0 : wave.amplitudePpm * Math.sin((2 * Math.PI * trueMs) / wave.periodMs);
    return driftPpm + this.#walkPpm + phase;
  }
}

/** Mirrors a walk at its limits; a step longer than the whole way stops at the far one. */
function reflect(value: number, limit: number): number {
  if (value > limit) return Math.max(-limit, 2 * limit - value);
  return value < -limit ? Math.min(limit, -2 * limit - value) : value;
}
