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

/** Two reads that are further apart than this, in ms, are no stamp: a suspend is seen against how far its clocks were apart. */
const STAMP_SPREAD_MAX_MS = 1;

/** After so many tries the last one is taken: a suspend may then be made up, which costs a renewal, and never safety. */
const STAMP_TRIES_MAX = 5;

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
   * The reading that later ones are compared with. A pause between its two reads would make the clocks look apart, and every later look
   * would find a suspend that never was: such a pair is read again.
   */
  stamp(): HolderReading {
    for (let tries = 1; ; tries += 1) {
      const beforeMs = this.#port.monotonicMs();
      const reading = this.read();
      // Not-a-number ends it too: who asked refuses such a clock.
      const isApart = reading.monotonicMs - beforeMs > STAMP_SPREAD_MAX_MS;
      if (!this.readsBoot || !isApart || tries === STAMP_TRIES_MAX) return reading;
    }
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
