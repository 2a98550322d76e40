import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, describe, expect, it } from 'vitest';
import { BoundedClock } from './bounded-clock.ts';
import { DIAGNOSTICS_CHANNELS } from './diagnostics.ts';
import { NtpServer } from './ntp-server.ts';
import { systemClock } from './system-clock.ts';

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function server(options: Parameters<typeof NtpServer.listen>[0] = {}): Promise<NtpServer> {
  const started = await NtpServer.listen(options);
  cleanups.push(() => started.close());
  return started;
}

function keep(clock: BoundedClock): BoundedClock {
  cleanups.push(() => {
    clock.stop();
  });
  return clock;
}

describe('BoundedClock.start', () => {
  it('takes addresses, waits for the first bound, and answers in epoch milliseconds', async () => {
    const clock = keep(await BoundedClock.start({ sources: [(await server()).address] }));
    const now = clock.now();
    expect(now.status).toBe('bounded');
    if (now.status !== 'bounded') return;
    expect(Math.abs(now.earliest - Date.now())).toBeLessThan(60_000);
    expect(now.latest).toBeGreaterThanOrEqual(now.earliest);
    expect(now.premises).toEqual({
      driftPpm: 50,
      falsetickersTolerated: 0,
      sourcesConfigured: 1,
      sourcesAnswering: 1,
      timeScale: 'utc',
    });
  });

  it('takes IPv6 addresses', async () => {
    const six = await server({ host: '::1' });
    expect(six.address).toMatch(/^\[::1\]:\d+$/);
    const clock = keep(await BoundedClock.start({ sources: [six.address] }));
    expect(clock.now().status).toBe('bounded');
  });

  it('resolves unbounded when every source fails at once, long before its limit', async () => {
    const watch = systemClock.monotonic.stopwatch();
    const clock = keep(await BoundedClock.start({ sources: ['127.0.0.1:9'], waitMs: 600_000 }));
    expect(clock.now()).toMatchObject({ status: 'unbounded' });
    expect(watch.elapsedMs()).toBeLessThan(600_000);
  });

  it('does not wait with waitMs 0, and startWithoutWaiting is synchronous', async () => {
    const { address } = await server();
    expect(keep(await BoundedClock.start({ sources: [address], waitMs: 0 })).now().status).toBe('unbounded');
    const clock = keep(BoundedClock.startWithoutWaiting({ sources: [address] }));
    expect(clock.now()).toMatchObject({ status: 'unbounded', reason: 'synchronizing' });
    await clock.ready();
  });

  it.each([
    ['no sources', { sources: [] }, 'TC_INVALID_ARGUMENT'],
    ['a string for sources', { sources: 'time.example.net' }, 'TC_INVALID_ARGUMENT'],
    ['a number for a source', { sources: [5] }, 'TC_INVALID_ARGUMENT'],
    ['the same server twice', { sources: ['127.0.0.1:9', '127.0.0.1:9'] }, 'TC_INVALID_ARGUMENT'],
    ['no port', { sources: ['127.0.0.1:0'] }, 'TC_INVALID_ARGUMENT'],
    ['a negative drift bound', { sources: ['127.0.0.1:9'], driftPpm: -1 }, 'TC_OUT_OF_RANGE'],
    ['a majority of liars', { sources: ['127.0.0.1:9', '127.0.0.1:10'], falsetickers: 1 }, 'TC_OUT_OF_RANGE'],
    ['an epoch for a duration', { sources: ['127.0.0.1:9'], waitMs: 1_790_000_000_000 }, 'TC_EPOCH_AS_DURATION'],
  ])('refuses %s', async (_name, options, code) => {
    await expect(BoundedClock.start(options as never)).rejects.toMatchObject({ code });
  });
});

describe('diagnostics', () => {
  it('publishes what the clock announces', async () => {
    const seen: unknown[] = [];
    const listener = (message: unknown): void => void seen.push(message);
    for (const name of [DIAGNOSTICS_CHANNELS.status, DIAGNOSTICS_CHANNELS.source]) {
      subscribe(name, listener);
      cleanups.push(() => unsubscribe(name, listener));
    }
    const { address } = await server();
    const clock = keep(await BoundedClock.start({ sources: [address] }));
    expect(seen).toContainEqual({ clock, from: 'synchronizing', to: 'synchronized' });
    expect(seen).toContainEqual({ clock, name: address, from: 'unmeasured', to: 'truechimer' });
  });
});

describe('an instant from before', () => {
  it('can be bounded afterwards', async () => {
    const clock = keep(await BoundedClock.start({ sources: [(await server()).address] }));
    const earlier = systemClock.monotonic.now();
    await clock.ready();
    const then = clock.at(earlier);
    const now = clock.now();
    expect(then.status).toBe('bounded');
    if (then.status === 'bounded' && now.status === 'bounded') expect(then.earliest).toBeLessThan(now.latest);
    expect(() => clock.at(systemClock.monotonic.now().plus(600_000))).toThrow('TC_OUT_OF_RANGE');
    expect(() => clock.at(systemClock.boot.now() as never)).toThrow('TC_CLOCK_MISMATCH');
  });
});
