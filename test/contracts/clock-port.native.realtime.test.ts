/** The clock whose boot time comes from the system's own library keeps the laws of every clock port, and agrees with Node's clocks. */
import { uptime } from 'node:os';
import { BoundedClock, monitorPauses, ntp, NtpServer, systemClock } from 'truechimer';
import { acquire } from 'truechimer/lease';
import { type KoffiModule, nativeClocks, type NativeClocks, type NativeWay } from 'truechimer/native';
import { MemoryLeaseStore } from 'truechimer/stores/memory';
import { describe, expect, it } from 'vitest';
import { elapseForReal } from '../support/elapse-for-real.ts';
import { clockPortContract } from './clock-port.ts';

const WAYS: readonly NativeWay[] = ['koffi', 'node:ffi'];

/** It has no binary for some machines, and says so when it is loaded. */
const koffi: KoffiModule | Error = await import('koffi').then(
  (loaded) => loaded.default,
  (error: unknown) => error as Error,
);

function opened(via: NativeWay): NativeClocks | undefined {
  const given = koffi instanceof Error ? {} : { koffi };
  const missing = via === 'koffi' && koffi instanceof Error ? koffi.message : undefined;
  const outcome = missing === undefined ? nativeClocks({ ...given, via }) : undefined;
  if (outcome?.status === 'available') return outcome;
  console.log(`native clocks through ${via} are not tested here: ${missing ?? outcome?.detail ?? ''}`);
  return undefined;
}

for (const via of WAYS) {
  const native = opened(via);
  if (native === undefined) {
    describe.skip(`native clocks through ${via}`, () => {
      it('keeps the contract', () => undefined);
    });
    continue;
  }

  clockPortContract(`native boot time through ${via}`, () => ({ port: native.clock.port, elapse: elapseForReal }));

  describe(`native clocks through ${via}`, () => {
    it('say through what they are read', () => {
      expect(native.via).toBe(via);
      expect(nativeClocks({ via, ...(koffi instanceof Error ? {} : { koffi }) })).toMatchObject({
        status: 'available',
      });
    });

    it('boot time is finer than that of Node, and within a step of it', () => {
      expect(native.clock.boot.granularityMs).toBeLessThan(1);
      const beforeMs = uptime() * 1000;
      const readMs = native.clock.port.bootMs();
      const afterMs = uptime() * 1000;
      expect(readMs).toBeGreaterThanOrEqual(beforeMs - 0.001);
      expect(readMs).toBeLessThanOrEqual(afterMs + (Number.isInteger(afterMs / 1000) ? 1000 : 10) + 0.001);
    });

    it.runIf(process.platform === 'linux')('active time is process.hrtime, to the nanosecond', () => {
      for (let read = 0; read < 1000; read += 1) {
        const beforeNs = process.hrtime.bigint();
        const nowNs = native.active.nowNs();
        const afterNs = process.hrtime.bigint();
        expect(nowNs >= beforeNs && nowNs <= afterNs).toBe(true);
      }
    });

    it('milliseconds are the nanoseconds, never ahead of them', () => {
      for (const clock of [native.boot, native.active, native.raw]) {
        const watch = clock.stopwatch();
        const beganNs = clock.nowNs();
        const spentNs = clock.nowNs() - beganNs;
        expect(watch.elapsedMs()).toBeGreaterThanOrEqual(Number(spentNs) / 1e6 - clock.granularityMs);
      }
    });

    it('deadlines pass on each of them', async () => {
      for (const clock of [native.boot, native.active, native.raw]) {
        const limit = clock.deadline(5);
        await new Promise((resolve) => limit.signal.addEventListener('abort', resolve));
        expect(limit.passed).toBe(true);
      }
    });

    it('a lease is held on it', async () => {
      const { clock } = native;
      const store = new MemoryLeaseStore({ clock: systemClock });
      const lease = await acquire(store, `native-${via}`, { ttlMs: 60_000, clock });
      if (!lease.acquired) throw new Error(lease.reason);
      expect(lease.check()).toMatchObject({ ok: true });
      await lease.release();
    });

    it('a monitor of pauses runs on it, with all that it has on the clock of the system', () => {
      using monitor = monitorPauses({ clock: native.clock });
      using usual = monitorPauses();
      expect(monitor.capabilities).toEqual({ ...usual.capabilities, bootClock: true });
    });

    it('a bounded clock runs on it', async () => {
      await using server = await NtpServer.listen();
      await using clock = await BoundedClock.start({ sources: [ntp(server.address)], clock: native.clock });
      expect(clock.now().status).toBe('bounded');
    });

    it.runIf(process.platform === 'linux')('the kernel tells about its clock, or the reason why not is said', () => {
      const kernel = native.kernelClock();
      if (kernel.status === 'unavailable') {
        console.log(`adjtimex is not tested here: ${kernel.detail}`);
        return;
      }
      expect(kernel.maxErrorMs).toBeGreaterThanOrEqual(0);
      expect(kernel.maxErrorMs).toBeLessThanOrEqual(16_000.001);
      expect(Math.abs(kernel.frequencyPpm)).toBeLessThanOrEqual(100_500);
      expect(kernel.synchronized && kernel.maxErrorMs >= 16_000).toBe(false);
    });
  });
}
