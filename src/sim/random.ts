/**
 * Random numbers from a seed: the same seed gives the same simulation, on every machine.
 *
 * The generator is xoshiro128** (Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators", 2021), its state filled by
 * splitmix32. A stream can be forked by name, so that adding a node or a link does not disturb the others.
 */
import { requireInteger, requireNumber } from '../core/index.ts';

/** The largest seed: every whole number that a double holds exactly. */
export const SEED_MAX: number = Number.MAX_SAFE_INTEGER;

/** One stream of random numbers. */
export class SeededRandom {
  readonly seed: number;
  #a: number;
  #b: number;
  #c: number;
  #d: number;
  #spareNormal: number | undefined;

  /**
   * @param seed - A whole number from 0 to 2^53 - 1.
   * @throws TC_NOT_FINITE, TC_OUT_OF_RANGE, TC_INVALID_ARGUMENT.
   */
  constructor(seed: number) {
    this.seed = requireInteger('SeededRandom', seed, { what: 'a seed', min: 0, max: SEED_MAX });
    const next = splitmix32(hash32(seed >>> 0, Math.floor(seed / 2 ** 32)));
    this.#a = next();
    this.#b = next();
    this.#c = next();
    this.#d = next() | 1;
  }

  /** An independent stream for a purpose; the same name gives the same stream. */
  fork(name: string): SeededRandom {
    let mixed = hash32(this.seed >>> 0, Math.floor(this.seed / 2 ** 32));
    for (const character of name) mixed = hash32(mixed, character.codePointAt(0) ?? 0);
    return new SeededRandom(mixed * 2 ** 20 + (hash32(mixed, name.length) >>> 12));
  }

  /** 32 random bits as a whole number from 0 to 2^32 - 1. */
  bits(): number {
    const result = Math.imul(rotate(Math.imul(this.#b, 5), 7), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = rotate(this.#d, 11);
    return result;
  }

  /** Uniform in [0, 1), with 53 bits. */
  uniform(): number {
    return ((this.bits() >>> 5) * 2 ** 26 + (this.bits() >>> 6)) * 2 ** -53;
  }

  /** A whole number from 0 to `below - 1`. */
  integer(below: number): number {
    return Math.floor(this.uniform() * below);
  }

  /** Standard normal (Marsaglia's polar method). */
  normal(): number {
    const spare = this.#spareNormal;
    if (spare !== undefined) {
      this.#spareNormal = undefined;
      return spare;
    }
    for (;;) {
      const x = 2 * this.uniform() - 1;
      const y = 2 * this.uniform() - 1;
      const square = x * x + y * y;
      if (square === 0 || square >= 1) continue;
      const scale = Math.sqrt((-2 * Math.log(square)) / square);
      this.#spareNormal = y * scale;
      return x * scale;
    }
  }

  /** Exponential with mean 1. */
  exponential(): number {
    return -Math.log1p(-this.uniform());
  }

  /** Gamma with mean `shape` and scale 1 (Marsaglia and Tsang 2000). @throws TC_OUT_OF_RANGE for a shape outside 0.001 to 1e6. */
  gamma(shape: number): number {
    requireNumber('SeededRandom.gamma', shape, { what: 'a shape', min: 0.001, max: 1e6 });
    if (shape < 1) return this.gamma(shape + 1) * (1 - this.uniform()) ** (1 / shape);
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = this.normal();
      const v = (1 + c * x) ** 3;
      if (v <= 0) continue;
      if (Math.log(1 - this.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
    }
  }

  /** Pareto: at least 1, with tail exponent `alpha`; its mean is infinite for alpha <= 1. */
  pareto(alpha: number): number {
    requireNumber('SeededRandom.pareto', alpha, { what: 'a tail exponent', min: 0.1, max: 1000 });
    return (1 - this.uniform()) ** (-1 / alpha);
  }
}

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}

/** Mixes two 32-bit numbers into one (the finaliser of MurmurHash3). */
function hash32(a: number, b: number): number {
  let mixed = (Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca77)) >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

function splitmix32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return mixed ^ (mixed >>> 15);
  };
}
