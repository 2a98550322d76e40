import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { add, compareDouble, exact, greatestDoubleAtMost } from '../../test/support/rational.ts';
import { ScriptedPort } from '../../test/support/scripted-port.ts';
import { createClock } from './clock.ts';
import type { Deadline } from './deadline.ts';
import { isClockError } from './errors.ts';

interface Limited {
  readonly port: ScriptedPort;
  readonly limit: Deadline<'monotonic'>;
}

function limited(durationMs: number, signal?: AbortSignal): Limited {
  const port = new ScriptedPort();
  const limit = createClock(port).monotonic.deadline(durationMs, signal === undefined ? {} : { signal });
  return { port, limit };
}

function listenersOf(signal: AbortSignal): number {
  return getEventListeners(signal, 'abort').length;
}

describe('reading a deadline (G13)', () => {
  it('knows that it has passed before any timer fired, even without having set one', () => {
    const { port, limit } = limited(250);
    expect(limit.passed).toBe(false);
    expect(limit.remainingMs()).toBe(250);
    port.advance(250);
    expect(limit.passed).toBe(true);
    expect(limit.remainingMs()).toBe(0);
    expect(port.timers).toEqual([]);
  });

  it('never has a negative remainder, and a moment that has come stays', () => {
    const { port, limit } = limited(250);
    port.advance(1e9);
    expect(limit.remainingMs()).toBe(0);
    expect(limit.passed).toBe(true);
  });

  it('of no duration has passed at once', () => {
    expect(limited(0).limit.passed).toBe(true);
  });

  type Passed = (startMs: number, durationMs: number, nowMs: number) => boolean;
  /** At the last double before the exact moment the limit must not have passed. */
  const neverEarly = (passed: Passed) =>
    fc.property(
      fc.double({ noNaN: true, min: 1, max: 1e10 }),
      fc.double({ noNaN: true, min: 1, max: 1e5 }),
      (startMs, durationMs) => {
        const moment = add(exact(startMs), exact(durationMs));
        const nowMs = greatestDoubleAtMost(moment);
        return compareDouble(nowMs, moment) === 0 || !passed(startMs, durationMs, nowMs);
      },
    );

  it('does not pass before its whole duration has, not by one ulp', () => {
    const passed: Passed = (startMs, durationMs, nowMs) => {
      const port = new ScriptedPort();
      port.nowMs = startMs;
      const limit = createClock(port).monotonic.deadline(durationMs);
      port.nowMs = nowMs;
      return limit.passed;
    };
    fc.assert(neverEarly(passed));
  });

  it('the law refuses an ordinary sum', () => {
    expect(fc.check(neverEarly((startMs, durationMs, nowMs) => nowMs >= startMs + durationMs)).failed).toBe(true);
  });

  it('is not moved by a step of the wall clock', () => {
    const { port, limit } = limited(250);
    port.epochMs += 86_400_000;
    expect(limit.passed).toBe(false);
    port.epochMs -= 2 * 86_400_000;
    port.advance(250);
    expect(limit.passed).toBe(true);
  });

  it('counts suspend on the boot clock, and only there', () => {
    const port = new ScriptedPort();
    const clock = createClock(port);
    const [active, boot] = [clock.monotonic.deadline(1000), clock.boot.deadline(1000)];
    port.suspendedMs = 3_600_000;
    expect(active.passed).toBe(false);
    expect(boot.passed).toBe(true);
  });

  it('names its moment as an instant of its clock', () => {
    const port = new ScriptedPort();
    const clock = createClock(port);
    const begun = clock.monotonic.now();
    expect(clock.monotonic.deadline(250).instant.since(begun)).toBe(250);
    expect(clock.boot.deadline(250).instant.clock).toBe(port.bootId);
  });

  it('does not leave the process', () => {
    const { limit } = limited(250);
    expect(() => JSON.stringify(limit)).toThrow(expect.objectContaining({ code: 'TC_INSTANT_SERIALIZED' }));
    expect(() => structuredClone(limit)).toThrow();
  });
});

describe('throwIfPassed', () => {
  it('throws a TimeoutError with the duration once the moment has come', () => {
    const { port, limit } = limited(250);
    expect(() => limit.throwIfPassed()).not.toThrow();
    port.advance(250);
    expect(() => limit.throwIfPassed()).toThrow(
      expect.objectContaining({
        name: 'TimeoutError',
        code: 'TC_TIMED_OUT',
        details: { durationMs: 250 },
        message: 'deadline: 250 ms have passed. Give the work more time, or make it smaller. [TC_TIMED_OUT]',
      }),
    );
  });
});

describe('the signal', () => {
  it('is armed on first use, once, and does not keep the process alive', () => {
    const { port, limit } = limited(250);
    expect(port.timers).toEqual([]);
    const signal = limit.signal;
    expect(limit.signal).toBe(signal);
    expect(port.timers).toHaveLength(1);
    expect(port.timers[0]).toMatchObject({ delayMs: 250, keepsAlive: false });
  });

  it('aborts when the moment comes, with a TimeoutError that isClockError knows', () => {
    const { port, limit } = limited(250);
    const signal = limit.signal;
    port.advance(250);
    expect(signal.aborted).toBe(false);
    port.firePending();
    expect(signal.aborted).toBe(true);
    expect(isClockError(signal.reason)).toBe(true);
    expect(signal.reason).toMatchObject({ name: 'TimeoutError', code: 'TC_TIMED_OUT' });
    expect(limit.signal).toBe(signal);
  });

  it('does not abort when the platform is early', () => {
    const { port, limit } = limited(250);
    const signal = limit.signal;
    port.advance(249.9);
    port.firePending();
    expect(signal.aborted).toBe(false);
    port.advance(0.1);
    port.firePending();
    expect(signal.aborted).toBe(true);
  });

  it('waits only for what is left when it is asked for late', () => {
    const { port, limit } = limited(250);
    port.advance(200);
    expect(limit.signal.aborted).toBe(false);
    expect(port.pending[0]?.delayMs).toBe(50);
  });

  it('is aborted from the start when the moment has come before anybody asked, and sets no timer', () => {
    const { port, limit } = limited(250);
    port.advance(1000);
    expect(limit.signal.aborted).toBe(true);
    expect(limit.signal.reason).toMatchObject({ code: 'TC_TIMED_OUT' });
    expect(port.timers).toEqual([]);
  });
});

describe('the parent signal', () => {
  it('aborts the signal with its own reason, and takes the timer back', () => {
    const parent = new AbortController();
    const { port, limit } = limited(250, parent.signal);
    const signal = limit.signal;
    const reason = new Error('the request was closed');
    parent.abort(reason);
    expect(signal.reason).toBe(reason);
    expect(port.pending).toEqual([]);
    expect(listenersOf(parent.signal)).toBe(0);
  });

  it('that has aborted already aborts it from the start, whatever the clock says', () => {
    for (const advanceMs of [0, 1000]) {
      const reason = new Error('too late');
      const { port, limit } = limited(250, AbortSignal.abort(reason));
      port.advance(advanceMs);
      expect(limit.signal.reason).toBe(reason);
      expect(port.timers).toEqual([]);
    }
  });

  it('aborts nothing that has aborted before: the first reason stays', () => {
    const parent = new AbortController();
    const { port, limit } = limited(250, parent.signal);
    const signal = limit.signal;
    port.advance(250);
    port.firePending();
    parent.abort(new Error('later'));
    expect(signal.reason).toMatchObject({ code: 'TC_TIMED_OUT' });
  });

  it('is listened to only while it matters: not before the first use, after the moment, or after cancel', () => {
    const parent = new AbortController();
    const first = limited(250, parent.signal);
    expect(listenersOf(parent.signal)).toBe(0);
    expect(first.limit.signal.aborted).toBe(false);
    expect(first.limit.signal.aborted).toBe(false);
    expect(listenersOf(parent.signal)).toBe(1);
    first.port.advance(250);
    first.port.firePending();
    expect(listenersOf(parent.signal)).toBe(0);
    for (let request = 0; request < 100; request += 1) {
      const { limit } = limited(250, parent.signal);
      expect(limit.signal.aborted).toBe(false);
      limit.cancel();
    }
    expect(listenersOf(parent.signal)).toBe(0);
  });

  it('does not change what the clock says', () => {
    const { limit } = limited(250, AbortSignal.abort());
    expect(limit.passed).toBe(false);
    expect(limit.remainingMs()).toBe(250);
  });
});

describe('cancel', () => {
  it('disarms the signal, twice as well as once, and the time goes on', () => {
    const { port, limit } = limited(250);
    const signal = limit.signal;
    limit.cancel();
    limit.cancel();
    expect(port.pending).toEqual([]);
    port.advance(250);
    expect(limit.passed).toBe(true);
    expect(signal.aborted).toBe(false);
    expect(() => limit.throwIfPassed()).toThrow();
  });

  it('holds for a signal that is asked for afterwards too', () => {
    const parent = new AbortController();
    const { port, limit } = limited(250, parent.signal);
    limit.cancel();
    const signal = limit.signal;
    expect(port.timers).toEqual([]);
    expect(listenersOf(parent.signal)).toBe(0);
    port.advance(1000);
    parent.abort();
    expect(signal.aborted).toBe(false);
    expect(limit.signal).toBe(signal);
  });

  it('cuts the tie to the parent', () => {
    const parent = new AbortController();
    const { limit } = limited(250, parent.signal);
    const signal = limit.signal;
    limit.cancel();
    parent.abort();
    expect(signal.aborted).toBe(false);
  });

  it('is what dispose does', () => {
    const { port, limit } = limited(250);
    expect(limit.signal.aborted).toBe(false);
    limit[Symbol.dispose]();
    expect(port.pending).toEqual([]);
  });
});
