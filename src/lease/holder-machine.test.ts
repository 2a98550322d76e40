import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { add, compareDouble, exact } from '../../test/support/rational.ts';
import { type AffineClock, affineClock, ms, readingAt } from './affine-clock.fixture.ts';
import { HolderMachine, type HolderReading, requireReading, type SentStamp } from './holder-machine.ts';
import { holderWindowMs } from './holder-window.ts';

const at = (monotonicMs: number, bootMs = monotonicMs): HolderReading => ({ monotonicMs, bootMs });
const WINDOWS = { windowMs: 900, bootWindowMs: undefined, suspendToleranceMs: 15 };
const BOTH = { ...WINDOWS, bootWindowMs: 880 };

const left = (machine: HolderMachine, now: HolderReading): number => machine.remainingMs(now.monotonicMs, now.bootMs);

describe('the states, and G17: loss is latched', () => {
  it('is held, in jeopardy from two thirds of the window on, and lost at its end', () => {
    const machine = new HolderMachine(WINDOWS, at(100));
    expect(machine.stateAt(at(100))).toBe('held');
    expect(machine.stateAt(at(699.9))).toBe('held');
    expect(machine.stateAt(at(700))).toBe('jeopardy');
    expect(left(machine, at(999.999))).toBeGreaterThan(0);
    expect(left(machine, at(1000))).toBeLessThanOrEqual(0);
    expect(machine.stateAt(at(1000))).toBe('lost');
    expect(machine.refusalAt(at(1000))).toMatchObject({ reason: 'expired' });
  });

  it('goes back to held when a renewal is acknowledged', () => {
    const machine = new HolderMachine(WINDOWS, at(0));
    const sent = machine.send(at(650));
    expect(machine.acknowledge(sent, at(660))).toBe('renewed');
    expect(machine.stateAt(at(1249))).toBe('held');
    expect(left(machine, at(1549))).toBeGreaterThan(0);
    expect(machine.stateAt(at(1550))).toBe('lost');
  });

  it('counts from when the renewal was sent, not from its answer', () => {
    const machine = new HolderMachine(WINDOWS, at(0));
    const sent = machine.send(at(100));
    machine.acknowledge(sent, at(899));
    expect(left(machine, at(999))).toBeLessThanOrEqual(1);
    expect(left(machine, at(1000))).toBeLessThanOrEqual(0);
  });

  it.each(['released', 'lost'] as const)('stays %s whatever comes', (state) => {
    const machine = new HolderMachine(WINDOWS, at(0));
    const sent = machine.send(at(10));
    if (state === 'released') machine.release();
    else machine.refuse('not there');
    machine.suspect('a pause');
    expect(machine.acknowledge(sent, at(20))).toBe('late');
    expect(left(machine, at(21))).toBe(-Infinity);
    machine.release();
    machine.expire('by UTC');
    expect(machine.stateAt(at(30))).toBe(state);
    expect(machine.refusalAt(at(30))).toMatchObject({ reason: state });
    expect(machine.canExtend(at(30))).toBe(false);
  });

  it('does not come back to life by an acknowledgement that comes after the end', () => {
    const machine = new HolderMachine(WINDOWS, at(0));
    const sent = machine.send(at(899));
    expect(machine.acknowledge(sent, at(900))).toBe('late');
    expect(left(machine, at(901))).toBe(-Infinity);
    expect(machine.stateAt(at(901))).toBe('lost');
  });

  it('ends at maxHoldMs, and is not in jeopardy when no renewal could help', () => {
    const machine = new HolderMachine({ ...WINDOWS, maxHoldMs: 1000 }, at(0));
    expect(machine.canExtend(at(1))).toBe(true);
    machine.acknowledge(machine.send(at(300)), at(301));
    expect(machine.canExtend(at(302))).toBe(false);
    expect(machine.stateAt(at(999))).toBe('held');
    expect(machine.refusalAt(at(1000))).toMatchObject({ reason: 'expired', detail: /maxHoldMs \(1000 ms\)/ });
  });

  it('at maxHoldMs a renewal is of use while it is suspect, and moves no end', () => {
    const machine = new HolderMachine({ ...WINDOWS, maxHoldMs: 500 }, at(0));
    expect(machine.canExtend(at(1))).toBe(false);
    machine.suspect('a pause');
    expect(machine.canExtend(at(2))).toBe(true);
    machine.acknowledge(machine.send(at(3)), at(4));
    expect(machine.canExtend(at(5))).toBe(false);
    expect(left(machine, at(499))).toBeGreaterThan(0);
    expect(left(machine, at(500))).toBeLessThanOrEqual(0);
  });

  it('boot time that may be behind refuses, and ends nothing', () => {
    const machine = new HolderMachine(BOTH, at(0, 5000));
    const behind = { ...at(500, 5500), behindMs: 380 };
    expect(machine.remainingMs(500, 5500, 379)).toBeGreaterThan(0);
    expect(machine.remainingMs(500, 5500, 380)).toBeLessThanOrEqual(0);
    expect(machine.leftMs(behind)).toBeLessThanOrEqual(0);
    expect(machine.endsInMs(behind)).toBeCloseTo(380);
    expect(machine.stateAt(behind)).toBe('jeopardy');
    expect(machine.isTroubledAt(behind)).toBe(false);
    expect(machine.refusalAt(behind)).toBeUndefined();
    expect(machine.stateAt(at(500, 5500))).toBe('held');
    // Also by the long way, with the reading that shows the suspend.
    expect(machine.remainingMs(510, 5530, 380)).toBe(-Infinity);
    expect(machine.isOver).toBe(false);
  });
});

describe('suspend', () => {
  it('ends on boot time though the monotonic clock stood still', () => {
    const machine = new HolderMachine(BOTH, at(0, 5000));
    expect(left(machine, at(10, 5010 + 880))).toBe(-Infinity);
    expect(machine.stateAt(at(10, 5890))).toBe('lost');
  });

  it('has a window of its own on the coarser clock', () => {
    const machine = new HolderMachine({ ...BOTH, suspendToleranceMs: 1e6 }, at(0, 5000));
    expect(left(machine, at(879, 5879))).toBeGreaterThan(0);
    expect(left(machine, at(880, 5880))).toBeLessThanOrEqual(0);
  });

  it('is suspected until a renewal that was sent after it is acknowledged', () => {
    const machine = new HolderMachine(BOTH, at(0, 5000));
    const before = machine.send(at(100, 5100));
    expect(left(machine, at(110, 5210))).toBe(-Infinity);
    expect(machine.refusalAt(at(110, 5210))).toMatchObject({ reason: 'suspended', detail: /slept for about 100 ms/ });
    expect(machine.stateAt(at(110, 5210))).toBe('jeopardy');
    expect(machine.acknowledge(before, at(120, 5220))).toBe('renewed');
    expect(left(machine, at(121, 5221))).toBe(-Infinity);
    const after = machine.send(at(130, 5230));
    machine.suspect('seen from outside');
    expect(machine.acknowledge(after, at(140, 5240))).toBe('renewed');
    expect(machine.refusalAt(at(141, 5241))).toMatchObject({ detail: 'seen from outside' });
    machine.acknowledge(machine.send(at(150, 5250)), at(160, 5260));
    expect(left(machine, at(170, 5270))).toBeGreaterThan(0);
    expect(machine.stateAt(at(170, 5270))).toBe('held');
  });

  it('adds small ones up', () => {
    const machine = new HolderMachine(BOTH, at(0, 0));
    expect(left(machine, at(100, 106))).toBeGreaterThan(0);
    expect(machine.stateAt(at(150, 156))).toBe('held');
    expect(left(machine, at(200, 212))).toBeGreaterThan(0);
    expect(machine.stateAt(at(250, 262))).toBe('held');
    expect(left(machine, at(300, 318))).toBe(-Infinity);
    expect(machine.isSuspect).toBe(true);
  });

  it('is not imagined within the tolerance, nor where boot time is not compared', () => {
    const machine = new HolderMachine(BOTH, at(0, 0));
    for (let step = 1; step < 80; step += 1)
      expect(left(machine, at(step * 10, step * 10 + (step % 10)))).toBeGreaterThan(0);
    expect(left(new HolderMachine(WINDOWS, at(0, 0)), at(100, 1e9))).toBeCloseTo(800);
  });
});

describe('clocks that do what no clock may do', () => {
  it.each<[string, HolderReading, HolderReading]>([
    ['a monotonic clock that goes back', at(50), at(49.999)],
    ['a monotonic clock that gives NaN', at(50), at(NaN)],
    ['a monotonic clock that gives -Infinity', at(50), at(-Infinity)],
    ['a boot clock that goes back', at(50, 60), at(51, 59)],
    ['a boot clock that gives NaN', at(50, 60), at(51, NaN)],
    ['a boot clock that gives Infinity', at(50, 60), at(51, Infinity)],
  ])('%s ends the lease for good', (_, first, second) => {
    const machine = new HolderMachine(BOTH, at(0));
    expect(left(machine, first)).toBeGreaterThan(0);
    expect(left(machine, second)).toBe(-Infinity);
    expect(machine.refusalAt(at(100))).toMatchObject({ reason: 'clock-anomaly' });
    expect(machine.stateAt(at(100))).toBe('lost');
  });

  it('an infinite reading is refused, and ends it at the look that follows', () => {
    const machine = new HolderMachine(WINDOWS, at(0));
    expect(left(machine, at(Infinity))).toBeLessThanOrEqual(0);
    expect(machine.refusalAt(at(Infinity))).toMatchObject({ reason: 'clock-anomaly' });
  });

  it('is no first reading', () => {
    expect(requireReading(at(0, 0))).toEqual(at(0, 0));
    expect(() => requireReading(at(NaN, 0))).toThrow(/finite numbers, got NaN ms.*Pass systemClock/);
    expect(() => requireReading(at(0, Infinity))).toThrow(/TC_NO_MONOTONIC_CLOCK/);
  });
});

/** What a renewal does in the naive model. */
type Step =
  | { readonly kind: 'send' }
  | { readonly kind: 'ack'; readonly which: number }
  | { readonly kind: 'suspect' | 'look' | 'refuse' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Step>({ kind: 'send' }) },
  { weight: 6, arbitrary: fc.nat({ max: 5 }).map((which): Step => ({ kind: 'ack', which })) },
  { weight: 3, arbitrary: fc.constant<Step>({ kind: 'look' }) },
  { weight: 1, arbitrary: fc.constantFrom<Step>({ kind: 'suspect' }, { kind: 'suspect' }, { kind: 'refuse' }) },
);

/** The same rules, written down without thought for speed: everything that was acknowledged, asked anew each time. */
class NaiveHolder {
  readonly acked = [0];
  suspectedAt = -1;
  clearedAt = -1;
  isOver = false;
  usable(nowMs: number): boolean {
    if (nowMs >= Math.max(...this.acked) + WINDOWS.windowMs) this.isOver = true;
    return !this.isOver && this.suspectedAt <= this.clearedAt;
  }
}

describe('theorem 4', () => {
  it('is what a naive holder does, with renewals in any order', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(step, fc.integer({ min: 1, max: 400 })), { maxLength: 40 }), (steps) => {
        const machine = new HolderMachine(WINDOWS, at(0));
        const naive = new NaiveHolder();
        const sent: [SentStamp, number][] = [];
        let nowMs = 0;
        for (const [order, [{ kind, ...rest }, passMs]] of steps.entries()) {
          nowMs += passMs;
          naive.usable(nowMs);
          if (kind === 'send') sent.push([machine.send(at(nowMs)), order]);
          if (kind === 'suspect') {
            machine.suspect('a pause');
            naive.suspectedAt = order;
          }
          if (kind === 'refuse') {
            machine.refuse('no');
            naive.isOver = true;
          }
          const picked = 'which' in rest ? sent[sent.length - 1 - rest.which] : undefined;
          if (picked !== undefined) {
            const [stamp, sentAt] = picked;
            expect(machine.acknowledge(stamp, at(nowMs))).toBe(naive.isOver ? 'late' : 'renewed');
            if (!naive.isOver) naive.acked.push(stamp.monotonicMs);
            if (!naive.isOver) naive.clearedAt = Math.max(naive.clearedAt, sentAt);
          }
          expect(left(machine, at(nowMs)) > 0).toBe(naive.usable(nowMs));
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe('theorem 1, in exact arithmetic', () => {
  interface Exchange {
    readonly holder: AffineClock;
    readonly granter: AffineClock;
    readonly ttlMs: number;
    readonly sentAt: readonly bigint[];
    readonly processedAfter: readonly bigint[];
    readonly checkAfter: bigint;
  }
  const times = (max: bigint) => fc.array(fc.bigInt({ min: 0n, max }), { minLength: 3, maxLength: 3 });
  const exchange: fc.Arbitrary<Exchange> = fc.record({
    holder: affineClock,
    granter: affineClock,
    ttlMs: fc.integer({ min: 50, max: 60_000 }),
    sentAt: times(1n << 34n),
    processedAfter: times(1n << 24n),
    checkAfter: fc.bigInt({ min: 0n, max: 1n << 36n }),
  });

  /** The machine is asked at a true moment; the granter frees when its clock has advanced by the time to live since it last processed. */
  function isUsedAfterRegrant(
    given: Exchange,
    wrong: { readonly stampLate?: bigint; readonly noMargin?: boolean } = {},
  ): boolean {
    const { holder, granter, ttlMs } = given;
    const timing = {
      name: 'exact',
      holderRatePpm: wrong.noMargin === true ? 0 : holder.ratePpm,
      granterRatePpm: granter.ratePpm,
      holderGranularityMs: ms(holder.granularity),
      granterGranularityMs: ms(granter.granularity),
      suspend: 'checked',
    } as const;
    const windowMs = holderWindowMs(ttlMs, timing);
    if (windowMs <= 0) return false;
    const sent = [...given.sentAt].sort((a, b) => Number(a - b));
    const first = sent[0] ?? 0n;
    const stamp = (time: bigint): HolderReading => at(ms(readingAt(holder, time + (wrong.stampLate ?? 0n))));
    const machine = new HolderMachine({ ...WINDOWS, windowMs }, stamp(first));
    const stamps = sent.slice(1).map((time) => ({ ...stamp(time), suspicion: 0 }));
    // The answers come in the opposite order, all before the lease can have ended.
    for (const one of stamps.reverse()) machine.acknowledge(one, stamp(sent[2] ?? 0n));
    const processed = sent.map((time, index) => time + (given.processedAfter[index] ?? 0n));
    const freeAt = Math.max(...processed.map((time) => ms(readingAt(granter, time)) + ttlMs));
    const checkAt = (sent[2] ?? 0n) + given.checkAfter;
    const isUsable = machine.remainingMs(ms(readingAt(holder, checkAt)), 0) > 0;
    return isUsable && ms(readingAt(granter, checkAt)) >= freeAt;
  }

  it('nobody else is granted the lease while it may be used', () => {
    fc.assert(
      fc.property(exchange, (given) => !isUsedAfterRegrant(given)),
      { numRuns: 5000 },
    );
  });

  it.each([
    ['a stamp at the acknowledgement', { stampLate: 1n << 26n }],
    ["no margin for the holder's rate", { noMargin: true }],
  ])('does not hold with %s', (_, wrong) => {
    expect(
      fc.check(
        fc.property(exchange, (given) => !isUsedAfterRegrant(given, wrong)),
        { numRuns: 20_000 },
      ).failed,
    ).toBe(true);
  });

  it('what is left is rounded against the holder', () => {
    const reading = fc.double({ min: 0, max: 1e12, noNaN: true });
    const windows = fc.double({ min: 1e-3, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(reading, windows, fc.double({ min: 0, max: 1.1, noNaN: true }), (sentMs, windowMs, share) => {
        const machine = new HolderMachine({ ...WINDOWS, windowMs }, at(sentMs));
        const nowMs = sentMs + windowMs * share;
        const leftMs = machine.remainingMs(nowMs, 0);
        if (!(leftMs > 0)) return;
        const elapsed = add(exact(nowMs), exact(-sentMs));
        expect(compareDouble(windowMs, add(elapsed, exact(leftMs)))).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 5000 },
    );
  });
});
