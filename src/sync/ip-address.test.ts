import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ipFamilyOf, isLocalhostName, isLoopbackIp, parseIpv4, parseIpv6 } from './ip-address.ts';

describe('parseIpv4', () => {
  it('reads every address', () => {
    fc.assert(fc.property(fc.ipV4(), (text) => parseIpv4(text)?.join('.') === text));
  });

  it.each(['', '1.2.3', '1.2.3.4.5', '1.2.3.256', '01.2.3.4', '1.2.3.', '1.2.3.a', ' 1.2.3.4', '1.2.3.-4'])(
    'refuses %j',
    (text) => {
      expect(parseIpv4(text)).toBeUndefined();
    },
  );
});

describe('parseIpv6', () => {
  it.each([
    ['::', [0, 0, 0, 0, 0, 0, 0, 0]],
    ['::1', [0, 0, 0, 0, 0, 0, 0, 1]],
    ['0:0:0:0:0:0:0:1', [0, 0, 0, 0, 0, 0, 0, 1]],
    ['2001:DB8::', [0x2001, 0xdb8, 0, 0, 0, 0, 0, 0]],
    ['1:2:3:4:5:6:7:8', [1, 2, 3, 4, 5, 6, 7, 8]],
    ['1::3:4:5:6:7:8', [1, 0, 3, 4, 5, 6, 7, 8]],
    ['::ffff:192.0.2.1', [0, 0, 0, 0, 0, 0xffff, 0xc000, 0x0201]],
    ['fe80::1%eth0', [0xfe80, 0, 0, 0, 0, 0, 0, 1]],
  ])('reads %s', (text, groups) => {
    expect(parseIpv6(text)).toEqual(groups);
  });

  it('reads every address', () => {
    fc.assert(fc.property(fc.ipV6(), (text) => parseIpv6(text)?.length === 8));
  });

  it.each([
    '',
    ':',
    ':::',
    '1',
    '1:2',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    '1:2:3:4::5:6:7:8',
    '12345::',
    'g::',
    '::1%',
    '1.2.3.4::',
    '::1.2.3',
    '1.2.3.4',
    '1:2:3:4:5:6:7:',
    ':1:2:3:4:5:6:7',
  ])('refuses %j', (text) => {
    expect(parseIpv6(text)).toBeUndefined();
  });
});

describe('ipFamilyOf', () => {
  it('tells addresses from names', () => {
    expect(ipFamilyOf('192.0.2.1')).toBe(4);
    expect(ipFamilyOf('2001:db8::1')).toBe(6);
    expect(ipFamilyOf('time.example.net')).toBeUndefined();
  });
});

describe('isLoopbackIp', () => {
  it.each(['127.0.0.1', '127.255.255.254', '::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1', '::ffff:7f12:3456'])(
    'is true of %s',
    (ip) => {
      expect(isLoopbackIp(ip)).toBe(true);
    },
  );

  it.each([
    '128.0.0.1',
    '126.255.255.255',
    '10.0.0.127',
    '::',
    '::2',
    '::127.0.0.1',
    '::fffe:127.0.0.1',
    '::ffff:128.0.0.1',
    '1::1',
    '1::ffff:127.0.0.1',
    'fe80::1',
    'localhost',
    '127.0.0.1.example.net',
  ])('is false of %s', (ip) => {
    expect(isLoopbackIp(ip)).toBe(false);
  });
});

describe('isLocalhostName', () => {
  it('knows the names that are this machine by definition', () => {
    for (const name of ['localhost', 'LOCALHOST', 'localhost.', 'a.localhost'])
      expect(isLocalhostName(name)).toBe(true);
    for (const name of ['localhost.example.net', 'notlocalhost', '']) expect(isLocalhostName(name)).toBe(false);
  });
});
