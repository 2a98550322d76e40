/** Finds the TypeScript examples of the documentation: fenced blocks in Markdown and in docstrings. */

/** One example. */
export interface Example {
  /** Where it stands, from the project's root. */
  readonly file: string;
  /** The line of its first line of code. */
  readonly line: number;
  readonly code: string;
  /** False for blocks marked `no-run`: they are type-checked only. */
  readonly runs: boolean;
}

const FENCE = /^(?<indent>\s*)(?<ticks>`{3,})(?<info>.*)$/;

/** Every block that starts with three backticks and `ts`, with or without `no-run` behind it. */
export function examplesOfMarkdown(file: string, text: string, firstLine = 1): Example[] {
  const examples: Example[] = [];
  const lines = text.split('\n');
  for (let i = 0; i < lines.length; i++) {
    const open = FENCE.exec(lines[i]!)?.groups;
    if (open === undefined) continue;
    const start = i + 1;
    const isClose = (line: string): boolean => line.trim() === open['ticks'];
    for (i = start; i < lines.length && !isClose(lines[i]!); i++);
    const [language, ...marks] = open['info']!.trim().split(/\s+/);
    if (language !== 'ts') continue;
    const unknown = marks.filter((mark) => mark !== 'no-run');
    if (unknown.length > 0) throw new Error(`${file}:${firstLine + i}: unknown mark ${unknown.join(' ')}; know no-run`);
    const code = lines.slice(start, i).map((line) => line.slice(open['indent']!.length));
    examples.push({ file, line: firstLine + start, code: code.join('\n'), runs: marks.length === 0 });
  }
  return examples;
}

/** Every such block inside a docstring of a source file. */
export function examplesOfDocstrings(file: string, text: string): Example[] {
  return [...text.matchAll(/^[ \t]*\/\*\*[\s\S]*?\*\//gm)].flatMap((match) => {
    const firstLine = text.slice(0, match.index).split('\n').length;
    const prose = match[0].split('\n').map((line) => line.replace(/^\s*\*( |$)/, ''));
    return examplesOfMarkdown(file, prose.join('\n'), firstLine);
  });
}
