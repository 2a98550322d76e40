/**
 * How the end of a lease, and the refusal to use it, is said.
 */
import { ClockError } from '../core/index.ts';
import type { GrantRef } from './store-port.ts';

/** What a negative answer means. */
export const GONE = 'the lock service answered that this grant is not there any more';

/** Why the signal of a lease was aborted. */
export function leaseOver(grant: GrantRef, reason: string, detail: string): ClockError {
  const message = `the lease ${grant.name} is over (${reason}): ${detail}. Stop, and acquire it anew.`;
  const { name, holderId, token } = grant;
  return new ClockError('TC_LEASE_OVER', message, { name, holderId, token, reason });
}

/** Too little is left, or may be: a renewal mends it. */
export function insufficient(
  leftMs: number,
  needsMs: number,
): { readonly reason: 'insufficient'; readonly detail: string } {
  const detail =
    leftMs > 0 || needsMs > 0
      ? `${leftMs.toFixed(3)} ms of the window are left, ${needsMs} ms are needed`
      : 'boot time is too coarse at this moment to say that any of the window is left';
  return { reason: 'insufficient', detail };
}
