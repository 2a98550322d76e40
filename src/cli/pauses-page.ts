/**
 * Pauses as one self-contained page: no script, no request, dark where the reader's system is dark.
 */
import { drawLateness } from './pauses-lateness-chart.ts';
import { CAUSE_COLOURS, escapeText, partColour } from './pauses-markup.ts';
import { worstPauses } from './pauses-report.ts';
import type { LatenessPair, PausesReport, ReportedPause } from './pauses-schema.ts';
import { PAGE_STYLE } from './pauses-style.ts';
import { latenessAt } from './pauses-text.ts';
import { drawTimeline } from './pauses-timeline.ts';
import {
  CAPABILITY_MEANINGS,
  causeText,
  endText,
  framesOf,
  groundsText,
  headline,
  latenessText,
  leaseText,
  lengthText,
  meaningOf,
  missingStackText,
  percent,
  sharesOf,
  tellingFrame,
  unseenNote,
} from './pauses-words.ts';
import { formatDuration } from './quantity-text.ts';

/** Rows of the table; the JSON has all. */
const ROWS_MAX = 200;

/** The whole page. */
export function renderPausesPage(report: PausesReport): string {
  const command = escapeText(report.command.join(' '));
  const note = unseenNote(report);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>pauses of ${command}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<header>
<h1>${escapeText(headline(report))}</h1>
<p class="about"><code>${command}</code> · ${escapeText(aboutText(report))}</p>
${note === undefined ? '' : `<p class="note">${escapeText(note)}</p>`}
</header>
${report.causes.length === 0 ? '' : causesSection(report)}
<section>
<h2>When</h2>
<p class="hint">${TIMELINE_HINT}${report.silentAtEndMs === undefined ? '' : ' Dashed and open: the pause in which it ended.'}</p>
<figure class="wide">${drawTimeline(report)}</figure>
</section>
${report.pauses.length === 0 ? '' : worstSection(report)}
<div class="columns">
${report.lateness === null ? '' : latenessSection(report.lateness)}
<section>
<h2>A time to live for leases</h2>
<p>${escapeText(leaseText(report))}</p>
${capabilitiesSection(report)}
</section>
</div>
<footer>truechimer ${escapeText(report.version)} · what a virtual machine does while its clocks stand still with it, no local clock can see</footer>
</body>
</html>
`;
}

const TIMELINE_HINT =
  'Each bar is a pause: its place is when, its height how long at least, the dots above it how long at most. Full colour: a counter says why; pale: inferred. ' +
  'Every pause above the dashed line is noticed.';

function aboutText(report: PausesReport): string {
  const { process: watched, platform, arch, startedAt, settings } = report;
  const who = watched === null ? [] : [`Node.js ${watched.node}`, `pid ${watched.pid}`];
  const watchdog = settings.blockMs === null ? 'no watchdog' : `watchdog from ${formatDuration(settings.blockMs)}`;
  const looked = `looked every ${formatDuration(settings.intervalMs)}, ${watchdog}`;
  return [endText(report), ...who, `${platform} ${arch}`, startedAt, looked].join(' · ');
}

function causesSection(report: PausesReport): string {
  const { causes, pausedMs } = report;
  const bar = causes.map(
    ({ cause, totalMs }) =>
      `<span style="flex:${(totalMs / Math.max(pausedMs, 1e-9)).toFixed(4)};background:${CAUSE_COLOURS[cause]}" title="${cause}"></span>`,
  );
  const cards = causes.map(
    ({ cause, count, totalMs, longestMs }) =>
      `<li style="--cause:${CAUSE_COLOURS[cause]}"><strong>${cause}</strong><b>${formatDuration(totalMs)}</b><small>${count} ${count === 1 ? 'pause' : 'pauses'}, longest ${formatDuration(longestMs)}</small><small>${escapeText(meaningOf(cause, report))}</small></li>`,
  );
  return `<section>
<div class="bar" role="img" aria-label="shares of the causes">${bar.join('')}</div>
<ul class="causes">${cards.join('\n')}</ul>
</section>`;
}

function worstSection(report: PausesReport): string {
  const shown = worstPauses(report, ROWS_MAX);
  const left = report.pauses.length + report.pausesLeftOut - shown.length;
  return `<section>
<h2>The worst</h2>
${left === 0 ? '' : `<p class="hint">The ${shown.length} longest; ${left} shorter ones are not shown.</p>`}
<div class="wide"><table class="worst">
<thead><tr><th>at</th><th>cause</th><th>length</th><th>known by</th><th>where the time went</th><th>what it was doing</th></tr></thead>
<tbody>${shown.map((pause) => row(pause, report)).join('\n')}</tbody>
</table></div>
</section>`;
}

function row(pause: ReportedPause, report: PausesReport): string {
  const at = `${((pause.endedMs - pause.gapMs) / 1000).toFixed(2)} s`;
  const parts = sharesOf(pause);
  const bar = parts.map(
    ({ part, share }) => `<span style="flex:${share.toFixed(4)};background:${partColour(part, pause.cause)}"></span>`,
  );
  const partsText = parts.map(({ name, share }) => `${percent(share)} ${name}`).join(', ');
  return `<tr id="pause-${pause.seq}"><td class="number">${at}</td><td class="cause"><i style="background:${CAUSE_COLOURS[pause.cause]}"></i>${escapeText(causeText(pause))}</td><td class="length">${lengthText(pause)}</td><td>${escapeText(groundsText(pause))}</td><td class="parts" title="${escapeText(partsText)}"><div class="bar small">${bar.join('')}</div><small>${escapeText(partsText)}</small></td><td class="stack">${stackCell(pause, report)}</td></tr>`;
}

function stackCell(pause: ReportedPause, report: PausesReport): string {
  const frame = tellingFrame(pause);
  if (frame === undefined) return `<small>${missingStackText(pause, report) ?? 'no stack'}</small>`;
  const stacks = pause.stacks.map((stack) => escapeText(framesOf(stack).join('\n'))).join('\n\n');
  return `<details><summary><code>${escapeText(frame)}</code></summary><pre>${stacks}</pre></details>`;
}

function latenessSection(lateness: LatenessPair): string {
  const cells = (of: LatenessPair['raw']): string =>
    [50, 90, 99, 99.9]
      .map((percentile) => latenessAt(of, percentile))
      .concat(of.maxMs)
      .map((lateMs) => `<td class="number">${latenessText(lateMs)}</td>`)
      .join('');
  return `<section>
<h2>How late</h2>
<p class="hint"><span class="key raw">raw</span> how late each wake-up was · <span class="key corrected">corrected</span> what somebody who called at random saw: one long pause prevents many samples</p>
<figure class="wide late">${drawLateness(lateness)}</figure>
<div class="wide"><table><thead><tr><th></th>${['50 %', '90 %', '99 %', '99.9 %', 'most'].map((text) => `<th class="number">${text}</th>`).join('')}</tr></thead>
<tbody><tr><td>raw</td>${cells(lateness.raw)}</tr><tr><td>corrected</td>${cells(lateness.corrected)}</tr></tbody></table></div>
</section>`;
}

function capabilitiesSection({ capabilities }: PausesReport): string {
  if (capabilities === null) return '';
  const names = Object.keys(CAPABILITY_MEANINGS) as (keyof typeof CAPABILITY_MEANINGS)[];
  const chips = names.map(
    (name) => `<li class="${capabilities[name] ? 'yes' : 'no'}">${escapeText(CAPABILITY_MEANINGS[name])}</li>`,
  );
  return `<h2>What the detector could see</h2><ul class="chips">${chips.join('')}</ul>`;
}
