import nodePromises, { scheduler, setImmediate, setInterval, setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useSimClock } from './runners.ts';

const sim = useSimClock({ beforeEach, afterEach });

/** What a promise came to, once it has. */
async function outcomeOf(promise: Promise<unknown>, afterMs: number): Promise<unknown> {
  const outcome = promise.then(
    (value) => ({ value, atMs: performance.now() }),
    (error: unknown) => ({ error, atMs: performance.now() }),
  );
  await sim.clock.advanceAsync(afterMs);
  return Promise.race([outcome, Promise.resolve('nothing yet')]);
}

function nextOf(values: AsyncIterable<unknown>): Promise<unknown> {
  return values[Symbol.asyncIterator]().next();
}

describe('node:timers/promises, by named imports', () => {
  it('setTimeout, setImmediate, scheduler.wait and scheduler.yield resolve at their moments', async () => {
    expect(await outcomeOf(setTimeout(500, 'value'), 1000)).toEqual({ value: 'value', atMs: 500 });
    expect(await outcomeOf(setImmediate('soon'), 0)).toEqual({ value: 'soon', atMs: 1000 });
    expect(await outcomeOf(scheduler.wait(250), 250)).toEqual({ value: undefined, atMs: 1250 });
    expect(await outcomeOf(scheduler.yield(), 0)).toEqual({ value: undefined, atMs: 1250 });
    expect(await outcomeOf(setTimeout(500), 499)).toBe('nothing yet');
    expect(nodePromises.setTimeout).toBe(setTimeout);
  });

  it.each([
    ['setTimeout', (signal: AbortSignal) => setTimeout(500, 'value', { signal })],
    ['setImmediate', (signal: AbortSignal) => setImmediate('value', { signal })],
    ['scheduler.wait', (signal: AbortSignal) => scheduler.wait(500, { signal })],
  ])('%s rejects when its signal is aborted, before and meanwhile, and leaves no timer', async (_name, wait) => {
    const reason = new Error('enough');
    const aborted = { error: { name: 'AbortError', code: 'ABORT_ERR', cause: reason } };
    expect(await outcomeOf(wait(AbortSignal.abort(reason)), 0)).toMatchObject(aborted);
    const controller = new AbortController();
    const waiting = wait(controller.signal);
    controller.abort(reason);
    expect(await outcomeOf(waiting, 0)).toMatchObject(aborted);
    expect(sim.clock.node.timerCount).toBe(0);
  });

  it('aborting after it resolved does nothing', async () => {
    const controller = new AbortController();
    expect(await outcomeOf(setTimeout(5, 'value', { signal: controller.signal, ref: false }), 5)).toMatchObject({
      value: 'value',
    });
    controller.abort();
  });

  it('refuses wrong options as Node does', async () => {
    const refused = expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }) as Error;
    await expect(setTimeout(5, 1, { signal: {} as never })).rejects.toEqual(refused);
    await expect(setTimeout(5, 1, 7 as never)).rejects.toEqual(refused);
    await expect(setImmediate(1, { ref: 'no' as never })).rejects.toEqual(refused);
    await expect(nextOf(setInterval(5, 1, { ref: 1 as never }))).rejects.toEqual(refused);
  });
});

describe('setInterval of node:timers/promises', () => {
  it('yields each period, hands out late what nobody waited for, and ends with the loop', async () => {
    const ticksMs: number[] = [];
    const reader = (async () => {
      for await (const value of setInterval(100, 'tick')) {
        expect(value).toBe('tick');
        ticksMs.push(performance.now());
        if (ticksMs.length === 1) await setTimeout(250); // busy: two ticks come meanwhile
        if (ticksMs.length === 4) break;
      }
    })();
    await sim.clock.advanceAsync(1000);
    await reader;
    expect(ticksMs).toEqual([100, 350, 350, 400]);
    expect(sim.clock.node.timerCount).toBe(0);
  });

  it('rejects when its signal is aborted', async () => {
    const controller = new AbortController();
    const values = setInterval(100, 'tick', { signal: controller.signal })[Symbol.asyncIterator]();
    expect(await outcomeOf(values.next(), 100)).toMatchObject({ value: { value: 'tick' } });
    const next = values.next();
    await sim.clock.advanceAsync(0);
    controller.abort();
    expect(await outcomeOf(next, 0)).toMatchObject({ error: { name: 'AbortError' } });
    const never = setInterval(100, 'tick', { signal: controller.signal });
    expect(await outcomeOf(nextOf(never), 0)).toMatchObject({ error: { name: 'AbortError' } });
    expect(sim.clock.node.timerCount).toBe(0);
  });
});

describe('AbortSignal.timeout', () => {
  it('aborts at its moment with a TimeoutError, and keeps nothing alive', () => {
    const signal = AbortSignal.timeout(300);
    expect(signal).toBeInstanceOf(AbortSignal);
    sim.clock.advance(299);
    expect(signal.aborted).toBe(false);
    sim.clock.advance(1);
    expect(signal.reason).toMatchObject({ name: 'TimeoutError', constructor: DOMException });
  });

  it('refuses what is no delay, as Node does', () => {
    expect(() => AbortSignal.timeout(-1)).toThrow(RangeError);
    expect(() => AbortSignal.timeout('5' as never)).toThrow(TypeError);
  });
});
