/**
 * Publishes what leases announce on `node:diagnostics_channel`, for metrics and logs that were not passed the lease.
 */
import { channel } from 'node:diagnostics_channel';
import type { LeaseEvents } from '../lease/index.ts';

/** The channel of each event; the message is the event. */
export const LEASE_CHANNELS: Readonly<Record<keyof LeaseEvents, string>> = {
  acquired: 'truechimer:lease:acquired',
  renewed: 'truechimer:lease:renewed',
  jeopardy: 'truechimer:lease:jeopardy',
  lost: 'truechimer:lease:lost',
  late: 'truechimer:lease:late',
  rejected: 'truechimer:lease:rejected',
  released: 'truechimer:lease:released',
  trouble: 'truechimer:lease:trouble',
};

/** Publishes one event; costs nothing that matters while nobody has subscribed. */
export function publishLeaseEvent<Name extends keyof LeaseEvents>(name: Name, event: LeaseEvents[Name]): void {
  const target = channel(LEASE_CHANNELS[name]);
  if (target.hasSubscribers) target.publish(event);
}
