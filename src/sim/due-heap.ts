/**
 * A queue of things that are due at some time, earliest first; at equal times in the order in which they were added.
 *
 * A four-ary heap: half the depth of a binary one. What is compared lies in arrays of doubles beside the entries, because at a hundred
 * thousand entries following a pointer for each comparison costs more than all else. Removal is lazy: a removed entry stays until it
 * comes up or until removed entries outnumber the live ones, so that cancelling is cheap and memory stays bounded.
 */

/** Something that is due. The heap owns `removed`; the other two change only while the entry is not in the queue. */
export interface Due {
  readonly dueMs: number;
  readonly order: number;
  removed: boolean;
}

const ARITY = 4;

/** Below this many entries a compaction is not worth its cost. */
const COMPACT_MIN = 64;

const CAPACITY_AT_FIRST = 64;

/** The queue. */
export class DueHeap<Entry extends Due> {
  #entries: Entry[] = [];
  #duesMs = new Float64Array(CAPACITY_AT_FIRST);
  #orders = new Float64Array(CAPACITY_AT_FIRST);
  #removed = 0;

  /** How many live entries there are. */
  get size(): number {
    return this.#entries.length - this.#removed;
  }

  /** When the earliest live entry is due; Infinity when there is none. */
  get firstDueMs(): number {
    return this.peek() === undefined ? Infinity : (this.#duesMs[0] as number);
  }

  /** Adds an entry; one that was in the queue before needs a new order. */
  push(entry: Entry): void {
    const { length } = this.#entries;
    entry.removed = false;
    this.#entries.push(entry);
    if (length === this.#duesMs.length) this.#grow();
    this.#siftUp(length, entry);
  }

  /** The earliest live entry; it stays in the queue. */
  peek(): Entry | undefined {
    for (;;) {
      const first = this.#entries[0];
      if (first === undefined || this.#isLive(first, 0)) return first;
      this.#removed -= 1;
      this.#takeFirst();
    }
  }

  /** Takes the earliest live entry out. */
  pop(): Entry | undefined {
    const first = this.peek();
    if (first !== undefined) {
      first.removed = true;
      this.#takeFirst();
    }
    return first;
  }

  /** Removes an entry that was pushed; false when it is not in the queue any more. */
  remove(entry: Entry): boolean {
    if (entry.removed) return false;
    entry.removed = true;
    this.#removed += 1;
    if (this.#removed > COMPACT_MIN && this.#removed * 2 > this.#entries.length) this.#compact();
    return true;
  }

  /** Every live entry, in no order. */
  live(): readonly Entry[] {
    return this.#entries.filter((entry, index) => this.#isLive(entry, index));
  }

  /** An entry that was removed and added again leaves its old place behind, under its old order. */
  #isLive(entry: Entry, index: number): boolean {
    return !entry.removed && entry.order === this.#orders[index];
  }

  /** A sorted array is a heap. */
  #compact(): void {
    this.#entries = this.#entries.filter((entry, index) => this.#isLive(entry, index));
    this.#entries.sort((a, b) => (a.dueMs === b.dueMs ? a.order - b.order : a.dueMs - b.dueMs));
    this.#removed = 0;
    for (const [index, entry] of this.#entries.entries()) {
      this.#duesMs[index] = entry.dueMs;
      this.#orders[index] = entry.order;
    }
  }

  #grow(): void {
    const duesMs = new Float64Array(this.#duesMs.length * 2);
    duesMs.set(this.#duesMs);
    this.#duesMs = duesMs;
    const orders = new Float64Array(duesMs.length);
    orders.set(this.#orders);
    this.#orders = orders;
  }

  #takeFirst(): void {
    const last = this.#entries.pop();
    if (last !== undefined && this.#entries.length > 0) this.#siftDown(last, this.#entries.length);
  }

  #siftUp(from: number, entry: Entry): void {
    const entries = this.#entries;
    const duesMs = this.#duesMs;
    const orders = this.#orders;
    const { dueMs, order } = entry;
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 2;
      const parentDueMs = duesMs[parent] as number;
      if (parentDueMs < dueMs || (parentDueMs === dueMs && (orders[parent] as number) < order)) break;
      entries[index] = entries[parent] as Entry;
      duesMs[index] = parentDueMs;
      orders[index] = orders[parent] as number;
      index = parent;
    }
    entries[index] = entry;
    duesMs[index] = dueMs;
    orders[index] = order;
  }

  /**
   * Sinks an entry from the top, where nothing lives at this moment. Its place is that of the index where it was: the entry itself may
   * have been added again since, and then what is sunk here is the place that it left behind.
   */
  #siftDown(entry: Entry, from: number): void {
    const entries = this.#entries;
    const duesMs = this.#duesMs;
    const orders = this.#orders;
    const dueMs = duesMs[from] as number;
    const order = orders[from] as number;
    const { length } = entries;
    let index = 0;
    for (let child = 1; child < length; child = index * ARITY + 1) {
      const end = Math.min(child + ARITY, length);
      let best = child;
      let bestDueMs = duesMs[child] as number;
      for (let other = child + 1; other < end; other += 1) {
        const otherDueMs = duesMs[other] as number;
        if (otherDueMs > bestDueMs) continue;
        if (otherDueMs === bestDueMs && (orders[other] as number) > (orders[best] as number)) continue;
        best = other;
        bestDueMs = otherDueMs;
      }
      if (bestDueMs > dueMs || (bestDueMs === dueMs && (orders[best] as number) > order)) break;
      entries[index] = entries[best] as Entry;
      duesMs[index] = bestDueMs;
      orders[index] = orders[best] as number;
      index = best;
    }
    entries[index] = entry;
    duesMs[index] = dueMs;
    orders[index] = order;
  }
}
