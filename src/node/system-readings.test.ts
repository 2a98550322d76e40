import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { NO_SOURCES } from './pause-sources.ts';
import { SystemReadings } from './system-readings.ts';

/** A machine that switches as often as it is told, looked at every 50 ms. */
class Machine {
  readonly clock = new ManualClock();
  count: number | undefined = 1000;
  reads = 0;
  readTakesMs = 0;
  readonly readings = new SystemReadings({
    port: this.clock,
    sources: {
      ...NO_SOURCES,
      enterSystem: (counters) => {
        this.reads += 1;
        counters.systemSwitchCount = this.count;
        counters.stealMs = 40;
        this.clock.pass(this.readTakesMs);
      },
    },
  });

  wakeUp(switches: number): void {
    this.clock.pass(50);
    this.count = this.count === undefined ? undefined : this.count + switches;
    const nowMs = this.clock.monotonicMs();
    if (this.readings.isDue(nowMs)) this.readings.read(nowMs);
  }

  /** How often it was read meanwhile. */
  wakeUps(wakeUps: number, switches: number): number {
    const before = this.reads;
    for (let wakeUp = 0; wakeUp < wakeUps; wakeUp += 1) this.wakeUp(switches);
    return this.reads - before;
  }
}

describe('SystemReadings', () => {
  it('reads at every fourth wake-up of a calm machine, and at each while it is busier than it was', () => {
    const machine = new Machine();
    machine.wakeUps(20, 10);
    expect(machine.wakeUps(40, 10)).toBe(10);
    expect(machine.wakeUps(8, 40)).toBeGreaterThanOrEqual(4);
    // That is what it is like now.
    machine.wakeUps(40, 40);
    expect(machine.wakeUps(40, 40)).toBe(10);
  });

  it('does not take a machine for busy for ever because it was still once', () => {
    const machine = new Machine();
    machine.wakeUps(20, 10);
    machine.wakeUps(8, 0);
    machine.wakeUps(40, 10);
    expect(machine.wakeUps(40, 10)).toBe(10);
  });

  it('is calm where nothing can be read', () => {
    const machine = new Machine();
    machine.count = undefined;
    expect(machine.wakeUps(40, 0)).toBe(10);
    expect(machine.readings.take()).toEqual([]);
  });

  it('keeps the last two, oldest first, and none that took long; those before it are still of before', () => {
    const machine = new Machine();
    machine.wakeUps(40, 10);
    const kept = machine.readings.take();
    expect(kept).toHaveLength(2);
    expect(kept[0]!.monotonicMs).toBeLessThan(kept[1]!.monotonicMs);
    // The rate of stolen time, which comes in ticks, must not be that of so short a time.
    expect(kept.map(({ counters }) => counters.stealMs)).toEqual([undefined, 40]);
    expect(machine.readings.take()).toEqual([]);
    machine.wakeUps(8, 10);
    machine.readTakesMs = 6;
    machine.wakeUps(4, 10);
    const [older, newer] = machine.readings.take();
    expect(machine.clock.monotonicMs() - newer!.monotonicMs).toBeGreaterThan(190);
    expect(older!.monotonicMs).toBeLessThan(newer!.monotonicMs);
  });

  it('learns nothing from the rate of a gap, and reads at the wake-up after it', () => {
    const machine = new Machine();
    machine.wakeUps(40, 100);
    machine.clock.pass(2000);
    const slow = (isLate: boolean): void => {
      machine.readings.slowLook(machine.count, { atMs: machine.clock.monotonicMs(), isLate });
    };
    slow(true);
    expect(machine.wakeUps(1, 100)).toBe(1);
    // Two seconds without a switch were no calm: the old rate is not busy.
    expect(machine.wakeUps(8, 100)).toBe(2);
    slow(false);
    expect(machine.wakeUps(1, 100)).toBe(0);
  });
});
