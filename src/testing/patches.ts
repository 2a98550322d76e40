/**
 * Properties that are replaced for a while, and put back exactly as they were.
 */
import { ClockError } from '../core/index.ts';

/** One property and what it becomes. */
export interface Replacement {
  readonly target: object;
  readonly key: string;
  /** What a person calls it: `performance.now`. */
  readonly label: string;
  readonly value: unknown;
}

interface Replaced extends Replacement {
  /** Undefined: the object itself had none (but may have inherited one). */
  readonly before: PropertyDescriptor | undefined;
}

/** The properties that are replaced at this moment. */
export class Patches {
  readonly #replaced: Replaced[] = [];

  /** Replaces all of them, or none when one of them cannot be. */
  apply(replacements: readonly Replacement[]): void {
    try {
      for (const replacement of replacements) this.#replace(replacement);
    } catch (error) {
      this.#restore();
      throw error;
    }
  }

  /** Puts everything back. @throws TC_FAKE_INSTALLED, and changes nothing, when somebody else has replaced one of them since. */
  undo(): void {
    const lost = this.#replaced.filter(({ target, key, value }) => ownValue(target, key) !== value);
    if (lost.length > 0) {
      const labels = lost.map(({ label }) => label);
      throw new ClockError(
        'TC_FAKE_INSTALLED',
        `uninstall: ${labels.join(', ')} ${labels.length === 1 ? 'was' : 'were'} replaced after this clock had been installed, ` +
          'and putting back the real one now would be undone later. Undo the other fake first: the last one installed goes first.',
        { replaced: labels },
      );
    }
    this.#restore();
  }

  #replace(replacement: Replacement): void {
    const { target, key, value } = replacement;
    const before = Object.getOwnPropertyDescriptor(target, key);
    const enumerable = before?.enumerable ?? true;
    Object.defineProperty(target, key, { value, enumerable, writable: true, configurable: true });
    this.#replaced.push({ ...replacement, before });
  }

  #restore(): void {
    for (const { target, key, before } of this.#replaced.splice(0).reverse()) {
      if (before === undefined) Reflect.deleteProperty(target, key);
      else Object.defineProperty(target, key, before);
    }
  }
}

function ownValue(target: object, key: string): unknown {
  return Object.getOwnPropertyDescriptor(target, key)?.value;
}
