/**
 * Many leases by when they run out, for a store that keeps them itself: a sweep looks at one number when nothing is due, and a
 * renewal only writes one.
 *
 * A heap holds each lease once, under a moment that is never later than its real expiry. Renewing changes the expiry and leaves the heap
 * alone; when the old moment comes, the sweep finds that the lease lives on and moves it to its new place: once in a time to live, however
 * often it was renewed in it. Deleting takes the lease out at once, so the heap is never larger than the map.
 */
import { ClockError, optionNames, requireInteger, requireNumber, requireOptions } from '../core/index.ts';
import { copied, type HeapWork, SlotHeap } from './slot-heap.ts';

/** A table of more leases is refused: a `Map` of V8 ends at 2^24 entries, and a table this large takes a gigabyte already. */
export const LEASES_MAX = 10_000_000;

const CAPACITY_MIN = 64;
const MOMENT = { what: 'a moment in milliseconds', min: -Number.MAX_VALUE, max: Number.MAX_VALUE, unit: 'ms' };
const LIMIT = { what: 'a number of leases', min: 1, max: LEASES_MAX };

/** How a table starts. */
export interface LeaseTableOptions {
  /** At most so many leases, up to `LEASES_MAX`, which is the default. */
  readonly leasesMax?: number;
}

const OPTIONS = optionNames<LeaseTableOptions>({ leasesMax: true });

/** Leases by key, with the moment at which each runs out; all moments are of one clock, which the caller reads. */
export class LeaseTable<Key> {
  readonly #leasesMax: number;
  readonly #slotOf = new Map<Key, number>();
  /** By slot; the slots are dense. */
  readonly #keys: Key[] = [];
  #expiriesMs: Float64Array = new Float64Array(CAPACITY_MIN);
  /** Queued under the expiry, or an earlier moment. */
  readonly #heap = new SlotHeap();

  /** @throws TC_INVALID_ARGUMENT, TC_OUT_OF_RANGE for its options. */
  constructor(options: LeaseTableOptions = {}) {
    requireOptions('LeaseTable', options, OPTIONS);
    this.#leasesMax = requireInteger('LeaseTable leasesMax', options.leasesMax ?? LEASES_MAX, LIMIT);
  }

  /** How many leases there are, those that are due but not swept included. */
  get size(): number {
    return this.#keys.length;
  }

  /** How much the heap has been used. */
  get work(): HeapWork {
    return this.#heap.work;
  }

  /** No lease runs out before this moment (the first may have been renewed since); Infinity when there is none. */
  get nothingDueBeforeMs(): number {
    return this.#heap.peekMs();
  }

  /** When a lease runs out; undefined when it is not in the table. */
  expiryOf(key: Key): number | undefined {
    const slot = this.#slotOf.get(key);
    return slot === undefined ? undefined : this.#expiriesMs[slot];
  }

  /**
   * Puts a lease into the table, or gives one that is there another expiry, earlier or later.
   *
   * @throws TC_OUT_OF_RANGE when the table is full; TC_NOT_FINITE for what is no moment.
   */
  set(key: Key, expiresAtMs: number): void {
    requireNumber('LeaseTable.set expiresAtMs', expiresAtMs, MOMENT);
    const slot = this.#slotOf.get(key);
    if (slot === undefined) {
      this.#add(key, expiresAtMs);
      return;
    }
    this.#expiriesMs[slot] = expiresAtMs;
    if (expiresAtMs < this.#heap.queuedMsOf(slot)) this.#heap.requeue(slot, expiresAtMs);
  }

  /**
   * Moves a lease's expiry to a later moment; an earlier one changes nothing, because an expiry that a holder counts on never comes nearer.
   *
   * @returns False when the lease is not in the table: it cannot be renewed.
   * @throws TC_NOT_FINITE for what is no moment.
   */
  renew(key: Key, expiresAtMs: number): boolean {
    requireNumber('LeaseTable.renew expiresAtMs', expiresAtMs, MOMENT);
    const slot = this.#slotOf.get(key);
    if (slot === undefined) return false;
    if (expiresAtMs > (this.#expiriesMs[slot] as number)) this.#expiriesMs[slot] = expiresAtMs;
    return true;
  }

  /** Takes a lease out; false when it is not there. */
  delete(key: Key): boolean {
    const slot = this.#slotOf.get(key);
    if (slot === undefined) return false;
    this.#takeOut(slot);
    return true;
  }

  /**
   * Takes out the leases that have run out (expiry at `nowMs` or before), the earliest first, at equal expiry the one that came first.
   *
   * @param limit - At most so many, to bound the time that it takes: 1 to `LEASES_MAX`, which is the default.
   * @throws TC_NOT_FINITE for what is no moment; TC_OUT_OF_RANGE, TC_INVALID_ARGUMENT for what is no limit.
   */
  sweep(nowMs: number, limit: number = LEASES_MAX): Key[] {
    requireNumber('LeaseTable.sweep nowMs', nowMs, MOMENT);
    requireInteger('LeaseTable.sweep limit', limit, LIMIT);
    const due: Key[] = [];
    while (due.length < limit) {
      const queuedMs = this.#heap.peekMs();
      if (queuedMs > nowMs) break;
      const slot = this.#heap.firstSlot;
      const expiresAtMs = this.#expiriesMs[slot] as number;
      if (expiresAtMs > queuedMs) this.#heap.requeue(slot, expiresAtMs);
      else due.push(this.#takeOut(slot));
    }
    return due;
  }

  #add(key: Key, expiresAtMs: number): void {
    const slot = this.#keys.length;
    if (slot >= this.#leasesMax) throw full(this.#leasesMax);
    if (slot === this.#expiriesMs.length) this.#resize(slot * 2);
    this.#slotOf.set(key, slot);
    this.#keys.push(key);
    this.#expiriesMs[slot] = expiresAtMs;
    this.#heap.push(expiresAtMs);
  }

  /** The lease with the last slot moves into the one that becomes free. */
  #takeOut(slot: number): Key {
    const key = this.#keys[slot] as Key;
    this.#heap.remove(slot);
    this.#slotOf.delete(key);
    const lastKey = this.#keys.pop() as Key;
    const last = this.#keys.length;
    if (slot !== last) {
      this.#keys[slot] = lastKey;
      this.#slotOf.set(lastKey, slot);
      this.#expiriesMs[slot] = this.#expiriesMs[last] as number;
    }
    if (last * 4 < this.#expiriesMs.length && last >= CAPACITY_MIN) this.#resize(this.#expiriesMs.length / 2);
    return key;
  }

  #resize(capacity: number): void {
    this.#expiriesMs = copied(this.#expiriesMs, new Float64Array(capacity));
  }
}

function full(leasesMax: number): ClockError {
  return new ClockError(
    'TC_OUT_OF_RANGE',
    `LeaseTable.set: requires at most ${leasesMax} leases, got one more. Sweep what has run out, or use several tables.`,
    { leasesMax },
  );
}
