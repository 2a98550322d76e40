/**
 * The addresses behind one name, and which of them is in use.
 *
 * Servers move and pools change, so names are looked up again: at least hourly, and whenever the address in use keeps failing.
 * An address that works is kept for as long as the name has it, because evidence of two servers is never mixed. An address that
 * forbade us to ask is never used again, whatever the name says later; the others of the name are.
 */
import type { NtpAddress } from './ntp-transport.ts';

/** A name is looked up again at least this often, in ms. */
export const NTP_RESOLVE_EVERY_MS = 3_600_000;

/** After this many failures in a row the name is looked up again and the next address is used. */
export const NTP_FAILURES_BEFORE_NEXT = 2;

/** How many addresses of one name are kept; pools answer with four. */
export const NTP_ADDRESSES_MAX = 16;

/** Which address is in use, and when the name is due. Times are monotonic readings in ms, given as arguments. */
export class NtpAddressBook {
  #addresses: readonly NtpAddress[] = [];
  #index = 0;
  #resolvedMs = -Infinity;
  #failures = 0;
  readonly #denied = new Set<string>();

  /** The address in use; undefined before the name was resolved, and while every known address has denied. */
  get current(): NtpAddress | undefined {
    return this.#addresses[this.#index];
  }

  /** How many addresses of the name may be asked. */
  get size(): number {
    return this.#addresses.length;
  }

  /** Whether this is the address in use. */
  isInUse(address: NtpAddress): boolean {
    return this.current !== undefined && keyOf(this.current) === keyOf(address);
  }

  /** Whether the name should be looked up before the next query. */
  isDue(nowMs: number): boolean {
    return nowMs - this.#resolvedMs >= NTP_RESOLVE_EVERY_MS || this.#failures >= NTP_FAILURES_BEFORE_NEXT;
  }

  /**
   * Learns a fresh answer. The address in use is kept when the answer has it and it works; otherwise the next one is used. An answer of
   * denied addresses alone says nothing against the old ones: they stay.
   */
  resolved(addresses: readonly NtpAddress[], nowMs: number): void {
    const before = this.current;
    const open = addresses.filter((address) => !this.#denied.has(keyOf(address))).slice(0, NTP_ADDRESSES_MAX);
    if (open.length > 0) this.#addresses = open;
    this.#resolvedMs = nowMs;
    const kept = this.#addresses.findIndex((address) => before !== undefined && keyOf(address) === keyOf(before));
    this.#index = Math.max(kept, 0);
    if (this.#failures >= NTP_FAILURES_BEFORE_NEXT && kept >= 0) this.next();
    this.#failures = 0;
  }

  /** The name could not be looked up: old addresses stay in use, and failing ones give way to the next. */
  resolveFailed(): void {
    if (this.#failures < NTP_FAILURES_BEFORE_NEXT) return;
    this.next();
  }

  /** Uses the next address; the first again after the last. */
  next(): void {
    if (this.#addresses.length > 0) this.#index = (this.#index + 1) % this.#addresses.length;
  }

  /** Drops an address that forbade us to ask, for good. When it was in use, the next one is, with a fresh count of failures. */
  deny(address: NtpAddress): void {
    this.#denied.add(keyOf(address));
    const dropped = this.#addresses.findIndex((other) => keyOf(other) === keyOf(address));
    if (dropped < 0) return;
    this.#addresses = this.#addresses.filter((_, index) => index !== dropped);
    if (dropped === this.#index) this.#failures = 0;
    if (dropped < this.#index) this.#index -= 1;
    else if (this.#index >= this.#addresses.length) this.#index = 0;
  }

  /** Notes how a query to the address in use went. */
  settled(worked: boolean): void {
    this.#failures = worked ? 0 : this.#failures + 1;
  }
}

function keyOf({ ip, port }: NtpAddress): string {
  return `${ip} ${port}`;
}
