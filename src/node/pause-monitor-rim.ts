/**
 * What a pause monitor uses of the platform: the clock's port, wake-ups, sources and witnesses.
 */
import type { Clock, ClockPort, TimerHandle } from '../core/index.ts';
import type { Collection } from '../pause/index.ts';
import { isMachineTime, keptPort, NATIVE_TIMERS, portWithoutBoot } from './machine-time.ts';
import { watchCollections, watchContinuation, type Witness } from './pause-monitor-witnesses.ts';
import { MachineSources, NO_SOURCES, type PauseSources } from './pause-sources.ts';
import { systemClock } from './system-clock.ts';
import { startWatchdog, unavailableWatchdog, type Watchdog } from './watchdog.ts';
import type { WatchdogOptions } from './watchdog-options.ts';

/** The platform of one monitor; replaced only in tests. */
export interface MonitorRim {
  readonly port: ClockPort;
  readonly sources: PauseSources;
  /** Calls back every so often, without keeping the process alive; returns how to end it. */
  every(intervalMs: number, callback: () => void): () => void;
  /** Calls back as soon as what has already happened was heard of. */
  soon(callback: () => void): void;
  /** Calls back once, without keeping the process alive. */
  after(delayMs: number, callback: () => void): TimerHandle;
  watchCollections(report: (collection: Collection) => void): Witness | undefined;
  watchContinuation(report: () => void): Witness | undefined;
  startWatchdog(options: WatchdogOptions): Watchdog;
}

const UNHEARD = (): undefined => undefined;

/** The rim for a clock: the machine's, or one that has nothing but a clock; that is also the machine's where a test has replaced it. */
export function rimFor(clock: Clock): MonitorRim {
  // Another boot clock, or another copy of this package: it is the machine's all the same.
  if (clock.port.monotonicId !== systemClock.port.monotonicId) return clockOnly(clock.port);
  return isMachineTime() ? machine(keptPort(clock.port)) : clockOnly(portWithoutBoot(clock.port));
}

function machine(port: ClockPort): MonitorRim {
  const { setInterval: every, clearInterval: end, setImmediate: soon } = NATIVE_TIMERS;
  return {
    port,
    sources: new MachineSources(),
    every: (intervalMs, callback) => {
      const timer = every(callback, intervalMs).unref();
      return () => {
        end(timer);
      };
    },
    // A collection in a timer's callback is told of after all timers that are due, this one included.
    soon: (callback) => {
      soon(callback);
    },
    after: afterOn(port),
    watchCollections,
    watchContinuation,
    startWatchdog,
  };
}

function clockOnly(port: ClockPort): MonitorRim {
  return {
    port,
    sources: NO_SOURCES,
    every: (intervalMs, callback) => everyOn(port, intervalMs, callback),
    soon: (callback) => {
      callback();
    },
    after: afterOn(port),
    watchCollections: UNHEARD,
    watchContinuation: UNHEARD,
    startWatchdog: (options) => unavailableWatchdog(options, 'the monitor does not run on the clock of this machine'),
  };
}

function afterOn(port: ClockPort): MonitorRim['after'] {
  return (delayMs, callback) => port.setTimer(callback, delayMs, { keepsAlive: false });
}

/** A watchdog that refuses to start leaves no open files behind. */
export function startedWatchdog(rim: MonitorRim, options: WatchdogOptions | undefined): Watchdog | undefined {
  if (options === undefined) return undefined;
  try {
    return rim.startWatchdog(options);
  } catch (error) {
    rim.sources.close();
    throw error;
  }
}

function everyOn(port: ClockPort, intervalMs: number, callback: () => void): () => void {
  const arm = (): TimerHandle =>
    port.setTimer(
      () => {
        pending = arm();
        callback();
      },
      intervalMs,
      { keepsAlive: false },
    );
  let pending = arm();
  return () => {
    pending.cancel();
  };
}
