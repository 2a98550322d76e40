/**
 * A limit on monotonic time: what replaces `Date.now() > limit`.
 *
 * Reading it reads the clock, so a process that was stopped past its deadline knows at its first instruction, before
 * any timer has fired. The signal is armed only when somebody asks for it.
 */
import type { ClockPort, TimerHandle } from './clock-port.ts';
import { ClockError } from './errors.ts';
import { MonotonicInstant } from './instant.ts';
import { addUp } from './rounding.ts';
import { armTimer } from './timer.ts';

/** What may end a deadline's signal early. */
export interface DeadlineOptions {
  /** Aborting it aborts the deadline's signal too, with the same reason. */
  readonly signal?: AbortSignal;
}

interface DeadlineClock {
  readonly port: ClockPort;
  readonly clockId: symbol;
  readMs(): number;
}

/**
 * A moment on a monotonic clock after which something must not go on.
 *
 * @example
 * ```ts
 * import { deadline } from 'truechimer';
 *
 * const limit = deadline(250);
 * if (!limit.passed) console.log(`${limit.remainingMs()} ms left`);
 * await fetch('http://127.0.0.1:9/', { signal: limit.signal }).catch(() => 'refused or out of time');
 * limit.cancel();
 * ```
 */
export class Deadline<Domain extends string = string> {
  /** The moment itself. */
  readonly instant: MonotonicInstant<Domain>;
  readonly #clock: DeadlineClock;
  readonly #untilMs: number;
  readonly #durationMs: number;
  readonly #parent: AbortSignal | undefined;
  #controller: AbortController | undefined;
  #timer: TimerHandle | undefined;
  #cancelled = false;

  /** @internal Made by `MonotonicClock.deadline`. */
  constructor(clock: DeadlineClock, durationMs: number, options: DeadlineOptions) {
    this.#clock = clock;
    this.#durationMs = durationMs;
    this.#untilMs = addUp(clock.readMs(), durationMs);
    this.#parent = options.signal;
    this.instant = MonotonicInstant.fromReading<Domain>(clock.clockId, this.#untilMs);
  }

  /** Whether the moment has come; reads the clock. */
  get passed(): boolean {
    return this.#clock.readMs() >= this.#untilMs;
  }

  /** Milliseconds until the moment; 0 when it has come, never negative. */
  remainingMs(): number {
    return Math.max(0, this.#untilMs - this.#clock.readMs());
  }

  /** Throws when the moment has come. @throws TC_TIMED_OUT, an error whose `name` is `TimeoutError`. */
  throwIfPassed(): void {
    if (this.passed) throw this.#timeout();
  }

  /**
   * Aborts when the moment has come and timers run again, with a `TimeoutError` as the reason; `passed` knows sooner. Armed on first
   * use; does not keep the process alive.
   */
  get signal(): AbortSignal {
    this.#controller ??= this.#arm();
    return this.#controller.signal;
  }

  /** Disarms the signal: it will not abort any more. `passed` and `remainingMs` go on telling the time. */
  cancel(): void {
    this.#cancelled = true;
    this.#timer?.cancel();
    this.#parent?.removeEventListener('abort', this.#onParentAbort);
  }

  /** The same as `cancel`, for `using`. */
  [Symbol.dispose](): void {
    this.cancel();
  }

  readonly #onParentAbort = (): void => {
    this.#timer?.cancel();
    this.#controller?.abort(this.#parent?.reason);
  };

  #arm(): AbortController {
    const controller = new AbortController();
    if (this.#cancelled) return controller;
    if (this.#parent?.aborted === true) {
      controller.abort(this.#parent.reason);
      return controller;
    }
    if (this.passed) {
      controller.abort(this.#timeout());
      return controller;
    }
    this.#parent?.addEventListener('abort', this.#onParentAbort, { once: true });
    const spec = { ...this.#clock, untilMs: this.#untilMs, keepsAlive: false };
    this.#timer = armTimer(spec, () => {
      this.#parent?.removeEventListener('abort', this.#onParentAbort);
      controller.abort(this.#timeout());
    });
    return controller;
  }

  #timeout(): ClockError {
    return new ClockError(
      'TC_TIMED_OUT',
      `deadline: ${this.#durationMs} ms have passed. Give the work more time, or make it smaller.`,
      { durationMs: this.#durationMs },
      { name: 'TimeoutError' },
    );
  }
}
