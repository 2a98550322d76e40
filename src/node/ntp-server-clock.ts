/**
 * The time that an embedded server serves: a base time, and an offset that drifts.
 */
import { performance } from 'node:perf_hooks';
import { type ClockPort, midpointMs } from '../core/index.ts';
import { measureTickEdges, shiftEpoch, type SplitEpoch } from '../sync/index.ts';
import { systemClock } from './system-clock.ts';

/** How many tick edges match the wall clock to the monotonic clock: about as many milliseconds, and below a microsecond. */
const EDGES = 5;

/**
 * The wall clock as it is now, carried on by the monotonic clock: it never steps, whatever happens to the wall clock later.
 *
 * Blocks the thread for a few ms, so that two servers which each take the time for themselves agree to about a microsecond.
 */
export function wallCarriedOn(port: ClockPort): (monotonicMs: number) => SplitEpoch {
  const edges = measureTickEdges(port, { edges: EDGES });
  const relationMs = edges.result === 'measured' ? midpointMs(edges.relation) : port.wallMs() - port.monotonicMs();
  const wholeMs = Math.floor(relationMs);
  return (monotonicMs) => shiftEpoch({ wholeMs, fractionMs: 0 }, relationMs - wholeMs + monotonicMs);
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
  readonly #carriedOn = wallCarriedOn(systemClock.port);
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
