export * from './bounded-clock.ts';
export * from './diagnostics.ts';
export * from './ntp.ts';
export * from './ntp-server.ts';
export type { NtpServerDelay, NtpServerSettings } from './ntp-server-settings.ts';
export * from './system-clock.ts';
export * from './udp-transport.ts';
