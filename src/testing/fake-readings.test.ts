import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SIM_EPOCH_MS } from '../sim/index.ts';
import { fakeTemporalNow, nanosecondsOf, type TemporalLike } from './fake-readings.ts';
import { useSimClock } from './runners.ts';
import { SimClock } from './sim-face.ts';

const sim = useSimClock({ beforeEach, afterEach }, { monotonicMs: 5000 });

describe('the other clocks of the platform', () => {
  it('agree with each other and with the typed clock', () => {
    sim.clock.advance(1234.5);
    expect(performance.now()).toBe(6234.5);
    expect(performance.now()).toBe(sim.clock.port.monotonicMs());
    expect(process.hrtime.bigint()).toBe(6_234_500_000n);
    expect(process.hrtime()).toEqual([6, 234_500_000]);
    expect(process.uptime()).toBe(6.2345);
    expect(performance.timeOrigin + performance.now()).toBe(SIM_EPOCH_MS + 1234.5);
  });

  it('hrtime measures from an earlier reading, and says what is wrong with something else', () => {
    sim.clock.advance(999.5);
    const before = process.hrtime();
    sim.clock.advance(1000.75);
    expect(process.hrtime(before)).toEqual([1, 750_000]);
    sim.clock.advance(1999);
    expect(process.hrtime(before)).toEqual([2, 999_750_000]);
    expect(() => process.hrtime(1 as never)).toThrow(TypeError);
    expect(() => process.hrtime([1] as never)).toThrow(RangeError);
  });

  it('nanoseconds are exact where a double of nanoseconds would not be', () => {
    expect(nanosecondsOf(SIM_EPOCH_MS + 0.5)).toBe(1_767_225_600_000_500_000n);
    expect(nanosecondsOf(-0.25)).toBe(-250_000n);
  });
});

describe('Temporal.Now', () => {
  // Node 20 has no Temporal: what is asked of it.
  const temporal: TemporalLike = {
    Now: { timeZoneId: () => 'Europe/Bern' },
    Instant: {
      fromEpochNanoseconds: (nanoseconds) => ({
        toZonedDateTimeISO: (zone) => ({
          toPlainDateTime: () => `date and time ${nanoseconds} ${String(zone)}`,
          toPlainDate: () => `date ${nanoseconds} ${String(zone)}`,
          toPlainTime: () => `time ${nanoseconds} ${String(zone)}`,
        }),
      }),
    },
  };

  it('reads the wall clock, in the zone that was asked for or the one of the system', () => {
    const clock = new SimClock();
    clock.advance(3);
    const now = fakeTemporalNow(temporal, clock.node) as Record<string, (zone?: string) => unknown>;
    expect(now['plainDateTimeISO']?.()).toBe('date and time 1767225600003000000 Europe/Bern');
    expect(now['plainDateISO']?.('UTC')).toBe('date 1767225600003000000 UTC');
    expect(now['plainTimeISO']?.('UTC')).toBe('time 1767225600003000000 UTC');
    expect(Object.keys(now)).toEqual([
      'instant',
      'zonedDateTimeISO',
      'plainDateTimeISO',
      'plainDateISO',
      'plainTimeISO',
    ]);
  });

  it.runIf('Temporal' in globalThis)('is replaced where it exists', () => {
    const { Now } = Reflect.get(globalThis, 'Temporal') as { Now: { instant(): { epochMilliseconds: number } } };
    sim.clock.advance(7);
    expect(Now.instant().epochMilliseconds).toBe(SIM_EPOCH_MS + 7);
  });
});
