import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SEED } from '../../test/seed.ts';
import type { KernelClock } from './kernel-clock.ts';
import { FakeMachine, type FakeMachineOptions } from './native-clocks.fixture.ts';
import { nativeClocksOn } from './native-clocks.ts';

/** The fields of `struct timex`, where they were read in the header, and what the kernel of a quiet machine says. */
const FIELDS = {
  modes: { at: 0, is: 'int', value: 0 },
  offset: { at: 8, is: 'long', value: 0 },
  freq: { at: 16, is: 'long', value: 0 },
  maxerror: { at: 24, is: 'long', value: 17_288 },
  esterror: { at: 32, is: 'long', value: 211 },
  status: { at: 40, is: 'int', value: 0x2001 },
  constant: { at: 48, is: 'long', value: 7 },
  precision: { at: 56, is: 'long', value: 1 },
  tolerance: { at: 64, is: 'long', value: 32_768_000 },
  tv_sec: { at: 72, is: 'long', value: 0 },
  tv_usec: { at: 80, is: 'long', value: 0 },
  tick: { at: 88, is: 'long', value: 10_000 },
  tai: { at: 160, is: 'int', value: 37 },
} as const;

type Timex = Partial<Record<keyof typeof FIELDS | 'state' | 'aheadMs', number>>;

/** A machine whose kernel says this. */
class Kernel extends FakeMachine {
  calls = 0;
  says: Timex;

  constructor(says: Timex, options: FakeMachineOptions = {}) {
    super(options);
    this.says = says;
    this.functions.set('adjtimex', (_, memory) => this.#adjtimex(memory));
  }

  read(): KernelClock {
    const opened = nativeClocksOn(this.rim, { koffi: this.koffi, via: 'koffi' });
    if (opened.status === 'unavailable') throw new Error(opened.detail);
    return opened.kernelClock();
  }

  #adjtimex(memory: DataView): number {
    this.calls += 1;
    for (let at = 0; at < memory.byteLength; at += 1) expect(memory.getUint8(at)).toBe(0);
    const isNano = ((this.says.status ?? FIELDS.status.value) & 0x2000) !== 0;
    const { aheadMs = 0 } = this.says;
    const wallMs = this.clock.wallMs() + aheadMs;
    const time = { tv_sec: Math.floor(wallMs / 1000), tv_usec: (wallMs % 1000) * (isNano ? 1e6 : 1e3) };
    for (const [name, { at, is, value }] of Object.entries(FIELDS)) {
      const put = { [name]: value, ...time, ...this.says }[name]!;
      if (is === 'int') memory.setInt32(at, put, this.isLittleEndian);
      else memory.setBigInt64(at, BigInt(Math.floor(put)), this.isLittleEndian);
    }
    return this.says.state ?? 0;
  }
}

const read = (says: Timex, options?: FakeMachineOptions): KernelClock => new Kernel(says, options).read();

describe('what the kernel says', () => {
  it.each([true, false])('is decoded, little-endian %s', (isLittleEndian) => {
    expect(read({}, { isLittleEndian })).toEqual({
      status: 'known',
      synchronized: true,
      maxErrorMs: expect.closeTo(17.288, 9),
      estimatedErrorMs: 0.211,
      frequencyPpm: 0,
      offsetMs: 0,
      leap: 'none',
      taiMinusUtcS: 37,
    });
  });

  it('as it was recorded on a machine without a time daemon', () => {
    const recorded = { maxerror: 16_000_000, esterror: 16_000_000, status: 0x40, constant: 2, tai: 0, state: 5 };
    expect(read(recorded)).toEqual({
      status: 'known',
      synchronized: false,
      maxErrorMs: 16_000,
      estimatedErrorMs: 16_000,
      frequencyPpm: 0,
      offsetMs: 0,
      leap: 'none',
      taiMinusUtcS: undefined,
    });
  });

  it.each([
    ['nobody claims it', { status: 0x40, state: 5 }, false],
    ['the bit alone', { status: 0x2041, state: 0 }, false],
    ['the state alone', { status: 0x2001, state: 5 }, false],
    ['a leap second is announced', { status: 0x2011, state: 1 }, true],
  ])('synchronized: %s', (_, says, synchronized) => {
    expect(read(says)).toMatchObject({ synchronized });
  });

  it.each([
    [0x2001, 0, 'none'],
    [0x2011, 1, 'insert'],
    [0x2021, 2, 'delete'],
    [0x2011, 3, 'in-progress'],
    [0x2011, 4, 'none'],
    [0x2051, 5, 'insert'],
  ])('leap second: status %i, state %i is %s', (status, state, leap) => {
    expect(read({ status, state })).toMatchObject({ leap });
  });

  it('frequency is that of the frequency field and of the tick', () => {
    expect(read({ freq: 65_536 * 12.5, tick: 10_000 })).toMatchObject({ frequencyPpm: 12.5 });
    expect(read({ freq: -65_536, tick: 9_999 })).toMatchObject({ frequencyPpm: -101 });
    expect(read({ freq: 0, tick: 10_833 })).toMatchObject({ frequencyPpm: 83_300 });
  });

  it('the offset is in nanoseconds only where the kernel says so', () => {
    expect(read({ offset: -1_500_000, status: 0x2001 })).toMatchObject({ offsetMs: -1.5 });
    expect(read({ offset: -1500, status: 0x1 })).toMatchObject({ offsetMs: -1.5 });
  });

  it('the largest error is never rounded down', () => {
    fc.assert(
      fc.property(fc.nat({ max: 16_000_000 }), (maxerror) => {
        const reading = read({ maxerror });
        if (reading.status !== 'known') throw new Error(reading.detail);
        const exact = BigInt(maxerror) << 64n;
        const given = BigInt(reading.maxErrorMs * 2 ** 64) * 1000n;
        expect(given).toBeGreaterThanOrEqual(exact);
        expect(reading.maxErrorMs).toBeCloseTo(maxerror / 1000, 9);
      }),
      { seed: SEED },
    );
  });
});

describe('what is not known', () => {
  it('the call is not allowed', () => {
    expect(read({ state: -1 })).toMatchObject({ status: 'unavailable', reason: 'refused' });
  });

  it.each(['darwin', 'win32'])('on %s there is none', (platform) => {
    expect(read({}, { platform })).toMatchObject({ status: 'unavailable', reason: 'platform' });
  });

  it.each([
    ['another precision', { precision: 2 }],
    ['another tolerance', { tolerance: 500 }],
    ['another tick', { tick: 1000 }],
    ['the time of day is elsewhere', { tv_sec: 0 }],
    ['the time of day is in another unit', { tv_usec: 10 ** 9 * 10 }],
  ])('the layout is another: %s', (_, says) => {
    expect(read(says)).toMatchObject({ status: 'unavailable', reason: 'disagreement' });
  });

  it('a step of the wall clock while it is compared is no other layout', () => {
    const kernel = new Kernel({ aheadMs: 5000 });
    kernel.clock.afterRead = () => {
      if (kernel.calls === 1) kernel.says = {};
    };
    expect(kernel.read()).toMatchObject({ status: 'known' });
    expect(kernel.calls).toBe(3);
  });
});

describe('the system call', () => {
  it('is not made before somebody asks: a filter may end the process for it', () => {
    const kernel = new Kernel({});
    nativeClocksOn(kernel.rim, { koffi: kernel.koffi, via: 'koffi' });
    expect(kernel.calls).toBe(0);
  });

  it('sets nothing: every byte is 0 before each call', () => {
    const kernel = new Kernel({});
    const opened = nativeClocksOn(kernel.rim, { koffi: kernel.koffi, via: 'koffi' });
    if (opened.status === 'unavailable') throw new Error(opened.detail);
    for (let time = 0; time < 3; time += 1) opened.kernelClock();
    expect(kernel.calls).toBe(4);
  });
});
