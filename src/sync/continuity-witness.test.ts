import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { containsMs, widthMs } from '../core/index.ts';
import { ContinuityWitness } from './continuity-witness.ts';

describe('ContinuityWitness', () => {
  it('lets nothing be said about what was before it, and everything from the first reading on', () => {
    const clock = new ManualClock({ startMs: 1000 });
    const witness = new ContinuityWitness(clock);
    expect(witness.voidedAtMs).toBeLessThan(1000);
    expect(witness.voidedAtMs).toBeGreaterThan(999.999);
  });

  it('learns the wall clock better with every look', () => {
    const clock = new ManualClock({ startMs: 1000.4 });
    const witness = new ContinuityWitness(clock);
    const first = widthMs(witness.wallRelation);
    for (let look = 0; look < 20; look += 1) {
      clock.pass(7.3);
      expect(witness.examine().kind).toBe('continuous');
      expect(containsMs(witness.wallRelation, clock.wallAheadMs)).toBe(true);
    }
    expect(widthMs(witness.wallRelation)).toBeLessThan(first / 2);
  });

  it('reports each disturbance once, and moves with it', () => {
    const clock = new ManualClock();
    const witness = new ContinuityWitness(clock);
    clock.pass(100);
    clock.suspend(60_000);
    expect(witness.examine().kind).toBe('suspend');
    expect(witness.voidedAtMs).toBe(clock.monotonicMs());
    expect(witness.examine().kind).toBe('continuous');
    clock.pass(100);
    clock.stepWall(-5000);
    const { voidedAtMs } = witness;
    expect(witness.examine().kind).toBe('backward-step');
    expect(witness.voidedAtMs).toBe(voidedAtMs);
    expect(witness.examine().kind).toBe('continuous');
    clock.stepWall(5000);
    expect(witness.examine().kind).toBe('forward-jump');
    expect(witness.voidedAtMs).toBe(clock.monotonicMs());
    const gapMs = clock.wallMs() - clock.monotonicMs();
    expect(gapMs >= witness.window.minGapMs && gapMs <= witness.window.maxGapMs).toBe(true);
  });

  it('reports a monotonic clock that goes back, and starts again from there', () => {
    const clock = new ManualClock();
    const witness = new ContinuityWitness(clock);
    clock.exactMonotonicMs -= 500;
    expect(witness.examine().kind).toBe('monotonic-went-back');
    expect(witness.voidedAtMs).toBe(clock.monotonicMs());
    expect(witness.examine().kind).toBe('continuous');
  });
});
