/**
 * The comparison as one self-contained page: no script, no request, only text, tables and SVG.
 *
 * Its picture is a timeline for each library: who believed to hold the lock, and what the protected store did with the writes.
 */
import { NEMESES, type NemesisName } from '../../test/live/nemeses.ts';
import type { LiveRecord } from '../../test/live/record.ts';
import { acquisitionsOf } from '../../test/live/checkers.ts';
import type { BenchRow } from '../harness/bench.ts';
import { figure } from '../harness/report.ts';
import { CANDIDATES, type Outcome, titleOf, TTL_MS } from './comparison.ts';

const INK = '#1f2933';
const COLOR = { A: '#0b7285', B: '#e8590c', bad: '#c92a2a', good: '#2b8a3e', quiet: '#868e96' } as const;

const STYLE = `
  body { font: 15px/1.5 system-ui, sans-serif; color: ${INK}; max-width: 1180px; margin: 2rem auto; padding: 0 1rem; }
  h1 { font-size: 1.5rem; margin-bottom: .2rem } h2 { font-size: 1.15rem; margin: 2rem 0 .3rem }
  p.note { color: #52606d; margin-top: 0 } figure { margin: 0 0 1rem } svg { max-width: 100%; height: auto; display: block }
  table { border-collapse: collapse; font-size: 13px; width: 100% } td, th { padding: .25rem .5rem; text-align: right; border-top: 1px solid #e4e7eb }
  th { border-bottom: 1px solid #9aa5b1; font-weight: 600 } td:first-child, th:first-child { text-align: left }
  .bad { color: ${COLOR.bad}; font-weight: 600 } .ok { color: ${COLOR.good} } .quiet { color: ${COLOR.quiet} }
  ul.how { font-size: 13px; color: #52606d; padding-left: 1.2rem }
`;

/** The whole page. */
export function renderPage(outcomes: readonly Outcome[], costs: readonly BenchRow[]): string {
  const nemeses = [...new Set(outcomes.map(({ nemesis }) => nemesis))];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>truechimer: leases bench</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Who believes to hold the lock?</h1>
<p class="note">Two processes and one lock with a time to live of ${TTL_MS / 1000} s, on real servers. A holds it; something happens to A, or to the lock service; B wants it, too.
Each asks its library before every write.</p>
<p class="note">${legend()}</p>
${nemeses.map((nemesis) => figureOf(nemesis, outcomes)).join('\n')}
<h2>All runs</h2>
<p class="note">Checks that said “go on” after somebody else had the lock / writes of an earlier holder accepted after one of a later holder.</p>
${resultTable(nemeses, outcomes)}
<p class="note">A lock that an operator deletes is granted twice by the lock service itself: no check can know, and only a fence helps.</p>
<h2>What it costs</h2>
${costTable(costs)}
<h2>What was configured</h2>
<ul class="how">${CANDIDATES.map((each) => `<li><b>${titleOf(each)}</b>: ${escaped(each.how)}</li>`).join('\n')}</ul>
</body>
</html>
`;
}

function legend(): string {
  const key = (color: string, text: string): string => `<span style="color: ${color}">${text}</span>`;
  return [
    key(COLOR.A, '▬ A believes'),
    key(COLOR.B, '▬ B believes'),
    key(COLOR.bad, '▬ A believes though B was granted the lock'),
    key(INK, '│ write accepted'),
    key(COLOR.bad, '● stale write accepted'),
    key(COLOR.good, '○ stale write refused by the fence'),
    key(COLOR.quiet, '░ while it lasts'),
  ].join('&ensp; ');
}

const WIDTH = 1140;
const LEFT = 180;
const RIGHT = 170;
const ROW = 44;
const TOP = 24;

function figureOf(nemesis: NemesisName, outcomes: readonly Outcome[]): string {
  const drawn = outcomes.filter((each) => each.nemesis === nemesis && each.run !== undefined);
  if (drawn.length === 0) return '';
  const spanMs = Math.max(...drawn.map(spanOf));
  const height = TOP + drawn.length * ROW + 8;
  const rows = drawn.map((outcome, index) => timeline(outcome, { top: TOP + index * ROW, spanMs }));
  const seconds = Array.from({ length: Math.floor(spanMs / 1000) + 1 }, (_, second) => {
    const x = xOf(second * 1000, spanMs);
    return (
      `<line x1="${x}" x2="${x}" y1="${TOP - 4}" y2="${height}" stroke="#e4e7eb"/>` +
      `<text x="${x}" y="${TOP - 9}" font-size="11" fill="${COLOR.quiet}" text-anchor="middle">${second} s</text>`
    );
  });
  return `<h2>${escaped(NEMESES[nemesis].name)}</h2>
<figure><svg viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif">${seconds.join('')}${rows.join('\n')}</svg></figure>`;
}

function xOf(ms: number, spanMs: number): number {
  return Math.round((LEFT + (ms / spanMs) * (WIDTH - LEFT - RIGHT)) * 10) / 10;
}

function recordsOf({ run }: Outcome): readonly LiveRecord[] {
  return run === undefined ? [] : [...run.records.A, ...run.records.B];
}

function originOf(outcome: Outcome): number {
  return acquisitionsOf(outcome.run ?? { records: { A: [], B: [] }, history: [] })[0]?.atMs ?? 0;
}

function momentOf(record: LiveRecord): number {
  if (record.kind === 'write') return record.endMs;
  return 'startMs' in record ? record.startMs : record.atMs;
}

function spanOf(outcome: Outcome): number {
  return Math.max(...recordsOf(outcome).map(momentOf)) - originOf(outcome);
}

function timeline(outcome: Outcome, place: { readonly top: number; readonly spanMs: number }): string {
  const { run, candidate, overlaps, stale, refused } = outcome;
  if (run === undefined) return '';
  const origin = originOf(outcome);
  const x = (ms: number): number => xOf(ms - origin, place.spanMs);
  const yOf = (acquisition: string): number => place.top + (acquisition.startsWith('A') ? 6 : 23);
  const struck = `<rect x="${x(run.struckMs)}" y="${place.top}" width="${Math.max(2, x(run.healedMs) - x(run.struckMs))}" height="${ROW - 8}" fill="#e9ecef"/>`;
  const beliefs = beliefsOf(outcome).map(({ acquisition, fromMs, toMs, isStale }) => {
    const color = isStale ? COLOR.bad : acquisition.startsWith('A') ? COLOR.A : COLOR.B;
    const width = Math.max(1.5, x(toMs) - x(fromMs));
    return `<rect x="${x(fromMs)}" y="${yOf(acquisition)}" width="${width}" height="9" fill="${color}" opacity="${isStale ? 0.85 : 0.55}"/>`;
  });
  const written = writesOf(outcome);
  // One path for the many: the page stays small.
  const ticks = written
    .filter(({ kind }) => kind === 'accepted')
    .map(({ acquisition, atMs }) => `M${x(atMs)} ${yOf(acquisition) + 1}v7`);
  const dots = written.flatMap(({ acquisition, atMs, kind }) => {
    if (kind === 'accepted') return [];
    const look = kind === 'stale' ? `fill="${COLOR.bad}"` : `fill="#fff" stroke="${COLOR.good}" stroke-width="1.6"`;
    return [`<circle cx="${x(atMs)}" cy="${yOf(acquisition) + 4.5}" r="3" ${look}/>`];
  });
  const verdict = candidate.isOurs ? `${stale} stale, ${refused} refused` : `${overlaps} overlaps, ${stale} stale`;
  const color = stale > 0 ? COLOR.bad : candidate.isOurs ? COLOR.good : INK;
  return `<g>${struck}
<text x="0" y="${place.top + 22}" font-size="13" font-weight="${candidate.isOurs ? 600 : 400}" fill="${INK}">${titleOf(candidate)}</text>
<text x="${LEFT - 14}" y="${place.top + 14}" font-size="10" fill="${COLOR.A}">A</text><text x="${LEFT - 14}" y="${place.top + 31}" font-size="10" fill="${COLOR.B}">B</text>
${beliefs.join('')}<path d="${ticks.join('')}" stroke="${INK}" stroke-width=".5"/>${dots.join('')}
<text x="${WIDTH - RIGHT + 14}" y="${place.top + 22}" font-size="12" fill="${color}">${verdict}</text></g>`;
}

interface BeliefSpan {
  readonly acquisition: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly isStale: boolean;
}

/** From the first check that said go on to the last one in a row; a pause between two is drawn as believed, since that is what it is. */
function beliefsOf(outcome: Outcome): readonly BeliefSpan[] {
  const { run } = outcome;
  if (run === undefined) return [];
  const acquired = acquisitionsOf(run);
  return acquired.flatMap(({ acquisition, atMs }, index) => {
    const checks = recordsOf(outcome).filter(
      (record) => record.kind === 'check' && record.ok && record.acquisition === acquisition,
    );
    const toMs = Math.max(atMs, ...checks.map(momentOf));
    const nextMs = acquired[index + 1]?.atMs ?? Infinity;
    const honest = { acquisition, fromMs: atMs, toMs: Math.min(toMs, nextMs), isStale: false };
    return toMs > nextMs ? [honest, { acquisition, fromMs: nextMs, toMs, isStale: true }] : [honest];
  });
}

interface DrawnWrite {
  readonly acquisition: string;
  readonly atMs: number;
  readonly kind: 'accepted' | 'stale' | 'refused';
}

/** Accepted writes that came when a later acquisition had written already are stale, as in the store's history. */
function writesOf(outcome: Outcome): readonly DrawnWrite[] {
  const { run } = outcome;
  if (run === undefined) return [];
  const acquired = acquisitionsOf(run);
  const rank = new Map(acquired.map(({ acquisition }, index) => [acquisition, index]));
  const writes = recordsOf(outcome).filter((record) => record.kind === 'write');
  writes.sort((a, b) => a.endMs - b.endMs);
  let highest = -1;
  return writes.flatMap(({ acquisition, endMs, outcome: came }): DrawnWrite[] => {
    if (came === 'failed') return [];
    if (came === 'stale') return [{ acquisition, atMs: endMs, kind: 'refused' }];
    const own = rank.get(acquisition) ?? -1;
    highest = Math.max(highest, own);
    return [{ acquisition, atMs: endMs, kind: own < highest && outcome.stale > 0 ? 'stale' : 'accepted' }];
  });
}

function resultTable(nemeses: readonly NemesisName[], outcomes: readonly Outcome[]): string {
  const titles = [...new Set(outcomes.map(({ candidate }) => titleOf(candidate)))];
  const cell = (nemesis: NemesisName, title: string): string => {
    const outcome = outcomes.find((each) => each.nemesis === nemesis && titleOf(each.candidate) === title);
    if (outcome === undefined) return '<td></td>';
    if (outcome.run === undefined) return '<td class="quiet">did not run</td>';
    const { overlaps, stale, refused, candidate } = outcome;
    const bad = (value: number): string => (value === 0 ? '0' : `<span class="bad">${value}</span>`);
    return `<td>${bad(overlaps)} / ${bad(stale)}${candidate.isOurs ? `<br><span class="ok">${refused} refused</span>` : ''}</td>`;
  };
  const head = ['', ...titles].map((title) => `<th>${title}</th>`).join('');
  const lines = nemeses.map(
    (nemesis) =>
      `<tr><td>${escaped(NEMESES[nemesis].name)}</td>${titles.map((title) => cell(nemesis, title)).join('')}</tr>`,
  );
  return `<table><thead><tr>${head}</tr></thead><tbody>${lines.join('\n')}</tbody></table>`;
}

function costTable(costs: readonly BenchRow[]): string {
  const lines = costs.map(({ name, value, unit, peer, goal, holds }) => {
    const verdict = holds === undefined ? '' : holds ? '<span class="ok">✓</span>' : '<span class="bad">✗</span>';
    const cells = [escaped(name), figure(value), unit, peer === undefined ? '' : `to ${escaped(peer)}`];
    const goalCell = goal === undefined ? '' : `≤ ${goal} ${verdict}`;
    return `<tr>${[...cells, goalCell].map((each) => `<td>${each}</td>`).join('')}</tr>`;
  });
  return `<table><thead><tr><th></th><th>value</th><th>unit</th><th>beside</th><th>goal</th></tr></thead><tbody>${lines.join('\n')}</tbody></table>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
