/**
 * Leader election with terms: one process of many leads at a time, each time under a lease of its own, whose token numbers the term.
 *
 * A term ends when the leader resigns (its function returns) or its lease is over; then the campaign begins anew, until its signal is
 * aborted. It has no other end, so the signal is required.
 */
import {
  ClockError,
  describeValue,
  optionNames,
  requireOptionalFunction,
  requireSignal,
  sleepUntil,
} from '../core/index.ts';
import { type AcquirePlace, LeaseSeeker } from './acquire-lease.ts';
import { ACQUIRE_OPTIONS, type AcquireOptions } from './lease-options.ts';
import { requireBody } from './lease-run.ts';
import type { Lease, ReleaseOutcome } from './lease.ts';
import type { NotAcquired } from './not-acquired.ts';
import type { StoreCapabilities } from './store-port.ts';

/** A term that has ended. */
export interface EndedTerm<Capabilities extends StoreCapabilities = StoreCapabilities, Domain extends string = string> {
  readonly lease: Lease<Capabilities, Domain>;
  readonly ending: ReleaseOutcome;
  /** What `lead` threw after its lease was over; what it threw under a lease that was held ends the campaign instead. */
  readonly error?: unknown;
}

/** How to campaign. */
export interface CampaignOptions<
  Capabilities extends StoreCapabilities = StoreCapabilities,
  Domain extends string = string,
> extends Omit<AcquireOptions<Domain>, 'waitMs' | 'signal'> {
  /** Ends the campaign; a term under way is ended as well, by its lease's release. Required: a campaign has no other end. */
  readonly signal: AbortSignal;
  /**
   * Leads for one term, under a lease that is renewed meanwhile. Returning resigns. Stop when `term.signal` is aborted: the
   * lease is over then, or the campaign is.
   */
  readonly lead: (term: {
    readonly lease: Lease<Capabilities, Domain>;
    readonly signal: AbortSignal;
  }) => void | Promise<void>;
  /** Told whenever an attempt found somebody else leading, or the store silent. */
  readonly onFollow?: (why: NotAcquired) => void;
  /** Told after each term. */
  readonly onTermEnd?: (term: EndedTerm<Capabilities, Domain>) => void;
}

type OwnOptions = Omit<CampaignOptions, keyof AcquireOptions>;

/** The names of the options beyond those of `acquire`. */
export const CAMPAIGN_OPTIONS: readonly string[] = [
  ...ACQUIRE_OPTIONS.filter((name) => name !== 'waitMs'),
  ...optionNames<OwnOptions>({ lead: true, onFollow: true, onTermEnd: true }),
];

/** How long one attempt to become leader waits for the lease before it tells `onFollow`, as a share of the time to live. */
const ATTEMPT_SHARE = 1;

/** After a term the next attempt waits between these shares of the time to live, so that the others get their turn. */
const PAUSE_SHARE_MIN = 1 / 30;
const PAUSE_SHARE_MAX = 1 / 3;

/**
 * Campaigns on a runtime until the signal is aborted; see `campaign`.
 *
 * @throws What `lead` throws under a lease that is held, `onFollow` and `onTermEnd` included; see `acquireLease`.
 */
export async function campaignForLease<Capabilities extends StoreCapabilities, Domain extends string>(
  place: AcquirePlace<Capabilities, Domain>,
  name: string,
  options: CampaignOptions<Capabilities, Domain>,
): Promise<void> {
  const { lead, onFollow, onTermEnd, ...rest } = options;
  const { signal, ttlMs } = rest;
  requireBody('campaign lead', lead);
  requireOptionalFunction('campaign onFollow', onFollow);
  requireOptionalFunction('campaign onTermEnd', onTermEnd);
  requireCampaignSignal(signal);
  const seeker = new LeaseSeeker('campaign', place, name, rest);
  const { port } = place.runtime;
  while (!signal.aborted) {
    const lease = await unlessAborted(signal, seeker.seek(ttlMs * ATTEMPT_SHARE));
    if (lease === undefined) return;
    if (!lease.acquired) {
      onFollow?.(lease);
      continue;
    }
    if (isOver(signal)) {
      await lease.release();
      return;
    }
    // Not inside the optional call: without a listener it would not be evaluated.
    const term = await leadOneTerm(lease, lead, signal);
    onTermEnd?.(term);
    const pauseMs = pauseAfterTermMs(ttlMs, place.runtime.random());
    await unlessAborted(signal, sleepUntil(port, port.monotonicMs() + pauseMs, signal));
  }
}

/** Asked anew after a wait, which the compiler does not expect to change it. */
function isOver(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** At least a millisecond: a leader that resigns at once must not spin. */
function pauseAfterTermMs(ttlMs: number, drawn: number): number {
  return Math.max(1, ttlMs * (PAUSE_SHARE_MIN + (PAUSE_SHARE_MAX - PAUSE_SHARE_MIN) * drawn));
}

async function leadOneTerm<Capabilities extends StoreCapabilities, Domain extends string>(
  lease: Lease<Capabilities, Domain>,
  lead: CampaignOptions<Capabilities, Domain>['lead'],
  signal: AbortSignal,
): Promise<EndedTerm<Capabilities, Domain>> {
  const term = new AbortController();
  const endBy = (from: AbortSignal) => (): void => {
    term.abort(from.reason);
  };
  const onCampaignEnd = endBy(signal);
  const onLeaseEnd = endBy(lease.signal);
  if (signal.aborted) onCampaignEnd();
  signal.addEventListener('abort', onCampaignEnd, { once: true });
  lease.signal.addEventListener('abort', onLeaseEnd, { once: true });
  try {
    await lead({ lease, signal: term.signal });
    return { lease, ending: await lease.release() };
  } catch (error) {
    const ending = await lease.release();
    if (ending === 'lost' || isReasonOf(signal, error)) return { lease, ending, error };
    throw error;
  } finally {
    signal.removeEventListener('abort', onCampaignEnd);
    lease.signal.removeEventListener('abort', onLeaseEnd);
  }
}

/** Undefined when it was rejected because the campaign is over. */
async function unlessAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (isReasonOf(signal, error)) return undefined;
    throw error;
  }
}

function isReasonOf(signal: AbortSignal, error: unknown): boolean {
  return signal.aborted && error === signal.reason;
}

function requireCampaignSignal(signal: unknown): void {
  requireSignal('campaign', signal);
  if (signal !== undefined) return;
  throw new ClockError(
    'TC_INVALID_ARGUMENT',
    `campaign signal: requires an AbortSignal, got ${describeValue(signal)}. ` +
      'Pass controller.signal: a campaign goes on until it is aborted.',
  );
}
