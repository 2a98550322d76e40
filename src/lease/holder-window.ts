/**
 * How long a holder may use a lease, by its own clock, from before the request was sent.
 *
 *     W = (1 - rH) / (1 + rG) * (L - gG) - gH                                                       (1)
 *
 * L is the time to live, r the rate bounds and g the granularities of the holder's and the granter's clock. The holder reads its clock
 * before it hands the request to the transport; the granter counts L from some later moment. While the holder's clock has advanced by less
 * than W, true time has advanced by less than (W + gH) / (1 - rH), so the granter's clock by less than (1 + rG) times that, plus gG, which
 * is L: nobody else can have been granted the lease, however long the answer took. (Gray and Cheriton 1989, "Leases", section 3.1, with
 * both rates and granularities made explicit.)
 *
 * Impossible here: to know the rates (they are declared), or that the process is not paused between a check and what it does next.
 */
import {
  addUp,
  ClockError,
  multiplyDown,
  optionNames,
  requireDurationMs,
  requireOptions,
  subtractDown,
} from '../core/index.ts';
import { divideDown } from './directed-division.ts';
import { type TimingModel, timingModel, type TimingModelName, type TimingOptions } from './timing-model.ts';

const PPM = 1e6;

/**
 * Formula (1), rounded down, as plain arithmetic: 0 or less when the time to live does not cover the granularities.
 *
 * Use it with "elapsed < window", the elapsed time rounded up (`subtractUp`).
 */
export function holderWindowMs(ttlMs: number, timing: TimingModel): number {
  const countedMs = subtractDown(ttlMs, timing.granterGranularityMs);
  if (countedMs <= 0) return subtractDown(countedMs, timing.holderGranularityMs);
  const slowest = subtractDown(PPM, timing.holderRatePpm);
  const fastest = addUp(PPM, timing.granterRatePpm);
  return subtractDown(divideDown(multiplyDown(slowest, countedMs), fastest), timing.holderGranularityMs);
}

/** Formula (1) for a caller who needs a window. @throws TC_OUT_OF_RANGE when nothing of the time to live is left. */
export function requireHolderWindowMs(
  operation: string,
  lease: { readonly ttlMs: number; readonly timing: TimingModel },
): number {
  const windowMs = holderWindowMs(lease.ttlMs, lease.timing);
  if (windowMs > 0) return windowMs;
  const { granterGranularityMs, holderGranularityMs } = lease.timing;
  throw new ClockError(
    'TC_OUT_OF_RANGE',
    `${operation} ttlMs: requires more than the clocks' granularities leave unknown (granter ${granterGranularityMs} ms, ` +
      `holder ${holderGranularityMs} ms), got ${lease.ttlMs} ms. Pass a larger ttlMs.`,
    { ttlMs: lease.ttlMs, windowMs, granterGranularityMs, holderGranularityMs },
  );
}

/** What `holderWindow` computes with. */
export interface HolderWindowOptions {
  /** The time to live that the store is asked for, in ms, above 0. */
  readonly ttlMs: number;
  /** What is assumed about both clocks; `one-percent` when left out. Larger rates and granularities shorten the window. */
  readonly timing?: TimingModelName | TimingOptions;
}

const OPTIONS = optionNames<HolderWindowOptions>({ ttlMs: true, timing: true });

/**
 * How long a lease may be used, measured from **before** its request was sent: always less than its time to live.
 *
 * `acquire` does all of this by itself; this is for choosing a time to live, and for a holder of your own. Read a clock that counts
 * suspend before you send, and stop using the lease when it has advanced by this much. Guarantee: nobody else is granted the lease inside
 * the window, while both clocks keep to the rates and granularities of `timing`. A step of the granter's clock voids it, and so does a granter
 * that forgets grants; a pause after the last look at the clock is covered by a fencing token only.
 *
 * @returns The window in ms, rounded down; above 0. With the default model about 98 % of the time to live.
 * @throws TC_OUT_OF_RANGE when the granularities leave nothing of `ttlMs`, or for a number outside its range; TC_INVALID_ARGUMENT for an
 * unknown option or model; TC_NOT_FINITE, TC_EPOCH_AS_DURATION for anything but a duration.
 *
 * @example
 * ```ts
 * import { holderWindow } from 'truechimer/lease';
 *
 * console.log(Math.floor(holderWindow({ ttlMs: 30_000 }))); // 29405
 * console.log(Math.floor(holderWindow({ ttlMs: 30_000, timing: 'chrony-initial' }))); // 25356
 * ```
 */
export function holderWindow(options: HolderWindowOptions): number {
  requireOptions('holderWindow', options, OPTIONS);
  const ttlMs = requireDurationMs('holderWindow ttlMs', (options as HolderWindowOptions | undefined)?.ttlMs as number);
  return requireHolderWindowMs('holderWindow', { ttlMs, timing: timingModel('holderWindow timing', options.timing) });
}
