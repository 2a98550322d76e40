/**
 * What one source has proved so far: the intersection of all its exchanges, kept as two lines.
 *
 * Every exchange proves two facts, and assumes nothing about the two paths: at receipt true time was at least T3, at sending
 * it was at most T2 (Marzullo and Owicki, "Maintaining the Time in a Distributed System", 1983, rule IM-2). Each fact
 * decays at the drift bound, so for each side the best fact so far stays the best for ever: two facts are the whole
 * state, and reading costs two multiplications (`docs/algorithms/running-intersection.md`).
 *
 * What is bounded is theta(m) = true time - base - m, where m is the monotonic clock: independent of the wall clock and its steps.
 * An empty intersection means that one of the premises is broken; it is reported, and never becomes an inverted interval.
 */
import {
  addUp,
  addDown,
  driftGrowthMs,
  type Interval,
  multiplyUp,
  ratioFromPpmUp,
  subtractDown,
  subtractUp,
} from '../core/index.ts';
import { sinceBaseDown, sinceBaseUp } from './split-epoch.ts';
import type { Exchange } from './time-source.ts';

/** What every bound on one clock shares. */
export interface AxisPremises {
  /** A whole number of epoch milliseconds that keeps theta small. */
  readonly baseMs: number;
  /** The drift bound. */
  readonly driftPpm: number;
  /** How coarse the monotonic clock is. */
  readonly granularityMs: number;
}

/** A one-sided fact: theta was at least (or at most) `thetaMs` when the monotonic clock read `atMs`. */
export interface OneSidedFact {
  readonly thetaMs: number;
  readonly atMs: number;
}

/** What one exchange proves by itself. */
export interface ExchangeFacts {
  readonly lower: OneSidedFact;
  readonly upper: OneSidedFact;
}

/**
 * The two facts that an exchange proves, rounded outward.
 *
 * A reading m of a clock with granularity g was taken somewhere in [m, m + g). That costs the lower fact g (and the drift
 * over g); the upper fact is already on the safe side, because the request left after the reading.
 */
export function factsFromExchange(exchange: Exchange, premises: AxisPremises): ExchangeFacts {
  const { baseMs, driftPpm, granularityMs } = premises;
  const errorMs = exchange.sourceErrorMs;
  const readMs = multiplyUp(granularityMs, addUp(1, ratioFromPpmUp(driftPpm)));
  const notBeforeMs = subtractDown(sinceBaseDown(exchange.serverSent, baseMs), errorMs);
  const notAfterMs = addUp(sinceBaseUp(exchange.serverReceived, baseMs), errorMs);
  return {
    lower: { thetaMs: subtractDown(notBeforeMs, addUp(exchange.receivedMs, readMs)), atMs: exchange.receivedMs },
    upper: { thetaMs: subtractUp(notAfterMs, exchange.sentMs), atMs: exchange.sentMs },
  };
}

/** The lower fact at another moment, before or after it. */
export function lowerAt(fact: OneSidedFact, monotonicMs: number, driftPpm: number): number {
  return subtractDown(fact.thetaMs, driftGrowthMs(distanceUp(fact.atMs, monotonicMs), driftPpm));
}

/** The upper fact at another moment, before or after it. */
export function upperAt(fact: OneSidedFact, monotonicMs: number, driftPpm: number): number {
  return addUp(fact.thetaMs, driftGrowthMs(distanceUp(fact.atMs, monotonicMs), driftPpm));
}

function distanceUp(aMs: number, bMs: number): number {
  return aMs > bMs ? subtractUp(aMs, bMs) : subtractUp(bMs, aMs);
}

/** How an exchange changed what is known. */
export type AddResult =
  /** It tightened a side. */
  | 'narrowed'
  /** It was wider than what is known, on both sides. */
  | 'kept'
  /** It contradicts what was known: nothing was added, and the caller must decide. */
  | 'contradiction';

/** The running intersection of one source's exchanges. */
export class RunningIntersection {
  readonly #premises: AxisPremises;
  #facts: ExchangeFacts | undefined;

  constructor(premises: AxisPremises) {
    this.#premises = premises;
  }

  /** Whether at least one exchange was added since the last reset. */
  get hasFacts(): boolean {
    return this.#facts !== undefined;
  }

  /** Intersects with what the exchange proves; on a contradiction nothing changes. */
  add(exchange: Exchange): AddResult {
    const fresh = factsFromExchange(exchange, this.#premises);
    const known = this.#facts;
    if (this.#isEmpty(fresh)) return 'contradiction';
    if (known === undefined) {
      this.#facts = fresh;
      return 'narrowed';
    }
    if (this.#excludeEachOther(known, fresh)) return 'contradiction';
    const merged = {
      lower: this.#tighterLower(known.lower, fresh.lower),
      upper: this.#tighterUpper(known.upper, fresh.upper),
    };
    this.#facts = merged;
    return merged.lower === fresh.lower || merged.upper === fresh.upper ? 'narrowed' : 'kept';
  }

  /** The bounds of theta when the monotonic clock reads `monotonicMs`; undefined before the first exchange. */
  at(monotonicMs: number): Interval | undefined {
    if (this.#facts === undefined) return undefined;
    const { driftPpm } = this.#premises;
    return {
      earliest: lowerAt(this.#facts.lower, monotonicMs, driftPpm),
      latest: upperAt(this.#facts.upper, monotonicMs, driftPpm),
    };
  }

  /** Forgets everything. */
  reset(): void {
    this.#facts = undefined;
  }

  /** Of two lower facts, the one that says more from the later of the two on; the older one wins a tie. */
  #tighterLower(known: OneSidedFact, fresh: OneSidedFact): OneSidedFact {
    const { driftPpm } = this.#premises;
    const atMs = Math.max(known.atMs, fresh.atMs);
    return lowerAt(fresh, atMs, driftPpm) > lowerAt(known, atMs, driftPpm) ? fresh : known;
  }

  #tighterUpper(known: OneSidedFact, fresh: OneSidedFact): OneSidedFact {
    const { driftPpm } = this.#premises;
    const atMs = Math.max(known.atMs, fresh.atMs);
    return upperAt(fresh, atMs, driftPpm) < upperAt(known, atMs, driftPpm) ? fresh : known;
  }

  /**
   * Whether a fact of one excludes a fact of the other. Both crossed pairs are looked at and not the merged pair only: between
   * sending and receipt the drift could hide what the fact that is about to be replaced still shows.
   */
  #excludeEachOther(known: ExchangeFacts, fresh: ExchangeFacts): boolean {
    return (
      this.#isEmpty({ lower: known.lower, upper: fresh.upper }) ||
      this.#isEmpty({ lower: fresh.lower, upper: known.upper })
    );
  }

  /**
   * Whether no theta satisfies both facts. The two lines are nearest between their own moments, so one of those decides.
   */
  #isEmpty(facts: ExchangeFacts): boolean {
    const atMs = Math.max(facts.lower.atMs, facts.upper.atMs);
    const { driftPpm } = this.#premises;
    return lowerAt(facts.lower, atMs, driftPpm) > upperAt(facts.upper, atMs, driftPpm);
  }
}

/** The middle of what one exchange proves, as theta, and the round trip without the source's dwell: for estimates only. */
export function midpointOfExchange(exchange: Exchange, premises: AxisPremises): { thetaMs: number; delayMs: number } {
  const { lower, upper } = factsFromExchange(exchange, premises);
  const delayMs = Math.max(0, upper.thetaMs - lower.thetaMs - 2 * exchange.sourceErrorMs);
  return { thetaMs: addDown(lower.thetaMs, (upper.thetaMs - lower.thetaMs) / 2), delayMs };
}
