/**
 * The acts that run under a lease: how many are under way, and whether the outcome of one is unknown.
 *
 * A lease must not be given back while an act may still have its effect: the next holder would start beside it.
 */
import { addUp, armTimer, type ClockPort } from '../core/index.ts';
import { onAbort } from './abort-sharing.ts';

/** How long to wait for acts. */
export interface DrainLimits {
  readonly port: ClockPort;
  readonly limitMs: number;
  /** The lease's own: once it is over there is nothing to give back, so nothing is waited for. */
  readonly signal: AbortSignal;
}

/** Keeps count. */
export class GuardBook {
  #underWay = 0;
  #unknown = 0;
  #sequence = 0;
  #onIdle: (() => void) | undefined;

  /** Whether some act's effect may still come. */
  get isUncertain(): boolean {
    return this.#underWay > 0 || this.#unknown > 0;
  }

  /** Begins an act. @returns Its number within this lease: 1, 2, 3 and so on. */
  begin(): number {
    this.#underWay += 1;
    this.#sequence += 1;
    return this.#sequence;
  }

  /** Ends an act. `unknown`: nobody can say whether it had its effect, or whether that is still to come. */
  end(outcome: 'known' | 'unknown'): void {
    this.#underWay -= 1;
    if (outcome === 'unknown') this.#unknown += 1;
    if (this.#underWay === 0) this.#onIdle?.();
  }

  /** Resolves when no act is under way any more, when the lease is over, or after `limitMs`. */
  idle({ port, limitMs, signal }: DrainLimits): Promise<void> {
    if (this.#underWay === 0 || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel();
        forget();
        this.#onIdle = undefined;
        resolve();
      };
      const untilMs = addUp(port.monotonicMs(), limitMs);
      const timer = armTimer({ port, readMs: () => port.monotonicMs(), untilMs, keepsAlive: true }, done);
      const forget = onAbort(signal, done);
      this.#onIdle = done;
    });
  }
}
