import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Due, DueHeap } from './due-heap.ts';

interface Entry extends Due {
  dueMs: number;
  order: number;
  readonly name: number;
}

function newEntry(dueMs: number, name: number): Entry {
  return { dueMs, order: name, removed: false, name };
}

type Step =
  | { readonly do: 'push'; readonly dueMs: number }
  | { readonly do: 'pop' | 'peek' }
  /** `again`: what an interval or a refreshed timer does, whether it is in the queue or not. */
  | { readonly do: 'remove' | 'again'; readonly which: number };

/** Few different times, so that ties are common. */
const steps = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constant('push' as const), dueMs: fc.integer({ min: 0, max: 12 }) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('pop' as const, 'peek' as const) }) },
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constantFrom('remove' as const, 'remove' as const, 'again' as const),
        which: fc.nat(1000),
      }),
    },
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

/** Does the same to two queues and compares everything that can be seen; each has entries of its own. */
function agrees(heap: Heap, plan: readonly Step[]): boolean {
  const model = new SortedArray();
  const pairs: { readonly mine: Entry; readonly model: Entry }[] = [];
  let order = 0;
  const push = (dueMs: number): void => {
    order += 1;
    pairs.push({
      mine: { ...newEntry(dueMs, pairs.length), order },
      model: { ...newEntry(dueMs, pairs.length), order },
    });
    heap.push(pairs.at(-1)!.mine);
    model.push(pairs.at(-1)!.model);
  };
  const again = ({ mine, model: other }: { readonly mine: Entry; readonly model: Entry }): void => {
    heap.remove(mine);
    model.remove(other);
    order += 1;
    for (const entry of [mine, other]) Object.assign(entry, { dueMs: entry.dueMs + 3, order, removed: false });
    heap.push(mine);
    model.push(other);
  };
  for (const step of plan) {
    const pair = 'which' in step && pairs.length > 0 ? pairs[step.which % pairs.length] : undefined;
    if (step.do === 'push') push(step.dueMs);
    else if (step.do === 'again' && pair !== undefined) again(pair);
    else if (step.do === 'pop' && heap.pop()?.name !== model.pop()?.name) return false;
    else if (step.do === 'peek' && heap.peek()?.name !== model.peek()?.name) return false;
    else if (step.do === 'remove' && pair !== undefined && heap.remove(pair.mine) !== model.remove(pair.model))
      return false;
    if (heap.size !== model.size) return false;
  }
  const names = (entries: readonly Entry[]): string =>
    entries
      .map(({ name }) => name)
      .sort((a, b) => a - b)
      .join();
  if (names(heap.live()) !== names(model.live())) return false;
  for (let next = model.pop(); next !== undefined; next = model.pop()) if (heap.pop()?.name !== next.name) return false;
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
          const entries = Array.from({ length: count }, (_, index) => newEntry((index * 7919) % 101, index));
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
    heap.push(newEntry(1e9, 0));
    let seen = 0;
    for (let order = 1; order <= 1_000_000; order += 1) {
      const entry = newEntry(order, order);
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
    const [a, b] = [newEntry(1, 1), newEntry(2, 2)];
    heap.push(a);
    heap.push(b);
    expect(heap.pop()).toBe(a);
    expect([heap.remove(a), heap.remove(b), heap.remove(b)]).toEqual([false, true, false]);
    expect(heap.size).toBe(0);
    expect(heap.peek()).toBeUndefined();
  });
});
