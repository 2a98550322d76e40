/**
 * A whole simulation: one seed, a schedule of faults, a guarantee that is checked again and again, and a failure that can be replayed.
 *
 * A simulation that passes shows nothing unless it did what it is about, so its result counts what happened: events, checks, faults,
 * messages, and whatever the check itself counts. Assert on those as well.
 */
import { ClockError, requireDurationMs } from '../core/index.ts';
import type { Fault } from './fault.ts';
import { type FaultCounts, schedule } from './faults.ts';
import { SEED_MAX, type SeededRandom } from './random.ts';
import type { NetworkCounts } from './sim-network.ts';
import { SimWorldCore, type WorldOptions } from './sim-world.ts';

/** Counts what a simulation did, by name. */
export class Coverage {
  readonly #counts = new Map<string, number>();

  /** Counts one more (or so many more) of something. */
  count(what: string, by = 1): void {
    this.#counts.set(what, this.of(what) + by);
  }

  /** How many there were. */
  of(what: string): number {
    return this.#counts.get(what) ?? 0;
  }

  /** All of them. */
  toJSON(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}

/** What a check is given beside the world. */
export interface CheckContext<State> {
  /** What `build` returned. */
  readonly state: State;
  readonly coverage: Coverage;
}

/** What to simulate. */
export interface SimulationPlan<State> extends Omit<WorldOptions, 'seed'> {
  /** The name of the test, for messages and the replay command. */
  readonly name: string;
  /** A whole number from 0 to 2^53 - 1: everything comes from it. */
  readonly seed: number;
  /** A seed that replaces the other one, as text or a number; nothing when undefined or empty. For `process.env.TRUECHIMER_SIM_SEED`. */
  readonly seedOverride?: string | number | undefined;
  /**
   * The command that replays a failure; `{seed}` and `{name}` are filled in, the name as a regular expression that a shell
   * takes in single quotes. Default: vitest without a file.
   */
  readonly replay?: string;
  /** How long, in true ms. */
  readonly forMs: number;
  /** Checks at random moments, one in each span of this length, in true ms. Default: a hundredth of `forMs`. Smaller checks more often. */
  readonly checkEveryMs?: number;
  /** The faults, or how to draw them once the world is built. Default: none. */
  readonly faults?: readonly Fault[] | ((random: SeededRandom, world: SimWorldCore) => readonly Fault[]);
  /** Makes nodes, links and programs; what it returns is given to the checks. */
  build(world: SimWorldCore): State | Promise<State>;
  /** Throws when the guarantee does not hold at this moment. Runs at random moments and at the end. */
  check?(world: SimWorldCore, context: CheckContext<State>): void | Promise<void>;
}

/** What a simulation that passed has done. */
export interface SimulationResult<State> {
  readonly seed: number;
  readonly state: State;
  readonly world: SimWorldCore;
  /** How many events were run. */
  readonly events: number;
  /** How often the check ran. */
  readonly checks: number;
  readonly faults: FaultCounts;
  readonly network: NetworkCounts;
  /** What the checks counted. */
  readonly coverage: Coverage;
}

/** A simulation found something: everything that is needed to see it again. */
export class SimulationFailure extends Error {
  override readonly name: string = 'SimulationFailure';
  readonly seed: number;
  /** The faults, as `schedule` takes them. */
  readonly faults: readonly Fault[];
  /** How many events had been run. */
  readonly event: number;
  /** True time since the start, in ms. */
  readonly trueMs: number;
  /** The command that replays it. */
  readonly replay: string;

  /** @internal Made by `simulate`. */
  constructor(plan: { readonly name: string; readonly replay: string }, at: FailureMoment, cause: unknown) {
    const { seed, faults, event, trueMs } = at;
    const replay = fillIn(plan.replay, seed, plan.name);
    super(
      `${plan.name}: ${cause instanceof Error ? cause.message : String(cause)}\n` +
        `  seed ${seed}, after event ${event}, at ${trueMs} ms of true time\n` +
        `  ${faults.length} faults: ${JSON.stringify(faults)}\n` +
        `  replay: ${replay}`,
      { cause },
    );
    this.seed = seed;
    this.faults = faults;
    this.event = event;
    this.trueMs = trueMs;
    this.replay = replay;
  }
}

interface FailureMoment {
  readonly seed: number;
  readonly faults: readonly Fault[];
  readonly event: number;
  readonly trueMs: number;
}

const REPLAY_DEFAULT = "TRUECHIMER_SIM_SEED={seed} npx vitest run -t '{name}'";

/** How many checks a simulation makes when nothing is said. */
const CHECKS_DEFAULT = 100;

/**
 * Runs a simulation. The same plan and seed give the same history, event by event.
 *
 * @throws SimulationFailure when a check, a program in the world or `build` throws; TC_INVALID_ARGUMENT, TC_OUT_OF_RANGE, TC_NOT_FINITE,
 * TC_EPOCH_AS_DURATION for a plan that cannot be right.
 */
export async function simulate<State>(plan: SimulationPlan<State>): Promise<SimulationResult<State>> {
  const seed = settleSeed(plan);
  const forMs = requireDurationMs('simulate', plan.forMs);
  const everyMs = requireDurationMs('simulate', plan.checkEveryMs ?? Math.max(1, forMs / CHECKS_DEFAULT), { minMs: 1 });
  const world = new SimWorldCore({ ...plan, seed });
  const coverage = new Coverage();
  let faults: readonly Fault[] = [];
  try {
    const state = await plan.build(world);
    faults = drawn(plan, world);
    const scheduled = schedule(world, faults);
    const checks = await runChecked(plan, world, { state, coverage, everyMs, untilMs: world.nowMs + forMs });
    const { eventsRun: events, network } = world;
    return { seed, state, world, events, checks, faults: scheduled.counts, network: network.counts, coverage };
  } catch (error) {
    const at = { seed, faults, event: world.eventsRun, trueMs: world.nowMs };
    throw new SimulationFailure({ name: plan.name, replay: plan.replay ?? REPLAY_DEFAULT }, at, error);
  }
}

function settleSeed(plan: { readonly seed: number; readonly seedOverride?: string | number | undefined }): number {
  const { seed } = plan;
  const seedOverride = String(plan.seedOverride ?? '').trim();
  if (seedOverride === '') return seed;
  const given = Number(seedOverride);
  if (Number.isInteger(given) && given >= 0 && given <= SEED_MAX) return given;
  throw new ClockError(
    'TC_INVALID_ARGUMENT',
    `simulate: a seed must be a whole number from 0 to ${SEED_MAX}, got ${JSON.stringify(seedOverride)}. ` +
      'Take the one that the failure printed.',
  );
}

function drawn<State>(plan: SimulationPlan<State>, world: SimWorldCore): readonly Fault[] {
  const { faults = [] } = plan;
  return typeof faults === 'function' ? faults(world.random.fork('faults'), world) : faults;
}

/** Advances to one random moment in each span and checks there; returns how often. */
async function runChecked<State>(
  plan: SimulationPlan<State>,
  world: SimWorldCore,
  run: CheckContext<State> & { readonly everyMs: number; readonly untilMs: number },
): Promise<number> {
  const random = world.random.fork('checks');
  const { state, coverage, everyMs, untilMs } = run;
  let checks = 0;
  for (let spanMs = world.nowMs; world.nowMs < untilMs; spanMs += everyMs) {
    const momentMs = spanMs + everyMs * random.uniform();
    const isLast = spanMs + everyMs >= untilMs;
    if (momentMs < untilMs) {
      await advanceTo(world, momentMs);
      await plan.check?.(world, { state, coverage });
      checks += 1;
    }
    if (isLast) await advanceTo(world, untilMs);
  }
  await plan.check?.(world, { state, coverage });
  return checks + 1;
}

/** Repeats until it is there: a sum of doubles may fall an ulp short. */
async function advanceTo(world: SimWorldCore, trueMs: number): Promise<void> {
  do await world.advance(Math.max(0, trueMs - world.nowMs));
  while (world.nowMs < trueMs);
}

function fillIn(template: string, seed: number, name: string): string {
  const pattern = name.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll("'", String.raw`'\''`);
  return template.replaceAll('{seed}', () => String(seed)).replaceAll('{name}', () => pattern);
}
