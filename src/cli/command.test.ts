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
    [['doktor'], 'requires a command it knows, got "doktor". The only one is: truechimer doctor.'],
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
