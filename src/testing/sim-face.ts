/**
 * Simulated clocks and worlds as tests make them: nothing has to be given.
 */
import {
  SimClockCore,
  type SimClockOptions as CoreClockOptions,
  SimWorldCore,
  type WorldOptions as CoreWorldOptions,
} from '../sim/index.ts';
import { settle, turn } from './settle.ts';

/** What a simulated clock may be made with; each has a default. */
export type SimClockOptions = Omit<CoreClockOptions, 'settle' | 'turn'>;

/** What a world may be made with; each has a default. */
export type SimWorldOptions = Omit<CoreWorldOptions, 'settle' | 'turn'>;

/**
 * A clock whose time passes when the test says so, with every fault that a real one has.
 *
 * It is a `Clock`, so code that takes one needs nothing else; for code that reads `Date` and sets timers see `install`. It starts at
 * 2026-01-01T00:00:00Z with a monotonic reading of 0, and is exact and free of faults until told otherwise. Time does not pass by itself:
 * without `advance`, no timer fires.
 *
 * @param options - All optional. `epochMs`: true time at the start; `wallAheadMs`: how wrong the wall clock is then; `drift`: how wrong
 * its rate is; `granularity`: how coarse its readings are; `seed`: where wander comes from; `eventsMax`: how many timers one call may fire.
 * @throws TC_NOT_FINITE, TC_OUT_OF_RANGE, TC_INVALID_ARGUMENT, TC_DURATION_AS_EPOCH.
 *
 * @example
 * ```ts
 * import { SimClock } from 'truechimer/testing';
 *
 * const clock = new SimClock();
 * const watch = clock.monotonic.stopwatch();
 * const before = clock.wall.now();
 * clock.stepWall(-3_600_000); // somebody sets the wall clock back by an hour
 * clock.advance(250);
 * console.log(watch.elapsedMs()); // 250
 * console.log(clock.wall.now().epochMilliseconds - before.epochMilliseconds); // -3599750
 * ```
 */
export class SimClock extends SimClockCore {
  constructor(options: SimClockOptions = {}) {
    super({ ...options, settle, turn });
  }
}

/**
 * Many machines on one true time line, with a network between them, all from one seed.
 *
 * Each node is a `ClockPort` of its own, with its own faults; `createClock(node)` puts the typed clocks on it. Only the test sees the true
 * time (`world.trueTime`), which is what makes it an oracle.
 *
 * @param options - All optional. `seed`: everything random comes from it, default 1; `epochMs`: true time at the start; `eventsMax`: how
 * many events one call may run.
 * @throws TC_NOT_FINITE, TC_OUT_OF_RANGE, TC_INVALID_ARGUMENT, TC_DURATION_AS_EPOCH.
 *
 * @example
 * ```ts
 * import { createClock } from 'truechimer';
 * import { delays, SimWorld } from 'truechimer/testing';
 *
 * const world = new SimWorld({ seed: 7 });
 * world.network.setDefault({ delay: delays.exponential(10, 5), loss: 0.01 });
 * const fast = world.addNode('fast', { drift: { driftPpm: 100 } });
 * const slow = world.addNode('slow', { drift: { driftPpm: -100 } });
 * await world.advance(1_000_000);
 * console.log(createClock(fast).wall.now().epochMilliseconds - createClock(slow).wall.now().epochMilliseconds); // 200
 * ```
 */
export class SimWorld extends SimWorldCore {
  constructor(options: SimWorldOptions = {}) {
    super({ ...options, settle, turn });
  }
}
