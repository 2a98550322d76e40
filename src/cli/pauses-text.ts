/**
 * Pauses for a person at a terminal: a line for each while the program runs, and a summary at the end.
 */
import { PAUSE_CAUSES, type PauseCause } from '../pause/index.ts';
import type { Ink, Paint } from './paint.ts';
import { worstPauses } from './pauses-report.ts';
import type { Lateness, PausesReport, ReportedPause, ReportedStep } from './pauses-schema.ts';
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
  tellingFrame,
  unseenNote,
} from './pauses-words.ts';
import { formatDuration } from './quantity-text.ts';
import { type Cell, harmless, pad, shorten, table, widthOf, wrap } from './text-layout.ts';
import { type ReportStyle, section } from './text-report.ts';

const PREFIX = 'truechimer';
const INDENT = 2;
const WORST_MAX = 5;
const FRAMES_SHOWN = 4;

/** From here on a pause is worth alarm: what leases and health checks commonly allow. */
const LONG_MS = 1000;

/** The line of a pause while the program runs; a second line says where it was. */
export function renderLivePause(pause: ReportedPause, paint: Paint): string {
  const frame = tellingFrame(pause);
  const where =
    frame === undefined ? '' : `\n${' '.repeat(PREFIX.length + 13)}${paint('faint', `in ${harmless(frame)}`)}`;
  const cause = paint(inkFor(pause.gapMs), `${causeText(pause)} ${lengthText(pause)}`);
  return `${clock(pause.endedMs, paint)}${cause}, ${groundsText(pause)}${where}\n`;
}

/** The line of a step of the wall clock. */
export function renderLiveStep(step: ReportedStep, paint: Paint): string {
  const doubt = step.maybeSuspend ? ', unless the machine slept' : '';
  return `${clock(step.atMs, paint)}${paint('warn', `wall clock set by ${formatDuration(step.deltaMs, { signed: true })}`)}${doubt}\n`;
}

function clock(atMs: number, paint: Paint): string {
  return `${paint('faint', `${PREFIX} ${pad(`${(atMs / 1000).toFixed(2)} s`, 10, 'right')}`)}  `;
}

function inkFor(lengthMs: number): Ink {
  return lengthMs >= LONG_MS ? 'bad' : 'warn';
}

/** The summary, ending in a line feed. */
export function renderPausesSummary(report: PausesReport, { paint, width: columns }: ReportStyle): string {
  const style = { paint, width: Math.min(100, Math.max(40, Math.floor(columns))) };
  const sections = [
    renderHead(report, style),
    ...(report.causes.length === 0
      ? []
      : [
          section('Causes', renderCauses(report, style), style),
          section('Lengths', renderLengths(report, style), style, 'pauses of each length, by how late the program was'),
          section(
            'Worst',
            renderWorst(report, style),
            style,
            'by when they began; the lines while it ran say when they were over',
          ),
        ]),
    ...(report.steps.length === 0 ? [] : [section('Steps of the wall clock', renderSteps(report, style), style)]),
    ...(report.lateness === null
      ? []
      : [section('Lateness', renderLateness(report, style), style, 'how late wake-ups were')]),
    ...(report.capabilities === null ? [] : [section('Seen', renderCapabilities(report, style), style)]),
    ...(report.process === null ? [] : [section('Leases', paragraph(leaseText(report), style), style)]),
  ];
  return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function paragraph(text: string, { width }: ReportStyle): readonly string[] {
  return wrap(text, width - INDENT).map((line) => `${' '.repeat(INDENT)}${line}`);
}

function renderHead(report: PausesReport, style: ReportStyle): readonly string[] {
  const { paint, width } = style;
  const { process: watched, command } = report;
  const who = watched === null ? '' : `, Node.js ${watched.node}, pid ${watched.pid}`;
  const note = unseenNote(report);
  return [
    paint('strong', `truechimer pauses ${report.version}`),
    ...wrap(`${command.join(' ')}: ${endText(report)}${who}`, width).map((line) => paint('faint', line)),
    '',
    ...wrap(headline(report), width).map((line) => paint(headInk(report), line)),
    ...(note === undefined ? [] : wrap(note, width).map((line) => paint('warn', line))),
  ];
}

function headInk({ process: watched, silentAtEndMs, causes }: PausesReport): Ink {
  if (silentAtEndMs !== undefined) return 'bad';
  if (watched === null) return 'warn';
  return causes.length === 0 ? 'good' : 'strong';
}

const faint = (text: string, align: 'left' | 'right' = 'left'): Cell => ({ text, ink: 'faint', align });
const right = (text: string): Cell => ({ text, align: 'right' });

function renderCauses(report: PausesReport, style: ReportStyle): readonly string[] {
  const head = [faint('cause'), faint('pauses', 'right'), faint('together', 'right'), faint('longest', 'right')];
  const rows = report.causes.map(({ cause, count, totalMs, longestMs }): Cell[] => [
    { text: cause, ink: inkFor(longestMs) },
    right(`${count}`),
    right(formatDuration(totalMs)),
    right(formatDuration(longestMs)),
    faint(meaningOf(cause, report)),
  ]);
  return table([head, ...rows], { ...style, indent: INDENT, flexible: 4 });
}

/** One letter for each cause in the bars; every letter is explained beside them. */
const LETTERS: Readonly<Record<PauseCause, string>> = {
  cpu: 'c',
  gc: 'g',
  blocked: 'b',
  starved: 's',
  throttled: 't',
  stolen: 'v',
  stopped: 'S',
  frozen: 'F',
  'external-stop': 'X',
  suspend: 'Z',
  'vm-pause': 'V',
  unknown: '?',
};

/** Edges of the rows, in ms: 1, 2, 5 of each decade. */
const EDGES_MS: readonly number[] = [0, 1, 2, 3, 4, 5, 6].flatMap((decade) =>
  [1, 2, 5].map((step) => step * 10 ** decade),
);

function renderLengths({ pauses }: PausesReport, { paint, width }: ReportStyle): readonly string[] {
  const rows = EDGES_MS.map((fromMs, index) => {
    const toMs = EDGES_MS[index + 1] ?? Infinity;
    return { fromMs, toMs, inside: pauses.filter(({ gapMs }) => gapMs >= fromMs && gapMs < toMs) };
  });
  const filled = rows.map(({ inside }) => inside.length > 0);
  const shown = rows.slice(filled.indexOf(true), filled.lastIndexOf(true) + 1);
  const most = Math.max(1, ...shown.map(({ inside }) => inside.length));
  const labels = shown.map(({ fromMs }) => `from ${formatDuration(fromMs)}`);
  const labelWidth = Math.max(...labels.map(widthOf));
  const room = width - INDENT - labelWidth - 2 - `${most}`.length - 2;
  const perLetter = Math.max(1, most / room);
  const lines = shown.map(({ inside }, index) => {
    const letters = PAUSE_CAUSES.map((cause) => {
      const count = inside.filter((pause) => pause.cause === cause).length;
      return LETTERS[cause].repeat(Math.ceil(count / perLetter));
    }).join('');
    const label = pad(labels[index] ?? '', labelWidth, 'right');
    return `${' '.repeat(INDENT)}${paint('faint', label)}  ${pad(`${inside.length}`, `${most}`.length, 'right')}  ${letters.slice(0, room)}`.trimEnd();
  });
  const key = PAUSE_CAUSES.filter((cause) => pauses.some((pause) => pause.cause === cause));
  return [
    ...lines,
    `${' '.repeat(INDENT)}${paint('faint', key.map((cause) => `${LETTERS[cause]} ${cause}`).join('  '))}`,
  ];
}

function renderWorst(report: PausesReport, style: ReportStyle): readonly string[] {
  const { paint, width } = style;
  const worst = worstPauses(report, WORST_MAX);
  const rows = worst.map((pause): Cell[] => [
    right(`${(Math.max(0, pause.endedMs - pause.gapMs) / 1000).toFixed(2)} s`),
    { text: causeText(pause), ink: inkFor(pause.gapMs) },
    { text: lengthText(pause) },
    faint(groundsText(pause)),
  ]);
  return table(rows, { ...style, indent: INDENT, flexible: 3 }).flatMap((line, index) => {
    const lines = worst[index] === undefined ? [] : stackLines(worst[index], report);
    return [line, ...lines.map((text) => paint('faint', shorten(`${' '.repeat(6)}${text}`, width)))];
  });
}

function stackLines(pause: ReportedPause, report: PausesReport): readonly string[] {
  const missing = missingStackText(pause, report);
  if (missing !== undefined) return [missing];
  return framesOf(pause.stacks[0] ?? '')
    .slice(0, FRAMES_SHOWN)
    .map((frame) => `at ${harmless(frame)}`);
}

function renderSteps(report: PausesReport, style: ReportStyle): readonly string[] {
  const rows = report.steps
    .slice(0, WORST_MAX)
    .map(({ atMs, deltaMs, maybeSuspend }): Cell[] => [
      right(`${(atMs / 1000).toFixed(2)} s`),
      { text: formatDuration(deltaMs, { signed: true }) },
      faint(maybeSuspend ? 'or the machine slept' : ''),
    ]);
  return table(rows, { ...style, indent: INDENT });
}

const PERCENTILES_SHOWN = [50, 90, 99, 99.9] as const;

function renderLateness({ lateness, settings }: PausesReport, style: ReportStyle): readonly string[] {
  if (lateness === null) return [];
  const head = ['', ...PERCENTILES_SHOWN.map((percentile) => `p${percentile}`), 'max'].map((text) =>
    faint(text, 'right'),
  );
  const row = (name: string, of: Lateness, remark: string): Cell[] => [
    { text: name },
    ...PERCENTILES_SHOWN.map((percentile) => right(latenessText(latenessAt(of, percentile)))),
    right(latenessText(of.maxMs)),
    faint(remark),
  ];
  const rows = [
    head,
    row('raw', lateness.raw, `${lateness.raw.count} wake-ups, planned every ${formatDuration(settings.intervalMs)}`),
    row('corrected', lateness.corrected, 'with those that long pauses prevented'),
  ];
  return table(rows, { ...style, indent: INDENT, flexible: PERCENTILES_SHOWN.length + 2 });
}

/** The lateness that this share of wake-ups did not exceed: the next known percentile, so never too small. */
export function latenessAt({ percentiles, maxMs }: Lateness, percentile: number): number {
  return percentiles.find((known) => known.percentile >= percentile)?.lateMs ?? maxMs;
}

function renderCapabilities({ capabilities }: PausesReport, style: ReportStyle): readonly string[] {
  const names = Object.keys(CAPABILITY_MEANINGS) as (keyof typeof CAPABILITY_MEANINGS)[];
  const said = (isReadable: boolean): string =>
    names
      .filter((name) => (capabilities?.[name] ?? false) === isReadable)
      .map((name) => CAPABILITY_MEANINGS[name])
      .join(', ');
  const readable = said(true);
  const missing = said(false);
  return [
    ...paragraph(`read: ${readable === '' ? 'only clocks' : readable}`, style),
    ...(missing === '' ? [] : paragraph(`not here: ${missing}`, style).map((line) => style.paint('faint', line))),
  ];
}
