/**
 * Boot time on Linux: `os.uptime()`, without opening a file each time and without falling back by a second.
 *
 * `os.uptime()` opens, reads and closes /proc/uptime. Kept open and read in place, the same number costs a third. But the number of an
 * open file is on loan: whoever closes it by mistake hands it to the next file that is opened. So nothing is believed because it was
 * read from there:
 *
 * - It must have the form of /proc/uptime to the last byte, and never decrease.
 * - It must fit monotonic time. On Linux both are one clock in the kernel, apart by the time spent in suspend, which only grows.
 * - What does not fit may be a suspend, or a monotonic clock that was replaced. Then `os.uptime()`, read between two reads of the file,
 *   must lie between them. If it does not, the file is let go for good; and not closed, since it is not known whose it is.
 *
 * Both give the same bits (hundredths of a second, divided once), so passing from one to the other moves nothing. Only where
 * `os.uptime()` cannot open the file either (no /proc, no descriptor left) does it count whole seconds of the same clock. Then
 * monotonic time goes on from the last fine reading, within the second that `os.uptime()` names: not ahead, and not back. Without a
 * fine reading, or after a suspend, that is up to a second behind. A fine reading of a whole second looks no different, so `stepMs` is a
 * second for each whole second from `os.uptime()`.
 *
 * What it cannot see: a copy of /proc/uptime that was less than 22 ms old when it got the number of the file, until monotonic time has
 * passed it by; and a suspend in these milliseconds. And where /proc/uptime is not the kernel's own (lxcfs, OpenVZ) and is lost while
 * running, the whole seconds have another origin, and the difference looks like a suspend.
 */
import { openSync, readSync } from 'node:fs';
import { uptime } from 'node:os';

const PATH = '/proc/uptime';

/** The step of /proc/uptime. */
const FINE_STEP_MS = 10;

/** The step of `os.uptime()` where it cannot read /proc/uptime. */
const COARSE_STEP_MS = 1000;

/** Boot time minus monotonic time may differ between two readings by a step, and by what passes between reading one and the other. */
const NEAR_MS: number = FINE_STEP_MS + 1;

/** A longer file is not it: two numbers of at most 20 digits and their hundredths have 48 bytes. */
const BYTES_MAX = 64;

/** More than 300 years is not an uptime, and this many digits with hundredths are still exact. */
const DIGITS_MAX = 10;

const ZERO = 0x30;
const NINE = 0x39;
const POINT = 0x2e;
const SPACE = 0x20;
const NEWLINE = 0x0a;

const UNOPENED = -1;
const LET_GO = -2;

/** How files are opened and read; replaced only in tests. */
export interface FileAccess {
  readonly openSync: (path: string, flags: 'r') => number;
  readonly readSync: (fd: number, bytes: Uint8Array, offset: number, length: number, position: number) => number;
}

/** /proc/uptime, opened at the first read (close-on-exec, as everything that Node opens) and kept open until the process or thread ends. */
export class UptimeFile {
  readonly #access: FileAccess;
  #fd: number = UNOPENED;
  #bytes: Uint8Array = new Uint8Array(0);

  constructor(access: FileAccess = { openSync, readSync }) {
    this.#access = access;
  }

  /** The uptime in ms, to the bit `os.uptime() * 1000`; NaN for good once it could not be read or was something else. */
  readMs(): number {
    if (this.#fd === LET_GO) return NaN;
    try {
      if (this.#fd === UNOPENED) this.#open();
      const length = this.#access.readSync(this.#fd, this.#bytes, 0, BYTES_MAX, 0);
      const readMs = parseUptime(this.#bytes, length) * 1000;
      if (!Number.isNaN(readMs)) return readMs;
    } catch {
      // Not permitted, not there, no descriptor left, or closed by somebody: the caller asks os.uptime() instead.
    }
    this.letGo();
    return NaN;
  }

  /** Never reads it again. It is not closed: the number may be somebody else's file by now. */
  letGo(): void {
    this.#fd = LET_GO;
  }

  #open(): void {
    this.#fd = this.#access.openSync(PATH, 'r');
    this.#bytes = new Uint8Array(BYTES_MAX);
  }
}

/** One for all clocks of this copy of the module, so that no number of them holds more than one descriptor. */
const MACHINE_FILE: UptimeFile = new UptimeFile();

/** What the boot clock reads besides monotonic time; replaced only in tests. */
export interface BootSources {
  readonly file?: UptimeFile;
  /** In seconds, as `os.uptime`. */
  readonly uptime?: () => number;
}

/** Milliseconds since the machine was started, suspend included. */
export class BootClock {
  readonly #monotonicMs: () => number;
  readonly #uptime: () => number;
  readonly #file: UptimeFile;
  /** How far boot time is at least ahead of monotonic time, which is read second: a pause in between makes it less, never more. */
  #aheadMs = -Infinity;
  #lastMs = -Infinity;
  #stepMs: number = FINE_STEP_MS;

  constructor(monotonicMs: () => number, from: BootSources = {}) {
    this.#monotonicMs = monotonicMs;
    this.#uptime = from.uptime ?? uptime;
    this.#file = from.file ?? MACHINE_FILE;
  }

  /** How far readings may lie below the truth, as far as the last of them told; never reads a clock. */
  get stepMs(): number {
    return this.#stepMs;
  }

  /** Goes back only where `os.uptime()` itself does. */
  readMs(): number {
    const fileMs = this.#file.readMs();
    const aheadMs = fileMs - this.#monotonicMs();
    if (!(fileMs >= this.#lastMs && Math.abs(aheadMs - this.#aheadMs) <= NEAR_MS)) return this.#readWithWitness(fileMs);
    if (aheadMs > this.#aheadMs) this.#aheadMs = aheadMs;
    this.#lastMs = fileMs;
    return fileMs;
  }

  #readWithWitness(fileMs: number): number {
    const seconds = this.#uptime();
    if (!Number.isNaN(fileMs)) {
      const againMs = this.#file.readMs();
      if (fileMs <= seconds * 1000 && seconds * 1000 <= againMs) return this.#settle(againMs);
      this.#file.letGo();
    }
    return Number.isInteger(seconds) ? this.#readCoarse(seconds * 1000) : this.#settle(seconds * 1000);
  }

  #settle(readMs: number): number {
    this.#aheadMs = readMs - this.#monotonicMs();
    this.#stepMs = FINE_STEP_MS;
    this.#lastMs = readMs;
    return readMs;
  }

  /** The truth is in the second from here on: it is not before what monotonic time proves. */
  #readCoarse(wholeMs: number): number {
    const monotonicMs = this.#monotonicMs();
    this.#stepMs = COARSE_STEP_MS;
    this.#aheadMs = Math.max(this.#aheadMs, wholeMs - monotonicMs);
    const provenMs = Math.floor((monotonicMs + this.#aheadMs) / FINE_STEP_MS) * FINE_STEP_MS;
    this.#lastMs = Math.min(Math.max(wholeMs, provenMs, this.#lastMs), wholeMs + COARSE_STEP_MS - FINE_STEP_MS);
    return this.#lastMs;
  }
}

/** The first number of `12345.67 89012.34\n`, in seconds; NaN for anything that is not of this form. No strings: this is read often. */
function parseUptime(bytes: Uint8Array, length: number): number {
  const point = digitsEnd(bytes, 0);
  const space = hundredthsEnd(bytes, point);
  const idlePoint = digitsEnd(bytes, space + 1);
  const newline = hundredthsEnd(bytes, idlePoint);
  const isUptime =
    point > 0 &&
    point <= DIGITS_MAX &&
    bytes[space] === SPACE &&
    idlePoint > space + 1 &&
    bytes[newline] === NEWLINE &&
    newline + 1 === length;
  if (!isUptime) return NaN;
  let hundredths = 0;
  for (let at = 0; at < space; at += 1) if (at !== point) hundredths = hundredths * 10 + ((bytes[at] ?? NaN) - ZERO);
  return hundredths / 100;
}

function digitsEnd(bytes: Uint8Array, from: number): number {
  let at = from;
  while (isDigit(bytes[at])) at += 1;
  return at;
}

/** Where two digits after a point end, or NaN if there are none. */
function hundredthsEnd(bytes: Uint8Array, point: number): number {
  return bytes[point] === POINT && isDigit(bytes[point + 1]) && isDigit(bytes[point + 2]) ? point + 3 : NaN;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}
