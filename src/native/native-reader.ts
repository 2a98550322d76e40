/**
 * One clock of the system, read through a function that fills memory: whole nanoseconds, or milliseconds that are never ahead.
 *
 * Nanoseconds do not fit a double for long, so milliseconds are rounded, always down: a sum of two roundings is at most an ulp too large, and
 * between one and two ulps are taken off by a product and a difference, which costs nothing and keeps the order of readings. How far that
 * may be below is part of the granularity.
 */
import { ClockError, describeValue } from '../core/index.ts';
import type { NativeCall, NativeFunction, SystemLibrary } from './foreign-functions.ts';

/** `timespec`: two 64-bit numbers, seconds and nanoseconds. `hundreds`: one of 100 ns each, as Windows counts. */
export type ReadingLayout = 'timespec' | 'hundreds';

/** A clock of the system. */
export interface ClockSource extends NativeFunction {
  /** For messages. */
  readonly clock: string;
  readonly layout: ReadingLayout;
  readonly countsSuspend: boolean;
}

const READING_BYTES = 16;

/** A clock that does not advance within this many reads is not one. */
const STEP_READS_MAX = 1_000_000;

/** How many advances are looked at to find the smallest. */
const STEPS_SEEN = 200;

const TWO_TO_32 = 4_294_967_296;

/** What is taken off a reading: 2^-52 of it is one to two ulps. */
const TAKEN_OFF: number = 2 ** -52;

/** Rounding and what is taken off: at most four ulps. */
const ROUNDED_BY: number = 2 ** -50;

/** Reads one clock. */
export class NativeReader {
  readonly source: ClockSource;
  readonly #call: NativeCall;
  readonly #view: DataView;
  readonly #isLittleEndian: boolean;
  readonly #isTimespec: boolean;
  #lastMs = 0;
  #aheadMs = 0;
  #stepMs: number | undefined;

  /** @throws When the library has no such function. */
  constructor(library: SystemLibrary, source: ClockSource, isLittleEndian: boolean) {
    const memory = new ArrayBuffer(READING_BYTES);
    this.source = source;
    this.#view = new DataView(memory);
    this.#isLittleEndian = isLittleEndian;
    this.#isTimespec = source.layout === 'timespec';
    this.#call = library.bind(source, new Uint8Array(memory));
  }

  /** Milliseconds since the clock's origin; not ahead of it, and never back. @throws TC_NO_MONOTONIC_CLOCK when the system refuses. */
  readMs(): number {
    this.#fill();
    const first = this.#number(0);
    const nearMs = this.#isTimespec ? first * 1000 + this.#number(8) / 1e6 : first / 1e4;
    const readMs = nearMs - nearMs * TAKEN_OFF + this.#aheadMs;
    if (readMs < this.#lastMs) return this.#goOn(readMs);
    this.#lastMs = readMs;
    return readMs;
  }

  /** Nanoseconds since the clock's origin, as the system says. @throws TC_NO_MONOTONIC_CLOCK when the system refuses. */
  readNs(): bigint {
    this.#fill();
    const first = this.#view.getBigUint64(0, this.#isLittleEndian);
    if (!this.#isTimespec) return first * 100n;
    return first * 1_000_000_000n + this.#view.getBigUint64(8, this.#isLittleEndian);
  }

  /** How far a reading in ms may be below the moment at which it was taken. @throws TC_NO_MONOTONIC_CLOCK when the clock stands still. */
  get granularityMs(): number {
    this.#stepMs ??= this.#smallestStepMs();
    return this.#stepMs + this.#lastMs * ROUNDED_BY;
  }

  /** A 64-bit number, as two halves: bigints take longer than the whole call. Exact below 2^53, which is 28 years of 100 ns. */
  #number(at: 0 | 8): number {
    const first = this.#view.getUint32(at, this.#isLittleEndian);
    const second = this.#view.getUint32(at + 4, this.#isLittleEndian);
    return this.#isLittleEndian ? second * TWO_TO_32 + first : first * TWO_TO_32 + second;
  }

  /** A restored process may find its clocks set back: counting goes on from the reading before. */
  #goOn(readMs: number): number {
    this.#aheadMs += this.#lastMs - readMs;
    return this.#lastMs;
  }

  #fill(): void {
    const result = this.#call();
    if (result === 0 || result === undefined) return;
    throw this.#broken(`the system refused to read it (${describeValue(result)})`);
  }

  #smallestStepMs(): number {
    let smallestNs = Infinity;
    let lastNs = this.readNs();
    for (let reads = 0, steps = 0; reads < STEP_READS_MAX && steps < STEPS_SEEN; reads += 1) {
      const nowNs = this.readNs();
      if (nowNs > lastNs) {
        smallestNs = Math.min(smallestNs, Number(nowNs - lastNs));
        steps += 1;
      }
      lastNs = nowNs;
    }
    if (Number.isFinite(smallestNs)) return smallestNs / 1e6;
    throw this.#broken(`it stood still for ${STEP_READS_MAX} reads`);
  }

  #broken(what: string): ClockError {
    return new ClockError(
      'TC_NO_MONOTONIC_CLOCK',
      `nativeClocks: requires ${this.source.clock}, and ${what}. Use systemClock here; no other clock is put in its place.`,
      { clock: this.source.clock },
    );
  }
}
