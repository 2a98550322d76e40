/** The dependency table of the design holds, and every rule catches a violation planted on purpose. */
import { readdirSync, readFileSync } from 'node:fs';
import { relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { checkArchitecture, describeViolation, type Rule, RULES, type Sources } from './architecture/checker.ts';
import { FOLDERS } from './architecture/table.ts';

const SRC = fileURLToPath(new URL('../src/', import.meta.url));

function readSources(): Sources {
  const entries = readdirSync(SRC, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map(({ parentPath, name }) => `${parentPath}/${name}`);
  return new Map(paths.map((path) => [relative(SRC, path).split(sep).join('/'), readFileSync(path, 'utf8')]));
}

/** A small house that is in order; planted files are added to it. */
const CLEAN: Readonly<Record<string, string>> = {
  'index.ts': "export * from './core/index.ts';\nexport type { A } from './node/index.ts';",
  'core/index.ts': "export * from './a.ts';",
  'core/a.ts': 'export class A<T> { readonly b: T[] = []; date = (date: number): number => Math.max(date, 0); }',
  'sync/index.ts': "import type { A } from '../core/index.ts';\nexport type B = Readonly<Record<string, A<number>>>;",
  'node/index.ts':
    "import { performance } from 'node:perf_hooks';\nexport const now = () => performance.now() + Date.now();",
  'core/a.test.ts': "import { test } from 'vitest';\nimport '../node/index.ts';\ntest('x', () => Date.now());",
};

const house = (planted: Readonly<Record<string, string>>): Sources => new Map(Object.entries({ ...CLEAN, ...planted }));
const rulesBroken = (planted: Readonly<Record<string, string>>): Rule[] => [
  ...new Set(checkArchitecture(house(planted)).map(({ rule }) => rule)),
];

interface Planted {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
}

const core = (code: string): Planted => ({ name: code, files: { 'core/planted.ts': code } });
const at = (file: string, code: string): Planted => ({
  name: `${file}: ${code.slice(0, 60)}`,
  files: { [file]: code },
});
const linesOf = (count: number): string => Array.from({ length: count }, (_, i) => `// line ${i}`).join('\n');

/** At least one planted violation for each rule, and each is the only rule broken. */
const PLANTED: Readonly<Record<Rule, readonly Planted[]>> = {
  'unknown-folder': [at('extra/index.ts', 'export {};'), at('stray.ts', 'export {};')],
  'folder-import': [
    core("import { now } from '../node/index.ts';"),
    core("import type { B } from '../sync/index.ts';"),
    core("export * from '../node/index.ts';"),
    core("export type { B } from '../sync/index.ts';"),
    core("export const load = () => import('../node/index.ts');"),
    core("export type T = import('../sync/index.ts').B;"),
    core("import { now } from '../node/past.ts';"),
    at('sync/planted.ts', "import { now } from '../node/index.ts';"),
  ].map((planted) => ({ ...planted, files: { ...planted.files, 'node/past.ts': 'export const now = 1;' } })),
  'not-through-index': [
    at('sync/planted.ts', "import { A } from '../core/a.ts';"),
    at('node/planted.ts', "import type { A } from '../core/a.ts';"),
    at('index.ts', "export * from './core/a.ts';"),
  ],
  'outside-import': [
    core("import x from '../../package.json';"),
    at('cli/main.ts', "import x from '../../test/seed.ts';"),
  ],
  'test-import': [
    at('core/planted.ts', "import './a.test.ts';"),
    { name: 'fixture', files: { 'core/planted.ts': "import './b.fixture.ts';", 'core/b.fixture.ts': '' } },
  ],
  'unresolved-import': [core("import './absent.ts';"), core("import { A } from './a';"), core("import './a.js';")],
  'computed-import': [
    core('export const load = (name: string) => import(name);'),
    at('node/planted.ts', 'export const load = (name: string) => import(`./${name}.ts`);'),
  ],
  'package-import': [
    core("import { DateTime } from 'luxon';"),
    core("import { A } from 'truechimer';"),
    at('interop/index.ts', "import type { NtpTimeSync } from 'ntp-time-sync';"),
    at('stores/redis.ts', "import type { Redis } from 'ioredis';"),
  ],
  'node-import': [
    core("import { monitorEventLoopDelay } from 'node:perf_hooks';"),
    core("import type { Socket } from 'node:dgram';"),
    at('sync/planted.ts', "export { lookup } from 'node:dns';"),
    at('node/planted.ts', "import { readFile } from 'fs';"),
    at('cli/main.ts', "import { readFile } from 'fs/promises';"),
  ],
  cycle: [
    { name: 'values', files: { 'core/b.ts': "import './c.ts';", 'core/c.ts': "import './b.ts';" } },
    {
      name: 'types',
      files: {
        'core/b.ts': "import type { C } from './c.ts';\nexport type B = C[];",
        'core/c.ts': "export type C = import('./d.ts').D;",
        'core/d.ts': "export type { B as D } from './b.ts';",
      },
    },
    { name: 'itself', files: { 'core/b.ts': "import './b.ts';" } },
    { name: 'through its own index', files: { 'core/a.ts': "import './index.ts';" } },
  ],
  global: [
    core('export const f = (d: Date): number => d.getTime();'),
    core('export const f = () => performance.now();'),
    core('export const f = () => { process.exit(1); };'),
    core('export const f = (g: () => void) => setTimeout(g, 1);'),
    core('export const f = (g: () => void) => setInterval(g, 1);'),
    core('export const f = (g: () => void) => setImmediate(g);'),
    core('export const f = (g: () => void) => queueMicrotask(g);'),
    core("export const f = () => console.log('x');"),
    core('export const f = () => crypto.randomUUID();'),
    core('export const f = (n: number) => Buffer.alloc(n);'),
    core("export const f = () => fetch('x');"),
    core('export const f = () => globalThis;'),
    core('export const f = (x: unknown) => structuredClone(x);'),
    core('export const f = (t: NodeJS.Timeout) => t;'),
    core('export const f = () => Atomics.wait(new Int32Array(1), 0, 0, 1);'),
    core("export const f = () => new Intl.DateTimeFormat('en').format();"),
    core('export const f = { performance };'),
    core('export { performance };'),
    core('export class A extends EventTarget {}'),
    core('const { now } = performance;\nexport { now };'),
    at('pause/index.ts', 'export const f = () => process.hrtime();'),
    at('lease/index.ts', 'export const f = () => performance.now();'),
    at('misuse/index.ts', 'export const f = (x: typeof performance) => x;'),
    at('sim/index.ts', 'export const f = () => crypto;'),
    at('stores/redis.ts', 'export const f = (g: () => void) => setTimeout(g, 1);'),
    at('interop/index.ts', 'export const f = () => performance.timeOrigin;'),
  ],
  'shadowed-global': [
    core('export const f = (process: string) => process;'),
    core('export function performance(): void {}'),
    core("import { A as Date } from './a.ts';\nexport type D = Date<number>;"),
  ],
  'hidden-read': [
    core('export const f = () => Math.random();'),
    core("export const f = () => Math['random']();"),
    core("export const f = (key: 'random') => Math[key]();"),
    core('const { random: draw } = Math;\nexport const f = () => draw();'),
    core('const { ...all } = Math;\nexport { all };'),
    at('interop/index.ts', 'export const f = () => Date.now();'),
    at('interop/index.ts', 'export const f = () => new Date();'),
    at('interop/index.ts', 'export const f = () => Temporal.Now.instant();'),
  ],
  'missing-index': [
    { name: 'pause', files: { 'pause/gap.ts': 'export {};' } },
    { name: 'only a test', files: { 'lease/x.test.ts': '' } },
  ],
  'logic-in-face': [
    at('index.ts', 'export const x = 1;'),
    at('index.ts', "import { A } from './core/index.ts';\nexport { A };"),
    at('index.ts', "import './core/index.ts';"),
  ],
  'file-length': [at('core/long.ts', linesOf(401)), at('core/long.test.ts', linesOf(401))],
  'function-length': [
    core(`export function f(): void {\n${linesOf(69)}\n}`),
    core(`export const f = (): void => {\n${linesOf(69)}\n};`),
    core(`export class C { m(): void {\n${linesOf(69)}\n} }`),
  ],
  'empty-name': [
    at('core/utils.ts', ''),
    at('core/helpers.ts', ''),
    at('core/common.test.ts', ''),
    at('core/types.ts', ''),
    at('core/common/a.ts', ''),
  ],
  'not-kebab-case': [at('core/myFile.ts', ''), at('core/my_file.test.ts', ''), at('core/My/file.ts', '')],
};

describe('the house is in order', () => {
  const sources = readSources();

  test('there is something to check', () => {
    expect(sources.size).toBeGreaterThan(10);
    expect(Object.keys(FOLDERS)).toHaveLength(15);
  });

  test('src/ keeps the table of the design', () => {
    expect(checkArchitecture(sources).map(describeViolation)).toEqual([]);
  });
});

describe('a planted violation is caught', () => {
  test('the clean house has none', () => {
    expect(checkArchitecture(house({})).map(describeViolation)).toEqual([]);
  });

  describe.each(RULES)('%s', (rule) => {
    test.each([...PLANTED[rule]])('$name', ({ files }) => {
      expect(rulesBroken(files)).toEqual([rule]);
    });
  });
});

describe('what is allowed stays allowed', () => {
  test.each([
    core('export const f = (s: AbortSignal) => { if (s.aborted) throw new DOMException("x", "AbortError"); };'),
    core('export const now = (x: { date: number; process?: string }) => x.date;'),
    core('export interface Clock { now(date: number): number; readonly performance: boolean }'),
    core('export type F = (process: string, ...rest: readonly unknown[]) => asserts process is string;'),
    core("export const list = ['a', 'b'] as const;\nexport type L = (typeof list)[number];"),
    core('export const f = (x: number): number => { outer: for (;;) { if (x > 1) break outer; } return x; };'),
    core('export class C { get [Symbol.toStringTag](): string { return "C"; } static { new C(); } }'),
    core('export const f = <T extends { [Key in keyof T]: infer U extends string }>(x: T) => ({ x, y: { x } });'),
    at('interop/index.ts', 'export const f = (ms: number): Date => new Date(ms);'),
    at('cli/main.ts', "import manifest from '../../package.json' with { type: 'json' };\nconsole.log(manifest);"),
    at('core/long.ts', linesOf(400)),
    at('core/a.some-topic.test.ts', "import '../node/planted.ts';"),
    at('core/a.fixture.ts', 'export const start = Date.now();'),
    core(`export function f(): void {\n${linesOf(68)}\n}`),
  ])('$name', ({ files }) => {
    expect(checkArchitecture(house(files)).map(describeViolation)).toEqual([]);
  });
});
