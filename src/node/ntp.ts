/**
 * NTP servers for people: an address in, a time source out.
 */
import { optionNames, requireOptions } from '../core/index.ts';
import { type NtpOptions, NtpSource, type NtpTransport, parseNtpAddress, type TimeSource } from '../sync/index.ts';
import { udpTransport } from './udp-transport.ts';

const NTP_OPTIONS = optionNames<NtpOptions>({ timeScale: true, pace: true, rootDistanceMaxMs: true, name: true });

/** All sources share one transport: it holds nothing between queries. */
let sharedTransport: NtpTransport | undefined;

/**
 * An NTP server as a source of time for `BoundedClock.start`.
 *
 * @param address - `time.example.net`, `192.0.2.1:123`, `[2001:db8::1]:123`; the port is 123 when left out.
 * @param options - The time scale, the pace, the limit on root distance, a name.
 * @throws TC_INVALID_ARGUMENT, TC_OUT_OF_RANGE, TC_NOT_FINITE, TC_EPOCH_AS_DURATION for what cannot be right.
 *
 * @example
 * ```ts
 * import { ntp } from 'truechimer';
 *
 * const source = ntp('127.0.0.1:1123', { rootDistanceMaxMs: 100 });
 * console.log(source.name); // 127.0.0.1:1123
 * ```
 */
export function ntp(address: string, options: NtpOptions = {}): TimeSource {
  requireOptions('ntp', options, NTP_OPTIONS);
  const server = parseNtpAddress(address, 'ntp');
  sharedTransport ??= udpTransport();
  return new NtpSource(sharedTransport, { ...options, ...server });
}
