import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SlotHeap } from './slot-heap.ts';

type Step = readonly ['push', number] | readonly ['requeue' | 'remove', number, number];

const moment = fc.integer({ min: 0, max: 9 });
const share = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(fc.constant('push' as const), moment) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('requeue' as const, 'remove' as const), share, moment) },
);

interface Queued {
  queuedMs: number;
  readonly order: number;
}

/** The slots as an array of what is queued in each, and the first by looking at all of them. */
function firstOf(slots: readonly Queued[]): number {
  const before = (a: Queued, b: Queued): boolean =>
    a.queuedMs < b.queuedMs || (a.queuedMs === b.queuedMs && a.order < b.order);
  return slots.reduce((best, slot, index) => (before(slot, slots[best] as Queued) ? index : best), 0);
}

function apply(heap: SlotHeap, slots: Queued[], { taken, order }: { taken: Step; order: number }): void {
  if (taken[0] === 'push') {
    heap.push(taken[1]);
    slots.push({ queuedMs: taken[1], order });
    return;
  }
  const slot = Math.floor(taken[1] * slots.length);
  const queued = slots[slot];
  if (queued === undefined) return;
  if (taken[0] === 'requeue') {
    heap.requeue(slot, taken[2]);
    queued.queuedMs = taken[2];
    return;
  }
  heap.remove(slot);
  const last = slots.pop() as Queued;
  if (slot < slots.length) slots[slot] = last;
}

describe('SlotHeap', () => {
  it('always knows the first slot, and gives the last number to a slot that becomes free', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const heap = new SlotHeap();
        const slots: Queued[] = [];
        return steps.every((taken, order) => {
          apply(heap, slots, { taken, order });
          if (slots.length === 0) return heap.peekMs() === Infinity;
          const first = firstOf(slots);
          return heap.firstSlot === first && heap.peekMs() === slots[first]?.queuedMs;
        });
      }),
      { numRuns: 500 },
    );
  });

  it('counts its work', () => {
    const heap = new SlotHeap();
    heap.push(5);
    heap.push(3); // rises over the other, which moves
    heap.peekMs();
    expect(heap.work).toEqual({ peeks: 1, placements: 3 });
    expect([heap.queuedMsOf(0), heap.queuedMsOf(1)]).toEqual([5, 3]);
  });
});
