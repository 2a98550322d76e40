/**
 * The laws of a `ClockPort`: what the machine's clock and every simulated one must keep.
 */
import { describe, expect, it } from 'vitest';
import { createClock, type ClockPort } from 'truechimer';

/** A port under test, and how time passes on it. */
export interface PortUnderTest {
  readonly port: ClockPort;
  /** Lets at least `ms` of monotonic time pass, with timers and promises running. */
  elapse(ms: number): Promise<void>;
}

const SLACK_MS = 1e-6;

/** Registers the suite for one kind of port. */
export function clockPortContract(name: string, make: () => PortUnderTest): void {
  describe(`the contract of a clock port: ${name}`, () => {
    it('never goes back, on either monotonic clock', async () => {
      const { port, elapse } = make();
      let monotonicMs = port.monotonicMs();
      let bootMs = port.bootMs();
      for (let turn = 0; turn < 50; turn += 1) {
        if (turn % 10 === 0) await elapse(1);
        for (let reads = 0; reads < 20; reads += 1) {
          const nextMs = port.monotonicMs();
          const nextBootMs = port.bootMs();
          expect(nextMs).toBeGreaterThanOrEqual(monotonicMs);
          expect(nextBootMs).toBeGreaterThanOrEqual(bootMs);
          monotonicMs = nextMs;
          bootMs = nextBootMs;
        }
      }
    });

    it('advances on all three clocks together, within their granularities', async () => {
      const { port, elapse } = make();
      const { granularity } = port;
      const before = { monotonic: port.monotonicMs(), boot: port.bootMs(), wall: port.wallMs() };
      await elapse(40);
      const boot = port.bootMs() - before.boot;
      const wall = port.wallMs() - before.wall;
      const monotonic = port.monotonicMs() - before.monotonic;
      expect(monotonic).toBeGreaterThanOrEqual(40 - granularity.monotonicMs - SLACK_MS);
      expect(boot).toBeGreaterThanOrEqual(40 - granularity.bootMs - SLACK_MS);
      expect(wall).toBeGreaterThanOrEqual(40 - granularity.wallMs - SLACK_MS);
    });

    it('says how coarse its clocks are, and the wall clock reads in whole steps', () => {
      const { port } = make();
      const { monotonicMs, bootMs, wallMs } = port.granularity;
      for (const stepMs of [monotonicMs, bootMs, wallMs]) expect(stepMs).toBeGreaterThan(0);
      expect(port.wallMs() % wallMs).toBe(0);
    });

    it('has two identities, so that instants of its clocks never mix', () => {
      const { port } = make();
      const clock = createClock(port);
      expect(port.monotonicId).not.toBe(port.bootId);
      expect(() => clock.monotonic.now().since(clock.boot.now() as never)).toThrow(TypeError);
    });

    it('calls a timer once, later, and never when it was cancelled', async () => {
      const { port, elapse } = make();
      const calls: string[] = [];
      port.setTimer(() => calls.push('fired'), 5, { keepsAlive: true });
      const cancelled = port.setTimer(() => calls.push('cancelled'), 5, { keepsAlive: true });
      expect(calls).toEqual([]);
      cancelled.cancel();
      cancelled.cancel();
      await elapse(60);
      await elapse(60);
      expect(calls).toEqual(['fired']);
    });

    it('calls timers in the order in which they are due', async () => {
      const { port, elapse } = make();
      const calls: number[] = [];
      for (const delayMs of [60, 5, 30]) port.setTimer(() => calls.push(delayMs), delayMs, { keepsAlive: true });
      await elapse(150);
      expect(calls).toEqual([5, 30, 60]);
    });

    it('carries the typed face: sleep and deadline are never early', async () => {
      const { port, elapse } = make();
      const clock = createClock(port);
      const watch = clock.monotonic.stopwatch();
      const limit = clock.monotonic.deadline(20);
      let sleptMs = -1;
      const slept = clock.timers.sleep(20).then(() => {
        sleptMs = watch.elapsedMs();
      });
      let abortedMs = -1;
      limit.signal.addEventListener('abort', () => {
        abortedMs = watch.elapsedMs();
      });
      await elapse(150);
      await slept;
      expect(sleptMs).toBeGreaterThanOrEqual(20 - SLACK_MS);
      expect(abortedMs).toBeGreaterThanOrEqual(20 - port.granularity.monotonicMs - SLACK_MS);
      expect(limit.passed).toBe(true);
    });
  });
}
