/**
 * Checks sources against the table of the design: a pure function from files to violations.
 *
 * Test files (`x.test.ts`, `x.topic.test.ts`, `x.test-d.ts`) and what they start from (`x.fixture.ts`) may import what they
 * like, and nothing else may import them; their names and their length are checked like all others.
 */
import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import { findCycles } from './cycles.ts';
import { readSource, type SourceFacts } from './source-file.ts';
import {
  EMPTY_NAMES,
  FACE_IMPORTS,
  FILE_LINES_MAX,
  FOLDERS,
  type FolderRules,
  FUNCTION_LINES_MAX,
  LANGUAGE_GLOBALS,
  NEVER_SHADOWED,
} from './table.ts';

/** Every rule, by the name that a violation carries. */
export const RULES = [
  'unknown-folder',
  'folder-import',
  'not-through-index',
  'outside-import',
  'test-import',
  'unresolved-import',
  'computed-import',
  'package-import',
  'node-import',
  'cycle',
  'global',
  'shadowed-global',
  'hidden-read',
  'missing-index',
  'logic-in-face',
  'file-length',
  'function-length',
  'empty-name',
  'not-kebab-case',
] as const;

/** One of the rules. */
export type Rule = (typeof RULES)[number];

/** Something that the design forbids. */
export interface Violation {
  readonly rule: Rule;
  readonly file: string;
  readonly line: number;
  readonly what: string;
}

/** Files by their path under `src/`, with `/` between folders. */
export type Sources = ReadonlyMap<string, string>;

const FACE: FolderRules = { ...FOLDERS['core']!, imports: FACE_IMPORTS };
/** A noun, and for tests a topic: `bounded-clock.ts`, `bounded-clock.suspend.test.ts`. */
const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*((\.[a-z0-9-]+)?\.test|\.test-d|\.fixture)?(\.[a-z]+)?$/;

/** Checks all files. */
export function checkArchitecture(sources: Sources): Violation[] {
  const violations: Violation[] = [];
  const graph = new Map<string, Set<string>>();
  for (const [file, text] of sources) {
    violations.push(...checkNames(file));
    if (!file.endsWith('.ts')) continue;
    const facts = readSource(file, text);
    violations.push(...checkLength(file, facts));
    if (isTest(file)) continue;
    violations.push(...checkFile(file, facts, sources));
    graph.set(file, new Set(facts.references.flatMap(({ specifier }) => localTarget(file, specifier, sources) ?? [])));
  }
  for (const cycle of findCycles(graph)) {
    violations.push({ rule: 'cycle', file: cycle[0]!, line: 1, what: `import each other: ${cycle.join(', ')}` });
  }
  return [...violations, ...checkIndexes(sources)];
}

/** One line for a person. */
export function describeViolation({ rule, file, line, what }: Violation): string {
  return `src/${file}:${line} [${rule}] ${what}`;
}

function checkFile(file: string, facts: SourceFacts, sources: Sources): Violation[] {
  const folder = folderOf(file);
  const rules = folder === '' ? FACE : FOLDERS[folder];
  if (rules === undefined || (folder === '' && file !== 'index.ts')) {
    return [
      { rule: 'unknown-folder', file, line: 1, what: 'is in no folder of the table (test/architecture/table.ts)' },
    ];
  }
  const found: Violation[] = [];
  for (const { specifier, line } of facts.references) {
    const refused = checkReference(file, specifier, rules, sources);
    if (refused !== undefined) found.push({ ...refused, file, line });
  }
  for (const line of folder === '' ? facts.otherStatements : []) {
    found.push({ rule: 'logic-in-face', file, line, what: 'src/index.ts has re-exports only' });
  }
  return [...found, ...checkGlobals(file, facts, rules), ...checkFunctions(file, facts)];
}

type Refusal = Pick<Violation, 'rule' | 'what'>;

function checkReference(
  file: string,
  specifier: string | undefined,
  rules: FolderRules,
  sources: Sources,
): Refusal | undefined {
  if (specifier === undefined) {
    return rules.packages === 'any' ? undefined : { rule: 'computed-import', what: 'imports a computed name' };
  }
  if (!specifier.startsWith('.')) return checkPackage(specifier, rules);
  const target = posix.join(posix.dirname(file), specifier);
  if (target.startsWith('..')) {
    const allowed = rules.outside.includes(target.replace(/^\.\.\//, ''));
    return allowed ? undefined : { rule: 'outside-import', what: `imports ${specifier}, outside src/` };
  }
  if (isTest(target)) return { rule: 'test-import', what: `imports the test ${specifier}` };
  if (!sources.has(target)) return { rule: 'unresolved-import', what: `imports ${specifier}, which is no file` };
  const [from, to] = [folderOf(file), folderOf(target)];
  if (to === from) return undefined;
  if (!rules.imports.includes(to))
    return { rule: 'folder-import', what: `${from === '' ? 'the face' : from} may not import ${to}` };
  if (target === `${to}/index.ts`) return undefined;
  return { rule: 'not-through-index', what: `imports ${specifier} past ${to}/index.ts` };
}

function checkPackage(specifier: string, rules: FolderRules): Refusal | undefined {
  if (isBuiltin(specifier)) {
    if (!specifier.startsWith('node:')) return { rule: 'node-import', what: `write node:${specifier}` };
    return rules.nodeModules ? undefined : { rule: 'node-import', what: `may not import ${specifier}` };
  }
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  const allowed = rules.packages === 'any' || rules.packages.includes(name);
  return allowed ? undefined : { rule: 'package-import', what: `may not import the package ${name}` };
}

function checkGlobals(file: string, facts: SourceFacts, rules: FolderRules): Violation[] {
  const found: Violation[] = [];
  if (!rules.readsClocks) {
    for (const { name, line } of facts.hiddenReads) {
      found.push({ rule: 'hidden-read', file, line, what: `reads ${name}; now and randomness are arguments` });
    }
  }
  if (rules.globals === 'any') return found;
  for (const { name, line } of facts.globals) {
    if (LANGUAGE_GLOBALS.has(name) || rules.extraGlobals.includes(name)) continue;
    found.push({ rule: 'global', file, line, what: `uses the global ${name}` });
  }
  for (const { name, line } of facts.declarations) {
    if (NEVER_SHADOWED.has(name)) found.push({ rule: 'shadowed-global', file, line, what: `declares its own ${name}` });
  }
  return found;
}

function checkFunctions(file: string, facts: SourceFacts): Violation[] {
  return facts.functions
    .filter(({ lines }) => lines > FUNCTION_LINES_MAX)
    .map(({ line, lines }) => ({
      rule: 'function-length',
      file,
      line,
      what: `a function body of ${lines} lines; at most ${FUNCTION_LINES_MAX}`,
    }));
}

function checkLength(file: string, { lines }: SourceFacts): Violation[] {
  if (lines <= FILE_LINES_MAX) return [];
  return [{ rule: 'file-length', file, line: lines, what: `has ${lines} lines; at most ${FILE_LINES_MAX}` }];
}

function checkNames(file: string): Violation[] {
  const found: Violation[] = [];
  for (const part of file.split('/')) {
    if (!KEBAB_CASE.test(part))
      found.push({ rule: 'not-kebab-case', file, line: 1, what: `${part} is not kebab-case` });
    const stem = part.split('.')[0]!;
    if (EMPTY_NAMES.includes(stem)) {
      found.push({ rule: 'empty-name', file, line: 1, what: `${stem} says nothing about what is inside` });
    }
  }
  return found;
}

function checkIndexes(sources: Sources): Violation[] {
  const folders = new Set([...sources.keys()].map(folderOf));
  return [...folders]
    .filter((folder) => FOLDERS[folder]?.hasIndex === true && !sources.has(`${folder}/index.ts`))
    .map((folder) => ({ rule: 'missing-index', file: `${folder}/index.ts`, line: 1, what: 'does not exist' }));
}

function localTarget(file: string, specifier: string | undefined, sources: Sources): string | undefined {
  if (specifier?.startsWith('.') !== true) return undefined;
  const target = posix.join(posix.dirname(file), specifier);
  return sources.has(target) ? target : undefined;
}

function folderOf(file: string): string {
  return file.includes('/') ? file.split('/')[0]! : '';
}

function isTest(file: string): boolean {
  return /\.(test|test-d|fixture)\.ts$/.test(file);
}
