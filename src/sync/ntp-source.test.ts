import { describe, expect, it } from 'vitest';
import { settlePromises } from '../../test/support/manual-clock.ts';
import { SERVER_MS } from '../../test/support/ntp-packets.ts';
import { ipAddress, reply, replyTo, type ScriptedTransport } from '../../test/support/scripted-transport.ts';
import { NTP_RESOLVE_EVERY_MS } from './ntp-address-book.ts';
import { setUp, TIMEOUT_MS } from './ntp-source.fixture.ts';
import { ntpFromEpoch } from './ntp-timestamp.ts';
import type { MeasureOutcome } from './time-source.ts';

const FAST = { burstCount: 20, burstSpacingMs: 1, pollMinMs: 1, pollMaxMs: 1 };
const SLOWED = { burstCount: 8, burstSpacingMs: 2000, pollMinMs: 16_000, pollMaxMs: 16_000 };

describe('a measurement', () => {
  it('is an exchange with the stamps of the transport and the name of the address', async () => {
    const { measure } = setUp();
    expect(await measure()).toMatchObject({
      outcome: 'measured',
      exchange: { sentMs: 1000, receivedMs: 1010, serverReceived: { wholeMs: SERVER_MS }, server: '192.0.2.1:123' },
    });
  });

  it('sends nothing but version, mode and fresh random bits each time', async () => {
    const { transport, measureTimes } = setUp();
    await measureTimes(3);
    const bits = transport.requests.map((request) => request.subarray(40).join());
    expect(new Set(bits).size).toBe(3);
    for (const request of transport.requests)
      expect([...request.subarray(0, 40)]).toEqual([0x23, ...new Array<number>(39).fill(0)]);
  });

  it('keeps its random bits when another clock measures before its datagram has left', async () => {
    const { clock, transport, source, abort } = setUp();
    const send = transport.query.bind(transport);
    transport.query = (query) =>
      new Promise((resolve) => clock.setTimer(() => resolve(send(query)), 5, { keepsAlive: false })); // connect and warm-up
    const context = { clock, timeoutMs: TIMEOUT_MS, signal: abort.signal };
    const both = Promise.all([source.measure(context), source.measure(context)]);
    await clock.run(TIMEOUT_MS + 100);
    expect((await both).map(({ outcome }) => outcome)).toEqual(['measured', 'measured']);
    expect(new Set(transport.requests.map((request) => request.subarray(40).join())).size).toBe(2);
  });

  it('never uses 64 zero bits: a packet without an origin would match them', async () => {
    const { transport, measure } = setUp();
    transport.random = [[0, 0], [0], [1, 2, 3]];
    await measure();
    expect([...transport.requests[0]!.subarray(40)]).toEqual([1, 2, 3, 0, 0, 0, 0, 0]);
  });

  it('sends nothing when there are no random bits', async () => {
    const { transport, measure } = setUp();
    transport.fillRandom = (target) => target.fill(0);
    expect(await measure()).toMatchObject({
      outcome: 'unreachable',
      detail: expect.stringContaining('random') as string,
    });
    expect(transport.requests).toEqual([]);
  });

  it('judges with the granularity of the clock and the limit that was given', async () => {
    const dwell12 = { transmitTime: ntpFromEpoch({ wholeMs: SERVER_MS + 12, fractionMs: 0.75 }) };
    const coarse = setUp();
    coarse.transport.replies = [reply(dwell12)];
    expect((await coarse.measure()).outcome).toBe('measured'); // 2.75 ms too fast: 2.55 of drift and 0.5 of granularity
    const strict = setUp({ rootDistanceMaxMs: 0.5 });
    expect(await strict.measure()).toMatchObject({ outcome: 'rejected', reason: 'root-distance' });
  });
});

describe('what does not settle a measurement', () => {
  it('is ignored, and the real reply still counts', async () => {
    const { transport, measure } = setUp();
    transport.replies = [
      {
        datagrams: (request) => [
          new Uint8Array(20),
          replyTo(request, { mode: 5 }),
          replyTo(request, {
            originTime: { seconds: 1, fraction: 1 },
            transmitTime: ntpFromEpoch({ wholeMs: 0, fractionMs: 0 }),
          }),
          replyTo(request, { stratum: 0, referenceId: 0x44454e59, originTime: { seconds: 1, fraction: 1 } }),
          replyTo(request),
        ],
      },
    ];
    expect(await measure()).toMatchObject({
      outcome: 'measured',
      exchange: { serverReceived: { wholeMs: SERVER_MS } },
    });
  });

  it('is counted in the message of the timeout, with its reason', async () => {
    const { transport, measure } = setUp();
    transport.replies = [{ datagrams: (request) => [new Uint8Array(20), replyTo(request, { mode: 5 })] }];
    const outcome = await measure();
    expect(outcome).toMatchObject({
      outcome: 'timeout',
      detail: expect.stringMatching(/2 datagrams counted for nothing.*wrong-mode/) as string,
    });
  });

  it('is a second reply: the random bits are spent', async () => {
    const { transport, measure } = setUp();
    const later = ntpFromEpoch({ wholeMs: SERVER_MS + 5000, fractionMs: 0 });
    transport.replies = [
      { datagrams: (request) => [replyTo(request), replyTo(request, { receiveTime: later, transmitTime: later })] },
    ];
    expect(await measure()).toMatchObject({ exchange: { serverReceived: { wholeMs: SERVER_MS } } });
    const { accept } = transport.queries[0]!;
    expect(accept(replyTo(transport.requests[0]!), { sentMs: 1000, receivedMs: 1020 })).toBe(false);
  });

  it('is a reply to the request before', async () => {
    const { transport, measureTimes } = setUp();
    transport.replies = ['silent', { datagrams: () => [replyTo(transport.requests[0]!)] }];
    expect((await measureTimes(2)).map(({ outcome }) => outcome)).toEqual(['timeout', 'timeout']);
  });
});

describe('what the server refuses', () => {
  it.each([
    ['DENY', 0x44454e59, 'denied'],
    ['RSTR', 0x52535452, 'denied'],
    ['RATE', 0x52415445, 'rate-limited'],
  ])('%s is passed on', async (_, referenceId, expected) => {
    const { transport, measure } = setUp();
    transport.replies = [reply({ stratum: 0, referenceId })];
    expect((await measure()).outcome).toBe(expected);
  });
});

describe('a failure is an outcome', () => {
  it('when the name does not resolve, and the next measurement looks again', async () => {
    const { transport, measure } = setUp();
    transport.lookups = [new Error('ENOTFOUND'), [], [ipAddress('192.0.2.1')]];
    expect(await measure()).toEqual({ outcome: 'unreachable', detail: 'cannot resolve time.example.net: ENOTFOUND' });
    expect(await measure()).toMatchObject({
      outcome: 'unreachable',
      detail: expect.stringContaining('no address') as string,
    });
    expect((await measure()).outcome).toBe('measured');
  });

  it('when the lookup hangs: within the time limit, and the lookup is told', async () => {
    const { clock, transport, measure } = setUp();
    transport.lookups = ['hangs'];
    expect(await measure()).toMatchObject({
      outcome: 'timeout',
      detail: expect.stringContaining('not resolved') as string,
    });
    expect(transport.lookupSignals[0]?.aborted).toBe(true);
    expect(clock.timers.all).toBe(0);
  });

  it('when a resolver hangs for a day: it has one lookup of ours, however many clocks measure', async () => {
    const { clock, transport, source, abort } = setUp();
    transport.lookups = ['hangs'];
    const outcomes = new Map<string, number>();
    const count = ({ outcome }: MeasureOutcome): void => void outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    for (let passedMs = 0; passedMs < 86_400_000; passedMs += 64_000) {
      for (const timeoutMs of [TIMEOUT_MS, 300]) {
        void source.measure({ clock, timeoutMs, signal: abort.signal }).then(count);
      }
      await clock.run(64_000);
    }
    expect(Object.fromEntries(outcomes)).toEqual({ timeout: 2 * 1350 });
    expect(transport.lookupCount).toBe(1);
    expect(clock.timers.all).toBe(0);
  });

  it('when nobody answers', async () => {
    const { transport, measure } = setUp();
    transport.replies = ['silent'];
    expect(await measure()).toEqual({ outcome: 'timeout', detail: 'no reply from 192.0.2.1:123 within 1000 ms' });
  });

  it('when the transport rejects, hangs, throws, or says nothing true', async () => {
    const { transport, measure } = setUp();
    transport.replies = ['rejects'];
    expect(await measure()).toEqual({ outcome: 'unreachable', detail: '192.0.2.1:123: scripted rejection' });
    transport.replies = ['hangs'];
    expect((await measure()).outcome).toBe('timeout');
    expect(transport.queries.at(-1)?.signal.aborted).toBe(true);
    transport.query = () => Promise.resolve({ result: 'accepted' });
    expect((await measure()).outcome).toBe('timeout');
    transport.query = () => {
      throw new Error('thrown');
    };
    expect((await measure()).outcome).toBe('unreachable');
  });

  it('when it is aborted: at once, while resolving and while waiting', async () => {
    for (const prepare of [
      (transport: ScriptedTransport) => (transport.lookups = ['hangs']),
      (transport: ScriptedTransport) => (transport.replies = ['hangs']),
    ]) {
      const { clock, transport, source, abort } = setUp();
      prepare(transport);
      const pending = source.measure({ clock, timeoutMs: TIMEOUT_MS, signal: abort.signal });
      await settlePromises();
      abort.abort();
      expect(await pending).toEqual({ outcome: 'timeout', detail: 'the measurement was aborted' });
      expect(clock.timers.all).toBe(0);
    }
  });

  it('and leaves no timer behind, nor ever one that keeps a process alive', async () => {
    const { clock, transport, source, abort, measureTimes } = setUp();
    transport.replies = ['silent', reply(), 'hangs', 'unreachable'];
    await measureTimes(4);
    expect(clock.timers.all).toBe(0);
    transport.replies = ['hangs'];
    void source.measure({ clock, timeoutMs: TIMEOUT_MS, signal: abort.signal });
    await settlePromises();
    expect(clock.timers).toEqual({ all: 1, keepingAlive: 0 });
  });
});

describe('the pace', () => {
  it('is the default of public servers when nothing is said', () => {
    const { source } = setUp();
    expect(source.pace).toEqual({ burstCount: 4, burstSpacingMs: 2000, pollMinMs: 16_000, pollMaxMs: 1_024_000 });
  });

  it('is raised to the floor for everybody else, and as wanted on this machine', () => {
    for (const host of ['192.0.2.1', 'time.example.net', '2001:db8::1'])
      expect(setUp({ host, pace: FAST }).source.pace).toEqual(SLOWED);
    for (const host of ['127.0.0.1', '::1', 'localhost', '::ffff:127.0.0.1'])
      expect(setUp({ host, pace: FAST }).source.pace).toEqual(FAST);
  });

  it('follows the address in use, whatever the name promised', async () => {
    const { transport, source, measure, clock } = setUp({ host: 'localhost', pace: FAST });
    transport.lookups = [[ipAddress('127.0.0.1')], [ipAddress('192.0.2.1')], [ipAddress('127.0.0.1')]];
    await measure();
    expect(source.pace).toEqual(FAST);
    clock.advance(NTP_RESOLVE_EVERY_MS);
    await measure();
    expect(source.pace).toEqual(SLOWED);
    clock.advance(NTP_RESOLVE_EVERY_MS);
    await measure();
    expect(source.pace).toEqual(FAST);
  });
});

describe('options', () => {
  it('name the source by its address unless told otherwise', () => {
    expect(setUp().source.name).toBe('time.example.net:123');
    expect(setUp({ host: '::1', port: 1123 }).source.name).toBe('[::1]:1123');
    expect(setUp({ name: 'mine' }).source.name).toBe('mine');
  });

  it('carry the time scale', () => {
    expect(setUp().source.timeScale).toBe('utc');
    expect(setUp({ timeScale: 'smeared-utc' }).source.timeScale).toBe('smeared-utc');
  });

  it.each([
    [{ host: 'a b' }, 'TC_INVALID_ARGUMENT'],
    [{ host: '[::1]' }, 'TC_INVALID_ARGUMENT'],
    [{ port: 0 }, 'TC_OUT_OF_RANGE'],
    [{ port: 1.5 }, 'TC_INVALID_ARGUMENT'],
    [{ name: '' }, 'TC_INVALID_ARGUMENT'],
    [{ timeScale: 'tai' as 'utc' }, 'TC_INVALID_ARGUMENT'],
    [{ rootDistanceMaxMs: -1 }, 'TC_OUT_OF_RANGE'],
    [{ rootDistanceMaxMs: Infinity }, 'TC_NOT_FINITE'],
    [{ rootDistanceMaxMs: 1.8e12 }, 'TC_EPOCH_AS_DURATION'],
    [{ pace: { pollMinMs: -1 } }, 'TC_OUT_OF_RANGE'],
  ])('are refused when they cannot be right: %j', (options, code) => {
    expect(() => setUp(options)).toThrow(expect.objectContaining({ code }));
  });
});
