/** The project's own files, for tests that read documentation and sources as text. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's root folder. */
export const ROOT: string = fileURLToPath(new URL('../../', import.meta.url));

/** A path from the root, made absolute. */
export function fromRoot(path: string): string {
  return resolve(ROOT, path);
}

/** The text of a file. */
export function readProjectFile(path: string): string {
  return readFileSync(fromRoot(path), 'utf8');
}

/** Every file under `folder` with that ending, by its path from the root; none when the folder does not exist. */
export function listFiles(folder: string, ending: string): string[] {
  if (!existsSync(fromRoot(folder))) return [];
  return readdirSync(fromRoot(folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map(({ parentPath, name }) => relative(ROOT, resolve(parentPath, name)).split(sep).join('/'))
    .sort();
}

/** What a reader reads: the Markdown files of the root folder and of `docs/`. */
export function listDocuments(): string[] {
  const top = readdirSync(ROOT).filter((name) => name.endsWith('.md'));
  return [...top.sort(), ...listFiles('docs', '.md')];
}
