/**
 * The one true time line of a simulation, and the queue of what happens on it.
 *
 * True time is what only the oracle sees: milliseconds since the start, and an epoch. Nodes have their own queues, in their own
 * monotonic time, because a change of a clock's rate moves every one of its timers at once; the time line asks each node when its
 * first timer comes up in true time. Simultaneous events happen in a fixed order: the world's own, then by node, then as they were set.
 */
import { ClockError, requireDurationMs, requireInteger } from '../core/index.ts';
import { type Due, DueHeap } from './due-heap.ts';

/** How many events one call may run when nothing else is said. */
export const EVENTS_MAX_DEFAULT = 10_000_000;

/** How many events before the limit timers begin to note where they are set. */
const SUSPECT_EVENTS = 10_000;

const never = (): boolean => false;

/** Lets every promise that is ready run; given by the platform, since the language alone cannot wait for all of them. */
export type Settle = () => Promise<void>;

/**
 * Lets every promise that is ready run and then runs something, in a turn of the event loop of its own where the platform has one: then what
 * it leaves behind runs in the platform's order (in Node `process.nextTick` before promises).
 */
export type Turn = <Result>(run: () => Result) => Promise<Result>;

/** Something with timers of its own. */
export interface Actor {
  /** When its first timer comes up, in true time; Infinity when none does. */
  nextDueMs(): number;
  /** Runs that timer at this moment. */
  runNext(trueMs: number): void;
  /** What the last timer was and where it was set, for the message at the limit. */
  describeLast(): string;
}

interface WorldEvent extends Due {
  readonly action: () => void;
  /** Nothing that a promise could wait for: no need to let promises run after it. */
  readonly quiet: boolean;
}

/** A scheduled event of the world, which can be cancelled. */
export interface Scheduled {
  cancel(): void;
}

/** What a time line is made with. */
export interface TimelineOptions {
  readonly settle: Settle;
  /** Default: `settle`, and then in a promise. */
  readonly turn?: Turn | undefined;
  readonly eventsMax?: number;
}

/** True time and what is due on it. */
export class Timeline {
  readonly #turn: Turn;
  readonly #eventsMax: number;
  readonly #queue = new DueHeap<WorldEvent>();
  readonly #actors: Actor[] = [];
  #order = 0;
  #nowMs = 0;
  #eventsRun = 0;
  #running = false;
  /** The count of events at which this call gives up, and from which it wants to know whose they are. */
  #limit = 0;
  #suspectFrom = 0;
  /** The next event: fields, because an object for each would be garbage. */
  #nextAtMs = Infinity;
  #nextActor: Actor | undefined;

  constructor(options: TimelineOptions) {
    this.#turn = options.turn ?? ((run) => options.settle().then(run));
    const range = { what: 'a limit on events', min: 1, max: Number.MAX_SAFE_INTEGER };
    this.#eventsMax = requireInteger('Timeline', options.eventsMax ?? EVENTS_MAX_DEFAULT, range);
  }

  /** True milliseconds since the start. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** How many events have been run since the start. */
  get eventsRun(): number {
    return this.#eventsRun;
  }

  addActor(actor: Actor): void {
    this.#actors.push(actor);
  }

  /** Schedules an action at a true moment; a moment in the past is now. */
  at(trueMs: number, action: () => void, options: { readonly quiet?: boolean } = {}): Scheduled {
    this.#order += 1;
    const event: WorldEvent = {
      dueMs: Math.max(trueMs, this.#nowMs),
      order: this.#order,
      removed: false,
      action,
      quiet: options.quiet ?? false,
    };
    this.#queue.push(event);
    return {
      cancel: () => {
        this.#queue.remove(event);
      },
    };
  }

  /** Whether so many events have run in this call that a loop without end is likely: time to note where timers are set. */
  get nearsLimit(): boolean {
    return this.#running && this.#eventsRun >= this.#suspectFrom;
  }

  /** Lets true time pass without letting promises run: for code that only uses callbacks. Up to Infinity: while there are events. */
  advanceTo(trueMs: number, stop: () => boolean = never): void {
    this.#guarded(() => {
      if (stop()) return;
      while (this.#findNext(trueMs)) {
        this.#run();
        if (stop !== never && stop()) return;
      }
      this.#passTo(trueMs);
    });
  }

  /** The same, with promises running before the first event and after each, as an event loop does. */
  async advanceToAsync(trueMs: number, stop: () => boolean = never): Promise<void> {
    this.#enter();
    try {
      while (await this.#turn(() => this.#runToLoud(trueMs, stop)));
    } finally {
      this.#running = false;
    }
  }

  /** Lets true time pass and runs only the world's own events: for a while in which every process stands still. */
  passQuietly(trueMs: number): void {
    this.#guarded(() => {
      for (let event = this.#queue.peek(); event !== undefined && event.dueMs <= trueMs; event = this.#queue.peek()) {
        this.#nextAtMs = event.dueMs;
        this.#nextActor = undefined;
        this.#run();
      }
      this.#passTo(trueMs);
    });
  }

  /** For what lets time pass after it has changed something: refused before the change. @throws TC_INVALID_ARGUMENT. */
  requireIdle(operation: string): void {
    if (!this.#running) return;
    throw new ClockError(
      'TC_INVALID_ARGUMENT',
      `${operation}: simulated time is being advanced already, and ${operation} would advance it as well. ` +
        `Inside a timer, or while an advance is under way, use clock.node.${operation}(): it begins now and lasts while time is advanced.`,
    );
  }

  /** Looks for the next event up to a moment; simultaneous ones in the order of the header. False when there is none. */
  #findNext(untilMs: number): boolean {
    let atMs = this.#queue.firstDueMs;
    let first: Actor | undefined;
    for (const actor of this.#actors) {
      const dueMs = actor.nextDueMs();
      if (dueMs < atMs) {
        atMs = dueMs;
        first = actor;
      }
    }
    this.#nextAtMs = atMs;
    this.#nextActor = first;
    return atMs <= untilMs && atMs < Infinity;
  }

  /** Runs the event that was found; true when it was a quiet one. */
  #run(): boolean {
    const actor = this.#nextActor;
    if (this.#eventsRun >= this.#limit) throw this.#tooMany(actor);
    this.#eventsRun += 1;
    this.#passTo(this.#nextAtMs);
    if (actor !== undefined) {
      actor.runNext(this.#nowMs);
      return false;
    }
    const event = this.#queue.pop();
    event?.action();
    return event?.quiet ?? true;
  }

  /** Runs quiet events and one that promises may wait for; false when there is nothing more to run. */
  #runToLoud(trueMs: number, stop: () => boolean): boolean {
    if (stop()) return false;
    while (this.#findNext(trueMs)) {
      if (!this.#run()) return true;
      if (stop !== never && stop()) return false;
    }
    this.#passTo(trueMs);
    return false;
  }

  #passTo(trueMs: number): void {
    if (trueMs > this.#nowMs && trueMs < Infinity) this.#nowMs = trueMs;
  }

  #guarded(run: () => void): void {
    this.#enter();
    try {
      run();
    } finally {
      this.#running = false;
    }
  }

  #enter(): void {
    if (this.#running) {
      throw new ClockError(
        'TC_INVALID_ARGUMENT',
        'advance: simulated time is being advanced already, by a call further up or one that was not awaited. ' +
          'Await every advance, and do not advance inside a timer: what a timer does happens at one moment.',
      );
    }
    this.#running = true;
    this.#limit = this.#eventsRun + this.#eventsMax;
    this.#suspectFrom = this.#limit - Math.min(SUSPECT_EVENTS, this.#eventsMax);
  }

  #tooMany(actor: Actor | undefined): ClockError {
    const who = actor?.describeLast() ?? 'an event of the world';
    return new ClockError(
      'TC_TOO_MANY_EVENTS',
      `advance: ran ${this.#eventsMax} events, at ${this.#nowMs} ms, and there are more: ${who}. ` +
        'Something sets itself again without end: stop it, advance less, or raise eventsMax.',
      { eventsMax: this.#eventsMax, nowMs: this.#nowMs },
    );
  }
}

/** Checks a length of simulated time. @throws TC_NOT_FINITE, TC_EPOCH_AS_DURATION, TC_OUT_OF_RANGE. */
export function requireSimulatedMs(operation: string, ms: number): number {
  return requireDurationMs(operation, ms);
}
