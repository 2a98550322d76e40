import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MonotonicInstant } from '../core/index.ts';
import { joinedLengthsMs, type Pause, pauseTail, suggestLeaseTtl } from '../pause/index.ts';
import { APART_MS, CORRECTION_SAMPLES_MAX, LatenessRecorder, PauseLengths } from './pause-histogram.ts';

const lengthsMs = fc.array(fc.double({ min: 1, max: 1e9, noNaN: true }), { maxLength: 60 });

describe('PauseLengths', () => {
  it('counts at least what was longer, and nothing that was not nearly as long', () => {
    fc.assert(
      fc.property(lengthsMs, fc.double({ min: 1, max: 1e9, noNaN: true }), (lengths, than) => {
        const kept = new PauseLengths(100);
        for (const length of lengths) kept.add(length);
        for (const edge of [than, ...lengths]) {
          const counted = kept.countAbove(edge);
          expect(counted).toBeGreaterThanOrEqual(lengths.filter((length) => length > edge).length);
          expect(counted).toBeLessThanOrEqual(
            lengths.filter((length) => length >= Math.max((edge * 15) / 16, 0)).length,
          );
        }
        expect(kept.longestMs).toBe(Math.max(0, ...lengths));
      }),
    );
  });

  it('counts a pause that nothing bounds as longer than anything, and not as the longest', () => {
    const kept = new PauseLengths(100);
    kept.add(300);
    kept.add(Infinity);
    expect([0, 299, 300, 1e11].map((ms) => kept.countAbove(ms))).toEqual([2, 2, 1, 1]);
    expect(kept.longestMs).toBe(300);
  });

  it('makes one of those that no renewal gets through between, as joinedLengthsMs does', () => {
    const clock = Symbol('test');
    const one = fc.tuple(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 100, max: 5000 }), fc.nat(9));
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 12 }), (scene) => {
        const kept = new PauseLengths(100);
        let atMs = 0;
        let before: Pause | undefined;
        const pauses = scene.map(([sinceMs, forMs, isEndless]) => {
          const startedAt = MonotonicInstant.fromReading(clock, atMs + sinceMs);
          atMs += sinceMs + forMs;
          const endedAt = MonotonicInstant.fromReading(clock, atMs);
          const pause = { startedAt, endedAt, maxMs: isEndless === 0 ? Infinity : forMs } as Pause;
          kept.addPause(pause, before);
          before = pause;
          return pause;
        });
        const exactMs = joinedLengthsMs(pauses, { apartMs: APART_MS });
        for (const lengthMs of [0, 99, ...exactMs.map((each) => Math.min(each, 1e11) - 1)]) {
          const count = exactMs.filter((each) => each > lengthMs).length;
          expect(kept.countAbove(lengthMs)).toBeGreaterThanOrEqual(count);
        }
        expect(kept.countAbove(0)).toBe(exactMs.length);
      }),
    );
  });

  it('never suggests a shorter time to live than the samples themselves', () => {
    const range = fc.array(fc.double({ min: 50, max: 60_000, noNaN: true }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(range, fc.integer({ min: 1000, max: 1e9 }), (lengths, observedMs) => {
        const kept = new PauseLengths(100);
        for (const length of lengths) kept.add(length);
        kept.observedMs = observedMs;
        const rest = { roundTripsMs: [3, 40], ttlMaxMs: 1e9 };
        const exact = suggestLeaseTtl({ pauses: pauseTail({ lengthsMs: lengths, observedMs }), ...rest });
        const rough = suggestLeaseTtl({ pauses: kept, ...rest });
        if (exact.status !== 'suggested' || rough.status !== 'suggested') throw new Error('always reachable');
        expect(rough.ttlMs).toBeGreaterThanOrEqual(exact.ttlMs);
      }),
    );
  });
});

describe('LatenessRecorder', () => {
  it('adds the samples that a long pause prevented', () => {
    const recorder = new LatenessRecorder(50);
    recorder.record(0);
    recorder.record(220);
    expect(recorder.raw.count).toBe(2);
    // 220, and 170, 120, 70, 20 that somebody at random would have met.
    expect(recorder.corrected.count).toBe(6);
    expect(recorder.corrected.max).toBe(recorder.raw.max);
    expect(recorder.raw.max / 1e6).toBeCloseTo(220, -1);
    expect(recorder.raw.min).toBe(1);
  });

  it('has every wake-up in it whenever it is looked at', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 45 }), { maxLength: 70 }), fc.nat(70), (lates, lookAt) => {
        const recorder = new LatenessRecorder(50);
        for (const [index, lateMs] of lates.entries()) {
          recorder.record(lateMs);
          if (index === lookAt) expect(recorder.raw.count).toBe(index + 1);
        }
        expect(recorder.corrected.count).toBe(lates.length);
        expect(recorder.raw.count).toBe(lates.length);
        expect(recorder.raw.max / 1e6).toBeCloseTo(Math.max(0, ...lates), -0.5);
      }),
    );
  });

  it('adds a thousand at the most, spread over the whole pause', () => {
    const recorder = new LatenessRecorder(50);
    recorder.record(3_600_000);
    expect(recorder.corrected.count).toBeLessThanOrEqual(CORRECTION_SAMPLES_MAX + 1);
    expect(recorder.corrected.count).toBeGreaterThan(CORRECTION_SAMPLES_MAX * 0.9);
    expect(recorder.corrected.percentile(50) / 1e6 / 1_800_000).toBeCloseTo(1, 1);
    recorder.record(1e11);
    expect(recorder.raw.count).toBe(2);
  });
});
