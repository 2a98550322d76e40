import { describe, expect, it } from 'vitest';
import { PAUSE_COUNTERS } from '../pause/index.ts';
import { MachineSources, NO_SOURCES, type ProcessSignals, type ReadingDraft } from './pause-sources.ts';
import { failure, FakeFiles } from './procfs.fixture.ts';

/** What Node tells, as read on one of each kind of machine. */
function signals(platform: string, more: Partial<ProcessSignals> = {}): ProcessSignals {
  return {
    platform,
    cpuUsage: () => ({ user: 250_000, system: 12_500 }),
    resourceUsage: () => ({ majorPageFault: 4, voluntaryContextSwitches: 90, involuntaryContextSwitches: 8 }),
    eventLoopUtilization: () => ({ active: 300.5, idle: 4000.25 }),
    processorCount: () => 2,
    ...more,
  };
}

/** A machine with every file. */
function linux(): FakeFiles {
  return new FakeFiles({
    '/proc/thread-self/schedstat': '1000000 2000000 3\n',
    '/proc/thread-self/status': 'Name:\tnode\nTracerPid:\t0\n',
    '/proc/stat': 'cpu  1 2 3 4 5 6 7 8 9\nintr 9 8\nctxt 11\n',
    '/proc/pressure/cpu': 'some avg10=0.00 total=1000\n',
    '/proc/pressure/memory': 'some avg10=0.00 total=2000\n',
    '/proc/pressure/io': 'some avg10=0.00 total=3000\n',
    '/proc/self/cgroup': '0::/app\n',
    '/proc/self/mountinfo': '30 23 0:26 / /cg rw - cgroup2 cgroup2 rw\n',
    '/cg/cgroup.controllers': 'cpu\n',
    '/cg/cpu.stat': 'usage_usec 1\n',
    '/cg/app/cpu.stat': 'usage_usec 1\nnr_throttled 2\nthrottled_usec 5000\n',
    '/cg/app/cgroup.stat.local': 'frozen_usec 6000\n',
    '/sys/power/suspend_stats/success': '3\n',
    '/sys/class/rtc/rtc0/since_epoch': '1795545245\n',
  });
}

function read(sources: MachineSources, look = { atMs: 0, isLate: true }): ReadingDraft {
  const reading: ReadingDraft = { monotonicMs: 0, counters: {} };
  sources.enterFast(reading.counters);
  sources.enterSlow(reading, look);
  return reading;
}

describe('MachineSources', () => {
  it('reads everything that Linux tells', () => {
    const threadCpuUsage = (): { user: number; system: number } => ({ user: 1000, system: 500 });
    const sources = new MachineSources(signals('linux', { threadCpuUsage }), linux().access);
    expect(read(sources)).toEqual({
      monotonicMs: 0,
      counters: {
        eluActiveMs: 300.5,
        eluIdleMs: 4000.25,
        processCpuMs: 262.5,
        threadCpuMs: 1.5,
        runMs: 1,
        waitMs: 2,
        stealMs: 80,
        systemSwitchCount: 11,
        interruptCount: 9,
        psiCpuMs: 1,
        psiMemoryMs: 2,
        psiIoMs: 3,
        throttledMs: 5,
        throttledCount: 2,
        frozenMs: 6,
        suspendCount: 3,
        rtcMs: 1_795_545_245_000,
        majorFaultCount: 4,
        voluntarySwitchCount: 90,
        involuntarySwitchCount: 8,
      },
      processorCount: 2,
      traced: false,
      vmMarker: undefined,
      vmGeneration: undefined,
    });
    const { vmclock, ...rest } = sources.readable;
    expect([vmclock, ...new Set(Object.values(rest))]).toEqual([false, true]);
  });

  it('reads the system alone where its file is short, and else leaves that to the slow readings', () => {
    const files = linux();
    const sources = new MachineSources(signals('linux'), files.access);
    const switches = (): unknown => {
      const counters: ReadingDraft['counters'] = { systemSwitchCount: 5 };
      sources.enterSystem(counters);
      return counters.systemSwitchCount;
    };
    expect(switches()).toBeUndefined();
    read(sources);
    expect(switches()).toBe(11);
    files.set('/proc/stat', `cpu  1 2 3 4 5 6 7 8 9\nintr 9${' 8'.repeat(3000)}\nctxt 12\n`);
    expect([read(sources).counters.systemSwitchCount, switches()]).toEqual([12, undefined]);
    files.set('/proc/stat', failure('EIO'));
    expect(switches()).toBeUndefined();
  });

  it('does not count processors where Node finds none', () => {
    const sources = new MachineSources(signals('linux', { processorCount: () => 0 }), linux().access);
    expect(read(sources).processorCount).toBeUndefined();
  });

  it('reads on macOS what Node tells, and opens nothing', () => {
    const files = linux();
    const sources = new MachineSources(signals('darwin'), files.access);
    const { counters, traced } = read(sources);
    expect(counters).toMatchObject({ processCpuMs: 262.5, majorFaultCount: 4, voluntarySwitchCount: 90 });
    expect([counters.runMs, counters.throttledMs, traced]).toEqual([undefined, undefined, undefined]);
    expect(files.opened.size).toBe(0);
    expect(sources.readable).toEqual(NO_SOURCES.readable);
  });

  it('does not believe the counts of Windows that mean something else', () => {
    const { counters } = read(new MachineSources(signals('win32'), linux().access));
    expect(counters).toEqual({
      eluActiveMs: 300.5,
      eluIdleMs: 4000.25,
      processCpuMs: 262.5,
      threadCpuMs: undefined,
      runMs: undefined,
      waitMs: undefined,
    });
  });

  it('works with what is left when files are not permitted', () => {
    const files = linux();
    for (const path of files.contents.keys()) files.set(path, failure('ERR_ACCESS_DENIED'));
    const sources = new MachineSources(signals('linux'), files.access);
    expect(Object.values(read(sources).counters).filter((value) => value !== undefined)).toHaveLength(6);
    expect(sources.readable).toEqual(NO_SOURCES.readable);
    sources.close();
  });

  it('never enters a total again that it can no longer read', () => {
    const files = linux();
    const sources = new MachineSources(signals('linux'), files.access);
    const reading = read(sources);
    for (const path of files.contents.keys()) files.set(path, failure('EIO'));
    sources.enterFast(reading.counters);
    expect([reading.counters.runMs, reading.counters.waitMs]).toEqual([undefined, undefined]);
    expect(read(sources).counters.stealMs).toBeUndefined();
  });

  it('drops a scheduler’s count that does not move, and keeps one that does', () => {
    for (const moves of [false, true]) {
      const files = linux();
      const sources = new MachineSources(signals('linux'), files.access);
      const counters = {};
      for (let wakeUp = 0; wakeUp < 9; wakeUp += 1) {
        if (moves) files.set('/proc/thread-self/schedstat', `${1_000_000 + wakeUp} 2000000 3\n`);
        sources.enterFast(counters);
      }
      expect(sources.readable.schedstat).toBe(moves);
      expect('runMs' in counters && counters.runMs !== undefined).toBe(moves);
    }
  });

  it('knows how long the thread was awake when it slept else, once the scheduler’s count has been seen to move', () => {
    const files = linux();
    let [turnCount, idleMs, nowMs] = [0, 0, 0];
    const loop = { idleMs: (): number => idleMs, turnCount: (): number => turnCount };
    const sources = new MachineSources(signals('linux', { loop }), files.access);
    const awakeMs = (turns: number, activeMs: number): number => {
      [turnCount, idleMs, nowMs] = [turnCount + turns, idleMs + 50 - activeMs, nowMs + 50];
      return sources.awakeMs(nowMs);
    };
    for (let first = 1; first <= 5; first += 1) {
      expect(awakeMs(1, 0.25)).toBeNaN();
      files.set('/proc/thread-self/schedstat', `${first}000000 2000000 3\n`);
      sources.enterFast({});
    }
    const { reads } = files;
    expect([awakeMs(1, 0.25), awakeMs(0, 0.5), awakeMs(2, 0.25), awakeMs(1, 1.5)]).toEqual([0.25, 0.5, NaN, 1.5]);
    expect(files.reads).toBe(reads);
    expect(new MachineSources(signals('linux'), files.access).awakeMs(50)).toBeNaN();
  });

  it('says nothing about the event loop before it has begun', () => {
    const eventLoopUtilization = (): { active: number; idle: number } => ({ active: 0, idle: 0 });
    const { counters } = read(new MachineSources(signals('linux', { eventLoopUtilization }), linux().access));
    expect([counters.eluActiveMs, counters.eluIdleMs]).toEqual([undefined, undefined]);
  });

  it('reads the hardware clock every ten seconds only', () => {
    const sources = new MachineSources(signals('linux'), linux().access);
    expect(read(sources, { atMs: 5, isLate: false }).counters.rtcMs).toBeDefined();
    expect(read(sources, { atMs: 9000, isLate: false }).counters.rtcMs).toBeUndefined();
    expect(read(sources, { atMs: 10_005, isLate: false }).counters.rtcMs).toBeDefined();
  });

  it('closes everything', () => {
    const files = linux();
    const sources = new MachineSources(signals('linux'), files.access);
    expect(files.opened.size).toBeGreaterThan(8);
    sources.close();
    expect(files.opened.size).toBe(0);
  });

  it('names only counters that the detector knows', () => {
    const { counters } = read(new MachineSources(signals('linux'), linux().access));
    expect(Object.keys(counters).filter((name) => !PAUSE_COUNTERS.includes(name as never))).toEqual([]);
  });
});
