import { describe, expect, it } from 'vitest';
import { settlePromises } from '../../test/support/manual-clock.ts';
import { ipAddress, reply } from '../../test/support/scripted-transport.ts';
import { NTP_RESOLVE_EVERY_MS } from './ntp-address-book.ts';
import { ips, setUp, TIMEOUT_MS } from './ntp-source.fixture.ts';
import type { NtpAddress } from './ntp-transport.ts';
import type { MeasureOutcome } from './time-source.ts';

describe('names', () => {
  const [A, B] = [ipAddress('192.0.2.1'), ipAddress('192.0.2.2')] as const;

  it('are resolved once an hour while all is well, and the address is kept while the name has it', async () => {
    const { clock, transport, measureTimes } = setUp();
    transport.lookups = [[A, B], [B, A], [B]];
    await measureTimes(3);
    expect(transport.lookupCount).toBe(1);
    clock.advance(NTP_RESOLVE_EVERY_MS);
    await measureTimes(2);
    expect(transport.lookupCount).toBe(2);
    clock.advance(NTP_RESOLVE_EVERY_MS);
    await measureTimes(1);
    expect(ips(transport)).toEqual([A.ip, A.ip, A.ip, A.ip, A.ip, B.ip]);
  });

  it('are resolved again after two failures, and the next address is used', async () => {
    const { transport, measureTimes } = setUp();
    transport.lookups = [[A, B]];
    transport.replies = ['silent'];
    await measureTimes(6);
    expect(ips(transport)).toEqual([A.ip, A.ip, B.ip, B.ip, A.ip, A.ip]);
    expect(transport.lookupCount).toBe(3);
  });

  it('a server that is not synchronised gives way too', async () => {
    const { transport, measureTimes } = setUp();
    transport.lookups = [[A, B]];
    transport.replies = [reply({ leap: 3 }), reply({ leap: 3 }), reply()];
    await measureTimes(3);
    expect(ips(transport)).toEqual([A.ip, A.ip, B.ip]);
  });

  it('a server that says RATE works, and keeps its place', async () => {
    const { transport, measureTimes } = setUp();
    transport.lookups = [[A, B]];
    transport.replies = [reply({ stratum: 0, referenceId: 0x52415445 })];
    await measureTimes(3);
    expect(ips(transport)).toEqual([A.ip, A.ip, A.ip]);
  });

  it('an address without a route gives way within the same measurement', async () => {
    const { transport, measureTimes } = setUp();
    transport.lookups = [[ipAddress('2001:db8::1'), A]];
    transport.replies = ['unreachable', reply()];
    const outcomes = await measureTimes(2);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['measured', 'measured']);
    expect(ips(transport)).toEqual(['2001:db8::1', A.ip, A.ip]);
  });

  it('that are unreachable everywhere are tried four times in one measurement, at most', async () => {
    const { transport, measure } = setUp();
    transport.lookups = [Array.from({ length: 10 }, (_, index) => ipAddress(`192.0.2.${index}`))];
    transport.replies = ['unreachable'];
    expect(await measure()).toEqual({ outcome: 'unreachable', detail: '192.0.2.3: scripted' });
    expect(transport.asked.length).toBe(4);
  });

  it('that can no longer be resolved keep their old address, and half the time stays for the server', async () => {
    const { clock, transport, measure } = setUp();
    transport.lookups = [[A], new Error('ESERVFAIL'), 'hangs'];
    await measure();
    clock.advance(NTP_RESOLVE_EVERY_MS);
    expect((await measure()).outcome).toBe('measured');
    expect((await measure()).outcome).toBe('measured');
    expect(transport.queries.at(-1)?.timeoutMs).toBe(TIMEOUT_MS / 2);
  });
});

describe('a lookup under way', () => {
  /** A transport whose lookups are settled by hand. */
  function byHand() {
    const made = setUp();
    const { clock, transport, source } = made;
    const answers: ((addresses: readonly NtpAddress[] | Error) => void)[] = [];
    const signals: AbortSignal[] = [];
    transport.resolve = (_host, _port, signal) => {
      signals.push(signal);
      return new Promise((resolve, reject) => {
        answers.push((answer) => (answer instanceof Error ? reject(answer) : resolve(answer)));
      });
    };
    const start = (timeoutMs: number, signal: AbortSignal = new AbortController().signal) => {
      const ended: { outcome?: MeasureOutcome['outcome'] } = {};
      void source.measure({ clock, timeoutMs, signal }).then(({ outcome }) => (ended.outcome = outcome));
      return ended;
    };
    return { ...made, answers, signals, start };
  }

  it('is joined, and everybody waits as long as his own limit says', async () => {
    const { clock, answers, signals, start } = byHand();
    const [patient, hasty] = [start(TIMEOUT_MS), start(100)];
    await clock.run(101);
    expect([patient.outcome, hasty.outcome]).toEqual([undefined, 'timeout']);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    answers[0]!([ipAddress('192.0.2.1')]);
    await clock.run(20);
    expect(patient.outcome).toBe('measured');
  });

  it('is told when the last one has left, and its late answer serves the next measurement', async () => {
    const { clock, answers, signals, start, measure } = byHand();
    const abort = new AbortController();
    start(TIMEOUT_MS, abort.signal);
    start(100);
    await clock.run(101);
    expect(signals[0]!.aborted).toBe(false);
    abort.abort();
    await settlePromises();
    expect(signals[0]!.aborted).toBe(true);
    answers[0]!([ipAddress('192.0.2.1')]);
    await settlePromises();
    expect((await measure()).outcome).toBe('measured');
    expect(signals.length).toBe(1);
  });

  it('that fails when nobody waits is nobody’s error, and the next measurement looks again', async () => {
    const { clock, answers, signals, start } = byHand();
    start(100);
    await clock.run(101);
    answers[0]!(new Error('ETIMEOUT'));
    await settlePromises();
    const next = start(TIMEOUT_MS);
    await settlePromises();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    answers[1]!([ipAddress('192.0.2.1')]);
    await clock.run(20);
    expect(next.outcome).toBe('measured');
  });

  it('that fails for two measurements turns to the next address once', async () => {
    const [A, B] = [ipAddress('192.0.2.1'), ipAddress('192.0.2.2')] as const;
    const { clock, transport, answers, start } = byHand();
    transport.replies = ['silent', 'silent', reply()];
    const first = start(TIMEOUT_MS);
    await settlePromises();
    answers[0]!([A, B]);
    await clock.run(TIMEOUT_MS);
    start(TIMEOUT_MS);
    await clock.run(TIMEOUT_MS);
    expect([first.outcome, ips(transport)]).toEqual(['timeout', [A.ip, A.ip]]);
    const both = [start(TIMEOUT_MS), start(TIMEOUT_MS)];
    await settlePromises();
    answers[1]!(new Error('ESERVFAIL'));
    await clock.run(TIMEOUT_MS);
    expect(both.map(({ outcome }) => outcome)).toEqual(['measured', 'measured']);
    expect(ips(transport).slice(2)).toEqual([B.ip, B.ip]);
  });
});

describe('an address that says DENY', () => {
  const [A, B, C] = [ipAddress('192.0.2.1'), ipAddress('192.0.2.2'), ipAddress('192.0.2.3')] as const;
  const deny = reply({ stratum: 0, referenceId: 0x44454e59 });

  it('is never asked again, and the next one is asked within the same measurement', async () => {
    const { clock, transport, measure, measureTimes } = setUp();
    transport.lookups = [
      [A, B],
      [A, B],
      [A, C],
    ];
    transport.replies = [deny, reply()];
    expect((await measureTimes(2)).map(({ outcome }) => outcome)).toEqual(['measured', 'measured']);
    for (let hours = 0; hours < 2; hours += 1) {
      clock.advance(NTP_RESOLVE_EVERY_MS);
      expect((await measure()).outcome).toBe('measured');
    }
    expect(ips(transport)).toEqual([A.ip, B.ip, B.ip, B.ip, C.ip]);
  });

  it('ends the name when every other one has said so too', async () => {
    const { clock, transport, measure } = setUp();
    transport.lookups = [
      [A, B, C],
      [C, B],
    ];
    transport.replies = [deny];
    expect(await measure()).toMatchObject({ outcome: 'denied', detail: expect.stringContaining('DENY') as string });
    expect(await measure()).toEqual({
      outcome: 'denied',
      detail: 'every address of time.example.net forbids us to ask',
    });
    clock.advance(NTP_RESOLVE_EVERY_MS);
    expect((await measure()).outcome).toBe('denied');
    expect(ips(transport)).toEqual([A.ip, B.ip, C.ip]);
  });

  it('does not end it while there are more than one measurement may try', async () => {
    const { transport, measureTimes } = setUp();
    transport.lookups = [Array.from({ length: 6 }, (_, index) => ipAddress(`192.0.2.${index}`))];
    transport.replies = [deny];
    const [first, second] = await measureTimes(2);
    expect(first).toMatchObject({ outcome: 'rejected', reason: 'kiss-of-death' });
    expect(second).toMatchObject({ outcome: 'denied' });
    expect(new Set(ips(transport)).size).toBe(6);
    expect(transport.asked.length).toBe(6);
  });

  it('counts as one of those that are unreachable, and none is skipped', async () => {
    const { transport, measure } = setUp();
    transport.lookups = [[A, B, C]];
    transport.replies = [deny, 'unreachable', reply()];
    expect((await measure()).outcome).toBe('measured');
    expect(ips(transport)).toEqual([A.ip, B.ip, C.ip]);
  });

  it('is dropped once when two measurements hear it', async () => {
    const { clock, transport, source, abort } = setUp();
    transport.lookups = [[A, B]];
    transport.replies = [deny, deny, reply()];
    const context = { clock, timeoutMs: TIMEOUT_MS, signal: abort.signal };
    const both = Promise.all([source.measure(context), source.measure(context)]);
    await clock.run(TIMEOUT_MS);
    expect((await both).map(({ outcome }) => outcome)).toEqual(['measured', 'measured']);
    expect(ips(transport)).toEqual([A.ip, A.ip, B.ip, B.ip]);
  });
});
