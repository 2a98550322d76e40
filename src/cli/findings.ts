/**
 * What one run of the doctor found, before it is put into words or JSON.
 */
import type { ClockStatus, WallOffset } from '../sync/index.ts';
import type { MeasuredClocks, WallRate } from './measured-clocks.ts';
import type { ClockEvent, FaultEvent, MeasuringEnd } from './measuring.ts';

/** Everything that was found. */
export interface Findings {
  readonly version: string;
  readonly node: string;
  readonly platform: string;
  readonly arch: string;
  /** When it began, by the wall clock that is being judged. */
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly ended: MeasuringEnd;
  readonly demonstration: boolean;
  readonly offset: WallOffset;
  readonly status: ClockStatus;
  readonly clocks: MeasuredClocks;
  readonly wallRate: WallRate;
  readonly steps: readonly ClockEvent[];
  readonly suspends: readonly ClockEvent[];
  readonly faults: readonly FaultEvent[];
}
