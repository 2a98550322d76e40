/**
 * `npm run bench -- NAME [--json] [--quick] [--html FILE]`, apart from the process it runs in.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Bench } from './bench.ts';
import { listText, reportJson, reportText } from './report.ts';

/** Where the output goes. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

const OPTIONS = {
  json: { type: 'boolean', default: false },
  quick: { type: 'boolean', default: false },
  html: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

/** Runs the command. @returns The exit code: 0 whatever the figures are, 1 when the bench could not run, 2 for wrong usage. */
export async function runCommand(
  argv: readonly string[],
  benches: readonly Bench[],
  terminal: Terminal,
): Promise<number> {
  const usage = (problem: string): number => {
    terminal.err(`${problem}\n\n${listText(benches)}`);
    return 2;
  };
  let parsed;
  try {
    parsed = parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    return usage(messageOf(error));
  }
  const { values, positionals } = parsed;
  const [name, ...rest] = positionals;
  if (rest.length > 0) return usage('One bench at a time.');
  if (name === undefined || values.help) {
    const list = benches.map((bench) => ({ name: bench.name, summary: bench.summary }));
    terminal.out(values.json ? JSON.stringify({ benches: list }) : listText(benches));
    return 0;
  }
  const bench = benches.find((each) => each.name === name);
  if (bench === undefined) return usage(`There is no bench ${JSON.stringify(name)}.`);
  return runBench(bench, values, terminal);
}

async function runBench(
  bench: Bench,
  how: { readonly json: boolean; readonly quick: boolean; readonly html?: string | undefined },
  terminal: Terminal,
): Promise<number> {
  const node = process.versions.node;
  try {
    const result = await bench.run({ quick: how.quick, progress: terminal.err });
    if (how.html !== undefined) {
      if (result.html === undefined) throw new Error('it has no page to write: leave --html out');
      writeFileSync(how.html, result.html());
      terminal.err(`wrote ${how.html}`);
    }
    terminal.out(how.json ? reportJson(bench, result, node) : reportText(bench, result, node));
    return 0;
  } catch (error) {
    terminal.err(
      `${bench.name} could not run: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
    return 1;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
