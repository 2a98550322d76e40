import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { SEED } from '../../test/seed.ts';
import { PauseSampler, type Sample, UNREAD_MS_MAX } from './pause-monitor-sampler.ts';
import { NO_SOURCES } from './pause-sources.ts';

const LIMITS = { intervalMs: 50, thresholdMs: 50, clockStepMs: 100 };

/** A sampler on a clock that is advanced by hand, in a process that sleeps or does not, and what it read of its sources. */
class Bed {
  readonly clock = new ManualClock();
  awakeMs = 0;
  switchCount = 0;
  fastReads = 0;
  slowReads = 0;
  systemReads = 0;
  duringReads = (): void => undefined;
  readonly sampler = new PauseSampler(
    {
      port: this.clock,
      sources: {
        ...NO_SOURCES,
        awakeMs: () => this.awakeMs,
        processCpuMs: () => 0.01 * this.clock.exactMonotonicMs,
        enterFast: (counters) => {
          this.fastReads += 1;
          counters.processCpuMs = 0.01 * this.clock.exactMonotonicMs;
          counters.eluActiveMs = 7;
          counters.runMs = 100 + this.fastReads;
          counters.eluIdleMs = this.clock.exactMonotonicMs - 7;
          this.duringReads();
        },
        enterSystem: (counters) => {
          this.systemReads += 1;
          counters.systemSwitchCount = this.switchCount;
        },
        enterSlow: ({ counters }) => {
          this.slowReads += 1;
          counters.systemSwitchCount = this.switchCount;
        },
      },
    },
    LIMITS,
  );

  constructor() {
    // The looks right after the start read everything.
    this.wakeUps(40);
  }

  wakeUp(lateMs = 0, switches = 10): Sample {
    this.clock.pass(50 + lateMs);
    this.switchCount += switches;
    this.sampler.begin();
    return this.sampler.take();
  }

  wakeUps(count: number, switches = 10): void {
    for (let wakeUp = 0; wakeUp < count; wakeUp += 1) this.wakeUp(0, switches);
  }

  /** Wakes up until everything was read: the next wake-ups rest if any do. */
  untilLooked(): void {
    while (!this.wakeUp().isSlow);
  }
}

describe('PauseSampler', () => {
  it('reads nothing but clocks at a wake-up that was prompt after sleep, and never at another', () => {
    const bed = new Bed();
    const reads = (lateMs: number, awakeMs: number): number => {
      bed.untilLooked();
      bed.awakeMs = awakeMs;
      const { fastReads } = bed;
      bed.wakeUp(lateMs);
      bed.awakeMs = 0;
      return bed.fastReads - fastReads;
    };
    expect([0.5, 1.9, -1].map((lateMs) => reads(lateMs, 0.9))).toEqual([0, 0, 0]);
    expect([2.5, 30, 100].map((lateMs) => reads(lateMs, 0))).toEqual([1, 1, 1]);
    expect([reads(0, 1.1), reads(0, NaN)]).toEqual([1, 1]);
  });

  it('brings the last sample up to date then: the thread slept but for its callbacks, and used nothing', () => {
    const bed = new Bed();
    bed.untilLooked();
    const before = bed.wakeUp();
    const { monotonicMs, counters } = { ...before.reading, counters: { ...before.reading.counters } };
    bed.awakeMs = 0.25;
    const rest = bed.wakeUp(1);
    expect(rest.reading.counters).toEqual({
      ...counters,
      processCpuMs: 0.01 * bed.clock.exactMonotonicMs,
      eluIdleMs: (counters.eluIdleMs ?? NaN) + 50.75,
    });
    expect(rest.reading.monotonicMs).toBeCloseTo(monotonicMs + 51, 6);
    expect(rest).toMatchObject({ isLate: false, isSlow: false });
    expect(rest.lateMs).toBeCloseTo(1, 6);
  });

  it('lets what is not read add up to little, whatever the rests are like', () => {
    const lateMs = fc.double({ min: -1, max: 2, noNaN: true });
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        fc.array(lateMs, { minLength: 200, maxLength: 200 }),
        (awakeMs, late) => {
          const bed = new Bed();
          bed.awakeMs = awakeMs;
          let [unreadMs, waitedMs, slow] = [0, 0, 0];
          for (const byMs of late) {
            const { fastReads } = bed;
            if (bed.wakeUp(byMs).isSlow) slow += 1;
            const isRest = bed.fastReads === fastReads;
            [unreadMs, waitedMs] = isRest ? [unreadMs + awakeMs, waitedMs + Math.max(0, byMs)] : [0, 0];
            expect(unreadMs).toBeLessThanOrEqual(UNREAD_MS_MAX + 1e-9);
            expect(waitedMs).toBeLessThanOrEqual(0.12 * LIMITS.thresholdMs + 0.1);
          }
          expect([9, 10, 11]).toContain(slow);
        },
      ),
      { seed: SEED, numRuns: 50 },
    );
  });

  it('has held the process when the clocks of a rest are far apart, and reads', () => {
    const bed = new Bed();
    bed.untilLooked();
    const { fastReads } = bed;
    let left = 1;
    bed.clock.afterRead = (clock) => {
      if (clock === 'wall' && (left -= 1) === 0) bed.clock.pass(42);
    };
    bed.wakeUp();
    bed.clock.afterRead = undefined;
    expect(bed.fastReads).toBe(fastReads + 1);
  });

  it('rests nearly always in an idle process', () => {
    const bed = new Bed();
    bed.awakeMs = 0.1;
    const { fastReads } = bed;
    bed.wakeUps(200);
    expect(bed.fastReads - fastReads).toBeLessThanOrEqual(22);
  });

  it('rests right after everything was read as well, on a sample of its own: what was handed over is not handed over twice', () => {
    const bed = new Bed();
    let after = 0;
    for (let count = 0; count < 100; count += 1) {
      const slow = bed.wakeUp();
      if (!slow.isSlow) continue;
      const { counters, monotonicMs } = slow.reading;
      const { fastReads } = bed;
      const rest = bed.wakeUp();
      expect(bed.fastReads).toBe(fastReads);
      expect(rest).not.toBe(slow);
      expect([slow.isSlow, slow.reading.monotonicMs, rest.isSlow]).toEqual([true, monotonicMs, false]);
      const { eluActiveMs, eluIdleMs = NaN, runMs } = counters;
      expect(rest.reading.counters).toMatchObject({ eluActiveMs, eluIdleMs: eluIdleMs + 50, runMs });
      expect([counters.systemSwitchCount, rest.reading.counters.systemSwitchCount]).toEqual([
        expect.any(Number),
        undefined,
      ]);
      expect(rest.reading.bootMs).toBeUndefined();
      after += 1;
    }
    expect(after).toBe(5);
  });

  it('looks at the whole system a few times a second, and at each wake-up while the machine is busier than it was', () => {
    const bed = new Bed();
    const looks = (switches: number): number => {
      const { systemReads } = bed;
      bed.wakeUps(40, switches);
      return bed.systemReads - systemReads;
    };
    const [calm, busy] = [looks(10), looks(40)];
    expect(calm).toBeGreaterThanOrEqual(6);
    expect(calm).toBeLessThanOrEqual(12);
    expect(busy).toBeGreaterThanOrEqual(calm + 5);
    // After a while that is what is usual.
    expect(looks(40)).toBeLessThanOrEqual(12);
  });

  it('does not rest while the machine is busier than it was, nor on its way back from a gap', () => {
    const bed = new Bed();
    const reads = (wakeUps: number, switches: number): number => {
      const { fastReads } = bed;
      bed.wakeUps(wakeUps, switches);
      return bed.fastReads - fastReads;
    };
    bed.untilLooked();
    expect(reads(3, 10)).toBeLessThanOrEqual(1);
    bed.wakeUp(0, 100);
    bed.wakeUps(3, 100);
    expect(reads(3, 100)).toBe(3);
    bed.wakeUps(40, 100);
    bed.wakeUp(400);
    const { systemReads } = bed;
    bed.wakeUp();
    expect(bed.systemReads).toBe(systemReads + 1);
  });

  it('is resting after a second of sleep, and not after anything else', () => {
    const bed = new Bed();
    bed.wakeUps(19);
    expect(bed.sampler.isResting).toBe(true);
    bed.wakeUp(2.5);
    expect(bed.sampler.isResting).toBe(false);
    bed.wakeUps(19);
    expect(bed.sampler.isResting).toBe(false);
    bed.wakeUp();
    expect(bed.sampler.isResting).toBe(true);
  });

  it('sees a step of the wall clock after rests as after readings', () => {
    const bed = new Bed();
    bed.untilLooked();
    bed.wakeUps(3);
    expect(bed.wakeUp().isSlow).toBe(false);
    bed.clock.stepWall(60);
    expect(bed.wakeUp().isSlow).toBe(true);
  });

  it('hands over what it knew of the system, oldest first, with everything', () => {
    const bed = new Bed();
    bed.wakeUps(3);
    bed.wakeUps(3, 100);
    const { earlier = [], monotonicMs, counters } = bed.wakeUp(400, 0).reading;
    expect(earlier).toHaveLength(2);
    const [older, newer] = earlier.map((reading) => ({ ...reading.counters, atMs: reading.monotonicMs }));
    expect(newer?.systemSwitchCount).toBe(counters.systemSwitchCount);
    expect(monotonicMs - (newer?.atMs ?? NaN)).toBeCloseTo(450, 6);
    expect((newer?.atMs ?? NaN) - (older?.atMs ?? NaN)).toBeCloseTo(50, 6);
    expect(bed.wakeUp(400).reading.earlier).toEqual([]);
  });

  it('a pause while reading is read again with everything, and what was read of the system before is kept', () => {
    const bed = new Bed();
    bed.wakeUps(3);
    bed.wakeUps(3, 100);
    bed.awakeMs = NaN;
    bed.duringReads = (): void => {
      bed.duringReads = () => undefined;
      bed.clock.pass(300);
    };
    const sample = bed.wakeUp();
    expect(sample).toMatchObject({ isLate: true, isSlow: true });
    expect(sample.reading.earlier).toHaveLength(2);
  });
});
