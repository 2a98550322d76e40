import { describe, expect, it } from 'vitest';
import { later, never, outcome, scene, type Scene } from './lease.fixture.ts';
import { FREED_AGAIN_MAX } from './lease-attempt.ts';
import type { StoreIo } from './store-port.ts';

/** With the default model a third of the window is 294 ms less a little. */
const TTL_MS = 900;
const reason = new Error('shutting down');

/** A store as one over a database client is: aborting it rejects at once, and the request is done all the same. */
function deafTo(at: Scene, grantMs: number): { isHeld(): boolean } {
  let held = false;
  at.store.onAcquire = (_, io: StoreIo) => {
    const granted = later(at.clock, grantMs, () => {
      held = true;
      return at.store.grant();
    });
    const aborted = new Promise((_resolve, reject) => {
      io.signal.addEventListener('abort', () => {
        reject(io.signal.reason as Error);
      });
    });
    return Promise.race([granted, aborted]);
  };
  at.store.onRelease = () => {
    const answer = held ? 'released' : 'not-held';
    held = false;
    return answer;
  };
  return { isHeld: () => held };
}

describe('an attempt that was given up before its grant was made', () => {
  it('is freed when it was out of time, though nobody hears the grant', async () => {
    const at = scene();
    const store = deafTo(at, 600);
    expect(await outcome(at, at.acquire({ ttlMs: TTL_MS }))).toMatchObject({ reason: 'unreachable' });
    await at.clock.advanceAsync(TTL_MS - at.clock.world.nowMs);
    expect(store.isHeld()).toBe(false);
    expect(at.store.of('release').map(({ grant }) => grant.holderId)).toEqual(Array<string>(3).fill('holder-1'));
    expect(at.clock.node.timerCount).toBe(0);
  });

  it('is freed when it was aborted', async () => {
    const at = scene();
    const store = deafTo(at, 200);
    const controller = new AbortController();
    const got = at.acquire({ ttlMs: TTL_MS, signal: controller.signal });
    await at.clock.advanceAsync(10);
    controller.abort(reason);
    await expect(got).rejects.toBe(reason);
    await at.clock.advanceAsync(TTL_MS);
    expect(store.isHeld()).toBe(false);
    expect(at.store.of('release')).toHaveLength(2);
  });

  it('is not freed for ever, nor does that keep the process alive', async () => {
    const at = scene();
    at.store.onAcquire = never;
    at.store.onRelease = () => 'not-held';
    await outcome(at, at.acquire({ ttlMs: TTL_MS }));
    await at.clock.advanceAsync(TTL_MS * 10);
    expect(at.store.of('release')).toHaveLength(1 + FREED_AGAIN_MAX);
    expect(at.clock.node.timerCount).toBe(0);
  });

  it('one that the store has answered with a failure is freed once', async () => {
    const at = scene();
    at.store.onAcquire = () => Promise.reject(new Error('refused'));
    at.store.onRelease = () => 'not-held';
    await outcome(at, at.acquire({ ttlMs: TTL_MS }));
    await at.clock.advanceAsync(TTL_MS * 10);
    expect(at.store.of('release')).toHaveLength(1);
  });
});
