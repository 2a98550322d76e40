/** A Linux machine as the boot clock sees it: its uptime file, `os.uptime()` and monotonic time, and how they fail. */
import { BootClock, UptimeFile } from './boot-clock.ts';

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A file that holds this text, or fails. */
export function fileOf(content: () => string): UptimeFile {
  return new UptimeFile({
    openSync: () => 7,
    readSync: (_fd, bytes, offset, length, position) => {
      const rest = bytesOf(content()).subarray(position, position + length);
      bytes.set(rest, offset);
      return rest.length;
    },
  });
}

/** What became of the number of the open file. */
export type FileFault = 'none' | 'closed' | 'copy' | 'other';

/** A Linux machine in integer microseconds, on which every read takes some time. */
export class Machine {
  monotonicUs = 40_000_000;
  sleptUs = 77_777_777;
  fault: FileFault = 'none';
  /** No descriptor is left: `os.uptime()` counts whole seconds. */
  isCoarse = false;
  /** How long each of the next reads takes; then `readUs`. */
  delaysUs: number[] = [];
  readUs = 1;
  uptimeReads = 0;
  copiedAtUs = 0;
  /** What the monotonic clock shows besides: a fake. */
  fakeMs = 0;
  #copy = '';

  readonly file: UptimeFile = fileOf(() => this.#read());
  readonly clock: BootClock = new BootClock(
    () => {
      this.#spend();
      return this.monotonicUs / 1000 + this.fakeMs;
    },
    {
      file: this.file,
      uptime: () => {
        this.uptimeReads += 1;
        this.#spend();
        return this.isCoarse ? Math.floor(this.bootUs / 1e6) : this.#hundredths() / 100;
      },
    },
  );

  get bootUs(): number {
    return this.monotonicUs + this.sleptUs;
  }

  break(fault: FileFault): void {
    this.#copy = this.#text();
    this.copiedAtUs = this.monotonicUs;
    this.fault = fault;
  }

  #spend(): void {
    this.monotonicUs += this.delaysUs.shift() ?? this.readUs;
  }

  #hundredths(): number {
    return Math.floor(this.bootUs / 10_000);
  }

  #text(): string {
    const hundredths = this.#hundredths();
    return `${Math.floor(hundredths / 100)}.${String(hundredths % 100).padStart(2, '0')} 12345.67\n`;
  }

  #read(): string {
    this.#spend();
    if (this.fault === 'closed') throw Object.assign(new Error('EBADF: bad file descriptor'), { code: 'EBADF' });
    if (this.fault === 'other') return '{"uptime": 12.34}\n';
    return this.fault === 'copy' ? this.#copy : this.#text();
  }
}
