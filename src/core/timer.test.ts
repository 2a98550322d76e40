import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ScriptedPort } from '../../test/support/scripted-port.ts';
import { armTimer, TIMER_CHUNK_MS_MAX, type TimerSpec } from './timer.ts';

interface Armed {
  readonly port: ScriptedPort;
  readonly firedAtMs: number[];
  cancel(): void;
}

type Arm = typeof armTimer;

function armed(durationMs: number, arm: Arm = armTimer): Armed {
  const port = new ScriptedPort();
  const firedAtMs: number[] = [];
  const handle = arm(specOf(port, durationMs), () => firedAtMs.push(port.nowMs));
  return {
    port,
    firedAtMs,
    cancel: () => {
      handle.cancel();
    },
  };
}

function specOf(port: ScriptedPort, durationMs: number): TimerSpec {
  return { port, readMs: () => port.monotonicMs(), untilMs: port.nowMs + durationMs, keepsAlive: true };
}

/** What a timer would be that believes the platform. */
const trusting: Arm = (spec, callback) =>
  spec.port.setTimer(callback, spec.untilMs - spec.readMs(), { keepsAlive: spec.keepsAlive });

describe('armTimer', () => {
  const neverEarly = (arm: Arm) =>
    fc.property(
      fc.double({ noNaN: true, min: 0, max: 1e10 }),
      fc.array(fc.double({ noNaN: true, min: 0, max: 1e9 }), { maxLength: 20 }),
      (durationMs, advances) => {
        const { port, firedAtMs } = armed(durationMs, arm);
        const untilMs = port.nowMs + durationMs;
        for (const advanceMs of advances) {
          port.advance(advanceMs);
          port.firePending();
        }
        port.nowMs = Math.max(port.nowMs, untilMs);
        port.firePending();
        port.firePending();
        return firedAtMs.length === 1 && (firedAtMs[0] as number) >= untilMs;
      },
    );

  it('fires exactly once and never early, whenever the platform fires its timers', () => {
    fc.assert(neverEarly(armTimer));
  });

  it('the law refuses a timer that believes the platform', () => {
    expect(fc.check(neverEarly(trusting)).failed).toBe(true);
  });

  it('sets itself again for the rest when the platform was early', () => {
    const { port, firedAtMs } = armed(250);
    expect(port.pending.map((timer) => timer.delayMs)).toEqual([250]);
    port.advance(249.25);
    port.firePending();
    expect(firedAtMs).toEqual([]);
    expect(port.pending.map((timer) => timer.delayMs)).toEqual([1]);
    port.advance(0.75);
    port.firePending();
    expect(firedAtMs).toEqual([1250.5]);
    expect(port.pending).toEqual([]);
  });

  it('never asks for less than what is left, so it does not spin', () => {
    const { port } = armed(0.25);
    expect(port.pending[0]?.delayMs).toBe(1);
  });

  it('is asynchronous even when the moment has come already', () => {
    for (const durationMs of [0, -500]) {
      const { port, firedAtMs } = armed(durationMs);
      expect(firedAtMs).toEqual([]);
      expect(port.pending[0]?.delayMs).toBe(0);
      port.firePending();
      expect(firedAtMs).toHaveLength(1);
    }
  });

  it('waits longer than the platform can, in pieces', () => {
    const { port, firedAtMs } = armed(2 ** 31 + 5);
    const delays: number[] = [];
    while (port.pending.length > 0) {
      const delayMs = port.pending[0]?.delayMs as number;
      delays.push(delayMs);
      port.advance(delayMs);
      port.firePending();
    }
    expect(delays).toEqual([TIMER_CHUNK_MS_MAX, TIMER_CHUNK_MS_MAX, 5]);
    expect(firedAtMs).toEqual([1000.5 + 2 ** 31 + 5]);
    expect(TIMER_CHUNK_MS_MAX).toBeLessThan(2 ** 31 - 1);
  });

  it('fires late when the platform is late, once', () => {
    const { port, firedAtMs } = armed(250);
    port.advance(60_000);
    port.firePending();
    expect(firedAtMs).toEqual([61_000.5]);
  });

  it('waits on the clock it is given, not on the one that drives the platform', () => {
    const port = new ScriptedPort();
    let fired = false;
    const spec = { port, readMs: () => port.bootMs(), untilMs: port.bootMs() + 1000, keepsAlive: false };
    armTimer(spec, () => (fired = true));
    port.suspendedMs = 1000;
    port.firePending();
    expect(fired).toBe(true);
  });

  it.each([true, false])('tells the platform whether it keeps the process alive: %s', (keepsAlive) => {
    const port = new ScriptedPort();
    armTimer({ ...specOf(port, 5), keepsAlive }, () => undefined);
    port.firePending();
    expect(port.timers.map((timer) => timer.keepsAlive)).toEqual([keepsAlive, keepsAlive]);
  });
});

describe('a cancelled timer', () => {
  it('does not fire, and leaves nothing with the platform', () => {
    const { port, firedAtMs, cancel } = armed(250);
    cancel();
    cancel();
    expect(port.pending).toEqual([]);
    expect(firedAtMs).toEqual([]);
  });

  it('takes back the platform timer that was set again', () => {
    const { port, cancel } = armed(250);
    port.firePending();
    cancel();
    expect(port.timers.map((timer) => timer.state)).toEqual(['fired', 'cancelled']);
  });

  it('does not fire even when the platform fires it all the same, and does not set itself again', () => {
    for (const advanceMs of [0, 500]) {
      const { port, firedAtMs, cancel } = armed(250);
      cancel();
      port.advance(advanceMs);
      port.timers[0]?.callback();
      expect(firedAtMs).toEqual([]);
      expect(port.timers).toHaveLength(1);
    }
  });

  it('may be cancelled after it fired, and from within its own callback', () => {
    const port = new ScriptedPort();
    let calls = 0;
    const handle = armTimer(specOf(port, 0), () => {
      calls += 1;
      handle.cancel();
    });
    port.firePending();
    handle.cancel();
    expect(calls).toBe(1);
  });

  it('a callback that throws has been called, and is not called again', () => {
    const port = new ScriptedPort();
    let calls = 0;
    armTimer(specOf(port, 0), () => {
      calls += 1;
      throw new Error('a bug of the callback');
    });
    expect(() => port.firePending()).toThrow('a bug of the callback');
    port.timers[0]?.callback();
    expect(calls).toBe(1);
  });
});
