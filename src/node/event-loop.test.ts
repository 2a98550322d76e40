import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loopUtilization, QUIET_LOOKS_MAX, QUIET_MS_MAX, QuietLoop } from './event-loop.ts';

describe('loopUtilization', () => {
  it('says what performance.eventLoopUtilization says', () => {
    for (let count = 0; count < 100; count += 1) {
      const before = performance.eventLoopUtilization();
      const ours = loopUtilization(performance.nodeTiming);
      const after = performance.eventLoopUtilization();
      expect(ours.active).toBeGreaterThanOrEqual(before.active);
      expect(ours.active).toBeLessThanOrEqual(after.active);
      expect(ours.idle).toBe(before.idle);
    }
  });

  it('says nothing before the loop has begun', () => {
    expect(loopUtilization({ duration: 90, loopStart: -1, idleTime: 0 })).toEqual({ active: 0, idle: 0 });
  });
});

/** What happened since the look before. */
const look = fc.record({
  isPrompt: fc.boolean(),
  activeMs: fc.oneof(fc.double({ min: 0, max: 3, noNaN: true }), fc.constant(NaN)),
  turns: fc.oneof(fc.constant(1), fc.integer({ min: 0, max: 3 }), fc.constant(NaN)),
});

describe('QuietLoop', () => {
  it('calls quiet only what was one turn, hardly active and prompt, and never so often that it adds up', () => {
    let quiet = 0;
    fc.assert(
      fc.property(fc.array(look, { maxLength: 40 }), (looks) => {
        const loop = new QuietLoop();
        const now = { activeMs: 1000, turnCount: 70 };
        let unreadMs = 0;
        for (const [index, { isPrompt, activeMs, turns }] of looks.entries()) {
          const isKnown = !Number.isNaN(activeMs) && !Number.isNaN(turns);
          now.activeMs += Number.isNaN(activeMs) ? 0 : activeMs;
          now.turnCount += Number.isNaN(turns) ? 0 : turns;
          const seen = isKnown ? { isPrompt, ...now } : { isPrompt, activeMs: NaN, turnCount: NaN };
          if (!loop.look(seen)) {
            unreadMs = 0;
            continue;
          }
          quiet += 1;
          unreadMs += activeMs;
          expect(index).toBeGreaterThan(0);
          expect([isPrompt, isKnown, turns <= 1]).toEqual([true, true, true]);
          expect(activeMs).toBeLessThan(QUIET_MS_MAX + 1e-9);
          expect(unreadMs).toBeLessThanOrEqual(QUIET_LOOKS_MAX * QUIET_MS_MAX + 1e-9);
        }
      }),
      { numRuns: 1000 },
    );
    expect(quiet).toBeGreaterThan(100);
  });

  it('is quiet in an idle process but for every fourth look', () => {
    const loop = new QuietLoop();
    const looks = Array.from({ length: 10 }, (_, turn) =>
      loop.look({ isPrompt: true, activeMs: 0.1 * turn, turnCount: turn }),
    );
    expect(looks).toEqual([false, true, true, true, false, true, true, true, false, true]);
  });

  it('is never quiet where Node does not count turns', () => {
    const loop = new QuietLoop();
    for (let count = 0; count < 9; count += 1) {
      expect(loop.look({ isPrompt: true, activeMs: 0, turnCount: NaN })).toBe(false);
    }
  });
});
