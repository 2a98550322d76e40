import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { thrownBy } from '../../test/support/thrown-by.ts';
import { SimClockCore, type SimClockOptions } from './sim-clock.ts';
import { SIM_EPOCH_MS } from './sim-world.ts';
import { settle } from './world.fixture.ts';

function newClock(options: Partial<SimClockOptions> = {}): SimClockCore {
  return new SimClockCore({ settle, ...options });
}

describe('a simulated clock', () => {
  it('has the typed face of the machine clock', () => {
    const clock = newClock();
    const watch = clock.monotonic.stopwatch();
    const limit = clock.monotonic.deadline(1000);
    clock.advance(999);
    expect({ elapsed: watch.elapsedMs(), passed: limit.passed }).toEqual({ elapsed: 999, passed: false });
    clock.stepWall(-3_600_000);
    clock.advance(1);
    expect({ elapsed: watch.elapsedMs(), passed: limit.passed }).toEqual({ elapsed: 1000, passed: true });
    expect(clock.port.wallMs()).toBe(SIM_EPOCH_MS + 1000 - 3_600_000);
  });

  it('does nothing by itself', async () => {
    const clock = newClock();
    const before = clock.port.monotonicMs();
    await settle();
    expect(clock.port.monotonicMs()).toBe(before);
  });

  it('lets promises run between timers when it is told to', async () => {
    const clock = newClock();
    let wakes = 0;
    void (async () => {
      for (; wakes < 5; wakes += 1) await clock.timers.sleep(10);
    })();
    await clock.advanceAsync(35);
    expect(wakes).toBe(3);
    await clock.runAllAsync();
    expect(wakes).toBe(5);
  });
});

describe('advancing to a moment of the wall clock', () => {
  it.each(['sync', 'async'])('reaches it, whatever the clock drifts, slews and shows (%s)', async (mode) => {
    const drift = fc.constantFrom(0, 50, -50, 100_000, -100_000);
    const slew = fc.constantFrom(0, 500, -500, -100_000);
    const ahead = fc.double({ min: 0, max: 1e8, noNaN: true });
    await fc.assert(
      fc.asyncProperty(
        drift,
        slew,
        ahead,
        fc.constantFrom('linux', 'other'),
        async (driftPpm, ppm, aheadMs, platform) => {
          const clock = newClock({ drift: { driftPpm }, platform, granularity: { wallMs: 10 } });
          if (ppm !== 0) clock.slew({ ppm, forMs: 5e7 });
          const targetMs = SIM_EPOCH_MS + aheadMs;
          if (mode === 'sync') clock.advanceTo(targetMs);
          else await clock.advanceToAsync(targetMs);
          const overMs = clock.port.wallMs() - targetMs;
          expect(overMs).toBeGreaterThanOrEqual(0);
          // A slew that ends on the way is not foreseen, a drift is.
          expect(overMs).toBeLessThan(ppm === 0 ? 11 : 1e7);
        },
      ),
      { numRuns: mode === 'sync' ? 100 : 20 },
    );
  });

  it('that has passed does nothing', () => {
    const clock = newClock();
    clock.advance(5000);
    clock.advanceTo(SIM_EPOCH_MS + 10);
    expect(clock.world.nowMs).toBe(5000);
  });

  it('refuses a duration', () => {
    expect(() => {
      newClock().advanceTo(5000);
    }).toThrow(/advanceTo/);
  });
});

describe('running', () => {
  it('until something holds stays at that moment, and stops at the limit', async () => {
    const clock = newClock();
    let fired = false;
    clock.port.setTimer(() => (fired = true), 250, { keepsAlive: true });
    expect(clock.runUntil(() => fired)).toBe(true);
    expect(clock.world.nowMs).toBe(250);
    expect(clock.runUntil(() => false, { maxMs: 100 })).toBe(false);
    expect(clock.world.nowMs).toBe(350);
    expect(await clock.runUntilAsync(() => false, { maxMs: 100 })).toBe(false);
    expect(clock.world.nowMs).toBe(450);
  });

  it('all fires every timer in order, also those that timers set', () => {
    const clock = newClock();
    const seen: string[] = [];
    const set = (what: string, ms: number, then?: () => void): void => {
      clock.port.setTimer(
        () => {
          seen.push(`${what} at ${clock.world.nowMs}`);
          then?.();
        },
        ms,
        { keepsAlive: true },
      );
    };
    set('b', 20);
    set('a', 10, () => {
      set('c', 15);
    });
    clock.runAll();
    expect(seen).toEqual(['a at 10', 'b at 20', 'c at 25']);
    expect(clock.world.nowMs).toBe(25);
  });

  it.each(['runAll', 'runAllAsync'] as const)(
    '%s ends what has no end with an error that says where',
    async (method) => {
      const clock = newClock({ eventsMax: 300 });
      const again = (): void => {
        clock.port.setTimer(again, 10, { keepsAlive: true });
      };
      again();
      await expect((async () => clock[method]())()).rejects.toMatchObject({
        code: 'TC_TOO_MANY_EVENTS',
        message: expect.stringContaining('sim-clock.test.ts'),
      });
    },
  );
});

describe('faults that take their time', () => {
  const cases = [
    {
      name: 'suspend',
      begin: (clock: SimClockCore) => clock.suspend(5000),
      clocks: { monotonic: 0, boot: 5000, wall: 5000 },
    },
    {
      name: 'pause',
      begin: (clock: SimClockCore) => clock.pause(5000),
      clocks: { monotonic: 5000, boot: 5000, wall: 5000 },
    },
    {
      name: 'pauseVm',
      begin: (clock: SimClockCore) => clock.pauseVm(5000),
      clocks: { monotonic: 0, boot: 0, wall: 5000 },
    },
    {
      name: 'pauseVm that nobody mends',
      begin: (clock: SimClockCore) => clock.pauseVm(5000, { wall: 'stays' }),
      clocks: { monotonic: 0, boot: 0, wall: 0 },
    },
  ];

  it.each(cases)('$name has passed when the call returns, and no timer has fired yet', ({ begin, clocks }) => {
    const clock = newClock();
    let fired = false;
    clock.port.setTimer(() => (fired = true), 100, { keepsAlive: true });
    begin(clock);
    const { port } = clock;
    expect({ monotonic: port.monotonicMs(), boot: port.bootMs(), wall: port.wallMs() - SIM_EPOCH_MS }).toEqual(clocks);
    expect(clock.world.nowMs).toBe(5000);
    expect(fired).toBe(false);
    clock.advance(clocks.monotonic === 0 ? 100 : 0);
    expect(fired).toBe(true);
  });

  it('the others act at once', () => {
    const clock = newClock({ granularity: { monotonicMs: 2 ** -20, wallMs: 2 ** -10 } });
    clock.leapSecond('insert');
    clock.moveMonotonicBack(50);
    clock.setDrift({ driftPpm: 1000 });
    clock.slew({ ppm: 1000, forMs: 1000 });
    clock.advance(2000);
    expect(clock.port.monotonicMs()).toBeCloseTo(2000 - 50 + 2 + 1, 3);
    expect(clock.port.wallMs() - SIM_EPOCH_MS).toBeCloseTo(2000 - 1000 + 2 + 1, 2);
  });

  it.each(['suspend', 'pause', 'pauseVm'] as const)(
    '%s inside a timer is refused before it changes anything',
    (fault) => {
      const clock = newClock();
      let thrown: unknown;
      clock.node.setTimer(() => (thrown = thrownBy(() => clock[fault](1000))), 5, { keepsAlive: true });
      clock.advance(10);
      const message: unknown = expect.stringMatching(new RegExp(`^${fault}: .*clock\\.node\\.${fault}\\(\\)`));
      expect(thrown).toMatchObject({ code: 'TC_INVALID_ARGUMENT', message });
      expect({ running: clock.node.isRunning, monotonic: clock.port.monotonicMs() }).toEqual({
        running: true,
        monotonic: 10,
      });
    },
  );
});
