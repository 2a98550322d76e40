/**
 * The renewals of one lease that are under way: at most three, each with its limit, and each answer taken in whenever it comes.
 */
import { callStore, type CallOptions, type CallOutcome, type StoreCall } from './store-call.ts';
import type { StoreIo } from './store-port.ts';

/** How many renewals may be under way at once. Each waits a third of the window: the fourth could not be answered in time. */
export const RENEWALS_UNDER_WAY_MAX = 3;

/** Who is told of a renewal. */
export interface RenewalListener<T> {
  /** The answer, however late. */
  answered(value: T): void;
  /** Out of time, or rejected: told once. */
  silent(error: unknown): void;
}

/** Calls under way. */
export class RenewalsUnderWay {
  readonly #calls = new Set<StoreCall<unknown>>();

  /** Makes one more call; the oldest makes room for it. @returns What came of it within its limit. */
  send<T>(
    options: CallOptions,
    call: (io: StoreIo) => Promise<T>,
    listener: RenewalListener<T>,
  ): Promise<CallOutcome<T>> {
    this.#makeRoom();
    const made = callStore(options, call);
    this.#calls.add(made);
    void made.answer.then((answer) => {
      if (answer.status !== 'answered') return;
      this.#calls.delete(made);
      listener.answered(answer.value);
    });
    void made.outcome.then((outcome) => {
      if (outcome.status === 'answered' || !this.#calls.has(made)) return;
      // Out of time it stays under way: a positive answer still counts for the moment at which it was sent.
      void made.answer.then(() => this.#calls.delete(made));
      listener.silent(outcome.error);
    });
    return made.outcome;
  }

  /** Nobody waits for any of them any more. */
  abandonAll(): void {
    const calls = [...this.#calls];
    this.#calls.clear();
    for (const call of calls) call.abandon();
  }

  #makeRoom(): void {
    const [oldest] = this.#calls;
    if (oldest === undefined || this.#calls.size < RENEWALS_UNDER_WAY_MAX) return;
    this.#calls.delete(oldest);
    oldest.abandon();
  }
}
