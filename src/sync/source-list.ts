/**
 * The sources that a bounded clock was given, checked: somebody else's code, or not even that.
 */
import { ClockError, describeValue, type TimeScale } from '../core/index.ts';
import { SOURCES_MAX } from './agreement.ts';
import { requirePace } from './exchange-check.ts';
import type { TimeSource } from './time-source.ts';

/** Returns a copy of the list when it can be asked. @throws TC_INVALID_ARGUMENT. */
export function requireSources(operation: string, given: unknown): readonly TimeSource[] {
  if (!Array.isArray(given) || given.length === 0) {
    const got = Array.isArray(given) ? 'an empty list' : describeValue(given);
    throw invalid(
      operation,
      `sources must be a list of NTP addresses or time sources, got ${got}`,
      "Pass for example ['time.example.net', '192.0.2.1:123'].",
    );
  }
  const list: readonly unknown[] = given;
  if (list.length > SOURCES_MAX) {
    throw invalid(
      operation,
      `sources must be at most ${SOURCES_MAX}, got ${list.length}`,
      'Four to seven independent ones are enough.',
    );
  }
  const sources = Array.from(list, (source, index) => requireSource(`${operation} sources[${index}]`, source));
  requireDifferentNames(operation, sources);
  return sources;
}

/** The one time scale of all sources. @throws TC_MIXED_TIME_SCALES. */
export function requireOneTimeScale(operation: string, sources: readonly TimeSource[]): TimeScale {
  const scales = [...new Set(sources.map((source) => source.timeScale))];
  const [first] = scales;
  if (first === undefined || scales.length > 1) {
    const list = sources.map((source) => `${source.name} (${source.timeScale})`).join(', ');
    throw new ClockError(
      'TC_MIXED_TIME_SCALES',
      `${operation}: all sources must speak one time scale, got ${list}. ` +
        'Around a leap second smeared and plain UTC differ by up to one second: choose sources of one kind.',
      { scales },
    );
  }
  return first;
}

function requireSource(operation: string, given: unknown): TimeSource {
  if (typeof given !== 'object' || given === null || typeof (given as TimeSource).measure !== 'function') {
    const what = `requires an NTP address (a string) or a time source, got ${describeValue(given)}`;
    throw invalid(operation, what, remedyFor(given));
  }
  const source = given as TimeSource;
  const { name, timeScale } = source as { readonly name: unknown; readonly timeScale: unknown };
  if (typeof name !== 'string' || name === '') {
    const got = name === '' ? 'an empty one' : describeValue(name);
    throw invalid(operation, `requires a source with a name, got ${got}`, 'Give it a text that people recognise.');
  }
  if (timeScale !== 'utc' && timeScale !== 'smeared-utc') {
    const remedy = "Set it to 'utc', or to 'smeared-utc' for servers that smear leap seconds.";
    throw invalid(operation, `requires a source with a timeScale, got ${describeValue(timeScale)}`, remedy);
  }
  requirePace(operation, name, source.pace);
  return source;
}

function remedyFor(given: unknown): string {
  if (typeof given === 'string') {
    return "BoundedClock.start takes addresses; a core of your own takes ntp('host:port').";
  }
  const isServer =
    typeof given === 'object' && given !== null && 'address' in given && typeof given.address === 'string';
  return isServer ? 'Pass its address: server.address.' : "Pass an address such as 'time.example.net:123'.";
}

function requireDifferentNames(operation: string, sources: readonly TimeSource[]): void {
  const names = new Set<string>();
  for (const { name } of sources) {
    if (names.has(name)) {
      throw invalid(
        operation,
        `sources must have different names, or one liar would have two votes, got ${JSON.stringify(name)} twice`,
        'Remove the duplicate.',
      );
    }
    names.add(name);
  }
}

function invalid(operation: string, what: string, remedy: string): ClockError {
  return new ClockError('TC_INVALID_ARGUMENT', `${operation}: ${what}. ${remedy}`);
}
