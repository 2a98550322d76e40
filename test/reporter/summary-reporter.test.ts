/** Runs vitest on tiny projects that fail in every way there is, and reads the last line. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { formatSummary, reconcile } from './summary-reporter.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

interface Ending {
  readonly lastLine: string | undefined;
  readonly exitCode: number | null;
  readonly output: string;
}

function runVitest(fixture: string, flags: readonly string[]): Promise<Ending> {
  const vitest = here('../../node_modules/vitest/vitest.mjs');
  const root = here(`./fixtures/${fixture}`);
  const config = here('./fixtures/vitest.config.ts');
  const env: NodeJS.ProcessEnv = { ...process.env, FIXTURE_CHECKER: here('../../node_modules/typescript/bin/tsc') };
  for (const name of Object.keys(env)) if (name.startsWith('VITEST')) Reflect.deleteProperty(env, name);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [vitest, 'run', '--root', root, '--config', config, ...flags], { env });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.once('error', reject);
    child.once('close', (exitCode) => {
      resolve({ lastLine: stdout.trimEnd().split('\n').at(-1), exitCode, output: stdout + stderr });
    });
  });
}

interface Case {
  readonly fixture: string;
  readonly exitCode: number;
  readonly lastLine: string;
  readonly flags?: readonly string[];
}

const CASES: readonly Case[] = [
  { fixture: 'passing', exitCode: 0, lastLine: '2 passed, 0 failed, 2 skipped' },
  { fixture: 'failing', exitCode: 1, lastLine: '1 passed, 1 failed' },
  { fixture: 'type-error', flags: ['--typecheck.only'], exitCode: 1, lastLine: '1 passed, 1 failed' },
  { fixture: 'source-type-error', flags: ['--typecheck.only'], exitCode: 1, lastLine: '1 passed, 1 failed' },
  { fixture: 'unimportable', exitCode: 1, lastLine: '0 passed, 1 failed' },
  { fixture: 'failing-hook', exitCode: 1, lastLine: '0 passed, 1 failed, 1 skipped' },
  { fixture: 'no-tests', exitCode: 1, lastLine: '0 passed, 1 failed' },
  { fixture: 'empty-file', exitCode: 1, lastLine: '0 passed, 1 failed' },
  { fixture: 'unhandled', exitCode: 1, lastLine: '1 passed, 1 failed' },
  { fixture: 'killed-worker', exitCode: 1, lastLine: '0 passed, 2 failed' },
  { fixture: 'missed-coverage', flags: ['--coverage'], exitCode: 1, lastLine: '1 passed, 1 failed' },
];

describe('the last line agrees with the exit code', () => {
  test.concurrent.each(CASES)('$fixture: $lastLine, exit $exitCode', async (sample) => {
    const ending = await runVitest(sample.fixture, sample.flags ?? []);
    expect({ lastLine: ending.lastLine, exitCode: ending.exitCode }, ending.output).toEqual({
      lastLine: sample.lastLine,
      exitCode: sample.exitCode,
    });
  });
});

describe('the parts', () => {
  test('skipped tests are named only when there are some', () => {
    expect(formatSummary({ passed: 3, failed: 0, skipped: 0 })).toBe('3 passed, 0 failed');
    expect(formatSummary({ passed: 3, failed: 1, skipped: 2 })).toBe('3 passed, 1 failed, 2 skipped');
  });

  test('a non-zero exit code is at least one failure', () => {
    const clean = { passed: 3, failed: 0, skipped: 0 };
    expect(reconcile(clean, 1).failed).toBe(1);
    expect(reconcile(clean, 0).failed).toBe(0);
    expect(reconcile({ ...clean, failed: 2 }, 1).failed).toBe(2);
  });
});
