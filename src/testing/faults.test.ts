/** Every fault as code sees it that takes a clock, and as code sees it that reads the globals: the same. */
import { describe, expect, it } from 'vitest';
import { install } from './install.ts';
import { SimClock, type SimClockOptions } from './sim-face.ts';

interface Scene {
  readonly name: string;
  readonly options?: SimClockOptions;
  readonly fault: (clock: SimClock) => void;
  /** How long time passes after the fault, in true ms. */
  readonly thenMs: number;
  /** What each clock has counted from before the fault to the end, and how often an interval of a second has come. */
  readonly expected: {
    readonly monotonic: number;
    readonly boot: number;
    readonly wall: number;
    readonly ticks: number;
  };
}

const all = (ms: number, ticks: number): Scene['expected'] => ({ monotonic: ms, boot: ms, wall: ms, ticks });
const nothing = (): void => undefined;

const SCENES: readonly Scene[] = [
  { name: 'none', fault: nothing, thenMs: 10_000, expected: all(10_000, 10) },
  {
    name: 'a step back',
    fault: (clock) => {
      clock.stepWall(-3_600_000);
    },
    thenMs: 10_000,
    expected: { ...all(10_000, 10), wall: -3_590_000 },
  },
  {
    name: 'a step forward',
    fault: (clock) => {
      clock.stepWall(3_600_000);
    },
    thenMs: 10_000,
    expected: { ...all(10_000, 10), wall: 3_610_000 },
  },
  {
    name: 'a slew, on Linux',
    fault: (clock) => {
      clock.slew({ ppm: 500, forMs: 10_000 });
    },
    thenMs: 20_000,
    expected: all(20_005, 20),
  },
  {
    name: 'a slew, elsewhere',
    options: { platform: 'other' },
    fault: (clock) => {
      clock.slew({ ppm: -500, forMs: 10_000 });
    },
    thenMs: 20_000,
    expected: { ...all(20_000, 20), wall: 19_995 },
  },
  { name: 'drift', options: { drift: { driftPpm: -1000 } }, fault: nothing, thenMs: 20_000, expected: all(19_980, 19) },
  {
    name: 'drift that changes',
    fault: (clock) => {
      clock.advance(10_000);
      clock.setDrift({ driftPpm: 1000 });
    },
    thenMs: 10_000,
    expected: all(20_010, 20),
  },
  {
    name: 'a temperature wave, over half its period',
    options: { drift: { wave: { amplitudePpm: 100, periodMs: 7_200_000 }, stepMs: 1000 } },
    fault: nothing,
    thenMs: 3_600_000,
    // 100 ppm times the mean of half a sine, 2 / pi.
    expected: all(3_600_000 + (3_600_000 * 1e-4 * 2) / Math.PI, 3600),
  },
  {
    name: 'suspend',
    fault: (clock) => {
      clock.suspend(60_000);
    },
    thenMs: 10_000,
    expected: { monotonic: 10_000, boot: 70_000, wall: 70_000, ticks: 10 },
  },
  {
    name: 'suspend, where the monotonic clock counts it',
    options: { platform: 'other' },
    fault: (clock) => {
      clock.suspend(60_000);
    },
    thenMs: 10_000,
    expected: all(70_000, 11),
  },
  {
    name: 'a pause of the process: late timers come once',
    fault: (clock) => {
      clock.pause(60_000);
    },
    thenMs: 10_000,
    expected: all(70_000, 11),
  },
  {
    name: 'a pause of the virtual machine',
    fault: (clock) => {
      clock.pauseVm(60_000);
    },
    thenMs: 10_000,
    expected: { ...all(10_000, 10), wall: 70_000 },
  },
  {
    name: 'a pause of the virtual machine that nobody mends',
    fault: (clock) => {
      clock.pauseVm(60_000, { wall: 'stays' });
    },
    thenMs: 10_000,
    expected: all(10_000, 10),
  },
  {
    name: 'a leap second inserted',
    fault: (clock) => {
      clock.leapSecond('insert');
    },
    thenMs: 10_000,
    expected: { ...all(10_000, 10), wall: 9000 },
  },
  {
    name: 'a leap second deleted',
    fault: (clock) => {
      clock.leapSecond('delete');
    },
    thenMs: 10_000,
    expected: { ...all(10_000, 10), wall: 11_000 },
  },
  {
    name: 'a leap second smeared, half of it',
    fault: (clock) => {
      clock.leapSecond('insert', { smearMs: 86_400_000 });
    },
    thenMs: 43_200_000,
    expected: { ...all(43_200_000, 43_200), wall: 43_199_500 },
  },
  {
    name: 'a monotonic clock that goes back',
    fault: (clock) => {
      clock.moveMonotonicBack(500);
    },
    thenMs: 10_000,
    expected: { monotonic: 9500, boot: 10_000, wall: 10_000, ticks: 9 },
  },
];

/** How coarse the clocks of these scenes are: a reading is off by less. */
const FINE = { monotonicMs: 2 ** -10, bootMs: 2 ** -10, wallMs: 1 };

describe.each(SCENES)('$name', ({ options = {}, fault, thenMs, expected }) => {
  it('through the typed clocks', () => {
    const clock = new SimClock({ granularity: FINE, ...options });
    const monotonic = clock.monotonic.now();
    const boot = clock.boot.now();
    const wall = clock.wall.now();
    let ticks = 0;
    const tick = (): void => {
      ticks += 1;
      clock.timers.after(1000, tick);
    };
    clock.timers.after(1000, tick);
    fault(clock);
    clock.advance(thenMs);
    expect(clock.monotonic.now().since(monotonic)).toBeCloseTo(expected.monotonic, 2);
    expect(clock.boot.now().since(boot)).toBeCloseTo(expected.boot, 2);
    expect(Math.abs(clock.wall.now().epochMilliseconds - wall.epochMilliseconds - expected.wall)).toBeLessThanOrEqual(
      1,
    );
    expect(ticks).toBe(expected.ticks);
  });

  it('through the installed globals', () => {
    const clock = new SimClock({ granularity: FINE, ...options });
    using installed = install(clock);
    const before = { performance: performance.now(), hrtime: process.hrtime.bigint(), date: new Date() };
    let ticks = 0;
    setInterval(() => (ticks += 1), 1000);
    fault(installed.clock);
    clock.advance(thenMs);
    expect(performance.now() - before.performance).toBeCloseTo(expected.monotonic, 2);
    expect(Number(process.hrtime.bigint() - before.hrtime) / 1e6).toBeCloseTo(expected.monotonic, 2);
    expect(Math.abs(Date.now() - before.date.getTime() - expected.wall)).toBeLessThanOrEqual(1);
    expect(ticks).toBe(expected.ticks);
  });
});

describe('faults that come from a seed', () => {
  const wanderer = (seed: number): SimClock => {
    const clock = new SimClock({ seed, drift: { wanderPpm: 1, wanderMaxPpm: 20 }, granularity: FINE });
    clock.advance(600_000);
    return clock;
  };

  it('wander: the same for the same seed, another for another, within its limit', () => {
    const readings = [1, 1, 2].map((seed) => wanderer(seed).port.monotonicMs());
    expect(readings[1]).toBe(readings[0]);
    expect(readings[2]).not.toBe(readings[0]);
    for (const reading of readings) expect(Math.abs(reading - 600_000)).toBeLessThanOrEqual(600_000 * 20e-6);
  });
});

describe('coarse clocks', () => {
  it('read in whole steps, never ahead, and timers are never early by them', () => {
    const clock = new SimClock({ granularity: { monotonicMs: 16, bootMs: 16, wallMs: 16 } });
    using installed = install(clock);
    const firedMs: number[] = [];
    setTimeout(() => firedMs.push(performance.now()), 20);
    for (let passedMs = 0; passedMs < 100; passedMs += 0.5) {
      expect(Date.now() % 16).toBe(0);
      expect(performance.now()).toBe(Math.floor(passedMs / 16) * 16);
      installed.clock.advance(0.5);
    }
    expect(firedMs).toEqual([32]);
  });
});

describe('the limit on events', () => {
  const looping = (name: string, arm: () => void) => ({ name, arm });

  it.each([
    looping('an immediate that sets itself again', function guiltyImmediate() {
      setImmediate(guiltyImmediate);
    }),
    looping('a timer that sets itself again', function guiltyTimer() {
      setTimeout(guiltyTimer, 0);
    }),
    looping('an interval', function guiltyInterval() {
      setInterval(() => undefined, 1);
    }),
  ])('$name ends with an error that shows where it was set', ({ arm }) => {
    const clock = new SimClock({ eventsMax: 1000 });
    using _installed = install(clock);
    arm();
    let thrown: unknown;
    try {
      clock.runAll();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'TC_TOO_MANY_EVENTS', details: { eventsMax: 1000 } });
    // The stack begins where the user's code is: nothing of ours comes first.
    expect((thrown as Error).message).toMatch(/that was set\n\s+at \S*guilty\w+ .*faults\.test\.ts/);
  });

  it('also with promises in between', async () => {
    const clock = new SimClock({ eventsMax: 100 });
    const guiltySleeper = async (): Promise<void> => {
      for (;;) await clock.timers.sleep(0);
    };
    void guiltySleeper();
    await expect(clock.advanceAsync(1)).rejects.toMatchObject({
      code: 'TC_TOO_MANY_EVENTS',
      message: expect.stringContaining('guiltySleeper') as string,
    });
  });
});
