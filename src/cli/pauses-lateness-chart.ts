/**
 * How late wake-ups were, by percentile: the axis gives every further nine the same room, as HdrHistogram's plots do.
 */
import { logScale, pixel, type Plot } from './pauses-markup.ts';
import type { Lateness, LatenessPair } from './pauses-schema.ts';
import { formatDuration } from './quantity-text.ts';

const WIDTH = 520;
const HEIGHT = 270;
const PLOT: Plot = { left: 60, top: 14, width: 444, height: 212 };
const BOTTOM: number = PLOT.top + PLOT.height;

/** Below this a wake-up was on time; a logarithmic axis has no 0. */
const LOW_MS = 0.05;

/** Nines shown at the least, so that a short run does not fill the width with noise. */
const NINES_MIN = 2;
const NINES_MAX = 6;

/** As SVG. */
export function drawLateness({ raw, corrected }: LatenessPair): string {
  const nines = Math.min(NINES_MAX, Math.max(NINES_MIN, Math.log10(Math.max(1, corrected.count))));
  const lengths = logScale(LOW_MS, Math.max(10, raw.maxMs, corrected.maxMs) * 1.2);
  const x = (percentile: number): number => PLOT.left + (Math.min(nines, ninesOf(percentile)) / nines) * PLOT.width;
  const y = (lateMs: number): number => BOTTOM - lengths.at(Math.max(LOW_MS, lateMs)) * PLOT.height;
  const decades = lengths.ticks.filter((tick) => Number.isInteger(Math.round(Math.log10(tick) * 1e6) / 1e6));
  const line = (lateness: Lateness, name: string): string =>
    `<polyline class="${name}" points="${pointsOf(lateness, nines)
      .map(({ percentile, lateMs }) => `${pixel(x(percentile))},${pixel(y(lateMs))}`)
      .join(' ')}"/>`;
  const marks = [0, 50, 90, 99, 99.9, 99.99, 99.999].filter((percentile) => ninesOf(percentile) <= nines);
  return [
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Lateness of wake-ups by percentile">`,
    ...decades.map(
      (tick) =>
        `<line class="grid" x1="${PLOT.left}" x2="${PLOT.left + PLOT.width}" y1="${pixel(y(tick))}" y2="${pixel(y(tick))}"/><text x="${PLOT.left - 8}" y="${pixel(y(tick))}" dy=".32em" text-anchor="end">${formatDuration(tick)}</text>`,
    ),
    ...marks.map(
      (percentile) =>
        `<line class="grid" x1="${pixel(x(percentile))}" x2="${pixel(x(percentile))}" y1="${PLOT.top}" y2="${BOTTOM}"/><text x="${pixel(x(percentile))}" y="${BOTTOM + 18}" text-anchor="middle">${percentile} %</text>`,
    ),
    `<text x="${PLOT.left + PLOT.width}" y="${HEIGHT - 6}" text-anchor="end">of wake-ups were at most this late</text>`,
    line(raw, 'raw'),
    line(corrected, 'corrected'),
    '</svg>',
  ].join('\n');
}

function ninesOf(percentile: number): number {
  return percentile >= 100 ? Infinity : -Math.log10(1 - percentile / 100);
}

/** What the width shows, and the maximum at its right end. */
function pointsOf({ percentiles, maxMs }: Lateness, nines: number): Lateness['percentiles'] {
  const inside = percentiles.filter(({ percentile }) => ninesOf(percentile) < nines);
  return [...inside, { percentile: 100, lateMs: maxMs }];
}
