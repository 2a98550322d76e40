/**
 * What is reported between two wake-ups by others than the clocks: collections, SIGCONT, stacks of the main thread.
 */

/** A collection of garbage, on the monotonic clock. */
export interface Collection {
  readonly startMs: number;
  readonly durationMs: number;
}

/** Young collections last a millisecond, so a window with more than these is filled by them; further ones are added to the last. */
const COLLECTIONS_MAX = 1000;

/** Enough to see a pattern in one long block; further stacks are not kept. */
const STACKS_MAX = 16;

/** Notes between two wake-ups. */
export class GapNotes {
  #collections: Collection[] = [];
  #stacks: string[] = [];
  #continuedMs = Number.NEGATIVE_INFINITY;

  noteCollection(collection: Collection): void {
    const last = this.#collections.at(-1);
    if (last === undefined || this.#collections.length < COLLECTIONS_MAX) {
      this.#collections.push(collection);
      return;
    }
    this.#collections[COLLECTIONS_MAX - 1] = { ...last, durationMs: last.durationMs + collection.durationMs };
  }

  noteStack(stack: string): void {
    if (this.#stacks.length < STACKS_MAX) this.#stacks.push(stack);
  }

  noteContinued(atMs: number): void {
    this.#continuedMs = Math.max(this.#continuedMs, atMs);
  }

  /** It has explained its pause, and explains no other. */
  forgetContinuation(): void {
    this.#continuedMs = Number.NEGATIVE_INFINITY;
  }

  /** Whether SIGCONT was reported in the window. */
  continuedIn(fromMs: number, untilMs: number): boolean {
    return this.#continuedMs >= fromMs && this.#continuedMs <= untilMs;
  }

  /** The collections that overlap the window, and for how long. */
  collectionsIn(fromMs: number, untilMs: number): { readonly gcMs: number; readonly gcCount: number } {
    let gcMs = 0;
    let gcCount = 0;
    for (const { startMs, durationMs } of this.#collections) {
      const overlapMs = Math.min(untilMs, startMs + durationMs) - Math.max(fromMs, startMs);
      if (overlapMs < 0) continue;
      gcMs += overlapMs;
      gcCount += 1;
    }
    return { gcMs: Math.min(gcMs, untilMs - fromMs), gcCount };
  }

  /** The stacks noted so far, and forgets them. */
  takeStacks(): readonly string[] {
    const taken = this.#stacks;
    this.#stacks = [];
    return taken;
  }

  /** Forgets what ended before a moment. */
  forgetBefore(atMs: number): void {
    if (this.#collections.length === 0) return;
    this.#collections = this.#collections.filter(({ startMs, durationMs }) => startMs + durationMs >= atMs);
  }
}
