/** What the documentation says is true: examples type-check and run, ids and codes exist, links resolve. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ENTRY_POINTS, specifierOf } from '../entry-points.ts';
import { CLOCK_ERROR_CODES } from '../src/core/index.ts';
import { type Example, examplesOfDocstrings, examplesOfMarkdown } from './docs/examples.ts';
import { guaranteeRows } from './docs/guarantees.ts';
import { anchorsOf, relativeLinks } from './docs/links.ts';
import { fromRoot, listDocuments, listFiles, readProjectFile, ROOT } from './docs/project-files.ts';
import { typeCheck } from './docs/type-check.ts';

const DOCUMENTS = listDocuments();
const SOURCES = listFiles('src', '.ts');
const isTest = (file: string): boolean => /\.(test|test-d|fixture)\.ts$/.test(file);

describe('examples', () => {
  const folder = fromRoot('test/.examples');
  const examples = [
    ...DOCUMENTS.filter((file) => !file.startsWith('docs/decisions/')).flatMap((file) =>
      examplesOfMarkdown(file, readProjectFile(file)),
    ),
    ...SOURCES.filter((file) => !isTest(file)).flatMap((file) => examplesOfDocstrings(file, readProjectFile(file))),
  ].map((example) => ({ ...example, name: `${example.file}:${example.line}`, path: pathOf(example) }));

  function pathOf({ file, line }: Example): string {
    return join(folder, `${file.replaceAll('/', '__').replaceAll('.', '-')}-${line}.ts`);
  }

  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { path, code } of examples) writeFileSync(path, `${code}\n`);

  beforeEach(() => {
    // An example may print; the run of the tests does not.
    for (const method of ['log', 'info', 'warn', 'error', 'table'] as const) {
      vi.spyOn(console, method).mockImplementation(() => undefined);
    }
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  test('there are some', () => {
    expect(examples.length).toBeGreaterThan(5);
  });

  test('all type-check', () => {
    const byPath = new Map(examples.map((example) => [basename(example.path), example]));
    const errors = typeCheck(
      [...byPath.values()].map(({ path }) => path),
      ROOT,
    ).map(({ file, line, message }) => {
      const example = byPath.get(basename(file));
      return `${example?.file ?? file}:${(example?.line ?? 1) + line}: ${message}`;
    });
    expect(errors).toEqual([]);
  });

  test.each(examples.filter(({ runs }) => runs))('$name runs', async ({ path }) => {
    await import(/* @vite-ignore */ path);
  });
});

describe('the extraction of examples', () => {
  const fence = '```';

  test('Markdown: blocks of ts, their lines, their marks', () => {
    const text = `# A\n\n${fence}ts\nconst a = 1;\n${fence}\n${fence}sh\nls\n${fence}\n  ${fence}ts no-run\n  b();\n  ${fence}\n`;
    expect(examplesOfMarkdown('a.md', text)).toEqual([
      { file: 'a.md', line: 4, code: 'const a = 1;', runs: true },
      { file: 'a.md', line: 10, code: 'b();', runs: false },
    ]);
    expect(() => examplesOfMarkdown('a.md', `${fence}ts norun\n${fence}\n`)).toThrow('unknown mark norun');
  });

  test('docstrings', () => {
    const text = `const x = 1;\n/**\n * Text.\n *\n * @example\n * ${fence}ts\n * if (a) {\n *   b();\n * }\n * ${fence}\n */\n`;
    expect(examplesOfDocstrings('a.ts', text)).toEqual([
      { file: 'a.ts', line: 7, code: 'if (a) {\n  b();\n}', runs: true },
    ]);
  });

  test('an example with a type error is caught', () => {
    const path = fromRoot('test/.examples/planted.ts');
    writeFileSync(path, "import { absent } from 'truechimer';\nconst x: string = 1;\n");
    expect(typeCheck([path], ROOT).map(({ line }) => line)).toEqual([0, 1]);
    rmSync(path);
  });
});

describe('error codes', () => {
  const known: readonly string[] = CLOCK_ERROR_CODES;
  const mentioned = (file: string): string[] => readProjectFile(file).match(/\bTC_[A-Z0-9_]*[A-Z0-9]\b/g) ?? [];

  test.skipIf(!existsSync(fromRoot('docs/errors.md')))('docs/errors.md explains every code, and no other', () => {
    expect([...new Set(mentioned('docs/errors.md'))].sort()).toEqual([...known].sort());
  });

  test('no document and no docstring speaks of a code that does not exist', () => {
    const unknown = [...DOCUMENTS, ...SOURCES].flatMap((file) =>
      mentioned(file)
        .filter((code) => !known.includes(code))
        .map((code) => `${file}: ${code}`),
    );
    expect(unknown).toEqual([]);
  });
});

describe.skipIf(!existsSync(fromRoot('docs/guarantees.md')))('guarantees', () => {
  const rows = existsSync(fromRoot('docs/guarantees.md')) ? guaranteeRows(readProjectFile('docs/guarantees.md')) : [];

  test('are numbered G1, G2, … without a gap', () => {
    expect(rows.map(({ id }) => id)).toEqual(rows.map((_, index) => `G${index + 1}`));
    expect(rows.length).toBeGreaterThan(0);
  });

  test.each(rows)('$id is pinned by the tests that it names', ({ id, tests }) => {
    expect(tests, `${id} names no test file`).not.toEqual([]);
    for (const file of tests) {
      expect(existsSync(fromRoot(file)), `${id} names ${file}, which does not exist`).toBe(true);
      const cites = new RegExp(`\\b${id}\\b`).test(readProjectFile(file));
      expect(cites, `${file} does not contain ${id}`).toBe(true);
    }
  });

  test('no comment cites a guarantee that does not exist', () => {
    const ids = new Set(rows.map(({ id }) => id));
    const cited = SOURCES.flatMap((file) =>
      [...readProjectFile(file).matchAll(/^\s*(?:\*|\/\/|\/\*\*).*$/gm)]
        .flatMap(([line]) => line.match(/\bG[1-9]\d*\b/g) ?? [])
        .filter((id) => !ids.has(id))
        .map((id) => `${file}: ${id}`),
    );
    expect(cited).toEqual([]);
  });
});

describe('links', () => {
  test.each(DOCUMENTS)('%s: relative links resolve', (document) => {
    const text = readProjectFile(document);
    const broken = relativeLinks(text).filter(({ path, anchor }) => {
      const target = path === '' ? document : join(dirname(document), path);
      if (!existsSync(fromRoot(target))) return true;
      return anchor !== undefined && target.endsWith('.md') && !anchorsOf(readProjectFile(target)).has(anchor);
    });
    expect(broken).toEqual([]);
  });

  test('what a link and an anchor are', () => {
    const text =
      '# It’s `a` [link](x.md)!\n[a](b.md#c) ![i](d.png "t") `[no](e)` [web](https://example.com)\n[r]: f.md\n';
    expect(relativeLinks(text).map(({ path }) => path)).toEqual(['x.md', 'b.md', 'd.png', 'f.md']);
    expect([...anchorsOf(text)]).toEqual(['its-a-link']);
  });
});

describe('entry points', () => {
  test('package.json, tsconfig.json and the build agree', () => {
    const manifest = JSON.parse(readProjectFile('package.json')) as { exports: Record<string, unknown> };
    const config = JSON.parse(readProjectFile('tsconfig.json')) as {
      compilerOptions: { paths: Record<string, string[]> };
    };
    const built = Object.keys(ENTRY_POINTS);
    const exported = Object.keys(manifest.exports).filter((key) => key !== './package.json');
    expect(exported.sort()).toEqual(built.map((name) => specifierOf(name).replace('truechimer', '.')).sort());
    expect(config.compilerOptions.paths).toEqual(
      Object.fromEntries(Object.entries(ENTRY_POINTS).map(([name, source]) => [specifierOf(name), [`./${source}`]])),
    );
  });
});
