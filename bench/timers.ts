/**
 * What simulated timers cost: setting many and firing them in order, beside @sinonjs/fake-timers, which jest and vitest build on.
 *
 * Both are used as a test uses them: installed, and reached through the global `setTimeout`. They take turns in one process on the same
 * delays, and the median of the ratios counts. Every run checks that each timer fired once, at its moment.
 */
import { install as installSinon } from '@sinonjs/fake-timers';
import { install, SeededRandom, SimClock } from 'truechimer/testing';
import { type BenchOptions, type BenchResult, rowOf } from './harness/bench.ts';
import { median } from './harness/statistics.ts';

export const name = 'timers';
export const summary = 'setting and firing simulated timers, beside @sinonjs/fake-timers, and how the cost grows';

const TIMERS = 100_000;
const ROUNDS = 9;
const ROUNDS_QUICK = 3;

/** The sizes between which the growth is measured. */
const FEW = 10_000;
const MANY = 1_000_000;

const SPAN_MS = 60_000;

/** Delays in the order in which they are set, and the moments at which the timers have to fire. */
interface Load {
  readonly delaysMs: readonly number[];
  readonly dueMs: readonly number[];
}

/** Sets one timer for each delay, lets the whole span pass, and returns how many ms of real time that took. */
type Run = (load: Load) => number;

export function run(options: BenchOptions): Promise<BenchResult> {
  const rounds = options.quick ? ROUNDS_QUICK : ROUNDS;
  const load = drawLoad(TIMERS);
  for (const each of [throughGlobals, throughPort, throughSinon]) each(drawLoad(FEW)); // compiled before it counts
  const globals: number[] = [];
  const port: number[] = [];
  const perTimerNs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    options.progress(`timers: round ${round + 1} of ${rounds}`);
    const sinonMs = throughSinon(load);
    const globalsMs = throughGlobals(load);
    globals.push(globalsMs / sinonMs);
    port.push(throughPort(load) / sinonMs);
    perTimerNs.push((globalsMs * 1e6) / TIMERS);
  }
  const peer = '@sinonjs/fake-timers 15.5.0';
  return Promise.resolve({
    rows: [
      rowOf({ name: '1e5 timers set and fired', value: median(globals), unit: 'ratio', peer, goal: 0.35 }),
      rowOf({ name: '1e5 timers set and fired, through the clock port', value: median(port), unit: 'ratio', peer }),
      rowOf({ name: 'one timer of 1e5', value: median(perTimerNs), unit: 'ns' }),
      rowOf({ name: 'growth exponent, 1e4 to 1e6', value: growthExponent(options), unit: 'exponent', goal: 1.5 }),
    ],
  });
}

/** 1 is linear, 2 is quadratic. */
function growthExponent(options: BenchOptions): number {
  const few = drawLoad(FEW);
  const many = drawLoad(MANY);
  const fewMs: number[] = [];
  const manyMs: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    options.progress(`timers: growth, round ${round + 1} of 3`);
    for (let repeat = 0; repeat < 5; repeat += 1) fewMs.push(throughGlobals(few));
    manyMs.push(throughGlobals(many));
  }
  return Math.log(median(manyMs) / median(fewMs)) / Math.log(MANY / FEW);
}

const throughGlobals: Run = (load) => {
  const clock = new SimClock();
  const installed = install(clock, { toFake: ['setTimeout'] });
  try {
    return timed(load, {
      set: (fire, delayMs) => setTimeout(fire, delayMs),
      pass: () => {
        clock.advance(SPAN_MS);
      },
      nowMs: () => clock.port.monotonicMs(),
    });
  } finally {
    installed.uninstall();
  }
};

const throughPort: Run = (load) => {
  const clock = new SimClock();
  return timed(load, {
    set: (fire, delayMs) => clock.port.setTimer(fire, delayMs, { keepsAlive: true }),
    pass: () => {
      clock.advance(SPAN_MS);
    },
    nowMs: () => clock.port.monotonicMs(),
  });
};

const throughSinon: Run = (load) => {
  const clock = installSinon({ now: 0, toFake: ['setTimeout'], loopLimit: MANY });
  try {
    return timed(load, {
      set: (fire, delayMs) => setTimeout(fire, delayMs),
      pass: () => {
        clock.tick(SPAN_MS);
      },
      nowMs: () => clock.now,
    });
  } finally {
    clock.uninstall();
  }
};

interface Subject {
  readonly set: (fire: () => void, delayMs: number) => unknown;
  readonly pass: () => void;
  readonly nowMs: () => number;
}

/** Each callback looks at the simulated time: a timer that fires at another moment than its own is out of order. */
function timed({ delaysMs, dueMs }: Load, subject: Subject): number {
  let fired = 0;
  let misplaced = 0;
  const fire = (): void => {
    if (subject.nowMs() !== dueMs[fired]) misplaced += 1;
    fired += 1;
  };
  const begunMs = performance.now();
  for (const delayMs of delaysMs) subject.set(fire, delayMs);
  subject.pass();
  const tookMs = performance.now() - begunMs;
  if (fired !== delaysMs.length || misplaced > 0) {
    throw new Error(`fired ${fired} of ${delaysMs.length} timers, ${misplaced} of them at a wrong moment`);
  }
  return tookMs;
}

function drawLoad(count: number): Load {
  const random = new SeededRandom(1);
  const delaysMs = Array.from({ length: count }, () => 1 + random.integer(SPAN_MS));
  return { delaysMs, dueMs: delaysMs.toSorted((a, b) => a - b) };
}
