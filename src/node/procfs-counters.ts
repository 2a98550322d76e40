/**
 * Counters of the kernel in /proc and /sys, each from a file that is kept open.
 *
 * A file that cannot be read, or holds something else than it should, gives nothing from then on: a missing counter excludes no cause,
 * a counter that wrongly stands still would. Formats: proc(5), Documentation/scheduler/sched-stats, Documentation/accounting/psi.
 */
import type { PauseCounters } from '../pause/index.ts';
import { KeptFile, type KeptFileAccess } from './procfs-file.ts';
import { keyBytes, numberOfLine, valueAfter, valueInFirstLine } from './procfs-numbers.ts';

/** Totals that are written in place: this runs at every wake-up. */
export type CountersDraft = { -readonly [Name in keyof PauseCounters]: PauseCounters[Name] };

const NS_PER_MS = 1e6;
const US_PER_MS = 1000;

/** USER_HZ: /proc/stat counts in hundredths of a second on every architecture that Node runs on. */
const TICK_MS = 10;

/** A file of /proc or /sys that gives some counters. */
export abstract class CounterFile {
  readonly #file: KeptFile | undefined;

  constructor(access: KeptFileAccess, path: string, bytesMin?: number) {
    this.#file = KeptFile.open(access, path, bytesMin);
  }

  get isReadable(): boolean {
    return this.#file?.isOpen === true;
  }

  /** Reads, and enters what was read. */
  enter(counters: CountersDraft): void {
    if (this.#file?.read() !== true || this.take(this.#file, counters)) return;
    this.#file.letGo();
  }

  /** Never reads it again. */
  close(): void {
    this.#file?.close();
  }

  /** Enters what stands in the text; false when that is not what should stand there. */
  protected abstract take(text: KeptFile, counters: CountersDraft): boolean;
}

/** Running and waiting of the thread that opens it. */
export class SchedulerFile extends CounterFile {
  constructor(access: KeptFileAccess) {
    super(access, '/proc/thread-self/schedstat');
  }

  protected override take(text: KeptFile, counters: CountersDraft): boolean {
    const runNs = numberOfLine(text, 0, 3);
    const waitNs = numberOfLine(text, 1, 3);
    // A kernel that does not keep these counts gives three zeros; this thread has run.
    if (!(runNs > 0 && waitNs >= 0)) return false;
    counters.runMs = runNs / NS_PER_MS;
    counters.waitMs = waitNs / NS_PER_MS;
    return true;
  }
}

const CPU = keyBytes('cpu');
const SWITCHES = keyBytes('ctxt');
const INTERRUPTS = keyBytes('intr');

/** Fields of the line `cpu` before steal: user, nice, system, idle, iowait, irq, softirq. */
const FIELDS_BEFORE_STEAL = 7;

/** A line for each processor and a number for each interrupt: on large machines the kernel takes a hundred microseconds to write them. */
const SYSTEM_BYTES_SHORT = 4096;

/** Steal, context switches and interrupts of the whole system. */
export class SystemFile extends CounterFile {
  /** What was read last was short enough to be read more often. */
  isShort = false;

  constructor(access: KeptFileAccess) {
    super(access, '/proc/stat', SYSTEM_BYTES_SHORT);
  }

  protected override take(text: KeptFile, counters: CountersDraft): boolean {
    const stealTicks = valueAfter(text, CPU, FIELDS_BEFORE_STEAL);
    const switches = valueAfter(text, SWITCHES);
    this.isShort = text.length < SYSTEM_BYTES_SHORT;
    if (Number.isNaN(switches)) return false;
    counters.stealMs = Number.isNaN(stealTicks) ? undefined : stealTicks * TICK_MS;
    counters.systemSwitchCount = switches;
    const interrupts = valueAfter(text, INTERRUPTS);
    counters.interruptCount = Number.isNaN(interrupts) ? undefined : interrupts;
    return true;
  }
}

const TOTAL = keyBytes('total=');

/** Time in which a task waited for a resource. */
export class PressureFile extends CounterFile {
  readonly #counter: 'psiCpuMs' | 'psiMemoryMs' | 'psiIoMs';

  constructor(access: KeptFileAccess, resource: 'cpu' | 'memory' | 'io') {
    super(access, `/proc/pressure/${resource}`);
    this.#counter = resource === 'cpu' ? 'psiCpuMs' : resource === 'memory' ? 'psiMemoryMs' : 'psiIoMs';
  }

  protected override take(text: KeptFile, counters: CountersDraft): boolean {
    const totalUs = valueInFirstLine(text, TOTAL);
    if (Number.isNaN(totalUs)) return false;
    counters[this.#counter] = totalUs / US_PER_MS;
    return true;
  }
}

/** A file with one number. */
export class NumberFile extends CounterFile {
  readonly #counter: 'suspendCount' | 'rtcMs';
  readonly #scale: number;

  constructor(access: KeptFileAccess, as: { path: string; counter: 'suspendCount' | 'rtcMs'; scale: number }) {
    super(access, as.path);
    this.#counter = as.counter;
    this.#scale = as.scale;
  }

  protected override take(text: KeptFile, counters: CountersDraft): boolean {
    const value = numberOfLine(text, 0, 1);
    if (Number.isNaN(value)) return false;
    counters[this.#counter] = value * this.#scale;
    return true;
  }
}

const TRACER = keyBytes('TracerPid:');

/** Whether a debugger is attached to the thread that opens it. */
export class TracerFile {
  readonly #file: KeptFile | undefined;

  constructor(access: KeptFileAccess) {
    this.#file = KeptFile.open(access, '/proc/thread-self/status', 4096);
    this.read();
  }

  get isReadable(): boolean {
    return this.#file?.isOpen === true;
  }

  read(): boolean | undefined {
    if (this.#file?.read() !== true) return undefined;
    const pid = valueAfter(this.#file, TRACER);
    if (!Number.isNaN(pid)) return pid !== 0;
    this.#file.letGo();
    return undefined;
  }

  close(): void {
    this.#file?.close();
  }
}
