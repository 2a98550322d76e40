import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyNtpPacket, extensionField, goodReply, join, NONCE } from '../../test/support/ntp-packets.ts';
import {
  decodeNtpPacket,
  encodeNtpPacket,
  encodeNtpRequest,
  NTP_HEADER_BYTES,
  NTP_PACKET_BYTES_MAX,
  type NtpDecodeReason,
} from './ntp-packet.ts';

const reply = encodeNtpPacket(goodReply());
const digest = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(0xaa);

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text.match(/[0-9a-f]{2}/g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function refusal(datagram: Uint8Array): NtpDecodeReason | 'accepted' {
  const result = decodeNtpPacket(datagram);
  return result.ok ? 'accepted' : result.reason;
}

describe('golden vectors', () => {
  it('a request is all zero but version, mode and the random bits', () => {
    const target = new Uint8Array(NTP_HEADER_BYTES).fill(0xff);
    expect(hex(encodeNtpRequest(target, NONCE))).toBe(`23${'00'.repeat(39)}deadbeef01234567`);
  });

  it('a reply, field by field as in RFC 5905 figure 8', () => {
    const text =
      '5c02fbe9' + // leap 1, version 3, mode 4; stratum 2; poll -5; precision -23
      '00010000' + // root delay 1 s
      '00008000' + // root dispersion 0.5 s
      '47505300' + // reference id
      'ed00000080000000' +
      'deadbeef01234567' +
      'ed00000140000000' +
      'ed00000140000001';
    const packet = {
      leap: 1,
      version: 3,
      mode: 4,
      stratum: 2,
      pollExponent: -5,
      precisionExponent: -23,
      rootDelayMs: 1000,
      rootDispersionMs: 500,
      referenceId: 0x47505300,
      referenceTime: { seconds: 0xed000000, fraction: 0x80000000 },
      originTime: NONCE,
      receiveTime: { seconds: 0xed000001, fraction: 0x40000000 },
      transmitTime: { seconds: 0xed000001, fraction: 0x40000001 },
    } as const;
    expect(decodeNtpPacket(bytesOf(text))).toEqual({ ok: true, packet });
    expect(hex(encodeNtpPacket(packet))).toBe(text);
  });

  it('a reply of chronyd 4.3 (local stratum 3), recorded', () => {
    const text = '240300e600000000000000007f7f0101eeb02e50524af6dadeadbeef01234567eeb02e5177d5531feeb02e5177d9c9e6';
    const result = decodeNtpPacket(bytesOf(text));
    expect(result).toMatchObject({
      ok: true,
      packet: { leap: 0, version: 4, mode: 4, stratum: 3, precisionExponent: -26, originTime: NONCE },
    });
  });
});

describe('encoding and decoding', () => {
  it('are inverse for every packet', () => {
    fc.assert(
      fc.property(anyNtpPacket, (packet) => {
        expect(decodeNtpPacket(encodeNtpPacket(packet))).toEqual({ ok: true, packet });
      }),
    );
  });

  it('are inverse for every 48 bytes of a known version', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 48, maxLength: 48 }), (bytes) => {
        const result = decodeNtpPacket(bytes);
        if (result.ok) expect(encodeNtpPacket(result.packet)).toEqual(bytes);
        else expect(result.reason).toBe('bad-version');
      }),
    );
  });

  it('announce root delay and dispersion rounded up', () => {
    const result = decodeNtpPacket(encodeNtpPacket(goodReply({ rootDelayMs: 0.001, rootDispersionMs: 1e-9 })));
    expect(result.ok && result.packet.rootDelayMs).toBe(1000 / 65_536);
    expect(result.ok && result.packet.rootDispersionMs).toBe(1000 / 65_536);
  });

  it('work inside a larger buffer', () => {
    const buffer = new Uint8Array(100).fill(0xee);
    const written = encodeNtpPacket(goodReply(), buffer.subarray(10));
    expect(written.byteOffset).toBe(10);
    expect(written.byteLength).toBe(NTP_HEADER_BYTES);
    expect(buffer[9]).toBe(0xee);
    expect(buffer[58]).toBe(0xee);
    expect(decodeNtpPacket(buffer.subarray(10, 58))).toEqual({ ok: true, packet: goodReply() });
  });

  it.each([
    ['leap', 4],
    ['version', 0],
    ['version', 5],
    ['mode', 8],
    ['stratum', 256],
    ['pollExponent', 128],
    ['precisionExponent', -129],
  ])('refuse to write %s %d', (field, value) => {
    expect(() => encodeNtpPacket(goodReply({ [field]: value }))).toThrow(
      expect.objectContaining({ code: 'TC_OUT_OF_RANGE' }),
    );
  });

  it('refuse a target that is too short', () => {
    const short = new Uint8Array(47);
    expect(() => encodeNtpPacket(goodReply(), short)).toThrow(expect.objectContaining({ code: 'TC_OUT_OF_RANGE' }));
    expect(() => encodeNtpRequest(short, NONCE)).toThrow(expect.objectContaining({ code: 'TC_OUT_OF_RANGE' }));
  });
});

describe('what follows the header', () => {
  it.each([
    ['nothing', join(reply)],
    ['a crypto-NAK', join(reply, digest(4))],
    ['an MD5 authenticator', join(reply, digest(20))],
    ['a SHA-1 authenticator', join(reply, digest(24))],
    ['one extension field of 28 bytes', join(reply, extensionField(28))],
    ['a short extension field and an authenticator', join(reply, extensionField(16), digest(20))],
    ['two extension fields', join(reply, extensionField(16), extensionField(28))],
    ['two extension fields and an authenticator', join(reply, extensionField(16), extensionField(16), digest(24))],
  ])('is passed over: %s', (_, datagram) => {
    expect(decodeNtpPacket(datagram)).toEqual({ ok: true, packet: goodReply() });
  });

  it.each([
    ['too-short', reply.subarray(0, 47)],
    ['too-short', reply.subarray(0, 20)],
    ['too-short', new Uint8Array(0)],
    ['too-long', new Uint8Array(NTP_PACKET_BYTES_MAX + 4).fill(0x24)],
    ['bad-length', join(reply, [0])],
    ['bad-length', join(reply, digest(21))],
    ['bad-length', join(reply, digest(8))],
    ['bad-length', join(reply, digest(12))],
    ['bad-length', join(reply, extensionField(16))],
    ['bad-length', join(reply, extensionField(16), digest(16))],
    ['bad-extension', join(reply, extensionField(12, 28))],
    ['bad-extension', join(reply, extensionField(0, 28))],
    ['bad-extension', join(reply, extensionField(30, 32))],
    ['bad-extension', join(reply, extensionField(32, 28))],
    ['bad-extension', join(reply, extensionField(65_532, 28))],
    ['bad-version', join([0x04], reply.subarray(1))],
    ['bad-version', join([0x2c], reply.subarray(1))],
  ] as const)('is refused: %s', (reason, datagram) => {
    expect(refusal(datagram)).toBe(reason);
  });
});

describe('G10: no input throws', () => {
  it('whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1600 }), (bytes) => {
        expect(typeof decodeNtpPacket(bytes).ok).toBe('boolean');
      }),
    );
  });

  it('whatever is changed in a valid packet with extension fields', () => {
    const valid = join(reply, extensionField(16), extensionField(28), digest(20));
    const change = fc.record({ at: fc.nat(valid.length - 1), byte: fc.integer({ min: 0, max: 255 }) });
    const seen = new Set<string>();
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), fc.nat(valid.length), (changes, length) => {
        const bytes = Uint8Array.from(valid);
        for (const { at, byte } of changes) bytes[at] = byte;
        seen.add(refusal(length % 3 === 0 ? bytes.subarray(0, length) : bytes));
      }),
      { numRuns: 2000 },
    );
    expect([...seen].sort()).toEqual(['accepted', 'bad-extension', 'bad-length', 'bad-version', 'too-short']);
  });
});
