import { describe, expectTypeOf, it } from 'vitest';
import type { ClockPort } from '../core/index.ts';
import type { FencingToken, StoreIo } from '../lease/index.ts';
import { MemoryLeaseStore } from './memory.ts';

declare const clock: ClockPort;
declare const io: StoreIo;
const request = { name: 'jobs', holderId: 'a', ttlMs: 1000 };

describe('the types of the in-memory store', () => {
  it('has tokens of its own domain', async () => {
    const answer = await new MemoryLeaseStore({ clock }).tryAcquire(request, io);
    if (answer.status !== 'granted' || answer.token === undefined) return;
    expectTypeOf(answer.token).toEqualTypeOf<FencingToken<'memory'>>();
  });

  it('has no token to read when it mints none', async () => {
    const store = new MemoryLeaseStore({ clock, fencing: 'none' });
    const answer = await store.tryAcquire(request, io);
    if (answer.status === 'granted') expectTypeOf(answer.token).toEqualTypeOf<undefined>();
  });
});
