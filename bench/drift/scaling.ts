/**
 * How the excess width grows with drift bound, polling interval and jitter: theory says with the square root of each.
 *
 * Excess is what the width has beyond the round trip of an empty path. With exponential jitter of mean J, polls every P and a drift bound
 * rho, each side's excess is about sqrt(pi * rho * P * J / 2) while rho * P is far below J.
 */
import { leastDelayEstimator } from 'truechimer';
import { type Preset, PRESETS } from 'truechimer/testing';
import { figuresOf } from './figures.ts';
import { watchRun } from './watched-run.ts';

/** One parameter varied, the others fixed. */
export interface Scaling {
  readonly parameter: 'drift bound' | 'poll interval' | 'jitter';
  readonly unit: string;
  readonly points: readonly { readonly value: number; readonly excessMs: number; readonly theoryMs: number }[];
  /** The slope of log(excess) over log(value). */
  readonly exponent: number;
}

interface Setting {
  readonly driftPpm: number;
  readonly pollMs: number;
  readonly jitterMs: number;
}

const MIDDLE: Setting = { driftPpm: 50, pollMs: 64_000, jitterMs: 100 };
const BASE_MS = 5;
const FACTORS = [0.25, 0.5, 1, 2, 4];

/** Runs all three. */
export async function measureScalings(forPolls: number): Promise<readonly Scaling[]> {
  return [
    await scale('drift bound', 'ppm', 'driftPpm', forPolls),
    await scale('poll interval', 'ms', 'pollMs', forPolls),
    await scale('jitter', 'ms', 'jitterMs', forPolls),
  ];
}

async function scale(
  parameter: Scaling['parameter'],
  unit: string,
  key: keyof Setting,
  forPolls: number,
): Promise<Scaling> {
  const points = [];
  for (const factor of FACTORS) {
    const setting = { ...MIDDLE, [key]: MIDDLE[key] * factor };
    points.push({ value: setting[key], excessMs: await excessOf(setting, forPolls), theoryMs: theoryOf(setting) });
  }
  return { parameter, unit, points, exponent: slopeOf(points.map((p) => [Math.log(p.value), Math.log(p.excessMs)])) };
}

async function excessOf(setting: Setting, forPolls: number): Promise<number> {
  const path = { delay: { kind: 'exponential', baseMs: BASE_MS, meanMs: setting.jitterMs } } as const;
  const preset: Preset = {
    ...PRESETS.lan,
    client: { wallAheadMs: 0, drift: {} },
    toServer: path,
    toClient: path,
    pace: { burstCount: 1, pollMinMs: setting.pollMs, pollMaxMs: setting.pollMs },
    driftPpm: setting.driftPpm,
  };
  const forMs = forPolls * setting.pollMs;
  const everyMs = setting.pollMs / 3;
  const run = await watchRun({ preset, estimator: leastDelayEstimator, seed: 3, forMs, everyMs, servers: 1 });
  return 2 * (figuresOf(run).meanHalfWidthMs - BASE_MS);
}

/** Both sides; polls are a twentieth later on average than the interval says, for the jitter that keeps clients apart. */
function theoryOf({ driftPpm, pollMs, jitterMs }: Setting): number {
  return 2 * Math.sqrt((Math.PI * driftPpm * 1e-6 * pollMs * 1.05 * jitterMs) / 2);
}

/** The slope of the least-squares line. */
function slopeOf(points: readonly (readonly [number, number])[]): number {
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length;
  const covariance = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const variance = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return covariance / variance;
}
