import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Due, DueHeap } from './due-heap.ts';

interface Entry extends Due {
  dueMs: number;
  order: number;
}

type Step =
  | { readonly do: 'push'; readonly dueMs: number }
  | { readonly do: 'pop' | 'peek' | 'push-again' }
  | { readonly do: 'remove'; readonly which: number };

/** Few different times, so that ties are common. */
const steps = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constant('push' as const), dueMs: fc.integer({ min: 0, max: 12 }) }) },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constantFrom('pop' as const, 'peek' as const, 'push-again' as const) }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('remove' as const), which: fc.nat(1000) }) },
  ),
  { maxLength: 600, size: 'max' },
);

type Heap = Pick<DueHeap<Entry>, 'size' | 'push' | 'peek' | 'pop' | 'remove' | 'live'>;

function byDue(a: Due, b: Due): number {
  return a.dueMs === b.dueMs ? a.order - b.order : a.dueMs - b.dueMs;
}

/** The model: an array that is sorted whenever it is looked at. */
class SortedArray implements Heap {
  #live: Entry[] = [];

  get size(): number {
    return this.#live.length;
  }

  push(entry: Entry): void {
    this.#live.push(entry);
    this.#live.sort(byDue);
  }

  peek(): Entry | undefined {
    return this.#live[0];
  }

  pop(): Entry | undefined {
    return this.#live.shift();
  }

  remove(entry: Entry): boolean {
    const index = this.#live.indexOf(entry);
    if (index >= 0) this.#live.splice(index, 1);
    return index >= 0;
  }

  live(): readonly Entry[] {
    return this.#live;
  }
}

/** Does the same to two queues and compares everything that can be seen; each has entries of its own, named by their order. */
function agrees(heap: Heap, plan: readonly Step[]): boolean {
  const model = new SortedArray();
  const pairs: { readonly mine: Entry; readonly model: Entry }[] = [];
  let popped: number | undefined;
  let order = 0;
  const push = (dueMs: number): void => {
    order += 1;
    const pair = { mine: { dueMs, order, removed: false }, model: { dueMs, order, removed: false } };
    pairs.push(pair);
    heap.push(pair.mine);
    model.push(pair.model);
  };
  for (const step of plan) {
    if (step.do === 'push') push(step.dueMs);
    else if (step.do === 'push-again' && popped !== undefined) {
      // What an interval does: the same entry, later.
      const { mine, model: other } = pairs[popped - 1]!;
      for (const entry of [mine, other]) Object.assign(entry, { dueMs: entry.dueMs + 3, removed: false });
      heap.push(mine);
      model.push(other);
      popped = undefined;
    } else if (step.do === 'pop') {
      const [mine, other] = [heap.pop(), model.pop()];
      if (mine?.order !== other?.order) return false;
      popped = mine?.order;
    } else if (step.do === 'peek') {
      if (heap.peek()?.order !== model.peek()?.order) return false;
    } else if (step.do === 'remove' && pairs.length > 0) {
      const pair = pairs[step.which % pairs.length]!;
      if (heap.remove(pair.mine) !== model.remove(pair.model)) return false;
      if (popped === pair.mine.order) popped = undefined;
    }
    if (heap.size !== model.size) return false;
  }
  const names = (entries: readonly Entry[]): number[] => entries.map((entry) => entry.order).sort((a, b) => a - b);
  if (names(heap.live()).join() !== names(model.live()).join()) return false;
  for (let next = model.pop(); next !== undefined; next = model.pop())
    if (heap.pop()?.order !== next.order) return false;
  return heap.pop() === undefined && heap.peek() === undefined && heap.size === 0;
}

describe('the queue', () => {
  it('does what a sorted array does', () => {
    fc.assert(fc.property(steps, (plan) => agrees(new DueHeap<Entry>(), plan)));
  });

  it('the comparison catches a queue that forgets the order of ties, and one that counts a removal twice', () => {
    class LastFirst extends SortedArray {
      override push(entry: Entry): void {
        super.push(entry);
        (this.live() as Entry[]).sort((a, b) => (a.dueMs === b.dueMs ? b.order - a.order : a.dueMs - b.dueMs));
      }
    }
    class Careless extends SortedArray {
      override remove(entry: Entry): boolean {
        super.remove(entry);
        return true;
      }
    }
    for (const broken of [() => new LastFirst(), () => new Careless()]) {
      expect(fc.check(fc.property(steps, (plan) => agrees(broken(), plan))).failed).toBe(true);
    }
  });

  it('survives a storm of cancelled entries: nearly all of many are removed, in any order', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 2000 }),
        fc.integer({ min: 1, max: 97 }),
        fc.nat(),
        (count, stride, from) => {
          const heap = new DueHeap<Entry>();
          const entries = Array.from({ length: count }, (_, index): Entry => ({
            dueMs: (index * 7919) % 101,
            order: index,
            removed: false,
          }));
          for (const entry of entries) heap.push(entry);
          const kept = new Set(entries.filter((_, index) => index % 13 === 5));
          for (let index = 0; index < count; index += 1) {
            const entry = entries[(from + index * stride) % count]!;
            if (!kept.has(entry)) heap.remove(entry);
          }
          for (const entry of entries) if (!kept.has(entry)) heap.remove(entry);
          expect(heap.size).toBe(kept.size);
          const sorted = [...kept].sort(byDue);
          expect(sorted.map(() => heap.pop()?.order)).toEqual(sorted.map((entry) => entry.order));
          expect(heap.pop()).toBeUndefined();
        },
      ),
    );
  });

  it('lets go of what is cancelled: a million timeouts that never fire leave no million entries behind', () => {
    const heap = new DueHeap<Entry>();
    heap.push({ dueMs: 1e9, order: 0, removed: false });
    let seen = 0;
    for (let order = 1; order <= 1_000_000; order += 1) {
      const entry: Entry = { dueMs: order, order, removed: false };
      heap.push(entry);
      heap.remove(entry);
      // Looking at every entry is only cheap while there are few.
      if (order % 1000 === 0) seen += heap.live().length;
    }
    expect(seen).toBe(1000);
    expect(heap.size).toBe(1);
  });

  it('removes each entry once, and not what was taken out already', () => {
    const heap = new DueHeap<Entry>();
    const [a, b] = [1, 2].map((order): Entry => ({ dueMs: order, order, removed: false }));
    heap.push(a!);
    heap.push(b!);
    expect(heap.pop()).toBe(a);
    expect([heap.remove(a!), heap.remove(b!), heap.remove(b!)]).toEqual([false, true, false]);
    expect(heap.size).toBe(0);
    expect(heap.peek()).toBeUndefined();
  });
});
