/**
 * `simulate` as tests call it: on this platform's event loop.
 */
import { simulate as simulateCore, type SimulationPlan as CorePlan, type SimulationResult } from '../sim/index.ts';
import { settle, turn } from './settle.ts';

/** What to simulate. */
export type SimulationPlan<State> = Omit<CorePlan<State>, 'settle' | 'turn'>;

/**
 * Runs a whole simulation: builds a world from a seed, lets faults happen, and checks a guarantee at random moments.
 *
 * The same plan and seed give the same history, event by event. A failure says the seed, the faults, the moment, and the command that
 * replays it. A simulation that passes shows nothing unless it did what it is about: assert on `checks`, `faults` and `coverage` too.
 *
 * @param plan - What to build, how long, which faults, and what must hold. A smaller `checkEveryMs` looks more often and takes longer.
 * @returns What happened, for assertions on coverage.
 * @throws `SimulationFailure` when a check, a program in the world or `build` throws; TC_INVALID_ARGUMENT, TC_OUT_OF_RANGE, TC_NOT_FINITE,
 * TC_EPOCH_AS_DURATION for a plan that cannot be right.
 *
 * @example
 * ```ts
 * import { simulate } from 'truechimer/testing';
 *
 * const { checks, network } = await simulate({
 *   name: 'messages arrive',
 *   seed: 1,
 *   forMs: 10_000,
 *   build: (world) => {
 *     const [a, b] = [world.addNode('a'), world.addNode('b')];
 *     const state = { received: 0 };
 *     const send = (): void => {
 *       world.network.send(a, b, () => (state.received += 1));
 *       a.setTimer(send, 100, { keepsAlive: true });
 *     };
 *     send();
 *     return state;
 *   },
 *   check: (world, { state }) => {
 *     if (state.received > world.network.counts.sent) throw new Error('a message came out of nowhere');
 *   },
 * });
 * console.log(checks, network.delivered);
 * ```
 */
export function simulate<State>(plan: SimulationPlan<State>): Promise<SimulationResult<State>> {
  return simulateCore({ ...plan, settle, turn });
}
