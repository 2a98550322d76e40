import { describe, expect, it } from 'vitest';
import type { Fault } from './fault.ts';
import { drawFaults } from './nemesis.ts';
import { SEED_MAX } from './random.ts';
import type { SimNode } from './sim-node.ts';
import { Coverage, SimulationFailure, simulate, type SimulationPlan } from './simulation.ts';
import { settle } from './world.fixture.ts';

interface State {
  readonly node: SimNode;
  readonly moments: number[];
}

/** A timer each second, for ten minutes, with pauses and steps from the nemesis. */
const PLAN: SimulationPlan<State> = {
  name: 'a plan',
  seed: 1,
  settle,
  forMs: 600_000,
  checkEveryMs: 10_000,
  faults: (random) =>
    drawFaults(random, {
      nodes: ['a'],
      forMs: 600_000,
      ratePerHour: { pause: 60, step: 60 },
      limits: { pauseMsMax: 5000 },
    }),
  build: (world) => {
    const node = world.addNode('a');
    const tick = (): void => {
      node.setTimer(tick, 1000, { keepsAlive: true });
    };
    tick();
    return { node, moments: [] };
  },
  check: (world, { state, coverage }) => {
    state.moments.push(world.nowMs);
    coverage.count('looks');
    if (!state.node.isRunning) coverage.count('looks at a paused node');
  },
};

async function failureOf(plan: Partial<SimulationPlan<State>>): Promise<SimulationFailure> {
  try {
    await simulate({ ...PLAN, ...plan });
  } catch (error) {
    if (error instanceof SimulationFailure) return error;
    throw error;
  }
  throw new Error('the simulation passed');
}

describe('a simulation', () => {
  it('counts what it did', async () => {
    const { seed, events, checks, faults, coverage, network, world, state } = await simulate(PLAN);
    expect(world.nowMs).toBe(600_000);
    expect(seed).toBe(1);
    expect(events).toBeGreaterThan(550);
    expect(checks).toBe(61);
    expect(coverage.of('looks')).toBe(61);
    expect(coverage.of('something else')).toBe(0);
    expect(coverage.toJSON()).toMatchObject({ looks: 61 });
    expect(faults.applied.pause).toBeGreaterThan(2);
    expect(faults.applied.step).toBeGreaterThan(2);
    expect(network.sent).toBe(0);
    expect(state.moments).toHaveLength(61);
  });

  it('is the same for the same seed, and another one for another', async () => {
    const history = async (seed: number): Promise<unknown> => {
      const { events, faults, state } = await simulate({ ...PLAN, seed });
      return [events, faults, state.moments, state.node.wallMs(), state.node.monotonicMs()];
    };
    const [first, again, other] = await Promise.all([history(5), history(5), history(6)]);
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });

  it('checks at a random moment of every span, and at the very end', async () => {
    const { state } = await simulate(PLAN);
    state.moments.slice(0, -1).forEach((ms, span) => {
      expect(Math.floor(ms / 10_000)).toBe(span);
    });
    expect(state.moments.at(-1)).toBe(600_000);
    const phases = new Set(state.moments.map((ms) => Math.floor((ms % 10_000) / 1000)));
    expect(phases.size).toBeGreaterThan(7);
  });

  it.each([
    { forMs: 1000, checkEveryMs: 1000, checks: 2 },
    { forMs: 999, checkEveryMs: 1000, checks: 2 },
    { forMs: 1500, checkEveryMs: 1000, checks: 3 },
    { forMs: 0, checkEveryMs: 1000, checks: 1 },
  ])('of $forMs ms, looked at every $checkEveryMs ms, ends on time', async ({ forMs, checkEveryMs, checks }) => {
    const run = await simulate({ ...PLAN, faults: [], forMs, checkEveryMs });
    expect(run.world.nowMs).toBe(forMs);
    // The last span may end before its moment.
    expect(run.checks).toBeLessThanOrEqual(checks);
    expect(run.checks).toBeGreaterThanOrEqual(Math.floor(forMs / checkEveryMs) + 1);
  });

  it('looks a hundred times when nothing is said, and needs no check at all', async () => {
    const { name, seed, forMs, build } = PLAN;
    const run = await simulate({ name, seed, forMs, build, settle });
    expect(run.checks).toBe(101);
    expect(Object.values(run.faults.applied).every((count) => count === 0)).toBe(true);
  });

  it('waits for a build and a check that take their time', async () => {
    const order: string[] = [];
    await simulate({
      ...PLAN,
      forMs: 10,
      build: async (world) => {
        await settle();
        order.push('built');
        return PLAN.build(world);
      },
      check: async () => {
        await settle();
        order.push('checked');
      },
    });
    expect(order[0]).toBe('built');
    expect(order).toContain('checked');
  });

  it('passes on what a world can be told', async () => {
    const { world } = await simulate({ ...PLAN, forMs: 1, epochMs: 2_085_977_996_000 });
    expect(world.trueTime.wholeMs).toBe(2_085_977_996_001);
  });
});

describe('the seed', () => {
  it.each([
    { seedOverride: undefined, seed: 1 },
    { seedOverride: '', seed: 1 },
    { seedOverride: ' ', seed: 1 },
    { seedOverride: '42', seed: 42 },
    { seedOverride: ' 42\n', seed: 42 },
    { seedOverride: 43, seed: 43 },
    { seedOverride: String(SEED_MAX), seed: SEED_MAX },
  ])('of a run is the override $seedOverride when there is one', async ({ seedOverride, seed }) => {
    expect((await simulate({ ...PLAN, forMs: 1, seedOverride })).seed).toBe(seed);
  });

  it.each(['random', '-1', '1.5', '1e99', 'NaN'])('%s is refused', async (seedOverride) => {
    await expect(simulate({ ...PLAN, seedOverride })).rejects.toMatchObject({ code: 'TC_INVALID_ARGUMENT' });
  });
});

describe('a failure', () => {
  const failsLate: SimulationPlan<State>['check'] = (world) => {
    if (world.nowMs > 300_000) throw new Error('the truth was not inside');
  };

  it('says seed, schedule, moment, and the one command that replays it', async () => {
    const failure = await failureOf({
      check: failsLate,
      replay: "TRUECHIMER_SIM_SEED={seed} npx vitest run test/a.test.ts -t '{name}'",
    });
    expect(failure.message.split('\n')).toEqual([
      'a plan: the truth was not inside',
      `  seed 1, after event ${failure.event}, at ${failure.trueMs} ms of true time`,
      `  ${failure.faults.length} faults: ${JSON.stringify(failure.faults)}`,
      "  replay: TRUECHIMER_SIM_SEED=1 npx vitest run test/a.test.ts -t 'a plan'",
    ]);
    expect(failure.trueMs).toBeGreaterThan(300_000);
    expect(failure.trueMs).toBeLessThan(320_000);
    expect(failure.event).toBeGreaterThan(250);
    expect(failure.faults.length).toBeGreaterThan(5);
    expect(failure.cause).toMatchObject({ message: 'the truth was not inside' });
    expect(failure.name).toBe('SimulationFailure');
  });

  it('comes again, at the same event, from what it printed: the seed alone, or the schedule too', async () => {
    const failure = await failureOf({ check: failsLate, seed: 77 });
    const bySeed = await failureOf({ check: failsLate, seed: 0, seedOverride: String(failure.seed) });
    expect(bySeed.message).toBe(failure.message);
    const printed = /faults: (.*)/.exec(failure.message)?.[1] ?? '';
    const bySchedule = await failureOf({ check: failsLate, seed: 77, faults: JSON.parse(printed) as Fault[] });
    expect(bySchedule.message).toBe(failure.message);
  });

  it('fills in a name that a shell and a regular expression would misread', async () => {
    const failure = await failureOf({ check: failsLate, name: "it's 100 % (sure) {seed} $1 $&?" });
    expect(failure.replay).toBe(
      String.raw`TRUECHIMER_SIM_SEED=1 npx vitest run -t 'it'\''s 100 % \(sure\) \{seed\} \$1 \$&\?'`,
    );
  });

  it.each([
    [
      'a timer in the world',
      {
        build: (world) => {
          const node = world.addNode('a');
          node.setTimer(
            () => {
              throw new Error('a bug of the program');
            },
            5000,
            { keepsAlive: true },
          );
          return { node, moments: [] };
        },
      },
      { trueMs: 5000, message: expect.stringContaining('a bug of the program') },
    ],
    [
      'the build',
      {
        build: () => {
          throw new Error('cannot be built');
        },
      },
      { trueMs: 0, event: 0, message: expect.stringContaining('cannot be built') },
    ],
    [
      'a rejected check',
      { check: () => Promise.reject(new Error('rejected')) },
      { message: expect.stringContaining('rejected') },
    ],
    [
      'a schedule for a node that is not there',
      { faults: [{ kind: 'pause', atMs: 1, node: 'z', forMs: 1 }] },
      { trueMs: 0 },
    ],
    [
      'a loop without end',
      {
        eventsMax: 1000,
        build: (world) => {
          const node = world.addNode('a');
          const again = (): void => {
            node.setTimer(again, 0, { keepsAlive: true });
          };
          again();
          return { node, moments: [] };
        },
      },
      { cause: expect.objectContaining({ code: 'TC_TOO_MANY_EVENTS' }) },
    ],
    [
      'what is no error',
      {
        check: () => {
          // eslint-disable-next-line @typescript-eslint/only-throw-error
          throw 'just words';
        },
      },
      { message: expect.stringContaining('a plan: just words') },
    ],
  ] as const satisfies readonly (readonly [string, Partial<SimulationPlan<State>>, unknown])[])(
    'may come from %s',
    async (_, plan, expected) => {
      expect(await failureOf(plan as Partial<SimulationPlan<State>>)).toMatchObject(expected);
    },
  );

  it.each([{ forMs: NaN }, { forMs: -1 }, { checkEveryMs: 0 }, { seed: -1 }, { seed: 0.5 }])(
    'is not what a plan is that cannot be right: %o',
    async (plan) => {
      await expect(simulate({ ...PLAN, ...plan })).rejects.toMatchObject({ code: expect.stringMatching(/^TC_/) });
    },
  );
});

describe('coverage', () => {
  it('counts by one or by more', () => {
    const coverage = new Coverage();
    coverage.count('a');
    coverage.count('a', 4);
    coverage.count('b', 0);
    expect(JSON.parse(JSON.stringify(coverage))).toEqual({ a: 5, b: 0 });
  });
});
