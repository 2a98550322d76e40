import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loopUtilization, QUIET_MS_MAX, QuietLoop } from './event-loop.ts';

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

/** What happened since the look before; NaN where Node does not tell. */
const look = fc.record({
  activeMs: fc.double({ min: 0, max: 3, noNaN: true }),
  idleMs: fc.oneof(fc.double({ min: 0, max: 500, noNaN: true }), fc.constant(NaN)),
  turns: fc.oneof(fc.constant(1), fc.integer({ min: 0, max: 3 }), fc.constant(NaN)),
});

describe('QuietLoop', () => {
  it('calls quiet only what was one turn and hardly active', () => {
    let quiet = 0;
    fc.assert(
      fc.property(fc.array(look, { maxLength: 40 }), (looks) => {
        const loop = new QuietLoop();
        const now = { nowMs: 1000, idleMs: 400, turnCount: 70 };
        let wasTold = false;
        for (const { activeMs, idleMs, turns } of looks) {
          const isTold = !Number.isNaN(idleMs) && !Number.isNaN(turns);
          now.nowMs += activeMs + (isTold ? idleMs : 0);
          now.idleMs += isTold ? idleMs : 0;
          now.turnCount += isTold ? turns : 0;
          const isQuiet = loop.look(isTold ? now : { ...now, idleMs, turnCount: turns });
          if (isQuiet) {
            quiet += 1;
            expect([wasTold, isTold, turns <= 1]).toEqual([true, true, true]);
            expect(activeMs).toBeLessThan(QUIET_MS_MAX + 1e-9);
          } else if (wasTold && isTold && turns <= 1) {
            expect(activeMs).toBeGreaterThan(QUIET_MS_MAX - 1e-9);
          }
          wasTold = isTold;
        }
      }),
      { numRuns: 1000 },
    );
    expect(quiet).toBeGreaterThan(100);
  });

  it('is never quiet where Node does not count turns', () => {
    const loop = new QuietLoop();
    for (let count = 0; count < 9; count += 1) {
      expect(loop.look({ nowMs: 50 * count, idleMs: 50 * count, turnCount: NaN })).toBe(false);
    }
  });
});
