/**
 * What a person sees while the doctor measures: one line for each source, redrawn in place and erased at the end.
 */
import type { ProgressView, ProgressWatcher } from './diagnosis.ts';
import type { SourceProgress } from './measuring.ts';
import type { Ink, Paint } from './paint.ts';
import { harmless, pad, shorten, widthOf } from './text-layout.ts';

/** What is drawn at one moment. */
export interface ProgressFrame {
  readonly leftMs: number;
  readonly sources: readonly SourceProgress[];
}

/** The size and colours of the terminal. */
export interface ProgressStyle {
  readonly paint: Paint;
  readonly columns: number;
  readonly rows: number;
}

const ADDRESS_WIDTH_MAX = 40;

/** The lines of one frame; none wider than the terminal, and not more than it has. */
export function renderProgress(frame: ProgressFrame, style: ProgressStyle): readonly string[] {
  const width = Math.max(10, style.columns - 1);
  const left = `measuring, at most ${Math.ceil(frame.leftMs / 1000)} s left; Ctrl-C ends early`;
  const linesMax = Math.max(1, style.rows - 2);
  const shown =
    frame.sources.length + 1 <= linesMax ? frame.sources : frame.sources.slice(0, Math.max(0, linesMax - 2));
  const addressWidth = Math.min(
    ADDRESS_WIDTH_MAX,
    Math.floor(width / 2),
    Math.max(0, ...shown.map(({ address }) => widthOf(address))),
  );
  const lines = shown.map((source) => sourceLine(source, addressWidth, { ...style, columns: width }));
  const hidden = frame.sources.length - shown.length;
  const more = hidden > 0 && linesMax > 1 ? [shorten(`  and ${hidden} more`, width)] : [];
  return [style.paint('faint', shorten(left, width)), ...lines, ...more];
}

const OUTCOME_MARKS: Readonly<Record<string, readonly [string, Ink]>> = {
  measured: ['●', 'good'],
  timeout: ['·', 'warn'],
  unreachable: ['✗', 'warn'],
};

function sourceLine(
  { address, outcomes, planned }: SourceProgress,
  addressWidth: number,
  style: ProgressStyle,
): string {
  const name = `  ${pad(shorten(harmless(address), addressWidth), addressWidth)}  `;
  const answers = outcomes.filter((outcome) => outcome === 'measured').length;
  const count = ` ${answers} ${answers === 1 ? 'answer' : 'answers'}`;
  const room = Math.max(0, style.columns - widthOf(name) - widthOf(count));
  const marks = outcomes.map((outcome) => OUTCOME_MARKS[outcome] ?? (['✗', 'bad'] as const));
  const open = Array.from({ length: Math.max(0, planned - outcomes.length) }, () => ['○', 'faint'] as const);
  const bar = [...marks, ...open].slice(0, room).map(([mark, ink]) => style.paint(ink, mark));
  return `${name}${bar.join('')}${room === 0 ? '' : count}`;
}

/** A stream that may be a terminal. */
export interface TerminalStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

const REDRAW_MS = 100;

/** Draws frames on a terminal until it is ended, then leaves no trace. */
export class ProgressDisplay implements ProgressWatcher {
  readonly #stream: TerminalStream;
  readonly #paint: Paint;
  #timer: NodeJS.Timeout | undefined;
  #drawnLines = 0;

  constructor(stream: TerminalStream, paint: Paint) {
    this.#stream = stream;
    this.#paint = paint;
  }

  begin(view: ProgressView): void {
    const draw = (): void => {
      const style = { paint: this.#paint, columns: this.#stream.columns ?? 80, rows: this.#stream.rows ?? 24 };
      const lines = renderProgress({ leftMs: view.leftMs(), sources: view.sources() }, style);
      this.#stream.write(`${this.#eraser()}${lines.join('\n')}\n`);
      this.#drawnLines = lines.length;
    };
    draw();
    this.#timer = setInterval(draw, REDRAW_MS);
    this.#timer.unref();
  }

  end(): void {
    clearInterval(this.#timer);
    if (this.#drawnLines > 0) this.#stream.write(this.#eraser());
    this.#drawnLines = 0;
  }

  /** Back to the first drawn line, and everything below cleared. */
  #eraser(): string {
    return this.#drawnLines === 0 ? '' : `\u001b[${this.#drawnLines}A\r\u001b[J`;
  }
}

/** For streams that are no terminal: says once what is going on. */
export class ProgressNote implements ProgressWatcher {
  readonly #stream: TerminalStream;

  constructor(stream: TerminalStream) {
    this.#stream = stream;
  }

  begin(view: ProgressView): void {
    const count = view.sources().length;
    const servers = count === 1 ? 'server' : 'servers';
    this.#stream.write(
      `truechimer doctor: asking ${count} ${servers} for at most ${Math.ceil(view.leftMs() / 1000)} s\n`,
    );
  }

  end(): void {
    // Nothing to take back.
  }
}

/** Shows nothing. */
export const silentProgress: ProgressWatcher = { begin: () => undefined, end: () => undefined };
