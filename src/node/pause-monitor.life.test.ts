import { describe, expect, it, vi } from 'vitest';
import { type PauseMonitorOptions, requireMonitorOptions } from './pause-monitor-options.ts';
import { distrustDetail, type Protected } from './pause-monitor-protection.ts';
import { Rig } from './pause-monitor.fixture.ts';
import { monitorPauses, PauseMonitor } from './pause-monitor.ts';
import { NO_SOURCES } from './pause-sources.ts';

describe('a gap that is told', () => {
  it('is followed by its pause though its listener closes the monitor, whenever the pause began', () => {
    for (const isWhileReading of [false, true]) {
      const rig = new Rig();
      rig.idle(1020);
      const mark = rig.monitor.mark();
      let lostMs = NaN;
      rig.monitor.onGap(() => {
        lostMs = rig.monitor.pausedSince(mark);
        rig.monitor.close();
      });
      if (isWhileReading) {
        let left = 1;
        rig.clock.afterRead = (clock) => {
          if (clock === 'wall' && (left -= 1) === 0) rig.clock.pass(400);
        };
        rig.idle(50);
      } else rig.stop(450);
      const { reads } = rig;
      expect(rig.gaps).toHaveLength(1);
      expect(rig.pauses).toHaveLength(1);
      expect(lostMs).toBeGreaterThan(360);
      rig.idle(1000);
      rig.settle();
      expect([rig.gaps.length, rig.pauses.length, rig.reads]).toEqual([1, 1, reads]);
    }
  });

  it('is told to all, also when a listener throws or blocks', () => {
    const rig = new Rig();
    rig.idle(1000);
    const told = vi.fn();
    rig.monitor.onGap(() => {
      rig.clock.pass(300);
    });
    rig.monitor.onGap(told);
    rig.stop(400);
    rig.settle();
    rig.idle(47);
    rig.settle();
    expect(told).toHaveBeenCalledTimes(1);
    expect(rig.pauses).toHaveLength(1);
    expect(rig.last?.gapMs).toBeGreaterThan(640);
  });
});

describe('protect', () => {
  it('makes a lease suspect and voids a bounded clock after a suspend', () => {
    const rig = new Rig();
    const lease = { suspect: vi.fn() };
    const clock = { distrust: vi.fn() };
    rig.monitor.protect(lease);
    const release = rig.monitor.protect(clock);
    rig.idle(1000);
    rig.clock.suspend(60_000);
    rig.idle(50);
    expect(lease.suspect.mock.calls).toEqual([[expect.stringMatching(/^the machine slept for about 60\d{3} ms$/)]]);
    expect(clock.distrust).toHaveBeenCalledTimes(1);
    release();
    rig.clock.stepWall(9000);
    rig.idle(50);
    expect(clock.distrust).toHaveBeenCalledTimes(1);
    expect(lease.suspect).toHaveBeenLastCalledWith(
      'the wall clock jumped forward by about 9000 ms and nothing explains it',
    );
  });

  it('does so when the hypervisor says that the machine was stopped, though no clock shows it', () => {
    const rig = new Rig();
    const lease = { suspect: vi.fn() };
    rig.monitor.protect(lease);
    rig.vmMarker = 1n;
    rig.idle(3000);
    rig.vmMarker = 2n;
    rig.idle(1000);
    expect(rig.pauses).toMatchObject([{ cause: 'vm-pause', certainty: 'counter', maxMs: Infinity }]);
    expect(lease.suspect).toHaveBeenCalledWith('the hypervisor says that this machine was stopped, moved or restored');
  });

  it('leaves alone what every clock has counted: a spin, a stop, and a step backward', () => {
    const rig = new Rig({ watchdog: true });
    const lease = { suspect: vi.fn() };
    rig.monitor.protect(lease);
    rig.spin(300);
    rig.settle();
    rig.stop(700);
    rig.hearContinued();
    rig.settle();
    rig.clock.stepWall(-9000);
    rig.idle(1000);
    expect(rig.pauses.map(({ cause }) => cause)).toEqual(['cpu', 'stopped']);
    expect(rig.steps).toHaveLength(1);
    expect(lease.suspect).not.toHaveBeenCalled();
  });

  it('goes by the evidence, whatever the cause is called', () => {
    const rig = new Rig();
    rig.spin(300);
    rig.settle();
    const spun = rig.last!;
    expect(distrustDetail(spun)).toBeUndefined();
    for (const marker of ['vmDisrupted', 'vmGenerationChanged']) {
      expect(distrustDetail({ ...spun, maxMs: Infinity, evidence: { ...spun.evidence, [marker]: true } })).toBe(
        'the hypervisor says that this machine was stopped, moved or restored',
      );
    }
    const slept = { ...spun, gapMs: 310, parts: { ...spun.parts, suspendedMs: 60 } };
    expect(distrustDetail(slept)).toBe('the machine slept for about 60 ms');
  });

  it('distrusts after a spin in which the machine was moved, and one with a short sleep in it', () => {
    const rig = new Rig();
    const lease = { suspect: vi.fn() };
    rig.monitor.protect(lease);
    rig.vmMarker = 1n;
    rig.idle(3000);
    rig.vmMarker = 2n;
    rig.spin(300);
    rig.settle();
    expect(rig.last).toMatchObject({ cause: 'cpu' });
    expect(lease.suspect).toHaveBeenCalledTimes(1);
    rig.clock.suspend(60);
    rig.spin(600);
    rig.settle();
    expect(rig.last).toMatchObject({ cause: 'cpu' });
    expect(lease.suspect).toHaveBeenCalledTimes(2);
  });

  it('says of a virtual machine that stood still how long that was', () => {
    const rig = new Rig();
    rig.spin(300);
    rig.settle();
    const pause = { ...rig.last!, cause: 'vm-pause' as const, gapMs: 1500.4 };
    expect(distrustDetail(pause)).toBe('the virtual machine stood still for about 1500 ms');
  });

  it('refuses what cannot be told', () => {
    const rig = new Rig();
    for (const wrong of [undefined, null, 5, {}, { suspect: true }, () => {}]) {
      expect(() => rig.monitor.protect(wrong as unknown as Protected)).toThrow(
        expect.objectContaining({ code: 'TC_INVALID_ARGUMENT', message: expect.stringContaining('Pass a lease') }),
      );
    }
  });
});

describe('the end of a monitor', () => {
  it('tells the pause that waits, lets everything go, and is silent from then on', () => {
    const rig = new Rig({ watchdog: true });
    rig.idle(1000);
    const mark = rig.monitor.mark();
    rig.stop(700);
    rig.monitor.close();
    expect(rig.pauses).toHaveLength(1);
    expect([...rig.closed].sort()).toEqual(['collections', 'continuation', 'ongoing', 'sources', 'timer', 'watchdog']);
    rig.stop(5000);
    rig.hearContinued();
    rig.settle();
    rig.idle(5000);
    expect(rig.pauses).toHaveLength(1);
    expect(rig.monitor.pausedSince(mark)).toBe(650);
    rig.monitor.close();
    rig.monitor[Symbol.dispose]();
    expect(rig.closed).toHaveLength(6);
  });

  it('tells the pause that it is closed in, though no wake-up saw it, and time lost stays lost', () => {
    const rig = new Rig({ watchdog: true });
    rig.idle(1000);
    const mark = rig.monitor.mark();
    rig.clock.pass(300);
    rig.runMs += 300;
    rig.activeMs += 300;
    rig.stacks = ['spin'];
    const lostMs = rig.monitor.pausedSince(mark);
    rig.monitor.close();
    expect(lostMs).toBe(250);
    expect(rig.monitor.pausedSince(mark)).toBe(250);
    expect(rig.pauses).toMatchObject([{ gapMs: 250, stacks: ['spin'], evidence: { runMs: 300, helperGapMs: 0 } }]);
  });

  it('names no cause at its end that hangs on what it did not wait to hear of', () => {
    const [spun, stopped, collected] = [new Rig({ watchdog: true }), new Rig({ watchdog: true }), new Rig()];
    for (const rig of [spun, stopped, collected]) {
      rig.idle(1000);
      rig.clock.pass(600);
    }
    for (const rig of [spun, collected]) {
      rig.runMs += 600;
      rig.activeMs += 600;
    }
    stopped.helperGapMs = 600;
    collected.collect({ startMs: collected.clock.exactMonotonicMs - 500, durationMs: 490 });
    for (const rig of [spun, stopped, collected]) rig.monitor.close();
    expect(spun.last).toMatchObject({ cause: 'unknown', candidates: ['cpu', 'gc'] });
    expect(spun.last?.evidence.gcMs).toBeUndefined();
    expect(stopped.last?.evidence.continued).toBeUndefined();
    expect(stopped.last).toMatchObject({ cause: 'unknown' });
    expect(collected.last).toMatchObject({ cause: 'gc' });
  });

  it('tells a pause that hangs on SIGCONT without saying that there was none', () => {
    const rig = new Rig({ watchdog: true });
    rig.idle(1000);
    rig.stop(700);
    rig.settle();
    rig.monitor.close();
    expect(rig.pauses).toHaveLength(1);
    expect(rig.last?.evidence.continued).toBeUndefined();
  });

  it('sees a suspend that it is closed after, and a listener may close it', () => {
    const rig = new Rig();
    rig.idle(1000);
    const mark = rig.monitor.mark();
    rig.monitor.onPause(() => {
      rig.monitor.close();
    });
    rig.clock.suspend(60_000);
    rig.clock.stepWall(-60_000);
    const lostMs = rig.monitor.pausedSince(mark);
    rig.monitor.close();
    expect(rig.pauses).toMatchObject([{ cause: 'suspend' }]);
    expect(rig.monitor.pausedSince(mark)).toBeGreaterThanOrEqual(lostMs);
    expect(rig.closed.filter((name) => name === 'sources')).toHaveLength(1);
  });

  it('ends with its signal, also one that has aborted already', () => {
    const controller = new AbortController();
    const rig = new Rig({ signal: controller.signal });
    controller.abort();
    expect(rig.closed).toContain('sources');
    expect(new Rig({ signal: controller.signal }).closed).toContain('sources');
  });

  it('never keeps the process alive', () => {
    const rig = new Rig();
    rig.idle(1000);
    rig.stop(700);
    rig.settle();
    expect(rig.clock.timers.all).toBeGreaterThan(1);
    expect(rig.clock.timers.keepingAlive).toBe(0);
  });

  it('closes its files when the watchdog refuses its options', () => {
    const rig = new Rig();
    const close = vi.fn();
    const settings = requireMonitorOptions({ watchdog: true });
    const startWatchdog = (): never => {
      throw new Error('refused');
    };
    const rim = { port: rig.clock, sources: { ...NO_SOURCES, close }, startWatchdog };
    expect(() => new PauseMonitor(settings, rim as never)).toThrow('refused');
    expect(close).toHaveBeenCalledTimes(1);
  });
});

describe('options', () => {
  it.each<[unknown, string, string]>([
    [5, 'TC_INVALID_ARGUMENT', 'Pass an object'],
    [{ interval: 5 }, 'TC_INVALID_ARGUMENT', 'Did you mean intervalMs?'],
    [{ intervalMs: 0 }, 'TC_OUT_OF_RANGE', 'intervalMs'],
    [{ thresholdMs: NaN }, 'TC_NOT_FINITE', 'thresholdMs'],
    [{ clockStepMs: 1.8e12 }, 'TC_EPOCH_AS_DURATION', 'clockStepMs'],
    [{ watchdog: 'yes' }, 'TC_INVALID_ARGUMENT', 'Pass { blockMs: 200 }'],
    [{ watchdog: { blockMs: 40 } }, 'TC_INVALID_ARGUMENT', 'raise blockMs'],
    [{ watchdog: { blockMs: 100, fence: 'SIGKILL' }, intervalMs: 60 }, 'TC_INVALID_ARGUMENT', 'raise blockMs'],
    [{ watchdog: { blockMs: 100, fence: 'SIGKILL' }, thresholdMs: 60 }, 'TC_INVALID_ARGUMENT', 'raise blockMs'],
    [{ watchdog: { fence: 'SIGFOO' } }, 'TC_INVALID_ARGUMENT', 'fence'],
    [{ suppress: 'cpu' }, 'TC_INVALID_ARGUMENT', "Pass ['starved']"],
    [{ suppress: ['cpus'] }, 'TC_INVALID_ARGUMENT', 'The causes are cpu, gc'],
    [{ signal: new AbortController() }, 'TC_INVALID_ARGUMENT', 'Pass controller.signal'],
    [{ clock: Date }, 'TC_INVALID_ARGUMENT', 'createClock'],
  ])('refuses %j with %s and a remedy', (options, code, remedy) => {
    expect(() => monitorPauses(options as PauseMonitorOptions)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(remedy) }),
    );
  });

  it('gives the watchdog a limit that the beats can keep', () => {
    expect(requireMonitorOptions({ watchdog: true }).watchdog).toEqual({ blockMs: 100 });
    expect(requireMonitorOptions({ watchdog: true, intervalMs: 500 }).watchdog).toEqual({ blockMs: 550 });
    expect(requireMonitorOptions({ watchdog: { intervalMs: 200 } }).watchdog).toEqual({
      intervalMs: 200,
      blockMs: 400,
    });
  });

  it('refuses a listener that is none', () => {
    const rig = new Rig();
    for (const name of ['onPause', 'onClockStep', 'onOngoing'] as const) {
      expect(() => rig.monitor[name](5 as never)).toThrow(expect.objectContaining({ code: 'TC_INVALID_ARGUMENT' }));
    }
  });
});
