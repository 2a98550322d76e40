import { describe, expect, it, onTestFinished } from 'vitest';
import { holderWindow } from './holder-window.ts';
import { never, scene, TTL_MS } from './lease.fixture.ts';

const WINDOW_MS = holderWindow({ ttlMs: TTL_MS });
const THIRD_MS = WINDOW_MS / 3;

describe('a store that is written wrong', () => {
  it.each<[string, unknown]>([
    ['a misspelt answer', 'renewd'],
    ['undefined', undefined],
    ['null', null],
    ['true', true],
    ['a grant', { status: 'granted' }],
  ])('%s to a renewal is no information, and says how to mend it', async (_, answer) => {
    const { clock, store, runtime, held } = scene();
    store.onRenew = () => answer;
    const lease = await held();
    await clock.advanceAsync(THIRD_MS);
    expect(lease.check().ok).toBe(true);
    expect(runtime.count('renewed')).toBe(0);
    const trouble = runtime.heard.find(({ event }) => event === 'trouble');
    expect(String(trouble?.['error'])).toMatch(/requires renew to answer 'renewed' or 'lost'.*Mend this adapter/);
    await clock.advanceAsync(WINDOW_MS);
    expect(lease.state).toBe('lost');
  });

  it('one that throws at once is like one that rejects', async () => {
    const { clock, store, runtime, held } = scene();
    store.onRenew = () => {
      throw new Error('not connected');
    };
    const lease = await held();
    await clock.advanceAsync(THIRD_MS);
    expect(lease.state).toBe('held');
    expect(await lease.renew()).toBe('unknown');
    expect(runtime.count('trouble')).toBeGreaterThanOrEqual(2);
  });

  it('one that answers without a promise is understood', async () => {
    const { clock, store, held } = scene();
    store.onAcquire = () => store.grant();
    store.onRenew = () => 'renewed';
    store.onRelease = () => 'released';
    const lease = await held();
    await clock.advanceAsync(WINDOW_MS * 2);
    expect(lease.state).toBe('held');
    expect(await lease.release()).toBe('released');
  });
});

describe('listeners', () => {
  it('that throw disturb nothing but the platform, which is told', async () => {
    const unhandled: string[] = [];
    const earlier = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection');
    process.on('unhandledRejection', (error) => unhandled.push(String(error)));
    onTestFinished(() => {
      process.removeAllListeners('unhandledRejection');
      for (const listener of earlier) process.on('unhandledRejection', listener);
    });
    const { clock, store, held } = scene();
    store.onRenew = never;
    const fail = (): never => {
      throw new Error('a listener');
    };
    const lease = await held({ on: { acquired: fail, jeopardy: fail, lost: fail } });
    await clock.advanceAsync(WINDOW_MS + 1);
    expect(lease.signal.aborted).toBe(true);
    expect(clock.node.timerCount).toBe(0);
    expect(unhandled).toEqual(Array<string>(3).fill('Error: a listener'));
  });

  it('that check again when a check was refused are not told without end', async () => {
    const { runtime, held } = scene();
    let told = 0;
    const lease = await held({
      on: {
        rejected: () => {
          told += 1;
          expect(lease.check({ needsMs: TTL_MS }).ok).toBe(false);
        },
      },
    });
    lease.check({ needsMs: TTL_MS });
    lease.check({ needsMs: TTL_MS });
    expect(told).toBe(2);
    expect(runtime.count('rejected')).toBe(2);
  });

  it('may use the lease, release it, and stop listening', async () => {
    const { clock, store, held } = scene();
    const lease = await held();
    const seen: string[] = [];
    const stop = lease.on('renewed', () => {
      seen.push(`renewed ${String(lease.check().ok)}`);
      void lease.release();
    });
    lease.on('lost', () => seen.push('lost'));
    lease.on('released', ({ ending }) => seen.push(ending));
    await clock.advanceAsync(WINDOW_MS);
    stop();
    expect(seen).toEqual(['renewed true', 'released']);
    expect(store.of('release')).toHaveLength(1);
    expect(clock.node.timerCount).toBe(0);
    expect(() => lease.on('losst' as 'lost', () => undefined)).toThrow(/Did you mean lost/);
  });
});
