/**
 * Reads the holder's clocks, and how far boot time may be behind at that moment.
 *
 * How coarse boot time is may change from one reading to the next: Linux without /proc/uptime counts whole seconds. The window is made with
 * the usual step, and whatever the step in force is larger by is taken off at each look. A stamp needs nothing of the kind: it was cut
 * down, so it is early, which shortens the window; only the reading at the check can hide time that has passed.
 */
import type { ClockPort } from '../core/index.ts';
import type { HolderReading } from './holder-machine.ts';

/** What it reads, and what of it. */
export interface HolderClocksOptions {
  readonly port: ClockPort;
  /** Whether boot time is compared. */
  readonly readsBoot: boolean;
  /** The step of boot time that the window allows for, in ms. */
  readonly bootStepMs: number;
}

/** The clocks of one holder. */
export class HolderClocks {
  readonly readsBoot: boolean;
  readonly #port: ClockPort;
  readonly #bootStepMs: number;

  constructor({ port, readsBoot, bootStepMs }: HolderClocksOptions) {
    this.#port = port;
    this.readsBoot = readsBoot;
    this.#bootStepMs = bootStepMs;
  }

  /**
   * One look. Boot time first: a pause between the two reads then makes a suspend look smaller at this look, as if it had come right
   * after, and never makes one up. Its step right after it, before another reading can change what is said.
   */
  read(): HolderReading {
    const bootMs = this.readsBoot ? this.#port.bootMs() : undefined;
    const behindMs = this.behindMs();
    const monotonicMs = this.#port.monotonicMs();
    return { monotonicMs, bootMs: bootMs ?? monotonicMs, behindMs };
  }

  /** How far the boot time that was just read may be behind the truth, beyond what the window allows for, in ms. */
  behindMs(): number {
    return this.readsBoot ? Math.max(0, this.#port.granularity.bootMs - this.#bootStepMs) : 0;
  }
}
