/**
 * A bounded clock of the simulation that is right by construction: the truth is in every interval, the widths are drawn, and it is sometimes
 * unbounded.
 */
import type { BoundedUtc } from 'truechimer/lease';
import type { SeededRandom, SimWorldCore } from '../../src/sim/index.ts';

/** A reading keeps its widths for so long, so that two looks at one moment agree. */
const SPAN_MS = 97;

/** The sum of some 1.7e12 ms and a fraction loses up to this. */
const ROUNDING_MS = 2 ** -11;

/** Makes one for a node; `widthMs` is the most that a bound is off. */
export function honestUtc(world: SimWorldCore, random: SeededRandom, widthMs: number): BoundedUtc {
  const drawn = new Map<number, { readonly early: number; readonly late: number; readonly known: boolean }>();
  const spanAt = (index: number): { readonly early: number; readonly late: number; readonly known: boolean } => {
    const known = drawn.get(index);
    if (known !== undefined) return known;
    const span = {
      early: widthMs * random.uniform() ** 2,
      late: widthMs * random.uniform() ** 2,
      known: random.uniform() > 0.04,
    };
    drawn.set(index, span);
    return span;
  };
  return {
    now: () => {
      const { early, late, known } = spanAt(Math.floor(world.nowMs / SPAN_MS));
      if (!known) return { status: 'unbounded', reason: 'synchronizing', detail: 'drawn to be unknown' };
      const { wholeMs, fractionMs } = world.trueTime;
      const truthMs = wholeMs + fractionMs;
      return {
        status: 'bounded',
        earliest: truthMs - early - ROUNDING_MS,
        latest: truthMs + late + ROUNDING_MS,
        premises: {
          driftPpm: 50,
          falsetickersTolerated: 1,
          sourcesConfigured: 4,
          sourcesAnswering: 4,
          timeScale: 'utc',
        },
      };
    },
  };
}
