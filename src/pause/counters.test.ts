import { describe, expect, it } from 'vitest';
import { CounterBook } from './counters.ts';

/** A total that is read once a second, then at the end of a gap of 1 s that begins half a second after the last reading. */
function growthInGap(perQuietSecond: number, atTheEnd: number): number | undefined {
  const book = new CounterBook();
  for (const second of [0, 1, 2]) {
    book.enter(
      { systemSwitchCount: second * perQuietSecond },
      { atMs: second * 1000, windowMs: second === 0 ? 50 : 1000, isGap: false },
    );
  }
  const total = 2 * perQuietSecond + atTheEnd;
  return book.enter({ systemSwitchCount: total }, { atMs: 3500, windowMs: 1000, isGap: true }).systemSwitchCount;
}

describe('context switches of the machine within a gap', () => {
  it('are what is left when the usual rate of the time before it is taken off', () => {
    expect(growthInGap(100, 400)).toBe(350);
  });

  it('are unknown when most of the growth is laid to the time before: a small rest would say that the machine stood still', () => {
    expect(growthInGap(1000, 510)).toBeUndefined();
  });

  /** Read at every wake-up, then at the end of a gap; the last planned interval of 50 ms belongs to its window. */
  const growthAfter = (perMs: number, { switches, windowMs }: { switches: number; windowMs: number }): unknown => {
    const book = new CounterBook();
    for (const atMs of [0, 500, 1000]) {
      book.enter({ systemSwitchCount: atMs * perMs }, { atMs, windowMs: 50, isGap: false });
    }
    const window = { atMs: 1000 + windowMs, windowMs, isGap: true, intervalMs: 50 };
    return book.enter({ systemSwitchCount: 1000 * perMs + switches }, window).systemSwitchCount;
  };

  it('are without those of the interval before it: a busy machine makes enough there to look alive in a gap in which it stood still', () => {
    // Three a millisecond in the interval, and then none for two seconds: 73 per second of the window.
    expect(growthAfter(3, { switches: 150, windowMs: 2050 })).toBeUndefined();
    expect(growthAfter(3, { switches: 224, windowMs: 2050 })).toBeUndefined();
    // It went on, at a tenth of its rate.
    expect(growthAfter(3, { switches: 750, windowMs: 2050 })).toBe(600);
  });

  it('are without those of the time that the main thread ran or waited: the machine certainly went on then', () => {
    const book = new CounterBook();
    for (const atMs of [0, 1000]) {
      book.enter({ runMs: 0, waitMs: 0, systemSwitchCount: atMs }, { atMs, windowMs: 50, isGap: false });
    }
    const window = { atMs: 3050, windowMs: 2050, isGap: true, intervalMs: 50 };
    const grown = book.enter({ runMs: 300, waitMs: 150, systemSwitchCount: 1500 }, window);
    expect([grown.runMs, grown.waitMs, grown.systemSwitchCount]).toEqual([300, 150, undefined]);
    // As long again, and it went on meanwhile.
    const later = { atMs: 5100, windowMs: 2050, isGap: true, intervalMs: 50 };
    expect(book.enter({ runMs: 600, waitMs: 300, systemSwitchCount: 3000 }, later).systemSwitchCount).toBe(1000);
  });

  it('are all there may have been when even that is few: the machine stood still', () => {
    expect(growthAfter(0.6, { switches: 30, windowMs: 2050 })).toBe(30);
    expect(growthAfter(0.6, { switches: 42, windowMs: 2050 })).toBeUndefined();
  });
});

describe('throttling within a gap', () => {
  /** So many ms in each second, then so many until the end of a gap of 200 ms that begins `laterMs` after the last reading. */
  const growthInGap = (perSecond: number, { laterMs, atTheEnd }: { laterMs: number; atTheEnd: number }): unknown => {
    const book = new CounterBook();
    for (const second of [0, 1, 2]) {
      book.enter({ throttledMs: second * perSecond }, { atMs: second * 1000, windowMs: 1000, isGap: false });
    }
    const window = { atMs: 2200 + laterMs, windowMs: 200, isGap: true };
    return book.enter({ throttledMs: 2 * perSecond + atTheEnd }, window).throttledMs;
  };

  it('is what is left when the usual rate of the time before it is taken off', () => {
    expect(growthInGap(0, { laterMs: 800, atTheEnd: 180 })).toBe(180);
    expect(growthInGap(100, { laterMs: 300, atTheEnd: 210 })).toBeCloseTo(180, 6);
    expect(growthInGap(500, { laterMs: 0, atTheEnd: 180 })).toBe(180);
    expect(growthInGap(0, { laterMs: 800, atTheEnd: 0 })).toBe(0);
  });

  it('is unknown where much of it may be of either: neither the quota nor others are to blame then', () => {
    // All of it in the gap, after a second of much throttling that has ended.
    expect(growthInGap(500, { laterMs: 700, atTheEnd: 180 })).toBeUndefined();
    expect(growthInGap(500, { laterMs: 700, atTheEnd: 350 })).toBeUndefined();
  });
});
