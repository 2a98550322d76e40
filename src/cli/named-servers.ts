/**
 * The servers that the user named, asked as politely as other people's servers must be, wherever they are.
 */
import { ntp } from '../node/index.ts';
import { NTP_PACE_PUBLIC_FLOOR } from '../sync/index.ts';
import type { Panel } from './demonstration.ts';
import type { DoctorOptions } from './doctor-options.ts';

/** More than this is not asked of anybody in one go. */
const BURST_COUNT_MAX = 16;

/** How many questions, 2 s apart, fit into the time so that the last one can still be answered. */
export function burstCountWithin(forMs: number, timeoutMs: number): number {
  const fitting = Math.floor((forMs - timeoutMs) / NTP_PACE_PUBLIC_FLOOR.burstSpacingMs) + 1;
  return Math.min(BURST_COUNT_MAX, Math.max(1, fitting));
}

/** Makes a source of every named server. */
export function openNamedServers(options: Pick<DoctorOptions, 'servers' | 'forMs' | 'timeoutMs'>): Panel {
  const pace = { ...NTP_PACE_PUBLIC_FLOOR, burstCount: burstCountWithin(options.forMs, options.timeoutMs) };
  return {
    sources: options.servers.map(({ address }) => ntp(address, { pace, name: address })),
    demonstration: false,
    close: () => Promise.resolve(),
  };
}
