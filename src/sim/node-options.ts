/**
 * What a simulated machine is made with, checked.
 */
import { ClockError, type ClockGranularity, requireNumber } from '../core/index.ts';
import type { DriftOptions } from './drift-model.ts';

/** What a machine is like. */
export interface NodeOptions {
  /** How much the wall clock is ahead of true time at the start, in ms. Default 0. */
  readonly wallAheadMs?: number;
  /** The monotonic reading at the start, in ms. Default 0. */
  readonly monotonicMs?: number;
  /** How much boot time is ahead of monotonic time at the start, in ms: earlier suspends. Default 0. */
  readonly sleptMs?: number;
  /** How coarse the clocks are. Default: monotonic 2^-10 ms, boot 10 ms, wall 1 ms, as on Linux. */
  readonly granularity?: Partial<ClockGranularity>;
  readonly drift?: DriftOptions;
  /**
   * `linux` (default): monotonic time stands still in suspend, and slews move all clocks. `other`: monotonic time counts suspend, and
   * slews move the wall clock only, as on macOS and Windows.
   */
  readonly platform?: 'linux' | 'other';
}

/** The longest step, in ms: thirty thousand years. */
export const STEP_MS_MAX = 1e15;

const GRANULARITY_DEFAULT: ClockGranularity = { monotonicMs: 2 ** -10, bootMs: 10, wallMs: 1 };

/** The finest and the coarsest clock, in ms. */
const GRANULARITY_RANGE = { what: 'a granularity', min: 2 ** -40, max: 1e9, unit: 'ms' };

type Settled = Required<Omit<NodeOptions, 'drift'>> & { readonly granularity: ClockGranularity };

/** Fills in and checks all but the drift. @throws TC_NOT_FINITE, TC_OUT_OF_RANGE, TC_INVALID_ARGUMENT. */
export function requireNodeOptions(options: NodeOptions): Settled {
  const { wallAheadMs = 0, monotonicMs = 0, sleptMs = 0, platform = 'linux' } = options;
  requireNumber('node wallAheadMs', wallAheadMs, { what: 'a lead', min: -STEP_MS_MAX, max: STEP_MS_MAX, unit: 'ms' });
  requireNumber('node monotonicMs', monotonicMs, { what: 'a reading', min: 0, max: STEP_MS_MAX, unit: 'ms' });
  requireNumber('node sleptMs', sleptMs, { what: 'a time asleep', min: 0, max: STEP_MS_MAX, unit: 'ms' });
  if (!['linux', 'other'].includes(platform)) {
    throw new ClockError('TC_INVALID_ARGUMENT', `node platform: '${platform}' is none. Pass 'linux' or 'other'.`);
  }
  return { wallAheadMs, monotonicMs, sleptMs, platform, granularity: requireGranularity(options.granularity ?? {}) };
}

function requireGranularity(given: Partial<ClockGranularity>): ClockGranularity {
  const {
    monotonicMs = GRANULARITY_DEFAULT.monotonicMs,
    bootMs = GRANULARITY_DEFAULT.bootMs,
    wallMs = GRANULARITY_DEFAULT.wallMs,
  } = given;
  for (const stepMs of [monotonicMs, bootMs, wallMs]) requireNumber('node granularity', stepMs, GRANULARITY_RANGE);
  return { monotonicMs, bootMs, wallMs };
}
