/**
 * The wait while sources are measured: over when each has said what it has to say, at the limit, or when somebody interrupts.
 */
import type { Clock, Interval } from '../core/index.ts';
import type { BoundedClock } from '../node/index.ts';
import type { MeasureOutcome, TimeSource } from '../sync/index.ts';

/** Why measuring ended. */
export type MeasuringEnd = 'finished' | 'time-limit' | 'interrupted';

/** What one source did so far. */
export interface SourceProgress {
  readonly address: string;
  readonly outcomes: readonly MeasureOutcome['outcome'][];
  /** How many measurements it gets. */
  readonly planned: number;
}

/** What happened to the clocks meanwhile. */
export interface ClockEvent {
  /** When it was noticed, since measuring began. */
  readonly elapsedMs: number;
  /** How much: positive is forward. */
  readonly size: Interval;
}

/** A source that contradicted itself. */
export interface FaultEvent {
  readonly elapsedMs: number;
  readonly address: string;
  readonly detail: string;
}

/** How many events of each kind are kept: the first ones tell the most. */
export const EVENTS_MAX = 100;

/** A source that failed this often in a row in a way that waiting does not mend has said what it has to say. */
const FAILURES_FINAL = 2;

/** Follows a bounded clock while it measures. */
export class Measuring {
  readonly #clock: Clock;
  readonly #sources: readonly TimeSource[];
  readonly #startedMs: number;
  readonly #outcomes = new Map<string, MeasureOutcome['outcome'][]>();
  readonly steps: ClockEvent[] = [];
  readonly suspends: ClockEvent[] = [];
  readonly faults: FaultEvent[] = [];
  #wake: () => void = () => undefined;

  constructor(clock: Clock, sources: readonly TimeSource[], bounded: BoundedClock) {
    this.#clock = clock;
    this.#sources = sources;
    this.#startedMs = clock.port.monotonicMs();
    bounded.on('measurement', ({ name, outcome }) => {
      this.#outcomes.set(name, [...(this.#outcomes.get(name) ?? []), outcome.outcome]);
      this.#wake();
    });
    bounded.on('wallStep', ({ step }) => {
      keep(this.steps, { elapsedMs: this.elapsedMs, size: step });
    });
    bounded.on('suspend', ({ length }) => {
      keep(this.suspends, { elapsedMs: this.elapsedMs, size: length });
    });
    bounded.on('fault', ({ name, detail }) => {
      keep(this.faults, { elapsedMs: this.elapsedMs, address: name, detail });
    });
    bounded.on('voided', () => {
      this.#outcomes.clear(); // what was said before is void: the sources are measured again
    });
  }

  get elapsedMs(): number {
    return this.#clock.port.monotonicMs() - this.#startedMs;
  }

  /** What each source did so far, in the order given. */
  progress(): readonly SourceProgress[] {
    return this.#sources.map((source) => ({
      address: source.name,
      outcomes: this.#outcomes.get(source.name) ?? [],
      planned: source.pace.burstCount,
    }));
  }

  /** Waits until there is nothing more to wait for. Keeps the process alive meanwhile. */
  until(limitMs: number, signal: AbortSignal): Promise<MeasuringEnd> {
    return new Promise((resolve) => {
      const end = (how: MeasuringEnd): void => {
        timer.cancel();
        signal.removeEventListener('abort', onAbort);
        this.#wake = () => undefined;
        resolve(how);
      };
      const onAbort = (): void => {
        end('interrupted');
      };
      const timer = this.#clock.timers.after(Math.max(0, limitMs - this.elapsedMs), () => {
        end('time-limit');
      });
      this.#wake = () => {
        if (this.progress().every(isFinished)) end('finished');
      };
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) onAbort();
    });
  }
}

/** Whether a source has made its burst, or will not say more within a useful time. */
export function isFinished({ outcomes, planned }: SourceProgress): boolean {
  if (outcomes.length >= planned) return true;
  const last = outcomes.at(-1);
  if (last === 'denied' || last === 'rate-limited') return true;
  const tail = outcomes.slice(-FAILURES_FINAL);
  return tail.length === FAILURES_FINAL && tail.every((outcome) => outcome === 'unreachable');
}

function keep<Event>(events: Event[], event: Event): void {
  if (events.length < EVENTS_MAX) events.push(event);
}
