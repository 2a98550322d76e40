/**
 * A heap of whole numbers (slots of a table) by the moment under which each is queued, in columns of plain numbers.
 *
 * Four-ary, as `sim/due-heap.ts` is: half the depth of a binary heap. With a million entries each pointer that is followed costs more than the
 * arithmetic, so nothing here is an object. Equal moments are ordered by `order`, so that arrival in the heap never decides.
 */

const ARITY = 4;
const CAPACITY_MIN = 64;

/** How much a heap has been used since it was made: for tests and benchmarks. */
export interface HeapWork {
  /** How often its first moment was looked at. */
  readonly peeks: number;
  /** How often an entry was put into a place. */
  readonly placements: number;
}

/** The heap. Slots are those of a dense table: 0 to size - 1, each once. */
export class SlotHeap {
  #size = 0;
  #capacity = CAPACITY_MIN;
  /** By place in the heap. */
  #slots: Int32Array = new Int32Array(CAPACITY_MIN);
  #queuedMs: Float64Array = new Float64Array(CAPACITY_MIN);
  /** By slot. */
  #places: Int32Array = new Int32Array(CAPACITY_MIN);
  #orders: Float64Array = new Float64Array(CAPACITY_MIN);
  #nextOrder = 0;
  #peeks = 0;
  #placements = 0;

  get work(): HeapWork {
    return { peeks: this.#peeks, placements: this.#placements };
  }

  /** The slot that is queued first; only when there is one. */
  get firstSlot(): number {
    return this.#slots[0] as number;
  }

  /** The earliest moment; Infinity when there is none. */
  peekMs(): number {
    this.#peeks += 1;
    return this.#size === 0 ? Infinity : (this.#queuedMs[0] as number);
  }

  /** Under which moment a slot is queued. */
  queuedMsOf(slot: number): number {
    return this.#queuedMs[this.#places[slot] as number] as number;
  }

  /** Adds the next slot (the one with the number `size`), younger than all others. */
  push(queuedMs: number): void {
    const slot = this.#size;
    this.#size += 1;
    if (this.#size > this.#capacity) this.#resize(this.#capacity * 2);
    this.#orders[slot] = this.#nextOrder;
    this.#nextOrder += 1;
    this.#rise(slot, { from: slot, queuedMs });
  }

  /** Queues a slot under another moment. */
  requeue(slot: number, queuedMs: number): void {
    this.#settle(slot, { from: this.#places[slot] as number, queuedMs });
  }

  /** Takes a slot out; the slot with the highest number then gets its number, so that the table stays dense. */
  remove(slot: number): void {
    const place = this.#places[slot] as number;
    const last = this.#size - 1;
    const lastSlot = this.#slots[last] as number;
    const lastMs = this.#queuedMs[last] as number;
    this.#size = last;
    if (place !== last) this.#settle(lastSlot, { from: place, queuedMs: lastMs });
    if (slot !== last) this.#renumber(last, slot);
    if (last * 4 < this.#capacity && this.#capacity > CAPACITY_MIN) this.#resize(this.#capacity / 2);
  }

  #renumber(from: number, to: number): void {
    const place = this.#places[from] as number;
    this.#slots[place] = to;
    this.#places[to] = place;
    this.#orders[to] = this.#orders[from] as number;
  }

  #resize(capacity: number): void {
    this.#capacity = capacity;
    this.#slots = copied(this.#slots, new Int32Array(capacity));
    this.#places = copied(this.#places, new Int32Array(capacity));
    this.#queuedMs = copied(this.#queuedMs, new Float64Array(capacity));
    this.#orders = copied(this.#orders, new Float64Array(capacity));
  }

  #settle(slot: number, to: { readonly from: number; readonly queuedMs: number }): void {
    if (this.#rise(slot, to) === to.from) this.#sink(slot, to);
  }

  #put(slot: number, place: number, queuedMs: number): void {
    this.#slots[place] = slot;
    this.#queuedMs[place] = queuedMs;
    this.#places[slot] = place;
    this.#placements += 1;
  }

  /** Moves a slot from a place towards the top, and says where it came to rest. */
  #rise(slot: number, { from, queuedMs }: { readonly from: number; readonly queuedMs: number }): number {
    let place = from;
    while (place > 0) {
      const parentPlace = (place - 1) >> 2;
      const parent = this.#slots[parentPlace] as number;
      const parentMs = this.#queuedMs[parentPlace] as number;
      if (parentMs < queuedMs || (parentMs === queuedMs && this.#isOlder(parent, slot))) break;
      this.#put(parent, place, parentMs);
      place = parentPlace;
    }
    this.#put(slot, place, queuedMs);
    return place;
  }

  /** Moves a slot from a place towards the bottom. */
  #sink(slot: number, { from, queuedMs }: { readonly from: number; readonly queuedMs: number }): void {
    let place = from;
    for (let child = this.#firstChild(place); child !== -1; child = this.#firstChild(place)) {
      const childSlot = this.#slots[child] as number;
      const childMs = this.#queuedMs[child] as number;
      if (childMs > queuedMs || (childMs === queuedMs && this.#isOlder(slot, childSlot))) break;
      this.#put(childSlot, place, childMs);
      place = child;
    }
    if (place !== from) this.#put(slot, place, queuedMs);
  }

  /** The place of the child that comes first; -1 when there is none. */
  #firstChild(place: number): number {
    const start = place * ARITY + 1;
    const end = Math.min(start + ARITY, this.#size);
    let best = start < end ? start : -1;
    for (let other = start + 1; other < end; other += 1) {
      const otherMs = this.#queuedMs[other] as number;
      const bestMs = this.#queuedMs[best] as number;
      if (otherMs > bestMs) continue;
      if (otherMs < bestMs || this.#isOlder(this.#slots[other] as number, this.#slots[best] as number)) best = other;
    }
    return best;
  }

  #isOlder(slot: number, other: number): boolean {
    return (this.#orders[slot] as number) < (this.#orders[other] as number);
  }
}

/** As much of a column as fits into another. */
export function copied<Column extends Int32Array | Float64Array>(from: Column, to: Column): Column {
  to.set(from.subarray(0, to.length));
  return to;
}
