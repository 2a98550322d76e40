/**
 * Attempts that nobody waits for any more, in a client that cannot be told: they wait in its queue and run when its database is back.
 */
import { unlessAborted } from '../lease/index.ts';

/** How many of one name may be left like that: as many as a lease has renewals under way, and far fewer than a queue grows to in an outage. */
export const ABANDONED_ATTEMPTS_MAX = 3;

/** Keeps count, by name. */
export class AbandonedAttempts {
  readonly #pending = new Map<string, number>();

  /**
   * Sends an attempt, and counts it from when it is given up until it is answered after all.
   *
   * @throws when too many of this name are left; the signal's reason; what the client throws. All of it is no information.
   */
  async send<Answer>(name: string, signal: AbortSignal, query: () => Promise<Answer>): Promise<Answer> {
    if ((this.#pending.get(name) ?? 0) >= ABANDONED_ATTEMPTS_MAX) {
      throw new Error(
        `${ABANDONED_ATTEMPTS_MAX} attempts to acquire ${JSON.stringify(name)} that were given up still wait in the client, so no other is sent. ` +
          "Limit how long they can: pg's connectionTimeoutMillis and query_timeout, below a third of the time to live.",
      );
    }
    const answer = query();
    const onAbort = (): void => {
      this.#count(name, 1);
      const onAnswer = (): void => {
        this.#count(name, -1);
      };
      answer.then(onAnswer, onAnswer);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await unlessAborted(answer, signal);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #count(name: string, by: 1 | -1): void {
    const count = (this.#pending.get(name) ?? 0) + by;
    if (count === 0) this.#pending.delete(name);
    else this.#pending.set(name, count);
  }
}
