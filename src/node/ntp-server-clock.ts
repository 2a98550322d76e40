/**
 * The time that an embedded server serves: a base time, and an offset that drifts.
 */
import { performance } from 'node:perf_hooks';
import { shiftEpoch, type SplitEpoch } from '../sync/index.ts';

/** A wall clock that does not tick for this long is taken as it is, in ms. */
const TICK_WAIT_MS_MAX = 5;

/**
 * The wall clock as it is now, carried on by the monotonic clock: it never steps, whatever happens to the wall clock later.
 *
 * Waits for one tick of the wall clock (at most a few ms), so that the two are matched to about a microsecond.
 */
export function wallCarriedOn(): (monotonicMs: number) => SplitEpoch {
  const startedMs = performance.now();
  const oldMs = Date.now();
  let wholeMs = oldMs;
  let atMs = startedMs;
  while (wholeMs === oldMs && atMs - startedMs < TICK_WAIT_MS_MAX) {
    wholeMs = Date.now();
    atMs = performance.now();
  }
  return (monotonicMs) => shiftEpoch({ wholeMs, fractionMs: 0 }, monotonicMs - atMs);
}

/** How a served time differs from its base. */
export interface ServedTimeSettings {
  readonly offsetMs: number;
  readonly driftPpm: number;
  /** The base time, when it is not the one from the start. */
  readonly timeAt: ((monotonicMs: number) => SplitEpoch) | undefined;
}

/** The base time plus an offset plus what has drifted so far. */
export class ServedTime {
  readonly #carriedOn = wallCarriedOn();
  #settings: ServedTimeSettings;
  /** Drift counts from here; what came before is kept in `#driftedMs`. */
  #driftSinceMs = performance.now();
  #driftedMs = 0;

  constructor(settings: ServedTimeSettings) {
    this.#settings = settings;
  }

  /** Changes the settings; the drift so far stays, and goes on at the new rate from this moment. */
  configure(settings: ServedTimeSettings, monotonicMs: number): void {
    this.#driftedMs = this.#driftedAt(monotonicMs);
    this.#driftSinceMs = monotonicMs;
    this.#settings = settings;
  }

  /** The served time at a reading of `performance.now()`, by the settings as they are now. */
  at(monotonicMs: number): SplitEpoch {
    const base = (this.#settings.timeAt ?? this.#carriedOn)(monotonicMs);
    return shiftEpoch(base, this.#settings.offsetMs + this.#driftedAt(monotonicMs));
  }

  #driftedAt(monotonicMs: number): number {
    return this.#driftedMs + ((monotonicMs - this.#driftSinceMs) * this.#settings.driftPpm) / 1e6;
  }
}
