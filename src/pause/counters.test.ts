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
});
