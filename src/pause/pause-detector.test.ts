import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SEED } from '../../test/seed.ts';
import type { PauseCounters } from './counters.ts';
import { CONTINUATION_DELAY_MS, PauseDetector, SUSPEND_ERROR_MS } from './pause-detector.ts';
import { CLOCK, Machine, onlyPause } from './pause-detector.fixture.ts';
import type { PauseDetectorOptions } from './detector-options.ts';
import type { ClockStep } from './pause-event.ts';

describe('noticing', () => {
  test('wake-ups in time are no pauses, nor is a late one below the threshold', () => {
    const machine = new Machine();
    for (let turn = 0; turn < 100; turn += 1) expect(machine.pass(50 + (turn % 50))).toEqual([]);
    expect(machine.detector.mark()).toEqual({ pausedMs: 0, pauseCount: 0 });
  });

  test('G21, G23: every pause of interval and threshold is noticed, wherever it begins, and its length is within the bounds', () => {
    const where = fc.record({
      intervalMs: fc.integer({ min: 1, max: 100 }),
      thresholdMs: fc.integer({ min: 1, max: 200 }),
      phase: fc.double({ min: 0, max: 1, noNaN: true }),
      beyond: fc.double({ min: 0, max: 5000, noNaN: true }),
    });
    fc.assert(
      fc.property(where, ({ intervalMs, thresholdMs, phase, beyond }) => {
        const machine = new Machine({ intervalMs, thresholdMs, watchesContinuation: false });
        const lengthMs = intervalMs + thresholdMs + beyond;
        const events = machine.pass(Math.max(intervalMs, phase * intervalMs + lengthMs), {}, { helperGapMs: lengthMs });
        const pause = onlyPause(events);
        expect(pause.minMs).toBeLessThanOrEqual(lengthMs + 1e-9);
        expect(pause.maxMs).toBeGreaterThanOrEqual(lengthMs - 1e-9);
        expect(machine.detector.pausedSince({ pausedMs: 0, pauseCount: 0 })).toBeCloseTo(pause.gapMs, 6);
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  test('a pause says when it can have begun and when it was noticed, on the clock that was given', () => {
    const machine = new Machine();
    machine.pass(50);
    machine.pass(600, { runMs: 595, processCpuMs: 600, eluActiveMs: 600 }, {});
    const pause = onlyPause(machine.pass(600, { runMs: 595, processCpuMs: 600, eluActiveMs: 600 }));
    expect(pause).toMatchObject({
      seq: 2,
      cause: 'cpu',
      gapMs: 550,
      minMs: 550,
      maxMs: 600,
      evidence: { intervalMs: 50 },
    });
    expect(pause.endedAt.clock).toBe(CLOCK);
    expect(pause.endedAt.since(pause.startedAt)).toBe(600);
  });

  test('a due time of its own, and an early wake-up', () => {
    const machine = new Machine();
    expect(machine.pass(300, {}, { dueMs: machine.nowMs + 290 })).toEqual([]);
    expect(machine.pass(10)).toEqual([]);
    expect(machine.pass(0)).toEqual([]);
  });

  test('a monotonic clock that goes back starts over', () => {
    const machine = new Machine();
    machine.pass(50);
    expect(machine.pass(-30)).toEqual([]);
    expect(machine.pass(50)).toEqual([]);
  });
});

describe('suspend, steps and machines that stand still', () => {
  test('a suspend is the boot clock running ahead, though the gap is short', () => {
    const machine = new Machine();
    machine.pass(50);
    machine.bootAheadMs += 3000;
    machine.wallAheadMs += 3000;
    const pause = onlyPause(machine.pass(58));
    expect(pause).toMatchObject({ cause: 'suspend', gapMs: 3008, minMs: 3008 - SUSPEND_ERROR_MS });
    expect(pause.maxMs).toBe(3058 + SUSPEND_ERROR_MS);
    expect(pause.endedAt.since(pause.startedAt)).toBe(3058);
  });

  test('one that is found later may have begun at the look before', () => {
    const machine = new Machine();
    machine.pass(50, {}, { bootMs: undefined });
    machine.bootAheadMs += 3000;
    machine.wallAheadMs += 3000;
    expect(machine.pass(58, {}, { bootMs: undefined })).toEqual([]);
    const pause = onlyPause(machine.pass(50));
    expect(pause.cause).toBe('suspend');
    expect(pause.endedAt.since(pause.startedAt)).toBe(3158);
  });

  test.each([6000, -6000, 100, -100])('a wall step of %d ms is an event of its own', (deltaMs) => {
    const machine = new Machine();
    machine.pass(50);
    machine.wallAheadMs += deltaMs;
    expect(machine.pass(50)).toMatchObject([{ kind: 'clock-step', deltaMs, maybeSuspend: false }]);
    expect(machine.pass(50)).toEqual([]);
    expect(machine.detector.mark().pausedMs).toBe(0);
  });

  test('a step within a pause is told beside it, and one within a suspend is what the suspend leaves', () => {
    const machine = new Machine();
    machine.wallAheadMs += 2500;
    machine.bootAheadMs += 2000;
    const [step, pause] = machine.pass(50);
    expect(step).toMatchObject({ kind: 'clock-step', deltaMs: 500 });
    expect(pause).toMatchObject({ kind: 'pause', cause: 'suspend' });
  });

  test('an event goes into a log as JSON, without the instants that mean nothing there', () => {
    const machine = new Machine();
    machine.wallAheadMs += 2500;
    machine.bootAheadMs += 2000;
    const [step, pause] = machine.pass(50).map((event) => JSON.parse(JSON.stringify(event)) as object);
    expect(step).toEqual({ kind: 'clock-step', deltaMs: 500, maybeSuspend: false });
    expect(pause).toMatchObject({ kind: 'pause', cause: 'suspend' });
    expect(pause).not.toHaveProperty('startedAt');
  });

  test('without a boot clock a step forward may be a suspend', () => {
    const machine = new Machine({ onBootTime: false });
    const bare = new PauseDetector({ clock: CLOCK });
    bare.tick({ monotonicMs: 0, wallMs: 1e12 });
    const [step] = bare.tick({ monotonicMs: 50, wallMs: 1e12 + 9050 }) as readonly ClockStep[];
    expect(step).toMatchObject({ deltaMs: 9000, maybeSuspend: true });
    machine.wallAheadMs -= 5000;
    expect(machine.pass(50)).toMatchObject([{ maybeSuspend: false }]);
  });

  test('a pause between the reads of two clocks is no step', () => {
    const machine = new Machine();
    const late = { wallMs: machine.nowMs + 250 + machine.wallAheadMs - 120, readSpanMs: 120 };
    expect(machine.pass(90, {}, { ...late, wallMs: machine.nowMs + 90 + machine.wallAheadMs - 120 })).toEqual([]);
    expect(machine.pass(50)).toEqual([]);
  });

  test('a marker of the hypervisor is a pause of unknown length, though nothing was late', () => {
    const machine = new Machine();
    machine.pass(50, {}, { vmMarker: 7n });
    const pause = onlyPause(machine.pass(50, {}, { vmMarker: 8n }));
    expect(pause).toMatchObject({ cause: 'vm-pause', certainty: 'counter', gapMs: 0, maxMs: Infinity });
    expect(machine.pass(50, {}, { vmMarker: 8n })).toEqual([]);
    machine.pass(50, {}, { vmGeneration: 1 });
    expect(onlyPause(machine.pass(50, {}, { vmGeneration: 2 })).cause).toBe('vm-pause');
  });
});

describe('totals', () => {
  test('what is read once a second is cut to the gap: throttling before it is not the cause of it', () => {
    const quota = { throttledMs: 400, throttledCount: 8 };
    const machine = new Machine();
    const slow = ({ runMs, waitMs, processCpuMs, eluActiveMs, eluIdleMs }: PauseCounters): PauseCounters => {
      return { runMs, waitMs, processCpuMs, eluActiveMs, eluIdleMs };
    };
    for (let second = 0; second < 3; second += 1) {
      for (let tick = 0; tick < 19; tick += 1) machine.pass(50, {}, { counters: slow(machine.counters) });
      machine.pass(50, quota);
    }
    for (let tick = 0; tick < 18; tick += 1) machine.pass(50, {}, { counters: slow(machine.counters) });
    const starved = { waitMs: 160, runMs: 1, processCpuMs: 1, throttledMs: 390, throttledCount: 8 };
    expect(onlyPause(machine.pass(200, starved)).cause).not.toBe('throttled');
    expect(onlyPause(machine.pass(200, { waitMs: 160, runMs: 1, throttledMs: 150, throttledCount: 2 })).cause).toBe(
      'throttled',
    );
  });

  test('what was read at an earlier wake-up ends what is not of the gap: a busy second before it hides no stop', () => {
    const quiet = (machine: Machine): PauseCounters => ({ ...machine.counters, systemSwitchCount: undefined });
    for (const isKnown of [false, true]) {
      const machine = new Machine();
      for (let tick = 0; tick < 3; tick += 1) machine.pass(50);
      for (let tick = 0; tick < 12; tick += 1) machine.pass(50, {}, { counters: quiet(machine) });
      machine.counters.systemSwitchCount += 1200;
      const earlier = {
        monotonicMs: machine.nowMs,
        counters: { systemSwitchCount: machine.counters.systemSwitchCount },
      };
      machine.pass(440, {}, { helperGapMs: 395, ...(isKnown && { earlier: [earlier] }) });
      const { cause, evidence } = onlyPause(machine.detector.settle(machine.nowMs + CONTINUATION_DELAY_MS));
      // Else they may be switches of a machine that stood still in the gap.
      expect((evidence.systemSwitchCount ?? NaN) < 400).toBe(isKnown);
      expect(cause).toBe('external-stop');
    }
  });

  test('a total that went back, and one that was never read before, are missing', () => {
    const machine = new Machine();
    machine.counters.waitMs = -500;
    machine.counters.psiIoMs = 3;
    machine.stop(500);
    const { evidence } = onlyPause(machine.detector.settle(machine.nowMs + CONTINUATION_DELAY_MS));
    expect(evidence.waitMs).toBeUndefined();
    expect(evidence.psiIoMs).toBeUndefined();
    expect(evidence.runMs).toBe(0);
  });

  test('collections count where they overlap the window', () => {
    const machine = new Machine();
    machine.detector.noteCollection({ startMs: machine.nowMs - 30, durationMs: 40 });
    machine.detector.noteCollection({ startMs: machine.nowMs + 20, durationMs: 500 });
    const pause = onlyPause(machine.pass(560, { runMs: 540, processCpuMs: 900, eluActiveMs: 555 }));
    expect(pause).toMatchObject({ cause: 'gc', evidence: { gcMs: 510, gcCount: 2 } });
    expect(onlyPause(machine.pass(560, { runMs: 540, processCpuMs: 560, eluActiveMs: 555 }))).toMatchObject({
      cause: 'cpu',
      evidence: { gcMs: 0 },
    });
  });

  test('many collections are kept bounded and none is lost', () => {
    const machine = new Machine();
    const from = machine.nowMs;
    for (let count = 0; count < 3000; count += 1)
      machine.detector.noteCollection({ startMs: from + count * 0.3, durationMs: 0.2 });
    const { evidence } = onlyPause(machine.pass(1000, { runMs: 900, processCpuMs: 900, eluActiveMs: 980 }));
    expect(evidence.gcMs).toBeCloseTo(600, 0);
  });

  test('stacks taken meanwhile go with the pause, sixteen at the most; those of a wake-up in time are dropped', () => {
    const machine = new Machine();
    machine.detector.noteStack('in time');
    machine.pass(50);
    for (let count = 0; count < 20; count += 1) machine.detector.noteStack(`stack ${count}`);
    const { stacks } = onlyPause(machine.pass(600, { runMs: 595, processCpuMs: 600, eluActiveMs: 600 }));
    expect(stacks).toHaveLength(16);
    expect(stacks[0]).toBe('stack 0');
  });
});

describe('time lost', () => {
  test('counts at the tick, before the cause is known, and never less', () => {
    const machine = new Machine();
    const mark = machine.detector.mark();
    machine.stop(500);
    expect(machine.detector.pausedSince(mark)).toBe(490);
    machine.detector.settle(machine.nowMs + CONTINUATION_DELAY_MS);
    expect(machine.detector.pausedSince(mark)).toBe(490);
    expect(machine.detector.pausedSince(machine.detector.mark())).toBe(0);
    expect(machine.detector.pausedSince({ pausedMs: 1e9, pauseCount: 0 })).toBe(0);
  });

  test('with a reading of now it knows of a stop before any tick', () => {
    const machine = new Machine();
    const mark = machine.detector.mark();
    expect(machine.detector.pausedSince(mark, machine.nowMs + 99)).toBe(0);
    expect(machine.detector.pausedSince(mark, machine.nowMs + 2050)).toBe(2000);
  });
});

test.each([
  [undefined, 'TC_INVALID_ARGUMENT'],
  [{}, 'TC_INVALID_ARGUMENT'],
  [{ clock: CLOCK, intervalMS: 5 }, 'TC_INVALID_ARGUMENT'],
  [{ clock: CLOCK, watchesCollections: 1 }, 'TC_INVALID_ARGUMENT'],
  [{ clock: CLOCK, intervalMs: 0 }, 'TC_OUT_OF_RANGE'],
  [{ clock: CLOCK, thresholdMs: Number.NaN }, 'TC_NOT_FINITE'],
])('options %j', (options, code) => {
  expect(() => new PauseDetector(options as unknown as PauseDetectorOptions)).toThrow(
    expect.objectContaining({ code }),
  );
});

test('readings that are none throw and change nothing', () => {
  const machine = new Machine();
  expect(() => machine.detector.tick({ monotonicMs: Number.NaN })).toThrow(
    expect.objectContaining({ code: 'TC_NOT_FINITE' }),
  );
  expect(machine.pass(50)).toEqual([]);
});
