import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { thrownBy } from '../../test/support/thrown-by.ts';
import { SEED } from '../../test/seed.ts';
import { openWithKoffi } from './foreign-functions.ts';
import { FakeMachine } from './native-clocks.fixture.ts';
import { nativePlatform } from './native-platforms.ts';
import { NativeReader } from './native-reader.ts';

function bootReader(machine: FakeMachine): NativeReader {
  const platform = nativePlatform(machine.platform, machine.architecture)!;
  return new NativeReader(openWithKoffi(machine.koffi, platform.libraries[0]!), platform.boot, machine.isLittleEndian);
}

/** A double is a fraction with a power of two below. */
const SCALE_BITS = 80n;

function exactNs(readMs: number): bigint {
  const whole = Math.floor(readMs);
  return ((BigInt(whole) << SCALE_BITS) + BigInt((readMs - whole) * 2 ** 80)) * 1_000_000n;
}

describe('a reading in milliseconds', () => {
  const UPTIME_NS = fc.oneof(
    fc.bigInt({ min: 0n, max: 3_000_000_000n }),
    fc.bigInt({ min: 0n, max: 10n ** 18n }),
    // Just around powers of two of a millisecond, where a double has half as many digits on one side.
    fc
      .tuple(fc.integer({ min: 0, max: 39 }), fc.bigInt({ min: -3n, max: 3n }))
      .map(([power, off]) => 2n ** BigInt(power) * 1_000_000n + off)
      .filter((ns) => ns >= 0n),
  );

  it.each([
    ['linux', true, 1n],
    ['linux', false, 1n],
    ['win32', true, 100n],
  ] as const)(
    '%s, little-endian %s: is never ahead, and below by no more than the granularity says',
    (platform, isLittleEndian, stepNs) => {
      fc.assert(
        fc.property(UPTIME_NS, (bootNs) => {
          const machine = new FakeMachine({ platform, isLittleEndian });
          machine.sleptNs = 0n;
          machine.readNs = 0n;
          machine.activeNs = bootNs;
          const reader = bootReader(machine);
          const truth = ((machine.bootNs / stepNs) * stepNs) << SCALE_BITS;
          const readMs = reader.readMs();
          machine.readNs = stepNs;
          const belowNs = Number((truth - exactNs(readMs)) >> (SCALE_BITS - 20n)) / 2 ** 20;
          expect(belowNs).toBeGreaterThanOrEqual(0);
          expect(belowNs).toBeLessThanOrEqual(reader.granularityMs * 1e6 - Number(stepNs) + 1e-6);
        }),
        { seed: SEED, numRuns: 2000 },
      );
    },
  );

  it('keeps the order of what was read, to the nanosecond', () => {
    fc.assert(
      fc.property(UPTIME_NS, fc.bigInt({ min: 0n, max: 2_000_000_000n }), (bootNs, laterNs) => {
        const machine = new FakeMachine();
        machine.readNs = 0n;
        machine.sleptNs = 0n;
        machine.activeNs = bootNs;
        const earlier = bootReader(machine).readMs();
        machine.activeNs += laterNs;
        // A reader of its own, which knows no reading before.
        expect(bootReader(machine).readMs()).toBeGreaterThanOrEqual(earlier);
      }),
      { seed: SEED, numRuns: 2000 },
    );
  });

  it('does not go back when the clock does (a restored process), and counts on from there', () => {
    const machine = new FakeMachine();
    const reader = bootReader(machine);
    const beforeMs = reader.readMs();
    machine.activeNs -= 5_000_000_000n;
    expect(reader.readMs()).toBe(beforeMs);
    machine.activeNs += 3_000_000n;
    expect(reader.readMs() - beforeMs).toBeCloseTo(3, 3);
  });
});

describe('a reading in nanoseconds', () => {
  it.each([true, false])('is what the system says, little-endian %s', (isLittleEndian) => {
    const machine = new FakeMachine({ isLittleEndian });
    machine.sleptNs = 2n ** 62n;
    expect(bootReader(machine).readNs()).toBe(machine.bootNs);
  });

  it('on Windows comes in hundreds', () => {
    const machine = new FakeMachine({ platform: 'win32' });
    expect(bootReader(machine).readNs()).toBe((machine.bootNs / 100n) * 100n);
  });
});

describe('a clock that cannot be read', () => {
  it('is an error at that moment, and never an old reading', () => {
    const machine = new FakeMachine();
    const works = machine.functions.get('clock_gettime')!;
    let isRefusing = false;
    machine.functions.set('clock_gettime', (...given) => (isRefusing ? -1 : works(...given)));
    const reader = bootReader(machine);
    reader.readMs();
    isRefusing = true;
    for (const read of [() => reader.readMs(), () => reader.readNs()]) {
      const error = thrownBy(read);
      expect(error).toMatchObject({ code: 'TC_NO_MONOTONIC_CLOCK' });
      expect(String(error)).toContain('CLOCK_BOOTTIME');
    }
  });

  it('stands still: found out when its granularity is asked for', () => {
    const machine = new FakeMachine();
    machine.readNs = 0n;
    const reader = bootReader(machine);
    expect(String(thrownBy(() => reader.granularityMs))).toContain('stood still');
  });

  it('a library without the function', () => {
    const machine = new FakeMachine();
    machine.functions.delete('clock_gettime');
    expect(() => bootReader(machine)).toThrow('clock_gettime');
  });
});

describe('granularity', () => {
  it('is the smallest step that was seen, and a little for rounding', () => {
    const machine = new FakeMachine();
    const works = machine.functions.get('clock_gettime')!;
    let reads = 0;
    machine.functions.set('clock_gettime', (...given) => {
      reads += 1;
      machine.readNs = reads % 3 === 0 ? 0n : reads % 7 === 0 ? 250n : 900n;
      return works(...given);
    });
    const reader = bootReader(machine);
    reader.readMs();
    expect(reader.granularityMs).toBeGreaterThan(0.00025);
    expect(reader.granularityMs).toBeLessThan(0.000251);
  });
});
