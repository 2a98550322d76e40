import { createSocket } from 'node:dgram';
import { performance } from 'node:perf_hooks';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../test/integration/until.ts';
import { goodReply, join, NONCE } from '../../test/support/ntp-packets.ts';
import { udpHandles } from '../../test/support/udp-handles.ts';
import {
  decodeNtpPacket,
  encodeNtpPacket,
  encodeNtpRequest,
  epochFromNtp,
  type NtpPacket,
  type SplitEpoch,
} from '../sync/index.ts';
import { NTP_SERVER_PENDING_MAX, NtpServer, type NtpServerOptions } from './ntp-server.ts';

const REQUEST = encodeNtpRequest(new Uint8Array(48), NONCE);
const QUIET_MS = 100;
/** For what answers: no machine is so late. */
const PATIENT_MS = 60_000;
/** Stamps round down to 2^-32 s. */
const SLACK_MS = 1e-6;

const open: NtpServer[] = [];

async function start(options: NtpServerOptions = {}): Promise<NtpServer> {
  const server = await NtpServer.listen(options);
  open.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

/** Sends a datagram and gives everything that comes back: as soon as there are `wanted`, or after a quiet while. */
function ask(server: NtpServer, datagram: Uint8Array = REQUEST, wanted = 1): Promise<Uint8Array[]> {
  const isIpv6 = server.address.startsWith('[');
  const socket = createSocket(isIpv6 ? 'udp6' : 'udp4');
  return new Promise((resolve, reject) => {
    const answers: Uint8Array[] = [];
    const finish = (): void => {
      clearTimeout(timer);
      socket.close();
      resolve(answers);
    };
    const timer = setTimeout(finish, wanted === 0 ? QUIET_MS : PATIENT_MS);
    socket.on('error', reject);
    socket.on('message', (answer) => {
      answers.push(Uint8Array.from(answer));
      if (answers.length === wanted) finish();
    });
    socket.send(datagram, server.port, isIpv6 ? '::1' : '127.0.0.1');
  });
}

async function askPacket(server: NtpServer, datagram: Uint8Array = REQUEST): Promise<NtpPacket> {
  const [answer] = await ask(server, datagram);
  const decoded = decodeNtpPacket(answer ?? new Uint8Array(0));
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.packet;
}

const msBetween = (from: SplitEpoch, to: SplitEpoch): number =>
  to.wholeMs - from.wholeMs + (to.fractionMs - from.fractionMs);

function request(change: Partial<NtpPacket>): Uint8Array {
  return encodeNtpPacket(goodReply({ mode: 3, transmitTime: NONCE, ...change }));
}

describe('a reply', () => {
  it('repeats the random bits, the version and the poll, and says what it was told to say', async () => {
    const server = await start({ stratum: 5, leap: 1, rootDelayMs: 1000, rootDispersionMs: 500, precision: -18 });
    const packet = await askPacket(server);
    expect(packet).toMatchObject({
      leap: 1,
      version: 4,
      mode: 4,
      stratum: 5,
      pollExponent: 0,
      precisionExponent: -18,
      rootDelayMs: 1000,
      rootDispersionMs: 500,
      originTime: NONCE,
    });
    expect(await askPacket(server, request({ version: 3, pollExponent: 7 }))).toMatchObject({
      version: 3,
      pollExponent: 7,
    });
    expect(server.requests).toBe(2);
  });

  it('claims little when nothing is said: stratum 10 and its own clock', async () => {
    expect(await askPacket(await start())).toMatchObject({ stratum: 10, referenceId: 0x7f7f0101, leap: 0 });
  });

  it('is the wall clock when nothing is said', async () => {
    const server = await start();
    const notBeforeMs = Date.now();
    const { wholeMs } = server.timeAt(performance.now());
    const notAfterMs = Date.now();
    expect(wholeMs).toBeGreaterThan(notBeforeMs - 50);
    expect(wholeMs).toBeLessThan(notAfterMs + 50);
  });

  it('is stamped with what timeAt says, between request and reply', async () => {
    const server = await start({ offsetMs: -5000 });
    const beforeMs = performance.now();
    const packet = await askPacket(server);
    const afterMs = performance.now();
    const [received, sent] = [epochFromNtp(packet.receiveTime), epochFromNtp(packet.transmitTime)];
    expect(msBetween(server.timeAt(beforeMs), received)).toBeGreaterThanOrEqual(-SLACK_MS);
    expect(msBetween(received, sent)).toBeGreaterThanOrEqual(0);
    expect(msBetween(sent, server.timeAt(afterMs))).toBeGreaterThanOrEqual(-SLACK_MS);
  });

  it('comes over IPv6 too', async () => {
    const server = await start({ host: '::1' });
    expect((await askPacket(server)).originTime).toEqual(NONCE);
  });

  it('ignores authenticators and extension fields of the request', async () => {
    const server = await start();
    expect((await askPacket(server, join(REQUEST, new Uint8Array(20)))).originTime).toEqual(NONCE);
  });
});

describe('no reply', () => {
  it.each([
    ['to a reply', request({ mode: 4 })],
    ['to a symmetric peer', request({ mode: 1 })],
    ['to a control message', request({ mode: 6 })],
    ['to a short datagram', REQUEST.subarray(0, 47)],
    ['to an empty datagram', new Uint8Array(0)],
    ['to an unknown version', join([0x3b], REQUEST.subarray(1))],
  ])('%s, which is not counted', async (_, datagram) => {
    const server = await start();
    expect(await ask(server, datagram, 0)).toEqual([]);
    // What comes after it on the same way is counted, so it has been read by now.
    expect(await ask(server)).toHaveLength(1);
    expect(server.requests).toBe(1);
  });

  it('when silent, but it counts', async () => {
    const server = await start({ silent: true });
    expect(await ask(server, REQUEST, 0)).toEqual([]);
    await until(() => server.requests > 0);
    expect(server.requests).toBe(1);
    server.configure({ silent: false });
    expect((await ask(server)).length).toBe(1);
  });

  it('when the request gets lost, as often as it was told', async () => {
    const draws = [0.29, 0.31, 0.1, 0.9];
    const server = await start({ lossRatio: 0.3, random: () => draws.shift() ?? 0.99 });
    const answers: number[] = [];
    // Each request that is not lost draws twice more, for its jitter.
    answers.push((await ask(server, REQUEST, 0)).length);
    answers.push((await ask(server)).length);
    expect(answers).toEqual([0, 1]);
    server.configure({ lossRatio: 1 });
    expect(await ask(server, REQUEST, 0)).toEqual([]);
  });
});

describe('the time', () => {
  it('is ahead by the offset, and changes while it runs', async () => {
    const server = await start();
    const atMs = performance.now();
    const before = server.timeAt(atMs);
    server.configure({ offsetMs: 2.5 });
    expect(msBetween(before, server.timeAt(atMs))).toBeCloseTo(2.5, 9);
    server.configure({ offsetMs: undefined });
    expect(msBetween(before, server.timeAt(atMs))).toBeCloseTo(0, 9);
  });

  it('drifts from the start, and never steps when the drift changes', async () => {
    const server = await start({ driftPpm: 1000 });
    const atMs = performance.now();
    expect(msBetween(server.timeAt(atMs), server.timeAt(atMs + 1000))).toBeCloseTo(1001, 6);
    const nowMs = performance.now();
    const before = server.timeAt(nowMs);
    server.configure({ driftPpm: -1000 });
    const stepMs = Math.abs(msBetween(before, server.timeAt(nowMs)));
    // The rate changes at some moment since: until then the time went on at the old one.
    const sinceMs = performance.now() - nowMs;
    expect(stepMs).toBeLessThanOrEqual(2000e-6 * sinceMs + SLACK_MS);
    expect(msBetween(server.timeAt(atMs), server.timeAt(atMs + 1000))).toBeCloseTo(999, 6);
  });

  it('can be anything: the base is an argument', async () => {
    const wholeMs = Date.UTC(2036, 1, 8);
    const server = await start({ timeAt: () => ({ wholeMs, fractionMs: 0 }), offsetMs: 1000 });
    expect(epochFromNtp((await askPacket(server)).receiveTime).wholeMs).toBe(wholeMs + 1000);
  });
});

describe('delays', () => {
  it('on the way out come before the first stamp, on the way back after the last', async () => {
    const server = await start({ delay: { outMs: 20, backMs: 30 } });
    let shortestMs = Infinity;
    // A machine that stands still between the stamps puts them apart, but not always.
    for (let count = 0; count < 10 && shortestMs >= 20; count += 1) {
      const beforeMs = performance.now();
      const packet = await askPacket(server);
      const afterMs = performance.now();
      const [received, sent] = [epochFromNtp(packet.receiveTime), epochFromNtp(packet.transmitTime)];
      expect(msBetween(server.timeAt(beforeMs), received)).toBeGreaterThanOrEqual(20 - SLACK_MS);
      expect(msBetween(sent, server.timeAt(afterMs))).toBeGreaterThanOrEqual(30 - SLACK_MS);
      shortestMs = Math.min(shortestMs, msBetween(received, sent));
    }
    expect(shortestMs).toBeLessThan(20);
  });

  it('get a random part in each direction', async () => {
    const server = await start({ delay: { jitterMs: 40 }, random: () => 0.5 });
    const beforeMs = performance.now();
    await askPacket(server);
    expect(performance.now() - beforeMs).toBeGreaterThanOrEqual(40);
  });

  it('hold a limited number of requests; what comes above is lost', async () => {
    const backMs = 500;
    const server = await start({ delay: { backMs } });
    const socket = createSocket('udp4');
    let answers = 0;
    socket.on('message', () => (answers += 1));
    const startedMs = performance.now();
    const sent = NTP_SERVER_PENDING_MAX + 100;
    for (let count = 0; count < sent; count += 1) {
      await new Promise((resolve) => socket.send(REQUEST, server.port, '127.0.0.1', resolve));
      if (count % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => server.requests === sent);
    const wasAtOnce = performance.now() - startedMs < backMs;
    await until(() => answers > 0);
    await new Promise((resolve) => setTimeout(resolve, 2 * backMs));
    socket.close();
    if (wasAtOnce) expect(answers).toBeLessThanOrEqual(NTP_SERVER_PENDING_MAX);
  });
});

describe('a kiss', () => {
  it('is sent instead of the time, to the bits of the request', async () => {
    const server = await start({ kiss: 'DENY' });
    expect(await askPacket(server)).toMatchObject({ stratum: 0, leap: 3, referenceId: 0x44454e59, originTime: NONCE });
    server.configure({ kiss: undefined });
    expect(await askPacket(server)).toMatchObject({ stratum: 10 });
  });

  it('RATE is for whoever asks too soon, from whatever port, and ends with patience', async () => {
    const server = await start({ minSpacingMs: 3_600_000 });
    expect((await askPacket(server)).stratum).toBe(10);
    expect(await askPacket(server)).toMatchObject({ stratum: 0, referenceId: 0x52415445 });
    server.configure({ minSpacingMs: 1 });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await askPacket(server)).stratum).toBe(10);
  });
});

describe('tampering', () => {
  it('replaces the reply by any number of datagrams, in order', async () => {
    const server = await start({ tamper: (reply, asked) => [Uint8Array.of(1), reply, asked] });
    const answers = await ask(server, REQUEST, 3);
    expect(answers.map((answer) => answer.length)).toEqual([1, 48, 48]);
    expect(answers[2]).toEqual(Uint8Array.from(REQUEST));
    server.configure({ tamper: () => [] });
    expect(await ask(server, REQUEST, 0)).toEqual([]);
  });
});

describe('its life', () => {
  it('ends with close, which may be called again, and nothing can be changed then', async () => {
    const server = await start({ delay: { backMs: 50_000 } });
    expect(await ask(server, REQUEST, 0)).toEqual([]);
    await server.close();
    await server.close();
    expect(() => server.configure({})).toThrow(expect.objectContaining({ code: 'TC_SERVER_CLOSED' }));
  });

  it('ends with its scope', async () => {
    const server = await start();
    await server[Symbol.asyncDispose]();
    expect(() => server.configure({})).toThrow(expect.objectContaining({ code: 'TC_SERVER_CLOSED' }));
  });

  it('keeps the process alive only when it is told to', async () => {
    await until(() => udpHandles() === 0); // what earlier tests are still closing is closed
    await start({ keepsAlive: false });
    expect(udpHandles()).toBe(0);
    await start();
    expect(udpHandles()).toBe(1);
  });

  it('does not begin on a port that is taken', async () => {
    const server = await start();
    await expect(NtpServer.listen({ port: server.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it.each([
    [{ port: 65_536 }, 'TC_OUT_OF_RANGE'],
    [{ stratum: 256 }, 'TC_OUT_OF_RANGE'],
    [{ leap: 4 as 3 }, 'TC_OUT_OF_RANGE'],
    [{ precision: 128 }, 'TC_OUT_OF_RANGE'],
    [{ driftPpm: 100_001 }, 'TC_OUT_OF_RANGE'],
    [{ driftPpm: -100_001 }, 'TC_OUT_OF_RANGE'],
    [{ offsetMs: NaN }, 'TC_NOT_FINITE'],
    [{ offsetMs: 1e13 }, 'TC_OUT_OF_RANGE'],
    [{ rootDelayMs: -1 }, 'TC_OUT_OF_RANGE'],
    [{ rootDispersionMs: 65_536_000 }, 'TC_OUT_OF_RANGE'],
    [{ lossRatio: 1.1 }, 'TC_OUT_OF_RANGE'],
    [{ kiss: 'TOOLONG' }, 'TC_INVALID_ARGUMENT'],
    [{ kiss: 'né42' }, 'TC_INVALID_ARGUMENT'],
    [{ delay: { outMs: -1 } }, 'TC_OUT_OF_RANGE'],
    [{ delay: { backMs: 60_001 } }, 'TC_OUT_OF_RANGE'],
    [{ minSpacingMs: 1.8e12 }, 'TC_EPOCH_AS_DURATION'],
  ])('refuses settings that cannot be right, and stays as it was: %j', async (options, code) => {
    const server = await start({ stratum: 7 });
    await expect(NtpServer.listen(options)).rejects.toMatchObject({ code });
    if (!('port' in options)) expect(() => server.configure(options)).toThrow(expect.objectContaining({ code }));
    expect((await askPacket(server)).stratum).toBe(7);
  });
});
