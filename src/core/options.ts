/**
 * Options objects, checked: a misspelt option is an option that is not in force, and nobody hears of it.
 */
import { describeValue } from './describe-value.ts';
import { ClockError } from './errors.ts';

/** At most this many single letters apart, a name is taken for a misspelling of another. */
const TYPING_ERRORS_MAX = 3;

/** The names of all options of a type; the compiler knows when one is missing or too many. */
export function optionNames<Options extends object>(names: Record<keyof Options & string, true>): readonly string[] {
  return Object.keys(names);
}

/**
 * Checks that options, where there are any, are an object of known names.
 *
 * @throws TC_INVALID_ARGUMENT for anything else than an object or undefined, and for a name that is not known.
 */
export function requireOptions(operation: string, given: unknown, known: readonly string[]): void {
  if (given === undefined) return;
  const misplaced = typeof given !== 'object' || given === null || Array.isArray(given) || isSignalLike(given);
  if (misplaced) {
    throw invalid(operation, `requires an object of options, got ${describeValue(given)}`, hintFor(given, known));
  }
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) throw unknownOption(operation, name, known);
  }
}

/**
 * Checks an optional `AbortSignal`, by what it can do: it may come from a polyfill or another realm.
 *
 * @throws TC_INVALID_ARGUMENT.
 */
export function requireSignal(operation: string, signal: unknown): void {
  if (signal === undefined || isSignal(signal)) return;
  const isController = typeof signal === 'object' && signal !== null && 'signal' in signal && isSignal(signal.signal);
  throw invalid(
    `${operation} signal`,
    `requires an AbortSignal, got ${describeValue(signal)}`,
    isController ? 'Pass controller.signal.' : 'Pass the signal of an AbortController, or leave it out.',
  );
}

/** Checks an optional true or false. @throws TC_INVALID_ARGUMENT. */
export function requireOptionalBoolean(operation: string, value: unknown): void {
  if (value === undefined || typeof value === 'boolean') return;
  throw invalid(operation, `requires true or false, got ${describeValue(value)}`, 'Pass a boolean, or leave it out.');
}

/** Checks an optional function. @throws TC_INVALID_ARGUMENT. */
export function requireOptionalFunction(operation: string, value: unknown): void {
  if (value === undefined || typeof value === 'function') return;
  throw invalid(operation, `requires a function, got ${describeValue(value)}`, 'Pass a function, or leave it out.');
}

/** Checks an event's name and its listener. @throws TC_INVALID_ARGUMENT. */
export function requireListener(
  operation: string,
  subscription: { readonly name: unknown; readonly listener: unknown },
  known: readonly string[],
): void {
  const { name, listener } = subscription;
  if (typeof name !== 'string' || !known.includes(name)) {
    const remedy = `${suggestion(name, known)}The events are ${known.join(', ')}.`;
    throw invalid(operation, `requires the name of an event, got ${describeValue(name)}`, remedy);
  }
  if (typeof listener === 'function') return;
  throw invalid(operation, `requires a listener, got ${describeValue(listener)}`, 'Pass a function.');
}

/** The known name that was probably meant, if there is one. */
export function nearestName(given: string, known: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let least = Infinity;
  for (const name of known) {
    const distance = editDistance(given.toLowerCase(), name.toLowerCase());
    const limit = Math.min(TYPING_ERRORS_MAX, Math.floor(Math.max(given.length, name.length) / 2));
    if (distance <= limit && distance < least) [nearest, least] = [name, distance];
  }
  return nearest;
}

/** How many letters must be put in, taken out or changed (Levenshtein), but for long strings, which are no misspellings. */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > TYPING_ERRORS_MAX) return Infinity;
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const changed = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(changed, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}

function unknownOption(operation: string, name: string, known: readonly string[]): ClockError {
  const shown = /^[\w$]{1,40}$/.test(name) ? name : JSON.stringify(name.slice(0, 40));
  const meant = suggestion(name, known);
  const remedy = meant === '' ? `The options are ${known.join(', ')}.` : meant.trimEnd();
  return new ClockError('TC_INVALID_ARGUMENT', `${operation}: unknown option ${shown}. ${remedy}`, { name, known });
}

function suggestion(name: unknown, known: readonly string[]): string {
  const meant = typeof name === 'string' ? nearestName(name, known) : undefined;
  return meant === undefined ? '' : `Did you mean ${meant}? `;
}

function hintFor(given: unknown, known: readonly string[]): string {
  if (isSignalLike(given) && known.includes('signal')) {
    return isSignal(given) ? 'Pass { signal }.' : 'Pass { signal: controller.signal }.';
  }
  return `Pass an object with any of ${known.join(', ')}.`;
}

/** A signal or its controller: what is often given in place of `{ signal }`. */
function isSignalLike(value: unknown): boolean {
  if (isSignal(value)) return true;
  return typeof value === 'object' && value !== null && 'abort' in value && 'signal' in value && isSignal(value.signal);
}

function isSignal(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    'aborted' in value &&
    typeof value.aborted === 'boolean' &&
    'addEventListener' in value &&
    typeof value.addEventListener === 'function'
  );
}

function invalid(operation: string, what: string, remedy: string): ClockError {
  return new ClockError('TC_INVALID_ARGUMENT', `${operation}: ${what}. ${remedy}`);
}
