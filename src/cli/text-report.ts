/**
 * The report for a person at a terminal.
 *
 * Bounds and estimate stand apart, signs are always shown, bounds are rounded outward, and no line is wider than asked.
 */
import { drawDiagram } from './diagram.ts';
import type { Ink, Paint } from './paint.ts';
import { formatDuration, formatInterval, formatRate } from './quantity-text.ts';
import { verdictSentences } from './recommendation.ts';
import type { DoctorReport, ReportedSource } from './report-schema.ts';
import { type Cell, table, wrap } from './text-layout.ts';

/** How wide a report may be at most, and what it needs at least. */
export const REPORT_WIDTH_MAX = 100;
const REPORT_WIDTH_MIN = 40;

/** Where the report is written. */
export interface ReportStyle {
  readonly paint: Paint;
  /** Columns of the terminal; 40 to 100 are used. */
  readonly width: number;
}

const INDENT = 2;

/** The whole report, ending in a line feed. */
export function renderReport(report: DoctorReport, style: ReportStyle): string {
  const width = Math.min(REPORT_WIDTH_MAX, Math.max(REPORT_WIDTH_MIN, Math.floor(style.width)));
  const at: ReportStyle = { paint: style.paint, width };
  const sections = [
    renderHead(report, at),
    section('Clocks', renderClocks(report, at), at),
    section('Sources', [...renderSources(report, at), ...renderDiagram(report, at)], at),
    section('Offset', renderOffset(report, at), at, 'true time minus the wall clock; positive: the wall clock is slow'),
    section('Verdict', renderVerdict(report, at), at),
  ];
  return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

/** A titled block of a report, with a remark behind the title where the line has room for it. */
export function section(
  title: string,
  lines: readonly string[],
  { paint, width }: ReportStyle,
  remark = '',
): readonly string[] {
  const hasRoom = remark !== '' && title.length + 2 + remark.length <= width;
  return [`${paint('strong', title)}${hasRoom ? `  ${paint('faint', remark)}` : ''}`, ...lines];
}

function renderHead(report: DoctorReport, { paint, width }: ReportStyle): readonly string[] {
  const title = `truechimer doctor ${report.version}`;
  const about = `Node.js ${report.node} on ${report.platform} ${report.arch}, ${report.startedAt}`;
  const isWide = title.length + 3 + about.length <= width;
  const head = isWide
    ? [`${paint('strong', title)}   ${paint('faint', about)}`]
    : [paint('strong', title), ...wrap(about, width)];
  if (!report.demonstration) return head;
  const text =
    'Demonstration: no --server was given, so this asks four servers of its own, one of which lies by 250 ms. ' +
    'They take their time from this same machine: the offset below says nothing about true time.';
  return [...head, '', ...wrap(text, width).map((line) => paint('warn', line))];
}

function renderClocks(report: DoctorReport, style: ReportStyle): readonly string[] {
  const { wall, monotonic, boot, suspendedSinceBoot: suspended } = report.clocks;
  const slept =
    suspended === undefined
      ? ''
      : suspended.earliestMs <= 0
        ? `; none since boot (within ${formatDuration(suspended.latestMs, { rounding: 'up' })})`
        : `; ${formatDuration(suspended.latestMs, { rounding: 'up' })} since boot`;
  const steps = (granularityMs: number): Cell => ({ text: `${formatDuration(granularityMs)} steps` });
  const rows: Cell[][] = [
    [{ text: 'wall' }, steps(wall.granularityMs), { text: describeRate(report) }],
    [
      { text: 'monotonic' },
      steps(monotonic.granularityMs),
      { text: monotonic.countsSuspend ? 'counts suspend' : 'stands still in suspend' },
    ],
    [{ text: 'boot' }, steps(boot.granularityMs), { text: `counts suspend${slept}` }],
    [
      { text: 'meanwhile' },
      describeCount(report.steps.length, 'wall step'),
      describeCount(report.suspends.length, 'suspend'),
    ],
  ];
  return table(rows, { ...style, indent: INDENT, flexible: 2 });
}

function describeRate({ wallRate }: DoctorReport): string {
  if (wallRate.status === 'unknown') return `rate unknown: ${wallRate.reason}`;
  const { earliestPpm, latestPpm, overMs } = wallRate;
  const rate = formatRate(earliestPpm, latestPpm);
  return `rate ${rate} to monotonic, over ${formatDuration(overMs)}`;
}

function describeCount(count: number, what: string): Cell {
  if (count === 0) return { text: `no ${what}s` };
  return { text: `${count} ${what}${count === 1 ? '' : 's'}`, ink: 'warn' };
}

const VERDICT_MARKS: Readonly<Record<ReportedSource['verdict'], readonly [string, Ink]>> = {
  truechimer: ['✓ truechimer', 'good'],
  falseticker: ['✗ falseticker', 'bad'],
  rejected: ['✗ rejected', 'bad'],
  unreachable: ['– unreachable', 'warn'],
};

function renderSources(report: DoctorReport, style: ReportStyle): readonly string[] {
  const faint = (text: string, align: 'left' | 'right' = 'left'): Cell => ({ text, ink: 'faint', align });
  const head = [
    faint('server'),
    faint('verdict'),
    faint('offset'),
    faint('delay', 'right'),
    faint('stratum', 'right'),
    faint('answers', 'right'),
  ];
  const rows = report.sources.map((source): Cell[] => {
    const [mark, ink] = VERDICT_MARKS[source.verdict];
    const { offset } = source;
    return [
      { text: source.address },
      { text: mark, ink },
      { text: offset === undefined ? '' : formatInterval(offset.earliestMs, offset.latestMs) },
      { text: source.delayMs === undefined ? '' : formatDuration(source.delayMs), align: 'right' },
      { text: source.stratum === undefined ? '' : `${source.stratum}`, align: 'right' },
      { text: `${source.exchanges}/${source.attempts}`, align: 'right' },
    ];
  });
  const [title = '', ...lines] = table([head, ...rows], { ...style, indent: INDENT });
  const reasons = report.sources.map((source) => renderReason(source, style));
  return [title, ...lines.flatMap((line, index) => [line, ...(reasons[index] ?? [])])];
}

function renderReason({ reason }: ReportedSource, { paint, width }: ReportStyle): readonly string[] {
  if (reason === undefined) return [];
  return wrap(reason, width - 2 * INDENT).map((line) => `${' '.repeat(2 * INDENT)}${paint('faint', line)}`);
}

function renderDiagram(report: DoctorReport, style: ReportStyle): readonly string[] {
  const isAgreed = report.offset.status === 'bounded';
  const rows = report.sources.flatMap((source) => {
    if (source.offset === undefined) return [];
    return [{ label: source.address, ...source.offset, isBelieved: !isAgreed || source.verdict === 'truechimer' }];
  });
  const agreed = report.offset.status === 'bounded' ? { agreed: report.offset } : {};
  const lines = drawDiagram({ rows, ...agreed }, { ...style, indent: INDENT });
  return lines.length === 0 ? [] : ['', ...lines];
}

function renderOffset(report: DoctorReport, style: ReportStyle): readonly string[] {
  const { offset } = report;
  if (offset.status === 'unbounded') {
    const text = `${offset.reason}${offset.detail === undefined ? '' : `: ${offset.detail}`}`;
    const [first = '', ...more] = wrap(text, style.width - INDENT - 11);
    const start = `${' '.repeat(INDENT)}${style.paint('bad', 'unbounded')}  `;
    return [`${start}${first}`, ...more.map((line) => `${' '.repeat(INDENT + 11)}${line}`)];
  }
  const { confidence, standardErrorMs } = offset;
  const width = formatDuration(offset.latestMs - offset.earliestMs, { rounding: 'up' });
  const confident = `${confidence.level * 100}`.slice(0, 7);
  const rows: Cell[][] = [
    [
      { text: 'bounds' },
      { text: formatInterval(offset.earliestMs, offset.latestMs), ink: 'strong' },
      { text: `${width} wide: certain under the premises` },
    ],
    [
      { text: 'estimate' },
      { text: formatDuration(offset.estimateMs, { signed: true }) },
      { text: `standard error ${formatDuration(standardErrorMs)}: statistics, no guarantee` },
    ],
    [
      { text: '' },
      { text: formatInterval(confidence.lowMs, confidence.highMs) },
      { text: `with ${confident} % confidence` },
    ],
  ];
  return [...table(rows, { ...style, indent: INDENT, flexible: 2 }), ...renderPremises(report, style)];
}

function renderPremises({ premises }: DoctorReport, { paint, width }: ReportStyle): readonly string[] {
  const {
    driftPpm,
    falsetickersTolerated: tolerated,
    sourcesConfigured: configured,
    sourcesAnswering: answering,
  } = premises;
  const liars = tolerated === 0 ? 'none' : `at most ${tolerated}`;
  const answered = answering === configured ? '' : `, ${answering} answered`;
  const honesty =
    configured === 1
      ? 'the server does not lie'
      : `${liars} of ${configured} servers ${tolerated > 1 ? 'lie' : 'lies'}`;
  const text = `premises: this machine drifts at most ${driftPpm} ppm; ${honesty}${answered}`;
  return wrap(text, width - INDENT).map((line) => `${' '.repeat(INDENT)}${paint('faint', line)}`);
}

function renderVerdict(report: DoctorReport, { paint, width }: ReportStyle): readonly string[] {
  const isBounded = report.offset.status === 'bounded';
  return verdictSentences(report).flatMap((sentence, index) => {
    const ink: Ink = isBounded ? 'strong' : 'bad';
    return wrap(sentence, width - 2 * INDENT).map((line, at) => {
      const bullet = at === 0 ? `${' '.repeat(INDENT)}- ` : ' '.repeat(2 * INDENT);
      return `${bullet}${index === firstStatement(report) ? paint(ink, line) : line}`;
    });
  });
}

/** The statement that matters most comes first, after what qualifies all of them. */
function firstStatement({ demonstration, ended }: DoctorReport): number {
  return (demonstration ? 1 : 0) + (ended === 'interrupted' ? 1 : 0);
}
