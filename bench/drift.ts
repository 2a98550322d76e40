/**
 * How wrong the clock is, and how wrong it says it may be: every preset, simulated, with the oracle watching.
 *
 * The bound and the estimate are different things and have different columns. Violations count bounded answers that excluded the truth.
 */
import { type PresetName, PRESETS } from 'truechimer/testing';
import { ESTIMATORS } from './drift/estimators.ts';
import { figuresOf, type RunFigures } from './drift/figures.ts';
import { renderPage } from './drift/page.ts';
import { measureScalings, type Scaling } from './drift/scaling.ts';
import { watchRun } from './drift/watched-run.ts';
import { type BenchOptions, type BenchResult, type BenchRow, rowOf } from './harness/bench.ts';
import { alignColumns } from './harness/report.ts';

export const name = 'drift';
export const summary =
  'errors, widths and violations in simulated networks, and how width scales (--html FILE for charts)';

const FOR_MS = 40_000_000;
const FOR_MS_QUICK = 10_000_000;
const EVERY_MS = 5000;
const SEED = 42;

/** Polls for each point of a scaling. */
const POLLS = 4000;
const POLLS_QUICK = 600;

/** One line of a preset's table. */
export interface DriftLine {
  readonly preset: PresetName;
  readonly estimator: string;
  readonly figures: RunFigures;
}

export async function run(options: BenchOptions): Promise<BenchResult> {
  const lines: DriftLine[] = [];
  const forMs = options.quick ? FOR_MS_QUICK : FOR_MS;
  for (const [preset, description] of Object.entries(PRESETS) as [PresetName, (typeof PRESETS)[PresetName]][]) {
    options.progress(`${preset}: ${description.summary}`);
    for (const estimator of ESTIMATORS) {
      const watched = await watchRun({ preset: description, estimator, seed: SEED, forMs, everyMs: EVERY_MS });
      lines.push({ preset, estimator: estimator.name, figures: figuresOf(watched) });
    }
  }
  options.progress('scalings');
  const scalings = await measureScalings(options.quick ? POLLS_QUICK : POLLS);
  return {
    rows: [...lines.flatMap(rowsOfLine), ...scalings.map(rowOfScaling)],
    inText: (row) => row.name.startsWith('exponent'),
    text: renderTables(lines),
    html: () => renderPage({ lines, scalings, seed: SEED, forMs }),
  };
}

function rowsOfLine({ preset, estimator, figures }: DriftLine): readonly BenchRow[] {
  const value = (what: string, figure: number, unit: string, goal?: number): BenchRow[] =>
    Number.isFinite(figure)
      ? [
          rowOf({
            name: `${preset}: ${what}`,
            value: figure,
            unit,
            peer: estimator,
            ...(goal === undefined ? {} : { goal }),
          }),
        ]
      : [];
  return [
    ...value('worst error', figures.worstErrorMs, 'ms'),
    ...value('RMS error', figures.rmsErrorMs, 'ms'),
    ...value('bias', figures.biasMs, 'ms'),
    ...value('half-width, mean', figures.meanHalfWidthMs, 'ms'),
    ...value('half-width, p50', figures.p50HalfWidthMs, 'ms'),
    ...value('half-width, p99', figures.p99HalfWidthMs, 'ms'),
    ...value('violations', figures.violations, 'answers', 0),
    ...value('bounded answers', figures.bounded, 'answers'),
    ...value('unbounded answers', figures.unbounded, 'answers'),
    ...value('convergence', figures.convergenceS, 's'),
  ];
}

/** Theory: one half. A goal is a largest value, so the distance from it is what is compared. */
function rowOfScaling({ parameter, exponent }: Scaling): BenchRow {
  return rowOf({
    name: `exponent of excess width in ${parameter} (${exponent.toFixed(3)}), distance from 0.5`,
    value: Math.abs(exponent - 0.5),
    unit: 'exponent',
    peer: 'theory',
    goal: 0.05,
  });
}

const HEAD = ['', 'worst', 'RMS', 'bias', 'half-width: mean', 'p50', 'p99', 'violations', 'unbounded', 'converged'];

function renderTables(lines: readonly DriftLine[]): string {
  const presets = [...new Set(lines.map((line) => line.preset))];
  const tables = presets.map((preset) => {
    const own = lines.filter((line) => line.preset === preset);
    const cells = own.map(({ estimator, figures: f }) => [
      `  ${estimator}`,
      ms(f.worstErrorMs),
      ms(f.rmsErrorMs),
      ms(f.biasMs),
      ms(f.meanHalfWidthMs),
      ms(f.p50HalfWidthMs),
      ms(f.p99HalfWidthMs),
      `${f.violations} of ${f.bounded}`,
      String(f.unbounded),
      Number.isFinite(f.convergenceS) ? `${f.convergenceS.toFixed(0)} s` : 'never',
    ]);
    return `${preset}: ${PRESETS[preset].summary}\n${alignColumns([HEAD, ...cells])}`;
  });
  return `Errors of the estimate and half-widths of the bound, in ms; all against the oracle.\n\n${tables.join('\n\n')}`;
}

function ms(value: number): string {
  return Number.isFinite(value) ? value.toPrecision(3) : '-';
}
