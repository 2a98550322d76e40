/**
 * How the wall clock relates to the monotonic clock: wall - monotonic, as an interval.
 *
 * The wall clock reads in whole milliseconds, but the moment at which it ticks can be bracketed by monotonic readings:
 * before the last old reading and after the first new one. Ten such edges intersect to about 0.1 µs (tick-edge
 * method; bracketing from the wrong side gives intervals that exclude the truth). A reading that does not see an edge still
 * proves a relation one granularity wide, so ordinary reads converge too. An empty intersection is a step of the wall clock.
 */
import {
  addUp,
  type ClockPort,
  type Interval,
  intersectIntervals,
  subtractDown,
  subtractIntervals,
  subtractUp,
} from '../core/index.ts';

/** A wall reading between two monotonic ones. */
export interface BracketedReading {
  readonly beforeMs: number;
  readonly valueMs: number;
  readonly afterMs: number;
}

/** Reads `read()` between two readings of the monotonic clock. */
export function bracket(port: ClockPort, read: () => number): BracketedReading {
  const beforeMs = port.monotonicMs();
  const valueMs = read();
  return { beforeMs, valueMs, afterMs: port.monotonicMs() };
}

/**
 * What one bracketed reading proves about (clock - monotonic): the clock was in [value, value + granularity) at some monotonic
 * moment in [before, after + granularity of the monotonic clock).
 */
export function relationFromReading(
  reading: BracketedReading,
  granularityMs: number,
  monotonicGranularityMs: number,
): Interval {
  return {
    earliest: subtractDown(reading.valueMs, addUp(reading.afterMs, monotonicGranularityMs)),
    latest: subtractUp(addUp(reading.valueMs, granularityMs), reading.beforeMs),
  };
}

/** Limits of a tick-edge measurement. */
export interface TickEdgeOptions {
  /** How many edges to intersect, from 1 to 200; more is tighter and takes a millisecond each. Default 10. */
  readonly edges?: number;
}

/** A wall clock that does not tick within this many reads is not spun on for ever. */
const READS_PER_EDGE_MAX = 2_000_000;

/** The result of a tick-edge measurement. */
export type TickEdgeResult =
  | { readonly result: 'measured'; readonly relation: Interval; readonly edges: number }
  /** The wall clock was stepped while measuring: by how much, as an interval (for a single step). */
  | { readonly result: 'stepped'; readonly step: Interval }
  /** The wall clock did not tick. */
  | { readonly result: 'no-tick' };

/**
 * Measures wall - monotonic by spinning on tick edges. Blocks the thread for about one wall tick an edge.
 */
export function measureTickEdges(port: ClockPort, options: TickEdgeOptions = {}): TickEdgeResult {
  const edges = Math.min(Math.max(1, Math.trunc(options.edges ?? 10)), 200);
  let relation: Interval | undefined;
  for (let edge = 0; edge < edges; edge += 1) {
    const seen = nextTickEdge(port);
    if (seen === undefined) return { result: 'no-tick' };
    const fresh = relationFromEdge(seen, port);
    const merged: Interval | undefined = relation === undefined ? fresh : intersectIntervals(relation, fresh);
    if (merged === undefined) {
      return { result: 'stepped', step: stepBetween(relation ?? fresh, fresh, port.granularity.wallMs) };
    }
    relation = merged;
  }
  return relation === undefined ? { result: 'no-tick' } : { result: 'measured', relation, edges };
}

/**
 * The size of the step between two edges. A step forward by less than two ticks can itself look like a tick, and then one of the
 * two relations is short of the truth by up to one tick: such a step is larger than the edges say.
 */
function stepBetween(known: Interval, fresh: Interval, wallGranularityMs: number): Interval {
  const step = subtractIntervals(fresh, known);
  const mayBeATick = step.latest >= 0 && step.earliest <= wallGranularityMs;
  return mayBeATick ? { earliest: step.earliest, latest: addUp(step.latest, wallGranularityMs) } : step;
}

/** The wall clock passed `tickMs` between the monotonic readings `beforeMs` and `afterMs`. */
interface TickEdge {
  readonly beforeMs: number;
  readonly tickMs: number;
  readonly afterMs: number;
}

/** Spins until the wall reading changes by one tick; a change of more than one tick (a pause) proves less and is passed over. */
function nextTickEdge(port: ClockPort): TickEdge | undefined {
  let beforeMs = port.monotonicMs();
  let oldMs = port.wallMs();
  for (let reads = 0; reads < READS_PER_EDGE_MAX; reads += 1) {
    const beforeNextMs = port.monotonicMs();
    const newMs = port.wallMs();
    if (newMs !== oldMs) {
      const afterMs = port.monotonicMs();
      if (newMs - oldMs === port.granularity.wallMs) return { beforeMs, tickMs: newMs, afterMs };
    }
    beforeMs = beforeNextMs;
    oldMs = newMs;
  }
  return undefined;
}

/** At the edge the wall clock read exactly `tickMs`, at a monotonic moment in [before, after + granularity). */
function relationFromEdge(edge: TickEdge, port: ClockPort): Interval {
  return {
    earliest: subtractDown(edge.tickMs, addUp(edge.afterMs, port.granularity.monotonicMs)),
    latest: subtractUp(edge.tickMs, edge.beforeMs),
  };
}
