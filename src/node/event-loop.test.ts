import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loopUtilization, SleepyLoop } from './event-loop.ts';

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

describe('SleepyLoop', () => {
  it('tells what callbacks took between two looks that are one turn apart, and nothing of others', () => {
    let told = 0;
    fc.assert(
      fc.property(fc.array(look, { maxLength: 40 }), (looks) => {
        const loop = new SleepyLoop();
        const now = { nowMs: 1000, idleMs: 400, turnCount: 70 };
        let wasTold = false;
        for (const { activeMs, idleMs, turns } of looks) {
          const isTold = !Number.isNaN(idleMs) && !Number.isNaN(turns);
          now.nowMs += activeMs + (isTold ? idleMs : 0);
          now.idleMs += isTold ? idleMs : 0;
          now.turnCount += isTold ? turns : 0;
          const awakeMs = loop.look(isTold ? now : { ...now, idleMs, turnCount: turns });
          if (wasTold && isTold && turns <= 1) {
            told += 1;
            expect(awakeMs).toBeCloseTo(activeMs, 6);
          } else expect(awakeMs).toBeNaN();
          wasTold = isTold;
        }
      }),
      { numRuns: 1000 },
    );
    expect(told).toBeGreaterThan(100);
  });
});
