import { createSocket, Socket } from 'node:dgram';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ClockPort } from '../core/index.ts';
import { until } from '../../test/integration/until.ts';
import { withEnoughTime } from '../../test/support/enough-time.ts';
import { replyTo } from '../../test/support/scripted-transport.ts';
import { udpHandles } from '../../test/support/udp-handles.ts';
import {
  encodeNtpPacket,
  encodeNtpRequest,
  type MeasureOutcome,
  ntpFromEpoch,
  type NtpAddress,
  type NtpPacket,
  type NtpQuery,
  type NtpQueryResult,
  type SplitEpoch,
} from '../sync/index.ts';
import { decodeNtpPacket } from '../sync/ntp-packet.ts';
import { NtpServer, type NtpServerOptions } from './ntp-server.ts';
import { ntp } from './ntp.ts';
import { systemClock } from './system-clock.ts';
import { udpTransport } from './udp-transport.ts';

const clock = systemClock.port;
const original = Socket.prototype.send;
/** For what answers: no machine is so late. */
const PATIENT_MS = 60_000;
const SHORT_MS = 150;

let server: NtpServer;

async function listen(options: NtpServerOptions = {}): Promise<void> {
  await server.close();
  server = await NtpServer.listen(options);
}

beforeEach(async () => {
  server = await NtpServer.listen();
});

afterEach(async () => {
  await server.close();
});

function measure(timeoutMs = PATIENT_MS, address = server.address): Promise<MeasureOutcome> {
  return ntp(address).measure({ clock, timeoutMs, signal: new AbortController().signal });
}

/** Milliseconds from one moment to another. */
function msBetween(from: SplitEpoch, to: SplitEpoch): number {
  return to.wholeMs - from.wholeMs + (to.fractionMs - from.fractionMs);
}

/** One unit of a stamp, which rounds down. */
const STAMP_STEP_MS = 1000 / 2 ** 32;

function expectTruth(outcome: MeasureOutcome): void {
  if (outcome.outcome !== 'measured') throw new Error(JSON.stringify(outcome));
  const { sentMs, receivedMs, serverReceived, serverSent, sourceErrorMs } = outcome.exchange;
  const slackMs = sourceErrorMs + STAMP_STEP_MS;
  expect(msBetween(server.timeAt(sentMs), serverReceived)).toBeGreaterThanOrEqual(-slackMs);
  expect(msBetween(serverSent, server.timeAt(receivedMs))).toBeGreaterThanOrEqual(-slackMs);
  expect(msBetween(serverReceived, serverSent)).toBeGreaterThanOrEqual(0);
  expect(receivedMs).toBeGreaterThanOrEqual(sentMs);
}

/** Changes a reply of the server, which already repeats the right bits. */
function changed(reply: Uint8Array, change: Partial<NtpPacket>): Uint8Array {
  const decoded = decodeNtpPacket(reply);
  if (!decoded.ok) throw new Error(decoded.reason);
  return encodeNtpPacket({ ...decoded.packet, ...change });
}

const WRONG_ORIGIN = { originTime: { seconds: 1, fraction: 2 } };
const YEARS_OFF = ntpFromEpoch({ wholeMs: Date.UTC(2061, 0, 1), fractionMs: 0 });
const FORGED = { ...WRONG_ORIGIN, receiveTime: YEARS_OFF, transmitTime: YEARS_OFF };
const RANDOM_BYTES = Uint8Array.from({ length: 48 }, (_, index) => (index * 151 + 36) & 0xff);

describe('an exchange on real sockets', () => {
  it('holds the truth, over IPv4', async () => {
    for (let count = 0; count < 50; count += 1) expectTruth(await measure());
    expect(server.requests).toBe(50);
  });

  it('holds the truth, over IPv6', async () => {
    await listen({ host: '::1' });
    expect(server.address).toMatch(/^\[::1\]:\d+$/);
    for (let count = 0; count < 20; count += 1) expectTruth(await measure());
  });

  it('holds the truth for every name of this machine, whichever family has the server', async () => {
    expectTruth(await measure(PATIENT_MS, `localhost:${server.port}`));
  });

  it.each([
    ['years ahead', { offsetMs: 3 * 365 * 86_400_000 }],
    ['years behind', { offsetMs: -30 * 365 * 86_400_000 }],
    ['slow paths', { delay: { outMs: 3, backMs: 12, jitterMs: 2 } }],
    ['a drifting clock', { driftPpm: 500 }],
    [
      'the era that begins in 2036',
      { timeAt: (ms: number) => ({ wholeMs: Date.UTC(2036, 1, 8) + Math.floor(ms), fractionMs: ms - Math.floor(ms) }) },
    ],
    ['version 3 in the reply', { tamper: (reply: Uint8Array) => [changed(reply, { version: 3 })] }],
  ] satisfies [string, NtpServerOptions][])('holds what the server says, with %s', async (_, options) => {
    server.configure(options);
    for (let count = 0; count < 5; count += 1) expectTruth(await measure());
  });
});

describe('G9: what counts for nothing is ignored, and the real reply still counts', () => {
  it.each([
    ['forged, years off', (reply: Uint8Array) => [changed(reply, FORGED), reply]],
    [
      'forged without any origin',
      (reply: Uint8Array) => [changed(reply, { ...FORGED, originTime: { seconds: 0, fraction: 0 } }), reply],
    ],
    ['cut to 20 bytes', (reply: Uint8Array) => [reply.subarray(0, 20), reply]],
    ['cut to 47 bytes', (reply: Uint8Array) => [reply.subarray(0, 47), reply]],
    ['empty', (reply: Uint8Array) => [new Uint8Array(0), reply]],
    ['48 random bytes', (reply: Uint8Array) => [RANDOM_BYTES, reply]],
    ['1400 bytes of zero', (reply: Uint8Array) => [new Uint8Array(1400), reply]],
    ['9000 bytes', (reply: Uint8Array) => [new Uint8Array(9000).fill(0x24), reply]],
    ['a broadcast', (reply: Uint8Array) => [changed(reply, { mode: 5 }), reply]],
    ['the request itself', (reply: Uint8Array, request: Uint8Array) => [request, reply]],
    ['of version 2', (reply: Uint8Array) => [changed(reply, { version: 2 }), reply]],
    [
      'a forged DENY',
      (reply: Uint8Array) => [changed(reply, { ...WRONG_ORIGIN, stratum: 0, referenceId: 0x44454e59 }), reply],
    ],
    [
      'a forged RATE',
      (reply: Uint8Array) => [changed(reply, { ...WRONG_ORIGIN, stratum: 0, referenceId: 0x52415445 }), reply],
    ],
    ['all of that', (reply: Uint8Array) => [changed(reply, FORGED), reply.subarray(0, 20), RANDOM_BYTES, reply]],
  ])('%s', async (_, tamper) => {
    server.configure({ tamper });
    expectTruth(await measure());
  });

  it('and without a real reply it is a timeout', async () => {
    server.configure({ tamper: (reply) => [changed(reply, FORGED), RANDOM_BYTES] });
    const outcome = await withEnoughTime(async (timeoutMs) => {
      const measured = await measure(timeoutMs);
      return measured.outcome === 'timeout' && !measured.detail.includes('2 datagrams') ? 'too late' : measured;
    });
    expect(outcome.outcome).toBe('timeout');
  });

  it('duplicates and contradictions after the first reply', async () => {
    server.configure({
      tamper: (reply) => [reply, reply, changed(reply, { receiveTime: YEARS_OFF, transmitTime: YEARS_OFF })],
    });
    for (let count = 0; count < 5; count += 1) expectTruth(await measure());
  });

  it('the reply to the measurement before, repeated in the next', async () => {
    let before: Uint8Array | undefined;
    server.configure({
      tamper: (reply) => {
        const late = before === undefined ? [] : [before];
        before = changed(reply, { receiveTime: YEARS_OFF, transmitTime: YEARS_OFF });
        return [...late, reply];
      },
    });
    for (let count = 0; count < 3; count += 1) expectTruth(await measure());
  });
});

describe('what must not be used is refused', () => {
  const dwellOf = (ms: number) => (reply: Uint8Array) => [
    changed(reply, {
      receiveTime: ntpFromEpoch({ wholeMs: 1.8e12, fractionMs: 0 }),
      transmitTime: ntpFromEpoch({ wholeMs: 1.8e12 + ms, fractionMs: 0 }),
    }),
  ];

  it.each([
    ['unsynchronized', { leap: 3 }],
    ['unsynchronized', { stratum: 0 }],
    ['unsynchronized', { stratum: 16 }],
    ['root-distance', { rootDelayMs: 2100 }],
    ['root-distance', { rootDispersionMs: 1100 }],
    ['root-distance', { precision: 4 }],
    ['kiss-of-death', { kiss: 'INIT' }],
    ['zero-time', { tamper: (reply: Uint8Array) => [changed(reply, { receiveTime: { seconds: 0, fraction: 0 } })] }],
    ['zero-time', { tamper: (reply: Uint8Array) => [changed(reply, { transmitTime: { seconds: 0, fraction: 0 } })] }],
    ['server-dwell', { tamper: dwellOf(-1) }],
    ['server-dwell', { tamper: dwellOf(5000) }],
    ['negative-delay', { tamper: dwellOf(3999) }],
  ] satisfies [string, NtpServerOptions][])('%s', async (reason, options) => {
    server.configure(options);
    // Shorter than the longest time that a server here says it took: an exchange that takes longer has room for that.
    const outcome = await withEnoughTime(async (timeoutMs) => {
      const measured = await measure(Math.min(2000, timeoutMs));
      return measured.outcome === 'timeout' ? 'too late' : measured;
    });
    expect(outcome).toMatchObject({ outcome: 'rejected', reason });
  });

  it.each([
    ['DENY', 'denied'],
    ['RSTR', 'denied'],
    ['RATE', 'rate-limited'],
  ])('%s from the server itself is obeyed', async (kiss, expected) => {
    server.configure({ kiss });
    expect((await measure()).outcome).toBe(expected);
  });
});

describe('nobody there', () => {
  it('silence is a timeout, not before its time', async () => {
    server.configure({ silent: true });
    const startedMs = clock.monotonicMs();
    expect(await measure(SHORT_MS)).toMatchObject({ outcome: 'timeout' });
    // Both ends of a platform timer are in whole milliseconds of the loop's own clock: it was seen 1.02 ms early.
    expect(clock.monotonicMs() - startedMs).toBeGreaterThanOrEqual(SHORT_MS - 2);
    await until(() => server.requests > 0);
    expect(server.requests).toBe(1);
  });

  it('a closed port is unreachable, long before the timeout', async () => {
    const { address } = server;
    await server.close();
    const outcome = await measure(60_000, address);
    expect(outcome).toMatchObject({
      outcome: 'unreachable',
      detail: expect.stringContaining('ECONNREFUSED') as string,
    });
  });

  it('a name that does not exist is unreachable or silent', async () => {
    const outcome = await measure(5000, 'does-not-exist.invalid');
    expect(['unreachable', 'timeout']).toContain(outcome.outcome);
  });
});

/** Runs one query on a bare transport against a bare socket. */
function query(port: number, options: Partial<NtpQuery> = {}): Promise<NtpQueryResult> {
  const address: NtpAddress = { ip: '127.0.0.1', family: 4, port };
  const request = encodeNtpRequest(new Uint8Array(48), { seconds: 3, fraction: 4 });
  const signal = new AbortController().signal;
  return udpTransport().query({
    address,
    request,
    clock,
    timeoutMs: PATIENT_MS,
    signal,
    accept: () => true,
    ...options,
  });
}

function bind(): Promise<Socket> {
  const socket = createSocket('udp4');
  return new Promise((resolve) => {
    socket.bind(0, '127.0.0.1', () => resolve(socket));
  });
}

describe('the transport itself', () => {
  it('takes nothing from any other address, not even from the same machine', async () => {
    const [asked, stranger] = await Promise.all([bind(), bind()]);
    asked.on('message', (request, from) => {
      stranger.send(replyTo(request), from.port, from.address, () => {
        asked.send(Uint8Array.of(1, 2, 3), from.port, from.address);
      });
    });
    const seen: number[][] = [];
    const result = await query(asked.address().port, {
      accept: (datagram) => {
        seen.push([...datagram]);
        return true;
      },
    });
    expect(result).toEqual({ result: 'accepted' });
    expect(seen).toEqual([[1, 2, 3]]);
    asked.close();
    stranger.close();
  });

  it('stamps before it sends: the last reading before the datagram is handed over is T1', async () => {
    let lastReadMs = 0;
    const watched: ClockPort = Object.create(clock, {
      monotonicMs: { value: () => (lastReadMs = clock.monotonicMs()) },
    }) as ClockPort;
    let readBeforeSendMs = NaN;
    const request = encodeNtpRequest(new Uint8Array(48), { seconds: 3, fraction: 4 });
    const send = vi.spyOn(Socket.prototype, 'send');
    send.mockImplementation(function (this: Socket, ...given: unknown[]) {
      if (given[0] === request) readBeforeSendMs = lastReadMs;
      return Reflect.apply(original, this, given) as undefined;
    });
    const stamps: { readonly sentMs: number; readonly receivedMs: number }[] = [];
    await query(server.port, { clock: watched, request, accept: (_, stamped) => stamps.push(stamped) > 0 });
    expect(stamps.map(({ sentMs }) => sentMs)).toEqual([readBeforeSendMs]);
    expect(stamps[0]?.receivedMs).toBeGreaterThan(readBeforeSendMs);
  });

  it('asks from a new port each time', async () => {
    const socket = await bind();
    const ports = new Set<number>();
    socket.on('message', (request, from) => {
      ports.add(from.port);
      socket.send(request, from.port, from.address);
    });
    for (let count = 0; count < 10; count += 1) await query(socket.address().port);
    expect(ports.size).toBeGreaterThan(5);
    socket.close();
  });

  it('counts what was ignored, and goes on waiting', async () => {
    server.configure({ tamper: (reply) => [reply, reply, reply] });
    const result = await withEnoughTime(async (timeoutMs) => {
      let seen = 0;
      const ended = await query(server.port, { timeoutMs, accept: () => (seen += 1) < 0 });
      return seen < 3 ? 'too late' : ended;
    });
    expect(result).toEqual({ result: 'timeout', ignored: 3 });
  });

  it('is unreachable when aborted, before or while it waits', async () => {
    const aborted = { result: 'unreachable', detail: expect.stringContaining('aborted') as string };
    expect(await query(server.port, { signal: AbortSignal.abort() })).toEqual(aborted);
    server.configure({ silent: true });
    const abort = new AbortController();
    const pending = query(server.port, { signal: abort.signal, timeoutMs: 60_000 });
    abort.abort();
    expect(await pending).toEqual(aborted);
    const later = new AbortController();
    const waiting = query(server.port, { signal: later.signal, timeoutMs: 60_000 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    later.abort();
    expect(await waiting).toEqual(aborted);
  });

  it('says what went wrong when a datagram cannot be judged', async () => {
    const result = await query(server.port, {
      accept: () => {
        throw new Error('the judge is ill');
      },
    });
    expect(result).toEqual({ result: 'unreachable', detail: `127.0.0.1:${server.port}: the judge is ill` });
  });

  it('is unreachable where there is no address', async () => {
    const address: NtpAddress = { ip: '255.255.255.255', family: 4, port: 123 };
    expect(await query(0, { address })).toMatchObject({ result: 'unreachable' });
  });

  it('keeps no process alive while it waits, and leaves nothing behind', async () => {
    await until(() => udpHandles() === 1); // what earlier tests are still closing is closed
    server.configure({ silent: true });
    const abort = new AbortController();
    const pending = query(server.port, { signal: abort.signal, timeoutMs: 60_000 });
    await until(() => server.requests > 0);
    expect(udpHandles()).toBe(1);
    abort.abort();
    await pending;
    await new Promise((resolve) => setImmediate(resolve));
    expect(udpHandles()).toBe(1);
  });

  it('resolves an address to itself, and localhost to this machine', async () => {
    const { resolve } = udpTransport();
    const { signal } = new AbortController();
    expect(await resolve('192.0.2.7', 99, signal)).toEqual([{ ip: '192.0.2.7', family: 4, port: 99 }]);
    expect(await resolve('2001:db8::7', 99, signal)).toEqual([{ ip: '2001:db8::7', family: 6, port: 99 }]);
    const local = await resolve('localhost', 99, signal);
    expect(local.length).toBeGreaterThan(0);
    for (const { ip } of local) expect(['127.0.0.1', '::1']).toContain(ip);
  });

  it('does not look a name up when aborted before', async () => {
    const aborted = udpTransport().resolve('localhost', 123, AbortSignal.abort());
    await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('settles a lookup under way when the resolver does, not when aborted: the next one must not begin before', async () => {
    const abort = new AbortController();
    const pending = udpTransport().resolve('localhost', 123, abort.signal);
    abort.abort();
    expect((await pending).length).toBeGreaterThan(0);
  });

  it('fills with random bytes', () => {
    const [a, b] = [new Uint8Array(16), new Uint8Array(16)];
    udpTransport().fillRandom(a);
    udpTransport().fillRandom(b);
    expect(a).not.toEqual(b);
  });
});
