import { describe, expect, it } from 'vitest';
import { BoundedClock, type StartOptions } from './bounded-clock.ts';
import { ntp } from './ntp.ts';
import { NtpServer, type NtpServerOptions } from './ntp-server.ts';

const SOURCES = ['127.0.0.1:1', '127.0.0.1:2'];

/** What `start` and `startWithoutWaiting` say; nothing is opened before the options are right. */
async function told(options: unknown): Promise<string> {
  const error: unknown = await BoundedClock.start(options as StartOptions).catch((reason: unknown) => reason);
  expect(() => BoundedClock.startWithoutWaiting(options as StartOptions)).toThrow((error as Error).message);
  return (error as Error).message;
}

describe('BoundedClock.start', () => {
  it.each<[string, unknown, string]>([
    [
      'no options',
      undefined,
      'BoundedClock.start: sources must be a list of NTP addresses or time sources, got undefined',
    ],
    ['null', null, 'BoundedClock.start: requires an object of options, got null'],
    ['a list of addresses alone', SOURCES, 'requires an object of options, got an array of 2'],
    ['a misspelt option', { sources: SOURCES, waitMS: 5 }, 'unknown option waitMS. Did you mean waitMs?'],
    ['a wait as text', { sources: SOURCES, waitMs: '5' }, 'BoundedClock.start waitMs: requires a duration'],
    ['an epoch as a wait', { sources: SOURCES, waitMs: 1.79e12 }, 'BoundedClock.start waitMs: requires a duration'],
    ['a timeout as text', { sources: SOURCES, timeoutMs: '5' }, 'BoundedClock.start timeoutMs: requires a duration'],
    ['one address', { sources: 'time.example.net' }, 'got string "time.example.net". Pass for example ['],
    [
      'a URL',
      { sources: ['a', 'ntp://b'] },
      'BoundedClock.start sources[1]: requires the address of an NTP server, got "ntp://b": it is a URL: pass host[:port] without ntp://.',
    ],
    [
      'a number among the sources',
      { sources: ['a', 5] },
      'BoundedClock.start sources[1]: requires an NTP address (a string) or a time source, got 5',
    ],
    ['an address twice', { sources: ['a', 'a:123'] }, 'got "a:123" twice. Remove the duplicate.'],
    ['a port as a clock', { sources: SOURCES, clock: 5 }, 'BoundedClock.start clock: requires a clock, got 5'],
  ])('refuses %s', async (_, options, words) => {
    expect(await told(options)).toContain(words);
  });

  it('says of a server what to pass', async () => {
    const server = await NtpServer.listen();
    expect(await told({ sources: [server] })).toContain('got an NtpServer. Pass its address: server.address.');
    await server.close();
  });

  it('takes an undefined random for none', () => {
    BoundedClock.startWithoutWaiting({ sources: SOURCES, random: undefined } as unknown as StartOptions).stop();
  });
});

describe('ntp', () => {
  it('names what is wrong', () => {
    const wrong = (options: unknown) => () => ntp('time.example.net', options as never);
    expect(wrong({ rootDistanceMs: 5 })).toThrow('ntp: unknown option rootDistanceMs. Did you mean rootDistanceMaxMs?');
    expect(wrong(null)).toThrow('ntp: requires an object of options, got null');
    expect(wrong({ pace: { pollMinMS: 5 } })).toThrow(
      'NtpSource pace: unknown option pollMinMS. Did you mean pollMinMs?',
    );
    expect(wrong({ pace: 16 })).toThrow('NtpSource pace: requires an object of options, got 16');
    expect(wrong({ pace: { pollMinMs: '5' } })).toThrow('NtpSource pace.pollMinMs: requires a duration');
    expect(wrong({ rootDistanceMaxMs: -1 })).toThrow('NtpSource rootDistanceMaxMs: requires a duration');
  });
});

describe('NtpServer.listen', () => {
  it.each<[unknown, string]>([
    [5, 'NtpServer.listen: requires an object of options, got 5'],
    [{ offset: 5 }, 'NtpServer.listen: unknown option offset. Did you mean offsetMs?'],
    [
      { host: 'localhost' },
      'NtpServer.listen host: requires an IP address of this machine, got string "localhost". Pass \'127.0.0.1\'',
    ],
    [{ host: 5 }, 'NtpServer.listen host: '],
    [{ port: '123' }, 'NtpServer.listen port: requires a port, got string "123"'],
    [{ driftPpm: '5' }, 'NtpServer driftPpm: requires a drift, got string "5"'],
    [{ driftPpm: -100_001 }, 'NtpServer driftPpm: requires a drift from -100000 ppm'],
    [{ timeAt: 5 }, 'NtpServer timeAt: requires a function, got 5'],
    [{ random: 0.5 }, 'NtpServer random: requires a function, got 0.5'],
    [{ tamper: true }, 'NtpServer tamper: requires a function'],
    [{ silent: 'no' }, 'NtpServer silent: requires true or false, got string "no"'],
    [{ keepsAlive: 0 }, 'NtpServer.listen keepsAlive: requires true or false, got 0'],
    [{ kiss: 1234 }, 'NtpServer kiss: requires a kiss code'],
    [{ delay: 5 }, 'NtpServer delay: requires an object of options, got 5'],
    [{ delay: { out: 5 } }, 'NtpServer delay: unknown option out. Did you mean outMs?'],
    [{ delay: { backMs: -5 } }, 'NtpServer delay.backMs: requires a duration'],
  ])('refuses %j', async (options, words) => {
    await expect(NtpServer.listen(options as NtpServerOptions)).rejects.toThrow(words);
  });

  it('keeps its address when it is configured, and says so', async () => {
    const server = await NtpServer.listen();
    expect(() => server.configure({ port: 5 } as object)).toThrow('NtpServer.configure: unknown option port.');
    expect(() => server.configure({ lossratio: 1 } as object)).toThrow('Did you mean lossRatio?');
    await server.close();
  });
});
