/**
 * Addresses of NTP servers as people write them.
 */
import { ClockError, describeValue, requireInteger } from '../core/index.ts';
import { ipFamilyOf } from './ip-address.ts';
import type { NtpAddress } from './ntp-transport.ts';

/** The port of NTP (RFC 5905 section 7.1). */
export const NTP_PORT = 123;

/** The longest host name (RFC 1035 section 2.3.4), with a zone and a final dot to spare. */
const HOST_CHARACTERS_MAX = 255;

const HOST_NAME = /^[\p{L}\p{N}_][\p{L}\p{N}\p{M}_.-]*$/u;

const NTP_PORT_MAX = 65_535;

/** A host and a port, before any name is resolved. */
export interface NtpHostPort {
  /** A name, or an IP address without brackets. */
  readonly host: string;
  readonly port: number;
}

/**
 * Reads `host`, `host:port`, `192.0.2.1:123`, `[2001:db8::1]:123`, `[2001:db8::1]` or a bare IPv6 address.
 *
 * @throws TC_INVALID_ARGUMENT for anything else, ports outside 1 to 65535 included.
 *
 * `[2001:db8::1]:1123` is the host `2001:db8::1` and the port 1123.
 */
export function parseNtpAddress(address: string, operation = 'parseNtpAddress'): NtpHostPort {
  if (typeof address !== 'string') throw invalid(operation, address, 'it is not a string');
  const [scheme] = /^[a-z][a-z\d+.-]*:\/\//i.exec(address) ?? [];
  if (scheme !== undefined) throw invalid(operation, address, `it is a URL: pass host[:port] without ${scheme}`);
  if (ipFamilyOf(address) === 6) return { host: address, port: NTP_PORT };
  const [, bracketed, host = bracketed, port] = /^(?:\[([^[\]]*)\]|([^:[\]]*))(?::(.*))?$/.exec(address) ?? [];
  if (host === undefined) throw invalid(operation, address, 'it is neither HOST nor HOST:PORT');
  if (bracketed !== undefined && ipFamilyOf(bracketed) !== 6) {
    throw invalid(operation, address, 'what is in brackets is no IPv6 address');
  }
  requireNtpHost(operation, host);
  return { host, port: port === undefined ? NTP_PORT : parsePort(operation, address, port) };
}

/**
 * Returns the host when it can be one: an IP address without brackets, or a name. Names may have underscores and letters of any script,
 * because such names are in use.
 *
 * @throws TC_INVALID_ARGUMENT for anything else.
 */
export function requireNtpHost(operation: string, host: string): string {
  if (typeof host !== 'string') throw invalid(operation, host, 'the host is not a string');
  if (ipFamilyOf(host) !== undefined) return host;
  if (/^[\d.]+$/.test(host)) throw invalid(operation, host, 'the host is no complete IPv4 address');
  if (host.length <= HOST_CHARACTERS_MAX && HOST_NAME.test(host) && !host.includes('..')) return host;
  throw invalid(operation, host, 'the host is neither a name nor an IP address');
}

/** Returns the port when it is one. @throws TC_NOT_FINITE, TC_OUT_OF_RANGE, TC_INVALID_ARGUMENT outside whole numbers from 1 to 65535. */
export function requireNtpPort(operation: string, port: number): number {
  return requireInteger(operation, port, { what: 'a port', min: 1, max: NTP_PORT_MAX });
}

function parsePort(operation: string, address: string, text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > NTP_PORT_MAX) throw invalid(operation, address, 'the port is no whole number from 1 to 65535');
  return port;
}

function invalid(operation: string, address: unknown, why: string): ClockError {
  const shown = typeof address === 'string' ? JSON.stringify(address.slice(0, 80)) : describeValue(address);
  return new ClockError(
    'TC_INVALID_ARGUMENT',
    `${operation}: requires the address of an NTP server, got ${shown}: ${why}. ` +
      "Pass 'time.example.net', '192.0.2.1:123' or '[2001:db8::1]:123'.",
    { address },
  );
}

/** Writes a host and a port the way `parseNtpAddress` reads it. */
export function formatNtpAddress(address: NtpHostPort): string {
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** Writes a resolved address. */
export function formatNtpEndpoint(address: NtpAddress): string {
  return formatNtpAddress({ host: address.ip, port: address.port });
}
