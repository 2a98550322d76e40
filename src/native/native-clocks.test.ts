import { describe, expect, it } from 'vitest';
import { systemClock } from '../node/index.ts';
import { FakeMachine, type FakeMachineOptions } from './native-clocks.fixture.ts';
import { nativeClocksOn } from './native-clocks.ts';
import type { NativeClocks } from './native-outcome.ts';

function opened(machine: FakeMachine): NativeClocks {
  const outcome = nativeClocksOn(machine.rim, { koffi: machine.koffi });
  if (outcome.status === 'unavailable') throw new Error(outcome.detail);
  return outcome;
}

const denied = (): Error => Object.assign(new Error('not allowed'), { code: 'ERR_ACCESS_DENIED' });

describe('which way is taken', () => {
  it('node:ffi first, and koffi is not touched', () => {
    const machine = new FakeMachine();
    const koffi = {
      load: () => {
        throw new Error('touched');
      },
    };
    expect(nativeClocksOn(machine.rim, { koffi })).toMatchObject({ status: 'available', via: 'node:ffi' });
  });

  it('koffi where there is no node:ffi', () => {
    const machine = new FakeMachine();
    machine.hasFfi = false;
    expect(nativeClocksOn(machine.rim, { koffi: machine.koffi })).toMatchObject({ via: 'koffi' });
  });

  it("via 'koffi' does not even ask for node:ffi, which would print a warning", () => {
    const machine = new FakeMachine();
    expect(nativeClocksOn(machine.rim, { koffi: machine.koffi, via: 'koffi' })).toMatchObject({ via: 'koffi' });
    expect(machine.ffiAsked).toBe(0);
  });

  it("via 'node:ffi' takes no koffi", () => {
    const machine = new FakeMachine();
    machine.hasFfi = false;
    const outcome = nativeClocksOn(machine.rim, { koffi: machine.koffi, via: 'node:ffi' });
    expect(outcome).toMatchObject({ status: 'unavailable', reason: 'no-ffi' });
  });

  it('koffi after a node:ffi that is not permitted', () => {
    const machine = new FakeMachine();
    const rim = {
      ...machine.rim,
      ffi: () => ({
        ...machine.ffi,
        dlopen: () => {
          throw denied();
        },
      }),
    };
    expect(nativeClocksOn(rim, { koffi: machine.koffi })).toMatchObject({ via: 'koffi' });
    expect(nativeClocksOn(rim)).toMatchObject({
      status: 'unavailable',
      reason: 'not-permitted',
      detail: 'not allowed',
    });
  });

  it('when both fail the reason is that of the first, and the detail names both', () => {
    const machine = new FakeMachine();
    machine.uptimeAheadS = -40;
    const koffi = {
      load: () => {
        throw new Error('koffi fails');
      },
    };
    const outcome = nativeClocksOn(machine.rim, { koffi });
    expect(outcome).toMatchObject({ status: 'unavailable', reason: 'disagreement' });
    expect(outcome).toHaveProperty('detail', expect.stringMatching(/lxcfs.*koffi fails/));
  });
});

describe('which library is opened', () => {
  it('the process itself, which is linked with its C library', () => {
    const machine = new FakeMachine();
    nativeClocksOn(machine.rim, { koffi: machine.koffi, via: 'koffi' });
    expect(machine.opened).toEqual([null]);
  });

  it('one by name, where the process shows no symbols', () => {
    const machine = new FakeMachine();
    machine.libraries = new Set(['libc.so']);
    expect(nativeClocksOn(machine.rim, { koffi: machine.koffi, via: 'koffi' })).toMatchObject({ status: 'available' });
    expect(machine.opened).toEqual([null, 'libc.so.6', 'libc.so']);
  });

  it.each([
    ['no library', (machine: FakeMachine) => (machine.libraries = new Set())],
    ['no clock_gettime', (machine: FakeMachine) => machine.functions.delete('clock_gettime')],
    ['no adjtimex', (machine: FakeMachine) => machine.functions.delete('adjtimex')],
  ])('%s: refused, with what was tried', (_, breakIt) => {
    const machine = new FakeMachine();
    breakIt(machine);
    const outcome = nativeClocksOn(machine.rim, { koffi: machine.koffi, via: 'koffi' });
    expect(outcome).toMatchObject({ status: 'unavailable', reason: 'no-function' });
    expect(outcome).toHaveProperty('detail', expect.stringContaining('libc.so.6: cannot open libc.so.6'));
  });
});

describe('where there are none', () => {
  it.each([
    { platform: 'freebsd' },
    { platform: 'android', architecture: 'arm64' },
    { platform: 'aix', architecture: 'ppc64' },
    { platform: 'constructor' },
    { platform: 'linux', architecture: 'arm' },
    { platform: 'linux', architecture: 'ia32' },
    { platform: 'win32', architecture: 'ia32' },
  ] satisfies FakeMachineOptions[])('$platform, $architecture', (options) => {
    const machine = new FakeMachine(options);
    expect(nativeClocksOn(machine.rim, { koffi: machine.koffi })).toMatchObject({ reason: 'platform' });
    expect([machine.opened, machine.ffiAsked]).toEqual([[], 0]);
  });

  it('neither node:ffi nor koffi', () => {
    const machine = new FakeMachine();
    machine.hasFfi = false;
    const outcome = nativeClocksOn(machine.rim);
    expect(outcome).toMatchObject({ status: 'unavailable', reason: 'no-ffi' });
    expect(outcome).toHaveProperty('detail', expect.stringContaining('nativeClocks({ koffi })'));
  });

  it('a clock that the kernel does not know, or that stands still', () => {
    const refusing = new FakeMachine();
    refusing.functions.set('clock_gettime', () => -1);
    expect(nativeClocksOn(refusing.rim)).toMatchObject({ status: 'unavailable', reason: 'no-clock' });
    const still = new FakeMachine();
    still.readNs = 0n;
    expect(nativeClocksOn(still.rim)).toMatchObject({ status: 'unavailable', reason: 'no-clock' });
  });
});

describe('wrong options', () => {
  const machine = new FakeMachine();
  it.each([
    [{ koffi: 'koffi' }, 'requires the koffi module, got string "koffi"'],
    [{ koffi: {} }, 'requires the koffi module'],
    [{ via: 'ffi' }, "requires 'node:ffi' or 'koffi'"],
    [{ via: 'koffi' }, 'nativeClocks({ koffi, via'],
    [{ kofi: machine.koffi }, 'Did you mean koffi?'],
    [machine.koffi, 'unknown option load'],
  ])('%j', (options, says) => {
    expect(() => nativeClocksOn(machine.rim, options as never)).toThrow(says);
    expect(() => nativeClocksOn(machine.rim, options as never)).toThrow('TC_INVALID_ARGUMENT');
  });
});

describe.each([
  { platform: 'linux' },
  { platform: 'darwin', architecture: 'arm64' },
  { platform: 'win32' },
] satisfies FakeMachineOptions[])('the clocks, on $platform', (options) => {
  it('a suspend shows between boot and active time', () => {
    const machine = new FakeMachine(options);
    const { boot, active } = opened(machine);
    const [bootWatch, activeWatch] = [boot.stopwatch(), active.stopwatch()];
    machine.sleptNs += 60_000_000_000n;
    expect(bootWatch.elapsedMs()).toBeCloseTo(60_000, 2);
    expect(activeWatch.elapsedMs()).toBeLessThan(1);
    expect([boot.countsSuspend, active.countsSuspend]).toEqual([true, false]);
  });

  it('nanoseconds are exactly what the system says', () => {
    const machine = new FakeMachine(options);
    machine.activeNs = 9_007_199_254_740_993_100n;
    const native = opened(machine);
    const stepNs = options.platform === 'win32' ? 100n : 1n;
    for (const [clock, readNs] of [
      [native.boot, () => machine.bootNs],
      [native.active, () => machine.activeNs],
    ] as const) {
      const nowNs = clock.nowNs();
      expect(nowNs).toBe((readNs() / stepNs) * stepNs);
    }
  });

  it('have identities of their own, and boot is the clock’s', () => {
    const { boot, active, raw, clock } = opened(new FakeMachine(options));
    expect(new Set([boot.id, active.id, raw.id, clock.monotonic.id, systemClock.boot.id]).size).toBe(5);
    expect(boot.id).toBe(clock.boot.id);
    expect(clock.boot.now().since(boot.now())).toBeLessThanOrEqual(0);
    expect(() => clock.boot.now().since(active.now() as never)).toThrow('TC_CLOCK_MISMATCH');
  });
});

describe('the clock', () => {
  it('is the machine’s in everything but boot time', () => {
    const machine = new FakeMachine();
    const { clock } = opened(machine);
    const { port } = clock;
    const ours = machine.clock;
    expect(port.monotonicId).toBe(ours.monotonicId);
    expect(port.bootId).not.toBe(ours.bootId);
    expect([port.monotonicMs(), port.wallMs()]).toEqual([ours.monotonicMs(), ours.wallMs()]);
    expect(port.granularity).toMatchObject({
      monotonicMs: ours.granularity.monotonicMs,
      wallMs: ours.granularity.wallMs,
    });
    expect(port.granularity.bootMs).toBeLessThan(0.001);
    expect([port.monotonicCountsSuspend, port.wallSlewPpm]).toEqual([ours.monotonicCountsSuspend, ours.wallSlewPpm]);
    const calls: string[] = [];
    port.setTimer(() => calls.push('fired'), 5, { keepsAlive: true });
    ours.advance(5);
    expect(calls).toEqual(['fired']);
  });

  it('a deadline on boot time has passed after a suspend', () => {
    const machine = new FakeMachine();
    const { clock } = opened(machine);
    const limit = clock.boot.deadline(1000);
    machine.sleptNs += 999_000_000n;
    expect(limit.passed).toBe(false);
    machine.sleptNs += 1_000_000n;
    expect(limit.passed).toBe(true);
  });
});
