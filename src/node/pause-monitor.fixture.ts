/** A monitor on a clock that is advanced by hand, with sources and witnesses that a test moves. */
import { afterEach } from 'vitest';
import { ManualClock, type ManualClockOptions } from '../../test/support/manual-clock.ts';
import type { ClockStep, Collection, Pause } from '../pause/index.ts';
import { type PauseMonitorOptions, requireMonitorOptions } from './pause-monitor-options.ts';
import type { ObservedGap } from './pause-monitor-events.ts';
import type { MonitorRim } from './pause-monitor-rim.ts';
import { PauseMonitor } from './pause-monitor.ts';
import { type Look, NO_SOURCES, type ReadingDraft } from './pause-sources.ts';
import type { Watchdog } from './watchdog.ts';

const running: PauseMonitor[] = [];

afterEach(() => {
  for (const monitor of running.splice(0)) monitor.close();
});

/** What the machine of a rig is like. */
export interface RigOptions extends PauseMonitorOptions {
  readonly machine?: ManualClockOptions;
  /** Nobody hears of SIGCONT. */
  readonly isDeaf?: boolean;
}

/** One monitored process. The totals grow only when a test lets them. */
export class Rig {
  readonly clock: ManualClock;
  readonly monitor: PauseMonitor;
  readonly pauses: Pause[] = [];
  /** Each with what had been read of the thread by then, and how many pauses had been told. */
  readonly gaps: (ObservedGap & { readonly reads: number; readonly pauses: number })[] = [];
  readonly steps: ClockStep[] = [];
  readonly looks: Look[] = [];
  /** How often what tells of the thread was read. */
  reads = 0;
  runMs = 100;
  waitMs = 0;
  activeMs = 100;
  vmMarker: bigint | undefined;
  stealMs: number | undefined;
  /** A total of an earlier wake-up was still there when a later one began to read. */
  stale = false;
  helperGapMs: number | undefined = 0;
  stacks: string[] = [];
  closed: string[] = [];
  beats = 0;
  restingBeats = 0;
  /** How long the second thread may have slept. */
  sleepMs = 50;
  #report: ((collection: Collection) => void) | undefined;
  #continued: (() => void) | undefined;
  #soon: (() => void)[] = [];
  #activeBeforeMs = NaN;
  #waitedBeforeMs = NaN;

  constructor({ machine, isDeaf, ...options }: RigOptions = {}) {
    this.clock = new ManualClock(machine);
    this.monitor = new PauseMonitor(requireMonitorOptions(options), this.#rim(isDeaf === true));
    running.push(this.monitor);
    this.monitor.onPause((pause) => this.pauses.push(pause));
    this.monitor.onGap(({ gapMs }) => this.gaps.push({ gapMs, reads: this.reads, pauses: this.pauses.length }));
    this.monitor.onClockStep((step) => this.steps.push(step));
  }

  get last(): Pause | undefined {
    return this.pauses.at(-1);
  }

  /** Time passes and wake-ups are in time. */
  idle(forMs: number): void {
    this.clock.advance(forMs);
  }

  /** The main thread computes and nothing else happens. */
  spin(forMs: number): void {
    this.clock.pass(forMs);
    this.runMs += forMs;
    this.activeMs += forMs;
    this.clock.advance(0);
  }

  /** The process is stopped from outside while it polls. */
  stop(forMs: number): void {
    this.clock.pass(forMs);
    this.helperGapMs = forMs;
    this.clock.advance(0);
  }

  /** SIGCONT is heard of. */
  hearContinued(): void {
    this.#continued?.();
  }

  collect(collection: Collection): void {
    this.#report?.(collection);
  }

  /** What had to be heard of first has been. */
  settle(): void {
    for (const callback of this.#soon.splice(0)) callback();
  }

  #rim(isDeaf: boolean): MonitorRim {
    const every = (intervalMs: number, callback: () => void): (() => void) => {
      let isOn = true;
      const arm = (): void => {
        const fire = (): void => {
          if (!isOn) return;
          callback();
          arm();
        };
        this.clock.setTimer(fire, intervalMs, { keepsAlive: false });
      };
      arm();
      return () => {
        isOn = false;
        this.closed.push('timer');
      };
    };
    return {
      port: this.clock,
      sources: {
        ...NO_SOURCES,
        awakeMs: () => {
          const awakeMs = this.waitMs === this.#waitedBeforeMs ? this.activeMs - this.#activeBeforeMs : NaN;
          [this.#activeBeforeMs, this.#waitedBeforeMs] = [this.activeMs, this.waitMs];
          return awakeMs;
        },
        processCpuMs: () => this.runMs,
        enterFast: (counters) => {
          this.reads += 1;
          const { runMs, waitMs, activeMs } = this;
          const idleMs = this.clock.exactMonotonicMs - activeMs;
          Object.assign(counters, { runMs, waitMs, processCpuMs: runMs, eluActiveMs: activeMs, eluIdleMs: idleMs });
        },
        enterSlow: (reading: ReadingDraft, look: Look) => {
          this.stale ||= reading.counters.stealMs !== undefined;
          if (this.stealMs !== undefined) reading.counters.stealMs = this.stealMs;
          this.looks.push(look);
          reading.vmMarker = this.vmMarker;
        },
        close: () => this.closed.push('sources'),
      },
      every,
      soon: (callback) => this.#soon.push(callback),
      after: (delayMs, callback) => this.clock.setTimer(callback, delayMs, { keepsAlive: false }),
      watchCollections: (report) => {
        this.#report = report;
        return { flush: () => undefined, close: () => this.closed.push('collections') };
      },
      watchContinuation: (report) => {
        if (isDeaf) return undefined;
        this.#continued = report;
        return { flush: () => undefined, close: () => this.closed.push('continuation') };
      },
      startWatchdog: () => this.#watchdog(),
    };
  }

  #watchdog(): Watchdog {
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- for a getter
    const rig = this;
    const watchdog: Partial<Watchdog> = {
      intervalMs: 50,
      ready: true,
      canTakeStacks: true,
      get sleepMs() {
        return rig.sleepMs;
      },
      beat: (isResting = false) => {
        this.beats += 1;
        this.restingBeats += isResting ? 1 : 0;
      },
      helperGapMs: () => {
        const gapMs = this.helperGapMs;
        this.helperGapMs = gapMs === undefined ? undefined : 0;
        return gapMs;
      },
      takeStacks: () => this.stacks.splice(0),
      onOngoing: () => () => this.closed.push('ongoing'),
      close: () => this.closed.push('watchdog'),
    };
    return watchdog as Watchdog;
  }
}
