/**
 * The command line, read into one command.
 *
 * Nothing is guessed: an unknown option, a value where none belongs, or an option given twice ends with a message.
 */
import { type DoctorOptions, settleDoctorOptions } from './doctor-options.ts';
import { type OptionShape, readOptions } from './option-reading.ts';
import { type PausesOptions, settlePausesOptions } from './pauses-options.ts';
import { quoteValue, UsageError } from './usage-error.ts';

/** What is to be done. */
export type Command =
  | { readonly command: 'help'; readonly topic: HelpTopic }
  | { readonly command: 'version' }
  | { readonly command: 'doctor'; readonly options: DoctorOptions }
  | { readonly command: 'pauses'; readonly options: PausesOptions };

/** What help can be had of. */
export type HelpTopic = 'truechimer' | 'doctor' | 'pauses';

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

const PAUSES_OPTIONS: Readonly<Record<string, OptionShape>> = {
  ...GENERAL_OPTIONS,
  interval: { type: 'string' },
  threshold: { type: 'string' },
  watchdog: { type: 'boolean' },
  'no-watchdog': { type: 'boolean' },
  block: { type: 'string' },
  'round-trip': { type: 'string' },
  json: { type: 'string' },
  html: { type: 'string' },
  quiet: { type: 'boolean', short: 'q' },
};

/** Reads the arguments after the program's name. @throws UsageError. */
export function parseCommand(argv: readonly string[]): Command {
  const [first, ...rest] = argv;
  if (first === undefined) {
    throw new UsageError('requires a command, got none. Write: truechimer doctor.');
  }
  if (first.startsWith('-')) {
    const given = readOptions(argv, GENERAL_OPTIONS, remedyForPositional);
    return given.has('help') ? { command: 'help', topic: 'truechimer' } : { command: 'version' };
  }
  switch (first) {
    case 'help':
      return { command: 'help', topic: rest[0] === 'doctor' || rest[0] === 'pauses' ? rest[0] : 'truechimer' };
    case 'doctor':
      return parseDoctor(rest);
    case 'pauses':
      return parsePauses(rest);
    default:
      throw new UsageError(
        `requires a command it knows, got ${quoteValue(first)}. Write truechimer doctor or truechimer pauses.`,
      );
  }
}

/** What follows `--` is the program's and is not looked at. */
function parsePauses(argv: readonly string[]): Command {
  const end = argv.indexOf('--');
  const own = (end < 0 ? argv : argv.slice(0, end)).map((text, index, all) =>
    text === '--json' && isNoFile(all[index + 1]) ? '--json=-' : text,
  );
  const given = readOptions(own, PAUSES_OPTIONS, remedyForProgram);
  if (given.has('help')) return { command: 'help', topic: 'pauses' };
  if (given.has('version')) return { command: 'version' };
  const one = (name: string): string | undefined => given.get(name)?.[0];
  const options = settlePausesOptions({
    command: end < 0 ? [] : argv.slice(end + 1),
    interval: one('interval'),
    threshold: one('threshold'),
    block: one('block'),
    roundTrip: one('round-trip'),
    json: one('json'),
    html: one('html'),
    watchdog: given.has('watchdog'),
    noWatchdog: given.has('no-watchdog'),
    quiet: given.has('quiet'),
  });
  return { command: 'pauses', options };
}

/** `--json` alone means stdout; `-` is a name of it, too. */
function isNoFile(next: string | undefined): boolean {
  return next === undefined || (next.startsWith('-') && next !== '-');
}

function remedyForProgram(text: string): string {
  return `A program comes after two dashes: truechimer pauses -- ${text === '--' ? 'node' : text.slice(0, 80)} …`;
}

function parseDoctor(argv: readonly string[]): Command {
  const given = readOptions(argv, DOCTOR_OPTIONS, remedyForPositional);
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

function remedyForPositional(text: string): string {
  return /^[\w[]/.test(text) ? `To ask a server write --server ${text.slice(0, 80)}.` : 'Remove it.';
}
