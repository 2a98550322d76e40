import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { useSimClock } from './runners.ts';

const realSetTimeout = setTimeout;
const realClearTimeout = clearTimeout;
const sim = useSimClock({ beforeEach, afterEach });

describe('setTimeout', () => {
  it('calls once, with its arguments, on the timer, at its moment', () => {
    const calls: unknown[] = [];
    const timer: NodeJS.Timeout = setTimeout(
      function (this: unknown, ...args: number[]) {
        calls.push([this, performance.now(), ...args]);
      },
      250,
      1,
      2,
    );
    sim.clock.advance(249.99);
    expect(calls).toEqual([]);
    sim.clock.advance(1000);
    expect(calls).toEqual([[timer, 250, 1, 2]]);
  });

  it.each([
    [0, 1],
    [-5, 1],
    [NaN, 1],
    [undefined, 1],
    [0.999, 1],
    [1.999, 1],
    [2.5, 2],
    ['20', 20],
    [null, 1],
    [2 ** 31 - 1, 2 ** 31 - 1],
  ])('makes of a delay of %s one of %s ms, as Node does', (given, expectedMs) => {
    let firedMs = NaN;
    setTimeout(() => (firedMs = performance.now()), given as number);
    sim.clock.runAll();
    expect(firedMs).toBe(expectedMs);
  });

  it('warns of a delay that does not fit, and makes it 1 ms', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    let firedMs = NaN;
    setTimeout(() => (firedMs = performance.now()), 2 ** 31);
    sim.clock.runAll();
    expect(firedMs).toBe(1);
    expect(warn.mock.lastCall).toEqual([expect.stringContaining('does not fit'), 'TimeoutOverflowWarning']);
  });

  it('refuses what is no function, and a delay that is no number, as Node does', () => {
    const refused = expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }) as Error;
    for (const set of [setTimeout, setInterval, setImmediate] as unknown as ((callback: unknown) => void)[]) {
      for (const callback of ['alert(1)', undefined, 1, {}]) {
        expect(() => {
          set(callback);
        }).toThrow(refused);
      }
    }
    expect(() => setTimeout(() => {}, 1n as never)).toThrow(TypeError);
  });

  it('timers set by a timer fire in the same advance, at their own moments', () => {
    const firedMs: number[] = [];
    const again = (): void => {
      firedMs.push(performance.now());
      if (firedMs.length < 4) setTimeout(again, 10);
    };
    setTimeout(again, 10);
    sim.clock.advance(40);
    expect(firedMs).toEqual([10, 20, 30, 40]);
  });

  it('can be promisified', async () => {
    const waiting = promisify(setTimeout)(50, 'value');
    await sim.clock.advanceAsync(50);
    await expect(waiting).resolves.toBe('value');
    const immediate = promisify(setImmediate)('soon');
    await sim.clock.advanceAsync(0);
    await expect(immediate).resolves.toBe('soon');
  });

  it('an error in a callback comes out of advance, and the rest still fires later', () => {
    const fired = vi.fn();
    setTimeout(() => {
      throw new Error('mine');
    }, 5);
    setTimeout(fired, 5);
    expect(() => sim.clock.advance(10)).toThrow('mine');
    sim.clock.advance(5);
    expect(fired).toHaveBeenCalledOnce();
  });
});

describe('the objects that timers are', () => {
  it('ref, unref, hasRef, and what keeps a process alive', () => {
    const timer = setTimeout(() => {}, 5);
    expect(timer.hasRef()).toBe(true);
    expect(timer.unref()).toBe(timer);
    expect(timer.hasRef()).toBe(false);
    expect(timer.ref().hasRef()).toBe(true);
    const immediate = setImmediate(() => {});
    expect(immediate.unref().hasRef()).toBe(false);
    expect(immediate.ref().hasRef()).toBe(true);
  });

  it('refresh starts again from now, before and after it fired, and not after it was cleared', () => {
    const firedMs: number[] = [];
    const timer = setTimeout(() => firedMs.push(performance.now()), 100);
    sim.clock.advance(60);
    timer.refresh();
    sim.clock.advance(60);
    expect(firedMs).toEqual([]);
    sim.clock.advance(40);
    expect(firedMs).toEqual([160]);
    timer.refresh();
    sim.clock.advance(100);
    expect(firedMs).toEqual([160, 260]);
    clearTimeout(timer);
    timer.refresh();
    sim.clock.advance(1000);
    expect(firedMs).toEqual([160, 260]);
  });

  it('are cleared by themselves, by their number, by the number as text, by either function, and by dispose', () => {
    const fired = vi.fn();
    const arm = (): NodeJS.Timeout => setTimeout(fired, 5);
    clearTimeout(arm());
    clearTimeout(arm()[Symbol.toPrimitive]());
    clearTimeout(String(Number(arm())));
    clearInterval(arm());
    clearTimeout(setInterval(fired, 5));
    arm().close();
    arm()[Symbol.dispose]();
    const immediate = setImmediate(fired);
    clearImmediate(immediate);
    setImmediate(fired)[Symbol.dispose]();
    for (const nothing of [undefined, null, 123_456, 'x', {}]) clearTimeout(nothing as never);
    clearImmediate(undefined);
    sim.clock.advance(100);
    expect(fired).not.toHaveBeenCalled();
    expect(sim.clock.node.timerCount).toBe(0);
  });

  it('a real timer from before can be cleared meanwhile', async () => {
    const fired = vi.fn();
    const timer = realSetTimeout(fired, 5);
    clearTimeout(timer);
    await new Promise((resolve) => realSetTimeout(resolve, 20));
    expect(fired).not.toHaveBeenCalled();
    realClearTimeout(timer);
  });
});

describe('setInterval', () => {
  it('repeats until it is cleared, also by its own callback', () => {
    const firedMs: number[] = [];
    const timer = setInterval(() => {
      firedMs.push(performance.now());
      if (firedMs.length === 3) clearInterval(timer);
    }, 10);
    sim.clock.advance(100);
    expect(firedMs).toEqual([10, 20, 30]);
    expect(sim.clock.node.timerCount).toBe(0);
  });

  it('goes on after an error in its callback', () => {
    let calls = 0;
    setInterval(() => {
      calls += 1;
      if (calls === 1) throw new Error('once');
    }, 10);
    expect(() => sim.clock.advance(10)).toThrow('once');
    sim.clock.advance(20);
    expect(calls).toBe(3);
  });

  it('refreshed by its own callback, comes once, a period later', () => {
    const firedMs: number[] = [];
    const timer = setInterval(() => {
      firedMs.push(performance.now());
      timer.refresh();
    }, 10);
    sim.clock.advance(35);
    expect(firedMs).toEqual([10, 20, 30]);
  });

  it('of a process that is gone, does nothing', () => {
    let calls = 0;
    const count = (): number => (calls += 1);
    const fired = setTimeout(count, 1);
    setTimeout(count, 2);
    sim.clock.advance(5);
    const waiting = setTimeout(count, 10);
    sim.clock.node.crash();
    const late = setTimeout(count, 10);
    for (const timer of [fired, waiting]) timer.refresh();
    sim.clock.node.restart();
    for (const timer of [fired, waiting, late]) timer.refresh();
    sim.clock.advance(100);
    expect(calls).toBe(2);
  });
});

describe('order', () => {
  it('an immediate comes after what is due now and before the next millisecond', () => {
    const order: string[] = [];
    const log = (text: string) => () => order.push(text);
    setTimeout(() => {
      setTimeout(log('next ms'), 0);
      setImmediate(() => {
        order.push('immediate');
        setImmediate(log('immediate of immediate'));
      });
    }, 10);
    setTimeout(log('due now'), 10);
    sim.clock.advance(20);
    expect(order).toEqual(['due now', 'immediate', 'immediate of immediate', 'next ms']);
  });

  it('with promises: all that are ready run between two timers of the same moment', async () => {
    const order: string[] = [];
    setTimeout(() => {
      order.push('first');
      void Promise.resolve()
        .then(() => order.push('promise'))
        .then(() => order.push('its promise'));
      process.nextTick(() => order.push('tick'));
      queueMicrotask(() => order.push('microtask'));
    }, 10);
    setTimeout(() => order.push('second'), 10);
    await sim.clock.advanceAsync(10);
    expect(order).toEqual(['first', 'tick', 'promise', 'microtask', 'its promise', 'second']);
  });

  it('a timer that a promise sets fires in the same advance', async () => {
    const order: string[] = [];
    const program = async (): Promise<void> => {
      for (const step of [1, 2, 3]) {
        await new Promise((resolve) => setTimeout(resolve, 1000));
        order.push(`${step} at ${performance.now()}`);
      }
    };
    void program();
    await sim.clock.advanceAsync(3000);
    expect(order).toEqual(['1 at 1000', '2 at 2000', '3 at 3000']);
  });
});
