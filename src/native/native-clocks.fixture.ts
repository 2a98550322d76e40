/**
 * Machines whose clocks a test sets: a library that fills memory as the platform would, reached as `node:ffi` or as koffi, and a runtime
 * around it.
 */
import type { FfiModule, KoffiModule } from './foreign-functions.ts';
import type { NativeRim } from './native-rim.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';

/** Fills the memory that a call is given, and answers as the function does. */
export type FakeFunction = (selector: number | undefined, memory: DataView) => unknown;

/** How a made-up machine differs from a good one. */
export interface FakeMachineOptions {
  readonly platform?: string;
  readonly architecture?: string;
  readonly isLittleEndian?: boolean;
}

/** A machine on which every reading of a clock takes some time. */
export class FakeMachine {
  readonly platform: string;
  readonly architecture: string;
  readonly isLittleEndian: boolean;
  /** Active time, and what was slept, in ns. */
  activeNs = 40_000_000_123n;
  sleptNs = 7_777_000_111n;
  /** How far raw time is from active time, and how fast it runs. */
  rawAheadNs = -1_234_567n;
  readNs = 40n;
  /** What `os.uptime()` and `process.hrtime` show besides. */
  uptimeAheadS = 0;
  hrtimeAheadNs = 0n;
  /** Replaces what a function does. */
  readonly functions: Map<string, FakeFunction>;
  /** The libraries that can be opened; null is the process itself. */
  libraries: ReadonlySet<string | null> = new Set([null, 'KernelBase.dll']);
  /** Which were asked for. */
  readonly opened: (string | null)[] = [];
  hasFfi = true;
  ffiAsked = 0;
  /** What opening any library throws. */
  denial: Error | undefined;
  readonly clock: ManualClock = new ManualClock();

  constructor(options: FakeMachineOptions = {}) {
    this.platform = options.platform ?? 'linux';
    this.architecture = options.architecture ?? 'x64';
    this.isLittleEndian = options.isLittleEndian ?? true;
    this.functions = new Map<string, FakeFunction>([
      ['clock_gettime', (selector, memory) => this.#clockGettime(selector ?? NaN, memory)],
      ['QueryInterruptTimePrecise', (_, memory) => this.#interruptTime(() => this.bootNs, memory)],
      ['QueryUnbiasedInterruptTimePrecise', (_, memory) => this.#interruptTime(() => this.activeNs, memory)],
      ['adjtimex', () => -1],
    ]);
  }

  get bootNs(): bigint {
    return this.activeNs + this.sleptNs;
  }

  get rim(): NativeRim {
    return {
      platform: this.platform,
      architecture: this.architecture,
      isLittleEndian: this.isLittleEndian,
      port: this.clock,
      ffi: () => {
        this.ffiAsked += 1;
        return this.hasFfi ? this.ffi : undefined;
      },
      hrtimeNs: () => {
        this.#spend();
        return (this.platform === 'darwin' ? this.bootNs : this.activeNs) + this.hrtimeAheadNs;
      },
      uptime: () => {
        this.#spend();
        return Number(this.bootNs / 10_000_000n) / 100 + this.uptimeAheadS;
      },
    };
  }

  /** The library through koffi. */
  get koffi(): KoffiModule {
    return {
      load: (path) => {
        this.#open(path);
        return {
          func: (name) => {
            const call = this.#find(name);
            return (...values: unknown[]) => {
              const memory = values.at(-1) as Uint8Array;
              const selector = values.length > 1 ? (values[0] as number) : undefined;
              return call(selector, new DataView(memory.buffer, memory.byteOffset, memory.byteLength));
            };
          },
        };
      },
    };
  }

  /** The library through `node:ffi`: addresses are numbers that it gives out itself. */
  get ffi(): FfiModule {
    const memories: ArrayBuffer[] = [];
    return {
      getRawPointer: (memory) => BigInt(memories.push(memory) - 1) << 32n,
      dlopen: (path, definitions) => {
        this.#open(path);
        const functions = Object.keys(definitions).map((name) => {
          const call = this.#find(name);
          const withAddress = (...values: unknown[]): unknown => {
            const address = values.at(-1) as bigint;
            const memory = memories[Number(address >> 32n)] as ArrayBuffer;
            const selector = values.length > 1 ? (values[0] as number) : undefined;
            return call(selector, new DataView(memory, Number(address & 0xffff_ffffn)));
          };
          return [name, withAddress] as const;
        });
        return { lib: {}, functions: Object.fromEntries(functions) };
      },
    };
  }

  #open(path: string | null): void {
    if (this.denial !== undefined) throw this.denial;
    this.opened.push(path);
    if (!this.libraries.has(path)) throw new Error(`cannot open ${path ?? 'the process'}`);
  }

  #find(name: string): FakeFunction {
    const found = this.functions.get(name);
    if (found === undefined) throw new Error(`undefined symbol: ${name}`);
    return found;
  }

  #spend(): void {
    this.activeNs += this.readNs;
  }

  #clockGettime(selector: number, memory: DataView): number {
    this.#spend();
    const readNs = this.#gettimeNs(selector);
    if (readNs === undefined) return -1;
    memory.setBigInt64(0, readNs / 1_000_000_000n, this.isLittleEndian);
    memory.setBigInt64(8, readNs % 1_000_000_000n, this.isLittleEndian);
    return 0;
  }

  /** The numbers mean other clocks on Linux and on macOS. */
  #gettimeNs(selector: number): bigint | undefined {
    if (this.platform === 'darwin') return selector === 4 ? this.bootNs : selector === 8 ? this.activeNs : undefined;
    if (selector === 1) return this.activeNs;
    if (selector === 4) return this.activeNs + this.rawAheadNs;
    return selector === 7 ? this.bootNs : undefined;
  }

  #interruptTime(readNs: () => bigint, memory: DataView): undefined {
    this.#spend();
    memory.setBigUint64(0, readNs() / 100n, this.isLittleEndian);
  }
}
