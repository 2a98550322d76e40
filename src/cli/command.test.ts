import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCommand } from './command.ts';
import { UsageError } from './usage-error.ts';

const doctor = (...argv: string[]): object => {
  const command = parseCommand(['doctor', ...argv]);
  if (command.command !== 'doctor') throw new Error(command.command);
  return command.options;
};

test('the defaults of the demonstration', () => {
  expect(doctor()).toEqual({
    servers: [],
    forMs: 3000,
    timeoutMs: 1000,
    falsetickers: 1,
    driftPpm: 50,
    confidence: 0.95,
    json: false,
  });
});

const pauses = (...argv: string[]): object => {
  const command = parseCommand(['pauses', ...argv]);
  if (command.command !== 'pauses') throw new Error(command.command);
  return command.options;
};

test('pauses: the defaults, and what follows two dashes is the program', () => {
  expect(pauses('--', 'node', 'app.js', '--json', '--', '-h')).toEqual({
    command: ['node', 'app.js', '--json', '--', '-h'],
    intervalMs: 50,
    thresholdMs: 50,
    watchdog: { blockMs: 100 },
    roundTripMs: 10,
    json: undefined,
    html: undefined,
    quiet: false,
  });
});

test('pauses: every option', () => {
  const given = ['--interval=10ms', '--threshold', '20', '--block', '300ms', '--round-trip', '3ms', '-q'];
  expect(pauses(...given, '--json', 'a.json', '--html', 'a.html', '--', 'x')).toEqual({
    command: ['x'],
    intervalMs: 10,
    thresholdMs: 20,
    watchdog: { blockMs: 300 },
    roundTripMs: 3,
    json: 'a.json',
    html: 'a.html',
    quiet: true,
  });
  expect(pauses('--no-watchdog', '--', 'x')).toMatchObject({ watchdog: undefined });
  expect(pauses('--interval', '2ms', '--threshold', '3ms', '--', 'x')).toMatchObject({ watchdog: { blockMs: 10 } });
});

test.each([[['--json']], [['--json', '-']], [['--json', '--html', 'a.html']]])(
  'pauses: %j is JSON on stdout',
  (argv) => {
    expect(pauses(...argv, '--', 'x')).toMatchObject({ json: '-' });
  },
);

test.each([
  [[], 'requires a program to run, got none. Write: truechimer pauses -- node app.js.'],
  [['--'], 'requires a program to run, got none'],
  [['node', 'app.js'], 'takes options only, got "node". A program comes after two dashes: truechimer pauses -- node …'],
  [['--interval', '0', '--', 'x'], '--interval requires a duration from 1ms to 1m, got "0"'],
  [['--html', '--', 'x'], '--html requires a value, got none. Write --html pauses.html.'],
  [['--watchdog', '--no-watchdog', '--', 'x'], 'got both. Remove one.'],
  [['--no-watchdog', '--block', '1s', '--', 'x'], '--block requires the watchdog, got "1s" beside --no-watchdog'],
  [['--block', '50ms', '--', 'x'], '--block requires more than the interval of 50 ms, got "50ms"'],
  [['--live', '--', 'x'], 'requires an option it knows, got "--live"'],
])('pauses: %j is refused', (argv, message) => {
  expect(() => pauses(...argv)).toThrow(UsageError);
  expect(() => pauses(...argv)).toThrow(message);
});

test('help of pauses', () => {
  expect(parseCommand(['help', 'pauses'])).toEqual({ command: 'help', topic: 'pauses' });
  expect(parseCommand(['pauses', '-h', '--', 'x'])).toEqual({ command: 'help', topic: 'pauses' });
});

test('the defaults with servers', () => {
  expect(doctor('--server', 'a', '--server', 'b:1')).toMatchObject({
    servers: [{ address: 'a:123' }, { address: 'b:1' }],
    forMs: 7000,
    falsetickers: 0,
  });
});

test('every option', () => {
  const servers = ['a', 'b', 'c', 'd', 'e'].flatMap((host) => ['--server', host]);
  const rest = [
    '--for=2s',
    '--timeout',
    '300',
    '--falsetickers',
    '1',
    '--drift',
    '15.5',
    '--confidence',
    '.99',
    '--json',
  ];
  expect(doctor(...servers, ...rest)).toMatchObject({
    forMs: 2000,
    timeoutMs: 300,
    falsetickers: 1,
    driftPpm: 15.5,
    confidence: 0.99,
    json: true,
  });
});

test('the time limit of one answer is within the whole time', () => {
  expect(doctor('--for', '500ms')).toMatchObject({ forMs: 500, timeoutMs: 450 });
});

test.each([
  [['--help'], { command: 'help', topic: 'truechimer' }],
  [['-h'], { command: 'help', topic: 'truechimer' }],
  [['help'], { command: 'help', topic: 'truechimer' }],
  [['help', 'doctor'], { command: 'help', topic: 'doctor' }],
  [['doctor', '--for', 'nonsense', '--help'], { command: 'help', topic: 'doctor' }],
  [['--version'], { command: 'version' }],
  [['doctor', '-v'], { command: 'version' }],
])('%j', (argv, expected) => {
  expect(parseCommand(argv)).toEqual(expected);
});

describe('what cannot be right is refused with the requirement, the value and the remedy', () => {
  test.each([
    [[], 'requires a command, got none. Write: truechimer doctor.'],
    [['doktor'], 'requires a command it knows, got "doktor". Write truechimer doctor or truechimer pauses.'],
    [['--json'], 'requires an option it knows, got "--json". Known are --help, --version.'],
    [['doctor', '--sever', 'x'], 'requires an option it knows, got "--sever".'],
    [['doctor', '-x'], 'requires an option it knows, got "-x".'],
    [['doctor', '--constructor'], 'requires an option it knows, got "--constructor".'],
    [
      ['doctor', 'time.example'],
      'takes options only, got "time.example". To ask a server write --server time.example.',
    ],
    [['doctor', '--'], 'takes options only, got "--". Remove it.'],
    [['doctor', '--server'], '--server requires a value, got none. Write --server time.example.net.'],
    [['doctor', '--for', '--json'], '--for requires a value, got none. Write --for 7s.'],
    [['doctor', '--for='], '--for requires a value, got none.'],
    [['doctor', '--json=yes'], '--json takes no value, got "yes". Write --json alone.'],
    [['doctor', '--no-json'], 'requires an option it knows'],
    [['doctor', '--for', '1s', '--for', '2s'], '--for may be given once, got "1s" and "2s". Remove one.'],
    [
      ['doctor', '--falsetickers', '2'],
      '--falsetickers requires a whole number (a minority of 4 servers) from 0 to 1, got "2".',
    ],
    [['doctor', '--server', 'a', '--falsetickers', '1'], '(a minority of 1 server) from 0 to 0, got "1"'],
    [['doctor', '--drift', '-5'], '--drift requires a drift bound in ppm from 0 to 100000, got "-5".'],
    [['doctor', '--confidence', '95'], 'got "95". For 95 % write 0.95.'],
    [['doctor', '--timeout', '0'], '--timeout requires a duration from 1ms to 1m, got "0"'],
  ])('%j', (argv, message) => {
    expect(() => parseCommand(argv)).toThrow(UsageError);
    expect(() => parseCommand(argv)).toThrow(message);
  });

  test('more servers than a clock takes', () => {
    const argv = Array.from({ length: 65 }, (_, index) => ['--server', `s${index}.example`]).flat();
    expect(() => parseCommand(['doctor', ...argv])).toThrow('--server may be given at most 64 times, got 65.');
  });

  test('any arguments give a command or a usage error', () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom('doctor', '--server', '--for', '--json', '--', '-h', '--drift', '5', '=', '--for=1s'),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (argv) => {
        try {
          parseCommand(argv);
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
        }
      }),
    );
  });
});
