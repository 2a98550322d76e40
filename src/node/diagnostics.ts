/**
 * Publishes what a bounded clock announces on `node:diagnostics_channel`, for tools that were not passed the clock.
 */
import { channel } from 'node:diagnostics_channel';
import type { BoundedClockCore, BoundedClockEvents } from '../sync/index.ts';

/** The channel of each event. The message is the event with the clock in `clock`. */
export const DIAGNOSTICS_CHANNELS: Readonly<Record<keyof BoundedClockEvents, string>> = {
  status: 'truechimer:clock:status',
  source: 'truechimer:clock:source',
  measurement: 'truechimer:clock:measurement',
  fault: 'truechimer:clock:fault',
  wallStep: 'truechimer:clock:wall-step',
  suspend: 'truechimer:clock:suspend',
  voided: 'truechimer:clock:voided',
};

/** Forwards every event of the clock to its channel; costs nothing that matters while nobody has subscribed. */
export function publishDiagnostics(clock: BoundedClockCore): void {
  for (const name of Object.keys(DIAGNOSTICS_CHANNELS) as (keyof BoundedClockEvents)[]) {
    const target = channel(DIAGNOSTICS_CHANNELS[name]);
    clock.on(name, (event) => {
      if (target.hasSubscribers) target.publish({ clock, ...event });
    });
  }
}
