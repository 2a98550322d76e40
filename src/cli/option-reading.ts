/**
 * Options as they stand on the command line, checked against what a command knows.
 */
import { parseArgs } from 'node:util';
import { quoteValue, UsageError } from './usage-error.ts';

/** What an option takes. */
export interface OptionShape {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly isMultiple?: boolean;
}

type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number];

/**
 * The given options by name, each with its values. Help and version win over every mistake beside them.
 *
 * @throws UsageError.
 */
export function readOptions(
  argv: readonly string[],
  shapes: Readonly<Record<string, OptionShape>>,
  remedy: (positional: string) => string,
): ReadonlyMap<string, readonly string[]> {
  const options = Object.fromEntries(
    Object.entries(shapes).map(([name, { type, short }]) => [
      name,
      { type, ...(short === undefined ? {} : { short }) },
    ]),
  );
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true });
  const asked = tokens.find((token) => token.kind === 'option' && (token.name === 'help' || token.name === 'version'));
  if (asked?.kind === 'option') return new Map([[asked.name, []]]);
  const given = new Map<string, string[]>();
  for (const token of tokens) {
    const { name, value } = checkToken(token, shapes, remedy);
    const values = given.get(name) ?? [];
    if (values.length > 0 && shapes[name]?.isMultiple !== true) {
      throw new UsageError(
        `--${name} may be given once, got ${quoteValue(values[0] ?? '')} and ${quoteValue(value)}. Remove one.`,
      );
    }
    given.set(name, shapes[name]?.type === 'boolean' ? [] : [...values, value]);
  }
  return given;
}

function checkToken(
  token: Token,
  shapes: Readonly<Record<string, OptionShape>>,
  remedy: (positional: string) => string,
): { readonly name: string; readonly value: string } {
  if (token.kind !== 'option') {
    const text = token.kind === 'positional' ? token.value : '--';
    throw new UsageError(`takes options only, got ${quoteValue(text)}. ${remedy(text)}`);
  }
  const shape = Object.hasOwn(shapes, token.name) ? shapes[token.name] : undefined;
  if (shape === undefined) {
    const names = Object.keys(shapes).map((name) => `--${name}`);
    throw new UsageError(
      `requires an option it knows, got ${quoteValue(token.rawName)}. Known are ${names.join(', ')}.`,
    );
  }
  if (shape.type === 'boolean' && token.value !== undefined) {
    throw new UsageError(
      `--${token.name} takes no value, got ${quoteValue(token.value)}. Write --${token.name} alone.`,
    );
  }
  const isMissing =
    token.value === undefined || token.value === '' || (!token.inlineValue && token.value.startsWith('--'));
  if (shape.type === 'string' && isMissing) {
    throw new UsageError(
      `--${token.name} requires a value, got none. Write --${token.name} ${EXAMPLES[token.name] ?? 'VALUE'}.`,
    );
  }
  return { name: token.name, value: token.value ?? '' };
}

const EXAMPLES: Readonly<Record<string, string>> = {
  server: 'time.example.net',
  for: '7s',
  timeout: '1s',
  falsetickers: '1',
  drift: '50',
  confidence: '0.95',
  interval: '20ms',
  threshold: '50ms',
  block: '200ms',
  'round-trip': '10ms',
  html: 'pauses.html',
};
