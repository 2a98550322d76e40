/**
 * A small text file of the kernel that is read often: opened once, read in place into one buffer, and let go at the first surprise.
 *
 * Every read gives the position, so a number that has become somebody else's pipe or terminal fails and never waits. Whether the bytes
 * are what the file should hold is for the caller to say: after `letGo` the file is never read again, and not closed either, since its
 * number may belong to somebody else by now.
 */
import type { closeSync } from 'node:fs';
import type { FileAccess } from './boot-clock.ts';
import type { FileText } from './procfs-numbers.ts';

/** How files are opened, read and closed; replaced only in tests. */
export interface KeptFileAccess extends FileAccess {
  readonly closeSync: typeof closeSync;
}

/** A larger file than this is not read: the largest wanted, /proc/stat, has 20 KB on a machine with a thousand interrupt lines. */
export const FILE_BYTES_MAX: number = 64 * 1024;

const LET_GO = -1;

/** One file that is kept open, and the text that was last read from it. */
export class KeptFile implements FileText {
  readonly #access: KeptFileAccess;
  #fd: number;
  bytes: Uint8Array;
  length = 0;

  private constructor(access: KeptFileAccess, fd: number, bytesMin: number) {
    this.#access = access;
    this.#fd = fd;
    this.bytes = new Uint8Array(bytesMin);
  }

  /** Opens a file; `undefined` where it is not there, or not permitted. */
  static open(access: KeptFileAccess, path: string, bytesMin = 256): KeptFile | undefined {
    try {
      return new KeptFile(access, access.openSync(path, 'r'), bytesMin);
    } catch {
      return undefined;
    }
  }

  get isOpen(): boolean {
    return this.#fd !== LET_GO;
  }

  /** Reads the whole file from its beginning. @returns Whether it could be read; after the first `false` it never is. */
  read(): boolean {
    this.length = 0;
    if (this.#fd === LET_GO) return false;
    try {
      for (;;) {
        const length = this.#access.readSync(this.#fd, this.bytes, 0, this.bytes.length, 0);
        if (length < this.bytes.length) {
          this.length = length;
          return true;
        }
        if (this.bytes.length >= FILE_BYTES_MAX) break;
        this.bytes = new Uint8Array(Math.min(FILE_BYTES_MAX, 2 * this.bytes.length));
      }
    } catch {
      // Closed by somebody, the control group is gone, or the kernel does not support it: it counts as missing from now on.
    }
    this.letGo();
    return false;
  }

  /** Never reads it again. */
  letGo(): void {
    this.#fd = LET_GO;
  }

  /** Gives the number back, while it is known to be ours: the last read held what it should. */
  close(): void {
    if (this.#fd === LET_GO) return;
    const fd = this.#fd;
    this.#fd = LET_GO;
    try {
      this.#access.closeSync(fd);
    } catch {
      // Closed by somebody before.
    }
  }
}

/** Reads a file once and closes it, as text; `undefined` when it cannot be read or is larger than a megabyte. */
export function readTextOnce(access: KeptFileAccess, path: string): string | undefined {
  let fd: number | undefined;
  try {
    fd = access.openSync(path, 'r');
    return new TextDecoder().decode(readToEnd(access, fd));
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) access.closeSync(fd);
  }
}

/** The kernel gives a long list page by page. A machine with thousands of mounts stays below this. */
const LIST_BYTES_MAX: number = 1024 * 1024;

function readToEnd(access: KeptFileAccess, fd: number): Uint8Array {
  let bytes = new Uint8Array(8192);
  let length = 0;
  while (length < LIST_BYTES_MAX) {
    if (length === bytes.length) {
      const longer = new Uint8Array(2 * length);
      longer.set(bytes);
      bytes = longer;
    }
    const read = access.readSync(fd, bytes, length, bytes.length - length, length);
    if (read === 0) return bytes.subarray(0, length);
    length += read;
  }
  throw new RangeError('too long');
}
