import { describe, expect, it } from 'vitest';
import { SimClock } from '../testing/index.ts';
import { onAbort, pauseUntil, unlessAborted } from './abort-sharing.ts';
import { never } from './lease.fixture.ts';

/** A signal that counts its listeners. */
function counted(): { readonly controller: AbortController; readonly signal: AbortSignal; listeners(): number } {
  const controller = new AbortController();
  const { signal } = controller;
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...given: Parameters<typeof add>): void => {
    listeners += 1;
    add(...given);
  };
  signal.removeEventListener = (...given: Parameters<typeof remove>): void => {
    listeners -= 1;
    remove(...given);
  };
  return { controller, signal, listeners: () => listeners };
}

describe('one signal', () => {
  it('has one listener for all who wait, and none when nobody does', () => {
    const { signal, listeners } = counted();
    const forget = Array.from({ length: 30 }, () => onAbort(signal, () => undefined));
    expect(listeners()).toBe(1);
    for (const one of forget) one();
    expect(listeners()).toBe(0);
    onAbort(signal, () => undefined);
    for (const one of forget) one();
    expect(listeners()).toBe(1);
  });

  it('tells everybody once, but not who has gone, also meanwhile', () => {
    const { controller, signal, listeners } = counted();
    const told: string[] = [];
    onAbort(signal, () => {
      told.push('a');
      forget();
    });
    const forget = onAbort(signal, () => told.push('b'));
    const early = onAbort(signal, () => told.push('c'));
    const twice = (): void => void told.push('d');
    onAbort(signal, twice);
    onAbort(signal, twice);
    early();
    controller.abort();
    controller.abort();
    expect(told).toEqual(['a', 'd', 'd']);
    expect(listeners()).toBe(0);
  });
});

describe('what a signal may end', () => {
  const reason = new Error('shutting down');

  it('gives the value, or what it was rejected with', async () => {
    const { signal, listeners } = counted();
    expect(await unlessAborted(Promise.resolve(1), undefined)).toBe(1);
    expect(await unlessAborted(Promise.resolve(1), signal)).toBe(1);
    await expect(unlessAborted(Promise.reject(new Error('refused')), signal)).rejects.toThrow('refused');
    expect(listeners()).toBe(0);
  });

  it('rejects with the reason, before or while', async () => {
    await expect(unlessAborted(never(), AbortSignal.abort(reason))).rejects.toBe(reason);
    const { controller, signal } = counted();
    const waiting = unlessAborted(never(), signal);
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });

  it('a failure that comes after the abort is nobody’s, and no unhandled rejection', async () => {
    const { controller, signal, listeners } = counted();
    const failing = (): { readonly answer: Promise<never>; fail(): void } => {
      let fail = (): void => undefined;
      const answer = new Promise<never>((_, reject) => {
        fail = () => {
          reject(new Error('too late to matter'));
        };
      });
      return { answer, fail };
    };
    const [before, after] = [failing(), failing()];
    const waiting = unlessAborted(before.answer, signal);
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(unlessAborted(after.answer, signal)).rejects.toBe(reason);
    before.fail();
    after.fail();
    // An unhandled rejection fails the run.
    await new Promise((resolve) => setImmediate(resolve));
    expect(listeners()).toBe(0);
  });

  it('a pause: until its moment, or rejected, and no timer is left', async () => {
    const clock = new SimClock();
    const { controller, signal } = counted();
    const pause = pauseUntil(clock.port, clock.port.monotonicMs() + 1000, signal);
    await clock.advanceAsync(1000);
    await pause;
    const another = pauseUntil(clock.port, clock.port.monotonicMs() + 1000, signal);
    controller.abort(reason);
    await expect(another).rejects.toBe(reason);
    await expect(pauseUntil(clock.port, clock.port.monotonicMs() + 1000, signal)).rejects.toBe(reason);
    expect(clock.node.timerCount).toBe(0);
  });
});
