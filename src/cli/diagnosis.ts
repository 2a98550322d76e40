/**
 * One run of the doctor: look at the clocks, ask the sources, look again, and say what was found.
 *
 * Everything it works with is an argument: the clock, the machine, the signal that ends it early, and who watches.
 */
import type { Clock } from '../core/index.ts';
import { BoundedClock } from '../node/index.ts';
import { openDemonstration, type Panel } from './demonstration.ts';
import type { DoctorOptions } from './doctor-options.ts';
import type { Findings } from './findings.ts';
import { type Machine, VERSION } from './machine.ts';
import { describeClocks, lookAtWall, wallRateBetween } from './measured-clocks.ts';
import { Measuring, type SourceProgress } from './measuring.ts';
import { openNamedServers } from './named-servers.ts';

/** What a watcher can see while measuring; each call looks again. */
export interface ProgressView {
  readonly leftMs: () => number;
  readonly sources: () => readonly SourceProgress[];
}

/** Shows progress, or does not. */
export interface ProgressWatcher {
  begin(view: ProgressView): void;
  end(): void;
}

/** What the doctor works with. */
export interface DiagnosisContext {
  readonly clock: Clock;
  readonly machine: Machine;
  /** Aborting ends the measuring early; what is known is reported. */
  readonly signal: AbortSignal;
  readonly watcher: ProgressWatcher;
}

/**
 * Measures for at most `forMs`, and closes everything it opened.
 *
 * @throws TC_NO_MONOTONIC_CLOCK, and the system's own error when the demonstration's servers cannot listen.
 */
export async function diagnose(options: DoctorOptions, context: DiagnosisContext): Promise<Findings> {
  const startedAtMs = context.clock.wall.now().epochMilliseconds;
  const stopwatch = context.clock.monotonic.stopwatch();
  const panel = options.servers.length === 0 ? await openDemonstration(options.forMs) : openNamedServers(options);
  try {
    const found = await examine(options, context, panel);
    return { ...found, startedAtMs, durationMs: stopwatch.elapsedMs(), demonstration: panel.demonstration };
  } finally {
    await panel.close();
  }
}

type Examined = Omit<Findings, 'startedAtMs' | 'durationMs' | 'demonstration'>;

async function examine(options: DoctorOptions, context: DiagnosisContext, panel: Panel): Promise<Examined> {
  const { clock, machine, signal, watcher } = context;
  const { port } = clock;
  const firstLook = lookAtWall(port);
  const { driftPpm, falsetickers, timeoutMs } = options;
  const bounded = BoundedClock.startWithoutWaiting({
    sources: panel.sources,
    driftPpm,
    falsetickers,
    timeoutMs,
    clock,
  });
  try {
    const measuring = new Measuring(clock, panel.sources, bounded);
    watcher.begin({
      leftMs: () => Math.max(0, options.forMs - measuring.elapsedMs),
      sources: () => measuring.progress(),
    });
    const ended = await measuring.until(options.forMs, signal);
    watcher.end();
    const secondLook = lookAtWall(port);
    if (secondLook.relation !== undefined) bounded.learnWallRelation(secondLook.relation);
    return {
      version: VERSION,
      node: machine.node,
      platform: machine.platform,
      arch: machine.arch,
      ended,
      offset: bounded.offset({ level: options.confidence }),
      status: bounded.status,
      clocks: describeClocks(port, machine.readUptime()),
      wallRate: wallRateBetween(firstLook, secondLook, measuring.steps.length + measuring.suspends.length > 0),
      steps: measuring.steps,
      suspends: measuring.suspends,
      faults: measuring.faults,
    };
  } finally {
    watcher.end();
    bounded.stop();
  }
}
