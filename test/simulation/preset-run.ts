/**
 * A preset with a bounded clock on its client, checked against the oracle at random moments.
 */
import { expect } from 'vitest';
import type { BoundedClockOptions, TimeSource } from 'truechimer';
import {
  buildPreset,
  type BuiltPreset,
  type Coverage,
  type Fault,
  type PresetName,
  PRESETS,
  type SimulationResult,
  simulate,
} from '../../src/sim/index.ts';
import { BoundedClockCore } from '../../src/sync/index.ts';

/** What is simulated. */
export interface PresetRun {
  readonly preset: PresetName;
  readonly seed: number;
  readonly forMs?: number;
  readonly checkEveryMs?: number;
  readonly servers?: number;
  /** What the clock is told beside its sources; the drift bound of the preset is the default. */
  readonly clock?: Partial<BoundedClockOptions>;
  /** Replaces each source: for broken variants. */
  readonly wrap?: (source: TimeSource) => TimeSource;
  /** Replaces the preset's lies, in ms. */
  readonly liesMs?: readonly number[];
  readonly faults?: readonly Fault[];
  /** What a violation does: fail at once (default), or be counted for a broken premise. */
  readonly violations?: 'fail' | 'count';
}

/** What a run has shown. */
export interface PresetState {
  readonly built: BuiltPreset;
  readonly clock: BoundedClockCore;
  /** The sum of the widths of all bounded answers, in ms. */
  widthSumMs: number;
  /** How many contradictions the clock has reported. */
  faults: number;
}

const SETTLE = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The clock looks at its witnesses once a minute here: with a look each second, looking would be most of the work. */
const LOOK_MS = 60_000;

/** Runs it; throws with seed and replay command when a bounded answer excludes the truth. */
export function runPreset(run: PresetRun): Promise<SimulationResult<PresetState>> {
  const preset = PRESETS[run.preset];
  const forMs = run.forMs ?? preset.forMs;
  return simulate<PresetState>({
    name: `containment in ${run.preset}`,
    seed: run.seed,
    seedOverride: process.env['TRUECHIMER_SIM_SEED'],
    replay: "TRUECHIMER_SIM_SEED={seed} npx vitest run test/simulation/containment.test.ts -t '{name}'",
    settle: SETTLE,
    forMs,
    checkEveryMs: run.checkEveryMs ?? 5000,
    ...(preset.epochMs === undefined ? {} : { epochMs: preset.epochMs }),
    ...(run.faults === undefined ? {} : { faults: run.faults }),
    build: (world) => {
      const built = buildPreset(world, run.preset, run.servers === undefined ? {} : { servers: run.servers });
      run.liesMs?.forEach((offsetMs, index) => built.servers[index]?.configure({ offsetMs }));
      const { wrap = (source: TimeSource) => source } = run;
      const clock = new BoundedClockCore(built.client, {
        driftPpm: built.driftPpm,
        discontinuityCheckMs: LOOK_MS,
        random: () => built.client.random.uniform(),
        ...run.clock,
        sources: built.sources.map(wrap),
      });
      const state = { built, clock, widthSumMs: 0, faults: 0 };
      clock.on('fault', () => {
        state.faults += 1;
      });
      return state;
    },
    check: (world, { state, coverage }) => {
      // Nobody can ask a process that stands still: the first read comes when it runs again.
      if (!state.built.client.isRunning) return;
      checkContainment(world.trueTime, state, coverage, run.violations ?? 'fail');
    },
  });
}

/** Compares exactly: the whole milliseconds first, which is without rounding. */
function checkContainment(
  truth: { readonly wholeMs: number; readonly fractionMs: number },
  state: PresetState,
  coverage: Coverage,
  violations: 'fail' | 'count',
): void {
  const now = state.clock.now();
  if (now.status === 'unbounded') {
    coverage.count(`unbounded: ${now.reason}`);
    coverage.count('unbounded');
    return;
  }
  coverage.count('bounded');
  state.widthSumMs += now.latest - now.earliest;
  const earlyByMs = now.earliest - truth.wholeMs - truth.fractionMs;
  const lateByMs = truth.fractionMs - (now.latest - truth.wholeMs);
  if (earlyByMs <= 0 && lateByMs <= 0) return;
  coverage.count('violations');
  if (violations === 'fail') expect.fail(`the truth is outside by ${Math.max(earlyByMs, lateByMs)} ms`);
}

/** Exchanges that were used, over all sources. */
export function exchangesOf(state: PresetState): number {
  return state.clock.status.sources.reduce((sum, source) => sum + source.exchanges, 0);
}
