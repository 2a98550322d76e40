import { describe, expect, it } from 'vitest';
import { World } from '../../test/support/scripted-source.ts';
import type { BoundedTime } from '../core/index.ts';
import { expectTruth, start, synchronized } from './bounded-clock.fixture.ts';

describe('waiting', () => {
  it('ready resolves with the first bound, and with one that is narrow enough', async () => {
    const world = new World();
    const { clock } = start(world, [world.source('a', { outMs: 20, backMs: 20 })]);
    const first = clock.ready();
    const narrow = clock.ready({ maxWidthMs: 10 });
    let narrowed = false;
    void narrow.then(
      () => (narrowed = true),
      () => {},
    );
    await world.clock.run(300);
    expect((await first).status).toBe('bounded');
    expect(narrowed).toBe(false);
    clock.stop();
    await expect(narrow).rejects.toMatchObject({ code: 'TC_STOPPED' });
    await expect(clock.ready()).rejects.toMatchObject({ code: 'TC_STOPPED' });
    expect(world.clock.pendingTimers).toBe(0);
  });

  it('G2: waitUntilPassed resolves once the moment has certainly passed, and soon', async () => {
    const { world, clock } = await synchronized();
    const target = expectTruth(world, clock.now()).latest + 2500;
    let passed: BoundedTime | undefined;
    void clock.waitUntilPassed(target).then((reading) => (passed = reading));
    await world.clock.run(2490);
    expect(passed).toBeUndefined();
    await world.clock.run(20);
    expect(passed!.earliest).toBeGreaterThan(target);
    expect(world.trueMs).toBeGreaterThan(target);
    expect(world.clock.pendingAliveTimers).toBe(0);
  });

  it('waitUntilPassed does not spin at the very edge of the moment', async () => {
    const { world, clock } = await synchronized();
    for (const aheadMs of [0, 2 ** -12, 2 ** -11, 0.5]) {
      const now = expectTruth(world, clock.now());
      let passed = false;
      void clock.waitUntilPassed(now.earliest + aheadMs).then(() => (passed = true));
      await world.clock.run(3);
      expect(passed).toBe(true);
    }
  });

  it('waits through a suspend', async () => {
    const { world, clock } = await synchronized();
    const target = world.trueMs + 5000;
    let passed: BoundedTime | undefined;
    void clock.waitUntilPassed(target).then((reading) => (passed = reading));
    await world.clock.run(10);
    world.clock.suspend(3_600_000);
    await world.clock.run(1500);
    expect(passed!.earliest).toBeGreaterThan(target);
    expect(world.clock.pendingAliveTimers).toBe(0);
  });

  it('rejects with the reason of the signal, or when the time is over, and leaves no timer', async () => {
    const { world, clock } = await synchronized();
    const abort = new AbortController();
    const far = world.trueMs + 1e9;
    const aborted = clock.waitUntilPassed(far, { signal: abort.signal });
    const late = clock.waitUntilPassed(far, { timeoutMs: 700 });
    const outcomes = Promise.allSettled([aborted, late]);
    const reason = new Error('enough');
    abort.abort(reason);
    await world.clock.run(800);
    const [first, second] = await outcomes;
    expect(first).toMatchObject({ status: 'rejected', reason });
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'TC_TIMED_OUT', name: 'TimeoutError' } });
    await expect(clock.ready({ signal: abort.signal })).rejects.toBe(reason);
    expect(world.clock.pendingAliveTimers).toBe(0);
  });

  it('an aborted wait leaves no timer that keeps the process alive, although a suspend woke it while it looked', async () => {
    const { world, sources, clock } = await synchronized();
    for (const source of sources) source.behaviour = 'silent';
    const abort = new AbortController();
    const waits = [1, 2, 3].map((n) => clock.waitUntilPassed(world.trueMs + n * 1e6, { signal: abort.signal }));
    const outcomes = Promise.allSettled(waits);
    world.clock.suspend(60_000);
    await world.clock.run(999);
    abort.abort();
    await outcomes;
    expect(world.clock.pendingAliveTimers).toBe(0);
    await world.clock.run(2000);
    expect(world.clock.pendingAliveTimers).toBe(0);
  });

  it('refuses a time limit that is none', () => {
    const world = new World();
    const { clock } = start(world, world.sources('a'));
    expect(() => void clock.waitUntilPassed(world.trueMs, { timeoutMs: 1.79e12 }).catch(() => {})).toThrow(
      /TC_EPOCH_AS_DURATION/u,
    );
    expect(() => void clock.waitUntilPassed(5).catch(() => {})).toThrow(/TC_DURATION_AS_EPOCH/u);
  });
});
