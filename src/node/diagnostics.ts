/**
 * Publishes what bounded clocks and pause monitors announce on `node:diagnostics_channel`, for tools that were not passed them.
 */
import { channel } from 'node:diagnostics_channel';
import type { BoundedClockCore, BoundedClockEvents } from '../sync/index.ts';
import type { PauseAnnouncer, PauseMonitorEvents } from './pause-monitor-events.ts';

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
      if (target.hasSubscribers) target.publish(message({ clock }, event));
    });
  }
}

/** The channel of each event of a pause monitor. The message is the event with the monitor in `monitor`. */
export const PAUSE_DIAGNOSTICS_CHANNELS: Readonly<Record<keyof PauseMonitorEvents, string>> = {
  gap: 'truechimer:pause:gap',
  pause: 'truechimer:pause:pause',
  clockStep: 'truechimer:pause:clock-step',
  ongoing: 'truechimer:pause:ongoing',
};

/** Forwards every event of the monitor to its channel. */
export function publishPauseDiagnostics(monitor: PauseAnnouncer): void {
  const gaps = channel(PAUSE_DIAGNOSTICS_CHANNELS.gap);
  monitor.onGap((gap) => {
    if (gaps.hasSubscribers) gaps.publish(message({ monitor }, gap));
  });
  const pauses = channel(PAUSE_DIAGNOSTICS_CHANNELS.pause);
  monitor.onPause((pause) => {
    if (pauses.hasSubscribers) pauses.publish(message({ monitor }, pause));
  });
  const steps = channel(PAUSE_DIAGNOSTICS_CHANNELS.clockStep);
  monitor.onClockStep((step) => {
    if (steps.hasSubscribers) steps.publish(message({ monitor }, step));
  });
  const blocks = channel(PAUSE_DIAGNOSTICS_CHANNELS.ongoing);
  monitor.onOngoing((block) => {
    if (blocks.hasSubscribers) blocks.publish(message({ monitor }, block));
  });
}

/** The event and whose it is. As JSON it is what the event is: a log line has no use for who told it, and instants mean nothing there. */
function message(owner: object, event: object): object {
  const { toJSON } = event as { readonly toJSON?: () => unknown };
  return Object.defineProperty({ ...owner, ...event }, 'toJSON', { value: () => toJSON?.() ?? event });
}
