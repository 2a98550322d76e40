/**
 * Recognises a fake clock that is installed already: two of them on one process measure neither time.
 */
import { ClockError } from '../core/index.ts';

/** On every function that this package installs; global, because an application can hold two copies of it. */
export const OWN_MARK: symbol = Symbol.for('truechimer.testing.fake');

/** Marks a function as ours. */
export function marked<Fn>(fake: Fn): Fn {
  return typeof fake === 'function' ? Object.defineProperty(fake, OWN_MARK, { value: true }) : fake;
}

/** @throws TC_FAKE_INSTALLED when what is about to be replaced is a fake itself. */
export function requireNoFake(
  places: Iterable<{ readonly target: object; readonly key: string; readonly label: string }>,
): void {
  for (const { target, key, label } of places) {
    const current: unknown = Reflect.get(target, key);
    const whose = typeof current === 'function' ? whoseFake(current, target, key) : undefined;
    if (whose === undefined) continue;
    throw new ClockError(
      'TC_FAKE_INSTALLED',
      `install: requires the real ${label}, got that of ${whose}. Uninstall the other fake first, or leave ${label} out of toFake.`,
      { replaced: label, by: whose },
    );
  }
}

type AnyFunction = object & { readonly name?: unknown };

function whoseFake(current: AnyFunction, target: object, key: string): string | undefined {
  if (OWN_MARK in current) return 'another SimClock';
  if ('clock' in current || Reflect.get(current, 'isFake') === true) return 'fake timers (sinon, vitest or jest)';
  if ('isMock' in current || String(current.name).startsWith('bound #')) return 'the mock timers of node:test';
  if ('_isMockFunction' in current || 'mock' in current) return 'a spy or mock function';
  if (key === 'Date' && !(isNative(current) && isNative(Reflect.get(current, 'now'))))
    return 'something that has replaced Date';
  if (key === 'now' && Object.hasOwn(target, key) && current.name !== 'now')
    return 'something that has replaced performance.now';
  return undefined;
}

function isNative(value: unknown): boolean {
  return typeof value === 'function' && /\{\s*\[native code\]\s*\}\s*$/.test(Function.prototype.toString.call(value));
}
