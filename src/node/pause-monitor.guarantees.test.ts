/** What `docs/guarantees.md` promises of pauses, in random lives of a monitored process (G21, G23, G24, G25, G27). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SEED } from '../../test/seed.ts';
import type { Pause } from '../pause/index.ts';
import { Rig } from './pause-monitor.fixture.ts';

/** A reading of the monotonic clock floors to a microsecond. */
const READING_MS = 0.01;
/** Boot time comes in steps of 10 ms; two of its readings differ from the truth by up to that. */
const BOOT_STEP_MS = 10;
/** SIGCONT may come this late, and is waited for. */
const SETTLE_MS = 47;

/** What happens to the process. Lengths in tenths of a ms, so that they are exact. */
type Act = readonly ['idle' | 'spin' | 'stop' | 'stop-and-continue' | 'collect' | 'step', number];

const lengthMs = fc.integer({ min: 1, max: 20_000 }).map((tenths) => tenths / 10);
const acts: fc.Arbitrary<readonly Act[]> = fc.array(
  fc.tuple(fc.constantFrom('idle', 'spin', 'stop', 'stop-and-continue', 'collect', 'step'), lengthMs),
  { minLength: 1, maxLength: 12 },
);
const settings = fc.record({
  intervalMs: fc.integer({ min: 5, max: 200 }),
  thresholdMs: fc.integer({ min: 5, max: 200 }),
  watchdog: fc.boolean(),
  isDeaf: fc.boolean(),
});
type Settings = typeof settings extends fc.Arbitrary<infer T> ? T : never;

const rigOf = ({ watchdog, ...options }: Settings): Rig =>
  new Rig({
    ...options,
    ...(watchdog ? { watchdog: { blockMs: options.intervalMs + options.thresholdMs + 20 } } : {}),
  });

/** How long the process does not run in this act. */
const heldMs = ([act, forMs]: Act): number => (act === 'idle' || act === 'step' ? 0 : forMs);

/** Lets it happen, up to the first instruction after it: no wake-up has come yet. */
function begin(rig: Rig, [act, forMs]: Act): void {
  if (act === 'idle') rig.idle(forMs);
  else if (act === 'step') rig.clock.stepWall(forMs % 2 < 1 ? forMs : -forMs);
  else {
    if (act === 'collect') rig.collect({ startMs: rig.clock.exactMonotonicMs, durationMs: forMs });
    rig.clock.pass(forMs);
    if (act === 'spin' || act === 'collect') {
      rig.runMs += forMs;
      rig.activeMs += forMs;
    } else rig.helperGapMs = forMs;
  }
}

/** Lets wake-ups come, and what they wait to hear of. */
function wake(rig: Rig, [act]: Act): void {
  rig.clock.advance(0);
  if (act === 'stop-and-continue') rig.hearContinued();
  rig.settle();
  rig.idle(SETTLE_MS);
  rig.settle();
}

describe('G21: every pause of interval and threshold is reported, once', () => {
  it('right after it, and none that is shorter than the threshold', () => {
    let reported = 0;
    fc.assert(
      fc.property(settings, acts, (options, script) => {
        const rig = rigOf(options);
        const { intervalMs, thresholdMs } = options;
        for (const act of script) {
          const before = rig.pauses.length;
          begin(rig, act);
          wake(rig, act);
          const told = rig.pauses.length - before;
          if (heldMs(act) >= intervalMs + thresholdMs + READING_MS) expect(told).toBe(1);
          if (heldMs(act) < thresholdMs - READING_MS) expect(told).toBe(0);
          reported += told;
        }
        expect(rig.pauses.map(({ seq }) => seq)).toEqual(rig.pauses.map((_, index) => index + 1));
      }),
      { seed: SEED, numRuns: 300 },
    );
    expect(reported).toBeGreaterThan(300);
  });

  it('and its gap before that, when nothing has been read yet', () => {
    let told = 0;
    fc.assert(
      fc.property(settings, acts, (options, script) => {
        const rig = rigOf(options);
        for (const act of script) {
          const [gaps, pauses, reads] = [rig.gaps.length, rig.pauses.length, rig.reads];
          begin(rig, act);
          rig.clock.advance(0);
          const [gap] = rig.gaps.slice(gaps);
          if (gap !== undefined) expect([gap.reads, gap.pauses]).toEqual([reads, pauses]);
          wake(rig, act);
          expect(rig.gaps.length - gaps).toBe(rig.pauses.length - pauses);
          if (gap === undefined) continue;
          told += 1;
          expect(gap.gapMs).toBeGreaterThanOrEqual(options.thresholdMs);
          expect(gap.gapMs).toBeLessThanOrEqual(rig.last!.gapMs);
        }
      }),
      { seed: SEED, numRuns: 300 },
    );
    expect(told).toBeGreaterThan(300);
  });

  it('also one that the monitor is closed in, whether its wake-up has come or not', () => {
    let reported = 0;
    fc.assert(
      fc.property(settings, acts, fc.integer({ min: 0, max: 2 }), (options, script, stage) => {
        const rig = rigOf(options);
        const last = script.at(-1)!;
        for (const act of script.slice(0, -1)) {
          begin(rig, act);
          wake(rig, act);
        }
        const before = rig.pauses.length;
        begin(rig, last);
        if (stage >= 1) rig.clock.advance(0);
        if (stage >= 2) rig.settle();
        rig.monitor.close();
        const told = rig.pauses.length - before;
        if (heldMs(last) >= options.intervalMs + options.thresholdMs + READING_MS) expect(told).toBe(1);
        reported += told;
        wake(rig, last);
        rig.idle(5000);
        expect(rig.pauses.length - before).toBe(told);
      }),
      { seed: SEED, numRuns: 300 },
    );
    expect(reported).toBeGreaterThan(30);
  });
});

describe('G23: the true length is between minMs and maxMs, and the parts sum to gapMs', () => {
  const sumOf = ({ parts }: Pause): number =>
    (Object.values(parts) as readonly number[]).reduce((sumMs, partMs) => sumMs + partMs, 0);

  function check(pause: Pause | undefined, trueMs: number, errorMs: number): void {
    const { gapMs, minMs, maxMs, parts } = pause!;
    expect(sumOf(pause!)).toBeCloseTo(gapMs, 6);
    for (const partMs of Object.values(parts) as readonly number[]) expect(partMs).toBeGreaterThanOrEqual(0);
    expect(minMs).toBeLessThanOrEqual(trueMs + errorMs);
    expect(maxMs).toBeGreaterThanOrEqual(trueMs - errorMs);
    expect(minMs).toBeLessThanOrEqual(gapMs);
    expect(gapMs).toBeLessThanOrEqual(maxMs);
  }

  it('of whatever happened within one wake-up', () => {
    let checked = 0;
    fc.assert(
      fc.property(settings, acts, (options, script) => {
        const rig = rigOf(options);
        for (const act of script) {
          const before = rig.pauses.length;
          begin(rig, act);
          wake(rig, act);
          if (rig.pauses.length === before) continue;
          checked += 1;
          check(rig.last, heldMs(act), READING_MS);
        }
      }),
      { seed: SEED, numRuns: 300 },
    );
    expect(checked).toBeGreaterThan(300);
  });

  it('of a suspend, which Linux sizes with an error of up to a second', () => {
    const suspend = fc.record({
      forMs: fc.integer({ min: 2000, max: 1e8 }),
      errorMs: fc.integer({ min: -900, max: 900 }),
    });
    fc.assert(
      fc.property(settings, suspend, (options, { forMs, errorMs }) => {
        const rig = rigOf(options);
        rig.idle(3000);
        rig.clock.suspend(forMs + errorMs);
        rig.idle(options.intervalMs);
        rig.settle();
        rig.idle(SETTLE_MS);
        check(rig.last, forMs, BOOT_STEP_MS);
      }),
      { seed: SEED, numRuns: 200 },
    );
  });

  it('and when the hypervisor says that clocks may have stood still, nothing bounds it', () => {
    const rig = new Rig();
    rig.vmMarker = 1n;
    rig.idle(3000);
    rig.vmMarker = 2n;
    rig.spin(300);
    rig.settle();
    check(rig.last, 1e9, 0);
    expect(rig.last?.maxMs).toBe(Infinity);
  });
});

describe('G24: time lost is known at the first instruction, and is never less than before', () => {
  it('in a life without suspend, to the microsecond, and an idle process has lost none', () => {
    let known = 0;
    fc.assert(
      fc.property(settings, acts, fc.boolean(), (options, script, isClosed) => {
        const rig = rigOf(options);
        const mark = rig.monitor.mark();
        let lostMs = 0;
        let heldInAllMs = 0;
        const look = (): void => {
          const nowMs = rig.monitor.pausedSince(mark);
          expect(nowMs).toBeGreaterThanOrEqual(lostMs);
          expect(nowMs).toBeLessThanOrEqual(heldInAllMs + script.length * READING_MS);
          lostMs = nowMs;
        };
        for (const act of script) {
          const beforeMs = lostMs;
          heldInAllMs += heldMs(act);
          begin(rig, act);
          look();
          if (heldMs(act) < options.thresholdMs - READING_MS) expect(lostMs).toBe(beforeMs);
          if (heldMs(act) >= options.intervalMs + options.thresholdMs + READING_MS) {
            known += 1;
            expect(lostMs - beforeMs).toBeGreaterThanOrEqual(heldMs(act) - options.intervalMs - READING_MS);
          }
          expect(rig.monitor.pausedSince(rig.monitor.mark())).toBe(0);
          rig.clock.advance(0);
          look();
          rig.settle();
          look();
          wake(rig, act);
          look();
        }
        if (isClosed) rig.monitor.close();
        look();
        rig.idle(5000);
        look();
      }),
      { seed: SEED, numRuns: 300 },
    );
    expect(known).toBeGreaterThan(300);
  });

  it('with suspends, long ones, short ones and such as cannot be told from a step of boot time', () => {
    fc.assert(
      fc.property(
        settings,
        fc.array(fc.tuple(lengthMs, fc.oneof(fc.integer({ min: 1, max: 120 }), fc.integer({ min: 1, max: 100_000 }))), {
          minLength: 1,
          maxLength: 5,
        }),
        (options, sleeps) => {
          const rig = rigOf({ ...options, thresholdMs: 50 });
          const mark = rig.monitor.mark();
          let lostMs = 0;
          const look = (): void => {
            const nowMs = rig.monitor.pausedSince(mark);
            expect(nowMs).toBeGreaterThanOrEqual(lostMs);
            lostMs = nowMs;
          };
          for (const [idleMs, forMs] of sleeps) {
            rig.idle(idleMs);
            look();
            const beforeMs = lostMs;
            rig.clock.suspend(forMs);
            look();
            if (forMs >= 50 + BOOT_STEP_MS)
              expect(lostMs - beforeMs).toBeGreaterThanOrEqual(forMs - BOOT_STEP_MS - READING_MS);
            rig.idle(options.intervalMs);
            look();
            rig.settle();
            look();
          }
          rig.monitor.close();
          look();
        },
      ),
      { seed: SEED, numRuns: 200 },
    );
  });
});

describe('G25: what clocks may not have counted reaches everything protected', () => {
  type Happening = (rig: Rig) => void;
  const happenings: readonly (readonly [string, Happening])[] = [
    [
      'a suspend',
      (rig) => {
        rig.clock.suspend(60_000);
      },
    ],
    [
      'a suspend of 80 ms',
      (rig) => {
        rig.clock.suspend(80);
      },
    ],
    [
      'a marker of the hypervisor',
      (rig) => {
        rig.vmMarker = 2n;
      },
    ],
    [
      'a jump forward of the wall clock',
      (rig) => {
        rig.clock.resumeSnapshot(9000);
      },
    ],
  ];

  it.each(happenings)('%s, alone or inside another pause, seen by a wake-up or by close', (what, happen) => {
    fc.assert(
      fc.property(settings, fc.integer({ min: 0, max: 3000 }), fc.boolean(), (options, spinMs, isClosed) => {
        const rig = rigOf({ ...options, thresholdMs: 50 });
        const told: string[] = [];
        for (const name of ['first', 'second']) rig.monitor.protect({ suspect: () => void told.push(name) });
        rig.monitor.protect({ distrust: () => void told.push('third') });
        rig.vmMarker = 1n;
        rig.idle(3000);
        expect(told).toEqual([]);
        happen(rig);
        rig.spin(spinMs);
        rig.settle();
        if (isClosed) rig.monitor.close();
        else rig.idle(1100 + SETTLE_MS);
        rig.settle();
        // Closed before any wake-up was late: of what no clock shows nobody has looked.
        const isSeen = !isClosed || spinMs >= options.intervalMs + 50 || rig.last?.cause === 'suspend';
        expect(isSeen || !what.includes('suspend')).toBe(true);
        if (!isSeen) return;
        for (const name of ['first', 'second', 'third'])
          expect(told.filter((one) => one === name).length).toBeGreaterThan(0);
      }),
      { seed: SEED, numRuns: 60 },
    );
  });
});

describe('G27: it keeps nothing alive, and leaves nothing', () => {
  it('whatever happened to the process, and wherever it was closed', () => {
    fc.assert(
      fc.property(settings, acts, fc.integer({ min: 0, max: 2 }), (options, script, stage) => {
        const rig = rigOf(options);
        for (const act of script) {
          begin(rig, act);
          expect(rig.clock.timers.keepingAlive).toBe(0);
          if (stage >= 1) rig.clock.advance(0);
          expect(rig.clock.timers.keepingAlive).toBe(0);
          if (stage >= 2) rig.settle();
          expect(rig.clock.timers.keepingAlive).toBe(0);
        }
        rig.monitor.close();
        const expected = ['collections', 'sources', 'timer'];
        if (!options.isDeaf) expected.push('continuation');
        if (options.watchdog) expected.push('ongoing', 'watchdog');
        expect([...rig.closed].sort()).toEqual(expected.sort());
        // The timer of the rig itself is there, fires once more and ends.
        expect(rig.clock.timers.all).toBe(1);
        rig.settle();
        rig.idle(1000);
        expect(rig.clock.timers.all).toBe(0);
      }),
      { seed: SEED, numRuns: 300 },
    );
  });
});
