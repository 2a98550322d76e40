import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { add, compare, exact, multiply, rational } from '../../test/support/rational.ts';
import { anyNtpPacket, DWELL_MS, goodReply, join, NONCE, SERVER_MS } from '../../test/support/ntp-packets.ts';
import { encodeNtpPacket, encodeNtpRequest, type NtpPacket } from './ntp-packet.ts';
import { judgeReply, kissCodeOf, type ReplyContext, type ReplyJudgement } from './ntp-reply.ts';
import { ntpFromEpoch, NTP_TIMESTAMP_ZERO, type NtpTimestamp } from './ntp-timestamp.ts';

const CONTEXT: ReplyContext = {
  nonce: NONCE,
  sentMs: 5000,
  receivedMs: 5010,
  granularityMs: 0.001,
  server: '192.0.2.1:123',
};

function judge(change: Partial<NtpPacket> = {}, context: Partial<ReplyContext> = {}): ReplyJudgement {
  return judgeReply(encodeNtpPacket(goodReply(change)), { ...CONTEXT, ...context });
}

function outcome(change: Partial<NtpPacket> = {}, context: Partial<ReplyContext> = {}): string {
  const judgement = judge(change, context);
  if (judgement.verdict === 'ignored') return `ignored ${judgement.reason}`;
  const settled = judgement.outcome;
  return settled.outcome === 'rejected' ? `rejected ${settled.reason}` : settled.outcome;
}

function ascii(code: string): number {
  return [0, 1, 2, 3].reduce((id, at) => id * 256 + code.charCodeAt(at), 0);
}

const at = (ms: number): NtpTimestamp =>
  ntpFromEpoch({ wholeMs: SERVER_MS + Math.floor(ms), fractionMs: ms - Math.floor(ms) });

describe('a good reply', () => {
  it('becomes an exchange', () => {
    expect(judge()).toEqual({
      verdict: 'settled',
      outcome: {
        outcome: 'measured',
        exchange: {
          sentMs: 5000,
          receivedMs: 5010,
          serverReceived: { wholeMs: SERVER_MS, fractionMs: 0 },
          serverSent: { wholeMs: SERVER_MS, fractionMs: DWELL_MS },
          sourceErrorMs: 1000 / 1024 + 1000 * 2 ** -20,
          server: '192.0.2.1:123',
          stratum: 2,
          leap: 'none',
        },
      },
    });
  });

  it.each([
    [0, 'none'],
    [1, 'insert'],
    [2, 'delete'],
  ] as const)('with leap indicator %d announces %s', (leap, announced) => {
    expect(judge({ leap })).toMatchObject({ outcome: { exchange: { leap: announced } } });
  });

  it('of version 3 is as good; of version 1 or 2 it was not asked for', () => {
    expect(outcome({ version: 3 })).toBe('measured');
    expect(outcome({ version: 2 })).toBe('ignored wrong-version');
    expect(outcome({ version: 1 })).toBe('ignored wrong-version');
  });

  it('may carry an authenticator that nobody asked for', () => {
    expect(judgeReply(join(encodeNtpPacket(goodReply()), new Uint8Array(20)), CONTEXT)).toEqual(judge());
  });

  it('has an error of root delay / 2 + dispersion + precision, never rounded down and hardly up', () => {
    fc.assert(
      fc.property(anyNtpPacket, (packet) => {
        const { rootDelayMs, rootDispersionMs, precisionExponent } = packet;
        const judgement = judge({ rootDelayMs, rootDispersionMs, precisionExponent }, { rootDistanceMaxMs: 1e300 });
        if (judgement.verdict !== 'settled' || judgement.outcome.outcome !== 'measured')
          throw new Error('not measured');
        const halfDelay = rational(exact(rootDelayMs).numerator, exact(rootDelayMs).denominator * 2n);
        const precision = exact(1000 * 2 ** Math.max(precisionExponent, -32));
        const truth = add(add(halfDelay, exact(rootDispersionMs)), precision);
        const { sourceErrorMs } = judgement.outcome.exchange;
        expect(compare(exact(sourceErrorMs), truth)).toBeGreaterThanOrEqual(0);
        expect(compare(exact(sourceErrorMs), multiply(truth, rational(2n ** 50n + 1n, 2n ** 50n)))).toBeLessThanOrEqual(
          0,
        );
      }),
    );
  });

  it('of the era that begins in 2036 is read in that era', () => {
    const wholeMs = Date.UTC(2036, 1, 7, 6, 28, 16);
    const judgement = judge({
      receiveTime: ntpFromEpoch({ wholeMs: wholeMs - 1, fractionMs: 0.5 }),
      transmitTime: ntpFromEpoch({ wholeMs, fractionMs: DWELL_MS }),
    });
    expect(judgement).toMatchObject({
      outcome: {
        exchange: { serverReceived: { wholeMs: wholeMs - 1 }, serverSent: { wholeMs, fractionMs: DWELL_MS } },
      },
    });
  });

  it('is judged by the difference of its stamps also where the eras of the pivot meet', () => {
    const pivotMs = SERVER_MS - 1000 - 2 ** 31 * 1000; // T2 is the last second of its era, T3 the first of the next
    expect(outcome({ receiveTime: at(-0.5), transmitTime: at(0.5) }, { pivotMs })).toBe('measured');
  });
});

describe('a datagram that counts for nothing', () => {
  it.each([
    ['malformed', {}, 47],
    ['malformed', {}, 20],
    ['malformed', {}, 0],
  ] as const)('is %s when it is cut', (reason, change, length) => {
    const judgement = judgeReply(encodeNtpPacket(goodReply(change)).subarray(0, length), CONTEXT);
    expect(judgement).toMatchObject({ verdict: 'ignored', reason });
  });

  it.each([0, 1, 2, 3, 5, 6, 7])('is of mode %d', (mode) => {
    expect(outcome({ mode })).toBe('ignored wrong-mode');
  });

  it('is our own request, sent back', () => {
    const request = encodeNtpRequest(new Uint8Array(48), NONCE);
    expect(judgeReply(request, CONTEXT)).toMatchObject({ verdict: 'ignored', reason: 'wrong-mode' });
  });

  it.each([
    ['zero', NTP_TIMESTAMP_ZERO],
    ['one bit off in the seconds', { ...NONCE, seconds: NONCE.seconds ^ 1 }],
    ['one bit off in the fraction', { ...NONCE, fraction: NONCE.fraction ^ 1 }],
    ['that of another request', { seconds: 1, fraction: 2 }],
  ])('G9: repeats the wrong bits: %s', (_, originTime) => {
    expect(outcome({ originTime: { seconds: originTime.seconds >>> 0, fraction: originTime.fraction >>> 0 } })).toBe(
      'ignored wrong-origin',
    );
  });

  it('G9: can be a kiss code of somebody who did not see the request: it stops nothing', () => {
    const originTime = { seconds: 1, fraction: 2 };
    for (const code of ['DENY', 'RSTR', 'RATE']) {
      expect(outcome({ stratum: 0, referenceId: ascii(code), originTime })).toBe('ignored wrong-origin');
    }
  });
});

describe('a kiss', () => {
  it.each([
    ['DENY', 'denied'],
    ['RSTR', 'denied'],
    ['RATE', 'rate-limited'],
    ['INIT', 'rejected kiss-of-death'],
    ['XYZZ', 'rejected kiss-of-death'],
  ])('%s is %s, whatever else the packet says', (code, expected) => {
    const kiss = { stratum: 0, referenceId: ascii(code) };
    expect(outcome({ ...kiss, leap: 3 })).toBe(expected);
    expect(outcome({ ...kiss, leap: 0 })).toBe(expected);
    expect(outcome({ ...kiss, receiveTime: NTP_TIMESTAMP_ZERO, transmitTime: NTP_TIMESTAMP_ZERO })).toBe(expected);
    expect(outcome({ ...kiss, rootDelayMs: 60_000 })).toBe(expected);
  });

  it('names its code', () => {
    expect(judge({ stratum: 0, referenceId: ascii('INIT') })).toMatchObject({
      outcome: { detail: expect.stringContaining('INIT') as string },
    });
  });

  it('is four printable characters, not any number', () => {
    expect(kissCodeOf(ascii('RATE'))).toBe('RATE');
    expect(kissCodeOf(0)).toBeUndefined();
    expect(kissCodeOf(0x47505300)).toBeUndefined();
    expect(kissCodeOf(0xff505353)).toBeUndefined();
  });

  it('is only one with stratum 0', () => {
    expect(outcome({ stratum: 1, referenceId: ascii('DENY') })).toBe('measured');
  });
});

describe('a reply that is refused', () => {
  it.each([
    ['leap 3', { leap: 3 }, 'rejected unsynchronized'],
    ['stratum 0 without a code', { stratum: 0, referenceId: 0 }, 'rejected unsynchronized'],
    ['stratum 16', { stratum: 16 }, 'rejected unsynchronized'],
    ['stratum 255', { stratum: 255 }, 'rejected unsynchronized'],
    ['no receive time', { receiveTime: NTP_TIMESTAMP_ZERO }, 'rejected zero-time'],
    ['no transmit time', { transmitTime: NTP_TIMESTAMP_ZERO }, 'rejected zero-time'],
    ['sent before it was received', { receiveTime: at(0), transmitTime: at(-1 / 1024) }, 'rejected server-dwell'],
    ['sent years before it was received', { transmitTime: at(-1e11) }, 'rejected server-dwell'],
  ] as const)('%s', (_, change, expected) => {
    expect(outcome(change)).toBe(expected);
  });

  it('stratum 15 is the last that counts', () => {
    expect(outcome({ stratum: 15 })).toBe('measured');
    expect(outcome({ stratum: 1 })).toBe('measured');
  });

  it('was held for more than four seconds', () => {
    const late = { receivedMs: 5000 + 4100 };
    expect(outcome({ transmitTime: at(4000) }, late)).toBe('measured');
    expect(outcome({ transmitTime: at(4000.5) }, late)).toBe('rejected server-dwell');
  });

  it('came back faster than it was made, beyond what clocks explain', () => {
    const change = { transmitTime: at(12) }; // 12 ms of dwell; 20 % for two clocks in opposite slew is 2.4 ms
    expect(outcome(change, { receivedMs: 5012 })).toBe('measured');
    expect(outcome(change, { receivedMs: 5010 })).toBe('measured');
    expect(outcome(change, { receivedMs: 5009 })).toBe('rejected negative-delay');
    expect(outcome(change, { receivedMs: 5009, granularityMs: 1 })).toBe('measured');
    expect(outcome({ ...change, precisionExponent: -10 }, { receivedMs: 5009 })).toBe('measured');
    expect(outcome(change, { receivedMs: 4990 })).toBe('rejected negative-delay');
  });

  it('admits to more than the limit', () => {
    const limited = { rootDistanceMaxMs: 100 };
    expect(outcome({ rootDelayMs: 100, rootDispersionMs: 49 }, limited)).toBe('measured');
    expect(outcome({ rootDelayMs: 100, rootDispersionMs: 51 }, limited)).toBe('rejected root-distance');
    expect(outcome({ rootDelayMs: 202, rootDispersionMs: 0 }, limited)).toBe('rejected root-distance');
    expect(outcome({ rootDelayMs: 1000, rootDispersionMs: 499 })).toBe('measured');
    expect(outcome({ rootDelayMs: 1000, rootDispersionMs: 501 })).toBe('rejected root-distance');
  });

  it('reads its clock in steps that nobody can use', () => {
    expect(outcome({ precisionExponent: 0 })).toBe('rejected root-distance');
    expect(outcome({ precisionExponent: 127 })).toBe('rejected root-distance');
    expect(outcome({ precisionExponent: -1 })).toBe('measured');
  });
});

describe('no datagram throws', () => {
  it('whatever its bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) =>
        ['ignored', 'settled'].includes(judgeReply(bytes, CONTEXT).verdict),
      ),
    );
  });

  it('whatever a packet with the right bits says, and what is measured is finite', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(anyNtpPacket, fc.integer({ min: 0, max: 5000 }), (packet, elapsedMs) => {
        const change = { ...packet, mode: 4, version: 4, originTime: NONCE };
        const related = elapsedMs % 2 === 0 ? { transmitTime: packet.receiveTime } : {};
        const judgement = judge({ ...change, ...related }, { receivedMs: 5000 + elapsedMs, rootDistanceMaxMs: 1e8 });
        if (judgement.verdict !== 'settled') throw new Error(judgement.reason);
        seen.add(judgement.outcome.outcome);
        if (judgement.outcome.outcome !== 'measured') return;
        const { exchange } = judgement.outcome;
        expect(Number.isFinite(exchange.sourceErrorMs) && exchange.sourceErrorMs > 0).toBe(true);
        expect(exchange.stratum).toBeGreaterThanOrEqual(1);
        expect(exchange.stratum).toBeLessThanOrEqual(15);
      }),
      { numRuns: 3000 },
    );
    expect([...seen].sort()).toEqual(expect.arrayContaining(['measured', 'rejected']));
  });
});
