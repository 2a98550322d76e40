/**
 * The long run: synthetic exchanges over more than a million simulated seconds, with drift at the declared bound.
 *
 * Shown: the truth is in every bounded answer, at random moments between the polls; the bounds are as narrow as the theory allows;
 * drift beyond the bound is reported. The theory (docs/algorithms/running-intersection.md): with polls every P, jitter X and the
 * bound rho, each side exceeds the shortest path by E[min over k of (X_k + a (u + k))], where a = (rho + y) P on one side and
 * (rho - y) P on the other for the real drift y, and u is uniform in [0, 1).
 */
import { describe, expect, it } from 'vitest';
import { agree, makeSnapshot, RunningIntersection, type Snapshot } from '../../src/sync/index.ts';
import { earliestAt, latestAt } from '../../src/sync/snapshot.ts';
import type { Exchange } from '../../src/sync/time-source.ts';
import { SEED } from '../seed.ts';

const BASE_MS = 1_789_000_000_000;
const TICK_MS = 2 ** -20;
/** The truth is a sum of doubles here, and this is more than it can lose in a run; a read has a slack of 1.2e-4 ms. */
const TRUTH_ROUNDING_MS = 1e-8;

type Random = () => number;

/** Mulberry32: small, seeded, good enough for delays. */
function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Jitter {
  readonly name: string;
  readonly meanMs: number;
  draw(random: Random): number;
  /** P(X > x). */
  survival(xMs: number): number;
}

function exponential(meanMs: number): Jitter {
  return {
    name: `exponential ${meanMs} ms`,
    meanMs,
    draw: (random) => -meanMs * Math.log(1 - random()),
    survival: (xMs) => Math.exp(-Math.max(0, xMs) / meanMs),
  };
}

/** Lomax, the Pareto that starts at 0, with exponent 1.5: no variance. */
function pareto(meanMs: number): Jitter {
  const scaleMs = meanMs / 2;
  return {
    name: `Pareto ${meanMs} ms`,
    meanMs,
    draw: (random) => scaleMs * ((1 - random()) ** (-1 / 1.5) - 1),
    survival: (xMs) => (1 + Math.max(0, xMs) / scaleMs) ** -1.5,
  };
}

interface Plan {
  readonly seed: number;
  readonly seconds: number;
  readonly pollMs: number;
  readonly pathMs: number;
  readonly jitter: Jitter;
  readonly declaredPpm: number;
  /** The real drift; asked again at every leg of the way. */
  driftPpm(random: Random): number;
  readonly granularityMs: number;
  readonly serverErrorMs: number;
  readonly readsPerPoll: number;
}

interface Tally {
  answers: number;
  violations: number;
  inverted: number;
  contradictions: number;
  /** Reads whose width counts, and the sum of their widths. */
  settled: number;
  widthMs: number;
}

/** One machine: monotonic time in exact ticks, and theta = true time - base - monotonic time. */
class Machine {
  readonly plan: Plan;
  readonly random: Random;
  nowMs: number;
  thetaMs: number;

  constructor(plan: Plan) {
    this.plan = plan;
    this.random = randomFrom(plan.seed);
    this.nowMs = Math.floor(this.random() * 1e8);
    this.thetaMs = this.random() * 2000 - 1000;
  }

  pass(byMs: number): void {
    const stepMs = Math.max(1, Math.round(byMs / TICK_MS)) * TICK_MS;
    this.nowMs += stepMs;
    this.thetaMs += stepMs * this.plan.driftPpm(this.random) * 1e-6;
  }

  reading(): number {
    const { granularityMs } = this.plan;
    return granularityMs === 0 ? this.nowMs : Math.floor(this.nowMs / granularityMs) * granularityMs;
  }

  stamp(lieMs: number): Exchange['serverSent'] {
    const { serverErrorMs } = this.plan;
    const toldMs = this.thetaMs + (2 * this.random() - 1) * serverErrorMs * 0.999_999 + lieMs;
    const wholeMs = Math.floor(this.nowMs) + Math.floor(toldMs);
    const fractionMs = this.nowMs - Math.floor(this.nowMs) + (toldMs - Math.floor(toldMs));
    const carryMs = Math.floor(fractionMs);
    return { wholeMs: BASE_MS + wholeMs + carryMs, fractionMs: fractionMs - carryMs };
  }

  exchange(lieMs = 0): Exchange {
    const { pathMs, jitter } = this.plan;
    const sentMs = this.reading();
    this.pass(pathMs + jitter.draw(this.random));
    const serverReceived = this.stamp(lieMs);
    const serverSent = serverReceived;
    this.pass(pathMs + jitter.draw(this.random));
    const sourceErrorMs = this.plan.serverErrorMs;
    return {
      sentMs,
      serverReceived,
      serverSent,
      receivedMs: this.reading(),
      sourceErrorMs,
      server: 's',
      stratum: 1,
      leap: 'none',
    };
  }
}

function premisesOf(plan: Plan): Parameters<typeof makeSnapshot>[0]['premises'] {
  return {
    driftPpm: plan.declaredPpm,
    falsetickersTolerated: 0,
    sourcesConfigured: 1,
    sourcesAnswering: 1,
    timeScale: 'utc',
  };
}

function publish(machine: Machine, theta: { earliest: number; latest: number }): Snapshot {
  const { plan } = machine;
  const anchorMs = machine.reading();
  const axis = { baseMs: BASE_MS, driftPpm: plan.declaredPpm, granularityMs: plan.granularityMs };
  return makeSnapshot({ theta, anchorMs, voidAfterMs: anchorMs + 864e5, axis, premises: premisesOf(plan) });
}

function check(machine: Machine, snapshot: Snapshot, tally: Tally, isSettled = true): void {
  const readMs = machine.reading();
  const earliest = earliestAt(snapshot, readMs);
  const latest = latestAt(snapshot, readMs);
  const earlyMs = earliest - BASE_MS - machine.nowMs - machine.thetaMs;
  const lateMs = latest - BASE_MS - machine.nowMs - machine.thetaMs;
  tally.answers += 1;
  if (isSettled) {
    tally.settled += 1;
    tally.widthMs += lateMs - earlyMs;
  }
  if (earlyMs > TRUTH_ROUNDING_MS || lateMs < -TRUTH_ROUNDING_MS) tally.violations += 1;
  if (earliest > latest) tally.inverted += 1;
}

function newTally(): Tally {
  return { answers: 0, violations: 0, inverted: 0, contradictions: 0, settled: 0, widthMs: 0 };
}

/** Polls on time, reads at random moments in between. */
function run(plan: Plan): Tally {
  const machine = new Machine(plan);
  const axis = { baseMs: BASE_MS, driftPpm: plan.declaredPpm, granularityMs: plan.granularityMs };
  const intersection = new RunningIntersection(axis);
  const tally = newTally();
  const untilMs = machine.nowMs + plan.seconds * 1000;
  // Until the best of many polls has been seen the width is not yet that of the theory.
  const settledMs = machine.nowMs + Math.min(100, plan.seconds / 4 / (plan.pollMs / 1000)) * plan.pollMs;
  for (let pollMs = machine.nowMs; pollMs < untilMs; pollMs += plan.pollMs) {
    if (pollMs > machine.nowMs) machine.pass(pollMs - machine.nowMs);
    if (intersection.add(machine.exchange()) === 'contradiction') {
      tally.contradictions += 1;
      intersection.reset();
      continue;
    }
    const snapshot = publish(machine, intersection.at(machine.reading())!);
    const nextMs = pollMs + plan.pollMs;
    for (let read = 0; read < plan.readsPerPoll; read += 1) {
      // Stratified over the interval, so that the mean width is that of a uniform moment.
      const atMs = pollMs + (plan.pollMs * (read + machine.random())) / plan.readsPerPoll;
      if (atMs <= machine.nowMs || atMs >= nextMs) continue;
      machine.pass(atMs - machine.nowMs);
      check(machine, snapshot, tally, pollMs >= settledMs);
    }
  }
  return tally;
}

/** E[min over k of (X_k + a (u + k))] by quadrature of its survival function. */
function excessMs(jitter: Jitter, growthMs: number): number {
  const STEPS = 16;
  let sum = 0;
  for (let step = 0; step < STEPS; step += 1) {
    const u = (step + 0.5) / STEPS;
    // Beyond this the minimum is not found any more: at the first step the survival is that of at least one draw.
    const stepMs = Math.min(growthMs, jitter.meanMs) / 40;
    for (let xMs = stepMs / 2; ; xMs += stepMs) {
      let survival = 1;
      for (let k = 0; growthMs * (u + k) < xMs && survival > 1e-12; k += 1)
        survival *= jitter.survival(xMs - growthMs * (u + k));
      if (survival <= 1e-9) break;
      sum += (survival * stepMs) / STEPS;
    }
  }
  return sum;
}

const RHO_PPM = 50;

const DRIFTS: readonly (readonly [string, (random: Random) => number])[] = [
  ['fast, at the bound', () => RHO_PPM],
  ['slow, at the bound', () => -RHO_PPM],
  ['switching between the bounds', (random) => (random() < 0.5 ? RHO_PPM : -RHO_PPM)],
  ['wandering', (random) => RHO_PPM * (2 * random() - 1)],
];

const JITTERS: readonly Jitter[] = [0.1, 1, 10, 100].flatMap((meanMs) => [exponential(meanMs), pareto(meanMs)]);

function planWith(change: Partial<Plan> & { seed: number }): Plan {
  return {
    seconds: 20_000,
    pollMs: 16_000,
    pathMs: 1,
    jitter: exponential(1),
    declaredPpm: RHO_PPM,
    driftPpm: () => 0,
    granularityMs: 0,
    serverErrorMs: 0,
    readsPerPoll: 6,
    ...change,
  };
}

function everyPlan(declaredPpm: number): Plan[] {
  return [16_000, 64_000].flatMap((pollMs) =>
    JITTERS.flatMap((jitter, row) =>
      DRIFTS.map(([, driftPpm], column) =>
        planWith({
          seed: SEED + 1000 * row + 10 * column + pollMs,
          seconds: 24_000,
          pollMs,
          jitter,
          driftPpm,
          declaredPpm,
          granularityMs: column % 2 === 0 ? 2 ** -10 : 2 ** -14,
          serverErrorMs: row % 2 === 0 ? 0 : 0.75,
          readsPerPoll: 4 * (pollMs / 16_000),
        }),
      ),
    ),
  );
}

describe('containment', () => {
  it('G1: holds over a million simulated seconds with drift at the bound, in every one of more than 100 000 answers', () => {
    const plans = everyPlan(RHO_PPM);
    let answers = 0;
    let seconds = 0;
    for (const plan of plans) {
      const tally = run(plan);
      const what = `seed ${plan.seed}, ${plan.jitter.name}, poll ${plan.pollMs} ms`;
      expect(tally, what).toMatchObject({ violations: 0, inverted: 0, contradictions: 0 });
      answers += tally.answers;
      seconds += plan.seconds;
    }
    expect(seconds).toBeGreaterThanOrEqual(1e6);
    expect(answers).toBeGreaterThan(100_000);
  });

  it('the run catches a bound that opens a tenth too slowly', () => {
    const caught = everyPlan(RHO_PPM * 0.9).filter((plan) => {
      const tally = run(plan);
      return tally.violations > 0 || tally.contradictions > 0;
    });
    expect(caught.length).toBeGreaterThan(10);
  });

  it('G1: holds across four sources of which one lies as it likes', () => {
    const plan = planWith({ seed: SEED + 7, driftPpm: DRIFTS[2]![1], granularityMs: 2 ** -10, serverErrorMs: 0.1 });
    const machine = new Machine(plan);
    const axis = { baseMs: BASE_MS, driftPpm: RHO_PPM, granularityMs: plan.granularityMs };
    const sources = ['a', 'b', 'c', 'liar'].map((name) => ({ name, intersection: new RunningIntersection(axis) }));
    const tally = newTally();
    let refused = 0;
    for (let poll = 0; poll < 2000; poll += 1) {
      const lieMs = (machine.random() - 0.5) * 10 ** (machine.random() * 5 - 1);
      for (const { name, intersection } of sources) {
        const exchange = machine.exchange(name === 'liar' ? lieMs : 0);
        if (intersection.add(exchange) !== 'contradiction') continue;
        expect(name, `seed ${plan.seed}`).toBe('liar');
        intersection.reset();
        intersection.add(exchange);
      }
      const atMs = machine.reading();
      const opinions = sources.map(({ name, intersection }) => ({ name, interval: intersection.at(atMs)! }));
      const agreement = agree(opinions, { configured: 4, tolerated: 1 });
      if (!agreement.agreed) refused += 1;
      const snapshot = agreement.agreed ? publish(machine, agreement.interval) : undefined;
      for (let read = 0; read < 4; read += 1) {
        machine.pass(4000 * machine.random());
        if (snapshot !== undefined) check(machine, snapshot, tally);
      }
    }
    expect(tally, `seed ${plan.seed}`).toMatchObject({ violations: 0, inverted: 0 });
    expect(tally.answers).toBe(8000 - 4 * refused);
    expect(refused).toBe(0);
  });
});

describe('width', () => {
  const cases = [16_000, 64_000].flatMap((pollMs) =>
    JITTERS.flatMap((jitter) => [0, 0.5].map((share) => ({ pollMs, jitter, name: jitter.name, share }))),
  );

  it.each(cases)('is that of the theory: polls of $pollMs ms, $name, drift at $share of the bound', (one) => {
    const { pollMs, jitter, share } = one;
    const ratios = [1, 2, 3].map((nth) => {
      const plan = planWith({
        seed: SEED + 31 * nth,
        seconds: (pollMs / 1000) * 4000,
        pollMs,
        jitter,
        driftPpm: () => share * RHO_PPM,
        readsPerPoll: 3,
      });
      const { settled, widthMs, violations } = run(plan);
      expect(violations, `seed ${plan.seed}`).toBe(0);
      const sides = [1 + share, 1 - share].map((factor) => excessMs(jitter, factor * RHO_PPM * 1e-6 * pollMs));
      return widthMs / settled / (2 * plan.pathMs + sides[0]! + sides[1]!);
    });
    const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
    expect(mean, `seed ${SEED}`).toBeLessThanOrEqual(1.02);
    expect(mean, `seed ${SEED}`).toBeGreaterThanOrEqual(0.97);
  });

  it('the theory here is the closed form of the facts where jitter is large: sqrt(pi rho P J / 2) on each side', () => {
    const growthMs = RHO_PPM * 1e-6 * 16_000;
    expect(excessMs(exponential(100), growthMs) / Math.sqrt((Math.PI * growthMs * 100) / 2)).toBeCloseTo(1, 1);
    expect(excessMs(exponential(0.01), growthMs) / (0.01 + growthMs / 2)).toBeCloseTo(1, 2);
  });
});

describe('drift beyond the bound', () => {
  it.each([1, -1])('is reported as a contradiction, and no interval is ever inverted (sign %d)', (sign) => {
    for (const factor of [1.2, 2, 10]) {
      const plan = planWith({
        seed: SEED + factor,
        jitter: exponential(0.1),
        pathMs: 0.1,
        driftPpm: () => sign * factor * RHO_PPM,
      });
      const tally = run(plan);
      expect(tally.contradictions, `seed ${plan.seed}`).toBeGreaterThan(0);
      expect(tally.inverted, `seed ${plan.seed}`).toBe(0);
    }
  });
});
