/**
 * Whom to believe: agreement among sources of which some may lie.
 *
 * Premise: of n configured sources at most f lie; the others' intervals contain the truth. Then of the k that answer at
 * least k - f contain it, whoever they are, so the truth is among the points that at least k - f intervals contain,
 * and the hull of those points is a bound (Marzullo, PhD thesis, Stanford 1984; RFC 5905 section 11.2.1 keeps only the part with the
 * most overlap, which is tighter and is not a bound when the liars overlap the honest ones).
 *
 * Beyond soundness it refuses: when no point is shared by k - f sources and by a majority of those that answer, the premise
 * is broken or nobody can know who lies.
 */
import { assert, ClockError, type Interval, requireInteger } from '../core/index.ts';

/** How many sources are considered at the most: the sweep is n log n and runs on every exchange. */
export const SOURCES_MAX = 64;

/** What one source says. */
export interface Opinion {
  readonly name: string;
  readonly interval: Interval;
}

/** A group of sources that share points, when the whole does not agree. */
export interface Cluster {
  readonly interval: Interval;
  readonly sources: readonly string[];
}

/** The result: a bound with verdicts, or the reason why there is none. */
export type Agreement =
  | {
      readonly agreed: true;
      /** The hull of the points that at least k - f sources contain. */
      readonly interval: Interval;
      readonly truechimers: readonly string[];
      readonly falsetickers: readonly string[];
    }
  | { readonly agreed: false; readonly reason: 'too-few-sources' }
  | { readonly agreed: false; readonly reason: 'no-agreement'; readonly clusters: readonly Cluster[] };

/** The premise about liars. */
export interface FalsetickerPremise {
  /** n: how many sources are configured, answering or not. */
  readonly configured: number;
  /** f: how many of them may lie. */
  readonly tolerated: number;
}

/** The largest minority of n: how many liars a majority can outvote. */
export function largestMinority(configured: number): number {
  return Math.max(0, Math.ceil(configured / 2) - 1);
}

/**
 * Returns the number of tolerated falsetickers when it is a minority.
 *
 * @throws TC_NOT_FINITE, TC_INVALID_ARGUMENT, TC_OUT_OF_RANGE above the largest minority.
 */
export function requireTolerated(operation: string, tolerated: number, configured: number): number {
  return requireInteger(operation, tolerated, {
    what: `a number of tolerated falsetickers (a minority of ${configured} sources)`,
    min: 0,
    max: largestMinority(configured),
  });
}

interface Edge {
  readonly valueMs: number;
  readonly opens: boolean;
  readonly index: number;
}

interface Region {
  readonly interval: Interval;
  /** Indices of the sources that contain the region. */
  readonly members: readonly number[];
}

/**
 * Finds the bound that holds while at most `tolerated` of the `configured` sources lie.
 *
 * The order in which opinions are given never changes the answer: touching intervals agree, and the sweep is by value.
 *
 * @throws TC_OUT_OF_RANGE with more than `SOURCES_MAX` opinions.
 */
export function agree(opinions: readonly Opinion[], premise: FalsetickerPremise): Agreement {
  if (opinions.length > SOURCES_MAX) {
    throw new ClockError(
      'TC_OUT_OF_RANGE',
      `agree: takes at most ${SOURCES_MAX} sources, got ${opinions.length}. More sources add cost and no safety.`,
      { sources: opinions.length, max: SOURCES_MAX },
    );
  }
  const required = opinions.length - premise.tolerated;
  if (required < 1) return { agreed: false, reason: 'too-few-sources' };
  const regions = overlapRegions(opinions);
  const convincing = Math.max(required, Math.floor(opinions.length / 2) + 1);
  const trusted = new Set(regions.filter((r) => r.members.length >= convincing).flatMap((r) => r.members));
  if (trusted.size === 0) return { agreed: false, reason: 'no-agreement', clusters: clustersOf(regions, opinions) };
  const names = opinions.map((opinion) => opinion.name);
  return {
    agreed: true,
    interval: hullOfRegions(regions, required),
    truechimers: names.filter((_, index) => trusted.has(index)),
    falsetickers: names.filter((_, index) => !trusted.has(index)),
  };
}

/** Cuts the axis at every edge: each region is a closed range, with the sources that contain all of it. */
function overlapRegions(opinions: readonly Opinion[]): readonly Region[] {
  const edges = opinions
    .flatMap((opinion, index): Edge[] => [
      { valueMs: opinion.interval.earliest, opens: true, index },
      { valueMs: opinion.interval.latest, opens: false, index },
    ])
    .sort(compareEdges);
  const active = new Set<number>();
  const regions: Region[] = [];
  let fromMs = -Infinity;
  for (const edge of edges) {
    if (edge.opens) {
      if (active.size > 0 && fromMs < edge.valueMs) {
        regions.push({ interval: { earliest: fromMs, latest: edge.valueMs }, members: [...active] });
      }
      active.add(edge.index);
    } else {
      assert(active.has(edge.index), 'an interval closes after it opened');
      regions.push({ interval: { earliest: fromMs, latest: edge.valueMs }, members: [...active] });
      active.delete(edge.index);
    }
    fromMs = edge.valueMs;
  }
  assert(active.size === 0, 'every interval closed');
  return regions;
}

/** By value; at the same value openings first, so that touching intervals overlap; then by index, so that ties are fixed. */
function compareEdges(a: Edge, b: Edge): number {
  if (a.valueMs !== b.valueMs) return a.valueMs - b.valueMs;
  if (a.opens !== b.opens) return a.opens ? -1 : 1;
  return a.index - b.index;
}

function hullOfRegions(regions: readonly Region[], required: number): Interval {
  const covered = regions.filter((region) => region.members.length >= required);
  const first = covered[0];
  const last = covered.at(-1);
  assert(first !== undefined && last !== undefined, 'a convincing region is also a region of k - f sources');
  return { earliest: first.interval.earliest, latest: last.interval.latest };
}

/** The groups that agree among themselves: regions whose members are part of no larger group. */
function clustersOf(regions: readonly Region[], opinions: readonly Opinion[]): readonly Cluster[] {
  const isPartOf = (small: Region, large: Region): boolean =>
    small !== large &&
    small.members.length < large.members.length &&
    small.members.every((member) => large.members.includes(member));
  return regions
    .filter((region) => !regions.some((other) => isPartOf(region, other)))
    .map((region) => ({
      interval: region.interval,
      sources: region.members.map((member) => opinions[member]?.name ?? '').sort(),
    }));
}
