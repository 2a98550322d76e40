/**
 * The VMClock device: what the hypervisor says about the time that its guest cannot see.
 *
 * A marker changes with every disruption of the clock (a live migration, a restored snapshot), and a generation with every new life of
 * the machine. The layout is fixed by the VMClock specification (linux/include/uapi/linux/vmclock-abi.h): little-endian, a
 * sequence number that is odd while the hypervisor writes.
 */
import { KeptFile, type KeptFileAccess } from './procfs-file.ts';

const PATH = '/dev/vmclock0';

/** `VCLK` as it stands in memory. */
const MAGIC = 0x4b4c4356;

const MAGIC_AT = 0;
const SEQUENCE_AT = 12;
const MARKER_AT = 16;
const FLAGS_AT = 24;
const GENERATION_AT = 104;

/** Everything up to the generation; an older device ends before it. */
const BYTES_MIN: number = FLAGS_AT + 8;
const BYTES_WITH_GENERATION: number = GENERATION_AT + 8;

/** The page of the device, and one byte, so that the read is not taken for cut off. */
const PAGE_BYTES = 4097;

/** `VMCLOCK_FLAG_VM_GEN_COUNTER_PRESENT`. */
const GENERATION_FLAG: bigint = 1n << 8n;

/** What the device says. */
export interface VmClockReading {
  readonly marker: bigint;
  /** `undefined` where the hypervisor does not count generations. */
  readonly generation: bigint | undefined;
}

/** The device, kept open where there is one. */
export class VmClock {
  readonly #file: KeptFile | undefined;

  constructor(access: KeptFileAccess) {
    this.#file = KeptFile.open(access, PATH, PAGE_BYTES);
    this.read();
  }

  get isReadable(): boolean {
    return this.#file?.isOpen === true;
  }

  /** `undefined` without a device, and while the hypervisor writes: the next look tells. */
  read(): VmClockReading | undefined {
    const file = this.#file;
    if (file?.read() !== true) return undefined;
    const { bytes, length } = file;
    const view = new DataView(bytes.buffer, bytes.byteOffset, length);
    if (length < BYTES_MIN || view.getUint32(MAGIC_AT, true) !== MAGIC) {
      file.letGo();
      return undefined;
    }
    if ((view.getUint32(SEQUENCE_AT, true) & 1) === 1) return undefined;
    const hasGeneration =
      length >= BYTES_WITH_GENERATION && (view.getBigUint64(FLAGS_AT, true) & GENERATION_FLAG) !== 0n;
    return {
      marker: view.getBigUint64(MARKER_AT, true),
      generation: hasGeneration ? view.getBigUint64(GENERATION_AT, true) : undefined,
    };
  }

  close(): void {
    this.#file?.close();
  }
}
