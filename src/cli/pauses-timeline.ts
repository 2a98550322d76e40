/**
 * The timeline of pauses: each a bar at its time, as high as it was long, in the colour of its cause.
 */
import { CAUSE_COLOURS, escapeText, type LogScale, logScale, pixel, type Plot, roundMoments } from './pauses-markup.ts';
import type { PausesReport, ReportedPause, ReportedStep } from './pauses-schema.ts';
import { causeText, groundsText, lengthText, tellingFrame } from './pauses-words.ts';
import { formatDuration } from './quantity-text.ts';

const WIDTH = 1080;
const HEIGHT = 360;
const PLOT: Plot = { left: 64, top: 26, width: 1000, height: 290 };

/** A bar that can be seen and pointed at. */
const BAR_WIDTH_MIN = 4;

const BOTTOM: number = PLOT.top + PLOT.height;

/** As SVG, which a browser shows without help. */
export function drawTimeline(report: PausesReport): string {
  const { pauses, steps, settings } = report;
  const silentMs = report.silentAtEndMs ?? 0;
  const totalMs = Math.max(1, report.observedMs + silentMs, ...pauses.map(({ endedMs }) => endedMs));
  const longestMs = Math.max(settings.thresholdMs * 4, silentMs, ...pauses.map(({ maxMs, gapMs }) => maxMs ?? gapMs));
  const lengths = logScale(settings.thresholdMs * 0.8, longestMs * 1.15);
  const x = (atMs: number): number => PLOT.left + (Math.max(0, atMs) / totalMs) * PLOT.width;
  return [
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Pauses over time, their length on a logarithmic scale">`,
    ...drawLengthAxis(lengths),
    ...drawTimeAxis(totalMs, x),
    drawSureLine(lengths, settings.intervalMs + settings.thresholdMs),
    // The longest first, so that a short one inside of its width is not covered.
    ...[...pauses].sort((a, b) => b.gapMs - a.gapMs).map((pause) => drawPause(pause, x, lengths)),
    ...(silentMs === 0 ? [] : [drawLast(silentMs, { from: x(totalMs - silentMs), top: y(lengths.at(silentMs)) })]),
    ...steps.map((step) => drawStep(step, x)),
    '</svg>',
  ].join('\n');
}

function y(share: number): number {
  return BOTTOM - share * PLOT.height;
}

function drawLengthAxis(lengths: LogScale): readonly string[] {
  return lengths.ticks.map((tick) => {
    const at = pixel(y(lengths.at(tick)));
    return `<line class="grid" x1="${PLOT.left}" x2="${PLOT.left + PLOT.width}" y1="${at}" y2="${at}"/><text x="${PLOT.left - 8}" y="${at}" dy=".32em" text-anchor="end">${formatDuration(tick)}</text>`;
  });
}

function drawTimeAxis(totalMs: number, x: (atMs: number) => number): readonly string[] {
  const ticks = roundMoments(totalMs, 10).map(
    (tick) =>
      `<line class="axis" x1="${pixel(x(tick))}" x2="${pixel(x(tick))}" y1="${BOTTOM}" y2="${BOTTOM + 5}"/><text x="${pixel(x(tick))}" y="${BOTTOM + 20}" text-anchor="middle">${tick === 0 ? '0' : formatDuration(tick)}</text>`,
  );
  return [
    `<line class="axis" x1="${PLOT.left}" x2="${PLOT.left + PLOT.width}" y1="${BOTTOM}" y2="${BOTTOM}"/>`,
    ...ticks,
    `<text x="${PLOT.left - 8}" y="12" text-anchor="end">length</text>`,
    `<text x="${PLOT.left + PLOT.width}" y="${HEIGHT - 8}" text-anchor="end">since the start</text>`,
  ];
}

function drawSureLine(lengths: LogScale, sureMs: number): string {
  const at = pixel(y(lengths.at(sureMs)));
  return `<line class="sure" x1="${PLOT.left}" x2="${PLOT.left + PLOT.width}" y1="${at}" y2="${at}"><title>every pause of ${formatDuration(sureMs)} is noticed</title></line>`;
}

function drawPause(pause: ReportedPause, x: (atMs: number) => number, lengths: LogScale): string {
  const colour = CAUSE_COLOURS[pause.cause];
  const from = x(pause.endedMs - pause.gapMs);
  const width = Math.max(BAR_WIDTH_MIN, x(pause.endedMs) - from);
  const top = y(lengths.at(pause.gapMs));
  const middle = pixel(from + width / 2);
  const highest = pixel(pause.maxMs === null ? PLOT.top : y(lengths.at(pause.maxMs)));
  const frame = tellingFrame(pause);
  const title = `${formatDuration(pause.endedMs - pause.gapMs)}: ${causeText(pause)} ${lengthText(pause)}, ${groundsText(pause)}${frame === undefined ? '' : `\nin ${frame}`}`;
  const isInferred = pause.certainty === 'inferred';
  return [
    `<a href="#pause-${pause.seq}"><g class="pause"><title>${escapeText(title)}</title>`,
    `<rect x="${pixel(from)}" y="${pixel(top)}" width="${pixel(width)}" height="${pixel(BOTTOM - top)}" rx="1.5" fill="${colour}" fill-opacity="${isInferred ? '.55' : '.9'}" stroke="${colour}"/>`,
    `<line x1="${middle}" x2="${middle}" y1="${pixel(top)}" y2="${highest}" stroke="${colour}" stroke-width="1.5" stroke-dasharray="2 2"/>`,
    '</g></a>',
  ].join('');
}

/** The pause in which it ended: open to the right, for it was never over. */
function drawLast(silentMs: number, { from, top }: { readonly from: number; readonly top: number }): string {
  const right = pixel(PLOT.left + PLOT.width);
  return `<g><title>silent for ${formatDuration(silentMs)} until it ended</title><polyline class="last" points="${pixel(from)},${BOTTOM} ${pixel(from)},${pixel(top)} ${right},${pixel(top)}"/></g>`;
}

function drawStep(step: ReportedStep, x: (atMs: number) => number): string {
  const at = pixel(x(step.atMs));
  const text = `wall clock set by ${formatDuration(step.deltaMs, { signed: true })}`;
  return `<g class="step"><title>${escapeText(text)}</title><line x1="${at}" x2="${at}" y1="${PLOT.top}" y2="${BOTTOM}"/><text x="${at}" y="${PLOT.top - 8}" text-anchor="middle">${escapeText(formatDuration(step.deltaMs, { signed: true }))}</text></g>`;
}
