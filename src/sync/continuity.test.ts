import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock, type ManualClockOptions } from '../../test/support/manual-clock.ts';
import { type ClockPort, containsMs, type Interval } from '../core/index.ts';
import {
  type ClockLook,
  type ClockRelations,
  type Continuity,
  judgeContinuity,
  JUMP_TOLERANCE_MS,
  lookAtClocks,
  relationsFromLook,
  SUSPEND_TOLERANCE_MS,
  witnessWindow,
} from './continuity.ts';

/** Looks once before and once after what `happens`. */
function judgeAfter(happens: (clock: ManualClock) => void, options: ManualClockOptions = {}): Continuity {
  const clock = new ManualClock({ startMs: 1000.25, ...options });
  const known = relationsFromLook(lookAtClocks(clock), clock);
  clock.pass(1000);
  happens(clock);
  return judgeContinuity(known, lookAtClocks(clock), clock).continuity;
}

describe('judgeContinuity: by hand', () => {
  it('sees nothing where nothing happened', () => {
    expect(judgeAfter(() => {}).kind).toBe('continuous');
    expect(judgeAfter((clock) => clock.pass(1e9)).kind).toBe('continuous');
  });

  it('sees a suspend, its length, and no step of the wall clock, which only went on', () => {
    const seen = judgeAfter((clock) => clock.suspend(60_000));
    expect(seen).toMatchObject({ kind: 'suspend', wallStep: { earliest: 0, latest: 0 } });
    expect(seen.kind === 'suspend' && containsMs(seen.length, 60_000)).toBe(true);
  });

  it('sees a suspend that an equal step back of the wall clock hides, and the step', () => {
    const seen = judgeAfter((clock) => {
      clock.suspend(60_000);
      clock.stepWall(-60_000);
    });
    expect(seen.kind).toBe('suspend');
    expect(seen.kind === 'suspend' && containsMs(seen.wallStep, -60_000)).toBe(true);
  });

  it('sees a step that was made during a suspend', () => {
    for (const byMs of [-3_600_000, -500, 500, 7_200_000]) {
      const seen = judgeAfter((clock) => {
        clock.suspend(60_000);
        clock.stepWall(byMs);
      });
      expect(seen.kind === 'suspend' && containsMs(seen.wallStep, byMs) && !containsMs(seen.wallStep, 0)).toBe(true);
    }
  });

  it('sees a jump forward that nothing explains: a resumed snapshot, or somebody who set the clock', () => {
    for (const happens of [
      (clock: ManualClock): void => clock.resumeSnapshot(5000),
      (clock: ManualClock): void => clock.stepWall(5000),
    ]) {
      const seen = judgeAfter(happens);
      expect(seen.kind === 'forward-jump' && containsMs(seen.wallStep, 5000)).toBe(true);
    }
  });

  it('sees a step back, with its size', () => {
    const seen = judgeAfter((clock) => clock.stepWall(-250));
    expect(seen.kind === 'backward-step' && containsMs(seen.wallStep, -250)).toBe(true);
  });

  it('sees a wall clock that follows suspend where the monotonic clock counts it: nothing happened', () => {
    expect(judgeAfter((clock) => clock.suspend(60_000), { monotonicCountsSuspend: true }).kind).toBe('continuous');
  });

  it('takes a slew within the limit of the platform for none, and beyond it for a jump', () => {
    const slewed = (ppm: number): string =>
      judgeAfter(
        (clock) => {
          clock.wallRatePpm = ppm;
          clock.pass(100_000);
        },
        { wallSlewPpm: 1000 },
      ).kind;
    expect(slewed(1000)).toBe('continuous');
    expect(slewed(-1000)).toBe('continuous');
    expect(slewed(1100)).toBe('forward-jump');
    expect(slewed(-1100)).toBe('backward-step');
  });
});

/** A size that is told for certain: tolerance, and a tick of each look. */
const SURE_JUMP_MS = JUMP_TOLERANCE_MS + 2 + 2 ** -9;
const SURE_SUSPEND_MS = SUSPEND_TOLERANCE_MS + 20 + 2 ** -9;

describe('judgeContinuity: tolerances', () => {
  const phase = fc.double({ min: 0, max: 20, noNaN: true });
  const judged = (happens: (clock: ManualClock) => void): fc.IProperty<[number, number]> =>
    fc.property(phase, phase, (startMs, passMs) => {
      const seen = judgeAfter(
        (clock) => {
          clock.pass(passMs);
          happens(clock);
        },
        { startMs: 500 + startMs },
      );
      return seen.kind !== 'continuous';
    });

  it('tells every jump beyond the tolerance and a wall tick of each look, whatever the phase of the clocks', () => {
    fc.assert(judged((clock) => clock.stepWall(SURE_JUMP_MS)));
    fc.assert(judged((clock) => clock.stepWall(-SURE_JUMP_MS)));
  });

  it('tells every suspend beyond the tolerance and a step of boot time of each look, wall clock or not', () => {
    fc.assert(
      judged((clock) => {
        clock.suspend(SURE_SUSPEND_MS);
        clock.stepWall(-SURE_SUSPEND_MS);
      }),
    );
  });

  it('never takes for a jump what is within the tolerance', () => {
    const harmless = fc.double({ min: -JUMP_TOLERANCE_MS, max: JUMP_TOLERANCE_MS, noNaN: true });
    fc.assert(
      fc.property(phase, phase, harmless, (startMs, passMs, byMs) => {
        const seen = judgeAfter(
          (clock) => {
            clock.pass(passMs);
            clock.stepWall(byMs);
          },
          { startMs: 500 + startMs },
        );
        return seen.kind === 'continuous';
      }),
    );
  });

  it('never takes for a suspend what boot time shows by its granularity alone', () => {
    const harmless = fc.double({ min: 0, max: SUSPEND_TOLERANCE_MS, noNaN: true });
    fc.assert(
      fc.property(phase, phase, harmless, (startMs, passMs, forMs) => {
        const seen = judgeAfter(
          (clock) => {
            clock.pass(passMs);
            clock.suspend(forMs);
            clock.stepWall(-forMs);
          },
          { startMs: 500 + startMs },
        );
        return seen.kind === 'continuous';
      }),
    );
  });
});

interface Walk {
  readonly startMs: number;
  readonly fractionMs: number;
  readonly pausesMs: readonly number[];
  readonly wallSlewPpm: number;
  readonly rates: readonly number[];
}

const walk: fc.Arbitrary<Walk> = fc.record({
  startMs: fc.double({ min: 0, max: 1e9, noNaN: true }),
  fractionMs: fc.double({ min: 0, max: 1, noNaN: true }),
  pausesMs: fc.array(
    fc.oneof(
      fc.double({ min: 0, max: 0.01, noNaN: true }),
      fc.double({ min: 0, max: 30, noNaN: true }),
      fc.double({ min: 0, max: 5000, noNaN: true }),
    ),
    { minLength: 60, maxLength: 60 },
  ),
  wallSlewPpm: fc.constantFrom(0, 1000),
  rates: fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 7, maxLength: 7 }),
});

type Judge = typeof judgeContinuity;

const LOOKS = 100;

/** Undisturbed clocks, with a pause after every reading, also between those of one look. */
function noFalseAlarm(judge: Judge, counted: { looks: number } = { looks: 0 }): fc.IProperty<[Walk]> {
  return fc.property(walk, (plan) => {
    const clock = new ManualClock({
      startMs: plan.startMs,
      epochMs: 1_790_000_000_000 + plan.fractionMs,
      wallSlewPpm: plan.wallSlewPpm,
    });
    let reads = 0;
    clock.afterRead = () => {
      clock.wallRatePpm = plan.wallSlewPpm * plan.rates[reads % plan.rates.length]!;
      clock.pass(plan.pausesMs[reads % plan.pausesMs.length]!);
      reads += 1;
    };
    let relations = relationsFromLook(lookAtClocks(clock), clock);
    for (let look = 0; look < LOOKS; look += 1) {
      const seen = judge(relations, lookAtClocks(clock), clock);
      counted.looks += 1;
      if (seen.continuity.kind !== 'continuous') return false;
      relations = seen.relations;
    }
    return true;
  });
}

describe('judgeContinuity: laws', () => {
  it('gives no false alarm in a hundred thousand looks, with pauses between all readings', () => {
    const counted = { looks: 0 };
    fc.assert(noFalseAlarm(judgeContinuity, counted), { numRuns: 1000 });
    expect(counted.looks).toBeGreaterThanOrEqual(100_000);
  });

  it('the law catches one that takes the reading of a coarse clock for exact', () => {
    const exactly: Judge = (known, look, port) => judgeContinuity(known, look, withGranularity(port, 0));
    expect(fc.check(noFalseAlarm(exactly), { numRuns: 200 }).failed).toBe(true);
  });

  it('the law catches one that reads the monotonic clock only once', () => {
    const once = ({ wall, boot }: ClockLook): ClockLook => ({
      wall: { ...wall, beforeMs: wall.afterMs },
      boot: { ...boot, beforeMs: boot.afterMs },
    });
    const hasty: Judge = (known, look, port) => judgeContinuity(known, once(look), port);
    expect(fc.check(noFalseAlarm(hasty), { numRuns: 200 }).failed).toBe(true);
  });

  it('a pause between the readings of a look hides a jump at the most until the next look', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 10, max: 1e6, noNaN: true }),
        fc.double({ min: 0, max: 1e6, noNaN: true }),
        (byMs, pauseMs) => {
          const clock = new ManualClock();
          let relations = relationsFromLook(lookAtClocks(clock), clock);
          clock.resumeSnapshot(byMs);
          clock.afterRead = (which) => {
            if (which === 'wall') clock.pass(pauseMs);
          };
          const first = judgeContinuity(relations, lookAtClocks(clock), clock);
          relations = first.relations;
          clock.afterRead = undefined;
          const second = judgeContinuity(relations, lookAtClocks(clock), clock);
          return first.continuity.kind === 'forward-jump' || second.continuity.kind === 'forward-jump';
        },
      ),
    );
  });

  it('what it knows afterwards contains how the clocks really stand, to the tolerance', () => {
    const disturbance = fc.constantFrom<(clock: ManualClock) => void>(
      () => {},
      (clock) => clock.suspend(90_000),
      (clock) => clock.stepWall(7000),
      (clock) => clock.stepWall(-7000),
      (clock) => clock.stepWall(0.9),
      (clock) => clock.suspend(4),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(disturbance, fc.double({ min: 0, max: 5000, noNaN: true })), { maxLength: 20 }),
        (events) => {
          const clock = new ManualClock();
          let relations: ClockRelations = relationsFromLook(lookAtClocks(clock), clock);
          for (const [disturb, passMs] of events) {
            clock.pass(passMs);
            disturb(clock);
            ({ relations } = judgeContinuity(relations, lookAtClocks(clock), clock));
            expect(containsNearly(relations.wall, clock.wallAheadMs, JUMP_TOLERANCE_MS)).toBe(true);
            const bootAheadMs = clock.exactBootMs - clock.exactMonotonicMs;
            expect(containsNearly(relations.bootReference, bootAheadMs, SUSPEND_TOLERANCE_MS)).toBe(true);
          }
        },
      ),
    );
  });
});

/** To the tolerance, below which nobody can tell; the manual clock's own sums round at 2^-12 ms. */
function containsNearly(range: Interval, valueMs: number, toleranceMs: number): boolean {
  return range.earliest - toleranceMs - 2 ** -10 <= valueMs && valueMs <= range.latest + toleranceMs + 2 ** -10;
}

function withGranularity(port: ClockPort, ms: number): ClockPort {
  return Object.assign(Object.create(port) as ClockPort, { granularity: { monotonicMs: ms, bootMs: ms, wallMs: ms } });
}

describe('witnessWindow', () => {
  const gapOf = (clock: ManualClock): number => {
    const wallMs = clock.wallMs();
    return wallMs - clock.monotonicMs();
  };

  it('holds every undisturbed read, and a pause between its readings never makes the gap larger', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1e6, noNaN: true }),
        fc.double({ min: 0, max: 50, noNaN: true }),
        (passMs, pauseMs) => {
          const clock = new ManualClock();
          const { minGapMs, maxGapMs } = witnessWindow(relationsFromLook(lookAtClocks(clock), clock), clock);
          clock.pass(passMs);
          const gapMs = gapOf(clock);
          expect(gapMs >= minGapMs && gapMs <= maxGapMs).toBe(true);
          clock.afterRead = () => clock.pass(pauseMs);
          expect(gapOf(clock)).toBeLessThanOrEqual(maxGapMs);
        },
      ),
    );
  });

  it('does not hold a read after a suspend or a jump beyond the tolerance and a tick of each reading', () => {
    fc.assert(
      fc.property(
        fc.double({ min: SURE_JUMP_MS, max: 1e9, noNaN: true }),
        fc.double({ min: 0, max: 20, noNaN: true }),
        (byMs, passMs) => {
          const clock = new ManualClock();
          const { minGapMs, maxGapMs } = witnessWindow(relationsFromLook(lookAtClocks(clock), clock), clock);
          clock.pass(passMs);
          clock.suspend(byMs);
          expect(gapOf(clock)).toBeGreaterThan(maxGapMs);
          clock.stepWall(-2 * byMs);
          expect(gapOf(clock)).toBeLessThan(minGapMs);
        },
      ),
    );
  });
});
