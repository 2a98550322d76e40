/**
 * One preset, simulated with one estimator, watched by the oracle: errors, widths, violations, convergence.
 */
import { BoundedClock, createClock, type Estimator } from 'truechimer';
import { buildPreset, type Preset, SimWorld } from 'truechimer/testing';

/** What is simulated. */
export interface RunPlan {
  readonly preset: Preset;
  readonly estimator: Estimator;
  readonly seed: number;
  readonly forMs: number;
  /** Between two looks, in true ms. */
  readonly everyMs: number;
  readonly servers?: number;
  /** The drift bound to declare; the preset's own when undefined. */
  readonly driftPpm?: number;
}

/** One look at the clock: everything relative to the truth. */
export interface Look {
  readonly atMs: number;
  /** The edges minus the truth: at most 0, at least 0, while the premises hold. */
  readonly earliestMs: number;
  readonly latestMs: number;
  /** The estimate minus the truth. */
  readonly errorMs: number;
}

/** A run: every bounded look, and how many looks found no bound. */
export interface WatchedRun {
  readonly looks: readonly Look[];
  readonly unbounded: number;
  readonly exchanges: number;
}

/** So fine that the wall clock of the client adds nothing that would be seen. */
const WALL_STEP_MS = 2 ** -10;

/** Runs the plan. */
export async function watchRun(plan: RunPlan): Promise<WatchedRun> {
  const { preset, everyMs } = plan;
  const world = new SimWorld({ seed: plan.seed, ...(preset.epochMs === undefined ? {} : { epochMs: preset.epochMs }) });
  const built = buildPreset(world, preset, {
    client: { granularity: { wallMs: WALL_STEP_MS } },
    ...(plan.servers === undefined ? {} : { servers: plan.servers }),
  });
  const clock = BoundedClock.startWithoutWaiting({
    clock: createClock(built.client),
    sources: built.sources,
    estimator: plan.estimator,
    driftPpm: plan.driftPpm ?? built.driftPpm,
    discontinuityCheckMs: 60_000,
    random: () => built.client.random.uniform(),
  });
  const looks: Look[] = [];
  let unbounded = 0;
  while (world.nowMs < plan.forMs) {
    await world.advance(everyMs * (0.5 + world.random.uniform()));
    const look = lookAt(world, clock, built.client.wallMs());
    if (look === undefined) unbounded += 1;
    else looks.push(look);
  }
  const exchanges = clock.status.sources.reduce((sum, source) => sum + source.exchanges, 0);
  clock.stop();
  return { looks, unbounded, exchanges };
}

function lookAt(world: SimWorld, clock: BoundedClock, wallMs: number): Look | undefined {
  const now = clock.now();
  const offset = clock.offset();
  if (now.status === 'unbounded' || offset.status === 'unbounded') return undefined;
  const { wholeMs, fractionMs } = world.trueTime;
  return {
    atMs: world.nowMs,
    earliestMs: now.earliest - wholeMs - fractionMs,
    latestMs: now.latest - wholeMs - fractionMs,
    errorMs: wallMs - wholeMs - fractionMs + offset.estimateMs,
  };
}
