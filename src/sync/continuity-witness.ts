/**
 * Keeps how the clocks stood to each other, and looks again when asked.
 */
import { type ClockPort, type Interval, intersectIntervals, nextDown } from '../core/index.ts';
import {
  type ClockRelations,
  type Continuity,
  judgeContinuity,
  lookAtClocks,
  relationsFromLook,
  type WitnessWindow,
  witnessWindow,
} from './continuity.ts';

/** What a look can show: what `judgeContinuity` tells, or a monotonic clock that broke its promise. */
export type WitnessReport = Continuity | { readonly kind: 'monotonic-went-back'; readonly wallStep: Interval };

/** The continuity of one port's clocks, as far as they have been looked at. */
export class ContinuityWitness {
  readonly #port: ClockPort;
  #relations: ClockRelations;
  #voidedAtMs: number;
  /** The range of (wall - monotonic) in which a read needs no closer look. */
  window: WitnessWindow;

  constructor(port: ClockPort) {
    this.#port = port;
    const look = lookAtClocks(port);
    this.#relations = relationsFromLook(look, port);
    this.#voidedAtMs = nextDown(look.wall.beforeMs);
    this.window = witnessWindow(this.#relations, port);
  }

  /** The monotonic reading up to which nothing can be said: the last discontinuity was noticed there, or the start. */
  get voidedAtMs(): number {
    return this.#voidedAtMs;
  }

  /** wall - monotonic now. */
  get wallRelation(): Interval {
    return this.#relations.wall;
  }

  /** Takes in a sharper relation, measured just now; one that contradicts what is known is left to the next look. */
  learnWallRelation(measured: Interval): void {
    const wall = intersectIntervals(this.#relations.wall, measured);
    if (wall === undefined) return;
    const wallReference = intersectIntervals(this.#relations.wallReference, measured) ?? this.#relations.wallReference;
    this.#relations = { ...this.#relations, wall, wallReference };
    this.window = witnessWindow(this.#relations, this.#port);
  }

  /** Looks at the clocks and compares them with the last look. */
  examine(): WitnessReport {
    const look = lookAtClocks(this.#port);
    if (look.wall.beforeMs < this.#relations.atMs) {
      this.#relations = relationsFromLook(look, this.#port);
      return this.#voided({ kind: 'monotonic-went-back', wallStep: { earliest: 0, latest: 0 } });
    }
    const { continuity, relations } = judgeContinuity(this.#relations, look, this.#port);
    this.#relations = relations;
    this.window = witnessWindow(relations, this.#port);
    if (continuity.kind === 'suspend' || continuity.kind === 'forward-jump') return this.#voided(continuity);
    return continuity;
  }

  #voided(report: WitnessReport): WitnessReport {
    this.window = witnessWindow(this.#relations, this.#port);
    this.#voidedAtMs = this.#relations.atMs;
    return report;
  }
}
