import { expect, test } from 'vitest';
import { CONTROL_CELLS, STACK_BYTES_MAX, STACKS_MAX, takeKeptStacks, watchdogMemory } from './watchdog-memory.ts';

/** Writes as the watchdog does. */
function write(memory: ReturnType<typeof watchdogMemory>, text: string, block: number): void {
  const slot = Atomics.load(memory.control, CONTROL_CELLS.written) & (STACKS_MAX - 1);
  const bytes = Buffer.from(text);
  memory.texts.set(bytes, slot * STACK_BYTES_MAX);
  memory.lengths[slot] = bytes.length;
  memory.owners[slot] = block;
  Atomics.add(memory.control, CONTROL_CELLS.written, 1);
}

test('stacks are taken once, oldest first, also where the counters turn over', () => {
  const memory = watchdogMemory();
  Atomics.store(memory.control, CONTROL_CELLS.written, 2 ** 31 - 2);
  Atomics.store(memory.control, CONTROL_CELLS.taken, 2 ** 31 - 2);
  expect(takeKeptStacks(memory)).toEqual([]);
  for (const [block, text] of ['one', 'zwei → 2', 'three'].entries()) write(memory, text, block);
  expect(takeKeptStacks(memory)).toEqual([
    { block: 0, stack: 'one' },
    { block: 1, stack: 'zwei → 2' },
    { block: 2, stack: 'three' },
  ]);
  expect(takeKeptStacks(memory)).toEqual([]);
});

test('the ring has a power of two of places, as its arithmetic needs', () => {
  expect(STACKS_MAX & (STACKS_MAX - 1)).toBe(0);
});
