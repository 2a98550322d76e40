/**
 * An injection that did not come about: this machine did not do what it was told to. That says nothing about who watches.
 */
export class NotInjected extends Error {
  override readonly name = 'NotInjected';

  /** The same for a failure of the system, with its message. */
  static because(error: unknown): NotInjected {
    return new NotInjected(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
