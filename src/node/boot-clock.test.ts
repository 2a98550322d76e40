import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SEED } from '../../test/seed.ts';
import { type FileFault, Machine } from './boot-clock.fixture.ts';

describe('the boot clock', () => {
  it('asks os.uptime() for the first reading, and after that for nothing while time passes as it should', () => {
    const machine = new Machine();
    for (let turn = 0; turn < 1000; turn += 1) {
      machine.monotonicUs += turn * 37;
      const readMs = machine.clock.readMs();
      expect(readMs).toBeCloseTo(Math.floor((machine.bootUs - 1) / 10_000) * 10, 6);
    }
    expect(machine.uptimeReads).toBe(1);
    expect(machine.clock.stepMs).toBe(10);
  });

  it('a suspend is asked about once, and shows in full', () => {
    const machine = new Machine();
    const beforeMs = machine.clock.readMs();
    machine.sleptUs += 3_600_000_000;
    expect(machine.clock.readMs() - beforeMs).toBeCloseTo(3_600_000, 6);
    machine.clock.readMs();
    expect(machine.uptimeReads).toBe(2);
  });

  it('a copy of the file under its number is found out, and os.uptime() is read from then on', () => {
    const machine = new Machine();
    machine.clock.readMs();
    machine.break('copy');
    machine.monotonicUs += 25_000;
    expect(machine.clock.readMs()).toBeCloseTo(Math.floor(machine.bootUs / 10_000) * 10, 6);
    machine.fault = 'none';
    expect(machine.file.readMs()).toBeNaN();
  });

  it('an older copy is found out before it takes the clock back', () => {
    const machine = new Machine();
    machine.break('copy');
    machine.fault = 'none';
    machine.monotonicUs += 10_000;
    const readMs = machine.clock.readMs();
    machine.fault = 'copy';
    expect(machine.clock.readMs()).toBeGreaterThanOrEqual(readMs);
    expect(machine.file.readMs()).toBeNaN();
  });

  it('a monotonic clock that is replaced moves nothing, is asked about once, and does not cost the file', () => {
    const machine = new Machine();
    for (const fakeMs of [0, 3_600_000, -3_600_000, 0, 15]) {
      machine.fakeMs = fakeMs;
      machine.monotonicUs += 1_000_000;
      for (let reads = 0; reads < 3; reads += 1) {
        expect(machine.clock.readMs()).toBeCloseTo(Math.floor(machine.bootUs / 10_000) * 10, 6);
      }
    }
    expect(machine.uptimeReads).toBe(5);
    machine.fakeMs = NaN;
    expect(machine.clock.readMs()).toBeCloseTo(Math.floor(machine.bootUs / 10_000) * 10, 6);
    expect(machine.file.readMs()).not.toBeNaN();
  });

  it('where there are only whole seconds, a monotonic clock that is replaced moves it by less than one', () => {
    const machine = new Machine();
    machine.clock.readMs();
    machine.break('closed');
    machine.isCoarse = true;
    machine.fakeMs = 3_600_000;
    expect(machine.clock.readMs()).toBe(Math.floor(machine.bootUs / 1e6) * 1000 + 990);
  });

  it('where os.uptime() itself goes back (a container restored elsewhere), so does this: the port counts on', () => {
    const machine = new Machine();
    machine.clock.readMs();
    machine.sleptUs -= 50_000_000;
    expect(machine.clock.readMs()).toBeCloseTo(Math.floor(machine.bootUs / 10_000) * 10, 6);
    expect(machine.file.readMs()).not.toBeNaN();
  });

  it('without /proc it counts the whole seconds that there are, and says so', () => {
    const machine = new Machine();
    machine.break('closed');
    machine.isCoarse = true;
    expect(machine.clock.stepMs).toBe(10);
    expect(machine.clock.readMs()).toBe(Math.floor(machine.bootUs / 1e6) * 1000);
    expect(machine.clock.stepMs).toBe(1000);
    machine.isCoarse = false;
    machine.monotonicUs += 123_456;
    machine.clock.readMs();
    expect(machine.clock.stepMs).toBe(10);
  });

  it('when descriptors run out it goes on from the sharpest reading, not back by up to a second', () => {
    const machine = new Machine();
    const lateInStep = (): void => {
      machine.monotonicUs += (19_900 - (machine.bootUs % 10_000)) % 10_000;
    };
    lateInStep();
    machine.clock.readMs();
    for (let turn = 0; turn < 100; turn += 1) {
      machine.monotonicUs += 303;
      machine.clock.readMs();
    }
    lateInStep();
    machine.clock.readMs();
    machine.break('closed');
    machine.isCoarse = true;
    for (let turn = 0; turn < 300; turn += 1) {
      machine.monotonicUs += 7_003;
      const behindMs = machine.bootUs / 1000 - machine.clock.readMs();
      expect(behindMs).toBeLessThan(10 + 0.31);
    }
  });
});

const EVENT = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('elapse' as const), us: fc.nat({ max: 30_000 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('elapse' as const), us: fc.nat({ max: 5_000_000 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('sleep' as const), us: fc.nat({ max: 20_000_000 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('break' as const),
      fault: fc.constantFrom<FileFault>('closed', 'copy', 'other'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('coarse' as const), on: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('pauses' as const),
      delaysUs: fc.array(fc.oneof(fc.nat({ max: 5 }), fc.nat({ max: 12_000 }), fc.nat({ max: 3_000_000 })), {
        maxLength: 6,
      }),
    }),
  },
);

/** The hundredths are divided and multiplied again. */
const ROUNDING_MS = 1e-6;

describe('whatever happens to the file, to descriptors and to the process', () => {
  it('a reading is never ahead, never back, and behind by no more than the step says', () => {
    const seen = { readings: 0, coarse: 0, letGo: 0 };
    fc.assert(
      fc.property(
        fc.array(EVENT, { minLength: 1, maxLength: 60, size: 'max' }),
        fc.nat({ max: 2_000_000 }),
        (events, startUs) => {
          const machine = new Machine();
          machine.monotonicUs += startUs;
          let lastMs = -Infinity;
          for (const event of events) {
            if (event.kind === 'elapse') machine.monotonicUs += event.us;
            else if (event.kind === 'sleep') machine.sleptUs += event.us;
            else if (event.kind === 'break') machine.break(event.fault);
            else if (event.kind === 'coarse') machine.isCoarse = event.on;
            else machine.delaysUs = event.delaysUs;

            const startMs = machine.bootUs / 1000;
            const startMonotonicUs = machine.monotonicUs;
            const readMs = machine.clock.readMs();
            // A fresh copy shows only when monotonic time has passed it by: a step of its own, one of the first reading, and the time of a read.
            const isHidden = machine.fault === 'copy' && startMonotonicUs - machine.copiedAtUs <= 22_000;
            const slackMs = isHidden ? Infinity : ROUNDING_MS;
            expect(readMs).toBeLessThanOrEqual(machine.bootUs / 1000 + ROUNDING_MS);
            expect(readMs).toBeGreaterThanOrEqual(startMs - machine.clock.stepMs - slackMs);
            expect(readMs).toBeGreaterThanOrEqual(lastMs - ROUNDING_MS);
            lastMs = readMs;
            seen.readings += 1;
            if (machine.clock.stepMs > 10) seen.coarse += 1;
          }
          if (Number.isNaN(machine.file.readMs())) seen.letGo += 1;
        },
      ),
      { seed: SEED, numRuns: 1000 },
    );
    expect(seen.readings).toBeGreaterThan(10_000);
    expect(seen.coarse).toBeGreaterThan(1000);
    expect(seen.letGo).toBeGreaterThan(300);
  });
});
