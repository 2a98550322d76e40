import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { add, compareDouble, exact, greatestDoubleAtMost } from '../../test/support/rational.ts';
import { ScriptedPort } from '../../test/support/scripted-port.ts';
import { createClock, sleepUntil, type Clock } from './clock.ts';
import { armTimer } from './timer.ts';

function scripted(): { port: ScriptedPort; clock: Clock } {
  const port = new ScriptedPort();
  return { port, clock: createClock(port) };
}

/** What has become of a promise by now: microtasks run, time does not pass. */
async function stateOf(promise: Promise<unknown>): Promise<'pending' | 'resolved' | 'rejected'> {
  let state: 'pending' | 'resolved' | 'rejected' = 'pending';
  promise.then(
    () => (state = 'resolved'),
    () => (state = 'rejected'),
  );
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  return state;
}

describe('createClock', () => {
  it('keeps wall, monotonic and boot time apart, with what the port says of each', () => {
    const { port, clock } = scripted();
    expect(clock.wall.now().epochMilliseconds).toBe(port.epochMs);
    expect(clock.monotonic.now().clock).toBe(port.monotonicId);
    expect(clock.boot.now().clock).toBe(port.bootId);
    expect(clock.monotonic.id).toBe(port.monotonicId);
    expect(clock.boot.id).toBe(port.bootId);
    expect([clock.wall, clock.monotonic, clock.boot].map((one) => one.granularityMs)).toEqual([1, 0.001, 10]);
    expect([clock.monotonic.countsSuspend, clock.boot.countsSuspend]).toEqual([false, true]);
    expect(clock.port).toBe(port);
  });

  it('refuses to relate instants of its two monotonic clocks, and of two clocks', () => {
    const { clock } = scripted();
    const mismatch = expect.objectContaining({ code: 'TC_CLOCK_MISMATCH' }) as unknown as Error;
    expect(() => clock.monotonic.now().since(clock.boot.now() as never)).toThrow(mismatch);
    expect(() => clock.monotonic.now().since(scripted().clock.monotonic.now())).toThrow(mismatch);
  });

  it('reads the port every time', () => {
    const { port, clock } = scripted();
    const begun = clock.monotonic.now();
    port.advance(5);
    port.epochMs -= 1000;
    expect(clock.monotonic.now().since(begun)).toBe(5);
    expect(clock.wall.now().epochMilliseconds).toBe(1_789_999_999_000);
  });
});

describe('stopwatch', () => {
  it('measures, whatever the wall clock does, and starts again', () => {
    const { port, clock } = scripted();
    const watch = clock.monotonic.stopwatch();
    expect(watch.elapsedMs()).toBe(0);
    port.advance(12.5);
    port.epochMs -= 3_600_000;
    expect(watch.elapsedMs()).toBe(12.5);
    expect(watch.restartMs()).toBe(12.5);
    expect(watch.elapsedMs()).toBe(0);
    port.advance(3);
    expect(watch.elapsedMs()).toBe(3);
  });

  it('counts suspend on the boot clock only', () => {
    const { port, clock } = scripted();
    const [active, boot] = [clock.monotonic.stopwatch(), clock.boot.stopwatch()];
    port.suspendedMs += 60_000;
    expect(active.elapsedMs()).toBe(0);
    expect(boot.elapsedMs()).toBe(60_000);
  });

  it('works when its methods are taken off', () => {
    const { port, clock } = scripted();
    const { elapsedMs } = clock.monotonic.stopwatch();
    port.advance(1);
    expect(elapsedMs()).toBe(1);
  });
});

describe('durations at the edge', () => {
  const calls: readonly [string, (clock: Clock, ms: number) => unknown][] = [
    ['MonotonicClock.deadline', (clock, ms) => clock.monotonic.deadline(ms)],
    ['Timers.sleep', (clock, ms) => clock.timers.sleep(ms)],
    ['Timers.after', (clock, ms) => clock.timers.after(ms, () => undefined)],
  ];

  it.each(calls)('%s refuses an epoch, a negative duration and NaN, before a timer is set', (operation, call) => {
    const { port, clock } = scripted();
    expect(() => call(clock, port.epochMs + 250)).toThrow(`${operation}: requires a duration in milliseconds`);
    expect(() => call(clock, port.epochMs)).toThrow(expect.objectContaining({ code: 'TC_EPOCH_AS_DURATION' }));
    expect(() => call(clock, -1)).toThrow(expect.objectContaining({ code: 'TC_OUT_OF_RANGE' }));
    expect(() => call(clock, NaN)).toThrow(expect.objectContaining({ code: 'TC_NOT_FINITE' }));
    expect(port.timers).toEqual([]);
  });
});

describe('sleep', () => {
  it('resolves when the duration has passed on the monotonic clock, not when the platform says so', async () => {
    const { port, clock } = scripted();
    const slept = clock.timers.sleep(250);
    port.advance(249.5);
    port.firePending();
    expect(await stateOf(slept)).toBe('pending');
    port.advance(0.5);
    expect(await stateOf(slept)).toBe('pending');
    port.firePending();
    expect(await stateOf(slept)).toBe('resolved');
  });

  it('keeps the process alive while it is awaited', () => {
    const { port, clock } = scripted();
    void clock.timers.sleep(250);
    expect(port.pending[0]?.keepsAlive).toBe(true);
  });

  it('rejects with the reason of the signal, takes the timer back, and listens no more', async () => {
    const { port, clock } = scripted();
    const controller = new AbortController();
    const slept = clock.timers.sleep(250, { signal: controller.signal });
    const reason = new Error('shutting down');
    controller.abort(reason);
    await expect(slept).rejects.toBe(reason);
    expect(port.pending).toEqual([]);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  it('rejects at once when the signal has aborted already, and sets no timer', async () => {
    const { port, clock } = scripted();
    const reason = new Error('too late');
    await expect(clock.timers.sleep(250, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(port.timers).toEqual([]);
  });

  it('leaves no listener on a long-lived signal', async () => {
    const { port, clock } = scripted();
    const { signal } = new AbortController();
    for (let round = 0; round < 100; round += 1) {
      const slept = clock.timers.sleep(5, { signal });
      expect(getEventListeners(signal, 'abort')).toHaveLength(1);
      port.advance(5);
      port.firePending();
      await slept;
    }
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('is not disturbed by an abort that comes after its end', async () => {
    const { port, clock } = scripted();
    const controller = new AbortController();
    const slept = clock.timers.sleep(5, { signal: controller.signal });
    port.advance(5);
    port.firePending();
    controller.abort();
    expect(await stateOf(slept)).toBe('resolved');
  });

  it('until a moment that has passed is asynchronous all the same', async () => {
    const { port } = scripted();
    const slept = sleepUntil(port, port.nowMs - 1);
    expect(await stateOf(slept)).toBe('pending');
    port.firePending();
    await slept;
  });
});

describe('after', () => {
  it('calls back once, and not after cancel', () => {
    const { port, clock } = scripted();
    let calls = 0;
    clock.timers.after(250, () => (calls += 1));
    const cancelled = clock.timers.after(250, () => (calls += 10));
    expect(port.pending.every((timer) => timer.keepsAlive)).toBe(true);
    cancelled.cancel();
    port.advance(250);
    port.firePending();
    port.firePending();
    expect(calls).toBe(1);
  });

  type After = (port: ScriptedPort, durationMs: number, callback: () => void) => unknown;
  /** The platform fires at the last double before the exact moment: nothing may happen yet. */
  const neverEarly = (after: After) =>
    fc.property(
      fc.double({ noNaN: true, min: 1, max: 1e10 }),
      fc.double({ noNaN: true, min: 1, max: 1e5 }),
      (startMs, durationMs) => {
        const port = new ScriptedPort();
        port.nowMs = startMs;
        let called = false;
        after(port, durationMs, () => (called = true));
        const moment = add(exact(startMs), exact(durationMs));
        port.nowMs = greatestDoubleAtMost(moment);
        port.firePending();
        return compareDouble(port.nowMs, moment) === 0 || !called;
      },
    );

  it('is never early, not by one ulp', () => {
    fc.assert(neverEarly((port, durationMs, callback) => createClock(port).timers.after(durationMs, callback)));
  });

  it('the law refuses an ordinary sum', () => {
    const ordinary: After = (port, durationMs, callback) =>
      armTimer({ port, readMs: () => port.nowMs, untilMs: port.nowMs + durationMs, keepsAlive: true }, callback);
    expect(fc.check(neverEarly(ordinary)).failed).toBe(true);
  });
});
