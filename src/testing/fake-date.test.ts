import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SIM_EPOCH_MS } from '../sim/index.ts';
import { useSimClock } from './runners.ts';

const RealDate = Date;
const sim = useSimClock({ beforeEach, afterEach });

describe('a fake Date', () => {
  it('reads the wall clock: as a function, as a constructor, by now()', () => {
    expect(Date.now()).toBe(SIM_EPOCH_MS);
    expect(new Date().toISOString()).toBe('2026-01-01T00:00:00.000Z');
    expect(Date()).toBe(new RealDate(SIM_EPOCH_MS).toString());
    sim.clock.advance(1500.75);
    expect(Date.now()).toBe(SIM_EPOCH_MS + 1500);
    expect(new Date().getTime()).toBe(SIM_EPOCH_MS + 1500);
  });

  it('is whole milliseconds however fine the wall clock is', () => {
    sim.clock.stepWall(0.4);
    expect(Number.isInteger(Date.now())).toBe(true);
  });

  it('is the real Date in all that does not read the time', () => {
    expect(Date.name).toBe('Date');
    expect(Date).toHaveLength(7);
    expect(Date.UTC(2020, 1, 3)).toBe(RealDate.UTC(2020, 1, 3));
    expect(Date.parse('2020-02-03')).toBe(RealDate.parse('2020-02-03'));
    expect(new Date(2020, 1, 3, 4, 5, 6, 7)).toEqual(new RealDate(2020, 1, 3, 4, 5, 6, 7));
    expect(new Date('2020-02-03').getTime()).toBe(RealDate.parse('2020-02-03'));
    expect(new Date(undefined as never).getTime()).toBeNaN();
    expect(Object.keys(Date)).toEqual(Object.keys(RealDate));
  });

  it('makes dates of the same kind, either way round', () => {
    expect(new Date()).toBeInstanceOf(RealDate);
    expect(new RealDate(0)).toBeInstanceOf(Date);
    expect(new Date().constructor).toBe(Date);
    expect(new RealDate(0).constructor).toBe(Date);
  });

  it('can be extended', () => {
    class Stamp extends Date {
      readonly label = 'now';
    }
    const stamp = new Stamp();
    expect(stamp).toBeInstanceOf(Stamp);
    expect(stamp.getTime()).toBe(SIM_EPOCH_MS);
    expect(stamp.label).toBe('now');
  });
});
