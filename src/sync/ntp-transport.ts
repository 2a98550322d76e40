/**
 * The port between the NTP client's rules (pure) and datagrams (sockets, or a simulated network).
 */
import type { ClockPort } from '../core/index.ts';

/** Where a server listens. */
export interface NtpAddress {
  /** An IP address, never a name. */
  readonly ip: string;
  readonly family: 4 | 6;
  readonly port: number;
}

/** One question to one server. */
export interface NtpQuery {
  readonly address: NtpAddress;
  /** The datagram to send; the transport does not keep it after the promise settles. */
  readonly request: Uint8Array;
  readonly clock: ClockPort;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /**
   * Called for every datagram from the address, in the order of arrival, with the monotonic clock read first thing on
   * receipt. True ends the query; false means that the datagram counts for nothing, and waiting goes on.
   */
  accept(datagram: Uint8Array, stamps: { readonly sentMs: number; readonly receivedMs: number }): boolean;
}

/** How a query ended; failures are values. */
export type NtpQueryResult =
  | { readonly result: 'accepted' }
  /** Nothing acceptable arrived in time; `ignored` datagrams arrived that counted for nothing. */
  | { readonly result: 'timeout'; readonly ignored: number }
  | { readonly result: 'unreachable'; readonly detail: string };

/** Sends datagrams and resolves names. */
export interface NtpTransport {
  /**
   * The addresses of a name, in order of preference; an IP address resolves to itself. Rejects when there is none.
   *
   * The signal is aborted when nobody waits any more. The promise settles when nothing of the lookup is under way, and not before: one
   * that cannot be cancelled stays pending after the abort, since a source starts no second lookup while one is pending.
   */
  resolve(host: string, port: number, signal: AbortSignal): Promise<readonly NtpAddress[]>;
  /** Sends the request from a fresh connected ephemeral port and waits. Stamps before sending and first thing on receipt. */
  query(query: NtpQuery): Promise<NtpQueryResult>;
  /** Fills with unpredictable bytes: what an off-path attacker would have to guess. */
  fillRandom(target: Uint8Array): void;
}
