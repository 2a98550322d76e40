/** The harness of the benches: usage, the shape of the JSON, goals, the list, and how the comparison counts. */
import { describe, expect, test } from 'vitest';
import { type Bench, rowOf } from '../bench/harness/bench.ts';
import { runCommand } from '../bench/harness/command.ts';
import { requireBench } from '../bench/harness/registry.ts';
import { alignColumns, figure } from '../bench/harness/report.ts';
import { median } from '../bench/harness/statistics.ts';
import { missesOf } from '../bench/ntp/comparison.ts';
import { describe as describeRounds } from '../bench/ntp/table.ts';
import type { Round } from '../bench/ntp/trial.ts';

const FAKE: Bench = {
  name: 'fake',
  summary: 'a bench that measures nothing',
  run: (options) => {
    options.progress('working');
    return Promise.resolve({
      rows: [
        rowOf({ name: 'good', value: 1.2, unit: 'ratio', peer: 'someone', goal: 1.35 }),
        rowOf({ name: 'bad', value: 1.36, unit: 'ratio', peer: 'someone', goal: 1.35 }),
        rowOf({ name: 'informative', value: 7, unit: 'ns' }),
      ],
    });
  },
};

const BROKEN: Bench = { ...FAKE, name: 'broken', run: () => Promise.reject(new Error('no network')) };

async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runCommand(argv, [BROKEN, FAKE], {
    out: (text) => out.push(text),
    err: (text) => err.push(text),
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

describe('the command', () => {
  test('lists the benches, one line each, when no name is given', async () => {
    const { code, out } = await run();
    expect(code).toBe(0);
    expect(out).toMatch(/^ {2}broken {2}a bench/m);
    expect(out).toMatch(/^ {2}fake {4}a bench/m);
  });

  test.each([[['nothing']], [['fake', 'broken']], [['--unknown']]])('refuses %j with the list', async (argv) => {
    const { code, out, err } = await run(...argv);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toContain('fake');
  });

  test('writes one JSON object and nothing else to standard output', async () => {
    const { code, out } = await run('fake', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      bench: 'fake',
      node: process.versions.node,
      rows: [
        { name: 'good', value: 1.2, unit: 'ratio', peer: 'someone', goal: 1.35, holds: true },
        { name: 'bad', value: 1.36, unit: 'ratio', peer: 'someone', goal: 1.35, holds: false },
        { name: 'informative', value: 7, unit: 'ns' },
      ],
    });
  });

  test('writes a table for people, and exits with 0 although a goal is missed', async () => {
    const { code, out } = await run('fake');
    expect(code).toBe(0);
    expect(out).toMatch(/^✓ {2}good .* goal ≤ 1\.35$/m);
    expect(out).toMatch(/^✗ {2}bad /m);
  });

  test('exits with 1 when the bench cannot run', async () => {
    const { code, out, err } = await run('broken', '--json');
    expect(code).toBe(1);
    expect(out).toBe('');
    expect(err).toContain('no network');
  });
});

test('a bench is named like its file', () => {
  expect(requireBench(FAKE, 'fake')).toBe(FAKE);
  expect(() => requireBench(FAKE, 'other')).toThrow('bench/other.ts');
  expect(() => requireBench({}, 'fake')).toThrow('summary');
});

test('medians', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([])).toBeNaN();
});

test('text is short and aligned', () => {
  expect([1234.5, 12.34, 1.234, 0.012_34, -0.5, 0].map(figure)).toEqual([
    '1235',
    '12.3',
    '1.23',
    '0.012',
    '-0.50',
    '0',
  ]);
  expect(
    alignColumns([
      ['a', 'b'],
      ['long', 'c'],
    ]),
  ).toBe('a     b\nlong  c');
});

describe('the comparison', () => {
  const answered = (offsetMs: number, halfMs: number): Round => ({
    ended: 'answered',
    offsetMs,
    earliestMs: offsetMs - halfMs,
    latestMs: offsetMs + halfMs,
    tookMs: 1,
  });

  test('counts the answers that claim an interval without the truth', () => {
    expect(missesOf([answered(5, 4), answered(-5, 4), answered(5, 5), { ended: 'refused', tookMs: 1 }])).toBe(2);
    expect(missesOf([{ ended: 'answered', offsetMs: 5000, tookMs: 1 }])).toBe(0);
  });

  test('says what came of the rounds', () => {
    expect(describeRounds([answered(0.5, 1), answered(0.6, 1)])).toBe('+0.55 ± 1, 2/2');
    expect(describeRounds([answered(20, 1), { ended: 'hung', tookMs: 12_000 }])).toBe('+20 ± 1, 0/1, hangs 1/2');
    expect(describeRounds([{ ended: 'refused', tookMs: 9000 }])).toBe('refused (9 s)');
  });
});
