import { describe, expect, it } from 'vitest';
import type { PauseMark } from '../pause/index.ts';
import { LostTime } from './lost-time.ts';

describe('LostTime', () => {
  it('never becomes less than what was told', () => {
    const lost = new LostTime();
    expect([lost.told(0), lost.told(100), lost.told(90), lost.told(120)]).toEqual([0, 100, 100, 130]);
  });

  it('says what came after a mark, never less than 0', () => {
    const lost = new LostTime();
    expect(lost.since({ pausedMs: 40, pauseCount: 1 }, 100)).toBe(60);
    expect(lost.since({ pausedMs: 400, pauseCount: 1 }, 100)).toBe(0);
  });

  it.each([undefined, null, {}, 1_790_000_000_000, { pausedMs: NaN, pauseCount: 0 }])('refuses %j', (mark) => {
    expect(() => new LostTime().since(mark as unknown as PauseMark, 100)).toThrow(
      expect.objectContaining({ code: 'TC_INVALID_ARGUMENT' }),
    );
  });
});
