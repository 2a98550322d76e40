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

/** One under way. */
interface Renewal<T> {
  readonly call: StoreCall<T>;
  /** Which suspicion it was sent after. */
  readonly suspicion: number;
  /** It has had its time, or a later one was answered: another may have its place. */
  isSpare: boolean;
}

/** Calls under way. */
export class RenewalsUnderWay<T> {
  /** In the order in which they were sent. */
  #renewals: readonly Renewal<T>[] = [];

  /**
   * Makes one more call; one that is of less use makes room for it.
   *
   * When as many as may be are under way, and each may still be answered in time, it makes none, and the newest counts instead: who
   * renews faster than the store answers must not push out the one whose answer is next.
   *
   * @returns What came of it within its limit.
   */
  sendOrJoin(
    options: CallOptions & { readonly suspicion: number },
    call: (io: StoreIo) => Promise<T>,
    listener: RenewalListener<T>,
  ): Promise<CallOutcome<T>> {
    const newest = this.#renewals.at(-1);
    if (newest !== undefined && this.#renewals.length >= RENEWALS_UNDER_WAY_MAX) {
      const spare = this.#renewals.find(({ isSpare }) => isSpare);
      // What was sent before a suspicion cannot clear it. The newest goes: the oldest is answered next.
      if (spare === undefined && newest.suspicion === options.suspicion) return newest.call.outcome;
      this.#abandon(spare ?? newest);
    }
    return this.#send(options, call, listener);
  }

  /** Nobody waits for any of them any more. */
  abandonAll(): void {
    for (const renewal of this.#renewals) this.#abandon(renewal);
  }

  #send(
    options: CallOptions & { readonly suspicion: number },
    call: (io: StoreIo) => Promise<T>,
    listener: RenewalListener<T>,
  ): Promise<CallOutcome<T>> {
    const made = callStore(options, call);
    const renewal = { call: made, suspicion: options.suspicion, isSpare: false };
    this.#renewals = [...this.#renewals, renewal];
    void made.answer.then((answer) => {
      if (answer.status !== 'answered') return;
      this.#spareUntil(renewal);
      this.#remove(renewal);
      listener.answered(answer.value);
    });
    void made.outcome.then((outcome) => {
      if (outcome.status === 'answered' || !this.#renewals.includes(renewal)) return;
      // Out of time it stays under way: a positive answer still counts for the moment at which it was sent.
      renewal.isSpare = true;
      void made.answer.then(() => {
        this.#remove(renewal);
      });
      listener.silent(outcome.error);
    });
    return made.outcome;
  }

  #abandon(renewal: Renewal<T>): void {
    this.#remove(renewal);
    renewal.call.abandon();
  }

  /** What was sent before one that was answered cannot move the end of the window any more. */
  #spareUntil(answered: Renewal<T>): void {
    const earlier = this.#renewals.slice(0, Math.max(0, this.#renewals.indexOf(answered)));
    for (const renewal of earlier) renewal.isSpare = true;
  }

  #remove(renewal: Renewal<T>): void {
    this.#renewals = this.#renewals.filter((other) => other !== renewal);
  }
}
