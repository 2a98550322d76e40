/**
 * The drift bench as one self-contained page: no script, no request, only text, tables and SVG.
 */
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { PRESETS } from 'truechimer/testing';
import type { DriftLine } from '../drift.ts';
import type { Scaling } from './scaling.ts';

/** What the page shows. */
export interface PageInput {
  readonly lines: readonly DriftLine[];
  readonly scalings: readonly Scaling[];
  readonly seed: number;
  readonly forMs: number;
}

const INK = '#1f2933';
const COLORS = ['#0b7285', '#e8590c', '#868e96'];

/** The whole page. */
export function renderPage(input: PageInput): string {
  const days = (input.forMs / 86_400_000).toFixed(1);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>truechimer: drift bench</title>
<style>
  body { font: 15px/1.5 system-ui, sans-serif; color: ${INK}; max-width: 1100px; margin: 2rem auto; padding: 0 1rem; }
  h1 { font-size: 1.5rem; margin-bottom: .2rem } h2 { font-size: 1.15rem; margin: 2rem 0 .3rem }
  p.note { color: #52606d; margin-top: 0 } figure { margin: 0 0 1rem } .row { display: flex; gap: 1rem; flex-wrap: wrap } svg { max-width: 100%; height: auto }
  table { border-collapse: collapse; font-size: 13px; width: 100% } td, th { padding: .2rem .5rem; text-align: right }
  th { border-bottom: 1px solid #9aa5b1; font-weight: 600 } td:first-child, th:first-child, td:nth-child(2), th:nth-child(2) { text-align: left; white-space: nowrap }
  tr.first td { border-top: 1px solid #e4e7eb } .bad { color: #c92a2a; font-weight: 600 }
</style>
</head>
<body>
<h1>How wrong is the clock, and how wrong does it say it may be?</h1>
<p class="note">${days} simulated days for each preset, seed ${input.seed}; every figure is against the oracle's true time.</p>
<h2>Error of the estimate and half-width of the bound</h2>
<p class="note">The bar is the bound's half-width from its median to its 99th percentile: a guarantee. Dots are root mean square errors of estimates: statistics.</p>
<p class="note">${legend(input.lines)}</p>
<figure>${overview(input.lines)}</figure>
<h2>What width costs</h2>
<p class="note">Excess width beyond the empty path's round trip; theory (dashed) says that it grows with the square root of each.</p>
<figure class="row">${input.scalings.map(scalingChart).join('\n')}</figure>
<h2>All figures</h2>
<p class="note">In ms unless said otherwise.</p>
${figuresTable(input.lines)}
</body>
</html>
`;
}

/** A document of its own for each chart: Plot needs one, and no browser. */
function plot(options: Plot.PlotOptions): string {
  // Their types speak of the DOM's, which this project does not load.
  const { document } = parseHTML('<html><body></body></html>') as unknown as { readonly document: never };
  const figure = Plot.plot({ ...options, document }) as unknown as { readonly outerHTML: string };
  return figure.outerHTML;
}

function legend(lines: readonly DriftLine[]): string {
  const estimators = [...new Set(lines.map((line) => line.estimator))];
  return estimators
    .map((estimator, index) => `<span style="color: ${COLORS[index] ?? INK}">● ${estimator}</span>`)
    .join('&emsp;');
}

function overview(lines: readonly DriftLine[]): string {
  const bounded = lines.filter(({ figures }) => Number.isFinite(figures.p50HalfWidthMs));
  const estimators = [...new Set(lines.map((line) => line.estimator))];
  const points = bounded.map(({ preset, estimator, figures }) => ({ preset, estimator, rms: figures.rmsErrorMs }));
  const bars = bounded
    .filter((line) => line.estimator === estimators[0])
    .map(({ preset, figures }) => ({ preset, low: figures.p50HalfWidthMs, high: figures.p99HalfWidthMs }));
  return plot({
    width: 960,
    marginLeft: 190,
    height: 60 + 28 * bars.length,
    x: { type: 'log', label: 'ms', grid: true, tickFormat: plainNumber },
    y: { label: null, domain: bars.map((bar) => bar.preset) },
    color: { domain: estimators, range: COLORS, legend: false },
    marks: [
      Plot.ruleY(bars, { y: 'preset', x1: 'low', x2: 'high', stroke: '#adb5bd', strokeWidth: 9 }),
      Plot.tickX(bars, { y: 'preset', x: 'low', stroke: INK, strokeWidth: 2 }),
      Plot.dot(points, { y: 'preset', x: 'rms', fill: 'estimator', r: 4.5 }),
    ],
  });
}

function scalingChart({ parameter, unit, points, exponent }: Scaling): string {
  return plot({
    width: 310,
    height: 250,
    marginLeft: 45,
    x: { type: 'log', label: `${parameter} (${unit})`, ticks: points.map((p) => p.value), tickFormat: plainNumber },
    y: { type: 'log', label: 'excess width (ms)', grid: true, tickFormat: plainNumber },
    marks: [
      Plot.line([...points], { x: 'value', y: 'theoryMs', stroke: '#868e96', strokeDasharray: '4 3' }),
      Plot.line([...points], { x: 'value', y: 'excessMs', stroke: COLORS[0] ?? INK }),
      Plot.dot([...points], { x: 'value', y: 'excessMs', fill: COLORS[0] ?? INK }),
      Plot.text([`exponent ${exponent.toFixed(3)}`], { frameAnchor: 'bottom-right', dx: -6, dy: -8, fontSize: 13 }),
    ],
  });
}

function plainNumber(value: number): string {
  return value >= 1000 ? `${value / 1000}k` : String(value);
}

function figuresTable(lines: readonly DriftLine[]): string {
  const head = [
    'preset',
    'estimator',
    'worst',
    'RMS',
    'bias',
    'half-width mean',
    'p50',
    'p99',
    'violations',
    'unbounded',
    'converged',
  ];
  const rows = lines.map(({ preset, estimator, figures: f }, index) => {
    const isFirst = lines[index - 1]?.preset !== preset;
    const number = (value: number): string => (Number.isFinite(value) ? value.toPrecision(3) : '–');
    const cells = [
      isFirst ? `<span title="${PRESETS[preset].summary}">${preset}</span>` : '',
      estimator,
      ...[f.worstErrorMs, f.rmsErrorMs, f.biasMs, f.meanHalfWidthMs, f.p50HalfWidthMs, f.p99HalfWidthMs].map(number),
      f.violations === 0 ? '0' : `<span class="bad">${f.violations}</span>`,
      String(f.unbounded),
      Number.isFinite(f.convergenceS) ? `${f.convergenceS.toFixed(0)} s` : 'never',
    ];
    return `<tr${isFirst ? ' class="first"' : ''}>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
  });
  return `<table><thead><tr>${head.map((cell) => `<th>${cell}</th>`).join('')}</tr></thead><tbody>${rows.join('\n')}</tbody></table>`;
}
