import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SEED } from '../../test/seed.ts';
import { PAUSE_RULES } from './cause-rules.ts';
import { classifyPause, type PauseVerdict } from './classify-pause.ts';
import { PAUSE_SIGNALS, type PauseEvidence } from './evidence.ts';
import { PAUSE_CAUSES, type PauseCause } from './pause-cause.ts';

/** A process of two threads on a machine where everything can be read: a second and a half in which nothing of it ran. */
const held: PauseEvidence = {
  gapMs: 1500,
  intervalMs: 50,
  runMs: 2,
  waitMs: 1,
  processCpuMs: 3,
  eluActiveMs: 2,
  eluIdleMs: 1548,
  gcMs: 0,
  gcCount: 0,
  helperGapMs: 1490,
  continued: false,
  throttledMs: 0,
  throttledCount: 0,
  frozenMs: 0,
  stealMs: 0,
  processorCount: 2,
  systemSwitchCount: 900,
  psiCpuMs: 4,
  psiMemoryMs: 0,
  psiIoMs: 0,
  majorFaultCount: 0,
  bootJumpMs: 0,
  wallJumpMs: 0,
};

/** The same second and a half inside a callback, with the second thread awake. */
const inCall: PauseEvidence = { ...held, eluActiveMs: 1510, eluIdleMs: 40, helperGapMs: 3 };

const computing: PauseEvidence = { ...inCall, runMs: 1490, waitMs: 20, processCpuMs: 1500 };
const waiting: PauseEvidence = { ...held, runMs: 20, waitMs: 1480, processCpuMs: 22 };

function verdict(
  base: PauseEvidence,
  change: Partial<PauseEvidence> = {},
): Pick<PauseVerdict, 'cause' | 'rule' | 'certainty'> {
  const { cause, rule, certainty } = classifyPause({ ...base, ...change });
  return { cause, rule, certainty };
}

describe('every rule can decide', () => {
  const cases: readonly (readonly [string, PauseCause, PauseEvidence, Partial<PauseEvidence>])[] = [
    ['vm-marker', 'vm-pause', held, { vmGenerationChanged: true }],
    ['vm-marker', 'vm-pause', held, { gapMs: 0, vmDisrupted: true }],
    ['marked-or-held', 'unknown', held, { vmDisrupted: true, continued: true }],
    ['in-time', 'unknown', held, { gapMs: 9 }],
    ['boot-clock', 'suspend', held, { gapMs: 20, bootJumpMs: 4000, wallJumpMs: 4000 }],
    ['boot-clock', 'suspend', held, { bootJumpMs: undefined, suspendCount: 1, wallJumpMs: 4000 }],
    ['slept-in-part', 'unknown', computing, { bootJumpMs: 1000 }],
    ['held-in-suspend', 'unknown', held, { bootJumpMs: 600 }],
    ['frozen-counter', 'frozen', held, { frozenMs: 1490 }],
    ['contradiction', 'unknown', computing, { processCpuMs: 100 }],
    ['quota', 'throttled', waiting, { throttledMs: 1400, throttledCount: 9, processorCount: 1 }],
    ['quota-in-part', 'throttled', waiting, { throttledMs: 1400, throttledCount: 9 }],
    ['quota-in-part', 'throttled', waiting, { throttledMs: 800, throttledCount: 9 }],
    ['slept-or-held', 'unknown', held, { bootJumpMs: undefined, wallJumpMs: 4000 }],
    ['sigcont', 'stopped', held, { continued: true }],
    ['sigcont-alone', 'stopped', held, { continued: true, helperGapMs: undefined }],
    ['collection', 'gc', computing, { gcMs: 1400, gcCount: 1 }],
    ['collection', 'gc', inCall, { gcMs: 1400, gcCount: 1, processCpuMs: 2500 }],
    ['collection-or-held', 'unknown', inCall, { gcMs: 1400, gcCount: 1 }],
    ['held-or-paging', 'unknown', held, { majorFaultCount: 60 }],
    ['debugger', 'external-stop', held, { traced: true }],
    ['steal', 'stolen', held, { stealMs: 2900 }],
    ['steal-or-blocked', 'unknown', inCall, { stealMs: 2900 }],
    ['second-thread', 'blocked', inCall, {}],
    ['standstill', 'vm-pause', held, { systemSwitchCount: 12 }],
    ['held', 'external-stop', held, {}],
    ['held-or-blocked', 'unknown', held, { systemSwitchCount: 38 }],
    ['held-or-blocked', 'unknown', inCall, { helperGapMs: undefined }],
    ['held-or-blocked', 'unknown', held, { gapMs: 240, helperGapMs: 230, eluIdleMs: 280 }],
    ['held-or-blocked', 'unknown', held, { gapMs: 600, helperGapMs: 590, eluIdleMs: 640, systemSwitchCount: 5 }],
    ['runqueue', 'starved', waiting, {}],
    ['crowded', 'unknown', waiting, { runMs: 700, waitMs: 800, processCpuMs: 705 }],
    ['crowded', 'unknown', waiting, { throttledMs: undefined }],
    ['crowded', 'unknown', waiting, { throttledCount: undefined }],
    ['crowded', 'unknown', waiting, { processCpuMs: 2400 }],
    ['computing', 'cpu', computing, {}],
    ['computing-or-collecting', 'unknown', computing, { gcMs: undefined }],
    ['no-majority', 'unknown', computing, { runMs: 700, waitMs: 100 }],
  ];

  test.each(cases)('%s: %s', (rule, cause, base, change) => {
    expect(verdict(base, change)).toMatchObject({ rule, cause });
  });

  test('and all of them are here', () => {
    expect([...new Set(cases.map(([rule]) => rule))].sort()).toEqual(PAUSE_RULES.map(({ name }) => name).sort());
    expect(new Set(cases.map(([, cause]) => cause))).toEqual(new Set(PAUSE_CAUSES));
  });

  test('the last one always holds, and a doubt is never certain', () => {
    for (const rule of PAUSE_RULES.filter(({ cause }) => cause === 'unknown')) expect(rule.certainty).toBe('inferred');
    expect(new Set(PAUSE_RULES.map(({ name }) => name)).size).toBe(PAUSE_RULES.length);
  });
});

describe('what looks alike', () => {
  test('a SIGCONT while the process went on explains no block', () => {
    expect(verdict(inCall, { continued: true })).toMatchObject({ cause: 'blocked' });
  });

  test('a stop in a callback that computed before: half a second on the processor, then a second off it', () => {
    const stopped = { ...inCall, runMs: 500, processCpuMs: 505, helperGapMs: 1000, continued: true };
    expect(verdict(stopped)).toEqual({ cause: 'stopped', rule: 'sigcont', certainty: 'counter' });
  });

  test('work before a short stop in the poll is not taken for the pause', () => {
    const stopped = {
      ...held,
      gapMs: 55,
      runMs: 45,
      processCpuMs: 46,
      eluActiveMs: 45,
      eluIdleMs: 60,
      helperGapMs: 55,
    };
    expect(verdict(stopped, { continued: true }).cause).not.toBe('cpu');
  });

  test('a freeze in the middle of a collection is no collection', () => {
    expect(verdict(inCall, { gcMs: 1400, helperGapMs: 1490, processCpuMs: 500 }).cause).toBe('unknown');
  });

  test('a suspend that is a small part of a long gap does not name it', () => {
    for (const bootJumpMs of [60, 700]) {
      const { cause, parts } = classifyPause({ ...computing, bootJumpMs });
      expect([cause, parts.suspendedMs]).toEqual(['cpu', bootJumpMs]);
    }
  });

  test('a suspend names a pause of which it is half', () => {
    expect(verdict(computing, { bootJumpMs: 1500 })).toMatchObject({ cause: 'suspend' });
    const { cause, candidates, parts } = classifyPause({ ...computing, bootJumpMs: 1499 });
    expect([cause, parts.suspendedMs]).toEqual(['unknown', 1499]);
    expect(candidates).toEqual(expect.arrayContaining(['suspend', 'cpu']));
  });

  test('every process is held before and after a suspend: a stop beside it needs its own witness', () => {
    const besides = { bootJumpMs: 200, wallJumpMs: 200 };
    expect(verdict(held, besides)).toMatchObject({ cause: 'unknown', rule: 'held-in-suspend' });
    expect(verdict(held, { ...besides, stealMs: 2900 }).cause).toBe('unknown');
    expect(verdict(held, { ...besides, systemSwitchCount: 9 }).cause).toBe('unknown');
    expect(verdict(held, { ...besides, continued: true }).cause).toBe('stopped');
    expect(verdict(held, { ...besides, frozenMs: 1400 }).cause).toBe('frozen');
    expect(verdict(inCall, besides).cause).toBe('blocked');
  });

  test('a machine that was stopped is no reason for a thread that was silent alone', () => {
    const mark = { vmDisrupted: true };
    expect(verdict(held, mark)).toMatchObject({ cause: 'vm-pause', certainty: 'counter' });
    // The second thread ticked throughout: something else kept the main thread.
    expect(verdict(inCall, mark).cause).toBe('blocked');
    expect(verdict(computing, mark).cause).toBe('cpu');
    expect(verdict(waiting, mark).cause).toBe('starved');
    // Whether it was silent is not known, or something else stops processes, too.
    const alone = { ...mark, helperGapMs: undefined };
    expect(verdict(held, alone).cause).toBe('vm-pause');
    expect(verdict(inCall, alone)).toMatchObject({ cause: 'unknown', rule: 'marked-or-held' });
    expect(verdict(held, { ...mark, helperGapMs: 900 })).toMatchObject({ rule: 'marked-or-held' });
    expect(verdict(held, { ...mark, frozenMs: 1400 })).toMatchObject({ rule: 'marked-or-held' });
    expect(verdict(held, { ...mark, gapMs: 0, bootJumpMs: 4000 }).cause).toBe('vm-pause');
  });

  test('throttling is counted where the other processors cannot have been throttled for all of it, else inferred', () => {
    const quota = (throttledMs: number, change: object = { processorCount: 1 }): object =>
      verdict(waiting, { throttledMs, throttledCount: 9, ...change });
    expect(quota(1200)).toMatchObject({ cause: 'throttled', certainty: 'counter' });
    expect(quota(1199)).toMatchObject({ cause: 'throttled', certainty: 'inferred' });
    expect(quota(739)).toMatchObject({ cause: 'unknown' });
    const windowMs = waiting.gapMs + waiting.intervalMs;
    expect(quota(windowMs + 1200, { processorCount: 2 })).toMatchObject({ cause: 'throttled', certainty: 'counter' });
    expect(quota(windowMs + 1199, { processorCount: 2 })).toMatchObject({ cause: 'throttled', certainty: 'inferred' });
    for (const processorCount of [0, undefined])
      expect(quota(9000, { processorCount })).toMatchObject({ cause: 'throttled', certainty: 'inferred' });
    const half = { runMs: 500, processCpuMs: 505, waitMs: 1000 };
    expect(quota(1400, { ...half, processorCount: 1 })).toMatchObject({ cause: 'throttled', certainty: 'inferred' });
    expect(classifyPause({ ...waiting, throttledMs: 1200, throttledCount: 9 }).share).toBeGreaterThanOrEqual(0.8);
  });

  test('where a quota may be out of sight, throttling that was seen counts, and none seen excludes nothing', () => {
    const seen = (throttledMs: number): object =>
      verdict(waiting, { throttledMs, throttledCount: undefined, processorCount: 1 });
    expect(seen(1400)).toMatchObject({ cause: 'throttled', certainty: 'inferred' });
    for (const throttledMs of [0, 100, 739])
      expect(seen(throttledMs)).toMatchObject({ cause: 'unknown', rule: 'crowded' });
    expect(verdict(waiting, { throttledMs: 100, throttledCount: 1 })).toMatchObject({ cause: 'starved' });
    expect(verdict(waiting, { throttledMs: 1400, throttledCount: 0 })).toMatchObject({ cause: 'starved' });
  });

  test('steal of many processors adds up: it must be a quarter of all their time', () => {
    const stolen = (processorCount: number | undefined, stealMs: number): unknown =>
      verdict(held, { processorCount, stealMs }).cause;
    expect([stolen(1, 800), stolen(2, 800), stolen(2, 700)]).toEqual(['stolen', 'stolen', 'external-stop']);
    expect([stolen(64, 2900), stolen(64, 24_000)]).toEqual(['unknown', 'stolen']);
    expect(stolen(undefined, 2900)).toBe('unknown');
  });

  test('two silences are not one: the second thread was starved with the main thread, which was blocked before', () => {
    const both = { ...inCall, runMs: 5, waitMs: 700, eluActiveMs: 1510, helperGapMs: 690 };
    expect(verdict(both)).toMatchObject({ cause: 'unknown', rule: 'held-or-blocked' });
    expect(verdict({ ...both, waitMs: 300, helperGapMs: 1150 }).cause).toBe('external-stop');
  });

  test('a SIGCONT does not make stolen time, or a collection, a stop', () => {
    expect(verdict(held, { continued: true, stealMs: 2900 })).toMatchObject({ rule: 'steal-or-blocked' });
    expect(verdict(held, { continued: true, stealMs: 100 }).cause).toBe('stopped');
    const unclear = { ...inCall, helperGapMs: 900, continued: true };
    expect(verdict(unclear)).toMatchObject({ cause: 'stopped', rule: 'sigcont-alone' });
    expect(verdict(unclear, { gcMs: 1400, gcCount: 1 })).toMatchObject({ rule: 'collection-or-held' });
  });

  test('where steal was not read, a thread may have waited for a processor that was taken away, or computed on it', () => {
    expect(verdict(waiting).cause).toBe('starved');
    expect(verdict(waiting, { stealMs: undefined })).toMatchObject({ rule: 'crowded' });
    expect(verdict(inCall).cause).toBe('blocked');
    expect(verdict(inCall, { stealMs: undefined })).toMatchObject({ rule: 'held-or-blocked' });
  });

  test('a process that was held in the middle of a collection used no processor meanwhile', () => {
    const parked = { ...inCall, gcMs: 1400, gcCount: 1, processCpuMs: 400 };
    expect(verdict(parked).cause).toBe('gc');
    // Without a second thread it may have been held for a second of it.
    const alone = { helperGapMs: undefined };
    expect(verdict(parked, alone)).toMatchObject({ rule: 'collection-or-held' });
    expect(verdict(parked, { ...alone, runMs: undefined }).cause).toBe('unknown');
    expect(verdict(parked, { ...alone, processCpuMs: 800 }).cause).toBe('gc');
  });

  test('SIGCONT alone stops nothing: without a second thread it must have been polling', () => {
    const alone = { continued: true, helperGapMs: undefined };
    expect(verdict(held, alone)).toMatchObject({ cause: 'stopped', rule: 'sigcont-alone' });
    // Blocked in a call, and somebody sent SIGCONT meanwhile.
    expect(verdict(inCall, alone).cause).toBe('unknown');
    expect(verdict({ ...held, eluActiveMs: undefined, eluIdleMs: undefined }, alone).cause).toBe('unknown');
    expect(verdict({ ...held, runMs: undefined, waitMs: undefined }, alone).cause).toBe('unknown');
  });

  test('an attached debugger is a hint, not a witness', () => {
    expect(verdict(held, { traced: true })).toEqual({
      cause: 'external-stop',
      rule: 'debugger',
      certainty: 'inferred',
    });
    const doubts: Partial<PauseEvidence>[] = [
      { continued: undefined },
      { stealMs: undefined },
      { systemSwitchCount: undefined },
      { bootJumpMs: undefined, wallJumpMs: undefined },
      { gapMs: 200, helperGapMs: 190, eluIdleMs: 248, systemSwitchCount: 120 },
      { helperGapMs: undefined, eluActiveMs: 1500, eluIdleMs: 50 },
    ];
    for (const doubt of doubts) expect(verdict(held, { traced: true, ...doubt }).cause).toBe('unknown');
    expect(verdict(held, { traced: true, stealMs: 1200 }).cause).toBe('stolen');
    expect(verdict(held, { traced: true, systemSwitchCount: 9 })).toMatchObject({ cause: 'vm-pause' });
  });

  test('a process whose pages were on storage looks held: no stop is named', () => {
    const paged: Partial<PauseEvidence>[] = [
      { majorFaultCount: 60 },
      { psiMemoryMs: 600 },
      { psiIoMs: 600, majorFaultCount: 2 },
      { psiIoMs: 600, majorFaultCount: undefined },
      { majorFaultCount: 1, psiMemoryMs: undefined, psiIoMs: undefined },
    ];
    for (const base of [held, { ...held, traced: true }, { ...held, systemSwitchCount: 9 }]) {
      for (const change of paged) {
        expect(classifyPause({ ...base, ...change })).toMatchObject({
          rule: 'held-or-paging',
          candidates: ['blocked', 'stopped', 'external-stop', 'vm-pause'],
        });
      }
      // Storage was busy with others: this process waited for no page.
      expect(verdict(base, { psiIoMs: 1200, majorFaultCount: 0 }).cause).not.toBe('unknown');
      expect(verdict(base, { majorFaultCount: 3 }).cause).not.toBe('unknown');
    }
    expect(verdict(held, { continued: true, majorFaultCount: 60 }).cause).toBe('stopped');
  });

  test('details: storage, paging, a debugger', () => {
    expect(classifyPause(inCall).detail).toBeUndefined();
    expect(classifyPause({ ...inCall, psiIoMs: 1200 }).detail).toBe('io');
    expect(classifyPause({ ...inCall, psiIoMs: 1200, psiMemoryMs: 900, majorFaultCount: 40 }).detail).toBe('paging');
    expect(classifyPause({ ...held, traced: true }).detail).toBe('debugger');
  });

  test('a collection that began before the wake-up was due explains no more than all', () => {
    expect(classifyPause({ ...computing, gcMs: 1545 }).share).toBe(1);
  });

  test('throttling inside a wait is not counted twice, and the sum over processors is cut to the wait', () => {
    const { parts, share } = classifyPause({ ...waiting, throttledMs: 2900, throttledCount: 30 });
    expect(parts.runqueueMs).toBe(0);
    expect(parts.throttledMs).toBeCloseTo(1480, -1);
    expect(share).toBeCloseTo(parts.throttledMs / 1500, 10);
  });
});

describe('laws', () => {
  const size = fc.oneof(
    { weight: 8, arbitrary: fc.double({ min: 0, max: 3000, noNaN: true }) },
    { weight: 1, arbitrary: fc.double({ noDefaultInfinity: true, noNaN: true }) },
    { weight: 1, arbitrary: fc.constantFrom(undefined, null, Number.NaN, Infinity, -Infinity) },
  );
  const flag = fc.constantFrom(undefined, null, true, false);
  const FLAGS = ['continued', 'traced', 'vmDisrupted', 'vmGenerationChanged'];
  const anyEvidence: fc.Arbitrary<PauseEvidence> = fc.record(
    {
      gapMs: fc.oneof(
        fc.double({ min: -50, max: 3000, noNaN: true }),
        fc.double({ min: -1e11, max: 1e11, noNaN: true }),
      ),
      intervalMs: fc.double({ min: 0, max: 1000, noNaN: true }),
      ...Object.fromEntries(PAUSE_SIGNALS.map((name) => [name, FLAGS.includes(name) ? flag : size])),
    },
    { requiredKeys: ['gapMs', 'intervalMs'] },
  );

  const lengthOf = ({ gapMs }: PauseEvidence, { parts }: PauseVerdict): number =>
    Math.max(0, gapMs) + parts.suspendedMs;

  test('G23: no finite evidence throws, the parts are not negative and sum to the pause, the share is a share', () => {
    fc.assert(
      fc.property(anyEvidence, (evidence) => {
        const found = classifyPause(evidence);
        const parts = Object.values(found.parts) as readonly number[];
        for (const part of parts) expect(part).toBeGreaterThanOrEqual(0);
        const sum = parts.reduce((total, part) => total + part, 0);
        expect(Math.abs(sum - lengthOf(evidence, found))).toBeLessThanOrEqual(1e-9 * Math.max(1, sum));
        expect(found.share).toBeGreaterThanOrEqual(0);
        expect(found.share).toBeLessThanOrEqual(1);
        expect(found.cause === 'unknown').toBe(found.share === 0 && !found.candidates.includes(found.cause));
      }),
      {
        seed: SEED,
        numRuns: 3000,
        examples: [[{ gapMs: 0, intervalMs: 0 }], [{ gapMs: 1e11, intervalMs: 0, runMs: 1e308, waitMs: 1e308 }]],
      },
    );
  });

  test('the order of fields, and fields that say nothing, change nothing', () => {
    fc.assert(
      fc.property(anyEvidence, (evidence) => {
        const reversed = Object.fromEntries(Object.entries(evidence).reverse());
        const explicit = { ...Object.fromEntries(PAUSE_SIGNALS.map((name) => [name, undefined])), ...evidence };
        expect(classifyPause(reversed as unknown as PauseEvidence)).toEqual(classifyPause(evidence));
        expect(classifyPause(explicit)).toEqual(classifyPause(evidence));
      }),
      { seed: SEED },
    );
  });

  test('G22: without any signal nothing is named', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), (gapMs) => {
        const found = classifyPause({ gapMs, intervalMs: 50 });
        expect(found.cause).toBe('unknown');
        expect(found.parts.unmeasuredMs).toBe(gapMs);
      }),
      { seed: SEED },
    );
  });

  test('the same evidence with a larger share of its cause keeps the cause', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (a, b) => {
        const frozen = (share: number): PauseVerdict => classifyPause({ ...held, frozenMs: share * 1500 });
        const [less, more] = [frozen(Math.min(a, b)), frozen(Math.max(a, b))];
        if (less.cause === 'frozen') expect(more.cause).toBe('frozen');
        if (less.cause === 'frozen') expect(more.share).toBeGreaterThanOrEqual(less.share);
      }),
      { seed: SEED },
    );
  });
});

describe('what is no evidence', () => {
  test.each([
    [undefined, 'TC_INVALID_ARGUMENT'],
    [7, 'TC_INVALID_ARGUMENT'],
    [{}, 'TC_NOT_FINITE'],
    [{ gapMs: Number.NaN, intervalMs: 50 }, 'TC_NOT_FINITE'],
    [{ gapMs: 1e12, intervalMs: 50 }, 'TC_OUT_OF_RANGE'],
    [{ gapMs: 1, intervalMs: -1 }, 'TC_OUT_OF_RANGE'],
  ])('%j', (given, code) => {
    expect(() => classifyPause(given as PauseEvidence)).toThrow(expect.objectContaining({ code }));
  });
});
