/**
 * Leader election with terms: one process of many leads at a time, each time under a lease of its own, whose token numbers the term.
 *
 * A term ends when the leader resigns (its function returns) or its lease is over; then the campaign begins anew, until its signal is
 * aborted. It has no other end, so the signal is required.
 */
import { ClockError, describeValue, optionNames, requireOptionalFunction, requireSignal } from '../core/index.ts';
import { onAbort, pauseUntil } from './abort-sharing.ts';
import { type AcquirePlace, LeaseSeeker } from './acquire-lease.ts';
import { ACQUIRE_OPTIONS, type AcquireOptions } from './lease-options.ts';
import { requireBody } from './lease-run.ts';
import { type LeaseRuntime, newController } from './lease-runtime.ts';
import type { Lease, ReleaseOutcome } from './lease.ts';
import type { NotAcquired } from './not-acquired.ts';
import { keepingAlive } from './process-hold.ts';
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
  /** Told after each wait of about one time to live in which somebody else led, or the store was silent (`trouble` events tell of that at once). */
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
  const { runtime } = place;
  try {
    while (!signal.aborted) {
      const lease = await seeker.seek(ttlMs * ATTEMPT_SHARE);
      if (!lease.acquired) {
        onFollow?.(lease);
        await seeker.pause();
        continue;
      }
      // Not inside the optional call: without a listener it would not be evaluated.
      const term = await leadOneTerm({ lease, lead, signal, runtime });
      if (term === undefined) return;
      onTermEnd?.(term);
      await pauseUntil(runtime.port, runtime.port.monotonicMs() + pauseAfterTermMs(ttlMs, runtime.random()), signal);
    }
  } catch (error) {
    if (!isReasonOf(signal, error)) throw error;
  }
}

/** At least a millisecond: a leader that resigns at once must not spin. */
function pauseAfterTermMs(ttlMs: number, drawn: number): number {
  return Math.max(1, ttlMs * (PAUSE_SHARE_MIN + (PAUSE_SHARE_MAX - PAUSE_SHARE_MIN) * drawn));
}

/** Undefined: the campaign ended at the moment of the grant, so nobody led. */
async function leadOneTerm<Capabilities extends StoreCapabilities, Domain extends string>(from: {
  readonly lease: Lease<Capabilities, Domain>;
  readonly lead: CampaignOptions<Capabilities, Domain>['lead'];
  readonly signal: AbortSignal;
  readonly runtime: LeaseRuntime;
}): Promise<EndedTerm<Capabilities, Domain> | undefined> {
  const { lease, lead, signal, runtime } = from;
  if (signal.aborted) {
    await lease.release();
    return undefined;
  }
  const term = newController(runtime);
  const forget = [signal, lease.signal].map((ended) => endBy(term, ended));
  try {
    await keepingAlive(runtime.port, () => lead({ lease, signal: term.signal }));
    return { lease, ending: await lease.release() };
  } catch (error) {
    const ending = await lease.release();
    if (ending === 'lost' || isOrdinaryEnd(signal, error)) return { lease, ending, error };
    throw error;
  } finally {
    for (const one of forget) one();
  }
}

/** @returns What takes it back. */
function endBy(term: AbortController, ended: AbortSignal): () => void {
  const end = (): void => {
    term.abort(ended.reason);
  };
  if (!ended.aborted) return onAbort(ended, end);
  end();
  return () => undefined;
}

function isReasonOf(signal: AbortSignal, error: unknown): boolean {
  return signal.aborted && error === signal.reason;
}

/** What a leader rejects with that has heard of the shutdown: the reason, or what Node.js and `fetch` wrap it in. */
function isOrdinaryEnd(signal: AbortSignal, error: unknown): boolean {
  if (!signal.aborted || error === signal.reason) return signal.aborted;
  if (!(error instanceof Error)) return false;
  return error.name === 'AbortError' || (error.cause !== undefined && error.cause === signal.reason);
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
