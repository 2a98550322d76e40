/**
 * The command line, read into one command.
 *
 * Nothing is guessed: an unknown option, a value where none belongs, or an option given twice ends with a message.
 */
import { parseArgs } from 'node:util';
import { type DoctorOptions, settleDoctorOptions } from './doctor-options.ts';
import { quoteValue, UsageError } from './usage-error.ts';

/** What is to be done. */
export type Command =
  | { readonly command: 'help'; readonly topic: 'truechimer' | 'doctor' }
  | { readonly command: 'version' }
  | { readonly command: 'doctor'; readonly options: DoctorOptions };

interface OptionShape {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly isMultiple?: boolean;
}

const GENERAL_OPTIONS: Readonly<Record<string, OptionShape>> = {
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
};

const DOCTOR_OPTIONS: Readonly<Record<string, OptionShape>> = {
  ...GENERAL_OPTIONS,
  server: { type: 'string', isMultiple: true },
  for: { type: 'string' },
  timeout: { type: 'string' },
  falsetickers: { type: 'string' },
  drift: { type: 'string' },
  confidence: { type: 'string' },
  json: { type: 'boolean' },
};

/** Reads the arguments after the program's name. @throws UsageError. */
export function parseCommand(argv: readonly string[]): Command {
  const [first, ...rest] = argv;
  if (first === undefined) {
    throw new UsageError('requires a command, got none. Write: truechimer doctor.');
  }
  if (first.startsWith('-')) {
    const given = readOptions(argv, GENERAL_OPTIONS);
    return given.has('help') ? { command: 'help', topic: 'truechimer' } : { command: 'version' };
  }
  if (first === 'help') return { command: 'help', topic: rest[0] === 'doctor' ? 'doctor' : 'truechimer' };
  if (first !== 'doctor') {
    throw new UsageError(`requires a command it knows, got ${quoteValue(first)}. The only one is: truechimer doctor.`);
  }
  return parseDoctor(rest);
}

function parseDoctor(argv: readonly string[]): Command {
  const given = readOptions(argv, DOCTOR_OPTIONS);
  if (given.has('help')) return { command: 'help', topic: 'doctor' };
  if (given.has('version')) return { command: 'version' };
  const one = (name: string): string | undefined => given.get(name)?.[0];
  const options = settleDoctorOptions({
    server: given.get('server') ?? [],
    for: one('for'),
    timeout: one('timeout'),
    falsetickers: one('falsetickers'),
    drift: one('drift'),
    confidence: one('confidence'),
    json: given.has('json'),
  });
  return { command: 'doctor', options };
}

type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number];

/** The given options by name, each with its values. Help and version win over every mistake beside them. */
function readOptions(
  argv: readonly string[],
  shapes: Readonly<Record<string, OptionShape>>,
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
    const { name, value } = checkToken(token, shapes);
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
): { readonly name: string; readonly value: string } {
  if (token.kind !== 'option') {
    const text = token.kind === 'positional' ? token.value : '--';
    throw new UsageError(`takes options only, got ${quoteValue(text)}. ${remedyForPositional(text)}`);
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
};

function remedyForPositional(text: string): string {
  return /^[\w[]/.test(text) ? `To ask a server write --server ${text.slice(0, 80)}.` : 'Remove it.';
}
