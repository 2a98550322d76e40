import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { PAUSE_DIAGNOSTICS_CHANNELS } from './diagnostics.ts';
import { Rig } from './pause-monitor.fixture.ts';
import { SLOW_EVERY_MS } from './pause-monitor-sampler.ts';

describe('what a monitor tells', () => {
  it('names a spin, with its length and where the time went', () => {
    const rig = new Rig({ watchdog: true });
    rig.idle(1000);
    rig.spin(300);
    rig.settle();
    expect(rig.pauses).toMatchObject([{ cause: 'cpu', gapMs: 250, maxMs: 300, seq: 1 }]);
    expect(rig.last?.parts.onCpuMs).toBeCloseTo(250, 6);
    expect(rig.monitor.last).toBe(rig.last);
  });

  it('waits for what had to be heard of: a collection that is told after the wake-up', () => {
    const rig = new Rig();
    rig.idle(1000);
    const startMs = rig.clock.exactMonotonicMs;
    rig.spin(300);
    expect(rig.pauses).toEqual([]);
    rig.collect({ startMs, durationMs: 295 });
    rig.settle();
    expect(rig.last?.cause).toBe('gc');
  });

  it('names a stop at once when SIGCONT came with the wake-up', () => {
    const rig = new Rig({ watchdog: true });
    rig.idle(1000);
    rig.stop(700);
    rig.hearContinued();
    rig.settle();
    // At once: no later moment has come in which something could have fired.
    expect(rig.last).toMatchObject({ cause: 'stopped', certainty: 'counter', gapMs: 650 });
    rig.stop(700);
    rig.clock.pass(1);
    rig.hearContinued();
    rig.settle();
    expect(rig.pauses).toHaveLength(2);
  });

  it('names it when SIGCONT comes a little later, and not when it does not', () => {
    for (const [comes, cause] of [
      [true, 'stopped'],
      [false, 'unknown'],
    ] as const) {
      const rig = new Rig({ watchdog: true });
      rig.idle(1000);
      rig.stop(700);
      rig.settle();
      expect(rig.pauses).toEqual([]);
      rig.idle(40);
      if (comes) rig.hearContinued();
      rig.idle(7);
      rig.settle();
      expect(rig.pauses.map((pause) => pause.cause)).toEqual([cause]);
    }
  });

  it('hands over the stacks of the block, and no others', () => {
    const rig = new Rig({ watchdog: true });
    rig.idle(500);
    rig.stacks.push('at work (app.js:1)');
    rig.spin(300);
    rig.settle();
    rig.spin(300);
    rig.settle();
    expect(rig.pauses.map(({ stacks }) => stacks)).toEqual([['at work (app.js:1)'], []]);
    expect(rig.beats).toBe(13);
  });

  it('tells the second thread that it rests after a second of sleep, but for a wake-up that is late', () => {
    const rig = new Rig({ watchdog: true });
    rig.idle(950);
    expect(rig.restingBeats).toBe(0);
    rig.idle(1000);
    expect(rig.restingBeats).toBeGreaterThanOrEqual(18);
    const resting = rig.restingBeats;
    rig.sleepMs = 100;
    rig.stop(300);
    rig.settle();
    rig.idle(47);
    rig.settle();
    expect(rig.restingBeats).toBe(resting);
    expect(rig.last?.evidence.helperIntervalMs).toBe(100);
  });

  it('sees a suspend that the monotonic clock did not count, at the next wake-up', () => {
    const rig = new Rig();
    rig.idle(5010);
    rig.clock.suspend(60_000);
    rig.idle(50);
    rig.settle();
    expect(rig.last).toMatchObject({ cause: 'suspend', certainty: 'counter' });
    expect(rig.last?.gapMs).toBeGreaterThan(59_980);
    expect(rig.steps).toEqual([]);
    expect(rig.monitor.capabilities.bootClock).toBe(true);
  });

  it('takes no step of the wall clock for a pause', () => {
    const rig = new Rig();
    rig.idle(5000);
    rig.clock.stepWall(7000);
    rig.idle(50);
    rig.clock.stepWall(-7000);
    rig.idle(50);
    expect(rig.steps.map(({ deltaMs }) => Math.round(deltaMs))).toEqual([7000, -7000]);
    expect(rig.pauses).toEqual([]);
  });

  it('knows nothing of suspend where uptime is in whole seconds, and says so', () => {
    const rig = new Rig({ machine: { granularity: { bootMs: 1000 } } });
    rig.idle(10_000);
    expect(rig.pauses).toEqual([]);
    expect(rig.monitor.capabilities.bootClock).toBe(false);
    rig.clock.suspend(60_000);
    rig.idle(50);
    expect(rig.steps).toMatchObject([{ maybeSuspend: true }]);
  });

  it('does not lose the boot clock to a reading that happens to be of a whole second', () => {
    const granularity = { monotonicMs: 0.001, bootMs: 10, wallMs: 1 };
    const rig = new Rig({ machine: { granularity } });
    rig.idle(3000);
    Object.assign(rig.clock.granularity, { bootMs: 1000 });
    rig.idle(1000);
    expect(rig.monitor.capabilities.bootClock).toBe(true);
    Object.assign(rig.clock.granularity, { bootMs: 10 });
    rig.idle(2000);
    expect(rig.monitor.capabilities.bootClock).toBe(true);
    expect(rig.pauses).toEqual([]);
    rig.clock.suspend(9000);
    rig.idle(50);
    expect(rig.last?.cause).toBe('suspend');
  });

  it('keeps to itself what is suppressed, and counts it', () => {
    const rig = new Rig({ suppress: ['cpu'] });
    const mark = rig.monitor.mark();
    rig.idle(1000);
    rig.spin(300);
    rig.settle();
    expect(rig.pauses).toEqual([]);
    expect(rig.monitor.last?.cause).toBe('cpu');
    expect(rig.monitor.pausedSince(mark)).toBe(250);
  });

  it('publishes on its channels', () => {
    const published = vi.fn();
    subscribe(PAUSE_DIAGNOSTICS_CHANNELS.pause, published);
    const rig = new Rig();
    rig.spin(300);
    rig.settle();
    unsubscribe(PAUSE_DIAGNOSTICS_CHANNELS.pause, published);
    expect(published).toHaveBeenCalledTimes(1);
    const gap = vi.fn();
    subscribe(PAUSE_DIAGNOSTICS_CHANNELS.gap, gap);
    rig.spin(300);
    unsubscribe(PAUSE_DIAGNOSTICS_CHANNELS.gap, gap);
    expect(gap.mock.calls).toEqual([
      [{ monitor: rig.monitor, gapMs: expect.closeTo(250, 3) as number }, PAUSE_DIAGNOSTICS_CHANNELS.gap],
    ]);
    const told: unknown = published.mock.calls[0]?.[0];
    expect(told).toMatchObject({ kind: 'pause', monitor: rig.monitor });
    rig.settle();
    expect(JSON.parse(JSON.stringify(told))).toEqual(JSON.parse(JSON.stringify(rig.pauses[0])));
  });
});

describe('what a monitor reads', () => {
  it('reads slow signals once a second after a quick start, and after a gap', () => {
    const rig = new Rig();
    rig.idle(10_000);
    const quiet = rig.looks.length;
    expect(quiet).toBeLessThanOrEqual(10_000 / SLOW_EVERY_MS + 6);
    expect(quiet).toBeGreaterThanOrEqual(10);
    expect(rig.looks.every(({ isLate }) => !isLate)).toBe(true);
    rig.spin(300);
    expect(rig.looks.slice(quiet)).toMatchObject([{ isLate: true }]);
  });

  it('reads everything again when it was paused while it read', () => {
    // Whether it would have read everything, something, or clocks only: the pause comes after that was decided.
    let paused = 0;
    for (const after of [1, 2]) {
      for (let wakeUp = 0; wakeUp < 25; wakeUp += 1) {
        const rig = new Rig();
        rig.idle(10_020 + 50 * wakeUp);
        let left = after;
        rig.clock.afterRead = (clock) => {
          if (clock === 'wall') left -= 1;
          if (clock === 'wall' && left === 0) rig.clock.pass(400);
        };
        rig.idle(50);
        rig.clock.afterRead = undefined;
        // Of the wall clock only once.
        if (left > 0) continue;
        paused += 1;
        expect(rig.looks.at(-1)).toMatchObject({ isLate: true });
        rig.settle();
        rig.idle(47);
        rig.settle();
        expect(rig.pauses).toHaveLength(1);
      }
    }
    expect(paused).toBeGreaterThanOrEqual(26);
  });

  it('never hands over a total again that was not read again', () => {
    const rig = new Rig();
    rig.stealMs = 500;
    rig.idle(5000);
    expect(rig.stale).toBe(false);
    // It cannot be read any more: it is missing, and has not stood still.
    rig.stealMs = undefined;
    rig.spin(300);
    rig.settle();
    expect(rig.last?.evidence.stealMs).toBeUndefined();
  });

  it('records how late every wake-up was, and pauses whole', () => {
    const rig = new Rig();
    rig.idle(1000);
    rig.spin(270);
    rig.settle();
    expect(rig.monitor.histogram.raw.count).toBe(21);
    expect(rig.monitor.histogram.raw.max / 1e6).toBeCloseTo(220, -1);
    expect(rig.monitor.histogram.corrected.count).toBe(25);
    const suggestion = rig.monitor.suggestLeaseTtl({ roundTripsMs: [2], horizonMs: 60_000 });
    expect(suggestion).toMatchObject({ status: 'suggested', falseLossProbability: 0, falseLossProbabilityMax: 1 });
    expect(suggestion.status === 'suggested' && (2 / 3) * suggestion.windowMs).toBeGreaterThan(270);
  });
});

/** Two readings of the clock, which floors to a microsecond. */
const READING_MS = 0.002;

const intervals = fc.integer({ min: 5, max: 200 });
const tenths = (maxMs: number): fc.Arbitrary<number> =>
  fc.integer({ min: 0, max: 10 * maxMs }).map((value) => value / 10);
const moments = fc.array(fc.tuple(tenths(400), tenths(1500)), { minLength: 2, maxLength: 12 });

describe('laws of a monitor', () => {
  it('notices every pause of interval and threshold, none below the threshold, and bounds its length', () => {
    let noticed = 0;
    fc.assert(
      fc.property(intervals, intervals, moments, (intervalMs, thresholdMs, events) => {
        const rig = new Rig({ intervalMs, thresholdMs });
        for (const [idleMs, forMs] of events) {
          rig.idle(idleMs);
          const before = rig.pauses.length;
          rig.spin(forMs);
          rig.settle();
          rig.idle(46);
          const seen = rig.pauses.slice(before);
          if (forMs >= intervalMs + thresholdMs + READING_MS) expect(seen).toHaveLength(1);
          if (forMs < thresholdMs) expect(seen).toEqual([]);
          for (const { gapMs, maxMs } of seen) {
            noticed += 1;
            expect(gapMs).toBeLessThanOrEqual(forMs + READING_MS);
            expect(maxMs).toBeGreaterThanOrEqual(forMs - READING_MS);
          }
        }
      }),
    );
    expect(noticed).toBeGreaterThan(100);
  });

  it('knows of lost time at the first instruction, before any wake-up, and says the same after it', () => {
    let checked = 0;
    fc.assert(
      fc.property(intervals, moments, fc.boolean(), (intervalMs, events, sleeps) => {
        const thresholdMs = 50;
        const rig = new Rig({ intervalMs, thresholdMs });
        for (const [idleMs, forMs] of events) {
          rig.idle(idleMs);
          const mark = rig.monitor.mark();
          if (sleeps) rig.clock.suspend(forMs);
          else rig.clock.pass(forMs);
          const atOnceMs = rig.monitor.pausedSince(mark);
          const atLeastMs = sleeps ? forMs - 10 : forMs - intervalMs;
          if (atLeastMs >= thresholdMs + READING_MS) {
            checked += 1;
            expect(atOnceMs).toBeGreaterThanOrEqual(atLeastMs - READING_MS);
            rig.clock.advance(sleeps ? intervalMs : 0);
            expect(rig.monitor.pausedSince(mark)).toBeGreaterThanOrEqual(atLeastMs - 11);
            rig.settle();
            expect(rig.monitor.pausedSince(mark)).toBeGreaterThanOrEqual(atLeastMs - 11);
          }
          // Sleeps below the threshold are not told of, and may add to the next.
          expect(atOnceMs).toBeLessThanOrEqual(forMs + 10 + thresholdMs + READING_MS);
          rig.settle();
        }
      }),
    );
    expect(checked).toBeGreaterThan(100);
  });
});
