import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatNtpAddress, formatNtpEndpoint, parseNtpAddress, requireNtpHost, requireNtpPort } from './ntp-address.ts';

const INVALID = expect.objectContaining({ code: 'TC_INVALID_ARGUMENT' }) as unknown as Error;

describe('parseNtpAddress', () => {
  it.each([
    ['time.example.net', 'time.example.net', 123],
    ['time.example.net:1123', 'time.example.net', 1123],
    ['localhost', 'localhost', 123],
    ['my_ntp-1:1', 'my_ntp-1', 1],
    ['zeit.müller.example', 'zeit.müller.example', 123],
    ['time.example.net.', 'time.example.net.', 123],
    ['192.0.2.1', '192.0.2.1', 123],
    ['192.0.2.1:65535', '192.0.2.1', 65_535],
    ['2001:db8::1', '2001:db8::1', 123],
    ['::1', '::1', 123],
    ['[2001:db8::1]', '2001:db8::1', 123],
    ['[2001:db8::1]:1123', '2001:db8::1', 1123],
    ['[fe80::1%eth0]:123', 'fe80::1%eth0', 123],
  ])('reads %s', (text, host, port) => {
    expect(parseNtpAddress(text)).toEqual({ host, port });
  });

  it.each([
    '',
    ' ',
    ':123',
    'host:',
    'host:0',
    'host:65536',
    'host:1e3',
    'host:+1',
    'host: 123',
    'host:123:',
    'host:12:34',
    'ntp://host',
    'host/path',
    'user@host',
    'a b',
    'a..b',
    '-host',
    '.host',
    '[host]:123',
    '[192.0.2.1]:123',
    '[::1',
    '::1]',
    '[]',
    '[::1]123',
    '[::1]:',
    '[::1]:0',
    '1.2.3',
    '1.2.3.256',
    '1.2.3.4.5',
    'x'.repeat(256),
    'host\n',
  ])('refuses %j', (text) => {
    expect(() => parseNtpAddress(text)).toThrow(INVALID);
  });

  it('refuses what is no string, and names the operation and the remedy', () => {
    expect(() => parseNtpAddress(undefined as unknown as string)).toThrow(INVALID);
    expect(() => parseNtpAddress('a b', 'ntp')).toThrow(
      /^ntp: requires the address of an NTP server, got "a b": .*192\.0\.2\.1:123/,
    );
  });

  it.each(['ntp://host', 'udp://192.0.2.1:123', 'http://host/', 'NTS+ntp://[::1]'])(
    'says of %s that it is a URL',
    (text) => {
      const scheme = text.slice(0, text.indexOf('//') + 2);
      expect(() => parseNtpAddress(text)).toThrow(`it is a URL: pass host[:port] without ${scheme}. `);
    },
  );

  it('throws nothing but the code, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('[', ']', ':', '.', '%', '1', 'a'), maxLength: 12 })),
        (text) => {
          try {
            const { host, port } = parseNtpAddress(text);
            expect(host).not.toBe('');
            expect(port).toBeGreaterThanOrEqual(1);
          } catch (error) {
            expect(error).toEqual(INVALID);
          }
        },
      ),
    );
  });

  it('reads back what formatNtpAddress writes', () => {
    const anyHost = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain());
    fc.assert(
      fc.property(anyHost, fc.integer({ min: 1, max: 65_535 }), (host, port) => {
        expect(parseNtpAddress(formatNtpAddress({ host, port }))).toEqual({ host, port });
      }),
    );
  });
});

describe('formatNtpEndpoint', () => {
  it('puts IPv6 addresses in brackets', () => {
    expect(formatNtpEndpoint({ ip: '192.0.2.1', family: 4, port: 123 })).toBe('192.0.2.1:123');
    expect(formatNtpEndpoint({ ip: '::1', family: 6, port: 1123 })).toBe('[::1]:1123');
  });
});

describe('requireNtpHost and requireNtpPort', () => {
  it('take no brackets and no ports', () => {
    expect(requireNtpHost('x', '::1')).toBe('::1');
    for (const host of ['[::1]', 'host:123', '', 3 as unknown as string])
      expect(() => requireNtpHost('x', host)).toThrow(INVALID);
  });

  it('take whole numbers from 1 to 65535', () => {
    expect(requireNtpPort('x', 65_535)).toBe(65_535);
    for (const port of [0, -1, 65_536])
      expect(() => requireNtpPort('x', port)).toThrow(expect.objectContaining({ code: 'TC_OUT_OF_RANGE' }));
    expect(() => requireNtpPort('x', 1.5)).toThrow(INVALID);
    expect(() => requireNtpPort('x', NaN)).toThrow(expect.objectContaining({ code: 'TC_NOT_FINITE' }));
  });
});
