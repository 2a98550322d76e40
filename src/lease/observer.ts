/**
 * When a contender may replace the record of a store that counts no time: after watching it unchanged for long enough by its own clock.
 *
 * The record's version was current when it was read, so whatever its holder got was sent before the contender reads its own clock, after the
 * response. A holder stops within (W + gH) / (1 - rH) of true time after it sent, so the contender must have seen its clock advance by L_O with
 *
 *     (W + gH) / (1 - rH) <= (L_O - gO) / (1 + rO)                                                  (2)
 *
 * and replace the record only if its version is still the same: a renewal in between fails that comparison. (The rule of Kubernetes'
 * leader election and of DynamoDB's lock client, with the rates that they leave to luck.)
 *
 * The contender does not know the holder's model. By formula (1) the left side is (L - gG) / (1 + rG), at most L for every model, so
 *
 *     L_O = gO + (1 + rO) * L
 *
 * is enough for all of them, at the price of waiting (1 + rO) times as long. L is the record's own time to live. What is assumed: the holder keeps
 * to a window by formula (1) for that L and its clock to the rate that it declared; the contender's clock to the larger of the two rates of its model.
 *
 * Impossible here: to know of a lease that died long ago at the first look. The absolute expiry of `utc-expiry.ts` does, where it is in the record.
 */
import {
  addUp,
  type Bounded,
  ClockError,
  multiplyUp,
  requireDurationMs,
  requireEpochMs,
  requireNumber,
  subtractUp,
} from '../core/index.ts';
import { divideUp } from './directed-division.ts';
import type { LeaseRecord } from './store-port.ts';
import type { TimingModel } from './timing-model.ts';
import { isOverByUtc } from './utc-expiry.ts';

const PPM = 1e6;
const READING = { what: 'a reading of the monotonic clock', min: -Number.MAX_VALUE, max: Number.MAX_VALUE, unit: 'ms' };

/** How long a record must be watched unchanged, in ms on the contender's clock: (2), rounded up. */
export function observationMs(recordTtlMs: number, timing: TimingModel): number {
  const ratePpm = Math.max(timing.holderRatePpm, timing.granterRatePpm);
  const watchedMs = divideUp(multiplyUp(addUp(PPM, ratePpm), recordTtlMs), PPM);
  return addUp(watchedMs, timing.holderGranularityMs);
}

/** What else is known of a record that was read. */
export interface ObservedAt {
  /** The contender's monotonic clock, read **after** the response was here, in ms. */
  readonly readAtMs: number;
  /** Who holds it, where the store says so: another holder is not bound by what was promised to the one before. */
  readonly holderId?: string | undefined;
}

/** May the record be replaced? */
export type TakeoverVerdict =
  /** Yes, if it still has this version. */
  | { readonly ok: true; readonly by: 'observation' | 'utc'; readonly version: string }
  | {
      readonly ok: false;
      /** `observing`: not yet; a renewal meanwhile starts it over. `nothing-observed`: no record was read. */
      readonly reason: 'observing' | 'nothing-observed';
      /** When to look again, in ms: a hint for waiting, never a proof. 0 when nothing was observed. */
      readonly waitMs: number;
    };

interface Watched {
  readonly version: string;
  readonly holderId: string | undefined;
  /** The contender's clock when observation is enough, for every version of this holder that was seen. */
  readonly overAtMs: number;
  readonly utcExpiryMs: number | undefined;
}

/**
 * What one contender has seen of the record of one lease, and whether it may replace it: for a store of your own that counts no time.
 *
 * `acquire` has one for every `observer` store; you need it only to take over records without it. Read the clock after the response, and
 * replace the record only if it still has the version of the verdict, in one atomic step.
 *
 * Guarantee: the holder of the record that may be replaced has stopped using it. Void when a clock runs outside the rates of the model, when the
 * holder does not keep to its window, or when the record carries a shorter time to live than its holder was promised.
 *
 * @example
 * ```ts
 * import { LeaseObserver, TIMING_MODELS } from 'truechimer/lease';
 *
 * const observer = new LeaseObserver(TIMING_MODELS['one-percent']);
 * observer.observe({ version: '7', ttlMs: 30_000 }, { readAtMs: 1000 }); // a reading of the monotonic clock
 * console.log(observer.mayTakeOver(20_000)); // { ok: false, reason: 'observing', waitMs: 11 300 and a bit }
 * console.log(observer.mayTakeOver(31_400).ok); // true: watched for 1 % longer than its time to live
 * ```
 */
export class LeaseObserver {
  readonly #timing: TimingModel;
  #watched: Watched | undefined;

  constructor(timing: TimingModel) {
    this.#timing = timing;
  }

  /**
   * Takes in the record as it was read.
   *
   * @throws TC_NOT_FINITE, TC_OUT_OF_RANGE, TC_EPOCH_AS_DURATION, TC_DURATION_AS_EPOCH for a record or a reading that cannot be one; TC_INVALID_ARGUMENT for
   * a version that is no string: the rule rests on it.
   */
  observe(record: LeaseRecord, { readAtMs, holderId }: ObservedAt): void {
    requireNumber('LeaseObserver.observe readAtMs', readAtMs, READING);
    requireDurationMs('LeaseObserver.observe record.ttlMs', record.ttlMs);
    requireVersion(record.version);
    if (record.utcExpiryMs !== undefined)
      requireEpochMs('LeaseObserver.observe record.utcExpiryMs', record.utcExpiryMs);
    const before = this.#watched;
    // The first look at a version counts: whatever made it current had been sent by then.
    if (before?.version === record.version) return;
    const kept = before !== undefined && isAnotherHolder(before.holderId, holderId) ? undefined : before;
    const overAtMs = addUp(readAtMs, observationMs(record.ttlMs, this.#timing));
    this.#watched = {
      version: record.version,
      holderId,
      overAtMs: Math.max(overAtMs, kept?.overAtMs ?? -Infinity),
      utcExpiryMs: laterExpiry(record.utcExpiryMs, kept?.utcExpiryMs),
    };
  }

  /** The record is gone (the lease was granted to this contender, or there is none): what was seen means nothing any more. */
  forget(): void {
    this.#watched = undefined;
  }

  /**
   * Decides by both rules; the record may be replaced when either says so.
   *
   * @param nowMs - The same clock as in `observe`, in ms.
   * @param utc - Read now; leave it out to go by observation alone.
   */
  mayTakeOver(nowMs: number, utc?: Bounded): TakeoverVerdict {
    requireNumber('LeaseObserver.mayTakeOver nowMs', nowMs, READING);
    const watched = this.#watched;
    if (watched === undefined) return { ok: false, reason: 'nothing-observed', waitMs: 0 };
    const { version, utcExpiryMs, overAtMs } = watched;
    if (nowMs >= overAtMs) return { ok: true, by: 'observation', version };
    const waitMs = subtractUp(overAtMs, nowMs);
    if (utcExpiryMs === undefined || utc?.status !== 'bounded') return { ok: false, reason: 'observing', waitMs };
    if (isOverByUtc(utc, utcExpiryMs)) return { ok: true, by: 'utc', version };
    // The rule is strict, so at the very moment it does not hold yet.
    return { ok: false, reason: 'observing', waitMs: Math.min(waitMs, subtractUp(utcExpiryMs, utc.earliest) + 1) };
  }
}

function isAnotherHolder(before: string | undefined, now: string | undefined): boolean {
  return before !== undefined && now !== undefined && before !== now;
}

/** Only while the record itself says that its holder goes by UTC; never earlier than it said before. */
function laterExpiry(now: number | undefined, before: number | undefined): number | undefined {
  return now === undefined ? undefined : Math.max(now, before ?? -Infinity);
}

function requireVersion(version: unknown): void {
  if (typeof version === 'string' && version !== '') return;
  throw new ClockError(
    'TC_INVALID_ARGUMENT',
    'LeaseObserver.observe record.version: requires a string that is not empty. Take what the store compares.',
  );
}
