import { describe, expect, it, vi } from 'vitest';
import { FenceDeadline, type Fenceable } from './pause-monitor-fence.ts';
import type { Protected } from './pause-monitor-protection.ts';
import { monitorPauses, type PauseMonitor } from './pause-monitor.ts';
import { startWatchdog, type Watchdog } from './watchdog.ts';

/** A window that a test moves. */
class FakeLease implements Fenceable {
  remainingMs: number;
  readonly listeners = new Set<() => void>();
  readonly #controller = new AbortController();

  constructor(remainingMs: number) {
    this.remainingMs = remainingMs;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  on(_name: 'renewed', listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  renew(toMs: number): void {
    this.remainingMs = toMs;
    for (const listener of this.listeners) listener();
  }

  end(): void {
    this.#controller.abort();
  }

  suspect(): void {}
}

function scene(): { deadline: FenceDeadline; set: (number | undefined)[]; at: (nowMs: number) => void } {
  const set: (number | undefined)[] = [];
  const setDeadline = (deadlineMs: number | undefined): boolean => {
    set.push(deadlineMs);
    return true;
  };
  let nowMs = 1000;
  const deadline = new FenceDeadline({ setDeadline, noticeMs: 150 } as Partial<Watchdog> as Watchdog, () => nowMs);
  return { deadline, set, at: (toMs) => (nowMs = toMs) };
}

describe('the deadline of a fence', () => {
  it('is as long before the end of the window as the watchdog needs, from the moment it is protected', () => {
    const { deadline, set, at } = scene();
    const lease = new FakeLease(30_000);
    deadline.add(lease);
    expect(set).toEqual([30_850]);
    at(1050);
    lease.remainingMs = 29_940;
    deadline.update();
    expect(set.at(-1)).toBe(30_840);
  });

  it('follows a renewal at once', () => {
    const { deadline, set } = scene();
    const lease = new FakeLease(10_000);
    deadline.add(lease);
    lease.renew(30_000);
    expect(set).toEqual([10_850, 30_850]);
  });

  it('near the end stays ahead of each wake-up, so that no beat ends it before the window ends', () => {
    const { deadline, set, at } = scene();
    const lease = new FakeLease(200);
    deadline.add(lease);
    for (const nowMs of [1050, 1100, 1150, 1199]) {
      at(nowMs);
      lease.remainingMs = 1200 - nowMs;
      deadline.update();
    }
    expect(set).toEqual([1050, 1051, 1101, 1151, 1200]);
    at(1250);
    lease.remainingMs = 0;
    deadline.update();
    expect(set.at(-1)).toBeUndefined();
  });

  it('is the earliest of several, and one that is over does not hide the others', () => {
    const { deadline, set, at } = scene();
    const [early, late] = [new FakeLease(1000), new FakeLease(5000)];
    deadline.add(late);
    const off = deadline.add(early);
    const offLast = deadline.add(new FakeLease(9000));
    expect(set).toEqual([5850, 1850]);
    offLast();
    at(2500);
    early.remainingMs = 0;
    late.remainingMs = 3500;
    deadline.update();
    expect(set.at(-1)).toBe(5850);
    off();
    off();
    late.end();
    expect(set.at(-1)).toBeUndefined();
  });

  // Written again, it would be counted anew on the boot clock, and put off by every suspend before the wake-up.
  it('stands while a lease may not be used but is not over, and is not written again', () => {
    const { deadline, set, at } = scene();
    const lease = new FakeLease(1000);
    deadline.add(lease);
    for (const nowMs of [1100, 1150, 1200]) {
      at(nowMs);
      lease.remainingMs = 0;
      deadline.update();
    }
    expect(set).toEqual([1850]);
    lease.renew(1000);
    expect(set).toEqual([1850, 2050]);
  });

  it.each<[string, (lease: FakeLease, off: () => void, deadline: FenceDeadline) => void]>([
    ['the lease is over', (lease) => lease.end()],
    ['it is not protected any more', (_lease, off) => off()],
    ['the monitor is closed', (_lease, _off, deadline) => deadline.close()],
  ])('is removed at once when %s, and nobody is listened to any more', (_what, end) => {
    const { deadline, set } = scene();
    const lease = new FakeLease(1000);
    const removed = vi.spyOn(lease.signal, 'removeEventListener');
    end(lease, deadline.add(lease), deadline);
    expect(set).toEqual([1850, undefined]);
    expect([lease.listeners.size, removed.mock.calls.length]).toEqual([0, 1]);
    deadline.update();
    lease.renew(9000);
    expect(set).toHaveLength(2);
  });

  it('is never set for a lease that is over already, nor by who protects nothing', () => {
    const { deadline, set } = scene();
    const lease = new FakeLease(1000);
    lease.end();
    deadline.add(lease)();
    deadline.update();
    expect(set).toEqual([]);
  });

  it('is none for a window without an end, and not a number', () => {
    const { deadline, set } = scene();
    deadline.add({ remainingMs: Infinity, signal: new AbortController().signal });
    deadline.add({ remainingMs: NaN, signal: new AbortController().signal });
    expect(set).toEqual([]);
    deadline.add(new FakeLease(1000))();
    expect(set).toEqual([1850, undefined]);
  });
});

describe('protect with fence', () => {
  function withMonitor<T>(watchdog: boolean | { fence: 'SIGTERM' }, use: (monitor: PauseMonitor) => T): T {
    const monitor = monitorPauses({ watchdog });
    try {
      return use(monitor);
    } finally {
      monitor.close();
    }
  }

  it.each([
    [false, /requires a watchdog with fence, got no watchdog\. Start it with/],
    [true, /requires a watchdog with fence, got one without\. Start it with/],
  ])('is refused where nobody would fence (watchdog: %j)', (watchdog, message) => {
    withMonitor(watchdog, (monitor) => {
      const expected = expect.objectContaining({
        code: 'TC_INVALID_ARGUMENT',
        message: expect.stringMatching(message),
      });
      expect(() => monitor.protect(new FakeLease(1000), { fence: true })).toThrow(expected);
      monitor.protect(new FakeLease(1000), { fence: false })();
    });
  });

  it('is refused where the watchdog is not there any more, or never was, with its reason', () => {
    const expected = (message: RegExp): unknown =>
      expect.objectContaining({ code: 'TC_INVALID_ARGUMENT', message: expect.stringMatching(message) });
    const dogs = Array.from({ length: 8 }, () => startWatchdog({ stack: false }));
    try {
      withMonitor({ fence: 'SIGTERM' }, (monitor) => {
        expect(() => monitor.protect(new FakeLease(1000), { fence: true })).toThrow(
          expected(/one that is unavailable \(8 watchdogs run .*protect without fence/),
        );
        monitor.protect(new FakeLease(1000))();
      });
    } finally {
      for (const dog of dogs) dog.close();
    }
    withMonitor({ fence: 'SIGTERM' }, (monitor) => {
      monitor.protect(new FakeLease(1000), { fence: true })();
      monitor.watchdog?.close();
      expect(() => monitor.protect(new FakeLease(1000), { fence: true })).toThrow(expected(/one that is closed\. /));
    });
  });

  it('is refused for what has no end, and for what is no option', () => {
    withMonitor({ fence: 'SIGTERM' }, (monitor) => {
      const clock: Protected = { distrust: () => undefined };
      for (const [subject, options, remedy] of [
        [clock, { fence: true }, /remainingMs and a signal.*Pass a lease/],
        [{ ...clock, remainingMs: 5, signal: 5 }, { fence: true }, /Pass a lease/],
        [clock, { fence: 'yes' }, /fence/],
        [clock, { fense: true }, /fence/],
      ] as const) {
        expect(() => monitor.protect(subject as never, options as never)).toThrow(
          expect.objectContaining({ code: 'TC_INVALID_ARGUMENT', message: expect.stringMatching(remedy) }),
        );
      }
    });
  });

  it('sets the deadline of the watchdog, anew at wake-ups, and not at all for who does not ask for it', async () => {
    const monitor = monitorPauses({ intervalMs: 5, watchdog: { fence: 'SIGTERM' } });
    try {
      const set = vi.spyOn(monitor.watchdog!, 'setDeadline');
      monitor.protect(new FakeLease(1e6));
      await vi.waitUntil(() => monitor.histogram.raw.count > 2, { timeout: 60_000, interval: 1 });
      expect(set).not.toHaveBeenCalled();
      const unprotect = monitor.protect(new FakeLease(1e6), { fence: true });
      expect(set.mock.calls[0]![0]! - performance.now()).toBeLessThanOrEqual(1e6 - 150);
      await vi.waitUntil(() => set.mock.calls.length > 3, { timeout: 60_000, interval: 1 });
      unprotect();
      expect(set.mock.lastCall).toEqual([undefined]);
    } finally {
      monitor.close();
    }
  });
});
