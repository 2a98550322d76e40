/**
 * How far another clock ran ahead of the monotonic clock between two looks.
 *
 * Boot time that runs ahead is a suspend; wall time that runs ahead of both, or stays behind, was set.
 */
import { SUSPEND_MS_MIN } from './evidence-view.ts';

/** One reading of another clock, and when it was taken. */
interface Anchor {
  readonly monotonicMs: number;
  readonly valueMs: number;
  readonly spanMs: number;
}

/** What the clocks said at one wake-up. */
export interface ClockReadings {
  readonly monotonicMs: number;
  readonly bootMs?: number | undefined;
  readonly wallMs?: number | undefined;
  readonly readSpanMs?: number | undefined;
}

/** What the clocks did since they were looked at before. */
export interface ClockJumps {
  /** Boot minus monotonic time, how much it grew; `undefined` without two looks at a boot clock. */
  readonly bootJumpMs: number | undefined;
  /** The monotonic reading at the look before at the boot clock. */
  readonly bootSinceMs: number | undefined;
  readonly wallJumpMs: number | undefined;
  /** The part of the wall jump that no suspend explains, when it is large enough to be a step. */
  readonly stepMs: number | undefined;
}

/** Two clocks beside the monotonic one. */
export class ClockRelation {
  readonly #stepMinMs: number;
  #boot: Anchor | undefined;
  #wall: Anchor | undefined;

  /** `stepMinMs`: a smaller jump of the wall clock is no step. */
  constructor(stepMinMs: number) {
    this.#stepMinMs = stepMinMs;
  }

  /** Whether a boot clock has been read. */
  get hasBootClock(): boolean {
    return this.#boot !== undefined;
  }

  /** Boot time at a monotonic reading, as far as boot time is known; else monotonic time. */
  bootMsAt(monotonicMs: number): number {
    return this.#boot === undefined ? monotonicMs : this.#boot.valueMs + (monotonicMs - this.#boot.monotonicMs);
  }

  /** Takes in readings. Where there is a boot clock the wall is judged only beside it, or a suspend would look like a step. */
  look(readings: ClockReadings): ClockJumps {
    const { bootMs, wallMs } = readings;
    const bootJumpMs = bootMs === undefined ? undefined : jump(this.#boot, readings, bootMs);
    const isWallJudged = wallMs !== undefined && (bootMs !== undefined || !this.hasBootClock);
    const wallJumpMs = isWallJudged ? jump(this.#wall, readings, wallMs) : undefined;
    const stepMs = wallJumpMs === undefined ? undefined : this.#step(wallJumpMs, bootJumpMs ?? 0, readings);
    const bootSinceMs = this.#boot?.monotonicMs;
    if (bootMs !== undefined) this.#boot = anchor(readings, bootMs);
    if (isWallJudged) this.#wall = anchor(readings, wallMs);
    return { bootJumpMs, bootSinceMs, wallJumpMs, stepMs };
  }

  /** Forgets everything: the monotonic clock went back. */
  reset(): void {
    this.#boot = undefined;
    this.#wall = undefined;
  }

  #step(wallJumpMs: number, bootJumpMs: number, readings: ClockReadings): number | undefined {
    const stepMs = wallJumpMs - (bootJumpMs >= SUSPEND_MS_MIN ? bootJumpMs : 0);
    const unsureMs = (readings.readSpanMs ?? 0) + (this.#wall?.spanMs ?? 0);
    return Math.abs(stepMs) >= this.#stepMinMs + unsureMs ? stepMs : undefined;
  }
}

function jump(before: Anchor | undefined, { monotonicMs }: ClockReadings, valueMs: number): number | undefined {
  return before === undefined ? undefined : valueMs - before.valueMs - (monotonicMs - before.monotonicMs);
}

function anchor({ monotonicMs, readSpanMs }: ClockReadings, valueMs: number): Anchor {
  return { monotonicMs, valueMs, spanMs: readSpanMs ?? 0 };
}
