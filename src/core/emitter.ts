/**
 * A small typed emitter, for state machines that own no platform.
 *
 * A listener that throws does not stop the others and does not disturb the emitter: its error surfaces as an unhandled
 * rejection, where the platform reports it.
 */

/** Ends a subscription; calling it again does nothing. */
export type Unsubscribe = () => void;

/** Events by name, each with the value its listeners receive. */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(value: never) => void>>();

  /** Calls `listener` on every event of that name until the returned function is called. */
  on<Name extends keyof Events>(name: Name, listener: (value: Events[Name]) => void): Unsubscribe {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    const own = (value: Events[Name]): void => {
      listener(value);
    };
    listeners.add(own);
    return () => {
      listeners.delete(own);
    };
  }

  /** Calls every listener of that name, in the order of subscription; one added meanwhile waits for the next event. */
  emit<Name extends keyof Events>(name: Name, value: Events[Name]): void {
    const listeners = this.#listeners.get(name);
    if (listeners === undefined) return;
    for (const listener of [...listeners]) {
      if (!listeners.has(listener)) continue;
      try {
        (listener as (value: Events[Name]) => void)(value);
      } catch (error) {
        void Promise.reject(
          error instanceof Error ? error : new Error('a listener threw a non-error', { cause: error }),
        );
      }
    }
  }
}
