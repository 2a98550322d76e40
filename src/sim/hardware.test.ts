import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exact } from '../../test/support/rational.ts';
import { ceilTo, floorTo, Hardware } from './hardware.ts';
import { sumAtMost } from './world.fixture.ts';

const EPOCH_MS = 1_767_225_600_000;
const GRANULARITY = { monotonicMs: 0, bootMs: 0, wallMs: 0 };

type Change =
  | { readonly what: 'rate' | 'slew-all' | 'slew-wall'; readonly ppm: number }
  | { readonly what: 'suspended' | 'halted'; readonly on: boolean }
  | { readonly what: 'step' | 'back'; readonly ms: number };

interface Segment {
  /** How long nothing changes, in whole ms. */
  readonly forMs: number;
  readonly change: Change;
}

const ppm = fc.oneof(fc.integer({ min: -500, max: 500 }), fc.constantFrom(-100_000, 100_000, 0));

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ what: fc.constantFrom('rate' as const, 'slew-all' as const, 'slew-wall' as const), ppm }),
  fc.record({ what: fc.constantFrom('suspended' as const, 'halted' as const), on: fc.boolean() }),
  fc.record({ what: fc.constant('step' as const), ms: fc.integer({ min: -1e9, max: 1e9 }) }),
  fc.record({ what: fc.constant('back' as const), ms: fc.integer({ min: 0, max: 10_000 }) }),
);

const history = fc.array(fc.record({ forMs: fc.integer({ min: 0, max: 10_000_000 }), change }), { maxLength: 20 });

/** The model: the same clocks in whole units of 1e-12 ms, in which every rate is a whole number. */
class Model {
  ratePpm = 0n;
  slewPpm = 0n;
  wallSlewPpm = 0n;
  suspended = false;
  halted = false;
  monotonic = 500n * UNITS;
  boot = 700n * UNITS;
  /** Wall minus boot. */
  ahead = BigInt(EPOCH_MS - 700) * UNITS;

  pass(ms: number): void {
    const counted = this.halted ? 0n : BigInt(ms) * (1_000_000n + this.ratePpm + this.slewPpm) * (UNITS / 1_000_000n);
    this.boot += counted;
    if (!this.suspended) this.monotonic += counted;
    this.ahead += (counted * this.wallSlewPpm) / 1_000_000n;
  }

  apply(change: Change): void {
    if (change.what === 'rate') this.ratePpm = BigInt(change.ppm);
    else if (change.what === 'slew-all') [this.slewPpm, this.wallSlewPpm] = [BigInt(change.ppm), 0n];
    else if (change.what === 'slew-wall') [this.slewPpm, this.wallSlewPpm] = [0n, BigInt(change.ppm)];
    else if (change.what === 'suspended') this.suspended = change.on;
    else if (change.what === 'halted') this.halted = change.on;
    else if (change.what === 'step') this.ahead += BigInt(change.ms) * UNITS;
    else if (change.what === 'back') this.monotonic -= BigInt(change.ms) * UNITS;
  }
}

const UNITS = 10n ** 12n;

function apply(hardware: Hardware, change: Change): void {
  if (change.what === 'rate') hardware.setRate(change.ppm);
  else if (change.what === 'slew-all') hardware.setSlew(change.ppm, 'all');
  else if (change.what === 'slew-wall') hardware.setSlew(change.ppm, 'wall');
  else if (change.what === 'suspended') hardware.setSuspended(change.on);
  else if (change.what === 'halted') hardware.setHalted(change.on);
  else if (change.what === 'step') hardware.stepWall(change.ms);
  else if (change.what === 'back') hardware.moveMonotonic(-change.ms);
}

function newHardware(granularity = GRANULARITY): Hardware {
  return new Hardware({ wallMs: EPOCH_MS, monotonicMs: 500, bootMs: 700, granularity });
}

/** How far a double is from a number of units, in ms. */
function errorMs(value: number, units: bigint): number {
  const { numerator, denominator } = exact(value);
  return Math.abs(Number(numerator * UNITS - units * denominator)) / Number(denominator) / 1e12;
}

/** Runs a history on both and says whether every clock was right at every change, and in the middle of every segment. */
function followsModel(segments: readonly Segment[], make: () => Hardware = newHardware): boolean {
  const hardware = make();
  const model = new Model();
  let trueMs = 0;
  for (const { forMs, change } of segments) {
    const halfMs = Math.floor(forMs / 2);
    for (const partMs of [halfMs, forMs - halfMs]) {
      trueMs += partMs;
      model.pass(partMs);
      const { monotonicMs, bootMs, wallMs } = hardware.at(trueMs);
      if (errorMs(monotonicMs, model.monotonic) > 1e-6 || errorMs(bootMs, model.boot) > 1e-6) return false;
      // A double of that size has steps of 2.4e-4 ms, and every slew adds one rounding.
      if (errorMs(wallMs, model.boot + model.ahead) > 1e-3 + segments.length * 2.5e-4) return false;
      if (hardware.monotonicAt(trueMs) !== monotonicMs) return false;
    }
    hardware.catchUp(trueMs);
    apply(hardware, change);
    model.apply(change);
  }
  return true;
}

describe('the clocks of a machine', () => {
  it('are piecewise linear functions of true time, as an exact model says', () => {
    fc.assert(fc.property(history, (segments) => followsModel(segments)));
  });

  it.each([
    ['a suspend that stops boot time', { at: 'setSuspended', as: 'setHalted' }],
    ['a stopped machine whose boot time goes on', { at: 'setHalted', as: 'setSuspended' }],
  ] as const)('the comparison catches %s', (_, { at, as }) => {
    class Broken extends Hardware {
      override setSuspended(on: boolean): void {
        super[at === 'setSuspended' ? as : 'setSuspended'](on);
      }
      override setHalted(on: boolean): void {
        super[at === 'setHalted' ? as : 'setHalted'](on);
      }
    }
    const broken = (): Hardware =>
      new Broken({ wallMs: EPOCH_MS, monotonicMs: 500, bootMs: 700, granularity: GRANULARITY });
    expect(fc.check(fc.property(history, (segments) => followsModel(segments, broken))).failed).toBe(true);
  });

  it('reading them changes nothing', () => {
    fc.assert(
      fc.property(history, fc.array(fc.integer({ min: 0, max: 1e7 })), (segments, looks) => {
        const [quiet, watched] = [newHardware(), newHardware()];
        let trueMs = 0;
        for (const { forMs, change } of segments) {
          for (const lookMs of looks) watched.at(trueMs + lookMs);
          trueMs += forMs;
          for (const hardware of [quiet, watched]) {
            hardware.catchUp(trueMs);
            apply(hardware, change);
          }
        }
        expect(watched.at(trueMs + 1)).toEqual(quiet.at(trueMs + 1));
      }),
    );
  });

  it('monotonic and boot time never go back, whatever happens except what is illegal', () => {
    fc.assert(
      fc.property(history, (segments) => {
        const hardware = newHardware();
        let trueMs = 0;
        let before = hardware.at(0);
        for (const { forMs, change } of segments) {
          for (const part of [0, 0.3, 0.7, 1]) {
            const now = hardware.at(trueMs + forMs * part);
            expect(now.monotonicMs).toBeGreaterThanOrEqual(before.monotonicMs);
            expect(now.bootMs).toBeGreaterThanOrEqual(before.bootMs);
            before = now;
          }
          trueMs += forMs;
          hardware.catchUp(trueMs);
          if (change.what !== 'back') apply(hardware, change);
        }
      }),
    );
  });

  it('a step moves the wall clock and nothing else, exactly', () => {
    const hardware = newHardware();
    hardware.catchUp(1234.5);
    const before = hardware.at(1234.5);
    hardware.stepWall(-60_000);
    expect(hardware.at(1234.5)).toEqual({ ...before, wallMs: before.wallMs - 60_000 });
  });

  it('a machine that is switched on later has counted nothing before', () => {
    const hardware = newHardware();
    hardware.skipTo(1e9);
    expect(hardware.at(1e9)).toEqual({ monotonicMs: 500, bootMs: 700, wallMs: EPOCH_MS });
  });

  it('true time going back is a bug', () => {
    const hardware = newHardware();
    hardware.catchUp(10);
    expect(() => {
      hardware.catchUp(9);
    }).toThrow(/true time never goes back/);
  });
});

describe('when a reading will come', () => {
  it('is the inverse of the monotonic clock while it runs', () => {
    fc.assert(
      fc.property(history, fc.integer({ min: 0, max: 1e8 }), (segments, aheadMs) => {
        const hardware = newHardware();
        let trueMs = 0;
        for (const { forMs, change } of segments) {
          trueMs += forMs;
          hardware.catchUp(trueMs);
          apply(hardware, change);
        }
        hardware.setSuspended(false);
        hardware.setHalted(false);
        const atMs = trueMs + aheadMs;
        expect(Math.abs(hardware.trueTimeOf(hardware.monotonicAt(atMs)) - atMs)).toBeLessThan(1e-5);
        const readingMs = hardware.monotonicAt(trueMs) + aheadMs;
        expect(Math.abs(hardware.monotonicAt(hardware.trueTimeOf(readingMs)) - readingMs)).toBeLessThan(1e-5);
        expect(hardware.trueTimeOf(readingMs - 2 * aheadMs)).toBe(
          aheadMs === 0 ? hardware.trueTimeOf(readingMs) : trueMs,
        );
      }),
    );
  });

  it.each(['setSuspended', 'setHalted'] as const)(
    'is never while the clock stands still (%s), and now for what was reached',
    (stand) => {
      const hardware = newHardware();
      hardware.catchUp(100);
      hardware[stand](true);
      expect(hardware.trueTimeOf(600)).toBe(100);
      expect(hardware.trueTimeOf(599)).toBe(100);
      expect(hardware.trueTimeOf(600.001)).toBe(Infinity);
      hardware.catchUp(300);
      hardware[stand](false);
      expect(hardware.trueTimeOf(601)).toBe(301);
    },
  );

  it('is really reached, to the last bit, at any rate', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -100_000, max: 100_000 }),
        fc.double({ min: 0, max: 1e9, noNaN: true }),
        fc.double({ min: 0, max: 1e7, noNaN: true }),
        (ratePpm, startMs, delayMs) => {
          const hardware = newHardware();
          hardware.setRate(ratePpm);
          hardware.catchUp(startMs);
          const dueMs = hardware.monotonicAt(startMs) + delayMs;
          const trueMs = hardware.trueTimeOf(dueMs);
          hardware.reach(dueMs, trueMs);
          expect(hardware.monotonicAt(trueMs)).toBeGreaterThanOrEqual(dueMs);
          expect(hardware.monotonicAt(trueMs)).toBeLessThan(dueMs + 1e-5);
        },
      ),
    );
  });
});

describe('granularity', () => {
  const step = fc.oneof(
    fc.constantFrom(2 ** -10, 0.001, 0.005, 0.1, 1, 10, 15.625, 100, 1000 / 60),
    fc.double({ min: 1e-4, max: 1000, noNaN: true }),
  );
  const value = fc.oneof(
    fc.double({ min: -1e9, max: 1e13, noNaN: true }),
    // Whole numbers of steps, where the division is most likely to be wrong.
    fc.tuple(fc.nat(1e9), fc.constantFrom(0.001, 0.005, 0.1, 1000 / 60)).map(([steps, stepMs]) => steps * stepMs),
  );

  it('shows the last step that is not above the reading', () => {
    fc.assert(
      fc.property(value, step, (valueMs, stepMs) => {
        const shownMs = floorTo(valueMs, stepMs);
        expect(shownMs).toBeLessThanOrEqual(valueMs);
        expect(valueMs - shownMs).toBeLessThanOrEqual(stepMs * (1 + 1e-9) + Math.abs(valueMs) * 3e-16);
        expect(floorTo(shownMs, stepMs)).toBe(shownMs);
      }),
      { numRuns: 2000 },
    );
  });

  it('never goes back when the reading does not', () => {
    fc.assert(
      fc.property(value, fc.double({ min: 0, max: 100, noNaN: true }), step, (valueMs, laterMs, stepMs) => {
        expect(floorTo(valueMs + laterMs, stepMs)).toBeGreaterThanOrEqual(floorTo(valueMs, stepMs));
      }),
      { numRuns: 2000 },
    );
  });

  it('the next reading that is shown is not before the moment, and at most one step after it', () => {
    fc.assert(
      fc.property(value, step, (valueMs, stepMs) => {
        const nextMs = ceilTo(valueMs, stepMs);
        expect(nextMs).toBeGreaterThanOrEqual(valueMs);
        expect(floorTo(nextMs, stepMs)).toBe(nextMs);
        expect(nextMs - valueMs).toBeLessThanOrEqual(stepMs * (1 + 1e-9) + Math.abs(valueMs) * 3e-16);
      }),
      { numRuns: 2000 },
    );
  });

  it('of zero shows everything', () => {
    expect(floorTo(1.23, 0)).toBe(1.23);
    expect(ceilTo(1.23, 0)).toBe(1.23);
    expect(ceilTo(Infinity, 10)).toBe(Infinity);
  });

  it('the wall clock shows the last step that is not above boot time plus its lead, exactly', () => {
    const moment = fc.oneof(
      fc.double({ min: 0, max: 1e9, noNaN: true }),
      // A hair before a whole millisecond: the sum of epochs rounds it up.
      fc.nat(1e8).map((ms) => ms + 1 - 2 ** -20),
    );
    fc.assert(
      fc.property(moment, fc.constantFrom(1, 0.1, 10, 15.625), (trueMs, wallMs) => {
        const hardware = newHardware({ ...GRANULARITY, wallMs });
        const { bootMs } = hardware.at(trueMs);
        const shownMs = hardware.shownWallMs(trueMs);
        const leadMs = EPOCH_MS - 700;
        expect(sumAtMost([shownMs], [bootMs, leadMs])).toBe(true);
        expect(sumAtMost([bootMs, leadMs], [shownMs, wallMs, 0.001])).toBe(true);
      }),
    );
  });
});
