import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { SEED } from '../../test/seed.ts';
import { PauseSampler, RESTS_MAX, type Sample, UNREAD_MS_MAX } from './pause-monitor-sampler.ts';
import { NO_SOURCES } from './pause-sources.ts';

const LIMITS = { intervalMs: 50, thresholdMs: 50, clockStepMs: 100 };

/** A sampler on a clock that is advanced by hand, in a process that sleeps or does not, and what it read of its sources. */
class Bed {
  readonly clock = new ManualClock();
  awakeMs = 0;
  cpuShare = 0.01;
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
        enterFast: (counters) => {
          this.fastReads += 1;
          counters.processCpuMs = this.cpuShare * this.clock.exactMonotonicMs;
          counters.eluActiveMs = 7;
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

  /** Wakes up until everything was read, and what is fast once more: the next wake-ups rest if any do. */
  untilLooked(): void {
    while (!this.wakeUp().isSlow);
    this.wakeUp();
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
      eluActiveMs: 7.25,
      eluIdleMs: (counters.eluIdleMs ?? NaN) + 50.75,
    });
    expect(rest.reading.monotonicMs).toBeCloseTo(monotonicMs + 51, 6);
    expect(rest).toMatchObject({ isLate: false, isSlow: false });
    expect(rest.lateMs).toBeCloseTo(1, 6);
  });

  it('lets what is not read add up to little, whatever the rests are like', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 0.99, noNaN: true }), fc.constantFrom(0.01, 0.2), (awakeMs, cpuShare) => {
        const bed = new Bed();
        Object.assign(bed, { awakeMs, cpuShare });
        bed.wakeUps(60);
        let [unreadMs, rests, slow] = [0, 0, 0];
        for (let count = 0; count < 200; count += 1) {
          const { fastReads } = bed;
          const { isSlow } = bed.wakeUp();
          if (isSlow) slow += 1;
          const isRest = bed.fastReads === fastReads;
          [unreadMs, rests] = isRest ? [unreadMs + awakeMs, rests + 1] : [0, 0];
          expect(unreadMs).toBeLessThanOrEqual(UNREAD_MS_MAX + 1e-9);
          expect(rests).toBeLessThanOrEqual(cpuShare > 0.05 ? 3 : RESTS_MAX);
        }
        expect([9, 10, 11]).toContain(slow);
      }),
      { seed: SEED, numRuns: 50 },
    );
  });

  it('rests nearly always in an idle process', () => {
    const bed = new Bed();
    bed.awakeMs = 0.1;
    const { fastReads } = bed;
    bed.wakeUps(200);
    expect(bed.fastReads - fastReads).toBeLessThanOrEqual(22);
  });

  it('does not rest right after everything was read: what was handed over is not handed over twice', () => {
    const bed = new Bed();
    let after = 0;
    for (let count = 0; count < 100; count += 1) {
      if (!bed.wakeUp().isSlow) continue;
      const { fastReads } = bed;
      bed.wakeUp();
      after += bed.fastReads - fastReads;
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
