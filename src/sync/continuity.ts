/**
 * Whether the clocks still stand to each other as they did: the witness against suspends and resumed virtual machines.
 *
 * Bounds live on the monotonic axis. When time passes that the monotonic clock did not count (suspend on Linux, a resumed
 * snapshot), every bound is wrong by that much, at the first instruction after it. Two witnesses can tell: boot time, which
 * counts suspend, and the wall clock, which somebody sets right afterwards. A wall clock that jumps forward without an explanation
 * therefore voids everything; one that jumps back is only a step, because nothing makes less time pass than the monotonic clock counted.
 *
 * Impossible to know: a machine whose clocks all stood still and were not set right since, and a suspend hidden within one read
 * by an equal step back of the wall clock (boot time shows it where the platform has it).
 */
import {
  addUp,
  type ClockPort,
  containsMs,
  type Interval,
  intersectIntervals,
  multiplyUp,
  ratioFromPpmUp,
  subtractIntervals,
  widenInterval,
} from '../core/index.ts';
import { bracket, type BracketedReading, relationFromReading } from './wall-relation.ts';

/**
 * Jumps up to this size, beyond what the two looks leave open (a wall tick each at the most), are not told from reading noise: with a
 * wall clock of whole milliseconds the suspend that could hide from it is at most 3 ms long.
 */
export const JUMP_TOLERANCE_MS = 1;

/** Boot time may differ from monotonic time by this much, beyond its granularity, before it counts as a suspend. */
export const SUSPEND_TOLERANCE_MS = 5;

/** One look at all clocks. */
export interface ClockLook {
  readonly wall: BracketedReading;
  readonly boot: BracketedReading;
}

/** Reads every clock of the port, each bracketed by the monotonic clock. */
export function lookAtClocks(port: ClockPort): ClockLook {
  return { wall: bracket(port, () => port.wallMs()), boot: bracket(port, () => port.bootMs()) };
}

/** What happened between two looks. Sizes are intervals in ms: nobody knows them exactly. */
export type Continuity =
  | { readonly kind: 'continuous' }
  /** The machine slept: boot time went on and monotonic time did not; the wall step is what that does not explain. Voids every bound. */
  | { readonly kind: 'suspend'; readonly length: Interval; readonly wallStep: Interval }
  /** The wall clock jumped forward and nothing explains it. Voids every bound. */
  | { readonly kind: 'forward-jump'; readonly wallStep: Interval }
  /** The wall clock was stepped back. Voids nothing. */
  | { readonly kind: 'backward-step'; readonly wallStep: Interval };

const NO_STEP: Interval = { earliest: 0, latest: 0 };

/** How the clocks stood at some moment; replaced as a whole. */
export interface ClockRelations {
  /** The monotonic reading at which it was known. */
  readonly atMs: number;
  /** The monotonic reading since which the wall clock may have been slewed away from it: before its reading, not after the look. */
  readonly slewSinceMs: number;
  /** wall - monotonic, as it is now: a small shift that was tolerated has moved it. */
  readonly wall: Interval;
  /**
   * wall - monotonic, as it was when it was last void: narrowed by every look and moved by none but a step, so that small shifts add
   * up until they count as a jump.
   */
  readonly wallReference: Interval;
  /** boot - monotonic, in the same sense. */
  readonly bootReference: Interval;
}

/** What the first look proves. */
export function relationsFromLook(look: ClockLook, port: ClockPort): ClockRelations {
  const { granularity } = port;
  const wall = relationFromReading(look.wall, granularity.wallMs, granularity.monotonicMs);
  return {
    atMs: look.boot.afterMs,
    slewSinceMs: look.wall.beforeMs,
    wall,
    wallReference: wall,
    bootReference: relationFromReading(look.boot, granularity.bootMs, granularity.monotonicMs),
  };
}

/** Compares a new look with how the clocks stood, and says how they stand now. */
export function judgeContinuity(
  known: ClockRelations,
  look: ClockLook,
  port: ClockPort,
): { readonly continuity: Continuity; readonly relations: ClockRelations } {
  const fresh = relationsFromLook(look, port);
  const slewMs = multiplyUp(Math.max(0, fresh.atMs - known.slewSinceMs), ratioFromPpmUp(port.wallSlewPpm));
  const wall = compareRelation(known.wallReference, fresh.wallReference, { slewMs, toleranceMs: JUMP_TOLERANCE_MS });
  const boot = port.monotonicCountsSuspend
    ? { jump: undefined, reference: fresh.bootReference }
    : compareRelation(known.bootReference, fresh.bootReference, { slewMs: 0, toleranceMs: SUSPEND_TOLERANCE_MS });
  if (boot.jump !== undefined && boot.jump.latest > 0) {
    const wallStep = stepBeside(boot.jump, subtractIntervals(fresh.wall, known.wallReference));
    return { continuity: { kind: 'suspend', length: boot.jump, wallStep }, relations: fresh };
  }
  if (wall.jump !== undefined) {
    const kind = wall.jump.latest > 0 ? 'forward-jump' : 'backward-step';
    const relations = kind === 'forward-jump' ? fresh : { ...fresh, bootReference: boot.reference };
    return { continuity: { kind, wallStep: wall.jump }, relations };
  }
  const moved = widenInterval(known.wall, { earlierByMs: slewMs, laterByMs: slewMs });
  const relations = {
    ...fresh,
    wall: intersectIntervals(moved, fresh.wall) ?? fresh.wall,
    wallReference: wall.reference,
    bootReference: boot.reference,
  };
  return { continuity: { kind: 'continuous' }, relations };
}

/** How far the wall clock was set while the machine slept: what its move leaves when the sleep is taken off. */
function stepBeside(sleep: Interval, wallMove: Interval): Interval {
  const step = subtractIntervals(wallMove, sleep);
  const tolerated = widenInterval(step, { earlierByMs: JUMP_TOLERANCE_MS, laterByMs: JUMP_TOLERANCE_MS });
  return containsMs(tolerated, 0) ? NO_STEP : step;
}

/** The jump between two relations when even slew and tolerance cannot reconcile them, else what is left of the reference. */
function compareRelation(
  reference: Interval,
  fresh: Interval,
  allow: { readonly slewMs: number; readonly toleranceMs: number },
): { readonly jump: Interval | undefined; readonly reference: Interval } {
  const slewed = widenInterval(reference, { earlierByMs: allow.slewMs, laterByMs: allow.slewMs });
  const tolerated = widenInterval(slewed, { earlierByMs: allow.toleranceMs, laterByMs: allow.toleranceMs });
  if (intersectIntervals(tolerated, fresh) === undefined) {
    return { jump: subtractIntervals(fresh, reference), reference: fresh };
  }
  return { jump: undefined, reference: intersectIntervals(slewed, fresh) ?? slewed };
}

/** The range in which (wall - monotonic) of an unbracketed read lies while nothing happened; outside it, look closely. */
export interface WitnessWindow {
  readonly minGapMs: number;
  readonly maxGapMs: number;
}

/** How long the window may be used before the slew of the wall clock must be looked at again, in ms. */
export const WITNESS_WINDOW_MS_MAX = 2000;

/**
 * The window for reads that take the wall clock first and the monotonic clock right after.
 *
 * A pause between the two makes the difference smaller, and a closer look then finds nothing; it never hides a jump forward.
 */
export function witnessWindow(relations: ClockRelations, port: ClockPort): WitnessWindow {
  const slewMs = multiplyUp(WITNESS_WINDOW_MS_MAX, ratioFromPpmUp(port.wallSlewPpm));
  const marginMs = addUp(slewMs, JUMP_TOLERANCE_MS);
  return {
    minGapMs: relations.wallReference.earliest - port.granularity.wallMs - marginMs,
    maxGapMs: relations.wallReference.latest + marginMs,
  };
}
