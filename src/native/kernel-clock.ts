/**
 * What the Linux kernel says about its own wall clock: adjtimex(2), read and never set.
 *
 * A time daemon tells the kernel how wrong the clock may be, and the kernel lets that grow by 500 ppm, once a second, until the daemon
 * speaks again; at 16 s it gives up and sets STA_UNSYNC (kernel/time/ntp.c). So the numbers are the daemon's, not the kernel's and not ours:
 *
 * - chronyd tells its root distance, and clears STA_UNSYNC only with `rtcsync` (chrony, sys_timex.c);
 * - systemd-timesyncd tells 0 with each correction, whatever the path to the server was like (timesyncd-manager.c): under it the maximum
 *   error is the time since then, and no bound of anything;
 * - whoever may set the clock may tell the kernel anything.
 *
 * Layout: `struct timex` of 64-bit Linux, 208 bytes (linux/include/uapi/linux/timex.h). It holds constants and the time of day, and is not
 * believed unless those are where they should be.
 *
 * Impossible: to know which daemon told the kernel, when it did, and whether it was right.
 */
import { nextUp } from '../core/index.ts';
import type { NativeCall, SystemLibrary } from './foreign-functions.ts';

/** What the kernel says, as data. */
export interface KernelClockReading {
  readonly status: 'known';
  /** Whether somebody claims to keep the clock right: neither TIME_ERROR nor STA_UNSYNC. */
  readonly synchronized: boolean;
  /** The largest error that is claimed, in ms, rounded up; up to a second old, in which it grows by 0.5 ms. 16 000 means that nobody knows. */
  readonly maxErrorMs: number;
  /** The error that is thought likely, in ms; a statistic of the daemon's own kind. */
  readonly estimatedErrorMs: number;
  /** How much faster than its own oscillator the clock is made to run, in ppm; negative is slower. */
  readonly frequencyPpm: number;
  /** What the kernel still has to slew, in ms, positive when the clock is behind; 0 under daemons that slew by the frequency, as chronyd does. */
  readonly offsetMs: number;
  /** Whether a leap second is announced, or is being inserted now. */
  readonly leap: 'none' | 'insert' | 'delete' | 'in-progress';
  /** TAI minus UTC in seconds, where somebody told the kernel. */
  readonly taiMinusUtcS: number | undefined;
}

/** Why there is nothing to read. `platform`: not on Linux. `refused`: the system call was not allowed. `disagreement`: it is not what it should be. */
export interface KernelClockUnavailable {
  readonly status: 'unavailable';
  readonly reason: 'platform' | 'refused' | 'disagreement';
  /** In words, for a log. */
  readonly detail: string;
}

/** What the kernel says about its wall clock, or why that is not known. */
export type KernelClock = KernelClockReading | KernelClockUnavailable;

/** Where the fields begin. */
const OFFSET_AT = 8;
const FREQUENCY_AT = 16;
const MAX_ERROR_AT = 24;
const ESTIMATED_ERROR_AT = 32;
const STATUS_AT = 40;
const PRECISION_AT = 56;
const TOLERANCE_AT = 64;
const SECONDS_AT = 72;
const FRACTION_AT = 80;
const TICK_AT = 88;
const TAI_AT = 160;

/** The structure has 208; whoever has more in it overwrites nothing else. */
const TIMEX_BYTES = 512;

/** Bits of `status`. */
const STA_INS = 0x10;
const STA_DEL = 0x20;
const STA_UNSYNC = 0x40;
const STA_NANO = 0x2000;

/** What the call returns. */
const TIME_OOP = 3;
const TIME_WAIT = 4;
const TIME_ERROR = 5;

/** Constants of the kernel: a precision of 1 µs, and 500 ppm in units of 2^-16 ppm. */
const PRECISION_US = 1;
const TOLERANCE = 32_768_000;

/** Microseconds that the clock advances by in a hundredth of a second; a daemon may change it by a tenth. */
const TICK_US = 10_000;
const TICK_CHANGE_US_MAX = 1000;

/** Somebody may set the clock while it is compared. */
const COMPARED_TIMES_MAX = 3;

/** Reads `struct timex`. */
export class KernelClockReader {
  readonly #call: NativeCall;
  readonly #wallMs: () => number;
  readonly #view: DataView;
  readonly #isLittleEndian: boolean;
  #isBelieved = false;

  /** @throws When the library has no `adjtimex`. */
  constructor(library: SystemLibrary, from: { readonly wallMs: () => number; readonly isLittleEndian: boolean }) {
    const memory = new ArrayBuffer(TIMEX_BYTES);
    this.#view = new DataView(memory);
    this.#isLittleEndian = from.isLittleEndian;
    this.#wallMs = from.wallMs;
    this.#call = library.bind({ name: 'adjtimex', selector: undefined, result: 'int32' }, new Uint8Array(memory));
  }

  read(): KernelClock {
    this.#isBelieved ||= this.#isAsExpected();
    const state = this.#fill();
    if (state === undefined) return REFUSED;
    return this.#isBelieved ? this.#decode(state) : UNEXPECTED;
  }

  /** Nothing is set as long as `modes`, the first field, is 0. @returns `undefined` when the call was not allowed. */
  #fill(): number | undefined {
    for (let at = 0; at < TIMEX_BYTES; at += 8) this.#view.setBigUint64(at, 0n);
    const state = this.#call();
    return typeof state === 'number' && state >= 0 && state <= TIME_ERROR ? state : undefined;
  }

  #isAsExpected(): boolean {
    for (let time = 0; time < COMPARED_TIMES_MAX; time += 1) {
      const beforeMs = this.#wallMs();
      if (this.#fill() === undefined) return false;
      const readMs = this.#timeOfDayMs();
      if (!this.#hasConstants()) return false;
      if (beforeMs - 1 <= readMs && readMs <= this.#wallMs() + 1) return true;
    }
    return false;
  }

  #hasConstants(): boolean {
    const isTick = Math.abs(this.#long(TICK_AT) - TICK_US) <= TICK_CHANGE_US_MAX;
    return isTick && this.#long(PRECISION_AT) === PRECISION_US && this.#long(TOLERANCE_AT) === TOLERANCE;
  }

  #timeOfDayMs(): number {
    return this.#long(SECONDS_AT) * 1000 + this.#long(FRACTION_AT) / (this.#has(STA_NANO) ? 1e6 : 1000);
  }

  #decode(state: number): KernelClock {
    const tai = this.#int(TAI_AT);
    return {
      status: 'known',
      synchronized: state !== TIME_ERROR && !this.#has(STA_UNSYNC),
      maxErrorMs: upToMs(this.#long(MAX_ERROR_AT)),
      estimatedErrorMs: this.#long(ESTIMATED_ERROR_AT) / 1000,
      frequencyPpm: this.#long(FREQUENCY_AT) / 65_536 + (this.#long(TICK_AT) - TICK_US) * PPM_PER_TICK_US,
      offsetMs: this.#long(OFFSET_AT) / (this.#has(STA_NANO) ? 1e6 : 1000),
      leap: this.#leap(state),
      taiMinusUtcS: tai === 0 ? undefined : tai,
    };
  }

  /** After a leap second the bits that announced it stay until the daemon takes them away. */
  #leap(state: number): KernelClockReading['leap'] {
    if (state === TIME_OOP) return 'in-progress';
    if (state === TIME_WAIT) return 'none';
    return this.#has(STA_INS) ? 'insert' : this.#has(STA_DEL) ? 'delete' : 'none';
  }

  #has(bit: number): boolean {
    return (this.#int(STATUS_AT) & bit) !== 0;
  }

  #int(at: number): number {
    return this.#view.getInt32(at, this.#isLittleEndian);
  }

  #long(at: number): number {
    return Number(this.#view.getBigInt64(at, this.#isLittleEndian));
  }
}

/** A microsecond more in each hundredth of a second. */
const PPM_PER_TICK_US = 100;

const REFUSED: KernelClockUnavailable = {
  status: 'unavailable',
  reason: 'refused',
  detail: 'adjtimex was not allowed: a seccomp filter of the container or of the service manager.',
};

const UNEXPECTED: KernelClockUnavailable = {
  status: 'unavailable',
  reason: 'disagreement',
  detail: 'adjtimex does not give the constants of the kernel and the time of day where they should be.',
};

/** The smallest double that is not below so many microseconds, or the one after it. */
function upToMs(microseconds: number): number {
  const nearMs = microseconds / 1000;
  return Number.isInteger(nearMs) ? nearMs : nextUp(nearMs);
}

/** Where there is no adjtimex. */
export function noKernelClock(platform: string): KernelClockUnavailable {
  return { status: 'unavailable', reason: 'platform', detail: `adjtimex is asked on Linux, and this is ${platform}.` };
}
